package dossier_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/dossier"
	"akkoord/pdf/pdftest"
	"akkoord/templates"
)

var noon = time.Date(2026, 11, 24, 11, 0, 3, 0, time.UTC)

// anouk is a bundle about somebody who signed up for one of two purposes,
// confirmed, and left again.
func anouk(t *testing.T) *akkoord.Bundle {
	t.Helper()
	facts, err := json.Marshal(akkoord.PrivacyFacts{Controller: "Zonvaart Reizen B.V.", PostalAddress: "Kade 1, 3511 AB Utrecht", Contact: "privacy@zonvaart.example"})
	if err != nil {
		t.Fatal(err)
	}
	request := akkoord.ID{9}
	b := &akkoord.Bundle{MadeAt: noon.Add(time.Hour), Fingerprint: strings.Repeat("3f9c", 16)}
	b.Person = akkoord.BundlePerson{
		Number: 42, Person: akkoord.PersonData{Email: "anouk@voorbeeld.example", Name: "Anouk de Vries <b>", Locale: "nl", CreatedAt: akkoord.Moment{Time: noon}},
		Consents:      []akkoord.ConsentRecord{{Purpose: "ski", State: akkoord.Withdrawn, Since: akkoord.Moment{Time: noon.Add(2 * time.Minute)}, Basis: akkoord.BasisConsent}},
		CampaignsLeft: []akkoord.CampaignLeftRecord{{Campaign: "winter-2027", At: akkoord.Moment{Time: noon}}},
		Suppressions:  []akkoord.SuppressionRecord{{Kind: "unsubscribed", At: akkoord.Moment{Time: noon}}},
	}
	ip := map[int64]string{7: `"ip":"192.0.2.0/24","ip_policy":"full","user_agent":"Firefox","filled_in":{"boots":"42"}`, 8: `"ip":"192.0.2.0/24","user_agent":"Firefox","ip_policy":"full"`, 9: `"user_agent":"Firefox","zone":"+01:00","told_in":"Europe/Amsterdam","ip_policy":"off"`}
	line := func(seq int64, kind akkoord.EventKind, source string) {
		b.Lines = append(b.Lines, akkoord.BundleLine{
			Seq: seq, At: akkoord.Moment{Time: noon.Add(time.Duration(seq-7) * time.Minute)}, Kind: kind, SubscriberID: 42, PurposeID: 2, Request: request,
			FormVersionID: 5, WordingVersion: 3, PrivacyVersion: 1, Locale: "nl", Source: source, Actor: akkoord.ActorPerson, Names: akkoord.LineNames{Purpose: "ski"},
		})
		b.Secrets.Lines = append(b.Secrets.Lines, akkoord.SecretLine{Seq: seq, Covered: `{"address":"anouk@voorbeeld.example",` + ip[seq] + `}`})
	}
	line(7, akkoord.Requested, "form:home")
	line(8, akkoord.Confirmed, "confirm")
	line(9, akkoord.Withdrew, "one-click")
	b.Secrets.Lines[0].WholeIP = akkoord.WholeIP{Reduced: akkoord.Moment{Time: noon.AddDate(0, 3, 0)}}
	b.Secrets.Lines[1].WholeIP = akkoord.WholeIP{Address: "192.0.2.77", Nonce: "00"}
	b.Texts = akkoord.BundleTexts{
		SignUps: []akkoord.BundleSignUp{{Seq: 7, At: akkoord.Moment{Time: noon}, Request: request, FormVersionID: 5, Locale: "nl", Boxes: []akkoord.BundleBox{
			{Purpose: "news", Version: 1}, {Purpose: "ski", Version: 3, Ticked: true},
		}}},
		Purposes: []akkoord.BundleText{
			{PurposeID: 1, Slug: "news", Version: 1, Locale: "nl", Text: akkoord.PurposeText{Name: "Reisnieuws", Explanation: "Ideeën.", Wording: "Ja, mail mij over reizen <3"}},
			{PurposeID: 2, Slug: "ski", Version: 3, Locale: "nl", Text: akkoord.PurposeText{Name: "Wintersport", Explanation: "Sneeuw.", Wording: "Ja, mail mij over wintersport"}},
			{PurposeID: 2, Slug: "ski", Version: 3, Locale: "en", Text: akkoord.PurposeText{Name: "Winter sports", Explanation: "Snow.", Wording: "Yes, mail me about winter sports"}},
		},
		Forms:   []akkoord.BundleForm{{ID: 5, Slug: "home", Number: 2, Purposes: []string{"news", "ski"}, Interests: []string{"langlaufen"}, Asks: []akkoord.FormAttribute{{Slug: "boots", Type: akkoord.AttributeNumber, Purpose: "ski"}}, Tracking: true, Texts: map[string]akkoord.FormText{"nl": {Title: "Blijf op de hoogte", Tracking: "U mag mijn kliks tellen"}}}},
		Privacy: []akkoord.BundlePrivacy{{Version: 1, Facts: facts}},
	}
	b.Mails = akkoord.BundleMails{
		SignUps:   []akkoord.SignUpMail{{Mail: akkoord.MailConfirm, MessageID: "abc", AskedAt: akkoord.Moment{Time: noon}, DoneAt: akkoord.Moment{Time: noon.Add(time.Second)}, Code: "250"}},
		Campaigns: []akkoord.CampaignMail{{DeliveryRecord: akkoord.DeliveryRecord{State: "sent", UpdatedAt: akkoord.Moment{Time: noon}}, Purpose: "ski", Subject: "Sneeuw in Lech"}},
	}
	b.Heads = []akkoord.BundleHead{{Seq: 9, At: akkoord.Moment{Time: noon}}}
	return b
}

func pages(t *testing.T, locale string) map[string][]byte {
	t.Helper()
	set, err := templates.New()
	if err != nil {
		t.Fatal(err)
	}
	home, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	all, err := dossier.Writer{Set: set, Zone: home}.In(locale)(anouk(t))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, p := range all {
		out[p.Name] = p.Data
		if folder := os.Getenv("AKKOORD_DOSSIER_SAMPLE"); folder != "" {
			if err := os.WriteFile(filepath.Join(folder, locale+"-"+p.Name), p.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return out
}

// M30: the document says in plain words who, what was shown, what was done
// when and in which zone, from where, what was mailed, and how to check it.
func TestM30TheDocumentTellsAll(t *testing.T) {
	missing := regexp.MustCompile(`(dossier|admin|language)\.[a-z_]+|\{\{|%!`)
	titles := map[string]string{"nl": "Bewijs van toestemming", "en": "Proof of consent", "de": "Nachweis der Einwilligung", "fr": "Preuve du consentement"}
	kept := map[string]string{"nl": "192.0.2.77 (volledig, tot uiterlijk", "en": "not kept: it was set so", "de": "192.0.2.77 (vollständig, bis spätestens", "fr": "192.0.2.0/24 (tronquée le"} // of IP addresses (F.7)
	for _, locale := range akkoord.Locales {
		shown := pdftest.Text(pages(t, locale)["dossier.pdf"])
		if found := missing.FindString(shown); found != "" {
			t.Errorf("%s: %q", locale, found)
		}
		whole := strings.Join(strings.Fields(shown), " ")
		for _, want := range []string{
			titles[locale], "anouk@voorbeeld.example", "Anouk de Vries <b>", "Zonvaart Reizen B.V.", "12", "CET, UTC+01:00", "Europe/Amsterdam", "192.0.2.0/24", "Firefox", kept[locale],
			"Ja, mail mij over wintersport", "Sneeuw in Lech", "winter-2027", "form-7.html", "abc@", strings.Repeat("3f9c", 16),
		} {
			if !strings.Contains(whole, want) && !strings.Contains(strings.ReplaceAll(whole, " ", ""), want) {
				t.Errorf("%s: %q is not in it", locale, want)
			}
		}
		if n := strings.Count(whole, "Ja, mail mij over wintersport"); n != 1 {
			t.Errorf("%s: the words stand there %d times", locale, n)
		}
	}
	if !bytes.Equal(pages(t, "nl")["dossier.pdf"], pages(t, "nl")["dossier.pdf"]) {
		t.Error("the same bundle gives another document")
	}
}

// Each kind of act, mail and outcome has words in each language.
func TestEveryKindHasWords(t *testing.T) {
	set, err := templates.New()
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{}
	for _, m := range []akkoord.SystemMail{
		akkoord.MailConfirm, akkoord.MailAlready, akkoord.MailOwnData, akkoord.MailAddress, akkoord.MailMoved, akkoord.MailContract, akkoord.MailRenew, akkoord.MailRenewAgain, akkoord.MailStill, akkoord.MailStillAgain,
	} {
		keys = append(keys, "dossier.mail_"+string(m))
	}
	for s := akkoord.Queued; s <= akkoord.Uncertain; s++ {
		keys = append(keys, "dossier.delivery_"+s.String())
	}
	for _, k := range []akkoord.SuppressionKind{
		akkoord.SuppressedUnsubscribed, akkoord.SuppressedObjection, akkoord.SuppressedErased, akkoord.SuppressedHardBounce, akkoord.SuppressedComplaint, akkoord.SuppressedBlocked,
	} {
		keys = append(keys, "dossier.stop_"+string(k))
	}
	for _, locale := range akkoord.Locales {
		for _, key := range keys {
			if set.T(locale, key) == key {
				t.Errorf("%s has no words for %s", locale, key)
			}
		}
	}
}

// M30, F.5: the form as it was shown, whole by itself, with the state of every
// box, and closed.
func TestM30TheFormAsItWasShown(t *testing.T) {
	page := string(pages(t, "en")["form-7.html"])
	for _, want := range []string{
		`<html lang="nl">`, "Blijf op de hoogte", "Ja, mail mij over reizen &lt;3", "Ja, mail mij over wintersport", "Langlaufen", `name="attribute.boots" value="42"`,
		"<form inert ", "Evidence, not a form to fill in. Form home, version 2", "<style>", "default-src &#39;none&#39;",
	} {
		if !strings.Contains(page, want) && !strings.Contains(page, strings.ReplaceAll(want, "&#39;", "'")) {
			t.Errorf("%q is not in the page", want)
		}
	}
	if n := strings.Count(page, " checked"); n != 1 || !strings.Contains(page, `value="ski" checked`) {
		t.Errorf("%d boxes are ticked", n)
	}
	for _, foreign := range []string{"/static/", `<link rel="stylesheet"`, "<script", `src="`, ` href="/`, "name=\"stamp\""} {
		if strings.Contains(page, foreign) {
			t.Errorf("%q is in the page", foreign)
		}
	}
}

// A form that is no longer known, and a bundle with nothing in it, make pages
// too.
func TestPagesOfLittle(t *testing.T) {
	set, err := templates.New()
	if err != nil {
		t.Fatal(err)
	}
	b := &akkoord.Bundle{Texts: akkoord.BundleTexts{SignUps: []akkoord.BundleSignUp{{Seq: 1, FormVersionID: 3}}}}
	all, err := dossier.Writer{Set: set}.In("nl")(b)
	if err != nil || len(all) != 1 || all[0].Name != "dossier.pdf" {
		t.Errorf("%d pages, %v", len(all), err)
	}
}
