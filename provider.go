package akkoord

// providerGroups are domains whose mailboxes one provider keeps, by its name. Any
// other domain is its own provider.
var providerGroups = map[string]string{
	"gmail.com": "google", "googlemail.com": "google",
	"outlook.com": "microsoft", "hotmail.com": "microsoft", "hotmail.nl": "microsoft", "hotmail.fr": "microsoft", "hotmail.de": "microsoft", "hotmail.co.uk": "microsoft",
	"live.com": "microsoft", "live.nl": "microsoft", "live.fr": "microsoft", "msn.com": "microsoft", "outlook.fr": "microsoft", "outlook.de": "microsoft",
	"yahoo.com": "yahoo", "yahoo.fr": "yahoo", "yahoo.de": "yahoo", "yahoo.co.uk": "yahoo", "ymail.com": "yahoo", "aol.com": "yahoo",
	"icloud.com": "apple", "me.com": "apple", "mac.com": "apple",
	"gmx.de": "united-internet", "gmx.net": "united-internet", "gmx.at": "united-internet", "gmx.ch": "united-internet", "web.de": "united-internet",
	"orange.fr": "orange", "wanadoo.fr": "orange",
	"kpnmail.nl": "kpn", "planet.nl": "kpn", "hetnet.nl": "kpn", "xs4all.nl": "kpn", "telfort.nl": "kpn",
	"ziggo.nl": "ziggo", "upcmail.nl": "ziggo", "home.nl": "ziggo", "casema.nl": "ziggo", "chello.nl": "ziggo", "quicknet.nl": "ziggo",
	"proton.me": "proton", "protonmail.com": "proton", "pm.me": "proton",
}

// ProviderOf names the provider of a domain, an A-label in small letters.
func ProviderOf(domain string) string {
	if name, ok := providerGroups[domain]; ok {
		return name
	}
	return domain
}
