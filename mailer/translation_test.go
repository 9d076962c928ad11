package mailer_test

import (
	netmail "net/mail"
	"slices"
	"strings"
	"testing"

	"akkoord"
	"akkoord/mailer"
	"akkoord/mailer/mailertest"
	"akkoord/store"
)

// TestEachReaderGetsTheTextOfTheirLanguage: over a real store and server readers of
// Dutch, English and French get the text of theirs, or the main one, with the footer of
// theirs, and the mail says which is which; their page in the browser is the same
// (issue 6.6, M24, ADR 60).
func TestEachReaderGetsTheTextOfTheirLanguage(t *testing.T) {
	w := newWorld(t, 0)
	ctx := t.Context()
	words := w.purpose.Texts["nl"]
	texts := map[string]akkoord.PurposeText{"nl": words, "en": {Name: "Travel news", Explanation: "On travel.", Wording: "Yes, mail me."}, "fr": {Name: "Voyages", Explanation: "Des voyages.", Wording: "Oui."}}
	var err error
	if w.purpose, err = w.store.AddPurposeTexts(ctx, "user:1", "travel-news", texts, akkoord.WordingChange{}); err != nil {
		t.Fatal(err)
	}
	locales := []string{"nl", "en", "fr"}
	for i, locale := range locales {
		if err := w.store.SeedPeople(ctx, []store.Seed{{Email: person(i), Name: "Sam", Locale: locale, Purposes: []akkoord.Purpose{w.purpose}, Origin: akkoord.Origin{Source: "form:home", FormID: 1}, RequestedAt: w.clock.Now(), ConfirmedAt: w.clock.Now()}}); err != nil {
			t.Fatal(err)
		}
	}
	m, err := w.store.PutMailing(ctx, "user:1", akkoord.Mailing{CampaignID: w.campaign.ID, Content: akkoord.Content{
		Subject: "Sneeuw", Markdown: "Beste {{name}}, [lees](https://www.example.org/nl)",
		Languages: map[string]akkoord.Translation{"en": {Sender: "Sunvoyage", Content: akkoord.Content{Subject: "Snow", Blocks: akkoord.FormatBlocks([]akkoord.Block{{Kind: akkoord.BlockText, Text: "Dear {{name}}, [read](https://www.example.org/en)"}})}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if m, err = w.store.StartMailing(ctx, "user:1", m.PublicID); err != nil {
		t.Fatal(err)
	}
	w.run()
	w.untilState(m, akkoord.MailingSent)
	for i, want := range []struct{ from, subject, text, footer, languages, html, around string }{
		{"Zonvaart Reizen", "Sneeuw", "Beste Sam", "Uitschrijven", "nl", `<html lang="nl"`, ""},
		{"Sunvoyage", "Snow", "Dear Sam", "Unsubscribe", "en", `<html lang="en"`, ""},
		{"Zonvaart Reizen", "Sneeuw", "Beste Sam", "désinscrire", "nl, fr", `<html lang="nl"`, `class="colophon" lang="fr"`},
	} {
		got := w.server.Messages(person(i).Address())
		if len(got) != 1 {
			t.Fatalf("a reader of %s got %d mails", locales[i], len(got))
		}
		c, err := mailertest.Parse(got[0].Raw)
		if err != nil {
			t.Fatal(err)
		}
		from, err := netmail.ParseAddress(c.Header["From"][0])
		if err != nil || from.Name != want.from || c.Header["Subject"][0] != want.subject || c.Header["Content-Language"][0] != want.languages {
			t.Errorf("who reads %s got %v, %v", locales[i], c.Header, err)
		}
		page, err := w.press().Web(ctx, m, w.standing(person(i)))
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range []string{c.HTML, string(page)} {
			if !strings.Contains(body, want.html) || !strings.Contains(body, want.around) || want.around == "" && strings.Contains(body, `class="colophon" lang`) {
				t.Errorf("who reads %s: languages of %s", locales[i], body)
			}
		}
		for _, body := range []string{c.Text, c.HTML, string(page)} {
			if !strings.Contains(body, want.text) || !strings.Contains(strings.ToLower(body), strings.ToLower(want.footer)) {
				t.Errorf("who reads %s lacks %q or %q: %s", locales[i], want.text, want.footer, body)
			}
		}
	}
}

// TestEveryLanguageIsChecked: what is wrong with a translation is told of it, and stops
// the whole mailing where it can't be composed.
func TestEveryLanguageIsChecked(t *testing.T) {
	w := newWorld(t, 0)
	ctx := t.Context()
	if _, err := w.store.AddPurposeTexts(ctx, "user:1", "travel-news", map[string]akkoord.PurposeText{"nl": w.purpose.Texts["nl"], "en": {Name: "Travel news", Explanation: "On travel.", Wording: "Yes."}}, akkoord.WordingChange{}); err != nil {
		t.Fatal(err)
	}
	m := akkoord.Mailing{CampaignID: w.campaign.ID, State: akkoord.MailingDraft, Content: akkoord.Content{Subject: "Sneeuw", Preheader: "Nu", Markdown: "Hallo"}}
	found := func(t2 akkoord.Translation) []string {
		t.Helper()
		m.Content.Languages = map[string]akkoord.Translation{"en": t2}
		all, err := (&mailer.Tester{Press: w.press()}).Checks(ctx, m, akkoord.Sender{From: "a", Controller: "b", PostalAddress: "c", Contact: "d", Relay: true, Processor: "own"})
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, f := range all {
			if f.Language != "" || f.Severity == akkoord.SeverityStop {
				out = append(out, f.Code+" "+f.Language+f.Message)
			}
		}
		return out
	}
	for _, tt := range []struct {
		t    akkoord.Translation
		want []string
	}{
		{akkoord.Translation{Content: akkoord.Content{Subject: "Snow", Preheader: "Now", Markdown: "Hello"}}, nil},
		{akkoord.Translation{Content: akkoord.Content{Subject: "Snow", Preheader: "Now"}}, []string{"translation_body en"}},
		{akkoord.Translation{Content: akkoord.Content{Preheader: "Now", Markdown: "![](https://a.example/b.png)Hello"}}, []string{"translation_subject en", "image_decorative en"}},
		{akkoord.Translation{Content: akkoord.Content{Subject: "Snow", Markdown: "[x](javascript:y)"}}, []string{`link_refused In language "en": `}},
		{akkoord.Translation{Content: akkoord.Content{Subject: "{{nmae}}", Markdown: "x"}}, []string{`unknown_field In language "en": `}},
	} {
		got := found(tt.t)
		if !slices.EqualFunc(got, tt.want, strings.HasPrefix) {
			t.Errorf("%+v: %q, want %q", tt.t.Content, got, tt.want)
		}
	}
}
