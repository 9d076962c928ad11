package storetest

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// testTranslations: a mailing keeps its languages, is refused those of its purpose that
// there are not, asks for the interests of each reader's own text, and is shown to each in
// their language, in their proof too (issue 6.6, ADR 60).
func testTranslations(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	blocks := akkoord.FormatBlocks([]akkoord.Block{{Kind: akkoord.BlockText, Text: "Hello"}, {Kind: akkoord.BlockText, Text: "Ski", Only: "wintersport"}})
	m := a.Mailing
	m.Content.Languages = map[string]akkoord.Translation{"en": {Sender: "Sunvoyage", Content: akkoord.Content{Subject: "Snow", Blocks: blocks}}}
	m.Variants = []akkoord.Variant{{Name: "A"}, {Name: "B", Content: akkoord.Content{Subject: "IJs", Languages: map[string]akkoord.Translation{"en": {Content: akkoord.Content{Subject: "Ice"}}}}}}
	m = must(a.PutMailing(ctx, Admin, m))(t)
	want := m.Content.Languages["en"]
	if read := must(a.MailingByID(ctx, m.ID))(t); !cmp.Equal(read.Content.Languages["en"], want) || read.Variants[1].Languages["en"].Subject != "Ice" {
		t.Fatalf("read back: %+v", read)
	}
	wrong := m
	wrong.Content.Languages = map[string]akkoord.Translation{"fr": {Content: akkoord.Content{Subject: "Neige"}}}
	if _, err := a.PutMailing(ctx, Admin, wrong); akkoord.CodeOf(err) != "translation_unworded" {
		t.Errorf("a language that the purpose has no texts in: %v", err)
	}
	wrong.Content.Languages = map[string]akkoord.Translation{"en": {Content: akkoord.Content{Subject: "Snow", Blocks: akkoord.FormatBlocks([]akkoord.Block{{Kind: akkoord.BlockText, Text: "x"}, {Kind: akkoord.BlockText, Text: "x", Only: "golf"}})}}}
	if _, err := a.PutMailing(ctx, Admin, wrong); akkoord.CodeOf(err) != "interest_unknown" {
		t.Errorf("a translation for an interest that there is not: %v", err)
	}

	var people []akkoord.Standing
	for address, locale := range map[string]string{"nl@voorbeeld.example": "nl", "en@voorbeeld.example": "en", "fr@voorbeeld.example": "fr", "uk@voorbeeld.example": "en"} {
		st := a.active(t, address, a.News)
		if err := a.SetProfile(ctx, st.Subscriber.PublicID, akkoord.Profile{Locale: &locale}, byAdmin); err != nil {
			t.Fatal(err)
		}
		people = append(people, must(a.Standing(ctx, st.Subscriber.PublicID))(t))
	}
	m = must(a.StartMailing(ctx, Admin, m.PublicID))(t)
	for {
		w := must(a.Claim(ctx))(t)
		if w == nil {
			break
		}
		for i, r := range w.Recipients {
			if asks := r.Locale == "en"; slices.Equal(r.Interests, []string{"wintersport"}) != asks || !asks && len(r.Interests) > 0 {
				t.Errorf("of a reader of %s it is known what they chose: %v", r.Locale, r.Interests)
			}
			noFault(t, a.Mark(w, i, a.Clock.Now()))
			a.Note(w, i, akkoord.Result{State: akkoord.Sent, Code: "250", At: a.Clock.Now(), FirstAt: a.Clock.Now(), Attempts: 1})
		}
		noFault(t, a.Release(ctx, w))
	}
	for _, st := range people {
		s := st.Subscriber
		d := must(a.DeliveryTo(ctx, m.ID, s.ID))(t)
		text := m.Text(d.Variant, s.Locale)
		if sent := must(a.MailsTo(ctx, s.ID, 0, 9))(t); len(sent) != 1 || sent[0].Subject != text.Subject {
			t.Errorf("who reads %s is shown %+v, want %q", s.Locale, sent, text.Subject)
		}
		var mails akkoord.BundleMails
		file := unzip(t, must(a.EvidenceBundle(ctx, "key:7", s.PublicID, "", nil))(t))["mails.json"]
		if err := json.Unmarshal(file, &mails); err != nil {
			t.Fatal(err)
		}
		if c := mails.Campaigns; len(c) != 1 || c[0].Subject != text.Subject || c[0].Markdown != text.Markdown || c[0].Blocks != text.Blocks || c[0].Languages["en"].Blocks != blocks {
			t.Errorf("the proof of who reads %s: %+v", s.Locale, c)
		}
	}
}
