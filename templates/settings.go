package templates

// SettingsPage is GET /admin/settings: what can be set in the site, and what the
// server was started with.
type SettingsPage struct {
	Admin
	Parts []SettingsPart
	Set   []SettingRow
}

func (SettingsPage) file() string { return "admin/settings.html" }

// SettingsPart is a page on which something is set: "brand", "who", "mail", "relays", "deliver", "forms",
// "users", "keys", "webhooks", "processors", "retention" or "backups".
type SettingsPart struct{ Key, Path string }

// SettingRow is a setting of the server.
type SettingRow struct {
	Name, Help string // the help is English
	Value      string // empty: there is none, or it is a secret
	Secret     bool   // it is set, and not shown
}

// Given reports whether the setting is set.
func (r SettingRow) Given() bool { return r.Secret || r.Value != "" }

// Unset is how many settings are not set.
func (p SettingsPage) Unset() (n int) {
	for _, r := range p.Set {
		if !r.Given() {
			n++
		}
	}
	return n
}

// BrandPage is GET /admin/settings/brand, and what a post to it shows: nothing is
// kept until act=save. The form posts accent, logo, logo-file, alt, version and act,
// which is try, nearest, remove or save.
type BrandPage struct {
	Admin
	Action       string
	Accent       string
	SetBySetting string // the colour that the server was started with; empty: none
	Nearest      string // the colour to take in place of one that can't be read; empty: it can
	Logo         string // id of the picture; empty: there is none
	LogoPath     string
	LogoWidth    int // as it is shown
	LogoHeight   int
	Alt          string
	Version      int // that was read
	Tried        bool
	Previews     []Option // "form" and "mail", with their paths

	Theirs                 bool // somebody else changed the brand meanwhile, to what follows
	TheirAccent, TheirLogo string
	TheirAlt               string

	Errors FieldErrors
}

func (BrandPage) file() string { return "admin/brand.html" }
