package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"akkoord"
	"akkoord/server/admin"
	"akkoord/store"
)

// The demo's organisation: a Dutch travel agency that does not exist.
const (
	demoController = "Zonvaart Reizen"
	demoAddress    = "Oudegracht 118, 3511 AW Utrecht"
	demoContact    = "privacy@zonvaart.example"
	demoFrom       = `"Zonvaart Reizen" <reisnieuws@zonvaart.example>`
	demoColour     = "#b8400e"
	demoPeople     = 200
	demoUser       = "beheer@zonvaart.example"
)

var demoPurposes = []akkoord.Purpose{
	{
		Slug: "travel-news", Basis: akkoord.BasisConsent, InactiveAfter: 365,
		Texts: map[string]akkoord.PurposeText{
			"nl": {
				Name:        "Reisnieuws",
				Explanation: "Met uw e-mailadres, taal en interesses kiezen wij welke reizen wij u laten zien. Niemand anders gebruikt ze voor reclame.",
				Wording:     "Ja, Zonvaart Reizen mag mij reisideeën en vakantieaanbiedingen mailen.",
				Frequency:   "2 keer per maand",
			},
			"en": {
				Name:        "Travel news",
				Explanation: "With your e-mail address, language and interests we choose which trips to show you. Nobody else uses them for advertising.",
				Wording:     "Yes, Zonvaart Reizen may e-mail me travel ideas and holiday offers.",
				Frequency:   "twice a month",
			},
			"de": {
				Name:        "Reisenews",
				Explanation: "Mit Ihrer E-Mail-Adresse, Sprache und Ihren Interessen wählen wir aus, welche Reisen wir Ihnen zeigen. Niemand sonst nutzt sie für Werbung.",
				Wording:     "Ja, Zonvaart Reizen darf mir Reiseideen und Urlaubsangebote per E-Mail schicken.",
				Frequency:   "zweimal im Monat",
			},
			"fr": {
				Name:        "Actualités voyages",
				Explanation: "Avec votre adresse e-mail, votre langue et vos centres d’intérêt, nous choisissons les voyages à vous présenter. Personne d’autre ne s’en sert à des fins publicitaires.",
				Wording:     "Oui, Zonvaart Reizen peut m’envoyer par e-mail des idées de voyage et des offres de vacances.",
				Frequency:   "2 fois par mois",
			},
		},
	},
	{
		Slug: "ski-offers", Basis: akkoord.BasisConsent, InactiveAfter: 365,
		Texts: map[string]akkoord.PurposeText{
			"nl": {
				Name:        "Aanbiedingen ski-uitrusting",
				Explanation: "Aanbiedingen van onze eigen skiwinkel. Wij gebruiken hiervoor niet wat u in het Reisnieuws aanklikt.",
				Wording:     "Ja, Zonvaart Reizen mag mij aanbiedingen voor ski’s, schoenen en kleding mailen.",
				Frequency:   "november tot maart, 1 keer per week",
			},
			"en": {
				Name:        "Ski equipment offers",
				Explanation: "Offers from our own ski shop. What you click in the travel news plays no part in it.",
				Wording:     "Yes, Zonvaart Reizen may e-mail me offers for skis, boots and clothing.",
				Frequency:   "November to March, once a week",
			},
			"de": {
				Name:        "Angebote Skiausrüstung",
				Explanation: "Angebote aus unserem eigenen Skigeschäft. Was Sie in den Reisenews anklicken, spielt dafür keine Rolle.",
				Wording:     "Ja, Zonvaart Reizen darf mir Angebote für Ski, Schuhe und Kleidung per E-Mail schicken.",
				Frequency:   "November bis März, einmal pro Woche",
			},
			"fr": {
				Name:        "Offres équipement de ski",
				Explanation: "Des offres de notre propre magasin de ski. Ce sur quoi vous cliquez dans les Actualités voyages n’y joue aucun rôle.",
				Wording:     "Oui, Zonvaart Reizen peut m’envoyer par e-mail des offres de skis, de chaussures et de vêtements.",
				Frequency:   "de novembre à mars, 1 fois par semaine",
			},
		},
	},
}

var demoForm = akkoord.Form{
	Slug: "home",
	Version: akkoord.FormVersion{
		Purposes:  []string{"travel-news", "ski-offers"},
		Interests: []string{"motorvakantie", "wintersport", "stedentrip"},
		Tracking:  true,
		Challenge: "none",
		Texts: map[string]akkoord.FormText{
			"nl": {
				Title:     "Reisnieuws in uw mailbox",
				Intro:     "U kiest wat u krijgt, en u stopt wanneer u wilt. Met één klik, onder elke mail.",
				Interests: map[string]string{"motorvakantie": "Motorvakantie", "wintersport": "Wintersport", "stedentrip": "Stedentrip"},
				Tracking:  "Zonvaart Reizen mag bijhouden op welke links in deze mails ik klik, om te zien wat er gelezen wordt en mij te sturen wat mij interesseert. Ik kan dat altijd stoppen.",
			},
			"en": {
				Title:     "Travel news in your inbox",
				Intro:     "You choose what you get, and you stop whenever you like. One click, under every mail.",
				Interests: map[string]string{"motorvakantie": "Motorcycle trips", "wintersport": "Winter sports", "stedentrip": "City trips"},
				Tracking:  "Zonvaart Reizen may count which links in these mails I click, to learn what is read and to send me what interests me. I can end this at any time.",
			},
			"de": {
				Title:     "Reisenews in Ihrem Postfach",
				Intro:     "Sie wählen, was Sie bekommen, und hören auf, wann Sie möchten. Ein Klick, unter jeder E-Mail.",
				Interests: map[string]string{"motorvakantie": "Motorradreisen", "wintersport": "Wintersport", "stedentrip": "Städtereisen"},
				Tracking:  "Zonvaart Reizen darf erfassen, welche Links in diesen E-Mails ich anklicke, um zu sehen, was gelesen wird, und mir zu senden, was mich interessiert. Ich kann das jederzeit beenden.",
			},
			"fr": {
				Title:     "Les actualités voyages dans votre boîte de réception",
				Intro:     "Vous choisissez ce que vous recevez et vous arrêtez quand vous voulez. Un clic, au bas de chaque e-mail.",
				Interests: map[string]string{"motorvakantie": "Voyages à moto", "wintersport": "Sports d’hiver", "stedentrip": "Escapades en ville"},
				Tracking:  "Zonvaart Reizen peut compter les liens sur lesquels je clique dans ces e-mails, pour savoir ce qui est lu et m’envoyer ce qui m’intéresse. Je peux y mettre fin à tout moment.",
			},
		},
	},
}

// demoMailings are the campaign's mailings: the first is sent when the demo
// starts, the second waits as a draft.
var demoMailings = []akkoord.Content{
	{
		Subject: "Vroeg boeken: de Tiroler kaart",
		Markdown: `# Vroeg boeken: de Tiroler kaart

Beste {{name | default: "reiziger"}},

De eerste sneeuw ligt er. Wie nu boekt, kiest nog zelf het dorp, het huis en de week.

**Onze drie tips voor een eerste wintersport:**

1. [Alpbach](https://www.zonvaart.example/alpbach): klein, groen en rustig
2. [Serfaus](https://www.zonvaart.example/serfaus): autovrij, met een metro onder de dorpsstraat
3. [Obergurgl](https://www.zonvaart.example/obergurgl): sneeuwzeker tot in april

> "Wij stapten om acht uur uit de trein en stonden om negen uur op de ski's."

[Bekijk alle winterreizen](https://www.zonvaart.example/winter)

Tot in de sneeuw,
het team van Zonvaart Reizen`,
	},
	{
		Subject: `{{name | default: "Reiziger"}}, drie dorpen waar de sneeuw al ligt`,
		Markdown: `# Drie dorpen waar de sneeuw al ligt

Beste {{name | default: "reiziger"}},

In **Obergurgl**, **Zermatt** en **Val Thorens** draaien de liften al. Wij zochten uit waar in december nog plaats is:

| Dorp | Sneeuw boven | Nog vrij vanaf |
| --- | --- | --- |
| Obergurgl | 85 cm | 5 december |
| Zermatt | 110 cm | 12 december |
| Val Thorens | 95 cm | 12 december |

[Bekijk de vrije weken](https://www.zonvaart.example/december)

Met vriendelijke groet,
het team van Zonvaart Reizen`,
	},
}

var demoNames = []string{
	"Anouk", "Bram", "Chantal", "Daan", "Esmée", "Femke", "Gijs", "Hanneke", "Ilse", "Joost",
	"Kees", "Lotte", "Maarten", "Noor", "Olaf", "Pien", "Quirine", "Ruud", "Sanne", "Zoë",
}

// demoSeed is what the demo and its check need to know of the seeded data.
type demoSeed struct {
	campaign akkoord.Campaign
	mailings []akkoord.Mailing
	key      string // API key of an owner
	login    string // one-time login link of demoUser
	password string // of demoUser
}

// seedDemo fills an empty store with the travel agency.
func seedDemo(ctx context.Context, st *store.Store, base string) (demoSeed, error) {
	var out demoSeed
	purposes := make([]akkoord.Purpose, len(demoPurposes))
	for i, p := range demoPurposes {
		var err error
		if purposes[i], err = st.PutPurpose(ctx, commandActor, p); err != nil {
			return out, err
		}
	}
	form, err := st.PutForm(ctx, commandActor, demoForm)
	if err != nil {
		return out, err
	}
	if err := st.SeedPeople(ctx, demoPersons(purposes, form, time.Now())); err != nil {
		return out, err
	}
	if out.campaign, err = st.PutCampaign(ctx, commandActor, akkoord.Campaign{Slug: "winter-2027", Name: "Winter 2027", PurposeID: purposes[0].ID}); err != nil {
		return out, err
	}
	for _, content := range demoMailings {
		m, err := st.PutMailing(ctx, commandActor, akkoord.Mailing{CampaignID: out.campaign.ID, State: akkoord.MailingDraft, Content: content})
		if err != nil {
			return out, err
		}
		out.mailings = append(out.mailings, m)
	}
	user, err := st.AddUser(ctx, commandActor, akkoord.User{Email: demoUser, Role: akkoord.RoleOwner, Reason: "Runs the demo."})
	if err != nil {
		return out, err
	}
	out.password = rand.Text()
	hash, err := admin.HashPassword(out.password)
	if err != nil {
		return out, err
	}
	if err := st.SetPassword(ctx, commandActor, user, hash); err != nil {
		return out, err
	}
	if out.login, err = loginLink(ctx, st, base, user); err != nil {
		return out, err
	}
	out.key, err = addKey(ctx, st, akkoord.APIKey{Name: "demo", Role: akkoord.RoleOwner, Reason: "Lets the demo play the administrator."})
	return out, err
}

// demoPersons gives the people of the demo: most want the travel news, a third
// the ski offers as well, and their interests differ.
func demoPersons(purposes []akkoord.Purpose, form akkoord.Form, now time.Time) []store.Seed {
	people := make([]store.Seed, demoPeople)
	for i := range people {
		name := demoNames[i%len(demoNames)]
		email, err := akkoord.ParseEmail(fmt.Sprintf("reiziger%03d@voorbeeld.example", i+1))
		if err != nil {
			panic(err) // a constant pattern
		}
		asked := now.AddDate(0, 0, -300+i).Add(time.Duration(i*37%1440) * time.Minute)
		p := store.Seed{
			Email: email, Name: name, Locale: "nl", Purposes: purposes[:1], Origin: akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson, FormID: form.Version.ID},
			Interests:   []string{demoForm.Version.Interests[i%3]},
			RequestedAt: asked, ConfirmedAt: asked.Add(time.Duration(2+i%90) * time.Minute),
		}
		if i%3 == 0 {
			p.Purposes = purposes
		}
		if i%7 == 0 {
			p.Name = ""
		}
		people[i] = p
	}
	return people
}
