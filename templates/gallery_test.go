package templates

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/goldentest"
)

var now = time.Date(2026, time.November, 24, 13, 32, 8, 0, time.UTC)

const (
	newsWording = "Ja, Zonvaart Reizen mag mij twee keer per maand reisideeën en vakantieaanbiedingen mailen. Ik kan altijd stoppen."
	skiWording  = "Ja, Zonvaart Reizen mag mij aanbiedingen voor ski’s, schoenen en kleding mailen."
)

func zonvaart(path string) Site {
	return Site{
		Brand: Brand{Name: "Zonvaart Reizen", Logo: "/static/img/zonvaart.svg", Accent: "#b8400e"}, Path: path,
		Contact: "privacy@zonvaart.example", PostalAddress: "Oudegracht 118, 3511 AW Utrecht",
	}
}

const countWording = "Zonvaart Reizen mag bijhouden op welke links in deze mails ik klik, om mij te sturen wat mij interesseert. Ik kan dat altijd stoppen."

func referencePage() ReferencePage {
	form := ReferenceType{Schema: "Form", ID: "schema-Form"}
	return ReferencePage{
		Site: Site{Path: "/api/v1/docs"}, Document: "/api/v1/openapi.json", Base: "https://mail.zonvaart.example/api/v1",
		Resources: []ReferenceResource{{Name: "forms", ID: "resource-forms", Operations: []ReferenceOperation{{
			ID: "post-forms", Method: "POST", Path: "/forms", Summary: "Make a sign-up form", Right: "catalogue.change", Roles: []string{"owner", "manager"},
			Parameters: []ReferenceField{{Name: "Idempotency-Key", In: "header", About: "The same key gets the first answer.", Type: ReferenceType{Name: "string"}}},
			Bodies:     []ReferenceBody{{Type: "application/json", Schema: form, Example: "{\n  \"slug\": \"home\"\n}"}},
			Answers:    []ReferenceAnswer{{Code: "201", Bodies: []ReferenceBody{{Type: "application/json", Schema: form}}}},
			Curl:       `curl -X POST -H "Authorization: Bearer $AKKOORD_KEY" "https://mail.zonvaart.example/api/v1/forms"`,
		}}}},
		Schemas: []ReferenceSchema{
			{Name: "Form", ID: "schema-Form", Fields: []ReferenceField{
				{Name: "slug", Required: true, Type: ReferenceType{Name: "string"}},
				{Name: "challenge", Default: `"none"`, Values: []string{"none", "pow"}, Type: ReferenceType{Name: "string"}},
				{Name: "texts", About: "By language.", Type: ReferenceType{Schema: "Problem", ID: "schema-Problem", Map: true}},
			}},
			{Name: "Problem", ID: "schema-Problem"},
		},
	}
}

// counting is the form with a box of its own about clicks, refused once.
func counting() SignUpPage {
	p := signUp()
	p.Tracking, p.Tracked, p.Email = countWording, true, "anouk"
	p.Errors = FieldErrors{{Field: "email", Code: "email_invalid"}}
	return p
}

func working() SignUpPage {
	p := signUp()
	p.Challenge = p.Action + "/challenge"
	return p
}

func signUp() SignUpPage {
	return SignUpPage{
		Site: zonvaart("/f/home"), Action: "/f/home", Title: "Reisnieuws in uw mailbox", AskName: true, EraseDays: 14,
		Purposes: []PurposeChoice{
			{Slug: "travel-news", Name: "Reisnieuws", Frequency: "2 keer per maand", Wording: newsWording,
				Explanation: "met uw e-mailadres, taal en interesses kiezen wij welke reizen wij u laten zien. Niemand anders gebruikt ze voor reclame."},
			{Slug: "ski-offers", Name: "Aanbiedingen ski-uitrusting", Frequency: "november tot maart, 1 keer per week", Wording: skiWording,
				Explanation: "aanbiedingen van onze eigen skiwinkel. Wij gebruiken hiervoor niet wat u in het Reisnieuws aanklikt."},
		},
		Interests: []Interest{{"motorvakantie", "Motorvakantie", false}, {"wintersport", "Wintersport", false}, {"stedentrip", "Stedentrip", false}},
	}
}

func publicArchive() PublicArchivePage {
	return PublicArchivePage{
		Site: zonvaart("/archive/travel-news"), Purpose: "Reisnieuws", SignUp: "/f/home", Feed: "/archive/travel-news/feed.xml?locale=nl", Older: "/archive/travel-news?before=m1&locale=nl",
		Issues: []BackIssue{
			{Subject: "Drie dorpen waar de sneeuw al ligt", Preheader: "Vroeg de berg op, zonder file en zonder rij.", Language: "nl", URL: "/archive/travel-news/m2?locale=nl", At: now},
			{Subject: "Snow <b>", Language: "en", URL: "/archive/travel-news/m1?locale=nl", At: now.AddDate(0, -1, 0)},
		},
	}
}

func progress() Progress {
	return Progress{Total: 12480, Open: 4000, Sent: 8205, Deferred: 31, Bounced: 12, Failed: 40, Uncertain: 2, Skipped: 190, Rate: 62}
}

func growthPage() GrowthPage {
	news := PurposeGrowth{Slug: "travel-news", Name: "Reisnieuws", URL: "/admin/purposes/travel-news", Active: 12480, Joined: 311, Gone: 42}
	people := news.Active
	for i := range 7 {
		d := GrowthDay{Day: now.AddDate(0, 0, -i), Joined: 30 + 11*(i%3), Gone: 4 * (i % 4), Active: people}
		news.Days = append([]GrowthDay{d}, news.Days...)
		people -= d.Joined - d.Gone
	}
	return GrowthPage{
		Admin: desk("purposes"), Periods: []int{7, 30, 90, 365}, Unconfirmed: "/admin/unconfirmed",
		Growth: Growth{
			Days:     7,
			Purposes: []PurposeGrowth{news, {Slug: "ski-offers", Name: "Aanbiedingen ski-uitrusting", URL: "/admin/purposes/ski-offers", Active: 90}},
			Forms: []FormGrowth{
				{Slug: "home", Title: "Reisnieuws in uw mailbox", URL: "/admin/forms/home", Languages: []LanguageGrowth{
					{Locale: "nl", Shown: 1204, Asked: 330, Accepted: 329, Opened: 301, Confirmed: 288}, {Locale: "fr", Shown: 12},
				}},
				{Slug: "winkel", Title: "In de winkel", URL: "/admin/forms/winkel"},
			},
		},
	}
}

func figuresPage() FormFiguresPage {
	p := FormFiguresPage{
		Admin: desk("purposes"), Form: "/admin/forms/home", Public: "/f/home", Days: 7, Periods: []int{7, 30, 90, 365}, Unconfirmed: "/admin/unconfirmed",
		FormGrowth: FormGrowth{Slug: "home", Title: "Reisnieuws in uw mailbox", URL: "/admin/forms/home/figures", Languages: []LanguageGrowth{
			{Locale: "nl", Shown: 1204, Asked: 330, Accepted: 329, Opened: 301, Confirmed: 288, AskedURL: "/admin/people?act=asked", ConfirmedURL: "/admin/people?act=answered"}, {Locale: "fr", Shown: 12},
		}},
	}
	for i := range 7 {
		d := FormDay{Day: now.AddDate(0, 0, i-6)}
		if n := i % 4; n > 0 {
			d.LanguageGrowth = LanguageGrowth{Shown: 100 * n, Asked: 30 * n, Accepted: 30 * n, Opened: 28 * n, Confirmed: 25 * n, AskedURL: "/admin/people?act=asked"}
		}
		p.PerDay = append(p.PerDay, d)
	}
	return p
}

func desk(section string) Admin {
	return Admin{User: "femke@zonvaart.example", Section: section, Token: "t0ken", Path: "/admin", SeesPeople: true, SeesPrivacy: true}
}

func mailing() MailingPage {
	return MailingPage{
		Admin: desk("campaigns"), Campaign: "Winter 2027", Purpose: "Reisnieuws", Segment: "Wintersport", Action: "/admin/mailings/m2",
		MailingRow: MailingRow{ID: "m2", Subject: "Drie dorpen waar de sneeuw al ligt", State: "sending", At: now, Progress: progress()},
		Preview:    "/admin/mailings/m2/preview", Look: "/admin/mailings/m2/look", Results: "/admin/mailings/m2/results", SendAgain: "/admin/mailings/m2/send-again", Uncertain: "?state=uncertain#deliveries", CanPause: true, CanCancel: true, Follow: Follow{Going: true}, Next: "?cursor=abc",
		Trial: &TrialFacts{
			Measure: "clicks", Share: 20, Wait: 4 * time.Hour, Each: 1000, Counting: 400, Detectable: 3.4, Started: true, Code: "won", Winner: "kort", At: now,
			Arms: []TrialArm{{Name: "lang", Sent: 1000, Waited: 990, Counted: 400, Few: true, High: 4.1}, {Name: "kort", Sent: 1000, Waited: 1000, Counted: 410, Left: 3, Rate: 12, Low: 7.5, High: 18}},
		},
		Plan: PlanFacts{
			SendAt: now, Zone: "Europe/Amsterdam", ZoneAttribute: "time-zone", From: "09:00", Until: "20:00", Days: []string{"mon", "tue"}, PerHour: 2000, PerDay: 10000, Missed: "ask", End: now,
			Why: []Brake{{Key: "outside_hours", Until: now}, {Key: "cap_hour_all", Number: 2000}},
		},
		Warnings: []ReportWarning{{"complaints", 3, 1900, 30, 10000}},
		Public:   &ArchivePlace{Key: "segment", Can: true},
		Leavings: []LeavingGroup{
			{By: "scope", Rows: []LeavingRow{{"purpose", 31}, {"campaign", 9}, {"all", 4}}},
			{By: "place", Rows: []LeavingRow{{"one-click", 28}, {"unsubscribe", 11}, {"preferences", 4}, {"mail", 1}}},
			{By: "reason", Rows: []LeavingRow{{"too_often", 6}, {"other", 1}}},
		},
		Deliveries: []DeliveryRow{
			{Person: "/admin/people/1", Address: "a•••••@voorbeeld.example", Name: "Anouk", State: "sent", Reply: "250 2.0.0 Ok: queued as 7C1", Attempts: 1, At: now},
			{Person: "/admin/people/2", Address: "b••@mail.example", State: "deferred", Reply: "451 4.7.1 Greylisted", Attempts: 2, At: now},
			{Address: "", State: "skipped", Reason: "withdrawn", At: now},
			{Person: "/admin/people/4", Address: "d••••@ander.example", State: "uncertain", Attempts: 1, At: now},
		},
	}
}

func grants() GrantsPage {
	glass := GrantRow{ID: "7", Holder: "eva@zonvaart.example", State: "expired", Reason: "Iemand krijgt mail van een vreemde.", BreakGlass: true, Due: true, From: now, Until: now.Add(time.Hour), GivenBy: "eva@zonvaart.example", Action: "/admin/privacy/access/7", CanReview: true}
	narrow := GrantRow{ID: "8", Holder: "webwinkel", State: "in_force", Purposes: []string{"Reisnieuws"}, Fields: []string{"address", "history"}, Reason: "Stuurt het reisnieuws.", From: now, ReviewOn: now.AddDate(0, 6, 0), GivenBy: "femke@zonvaart.example", Reviewer: "femke@zonvaart.example", ReviewedAt: now, ReviewedBy: "femke@zonvaart.example", Review: "Nog nodig.", Action: "/admin/privacy/access/8", CanReview: true, CanEnd: true}
	late := GrantRow{ID: "9", Holder: "femke@zonvaart.example", State: "in_force", Reason: "Privacyfunctionaris.", Due: true, From: now.AddDate(-1, 0, 0), ReviewOn: now, GivenBy: "command", Action: "/admin/privacy/access/9", CanEnd: true}
	return GrantsPage{
		Admin: desk("privacy"), Add: "/admin/privacy/access", ReviewOn: "2027-11-24", Due: []GrantRow{glass, late}, Fields: []string{"address", "name", "attributes", "history", "mails"},
		Holders: []HolderCard{
			{Name: "femke@zonvaart.example", Role: "dpo", Reason: "Privacyfunctionaris.", Since: now.AddDate(-1, 0, 0), Grants: []GrantRow{late}},
			{Name: "eva@zonvaart.example", Role: "manager", Reason: "Beheert de site.", Since: now, Grants: []GrantRow{glass}},
			{Name: "webwinkel", Key: true, Role: "mail", Reason: "Stuurt bestellingen.", Since: now, Grants: []GrantRow{narrow}},
			{Name: "oud", Key: true, Over: true, Role: "editor", Reason: "Proef.", Since: now},
		},
		Receivers: []Option{{"user:1", "eva@zonvaart.example"}, {"key:1", "webwinkel"}}, Reviewers: []Option{{"user:2", "femke@zonvaart.example"}},
		Purposes: []Option{{"travel-news", "Reisnieuws"}, {"ski-offers", "Aanbiedingen ski-uitrusting"}},
	}
}

func settler() Admin {
	a := desk("settings")
	a.SetsUp = true
	return a
}

func settingsPage() SettingsPage {
	return SettingsPage{
		Admin: settler(), Parts: []SettingsPart{{"brand", "/admin/settings/brand"}, {"who", "/admin/setup/who"}, {"mail", "/admin/setup/mail"}, {"relays", "/admin/settings/relays"}, {"deliver", "/admin/deliverability"}, {"forms", "/admin/forms"}, {"users", "/admin/users"},
			{"keys", "/admin/keys"}, {"webhooks", "/admin/webhooks"}, {"processors", "/admin/privacy/processors"}, {"retention", "/admin/retention"}},
		Set: []SettingRow{{"AKKOORD_URL", "Base of every link in mails; plain http only for loopback.", "https://news.zonvaart.example", false},
			{"AKKOORD_SMTP", "smtp://user:pass@host:port.", "", true}, {"AKKOORD_HOOKS", "SERVICE:SECRET of the sending service.", "", false}},
	}
}

func relaysPage() RelaysPage {
	return RelaysPage{
		Admin: settler(), Action: "/admin/settings/relays", TestTo: "eva@zonvaart.example", From: "Zonvaart Reizen <reis@zonvaart.example>",
		Rows: []RelayRow{
			{Slug: "default", Addr: "127.0.0.1:25", TLS: "none", Processor: "own", Own: true, Notices: true, Known: true, LastAccepted: now},
			{Slug: "post", Addr: "smtp.post.example:465", TLS: "implicit", Processor: "post", Action: "/admin/settings/relays/post", Login: true, Connections: 4, Known: true, OpenSince: now.Add(-time.Minute), FaultAt: now, Fault: "auth 535 5.7.8"},
			{Slug: "late", Addr: "smtp.late.example:465", TLS: "implicit", Processor: "post", Action: "/admin/settings/relays/late", Login: true, Connections: 4, Known: true},
			{Slug: "old", Addr: "smtp.oud.example:587", TLS: "required", Processor: "oud", Action: "/admin/settings/relays/old", Connections: 2, Notices: true, Obstacles: []Blocker{{Code: "agreement_expired", Text: "The agreement ended."}}},
		},
		Senders:  []SenderRow{{Slug: "ski", Name: "Zonvaart Ski", Address: "ski@ski.example", Action: "/admin/settings/senders/ski", Foreign: true}},
		Purposes: []RouteRow{{Slug: "travel-news", Name: "Reisnieuws", Sender: "ski", Action: "/admin/settings/routes/travel-news", Relays: []string{"post", "default"}}},
		Parties:  []Option{{Value: "post", Name: "Post B.V."}, {Value: "oud", Name: "Oud B.V."}},
		Tried:    "post", Tries: []RelayStep{{Key: "connect"}, {Key: "greet"}, {Key: "tls"}, {Key: "login", Code: "relay_login", Text: "relay failed at auth: 535 5.7.8"}},
	}
}

func brandPreviews() []Option {
	return []Option{{Name: "form", Value: "/admin/settings/brand/preview/form?accent="}, {Name: "mail", Value: "/admin/settings/brand/preview/mail?accent="}}
}

// logo is a page under a logo that has the name in it.
func logo() HomePage {
	site := zonvaart("/")
	site.Brand.LogoAlt, site.Brand.LogoWidth, site.Brand.LogoHeight = "Zonvaart Reizen", 72, 36
	return HomePage{Site: site}
}

var bulkKinds = []string{"withdraw", "withdraw_all", "add_interest", "remove_interest", "restrict", "erase"}

func bulkFacts() PeopleFilter { return PeopleFilter{Purpose: "Reisnieuws", State: "withdrawn"} }

func bulkSample() []PersonRow {
	return []PersonRow{
		{URL: "/admin/people/1", Address: "anouk@voorbeeld.example", Name: "Anouk", Locale: "nl", Consents: []ConsentBadge{{Purpose: "Reisnieuws", State: "withdrawn"}}, Since: now},
		{URL: "/admin/people/2", Address: "•••••", Since: now},
	}
}

// importPage is a preview with all that it can say.
func importPage() ImportPage {
	p := ImportPage{
		Admin: desk("people"), ImportRow: ImportRow{Purpose: "Reisnieuws", Basis: "consent", Phase: "ready", At: now, Rows: 4000, Percent: 100}, Evidence: "beurs in Utrecht", Locale: "nl", By: "femke@zonvaart.example",
		Fields:  []ImportCount{{Kind: "state", N: 1}, {Kind: "name", N: 20}, {Kind: "interests", N: 3}, {Kind: "suppression", N: 2}, {Kind: "attribute", Name: "city", N: 40}},
		Ignored: []string{"phone", "geboortedatum"}, Rejects: "/admin/imports/9/rejects.csv", Action: "/admin/imports/9", Effects: 3800, Held: 100, OptOuts: 2, Last: now,
		Columns: []ImportColumn{
			{Name: "Correo", Use: "email", Read: true, Values: []string{"anouk@voorbeeld.example"}}, {Name: "Stad", Use: "attribute:city", Read: true, Values: []string{"Utrecht"}}, {Name: "phone", Use: "-", Values: []string{"06"}}, {Name: "name", Read: true},
		},
		Uses: akkoord.ImportColumns, Attributes: []string{"city"}, Shown: "changed", More: "?rows=changed&after=9#rows",
		Examples: []ImportExample{
			{Line: 2, Address: "anouk@voorbeeld.example", Changes: []ImportChange{{Kind: "state", Old: "never", New: "active"}, {Kind: "name", New: "Anouk"}, {Kind: "attribute", Name: "city", Old: "Breda", New: "Utrecht"}, {Kind: "suppression", New: "hard_bounce"}}},
			{Line: 9, Code: "email_missing", Why: "email_missing"},
		},
	}
	for _, o := range akkoord.ImportOutcomes {
		p.Outcomes = append(p.Outcomes, ImportCount{Key: string(o), N: 400, URL: "?rows=" + string(o) + "#rows"})
	}
	p.Outcomes = append(p.Outcomes, ImportCount{Key: "updated", N: 40, Part: true})
	for _, why := range []string{
		"email_missing", "email", "columns_mismatch", "row_malformed", "encoding_unknown", "basis_facts_missing", "time_unreadable", "time_future", "time_absurd", "status_unknown", "interest_invalid",
		"interests_many", "name_too_long", "text_invalid", "attribute_value", "attribute_unknown", "other",
	} {
		p.Reasons = append(p.Reasons, ImportCount{Key: why, Name: why, N: 2})
	}
	return p
}

// gallery is every page with sample data; the name is the golden file's.
func gallery() map[string]any {
	wrongDraft, staleDraft := draftPage(), draftPage()
	wrongDraft.Errors = FieldErrors{{Field: "from", Code: "hours_invalid", At: "from"}}
	staleDraft.Theirs = &MailingForm{Subject: "Vier dorpen", Body: "De sneeuw ligt er nog niet."}
	losing := blocksPage()
	losing.Errors, losing.Form.Ask, losing.Form.Loses = nil, "markdown", []string{"image", "button", "columns", "offer"}
	owner := desk("account")
	owner.AskFactor = true
	wrong := signUp()
	wrong.Email, wrong.Name = "anouk@", "Anouk"
	wrong.Errors = FieldErrors{{Field: "email", Code: "email_domain_missing"}, {Field: "purpose", Code: "purpose_required"}}
	wrong.Attributes = []AttributeField{
		{Slug: "city", Label: "Woonplaats", Purpose: "Reisnieuws", Type: "text", Required: true}, {Slug: "party", Label: "Met hoeveel personen reist u?", Purpose: "Reisnieuws", Type: "number", Value: "vier"},
		{Slug: "leaves-on", Label: "Vertrekdatum", Purpose: "Reisnieuws", Type: "date", Value: "2026-12-31"}, {Slug: "snowboard", Label: "Hebt u een snowboard?", Purpose: "Aanbiedingen ski-uitrusting", Type: "flag", Value: "true"},
	}
	wrong.Errors = append(wrong.Errors, FieldError{Field: "attribute.city", Code: "attribute_required"}, FieldError{Field: "attribute.party", Code: "attribute_number"})
	bare := signUp()
	bare.Site, bare.Title, bare.Interests, bare.AskName = Site{}, "", nil, false
	news := AskedPurpose{Name: "Reisnieuws", Frequency: "2 keer per maand", Wording: newsWording, Locale: "nl"}
	ski := AskedPurpose{Name: "Aanbiedingen ski-uitrusting", Wording: skiWording, Locale: "nl"}
	newsIn, skiIn := news, ski
	newsIn.Since, skiIn.Since = now, now
	newsIn.Tracked = true
	own := zonvaart("/confirm/x")
	own.Preferences = "/preferences/x"
	confirm := ConfirmPage{Site: zonvaart("/confirm/x"), Action: "/confirm/x", NotMe: "/confirm/x/not-me",
		Address: "a•••••@voorbeeld.example", Purposes: []AskedPurpose{news}, EraseOn: now.AddDate(0, 0, 14)}
	both := confirm
	both.Purposes, both.Tracking = []AskedPurpose{news, ski}, countWording
	unsubscribed := UnsubscribedPage{Site: own, Action: "/unsubscribe/x", Scope: "purpose", Campaign: "Winter 2027", Purpose: "Reisnieuws",
		At: now, Undo: true, Still: []AskedPurpose{ski}}
	preferences := PreferencesPage{Site: own, Action: "/preferences/x", Address: "a•••••@voorbeeld.example", Notice: NoticeStopped, Subject: "Aanbiedingen ski-uitrusting",
		Purposes: []PreferencePurpose{
			{Slug: "travel-news", Name: "Reisnieuws", Wording: newsWording, State: "active", Since: now, Source: "het formulier op onze homepage", Version: 3},
			{Slug: "ski-offers", Name: "Aanbiedingen ski-uitrusting", Wording: skiWording, Explanation: "aanbiedingen van onze eigen skiwinkel."},
		},
		Interests: []Interest{{"motorvakantie", "Motorvakantie", false}, {"wintersport", "Wintersport", true}, {"stedentrip", "Stedentrip", true}},
		Name:      "Anouk", Locale: "nl", Export: true, Erase: true,
		Mails: []SentMail{{now.AddDate(0, 0, -12), "Drie dorpen waar de sneeuw al ligt", "/view/x", "Winter 2027"}, {now.AddDate(0, -2, 0), "Bevestig: Reisnieuws van Zonvaart Reizen", "", ""}},
	}
	preferences.Attributes = wrong.Attributes[2:]
	quiet := preferences
	quiet.Notice, quiet.Export, quiet.Erase, quiet.Mails, quiet.Interests, quiet.Attributes = "", false, false, nil, nil, nil
	learning := preferences
	learning.Notice, learning.Subject, learning.Mails = NoticeForgotten, "Stedentrip", nil
	learning.Purposes = []PreferencePurpose{
		{Slug: "travel-news", Name: "Reisnieuws", Wording: newsWording, State: "active", Since: now, Version: 3, Tracked: true, Learns: true, Learning: true, Learned: []LearnedTopic{{"wintersport", "Wintersport", 3, now}, {"zon", "Zon", 2, now}}},
		{Slug: "ski-offers", Name: "Aanbiedingen ski-uitrusting", Wording: skiWording, State: "active", Since: now, Version: 1, Tracked: true, Learns: true, LearnWords: "Wij kunnen uit de onderwerpen van die links ook afleiden wat u leuk vindt."},
		{Slug: "jaaroverzicht", Name: "Jaaroverzicht", Wording: skiWording, State: "active", Since: now, Version: 1, Tracked: true, Learning: true},
	}
	pausing := preferences
	pausing.Notice, pausing.PausedUntil = NoticePaused, now.AddDate(0, 1, 0)
	draft := mailing()
	draft.Checked, draft.CanTest = true, true
	draft.Findings = []FindingRow{
		{Code: "subject_long", Severity: "warn", Number: 84}, {Code: "contrast", Severity: "warn", Detail: "#aaaaaa / #ffffff: 2.3", Variant: "B"}, {Code: "preheader_missing", Severity: "hint"},
		{Code: "link_http", Severity: "warn", Detail: "http://www.zonvaart.example/aanbod/winter/2027/tirol-vroegboeken?bron=mailing"}, {Code: "language_missing", Severity: "warn", Detail: "fr", Number: 31},
	}
	draft.Links = &LinkReport{Fine: 4, Faults: []LinkFault{{URL: "https://www.zonvaart.example/weg", Code: "gone", Status: 404}, {URL: "https://intern.zonvaart.example/", Code: "private"}}}
	draft.MailingRow = MailingRow{Subject: "Vroeg boeken: de Tiroler kaart", State: "draft"}
	draft.Deliveries, draft.CanPause, draft.Refresh, draft.CanSend, draft.CanTest, draft.TestTo = nil, false, 0, true, true, "femke@zonvaart.example"
	draft.TestVariants, draft.TestLocales = []string{"A", "B"}, []string{"nl", "en"}
	draft.AudienceTotal, draft.AudienceAllowed = 4002, 3886
	draft.LeftOut = []LeftOutRow{{Code: "withdrawn", Count: 50, URL: "/admin/mailings/m1/left-out?code=withdrawn"}, {Code: "bounced", Count: 48, Skipped: 2, URL: "/admin/mailings/m1/left-out?code=bounced", SkippedURL: "?state=skipped&code=bounced#deliveries"}, {Code: "pending", Count: 16}}
	draft.Ticks = []Tick{{Key: "when", OK: true}, {Key: "to", OK: true}, {Key: "from"}, {Key: "subject", OK: true, Each: []SubjectLine{{"A", "nl", "Vroeg boeken"}, {"B", "nl", "Nu boeken"}, {"B", "en", "Book now"}}}, {Key: "content", OK: true}}
	draft.Blockers = []Blocker{{"sender_incomplete", ""}, {"sender_incomplete", ""}, {"no_relay", ""}, {"unknown_field", "Line 1, column 4: there is no field nam; the fields are email, name."}}
	return map[string]any{
		"signup":               signUp(),
		"signup-422":           wrong,
		"unseen":               UnseenPage{Site: zonvaart(""), Text: "Een site is een schema en een host, zoals https://www.voorbeeld.nl.", Detail: "An origin is a scheme and a host, like https://www.example.org."},
		"signup-counting":      counting(),
		"signup-work":          working(),
		"reference":            referencePage(),
		"signup-bare":          bare,
		"check-mail":           CheckMailPage{Site: zonvaart(""), From: "Zonvaart Reizen <reisnieuws@zonvaart.example>", Subject: "Bevestig: Reisnieuws van Zonvaart Reizen", Until: now.AddDate(0, 0, 7), Again: "/f/home"},
		"confirm":              confirm,
		"confirm-both":         both,
		"renew":                RenewPage{Site: confirm.Site, Action: confirm.Action, NotMe: confirm.NotMe, Address: confirm.Address, Purposes: confirm.Purposes},
		"confirmed":            ConfirmedPage{Site: own, Purposes: []AskedPurpose{newsIn}, From: "reisnieuws@zonvaart.example", Latest: &Link{"Winter 2027, editie 2", "/view/x"}},
		"confirmed-again":      ConfirmedPage{Site: own, Repeat: true, Purposes: []AskedPurpose{newsIn, skiIn}},
		"public-archive":       publicArchive(),
		"archive-empty":        PublicArchivePage{Site: zonvaart("/archive/travel-news"), Purpose: "Reisnieuws", Feed: "/archive/travel-news/feed.xml?locale=nl"},
		"confirm-archived":     ConfirmArchivedPage{Site: zonvaart("/confirm/x"), Purposes: []AskedPurpose{{Name: "Reisnieuws"}}, EraseOn: now},
		"confirm-old":          ConfirmOldPage{Site: zonvaart(""), Again: "/f/home"},
		"expired":              LinkExpiredPage{Site: zonvaart("/confirm/x"), Resend: "/confirm/x/resend", EraseOn: now},
		"erase-ask":            ErasePage{Site: zonvaart("/preferences/x"), Action: "/preferences/x", Address: "a•••••@voorbeeld.example"},
		"erased":               ErasePage{Site: zonvaart(""), At: now, Receipt: "akkoord erasure receipt 1\nline 4120\n…"},
		"preferences-learning": learning,
		"preferences-paused":   pausing,
		"your-data":            YourDataPage{Site: zonvaart("/your-data")},
		"your-data-422":        YourDataPage{Site: zonvaart("/your-data"), Email: "anouk", Errors: FieldErrors{{Field: "email", Code: "email_missing_at"}}},
		"your-data-sent":       YourDataPage{Site: zonvaart("/your-data"), Sent: true},
		"address":              AddressPage{Site: zonvaart("/address/x"), Action: "/address/x", From: "a•••••@voorbeeld.example", To: "a•••••@nieuw.example", Left: true},
		"address-done":         AddressPage{Site: own, From: "a•••••@nieuw.example", To: "a•••••@nieuw.example", Done: true},
		"keep":                 KeepPage{Site: zonvaart("/keep/x"), Action: "/keep/x", Leave: "/unsubscribe/x", Name: "Reisnieuws", Explanation: "Wij mailen u reisideeën.", Frequency: "Twee keer per maand.", Address: "a•••••@voorbeeld.example", Since: now.AddDate(-1, 0, 0)},
		"keep-done":            KeepPage{Site: own, Name: "Reisnieuws", Since: now, Done: true},
		"past-mails":           PastPage{Site: zonvaart(""), Back: "/preferences/x", Show: "mails", Mails: preferences.Mails, Next: "/preferences/x?show=mails&before=4"},
		"past-history": PastPage{Site: zonvaart(""), Back: "/preferences/x", Show: "history", Events: []PastEvent{
			{Kind: "paused", At: now, Until: now.AddDate(0, 1, 0), By: "person"}, {Kind: "campaign_left", Purpose: "Reisnieuws", Campaign: "Winter 2027", At: now.AddDate(0, -1, 0), By: "person", ToldIn: "Europe/Amsterdam"},
			{Kind: "withdrawn", Purpose: "Reisnieuws", At: now.AddDate(0, -1, 0), By: "person", Clock: "+01:00"},
			{Kind: "rectified", At: now.AddDate(0, -2, 0)}, {Kind: "confirmed", Purpose: "Reisnieuws", At: now.AddDate(0, -3, 0), By: "person", Wording: newsWording, Locale: "nl", Version: 3},
		}},
		"not-me":                       NotMeDonePage{Site: zonvaart(""), Erased: true, Blocked: true},
		"not-me-still":                 NotMeDonePage{Site: own, Blocked: true, Still: []string{"Aanbiedingen ski-uitrusting"}},
		"unsubscribe":                  UnsubscribePage{Site: own, Action: "/unsubscribe/x", Address: "a•••••@voorbeeld.example", Campaign: "Winter 2027", Purpose: "Reisnieuws", Others: []string{"Aanbiedingen ski-uitrusting"}},
		"unsubscribe-left":             UnsubscribePage{Site: own, Action: "/unsubscribe/x", Campaign: "Winter 2027", CampaignLeft: now, Purpose: "Reisnieuws"},
		"unsubscribed-thanks":          UnsubscribedPage{Site: own, Action: "/unsubscribe/x", Leave: "/unsubscribe/x", Scope: "purpose", Purpose: "Reisnieuws", At: now, Thanks: true},
		"unsubscribed-ask":             UnsubscribedPage{Site: own, Action: "/unsubscribe/x", Leave: "/unsubscribe/x", Scope: "purpose", Purpose: "Reisnieuws", At: now, Ask: true},
		"unsubscribed":                 unsubscribed,
		"unsubscribed-all":             UnsubscribedPage{Site: Site{}, Scope: "all"},
		"resubscribed":                 ResubscribedPage{Site: own, Leave: "/unsubscribe/x", Name: "Reisnieuws", At: now},
		"preferences":                  preferences,
		"preferences-quiet":            quiet,
		"privacy":                      privacy(),
		"privacy-bare":                 PrivacyPage{ProofYears: akkoord.ProofYears},
		"privacy-own":                  PrivacyPage{OwnRelay: true, ProofYears: akkoord.ProofYears},
		"privacy-no-ip":                PrivacyPage{IPPolicy: "off", ProofYears: akkoord.ProofYears},
		"privacy-full-ip":              PrivacyPage{IPPolicy: "full", ProofYears: akkoord.ProofYears},
		"privacy-whole-ip":             PrivacyPage{IPPolicy: "full", WholeIPDays: 90, ProofYears: akkoord.ProofYears},
		"home":                         HomePage{zonvaart("/"), []FormLink{{"Reisnieuws in uw mailbox", "Reisideeën en aanbiedingen, twee keer per maand.", "/f/home"}, {"Skiwinkel", "", "/f/ski"}}},
		"home-bare":                    HomePage{},
		"error-404":                    ErrorPage{zonvaart(""), 404, "link_invalid", ""},
		"error-used":                   ErrorPage{zonvaart(""), 404, "link_used", ""},
		"error-429":                    ErrorPage{zonvaart(""), 429, "too_many", ""},
		"error-503-bare":               ErrorPage{Site{}, 503, "", ""},
		"admin-login":                  LoginPage{Admin: Admin{Path: "/admin/login"}, AsksPasskey: AsksPasskey{true}},
		"admin-login-button":           LoginPage{Action: "/admin/login", Login: "0ne-t1me"},
		"admin-dashboard":              dashboard(),
		"admin-setup":                  DashboardPage{Admin: desk("campaigns"), Setup: setup("").Steps},
		"admin-setup-owner":            SetupOwnerPage{Code: "n4me.s3cret", Email: "femke@zonvaart.example", Errors: FieldErrors{{Field: "again", Code: "password_differs", At: "again"}}},
		"admin-setup-who":              SetupWhoPage{Setup: setup("who"), Controller: "Zonvaart Reizen B.V.", Set: SetBySetting{Controller: true}, BaseURL: "http://127.0.0.1:8080", Here: "127.0.0.1:8080", Reached: true, Local: true, Errors: FieldErrors{{Field: "contact", Code: "text_missing", At: "contact"}}},
		"admin-setup-who-set":          SetupWhoPage{Setup: setup("who"), Controller: "Zonvaart Reizen B.V.", PostalAddress: "Kade 1, Utrecht", Contact: "privacy@zonvaart.example", Set: SetBySetting{true, true, true}, BaseURL: "https://news.zonvaart.example", Here: "10.0.0.1", SecondFactor: true},
		"admin-setup-mail":             setupMail(),
		"admin-setup-no-mail":          SetupMailPage{Setup: setup("mail"), TestTo: "femke@zonvaart.example", CanCatch: true},
		"admin-setup-catching":         SetupMailPage{Setup: catching(setup("mail")), TestTo: "femke@zonvaart.example", CanCatch: true, CatchingSince: now, From: `"Akkoord" <trial@akkoord.invalid>`, Processor: "own", Own: true},
		"admin-inbox":                  InboxPage{Admin: catching(setup("")).Admin, Mails: []CaughtRow{{"/admin/inbox/2", "Bevestig je aanmelding", []string{"femke@zonvaart.example"}, now}, {"/admin/inbox/1", "", []string{"femke@zonvaart.example"}, now}}},
		"admin-inbox-empty":            InboxPage{Admin: catching(setup("")).Admin, Elsewhere: true},
		"admin-inbox-off":              InboxPage{Admin: desk("campaigns")},
		"admin-caught":                 CaughtPage{Admin: catching(setup("")).Admin, Back: "/admin/inbox", Subject: "Bevestig je <aanmelding>", From: "Akkoord <trial@akkoord.invalid>", To: []string{"femke@zonvaart.example"}, At: now, Text: "Dag,\n\nhttps://news.zonvaart.example/confirm/x", Frame: "/admin/inbox/2/html", Raw: "/admin/inbox/2/raw"},
		"admin-setup-purpose":          SetupPurposePage{Setup: setup("purpose"), Form: PurposeForm{Basis: "consent", Words: purposeWords()}},
		"admin-setup-path":             SetupPurposePage{Setup: setup("purpose"), FormName: "home", FormURL: "/admin/forms/home", Public: "/f/home", Purposes: []Link{{"Reisnieuws", "/admin/purposes/travel-news"}}, Previews: []Option{{Name: "form", Value: "/admin/setup/preview/form"}, {Name: "mail", Value: "/admin/setup/preview/mail"}}},
		"admin-setup-try":              SetupTryPage{Setup: setup("try"), Public: "/f/home", Address: "https://news.zonvaart.example/f/home", States: []TryState{{"asked", now}, {"sent", now}, {"accepted", time.Time{}}, {"opened", time.Time{}}, {"confirmed", time.Time{}}}, Code: "451 4.7.1", Follow: Follow{Going: true}},
		"admin-setup-tried":            SetupTryPage{Setup: setup("try"), Public: "/f/home", Address: "https://news.zonvaart.example/f/home", States: []TryState{{"asked", now}, {"sent", now}, {"accepted", now}, {"opened", now}, {"confirmed", now}}, Person: "/admin/people/1", Confirmed: true},
		"admin-empty":                  DashboardPage{Admin: desk("campaigns"), Missing: []string{"controller", "smtp"}},
		"admin-restored":               DashboardPage{Admin: desk("campaigns"), Hold: &HoldNotice{Reason: "restored", BackupAt: now, Mailings: 2, Twice: 8120, System: 14, CanRelease: true}},
		"admin-journal-lost":           DashboardPage{Admin: desk("campaigns"), Hold: &HoldNotice{Reason: "journal_lost", Mailings: 1, Twice: 40}},
		"admin-journal-lost-restored":  DashboardPage{Admin: desk("campaigns"), Hold: &HoldNotice{Reason: "journal_lost", BackupAt: now, Mailings: 1, Twice: 40}},
		"admin-mailing":                mailing(),
		"admin-new-campaign":           newCampaign(),
		"admin-segments":               SegmentsPage{Admin: desk("campaigns"), New: "/admin/segments/new", Segments: []SegmentCard{{Slug: "wintersport", Name: "Wintersport", URL: "/admin/segments/wintersport", Purpose: "Reisnieuws", Filter: winterFilter(), ChangedAt: now}}},
		"admin-growth":                 growthPage(),
		"admin-results":                resultsPage(),
		"admin-campaign-results":       campaignResults(),
		"admin-campaign-results-empty": CampaignResultsPage{Admin: desk("campaigns"), Name: "Winter 2027", URL: "/admin/campaigns/winter-2027"},
		"admin-form-figures":           figuresPage(),
		"admin-form-figures-empty":     FormFiguresPage{Admin: desk("purposes"), Form: "/admin/forms/home", Days: 7, Periods: []int{7, 30, 90, 365}, FormGrowth: FormGrowth{Slug: "home", Title: "Reisnieuws in uw mailbox", URL: "/admin/forms/home/figures"}, PerDay: []FormDay{{Day: now}}},
		"admin-growth-empty":           GrowthPage{Admin: desk("purposes"), Growth: Growth{Days: 30}, Periods: []int{7, 30, 90, 365}},
		"admin-segments-empty":         SegmentsPage{Admin: desk("campaigns"), New: "/admin/segments/new"},
		"admin-segment":                segmentPage(),
		"admin-segment-tree":           segmentTree(),
		"admin-segment-archived":       segmentArchived(),
		"admin-segment-few":            segmentFew(0),
		"admin-segment-steps":          segmentFew(1200),
		"admin-segment-idle":           segmentIdle(),
		"admin-segments-archived":      SegmentsPage{Admin: desk("campaigns"), Archived: true},
		"admin-segment-new":            SegmentPage{Admin: desk("campaigns"), Purposes: []Option{{"travel-news", "Reisnieuws"}, {"ski-offers", "Aanbiedingen ski-uitrusting"}}},
		"admin-segment-people": SegmentPeoplePage{Admin: desk("campaigns"), Name: "Wintersport", Back: "/admin/segments/wintersport", Filter: winterFilter(),
			People: []PersonRow{{URL: "/admin/people/1", Address: "anouk@voorbeeld.example", Name: "Anouk", Locale: "nl", Since: now}}},
		"admin-campaign":     CampaignPage{Admin: desk("campaigns"), CampaignCard: dashboard().Campaigns[0], Segment: Link{Title: "Wintersport", URL: "/admin/segments/wintersport"}, Draft: "/admin/campaigns/winter-2027/mailings", Results: "/admin/campaigns/winter-2027/results"},
		"admin-series":       seriesPage(),
		"admin-series-edit":  seriesEdit(),
		"admin-series-draft": seriesDraft(),
		"admin-campaign-new": CampaignPage{Admin: desk("campaigns"), CampaignCard: dashboard().Campaigns[1], Draft: "/admin/campaigns/ski/mailings"},
		"admin-edit":         draftPage(),
		"admin-login-wrong":  LoginPage{Email: "femke@zonvaart.example", Errors: FieldErrors{{Field: "password", Code: "login_wrong", At: "password"}}},
		"admin-code":         CodePage{AsksPasskey: AsksPasskey{true}, Authenticator: true, Errors: FieldErrors{{Field: "code", Code: "code_wrong", At: "code"}}},
		"admin-account":      AccountPage{Admin: desk("account"), Email: "femke@zonvaart.example", Role: "owner", Reason: "Eigenaar.", Manages: true, Sends: true, PasskeysFor: "http://127.0.0.1:8080"},
		"admin-account-passkeys": AccountPage{
			Admin: desk("account"), Email: "femke@zonvaart.example", Role: "owner", Reason: "Eigenaar.", HasPassword: true, CodesLeft: 9, AsksPasskey: AsksPasskey{true}, PasskeyName: " ",
			SignOn: "Zonvaart ID", Linked: true, LinkedAt: now.AddDate(0, -2, 0), LinkUsedAt: now,
			PasskeyRows: []PasskeyRow{{ID: "p1", Name: "Mijn telefoon", AddedAt: now.AddDate(0, -1, 0), UsedAt: now, Synced: true}, {ID: "p2", Name: "Sleutel", AddedAt: now}},
			Errors:      FieldErrors{{Field: "name", Code: "text_missing", At: "name"}},
		},
		"admin-login-sso":      LoginPage{AsksPasskey: AsksPasskey{true}, SignOn: "Zonvaart ID", Errors: FieldErrors{{Field: "sso", Code: "sso_down", At: "sso"}}},
		"admin-login-leaving":  LeavingPage{Name: "Zonvaart ID", URL: "https://login.zonvaart.example/authorize?client_id=akkoord&state=x"},
		"admin-login-stranger": StrangerPage{Name: "Zonvaart ID"},
		"admin-login-connect":  StrangerPage{Name: "Zonvaart ID", Known: true},
		"admin-proof-sso":      ProofPage{Admin: desk(""), Action: "/admin/proof", By: "link", SignOn: "Zonvaart ID", Email: "femke@zonvaart.example", Fields: []Option{{"/admin/users", "to"}}},
		"admin-proof-proved":   ProvedPage{Admin: desk("")},
		"admin-login-passkey":  LoginPage{AsksPasskey: AsksPasskey{true}, Errors: FieldErrors{{Field: "passkey", Code: "passkey_wrong", At: "passkey"}}},
		"admin-proof-code":     ProofPage{Admin: desk(""), Action: "/admin/people/1/take", By: "code", AsksPasskey: AsksPasskey{true}, Authenticator: true, Email: "femke@zonvaart.example", Fields: []Option{{"evidence", "what"}, {"Vraag van \"Eva\".", "reason"}}, Errors: FieldErrors{{Field: "proof", Code: "code_wrong", At: "proof"}}},
		"admin-proof-password": ProofPage{Admin: desk(""), Action: "/admin/proof", By: "password", Email: "femke@zonvaart.example", Fields: []Option{{"/admin/privacy/audit.csv", "to"}}},
		"admin-proof-link":     ProofPage{Admin: desk(""), Action: "/admin/account", By: "link", Email: "femke@zonvaart.example", Fields: []Option{{"password", "act"}}, Dropped: true},
		"admin-lost":           LostPage{Action: "/admin/people/1/withdraw", Fields: []Option{{"Belde ons.", "reason"}}},
		"admin-settings":       settingsPage(),
		"admin-relays":         relaysPage(),
		"admin-brand":          BrandPage{Admin: settler(), Action: "/admin/settings/brand", Version: 1, Previews: brandPreviews()},
		"admin-brand-set":      BrandPage{Admin: settler(), Action: "/admin/settings/brand", SetBySetting: "#b8400e", Logo: "l0go", LogoPath: "/static/img/zonvaart.svg", LogoWidth: 72, LogoHeight: 72, Alt: "Zonvaart Reizen", Version: 1, Tried: true, Previews: brandPreviews()},
		"admin-brand-wrong":    BrandPage{Admin: settler(), Action: "/admin/settings/brand", Accent: "#ffcc00", Nearest: "#806400", Version: 1, Tried: true, Errors: FieldErrors{{Field: "accent", Code: "accent_contrast", At: "accent"}, {Field: "logo-file", Code: "image_invalid", At: "logo-file"}}},
		"admin-brand-theirs":   BrandPage{Admin: settler(), Action: "/admin/settings/brand", Accent: "#2447b8", Version: 2, Tried: true, Theirs: true, TheirAccent: "#b8400e", TheirLogo: "/static/img/zonvaart.svg", TheirAlt: "Zonvaart Reizen"},
		"logo":                 logo(),
		"admin-users": UsersPage{Admin: owner, Roles: []string{"owner", "editor"}, Invited: "bo@zonvaart.example", Link: "https://mail.zonvaart.example/admin/login/abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", Rows: []UserRow{
			{ID: "u1", Email: "femke@zonvaart.example", Role: "owner", Reason: "Beheert de site.", Since: now, HasPassword: true, SecondFactor: true, Passkeys: 2, You: true, Action: "/admin/users/u1"},
			{ID: "u2", Email: "oud@zonvaart.example", Role: "editor", Reason: "Proef.", Since: now, EndedAt: now, Action: "/admin/users/u2"},
		}},
		"admin-users-wrong": UsersPage{Admin: owner, Roles: []string{"owner", "editor"}, Email: "femke@zonvaart.example", Role: "editor", Errors: FieldErrors{{Field: "email", Code: "email_taken", At: "email"}, {Field: "reason", Code: "reason_missing", At: "reason"}}},
		"admin-keys": KeysPage{Admin: owner, Roles: []string{"manager", "mail"}, Purposes: []Option{{"travel-news", "Reisnieuws"}}, Tomorrow: "2026-11-25", Made: "webwinkel", Secret: "akk_abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst", Rows: []KeyRow{
			{ID: "k1", Name: "webwinkel", Role: "manager", Reason: "Stuurt bestellingen.", Purposes: []string{"Reisnieuws"}, SeesPeople: true, Since: now, UsedAt: now, ExpiresAt: now.AddDate(0, 1, 0), Action: "/admin/keys/k1"},
			{ID: "k2", Name: "oud", Role: "mail", Reason: "Proef.", Since: now, EndedAt: now, Expired: true},
		}},
		"admin-keys-wrong":           KeysPage{Admin: owner, Roles: []string{"manager", "mail"}, Name: "crm", LastDay: "2020-01-01", Tomorrow: "2026-11-25", Errors: FieldErrors{{Field: "last_day", Code: "time_past", At: "last_day"}}},
		"admin-deliverability":       deliverability(true),
		"admin-deliverability-alone": DeliverabilityPage{Admin: owner},
		"admin-deliverability-read":  deliverability(false),
		"admin-webhooks":             WebhooksPage{Admin: owner, Rows: []WebhookRow{webhookRow("on"), webhookRow("failing")}, Form: webhookForm(true)},
		"admin-webhooks-wrong":       WebhooksPage{Admin: owner, Form: WebhookForm{Action: "/admin/webhooks", New: true, URL: "http://crm.example/akkoord", Errors: FieldErrors{{Field: "url", Code: "webhook_https", At: "url"}, {Field: "events", Code: "webhook_event", At: "events"}}}},
		"admin-webhook": WebhookPage{Admin: owner, Row: webhookRow("on"), Form: webhookForm(false), Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw8ZJzB0Vw1kA=", Failed: true, MaxDays: 30, Next: "?after=7", Rows: []WebhookMessageRow{
			{ID: "m1", Event: "person_left", State: "delivered", At: now, TriedAt: now, Attempts: 1, Status: 204, Took: 38, Repeatable: true},
			{ID: "m2", Event: "person_confirmed", State: "waiting", Fault: "refused", Answer: "Service Unavailable: no room in the queue for this at the moment", At: now, TriedAt: now, NextAt: now.Add(5 * time.Minute), Attempts: 2, Status: 503, Took: 912},
			{ID: "m3", Event: "mailing_finished", State: "given_up", Fault: "slow", At: now, TriedAt: now, Attempts: 10, Took: 10000, Repeatable: true},
			{ID: "m4", Event: "person_subscribed", State: "dropped", At: now},
		}},
		"admin-webhook-gone": WebhookPage{Admin: owner, Row: webhookRow("gone"), Form: webhookForm(false)},
		"admin-sessions": SessionsPage{Admin: owner, Rows: []SessionRow{
			{ID: "s1", Client: "Firefox, Windows", BegunAt: now.Add(-2 * time.Hour), SeenAt: now, This: true}, {ID: "s2", BegunAt: now.Add(-9 * time.Hour), SeenAt: now.Add(-8 * time.Hour)},
		}},
		"admin-account-setup":    AccountPage{Admin: desk("account"), Email: "femke@zonvaart.example", Role: "dpo", Reason: "Privacy.", HasPassword: true, Secret: "JBSW Y3DP EHPK 3PXP", Errors: FieldErrors{{Field: "code", Code: "code_wrong", At: "code"}}},
		"admin-account-codes":    AccountPage{Admin: desk("account"), Email: "femke@zonvaart.example", Role: "dpo", Reason: "Privacy.", HasPassword: true, SecondFactor: true, CodesLeft: 10, Codes: []string{"abcd efgh ijkl mnop", "qrst uvwx yz23 4567"}},
		"admin-purpose":          purposePage(),
		"admin-new-purpose":      EditPurposePage{Admin: desk("purposes"), Action: "/admin/purposes", Form: PurposeForm{Basis: "consent", Words: purposeWords()}},
		"admin-forms":            FormsPage{Admin: desk("purposes"), New: "/admin/forms/new", Forms: []FormCard{{Title: "Reisnieuws in uw mailbox", Slug: "home", URL: "/admin/forms/home", Figures: "/admin/forms/home/figures", Public: "/f/home", Purposes: []string{"Reisnieuws"}, Version: 3}}},
		"admin-no-forms":         FormsPage{Admin: desk("purposes"), New: "/admin/forms/new"},
		"admin-form":             formPage(),
		"admin-edit-wrong":       wrongDraft,
		"admin-edit-theirs":      staleDraft,
		"admin-edit-main":        mainTextPage(),
		"admin-edit-blocks":      blocksPage(),
		"admin-edit-translation": translationPage(),
		"admin-edit-loses":       losing,
		"admin-draft":            draft,
		"admin-draft-steps":      inSteps(draft),
		"admin-people":           people(),
		"admin-people-filter": PeoplePage{Admin: desk("people"), Filter: peopleFilter(PeopleFilter{State: "withdrawn", From: "2026-11-24", To: "2026-11-01", Filtered: true,
			Errors: FieldErrors{{Field: "to", Code: "filter_period", At: "to"}}})},
		"admin-people-nobody":     PeoplePage{Admin: desk("people"), Filter: peopleFilter(PeopleFilter{Purpose: "travel-news", State: "held", Filtered: true})},
		"admin-people-none":       PeoplePage{Admin: desk("people"), Query: "wie@voorbeeld.example", Searched: true},
		"admin-person":            person(),
		"admin-person-edit":       personEdit(),
		"admin-person-stale":      personStale(),
		"admin-person-withdraw":   personAct("withdraw"),
		"admin-person-resend":     personAct("resend"),
		"admin-person-address":    personAct("address"),
		"admin-person-restrict":   personAct("restrict"),
		"admin-person-unrestrict": personAct("unrestrict"),
		"admin-person-erase":      personAct("erase"),
		"admin-person-no-act":     PersonActPage{Admin: desk("people"), Act: "restrict", Person: Link{"Anouk", "/admin/people/1"}},
		"admin-person-erased":     ErasedPage{Admin: desk("people"), At: now, Receipt: "akkoord erasure receipt 1\nerased at: 2026-11-24T08:30:00.000000Z\nledger line: 12\nsignature: " + strings.Repeat("k3y", 30) + "\n"},
		"admin-person-stopped":    stopped(person()),
		"admin-person-long":       longAddress(),
		"admin-purposes": PurposesPage{Admin: desk("purposes"), New: "/admin/purposes/new", Purposes: []PurposeCard{{Slug: "travel-news", Name: "Reisnieuws", Basis: "consent", Version: 3, Active: 12480, Pending: 14,
			Wordings: []Wording{{"nl", newsWording}, {"en", "Yes, Zonvaart Reizen may e-mail me travel ideas and holiday offers."}}, Forms: []FormLink{{"home", "", "/f/home"}},
			Ask: "/admin/purposes/travel-news/ask", Askable: 3120, Rounds: []RoundRow{{State: "waiting", Version: 3, Asked: 400, Confirmed: 290, Left: 6, NoAnswer: 104, Reminded: 80, RemindAfter: 7, At: now}, {State: "stopped", Version: 2, Asked: 12, NoAnswer: 12, At: now.AddDate(0, -2, 0), EndedAt: now}}}}},
		"admin-retention": retention(),
		"admin-policy":    policyPage(),
		"admin-policy-people": RetentionPeoplePage{Admin: desk("purposes"), Name: "Reisnieuws", Back: "/admin/retention/travel-news", Day: now, Next: "?after=2", People: []RetentionPersonRow{
			{URL: "/admin/people/1", Name: "Anouk", Act: "ask", At: now}, {URL: "/admin/people/2", ID: "0193f1a2-7c3d-7e10-9a4b-5c6d7e8f9012", Act: "expire", At: now}}},
		"admin-attributes": AttributesPage{Admin: desk("purposes"), CanChange: true, Types: []string{"text", "number", "date", "flag"}, Purposes: []Option{{"travel-news", "Reisnieuws"}},
			Attributes: []AttributeRow{{"last-purchase", "date", "Reisnieuws"}, {"order", "text", "Reisnieuws"}}},
		"admin-rules":  RulesPage{Admin: desk("purposes"), Rules: []RuleRow{saleRule(), {Slug: "over", URL: "/admin/rules/over", Attribute: "last-purchase", Months: 24, Do: "end_basis", Basis: "existing_customer", Purpose: "Reisnieuws", Reason: "Na twee jaar geen klant meer"}}, Form: ruleForm("")},
		"admin-rule":   RulePage{Admin: desk("purposes"), Rule: saleRule(), LookedAt: 312, WouldChange: 290, Unchanged: 20, Refused: []LeftOutRow{{Code: "departed", Count: 2}}, Form: ruleForm("1")},
		"admin-grants": grants(),
		"admin-approvals": ApprovalsPage{Admin: desk("privacy"), Free: 10, Ask: "/admin/privacy/approvals", Next: "?after=2", Rows: []ApprovalRow{
			{ID: "2", Act: "export", State: "waiting", AskedBy: "eva@zonvaart.example", Reason: "De toezichthouder vraagt erom.", AskedAt: now, Until: now.Add(24 * time.Hour), Action: "/admin/privacy/approvals/2"},
			{ID: "1", Act: "erase", State: "agreed", AskedBy: "webwinkel", Reason: "Een oude lijst gaat weg.", AskedAt: now, Until: now.Add(24 * time.Hour), DecidedBy: "femke@zonvaart.example", DecidedAt: now, Note: "Die is oud."},
		}},
		"admin-all-grants": AllGrantsPage{Admin: desk("privacy"), Next: "?all=1&after=9", Rows: grants().Due},
		"admin-nothing":    NothingPage{Admin: desk("people"), Status: 404, Code: "not_found"},
		"admin-setup-404":  NothingPage{Status: 404, Code: "setup_code_wrong"},
		"admin-refused":    RefusedPage{desk("people"), "/admin/access"},
		"admin-own-access": OwnAccessPage{Admin: desk("people"), BreakGlass: "/admin/access", Least: 20, Grants: []GrantRow{
			{ID: "1", State: "in_force", Purposes: []string{"Reisnieuws", "Aanbiedingen ski-uitrusting"}, Fields: []string{"address", "history"}, Reason: "Stuurt het reisnieuws.", From: now, ReviewOn: now.AddDate(0, 6, 0)},
		}},
		"admin-privacy": DeskPage{Admin: desk("privacy"), SeesHead: true, HeadSeq: 41220, HeadAt: now, BackupAt: now.AddDate(0, 0, -1), Items: []DeskItem{
			{"open", "/admin/privacy/requests?state=open", 4, "warn"}, {"overdue", "/admin/privacy/requests?state=open", 1, "bad"}, {"notices", "/admin/privacy/notices", 2, "warn"},
			{"expiring", "/admin/privacy/processors", 1, "warn"}, {"audit", "/admin/privacy/audit", 1284, ""}, {"backup_old", "/admin/privacy/backups", 0, "bad"},
		}},
		"admin-records":    RecordsPage{Admin: desk("privacy"), Record: record(), PDF: "?format=pdf"},
		"admin-requests":   requests(),
		"admin-request":    request(),
		"admin-processors": processors(),
		"admin-notices": NoticesPage{Admin: desk("privacy"), Rows: []NoticeRow{
			{Processor: "postrelais", Kind: "erasure", Reference: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", DueOn: now.AddDate(0, 0, 9), Action: "/admin/privacy/notices/1"},
			{Processor: "postrelais", Kind: "address", DueOn: now, DoneAt: now, Note: "Per brief."},
		}},
		"admin-audit": AuditPage{Admin: desk("privacy"), From: "2026-11-24T00:00", CSV: "/admin/privacy/audit.csv?x=1", Next: "?after=2", Rows: []AuditRow{
			{41, now, "femke@zonvaart.example", "user:0190b3b5-0000-7000-8000-000000000001", "subscriber.read", "subscriber:0190b3b5-0000-7000-8000-000000000000", "", false},
			{42, now, "", "system", "audit.read", "audit", "from=2026-11-24T00:00:00.000000Z", false},
			{43, now, "femke@zonvaart.example", "user:0190b3b5-0000-7000-8000-000000000001", "grant.break_glass", "grant:0190b3b5-0000-7000-8000-000000000009", "Iemand krijgt mail van een vreemde.", true},
		}},
		"admin-ledger":         ledgerPage(LedgerCheckRow{State: "verified", By: "femke@zonvaart.example", At: now, EndedAt: now, Lines: 41220, Hash: strings.Repeat("3f9c27d0", 8), Looked: 60000, Total: 60000}),
		"admin-ledger-broken":  ledgerPage(LedgerCheckRow{State: "broken", By: "webwinkel", At: now, EndedAt: now, Problem: "the ledger does not verify: line 17 was altered", Looked: 2000, Total: 60000}),
		"admin-ledger-going":   ledgerPage(LedgerCheckRow{State: "running", By: "femke@zonvaart.example", At: now, Looked: 1200000, Total: 5200000, Left: 4 * time.Minute}),
		"admin-ledger-waits":   ledgerPage(LedgerCheckRow{State: "running", By: "femke@zonvaart.example", At: now}),
		"admin-ledger-stopped": ledgerPage(LedgerCheckRow{State: "stopped", By: "femke@zonvaart.example", At: now}),
		"admin-backups": BackupsPage{Admin: desk("privacy"), Age: Span(9 * time.Hour), MostAge: Span(7 * 24 * time.Hour), DrillAge: Span(92 * 24 * time.Hour), LastGood: now.AddDate(0, -1, 0), Next: "?after=2", Add: "/admin/privacy/backups",
			Steps: drillSteps, Now: "2026-11-24T13:32", CopyAt: "2026-11-24T04:32",
			Made:     []BackupRow{{now.Add(-9 * time.Hour), 12480, 41220}, {now.AddDate(0, 0, -1), 12470, 41190}, {now.AddDate(0, 0, -2), 0, 0}},
			Restored: []RestoredRow{{At: now.AddDate(0, -2, 0), BackupAt: now.AddDate(0, -2, -1), Reason: "restored", ReleasedAt: now.AddDate(0, -2, 0).Add(time.Hour), ReleasedBy: "femke@zonvaart.example"}, {At: now.AddDate(0, -3, 0), Reason: "journal_lost"}},
			Drills:   []DrillRow{drillRow("", ""), drillRow("De sleutel paste niet.", "Nieuwe kluis")}},
		"admin-backups-none":   BackupsPage{Admin: desk("privacy"), DrillAge: Span(92 * 24 * time.Hour), DrillDue: true, Add: "/admin/privacy/backups", Steps: drillSteps, Now: "2026-11-24T13:32"},
		"admin-backups-late":   BackupsPage{Admin: desk("privacy"), DrillAge: Span(92 * 24 * time.Hour), DrillDue: true, Age: Span(9 * 24 * time.Hour), MostAge: Span(36 * time.Hour), Late: true, Steps: drillSteps, Made: []BackupRow{{now.AddDate(0, 0, -9), 12480, 41220}}},
		"admin-backups-unread": BackupsPage{Admin: desk("privacy"), DrillAge: Span(92 * 24 * time.Hour), Unread: true, Unproven: true, Steps: drillSteps},
		"admin-breaches": BreachesPage{Admin: desk("privacy"), Now: "2026-11-24T13:32", Purposes: []Option{{"purpose:travel-news", "Reisnieuws"}}, Rows: []BreachRow{
			{What: "Een laptop is zoekgeraakt.", Scope: "all", Count: 12480, Since: now.AddDate(0, 0, -2), Until: now, AwareAt: now, ReportBy: now.AddDate(0, 0, 3), Pack: "/admin/privacy/breaches/1/pack", Action: "/admin/privacy/breaches/1"},
		}},
		"admin-attention": DashboardPage{Admin: desk("campaigns"), Attention: []DeskItem{{"overdue", "/admin/privacy/requests?state=open", 1, "bad"}, {"drill", "/admin/privacy/backups", 0, "warn"}}},
		"admin-imports": ImportsPage{
			Admin: desk("people"), Add: "/admin/imports", Purposes: []Option{{"travel-news", "Reisnieuws"}}, Processors: []Option{{"post", "Post B.V."}}, Bases: []string{"consent", "existing_customer", "contract", "other"},
			Locales: akkoord.Locales, KeptHours: 24, MegaBytes: 512, Follow: Follow{Going: true}, Next: "?after=3",
			Rows: []ImportRow{
				{URL: "/admin/imports/4", Purpose: "Reisnieuws", Basis: "consent", Phase: "importing", At: now, Rows: 1200, Total: 4000, Percent: 30}, {URL: "/admin/imports/3", Purpose: "Reisnieuws", Basis: "existing_customer", Phase: "ready", At: now, Rows: 4000, Percent: 100},
				{URL: "/admin/imports/2", Purpose: "Reisnieuws", Basis: "contract", Phase: "done", At: now, Rows: 12, Percent: 100}, {URL: "/admin/imports/1", Purpose: "Reisnieuws", Basis: "other", Phase: "failed", At: now},
			},
		},
		"admin-bulk-new": NewBulkActPage{
			Admin: desk("people"), Action: "/admin/bulk-acts", Filter: "purpose=travel-news&state=withdrawn", Back: "/admin/people?purpose=travel-news&state=withdrawn", Facts: bulkFacts(), Number: 1204, People: bulkSample(), Reason: "x", Kind: "erase",
			Kinds: bulkKinds, Purposes: []Option{{"travel-news", "Reisnieuws"}}, Interests: []string{"wintersport"}, Errors: FieldErrors{{Field: "reason", Code: "reason_personal", At: "reason"}},
		},
		"admin-bulk-new-many": NewBulkActPage{Admin: desk("people"), Action: "/admin/bulk-acts", Facts: bulkFacts(), Number: 10000, More: true, Kinds: bulkKinds[:3]},
		"admin-bulk-act": BulkActPage{
			Admin: desk("people"), BulkRow: BulkRow{Kind: "erase", State: "prepared", At: now, Total: 1204}, Facts: bulkFacts(), Reason: "De lijst vervalt.", By: "femke@zonvaart.example", People: bulkSample(), Action: "/admin/bulk-acts/1", Own: true, Last: now.Add(24 * time.Hour),
		},
		"admin-bulk-act-going": BulkActPage{
			Admin: desk("people"), BulkRow: BulkRow{Kind: "withdraw", Name: "Reisnieuws", State: "running", At: now, Dealt: 400, Total: 1204, Left: 40 * time.Second}, Facts: bulkFacts(), Reason: "De lijst vervalt.", By: "femke@zonvaart.example", Action: "/admin/bulk-acts/1",
			Outcomes: []BulkCount{{"acted", 390}, {"unchanged", 10}}, Follow: Follow{Going: true},
		},
		"admin-bulk-act-stopped": BulkActPage{
			Admin: desk("people"), BulkRow: BulkRow{Kind: "add_interest", Name: "wintersport", State: "stopped", At: now, Dealt: 400, Total: 1204}, Facts: PeopleFilter{Interest: "strand", Locale: "nl", Source: "form:home", Act: "joined", From: "2026-11-01", To: "2026-11-24"},
			Reason: "Wintercatalogus.", By: "femke@zonvaart.example", Why: "right_missing", Ended: now, Outcomes: []BulkCount{{"acted", 380}, {"changed", 10}, {"gone", 4}, {"no_grant", 4}, {"refused", 2}},
		},
		"admin-bulk-act-nobody":  BulkActPage{Admin: desk("people"), BulkRow: BulkRow{Kind: "restrict", State: "prepared", At: now}, Facts: bulkFacts(), Reason: "x", By: "femke@zonvaart.example", Action: "/admin/bulk-acts/1", Own: true, Last: now},
		"admin-bulk-act-others":  BulkActPage{Admin: desk("people"), BulkRow: BulkRow{Kind: "withdraw_all", State: "prepared", At: now, Total: 1}, Facts: bulkFacts(), Reason: "x", By: "femke@zonvaart.example", Action: "/admin/bulk-acts/1", Last: now},
		"admin-bulk-act-dropped": BulkActPage{Admin: desk("people"), BulkRow: BulkRow{Kind: "erase", State: "dropped", At: now, Total: 1204}, Facts: bulkFacts(), Reason: "x", By: "femke@zonvaart.example", Why: "restored", Ended: now},
		"admin-bulk-acts": BulkActsPage{Admin: desk("people"), Next: "?after=3", Follow: Follow{Going: true}, Rows: []BulkRow{
			{URL: "/admin/bulk-acts/4", Kind: "withdraw", Name: "Reisnieuws", State: "running", At: now, Dealt: 400, Total: 1204}, {URL: "/admin/bulk-acts/3", Kind: "remove_interest", Name: "wintersport", State: "collecting", At: now, Total: 5000},
			{URL: "/admin/bulk-acts/2", Kind: "erase", State: "dropped", At: now, Total: 12}, {URL: "/admin/bulk-acts/1", Kind: "restrict", State: "done", At: now, Dealt: 3, Total: 3},
		}},
		"admin-bulk-acts-none": BulkActsPage{Admin: desk("people")},
		"admin-imports-none":   ImportsPage{Admin: desk("people"), First: true, KeptHours: 24, MegaBytes: 512},
		"admin-import":         importPage(),
		"admin-import-going": ImportPage{
			Admin: desk("people"), ImportRow: ImportRow{Purpose: "Reisnieuws", Basis: "consent", Phase: "importing", At: now, Rows: 1200, Total: 4000, Percent: 30, Left: 40 * time.Second, Rate: 70}, By: "femke@zonvaart.example",
			Outcomes: []ImportCount{{Key: "added", N: 1200, Foreseen: 3900}}, Follow: Follow{Going: true},
		},
		"admin-import-unread": ImportPage{
			Admin: desk("people"), ImportRow: ImportRow{Purpose: "Reisnieuws", Basis: "other", Phase: "unread", At: now, Percent: 100}, Why: "The file has no column with addresses.", By: "femke@zonvaart.example", Source: "post", Action: "/admin/imports/9", Last: now,
			Columns: []ImportColumn{{Name: "Correo", Values: []string{"anouk@voorbeeld.example", ""}}}, Uses: akkoord.ImportColumns,
		},
		"admin-suppressions": SuppressionsPage{Admin: desk("people"), Kinds: []string{"unsubscribed", "hard_bounce", "complaint"}, Next: "?after=2", Rows: []SuppressionRow{
			{Kind: "hard_bounce", At: now, Person: "/admin/people/1", Address: "anouk@voorbeeld.example", Source: "dsn", Class: "hard", Status: "550 5.1.1", Mailing: "/admin/mailings/1", Lift: "/admin/suppressions/x"},
			{Kind: "complaint", At: now, Person: "/admin/people/2", Address: "bo@voorbeeld.example", Source: "arf"}, {Kind: "erased", At: now}}},
		"admin-suppressions-none": SuppressionsPage{Admin: desk("people"), Query: "anouk@voorbeeld.example"},
		"admin-look": LookPage{
			Admin: desk("campaigns"), Subject: "Drie dorpen waar de sneeuw al ligt", Mailing: "/admin/mailings/m3", Campaign: "Winter 2027", CampaignURL: "/admin/campaigns/winter-2027", Action: "/admin/mailings/m3/look",
			Frame: map[string]string{"light": "/admin/mailings/m3/preview?as=light", "dark": "/admin/mailings/m3/preview?as=dark", "text": "/admin/mailings/m3/preview?as=text"}, Variants: []Option{{Value: "0", Name: "A"}, {Value: "1", Name: "B"}},
			Locales: []string{"nl", "de"}, Variant: "1", Locale: "nl", Example: true, Person: "/admin/people/1",
		},
		"admin-left-out": LeftOutPage{Admin: desk("campaigns"), Subject: "Vroeg boeken: de Tiroler kaart", Back: "/admin/mailings/m1", Code: "withdrawn", Started: true, Next: "?code=withdrawn&after=51",
			People: []PersonRow{{URL: "/admin/people/p1", Address: "weg@voorbeeld.example", Name: "Anouk", Locale: "nl", Since: now, Consents: []ConsentBadge{{"Reisnieuws", "withdrawn"}}}}},
		"admin-archive": ArchivePage{Admin: desk("purposes"), Name: "Reisnieuws", Back: "/admin/purposes/travel-news", Action: "/admin/purposes/travel-news/archive", Active: 12480, Pending: 1, Round: true, Closed: 1,
			Mailings: []Running{{Subject: "Drie dorpen waar de sneeuw al ligt", URL: "/admin/mailings/m2", State: "sending"}, {Subject: "Welkom", URL: "/admin/mailings/m3", State: "sending", Series: true}, {Subject: "Skiweek", URL: "/admin/mailings/m1", State: "scheduled"}},
			Forms:    []Link{{"home", "/admin/forms/home"}, {"beurs", "/admin/forms/beurs"}}},
		"admin-edit-campaign": EditCampaignPage{Admin: desk("campaigns"), Name: "Winter 2027", NewName: "Winter 2028", Segment: "wintersport", Segments: []Option{{"wintersport", "wintersport"}}, Back: "/admin/campaigns/winter-2027", Action: "/admin/campaigns/winter-2027/edit", Read: 2,
			Errors: FieldErrors{{Field: "name", Code: "campaign_running", At: "name"}}},
		"admin-archive-back":      ArchivePage{Admin: desk("purposes"), Name: "Reisnieuws", Back: "/admin/purposes/travel-news", Action: "/admin/purposes/travel-news/archive", Active: 12480, ArchivedAt: now, Forms: []Link{{"home", "/admin/forms/home"}}},
		"admin-purposes-archived": PurposesPage{Admin: desk("purposes"), Archived: true, Others: 2, Purposes: []PurposeCard{{Slug: "travel-news", Name: "Reisnieuws", Basis: "consent", URL: "/admin/purposes/travel-news", Version: 2, Active: 12480, Archived: true}}},
		"admin-send-again":        AgainPage{Admin: desk("campaigns"), Subject: "Drie dorpen waar de sneeuw al ligt", Back: "/admin/mailings/m2", Action: "/admin/mailings/m2/send-again", State: "sent", Count: 2, Last: 1795514400000000, People: "/admin/mailings/m2?state=uncertain#deliveries"},
		"admin-send-again-none":   AgainPage{Admin: desk("campaigns"), Subject: "Skiweek", Back: "/admin/mailings/m1", State: "sending"},
		"admin-left-out-none":     LeftOutPage{Admin: desk("campaigns"), Subject: "Skiweek", Code: "bounced"},
		"admin-gate": GatePage{Admin: desk("people"), Email: "anouk@voorbeeld.example", About: "travel-news", At: "2026-11-01T09:30", Purposes: []Option{{"travel-news", "Reisnieuws"}}, Mailings: []Option{{"0193", "Vroeg boeken: de Tiroler kaart"}},
			Answered: true, Purpose: "Reisnieuws", Code: "withdrawn", Reason: "The person withdrew their consent for this purpose.", Person: "/admin/people/1"},
	}
}

func setup(here string) Setup {
	out := Setup{Admin: desk("campaigns"), Next: "/admin/setup/try"}
	for i, key := range []string{"who", "mail", "purpose", "try", "campaign"} {
		out.Steps = append(out.Steps, SetupStep{Key: key, URL: "/admin/setup/" + key, Done: i == 0, Here: key == here})
	}
	return out
}

func catching(s Setup) Setup {
	s.Caught, s.SeesCaught = true, true
	return s
}

func setupMail() SetupMailPage {
	return SetupMailPage{
		Setup: setup("mail"), Relay: "relay.example:587", TLS: "required", From: "Zonvaart <reis@zonvaart.example>", TestTo: "femke@zonvaart.example", Processor: "postrelais",
		Party: "/admin/privacy/processors?slug=postrelais#add", Blockers: []Blocker{{"no_agreement", ""}}, Tried: true,
		Tries:  []RelayStep{{Key: "connect"}, {Key: "greet"}, {Key: "tls"}, {"login", "relay_login", "relay failed at auth: 535 5.7.8 Wrong"}},
		Domain: "zonvaart.example", Findings: []DeliveryFinding{{Key: "spf", Verdict: "ok", Text: "fine"}, {Key: "dmarc", Verdict: "warn", Text: "no policy is published", Record: &TXTRecord{Name: "_dmarc.zonvaart.example", Value: "v=DMARC1; p=none"}}},
	}
}

func requests() RequestsPage {
	return RequestsPage{
		Admin: desk("privacy"), State: "open", Add: "/admin/privacy/requests", Kinds: []string{"access", "erasure"}, Channels: []string{"email", "phone"}, Now: "2026-11-24T13:32",
		Rows: []RequestRow{
			{URL: "/admin/privacy/requests/1", Kind: "access", State: "open", Channel: "phone", Email: "anouk@voorbeeld.example", ReceivedAt: now, DueOn: now.AddDate(0, 0, 5), Left: 5},
			{URL: "/admin/privacy/requests/2", Kind: "erasure", State: "open", Channel: "letter", Email: "bo@mail.example", Handler: "user:0190b3b5-0000-7000-8000-000000000001", ReceivedAt: now, DueOn: now.AddDate(0, 0, -1), Overdue: true},
			{URL: "/admin/privacy/requests/3", Kind: "objection", State: "done", Channel: "email", ReceivedAt: now, DueOn: now},
		},
	}
}

func request() RequestPage {
	return RequestPage{
		Admin: desk("privacy"), RequestRow: requests().Rows[0], Note: "Belt maandag terug.", Person: "/admin/people/1", Action: "/admin/privacy/requests/1", CanExtend: true,
	}
}

func processors() ProcessorsPage {
	return ProcessorsPage{
		Admin: desk("privacy"), Add: "/admin/privacy/processors", Roles: []string{"relay", "hosting"},
		Rows: []ProcessorRow{
			{Slug: "postrelais", Name: "Postrelais B.V.", Role: "relay", Country: "NL", Document: "Map 12", SignedOn: now.AddDate(-1, 0, 0), ValidUntil: now.AddDate(0, 1, 0), Allowed: true, Expiring: true, Action: "/admin/privacy/processors/postrelais"},
			{Slug: "clouds", Name: "Clouds Inc.", Role: "hosting"},
			{Slug: "old", Name: "Oud B.V.", Role: "support", EndedAt: now},
		},
	}
}

// record is a record of processing with an activity of each look.
func record() Record {
	said := func(texts ...string) (out []Said) {
		for _, t := range texts {
			out = append(out, Said{"x", t})
		}
		return out
	}
	return Record{
		Language: "nl", MadeAt: akkoord.Moment{Time: now}, Controller: "Zonvaart Reizen B.V.", Address: "Oudegracht 118, 3511 AW Utrecht", Contact: "privacy@zonvaart.example",
		Missing: said("De functionaris gegevensbescherming: stel AKKOORD_DPO in."), Security: said("Mail is ondertekend met DKIM."), Access: []RecordAccess{{"owner", "Eigenaar", 1, 0}},
		Activities: []RecordActivity{{
			Code: "mailing", Name: "Mailings: Reisnieuws", Why: "Reisideeën mailen.", Basis: said("Toestemming (artikel 6, lid 1, onder a)"), People: said("Wie mail krijgt"), Data: said("e-mailadres", "taal"), Kept: said("zolang iemand ingeschreven is"),
			Recipients: []RecordParty{{Slug: "post", Name: "Postrelais B.V.", Does: "bezorgt de mail", Country: "US", Outside: true, Document: "Map 12", Until: "2027-01-04"}},
		}, {Code: "suppression", Name: "Stoplijst", Why: "Niemand dubbel lastigvallen."}},
	}
}

func privacy() PrivacyPage {
	return PrivacyPage{
		Site: zonvaart("/privacy"), Version: 4, Since: now.AddDate(0, -2, 0), Older: []int{3, 2}, Controller: "Zonvaart Reizen B.V.", PendingDays: 14, ProofYears: akkoord.ProofYears,
		Relayed: true, LedgerKey: "3f9c27d04b8ea5616f2d9c80e1b7a4533f9c27d04b8ea5616f2d9c80e1b7a453",
		Purposes: []PrivacyPurpose{
			{"Reisnieuws", "Met uw e-mailadres, taal en interesses kiezen wij welke reizen wij u laten zien.", "consent",
				NewSilence(730, akkoord.Retention{AskAgainAfter: 14, ExpireAfter: 21, Signals: akkoord.Signals}), true},
			{"Aanbiedingen ski-uitrusting", "", "existing_customer", NewSilence(400, akkoord.Retention{AskAgainAfter: 1, ExpireAfter: 14, Signals: []akkoord.Signal{akkoord.SignalClick}}), false},
			{"Jaaroverzicht", "", "consent", nil, false},
		},
		Processors: []PrivacyProcessor{{Name: "Postrelais B.V.", Country: "NL", Role: "relay", SignedOn: now.AddDate(0, -8, 0)}, {Name: "Serverhuis Noord", Role: "hosting"},
			{Name: "Desk & Co", Country: "US", Role: "support", Outside: true, Transfer: "SCC 2021/914, module 2"}},
	}
}

// silent is a policy of a year.
func silent() Silence {
	return *NewSilence(365, akkoord.Retention{AskAgainAfter: 14, ExpireAfter: 21, Signals: akkoord.Signals})
}

// longAddress is of somebody without a name, whose address stands in the heading.
func longAddress() PersonPage {
	p := person()
	p.Name, p.Address = "", strings.Repeat("anouk-van-der-", 4)+"@"+strings.Repeat("reisbureau-", 5)+"voorbeeld.example"
	return p
}

func retention() RetentionPage {
	p := RetentionPage{Admin: desk("purposes"), Month: now, Next: "?month=2026-12", PendingDays: 14, Pending: 18, Purposes: []RetentionRow{
		{"Reisnieuws", "/admin/retention/travel-news", new(silent()), time.Time{}}, {"Aanbiedingen ski-uitrusting", "/admin/retention/ski-offers", nil, time.Time{}}, {"Jaaroverzicht", "/admin/retention/yearly", new(silent()), now},
	}}
	for at := time.Date(2026, time.October, 26, 12, 0, 0, 0, time.UTC); at.Before(time.Date(2026, time.December, 7, 0, 0, 0, 0, time.UTC)); at = at.AddDate(0, 0, 1) {
		d := RetentionDay{Day: at, In: at.Month() == time.November, Today: at.Day() == 24 && at.Month() == time.November}
		if at.Weekday() == time.Monday {
			p.Weeks = append(p.Weeks, nil)
		}
		if at.Day() >= 24 && at.Day()%2 == 1 {
			d.Acts = []RetentionAct{{"Reisnieuws", "ask", 312, "/admin/retention/travel-news/people?day=2026-11-27"}, {"Reisnieuws", "expire", 1, ""}, {"", "unconfirmed", 3, "/admin/unconfirmed?day=2026-11-27"}}
		}
		p.Weeks[len(p.Weeks)-1] = append(p.Weeks[len(p.Weeks)-1], d)
	}
	return p
}

func policyPage() PolicyPage {
	return PolicyPage{Admin: desk("purposes"), Slug: "travel-news", Name: "Reisnieuws", Action: "/admin/retention/travel-news", Policy: silent(), Asks: true, Trial: true, Active: 12480, Horizon: 60, PendingDays: 14, Stopped: now,
		Days: []RetentionDay{{Day: now, In: true, Acts: []RetentionAct{{"", "ask", 312, "/admin/retention/travel-news/people?day=2026-11-24"}, {"", "expire", 1, ""}}}}}
}

func saleRule() RuleRow {
	return RuleRow{Slug: "sale", URL: "/admin/rules/sale", Attribute: "last-purchase", Do: "set_basis", Basis: "existing_customer", Purpose: "Reisnieuws", Reason: "Kocht een reis en kon weigeren", Enabled: true, ChangedAt: now}
}

func ruleForm(read string) *RuleForm {
	return &RuleForm{Action: "/admin/rules", Row: saleRule(), SoldOn: "last-purchase", Sale: "order", Similar: true, RefusalOffered: true, Purposes: []Option{{"travel-news", "Reisnieuws"}},
		Attributes: []string{"last-purchase", "order"}, Dates: []string{"last-purchase"}, Forms: []string{"home"}, Read: read}
}

func dashboard() DashboardPage {
	return DashboardPage{Admin: desk("campaigns"), Active: 12480, Pending: 14, Left: 9, Follow: Follow{Going: true, Refresh: 5}, New: "/admin/campaigns/new", Lately: &Growth{Days: 30, Purposes: growthPage().Purposes, Forms: growthPage().Forms}, Campaigns: []CampaignCard{
		{Slug: "winter-2027", Name: "Winter 2027", Purpose: "Reisnieuws", URL: "/admin/campaigns/winter-2027", Mailings: []MailingRow{
			{ID: "m2", URL: "/admin/mailings/m2", Subject: "Drie dorpen waar de sneeuw al ligt", State: "sending", At: now, Progress: progress()},
			{ID: "m1", URL: "/admin/mailings/m1", Subject: "Vroeg boeken: de Tiroler kaart", State: "sent", At: now.AddDate(0, 0, -14), Progress: Progress{Total: 12411, Sent: 12380, Failed: 21, Skipped: 10}},
		}},
		{Slug: "ski", Name: "Skiwinkel", Purpose: "Aanbiedingen ski-uitrusting", URL: "/admin/campaigns/ski"},
	}}
}

func winterFilter() akkoord.Filter {
	return akkoord.Filter{Kind: akkoord.FilterAll, Of: []akkoord.Filter{
		{Kind: akkoord.FilterInterest, Text: "wintersport"},
		{Kind: akkoord.FilterNot, Of: []akkoord.Filter{{Kind: akkoord.FilterClicked, By: akkoord.ClickTopic, Text: "wintersport", Days: 90}}},
		{Kind: akkoord.FilterAttribute, Text: "city", Op: akkoord.OpEqual, Value: "Utrecht"},
		{Kind: akkoord.FilterConsentedBefore, At: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)},
	}}
}

func segmentForm() *SegmentForm {
	return &SegmentForm{Action: "/admin/segments/wintersport", Name: "Wintersport", Read: "2", Match: "all", Kinds: ConditionKinds, Ops: ConditionOps, Locales: akkoord.Locales,
		Names: akkoord.SegmentNames{Interests: []string{"strand", "wintersport"}, Topics: []string{"wintersport"}, Campaigns: []string{"winter-2027"}, Attributes: []string{"city"}, Sources: []string{"form:home", "import"}}}
}

func segmentPage() SegmentPage {
	f := segmentForm()
	for i, kind := range ConditionKinds {
		f.Rows = append(f.Rows, ConditionRow{Number: i, Kind: kind, Not: i == 4, Text: "wintersport"})
	}
	f.Rows[3].Text, f.Rows[3].Op, f.Rows[3].Value = "city", "eq", "Utrecht"
	f.Rows[7].Days = "0"
	return SegmentPage{Admin: desk("campaigns"), Slug: "wintersport", Name: "Wintersport", Uses: segmentUses(), Purpose: Option{"travel-news", "Reisnieuws"}, Filter: winterFilter(), Version: 2, People: "/admin/segments/wintersport/people",
		Counted: true, Count: 1204, AsOf: now, Form: f, Errors: FieldErrors{{Field: "row-7", Code: "filter_type", At: "row-7"}}}
}

func segmentUses() SegmentUses {
	return SegmentUses{Drafts: 2, Scheduled: 1, Series: 1, Begun: 61, More: true,
		Campaigns: []UsingCampaign{{Link: Link{"Winter 2027", "/admin/campaigns/winter-2027"}}, {Link: Link{"Winter 2026", "/admin/campaigns/winter-2026"}, Archived: true}},
		Mailings: []UsingMailing{{Subject: "De eerste sneeuw", URL: "/admin/mailings/1", State: "draft", Waits: true},
			{Subject: "Welkom in de sneeuw", URL: "/admin/mailings/2", State: "sending", Series: true, Waits: true}, {Subject: "Laatste plekken", URL: "/admin/mailings/3", State: "sent"}}}
}

func segmentArchived() SegmentPage {
	page := segmentPage()
	page.Errors, page.Archived, page.Uses, page.Form = nil, true, SegmentUses{}, segmentForm()
	return page
}

func segmentIdle() SegmentPage {
	page := segmentPage()
	page.Errors, page.Uses, page.Form = FieldErrors{{Field: "uses", Code: "segment_used", At: "uses"}}, SegmentUses{Begun: 1, Campaigns: segmentUses().Campaigns}, segmentForm()
	return page
}

// segmentFew is for somebody who may not read people.
func segmentFew(count int) SegmentPage {
	page := segmentPage()
	page.Errors, page.Uses, page.Form = nil, SegmentUses{}, segmentForm()
	page.Count, page.Step, page.People = count, 5, ""
	return page
}

// inSteps is a draft for somebody who may not read people.
func inSteps(page MailingPage) MailingPage {
	page.AudienceTotal, page.AudienceAllowed, page.AudienceStep, page.LeftOut, page.Blockers, page.Findings = 0, 0, 5, nil, nil, nil
	return page
}

func segmentTree() SegmentPage {
	page := segmentPage()
	page.Errors, page.Form = nil, segmentForm()
	page.Counted, page.Counting = false, true
	page.Filter = akkoord.Filter{Kind: akkoord.FilterAny, Of: []akkoord.Filter{winterFilter(), {Kind: akkoord.FilterLocale, Text: "de"}, {Kind: akkoord.FilterActive, Days: 1}}}
	page.Form.IsTree, page.Form.Tree = true, `{"any":[{"all":[]}]}`
	return page
}

func newCampaign() NewCampaignPage {
	return NewCampaignPage{Admin: desk("campaigns"), Name: "Winter 2027", Slug: "winter-2027", Purpose: "ski-offers", Purposes: []Option{{"travel-news", "Reisnieuws"}, {"ski-offers", "Aanbiedingen ski-uitrusting"}},
		Segments: []Option{{"wintersport", "wintersport (Reisnieuws)"}}, Errors: FieldErrors{{Field: "slug", Code: "slug_taken", At: "slug"}}}
}

func seriesPage() CampaignPage {
	row := func(id, subject, state string, line TriggerLine, facts SeriesFacts) SeriesRow {
		return SeriesRow{MailingRow: MailingRow{ID: id, URL: "/admin/mailings/" + id, Subject: subject, State: state}, Trigger: line, SeriesFacts: facts}
	}
	first := row("m1", "Fijn dat u er bent", "sending", TriggerLine{Key: "confirmed_now"}, SeriesFacts{Runs: true, Waits: true, Left: 3, Version: 2})
	first.Progress = progress()
	return CampaignPage{
		Admin: desk("campaigns"), CampaignCard: CampaignCard{Slug: "welkom", Name: "Welkom", Purpose: "Reisnieuws"}, Draft: "/admin/campaigns/welkom/mailings",
		Series: []SeriesRow{
			first, row("m2", "Drie tips", "sending", TriggerLine{Key: "after", Days: 2, Hours: 3, Name: "Fijn dat u er bent"}, SeriesFacts{Runs: true, Waits: true, Waiting: 41}),
			row("m3", "Bijna op reis", "paused", TriggerLine{Key: "date_before", Days: 7, Name: "departure", At: "09:00"}, SeriesFacts{Runs: true, Waits: true, Waiting: 812}),
			row("m6", "Gefeliciteerd", "sending", TriggerLine{Key: "date_yearly", Name: "born", At: "09:00", Year: 2027}, SeriesFacts{Runs: true, Waits: true, Waiting: 4000, Step: 5}),
			row("m7", "Bijna jarig", "sending", TriggerLine{Key: "date_before_yearly", Days: 3, Name: "born", At: "09:00", Year: 2027}, SeriesFacts{Runs: true, Waits: true, Step: 5}),
			row("m8", "Nog gefeliciteerd", "draft", TriggerLine{Key: "date_after_yearly", Days: 1, Name: "born", At: "09:00"}, SeriesFacts{}),
			row("m4", "Sneeuw", "draft", TriggerLine{Key: "clicked", Hours: 2, Name: "wintersport"}, SeriesFacts{Past: 12}),
			row("m5", "Nog daar?", "cancelled", TriggerLine{Key: "inactive", Days: 180}, SeriesFacts{}),
		},
	}
}

func seriesEdit() EditPage {
	page := draftPage()
	page.Running, page.Past, page.Before, page.Dates = true, 812, []Option{{"m1", "Fijn dat u er bent"}}, []string{"departure"}
	page.Form.Variants, page.Form.Trial = nil, false
	page.Form.Trigger = TriggerForm{On: "after", Days: "2", Hours: "3", Mailing: "m1", Every: "year", Past: true, Filtered: true}
	page.Errors = FieldErrors{{Field: "before", Code: "trigger_cycle", At: "before"}}
	return page
}

func seriesDraft() MailingPage {
	return MailingPage{
		Admin: desk("campaigns"), Campaign: "Welkom", CampaignURL: "/admin/campaigns/welkom", Purpose: "Reisnieuws", Action: "/admin/mailings/m4", MailingRow: MailingRow{ID: "m4", Subject: "Sneeuw", State: "draft"},
		CanSend: true, CanCancel: true, Edit: "/admin/mailings/m4/edit", Trigger: &TriggerLine{Key: "clicked", Days: 1, Name: "wintersport"}, Series: SeriesFacts{Past: 12},
	}
}

func draftPage() EditPage {
	return EditPage{
		Admin: desk("campaigns"), Title: "Drie dorpen waar de sneeuw al ligt", Campaign: "Winter 2027", CampaignURL: "/admin/campaigns/winter-2027", Action: "/admin/mailings/m3/edit", Mailing: "/admin/mailings/m3", Preview: "/admin/mailings/m3/preview",
		Fields: []MergeField{{`{{name | default: "…"}}`, "name"}, {"{{email}}", "email"}}, Zones: []string{"time-zone"},
		Form: MailingForm{
			Read: "1764000000000000", Subject: "Drie dorpen waar de sneeuw al ligt", Kind: "markdown", Body: "Hallo {{name}},\n\nDe sneeuw ligt er.", SendAt: "2026-12-24T09:00", Zone: "Europe/Amsterdam", ZoneAttribute: "time-zone",
			From: "09:00", Until: "08:00", Days: []string{"mon", "tue"}, PerHour: "2000", Missed: "skip", Trial: true, Share: "20", Measure: "clicks", WaitMinutes: "240", Expect: "0.03",
			Variants: []VariantForm{{Name: "A"}, {Name: "B", Subject: "Sneeuw!", At: "09:00"}},
		},
	}
}

// translationPage has an English text beside the Dutch, and none in French.
func translationPage() EditPage {
	page := draftPage()
	page.Languages = []LanguageRow{{Locale: "nl", URL: page.Action, Main: true, There: true}, {Locale: "en", URL: page.Action + "?in=en", There: true, Now: true}, {Locale: "de", URL: page.Action + "?in=de", Readers: 1}, {Locale: "fr", URL: page.Action + "?in=fr", Readers: 41}}
	page.Form = MailingForm{Read: page.Form.Read, Translation: "en", Sender: "Sunvoyage", Subject: "Three villages that have snow", Kind: "markdown", Body: "Hello {{name}},\n\nThe snow is there.",
		Variants: []VariantForm{{Was: "A", Name: "A"}, {Was: "B", Name: "B", Sender: "Sunvoyage", Subject: "Ice"}}}
	return page
}

// mainTextPage has a translation beside it, into the language that was chosen for it.
func mainTextPage() EditPage {
	page := draftPage()
	page.Languages = []LanguageRow{{Locale: "nl", URL: page.Action, Main: true, There: true, Now: true}, {Locale: "en", URL: page.Action + "?in=en", There: true}}
	page.Form.Language, page.Errors = "en", FieldErrors{{Field: "language", Code: "language_translated", At: "language"}}
	return page
}

// blocksPage has a block of each kind, one of them wrong and one without its picture yet.
func blocksPage() EditPage {
	page := draftPage()
	page.Look, page.Unsaved = "/admin/mailings/m3/look", true
	f := &page.Form
	f.Kind, f.Body, f.Variants, f.Trial = "blocks", "", []VariantForm{{Name: "A", Blocks: BlockList{Place: "v0"}}, {Name: "B", Blocks: BlockList{Place: "v1", Rows: []BlockRow{{Number: 20, Kind: "heading", Place: "v1", Text: "Sneeuw!", Level: "1", Reader: "only:wintersport", Interests: []string{"stedentrip", "wintersport"}}}}}}, false
	f.Blocks = BlockList{Place: "main", Rows: []BlockRow{
		{Number: 1, Kind: "heading", Place: "main", Text: "Drie dorpen waar de sneeuw al ligt", Level: "1"},
		{Number: 2, Kind: "text", Place: "main", Text: "Hallo {{name}},\n\nde sneeuw ligt er."},
		{Number: 3, Kind: "image", Place: "main", Image: "https://zonvaart.example/media/1", Picture: "/static/img/zonvaart.svg", Alt: "Een dorp in de sneeuw", URL: "https://zonvaart.example/"},
		{Number: 4, Kind: "button", Place: "main", Text: "Bekijk ze", Focus: "url", Title: "bewaard"},
		{Number: 5, Kind: "columns", Place: "main", Columns: []BlockList{
			{Place: "c5-0", Rows: []BlockRow{{Number: 6, Kind: "offer", Place: "c5-0", Title: "Tirol", Price: "vanaf € 299", Picking: true, Pictures: []PictureChoice{{"p1", "/static/img/zonvaart.svg", now}, {"p2", "/static/img/mark.svg", now}}}}},
			{Place: "c5-1"},
		}},
		{Number: 7, Kind: "divider", Place: "main"}, {Number: 8, Kind: "footer", Place: "main"},
	}}
	page.Errors = FieldErrors{{Field: "b4-url", Code: "row_block_incomplete", At: "b4-url"}}
	for i := range f.Blocks.Rows {
		f.Blocks.Rows[i].Errors = page.Errors
	}
	return page
}

func purposeWords() []PurposeWords {
	return []PurposeWords{
		{Locale: "nl", Open: true, Name: "Reisnieuws", Wording: newsWording, Explanation: "met uw e-mailadres kiezen wij reizen.", Frequency: "2 keer per maand"},
		{Locale: "en", Open: true, Name: "Travel news", Wording: "Yes, mail me travel news."}, {Locale: "de"}, {Locale: "fr"},
	}
}

func purposePage() EditPurposePage {
	return EditPurposePage{
		Admin: desk("purposes"), Name: "Reisnieuws", Action: "/admin/purposes/travel-news", Version: 2, CanChange: true, Form: PurposeForm{Read: "2", Change: "wider", Words: purposeWords()},
		Learning: LearnChoice{"/admin/purposes/travel-news/learning", 2},
		Public:   PublicArchive{On: true, Action: "/admin/purposes/travel-news/public-archive", URL: "https://mail.zonvaart.example/archive/travel-news", Feed: "https://mail.zonvaart.example/archive/travel-news/feed.xml"},
		Past:     []PastWords{{Version: 2, At: now, Change: "correction", Reason: "Duidelijker.", Words: purposeWords()[:2]}, {Version: 1, Words: purposeWords()[:1]}},
		Errors:   FieldErrors{{Field: "explanation-en", Code: "text_missing", At: "explanation-en"}},
	}
}

func formPage() EditFormPage {
	labels := []Label{{"nl", "Wintersport"}, {"en", "Winter sports"}, {"de", ""}, {"fr", ""}}
	return EditFormPage{
		Admin: desk("purposes"), Title: "Reisnieuws in uw mailbox", Action: "/admin/forms/home", Public: "/f/home", CanChange: true, Embed: "<form method=\"post\">…</form>",
		Figures: "/admin/forms/home/figures", Preview: "/admin/forms/home/preview", Pressed: "up:purpose:travel-news", Code: "/admin/forms/home/qr.svg", Address: "https://mail.zonvaart.example/f/home", Script: "https://mail.zonvaart.example/embed/home.js",
		Form: FormFields{
			Tracking: true, TrackingWords: []TrackingWords{{"nl", "Zonvaart Reizen mag zien op welke links ik klik.", "Ja, u mag …"}, {"en", "", "Yes, you may …"}, {"de", "", "Ja, Sie dürfen …"}, {"fr", "", "Oui, vous pouvez …"}},
			Read: "3", Challenge: "pow", Origins: "https://www.zonvaart.example",
			Boxes:     []PurposeBox{{Slug: "travel-news", Name: "Reisnieuws", Place: "1", Chosen: true, Languages: []string{"nl", "en"}, Focus: "up"}, {Slug: "ski-offers", Name: "Aanbiedingen ski-uitrusting", Languages: []string{"nl"}}},
			Words:     []FormWords{{Locale: "nl", Title: "Reisnieuws in uw mailbox", Intro: "U kiest.", Open: true}, {Locale: "en"}, {Locale: "de"}, {Locale: "fr"}},
			Interests: []InterestLine{{Slug: "wintersport", Labels: labels}, {Labels: []Label{{"nl", ""}, {"en", ""}, {"de", ""}, {"fr", ""}}}},
			Asks:      []AskLine{{Slug: "city", Purpose: "Reisnieuws", Ask: "required", Changeable: true, Labels: labels}},
		},
		Errors: FieldErrors{{Field: "origins", Code: "origin_invalid", At: "origins"}},
	}
}

func people() PeoplePage {
	return PeoplePage{Admin: desk("people"), Filter: peopleFilter(PeopleFilter{}), Total: 12480, Next: "?cursor=x", People: []PersonRow{
		{"/admin/people/1", "anouk@voorbeeld.example", "Anouk", "nl", []ConsentBadge{{"Reisnieuws", "active"}, {"Aanbiedingen ski-uitrusting", "pending"}}, now},
		{"/admin/people/2", "bo@mail.example", "", "en", []ConsentBadge{{"Reisnieuws", "withdrawn"}}, now.AddDate(0, -4, 0)},
	}}
}

func peopleFilter(f PeopleFilter) PeopleFilter {
	f.Purposes, f.States = []Option{{"travel-news", "Reisnieuws"}}, []string{"pending", "active", "withdrawn", "expired", "held"}
	f.Interests, f.Locales, f.Sources = []string{"strand", "wintersport"}, []string{"nl", "en", "de", "fr"}, []string{"form:home", "import"}
	f.Acts = []string{"asked", "answered", "confirmed", "joined", "left"}
	return f
}

func stopped(p PersonPage) PersonPage {
	p.Stops, p.PausedUntil = []string{"restricted", "hard_bounce"}, now.AddDate(0, 1, 0)
	return p
}

func person() PersonPage {
	return PersonPage{Admin: desk("people"), ID: "0193-7f", Address: "anouk@voorbeeld.example", Name: "Anouk", Locale: "nl", Interests: []string{"Wintersport", "Stedentrip"},
		Consents: []PersonConsent{{Purpose: "Reisnieuws", State: "active", Basis: "consent", Wording: newsWording, Version: 3, Since: now, Learning: true, Learned: []LearnedTopic{{"wintersport", "wintersport", 3, now}}}},
		Events: []EventRow{
			{Seq: 1, At: now.Add(-time.Hour), Kind: "requested", Purpose: "Reisnieuws", Source: "form:home", Version: 3, ToldIn: "Europe/Amsterdam"},
			{Seq: 2, At: now, Kind: "confirmed", Purpose: "Reisnieuws", Source: "link", Version: 3, ToldIn: "Europe/Amsterdam"},
			{Seq: 3, At: now.Add(time.Hour), Kind: "withdrawn", Purpose: "Aanbiedingen ski-uitrusting", Campaign: "winter-2027", Source: "mail", Actor: "de persoon", Clock: "+01:00"},
		}, Take: "/admin/people/1/take", Edit: "/admin/people/1/edit", Attributes: []Option{{Name: "city", Value: "Utrecht"}},
		Grants: []GrantRow{{ID: "g1", State: "in_force", Reason: "Helpdesk", Purposes: []string{"Reisnieuws"}, From: now}},
		Acts:   []PersonLink{{"resend", "/admin/people/1/resend"}, {"address", "/admin/people/1/address"}, {"withdraw", "/admin/people/1/withdraw"}, {"restrict", "/admin/people/1/restrict"}, {"unrestrict", "/admin/people/1/unrestrict"}, {"erase", "/admin/people/1/erase"}},
		Mails: []PersonMail{
			{Subject: "De sneeuw ligt er", URL: "/admin/mailings/m2", Campaign: "Winter 2027", State: "failed", Class: "hard", Code: "550 5.1.1", Attempts: 1, At: now},
			{Subject: "Herfst in de bergen", URL: "/admin/mailings/m1", Campaign: "Winter 2027", State: "skipped", Reason: "withdrawn", At: now}, {State: "queued", URL: "/admin/mailings/m0", Campaign: "Winter 2027"},
		}, Older: true, NextMails: "?after=7#mails",
		SetBasis: "/admin/people/1/basis", Purposes: []Option{{"travel-news", "Reisnieuws"}}}
}

func personAct(act string) PersonActPage {
	p := PersonActPage{Admin: desk("people"), Act: act, Action: "/admin/people/1/" + act, Person: Link{"Anouk (anouk@voorbeeld.example)", "/admin/people/1"}, Fits: true, Whole: true, Consents: 2, Lines: 3, Mails: 12, Waiting: 1, Today: "2026-11-24"}
	switch act {
	case "withdraw":
		p.Purposes, p.Campaigns = []Option{{"purpose:travel-news", "Reisnieuws"}}, []Option{{"campaign:winter-2027", "Winter 2027 (Reisnieuws)"}}
		p.Reason, p.Errors = "belde", FieldErrors{{Field: "what", Code: "what_missing", At: "what"}}
	case "resend":
		p.Purposes = []Option{{"ski-offers", "Aanbiedingen ski-uitrusting"}}
	case "erase":
		p.Person.Title = longAddress().Address
	}
	return p
}

func personEdit() PersonEditPage {
	return PersonEditPage{Admin: desk("people"), Action: "/admin/people/1/edit", Person: Link{"anouk@voorbeeld.example", "/admin/people/1"}, Names: true, Name: "Anouk", Locale: "nl", Locales: []string{"nl", "en", "de", "fr"},
		Interests: []Choice{{"stedentrip", false}, {"wintersport", true}}, Attributes: []AttributeField{{Slug: "city", Label: "city", Type: "text", Purpose: "Reisnieuws", Value: "Utrecht"}, {Slug: "sold_on", Label: "sold_on", Type: "date", Purpose: "Reisnieuws"}}}
}

func personStale() PersonEditPage {
	p := personEdit()
	p.Theirs = &PersonData{Name: "Anoek", Locale: "nl", Interests: []string{"wintersport"}, Attributes: []Option{{Name: "city", Value: "Zeist"}}}
	p.Errors = FieldErrors{{Field: "name", Code: "person_changed", At: "name"}, {Field: "attribute.sold_on", Code: "attribute_value", Text: "The value of sold_on is a day."}}
	return p
}

// TestGallery keeps every page as it was looked at; -update writes it anew.
func TestGallery(t *testing.T) {
	set := newSet(t)
	for name, page := range gallery() {
		for _, locale := range set.Locales() {
			if locale != "nl" && name != "signup" && name != "confirm" && name != "confirmed" && name != "unsubscribed" && name != "admin-mailing" && name != "admin-results" && name != "privacy" {
				continue
			}
			t.Run(name+"."+locale, func(t *testing.T) {
				var got bytes.Buffer
				if err := set.Render(&got, locale, page); err != nil {
					t.Fatal(err)
				}
				goldentest.Check(t, "golden/"+name+"."+locale+".html", got.Bytes())
			})
		}
	}
}

// ExampleSet_Render draws a page as a handler would.
func ExampleSet_Render() {
	set, err := New()
	if err != nil {
		panic(err)
	}
	page := ErrorPage{Status: http.StatusNotFound, Code: "form_unknown"}
	rec := httptest.NewRecorder()
	if err := set.Render(rec, set.Match("", "", "nl-BE, en;q=0.5", ""), page); err != nil {
		panic(err)
	}
	os.Stdout.WriteString(set.ErrorText("nl", page.Code, ""))
	// Output: Dit formulier bestaat niet, of niet meer.
}

func BenchmarkConfirmed(b *testing.B) {
	set := newSet(b)
	page := gallery()["confirmed"]
	var buf bytes.Buffer
	for b.Loop() {
		buf.Reset()
		if err := set.Render(&buf, "nl", page); err != nil {
			b.Fatal(err)
		}
	}
}

func newSet(t testing.TB) *Set {
	t.Helper()
	set, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// webhookRow is an endpoint of a CRM, whose agreement ended where it is on.
func webhookRow(state string) WebhookRow {
	row := WebhookRow{ID: state, URL: "https://hooks.crm.example/akkoord/0193f1a2-7c3d-7e10-9a4b-5c6d7e8f9012", Path: "/admin/webhooks/" + state, Party: "Klantenkaart B.V.", State: state,
		Events: []string{"person_confirmed", "person_left"}, Purposes: []string{"Reisnieuws"}, CreatedAt: now}
	switch state {
	case "on":
		row.Obstacles = []string{"agreement_expired"}
		row.OldUntil = now.Add(20 * time.Hour)
	case "failing":
		row.FailingSince = now.AddDate(0, 0, -6)
	}
	return row
}

func webhookForm(add bool) WebhookForm {
	f := WebhookForm{Action: "/admin/webhooks", New: add, Parties: []Option{{"klantenkaart", "Klantenkaart B.V."}}, Purposes: []Option{{"travel-news", "Reisnieuws"}, {"ski-offers", "Skiaanbiedingen"}},
		Events: []WebhookEventOption{{"person.subscribed", "person_subscribed"}, {"person.left", "person_left"}, {"mailing.finished", "mailing_finished"}}, Chosen: []string{"person.left"}}
	if !add {
		f.Action, f.URL, f.Processor, f.Purpose = "/admin/webhooks/on", "https://hooks.crm.example/akkoord", "klantenkaart", []string{"travel-news"}
	}
	return f
}

var drillSteps = []string{"fetched", "restored", "looked", "left", "deleted"}

func drillRow(fault, remark string) DrillRow {
	row := DrillRow{At: now.AddDate(0, -1, 0), CopyAt: now.AddDate(0, -1, -1), MadeAt: now.AddDate(0, -1, 0).Add(time.Hour), By: "femke@zonvaart.example", Place: "de reservemachine", Took: 42 * time.Minute, Fault: fault, Remark: remark}
	for i, step := range drillSteps {
		row.Steps = append(row.Steps, DrillStep{step, fault == "" || i < 1})
	}
	return row
}

// ledgerPage is the page of the ledger after a check, with one before it.
func ledgerPage(last LedgerCheckRow) LedgerPage {
	before := LedgerCheckRow{State: "verified", By: "webwinkel", At: now.AddDate(0, -1, 0), EndedAt: now.AddDate(0, -1, 0), Lines: 30100, Hash: strings.Repeat("a1b2c3d4", 8)}
	p := LedgerPage{Admin: desk("privacy"), Seq: 41220, At: now, Hash: strings.Repeat("3f9c27d0", 8), Fingerprint: strings.Repeat("a1b2c3d4", 8), Checks: []LedgerCheckRow{last, before}, Last: &last, Next: "?after=2"}
	p.Going = last.Busy()
	return p
}
