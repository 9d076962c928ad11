package akkoord

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mailed is a mailing of two variants in Dutch, in English, and in part in French.
func mailed() Mailing {
	return Mailing{
		State: MailingDraft,
		Content: Content{Subject: "Sneeuw", Preheader: "Nu", Markdown: "Hallo", Languages: map[string]Translation{
			"en": {Sender: "Sunvoyage", Content: Content{Subject: "Snow", Preheader: "Now", HTML: "<p>Hello</p>"}},
			"fr": {Content: Content{Subject: "Neige"}},
		}},
		Variants: []Variant{
			{Name: "A", Sender: "Femke"},
			{Name: "B", Content: Content{Subject: "Sneeuw!", Markdown: "Dag", Languages: map[string]Translation{"en": {Content: Content{Subject: "Snow!"}}, "de": {Content: Content{Markdown: "Tag"}}}}},
		},
	}
}

// TestEachReaderGetsTheTextOfTheirLanguage: a variant's translation, then the mailing's
// in that language, then the main text (issue 6.6, ADR 60).
func TestEachReaderGetsTheTextOfTheirLanguage(t *testing.T) {
	type got struct {
		Sender, Subject, Preheader, Markdown, HTML, In string
		Lacks                                          []string
	}
	for _, tt := range []struct {
		variant int
		locale  string
		want    got
	}{
		{0, "nl", got{"Femke", "Sneeuw", "Nu", "Hallo", "", "nl", nil}},
		{1, "nl-BE", got{"", "Sneeuw!", "Nu", "Dag", "", "nl", nil}},
		{0, "en", got{"Sunvoyage", "Snow", "Now", "", "<p>Hello</p>", "en", nil}},
		{1, "en-GB", got{"Sunvoyage", "Snow!", "Now", "", "<p>Hello</p>", "en", nil}},
		{0, "fr", got{"Femke", "Neige", "", "Hallo", "", "nl", []string{"body"}}},
		{1, "fr", got{"", "Neige", "", "Dag", "", "nl", []string{"body"}}},
		{0, "de", got{"Femke", "Sneeuw", "Nu", "Hallo", "", "nl", nil}},
		{1, "de", got{"", "Sneeuw!", "", "Tag", "", "de", []string{"subject"}}},
		{0, "es", got{"Sunvoyage", "Snow", "Now", "", "<p>Hello</p>", "en", nil}}, // whose mails are in English
		{-1, "en", got{"Sunvoyage", "Snow", "Now", "", "<p>Hello</p>", "en", nil}},
	} {
		text := mailed().Text(tt.variant, tt.locale)
		if d := cmp.Diff(tt.want, got{text.Sender, text.Subject, text.Preheader, text.Markdown, text.HTML, text.In(tt.locale, "nl"), text.Lacks}); d != "" {
			t.Errorf("variant %d in %s: %s", tt.variant, tt.locale, d)
		}
	}
	m := mailed()
	if d := cmp.Diff([]string{"nl", "en", "de", "fr"}, m.Written(Purpose{Texts: map[string]PurposeText{"en": {}, "nl": {}}})); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(mailed(), m); d != "" {
		t.Errorf("asking changed the mailing: %s", d)
	}
	m.Variants, m.Versions = nil, []Version{{Content: Content{Subject: "Eerst", Markdown: "x"}}, {Content: m.Content}}
	if was, is := m.Text(0, "en"), m.Text(m.Latest(), "en"); was.Subject != "Eerst" || is.Subject != "Snow" {
		t.Errorf("who was mailed before it was translated got %q, and now %q", was.Subject, is.Subject)
	}
}

// TestTranslationsAreHeldAgainstThePurpose: what can't be sent in a language, or is no
// translation, is refused by the name of its field.
func TestTranslationsAreHeldAgainstThePurpose(t *testing.T) {
	p := Purpose{Texts: map[string]PurposeText{"nl": {}, "en": {}}}
	in := func(locale string, c Content) map[string]Translation {
		return map[string]Translation{locale: {Content: c}}
	}
	some := Content{Subject: "x"}
	for _, tt := range []struct {
		spoil       func(*Mailing)
		field, code string
	}{
		{func(m *Mailing) {}, "", ""},
		{func(m *Mailing) { m.Content.Languages = in("xx", some) }, "languages.xx", "locale_unknown"},
		{func(m *Mailing) { m.Content.Languages = in("fr", some) }, "languages.fr", "translation_unworded"},
		{func(m *Mailing) { m.Content.Languages = in("nl", some) }, "languages.nl", "translation_main"},
		{func(m *Mailing) { m.Content.Languages = in("en", Content{Preheader: "x"}) }, "languages.en", "translation_empty"},
		{func(m *Mailing) { m.Content.Languages = in("en", Content{Subject: "a\nb"}) }, "languages.en.subject", "text_invalid"},
		{func(m *Mailing) { m.Content.Languages = in("en", Content{Markdown: "x", HTML: "y"}) }, "languages.en.html", "content_twice"},
		{func(m *Mailing) { m.Content.Languages = in("en", Content{Blocks: `[{"kind":"button","text":"x"}]`}) }, "languages.en.blocks[0].url", "block_incomplete"},
		{func(m *Mailing) { m.Content.Languages = in("en", Content{Subject: "x", Language: "en"}) }, "languages.en", "translation_nested"},
		{func(m *Mailing) { m.Content.Language = "xx" }, "language", "locale_unknown"},
		{func(m *Mailing) { m.Content.Language = "fr" }, "language", "translation_unworded"},
		{func(m *Mailing) { m.Content.Language, m.Content.Languages = "en", in("en", some) }, "languages.en", "translation_main"},
		{func(m *Mailing) { m.Content.Language, m.Content.Languages = "en", in("nl", some) }, "", ""},
		{func(m *Mailing) {
			m.Variants = []Variant{{Name: "A", Content: Content{Languages: in("fr", some)}}, {Name: "B"}}
		}, "variants.languages.fr", "translation_unworded"},
		{func(m *Mailing) {
			m.Variants = []Variant{{Name: "A", Content: Content{Languages: in("en", Content{})}}, {Name: "B"}}
		}, "variants.languages.en", "translation_empty"},
	} {
		m := Mailing{Content: Content{Subject: "Sneeuw", Markdown: "Hallo", Languages: in("en", some)}}
		tt.spoil(&m)
		err := m.Check()
		if err == nil {
			err = m.CheckLanguages(p)
		}
		field := ""
		if e, ok := err.(*Error); ok {
			field = e.Field
		}
		if field != tt.field || CodeOf(err) != tt.code {
			t.Errorf("%s %s, want %s %s: %v", field, CodeOf(err), tt.field, tt.code, err)
		}
	}
}

// TestWhatStopsATranslationNamesItsLanguage: nothing broken goes out in one language
// while another is fine.
func TestWhatStopsATranslationNamesItsLanguage(t *testing.T) {
	m := mailed()
	m.Content.Languages["en"] = Translation{Content: Content{Subject: "{{nmae}}", Markdown: "x"}}
	m.Variants = nil
	why := m.contents()
	if len(why) != 1 || why[0].Code != "unknown_field" || why[0].Message[:17] != `In language "en":` {
		t.Errorf("%+v", why)
	}
	same := mailed()
	if !same.Content.Equal(mailed().Content) || same.Content.Equal(m.Content) {
		t.Error("contents that differ in a translation differ")
	}
}

// TestAVariantWhoseTranslationLacksItsOwnPartsIsTold: its readers in that language get the
// mailing's, so that the variant reaches nobody there (issue 6.6).
func TestAVariantWhoseTranslationLacksItsOwnPartsIsTold(t *testing.T) {
	m := mailed()
	for _, tt := range []struct {
		variant int
		locale  string
		want    []string
	}{
		{0, "en", nil}, {1, "en", []string{"body"}}, {1, "fr", []string{"subject"}}, {1, "de", nil}, {1, "nl", nil}, {2, "en", nil}, {-1, "en", nil},
	} {
		if diff := cmp.Diff(tt.want, m.Untranslated(tt.variant, tt.locale)); diff != "" {
			t.Errorf("variant %d in %s (-want +got):\n%s", tt.variant, tt.locale, diff)
		}
	}
}
