package akkoord

import (
	"strings"
	"testing"
	"time"
)

// What a form asks about attributes is completed by these, in the order of its boxes; what
// can't be asked is told, and an archived purpose is left out.
func TestAFormIsCompleted(t *testing.T) {
	text := map[string]PurposeText{"nl": {Name: "N", Explanation: "E", Wording: "W"}}
	news, ski, old := Purpose{ID: 1, Slug: "news", Texts: text}, Purpose{ID: 2, Slug: "ski", Texts: text}, Purpose{ID: 3, Slug: "old", Texts: text, ArchivedAt: time.Unix(1, 0)}
	attributes := []Attribute{{Slug: "city", Type: AttributeText, PurposeID: 1}, {Slug: "shoe", Type: AttributeNumber, PurposeID: 2}}
	complete := func(v FormVersion) (FormVersion, []Purpose, error) {
		return v.Complete([]Purpose{news, ski, old}, attributes)
	}
	v, asked, err := complete(FormVersion{Purposes: []string{"old", "ski", "news"}, Asks: []FormAttribute{{Slug: "shoe", Required: true}}})
	if err != nil || len(asked) != 3 || asked[1].Slug != "ski" || v.Asks[0] != (FormAttribute{Slug: "shoe", Type: AttributeNumber, Purpose: "ski", Required: true}) {
		t.Errorf("completed: %+v, %+v, %v", v, asked, err)
	}
	if v, open := v.Open(asked); strings.Join(v.Purposes, " ") != "ski news" || len(open) != 2 {
		t.Errorf("open are %+v", v.Purposes)
	}
	for code, v := range map[string]FormVersion{
		"purpose_unknown":          {Purposes: []string{"none"}},
		"attribute_unknown":        {Purposes: []string{"news"}, Asks: []FormAttribute{{Slug: "none"}}},
		"purpose_limitation":       {Purposes: []string{"news"}, Asks: []FormAttribute{{Slug: "shoe"}}},
		"purpose_language_missing": {Purposes: []string{"news"}, Texts: map[string]FormText{"fr": {Title: "T"}}},
	} {
		if _, _, err := complete(v); CodeOf(err) != code {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// TestFormLanguages: a form is public in no language in which a purpose lacks
// texts.
func TestFormLanguages(t *testing.T) {
	text := PurposeText{Name: "N", Explanation: "E", Wording: "W"}
	purpose := func(slug string, locales ...string) Purpose {
		p := Purpose{Slug: slug, Texts: map[string]PurposeText{}}
		for _, l := range locales {
			p.Texts[l] = text
		}
		return p
	}
	dutch, english, both := purpose("nieuws", "nl"), purpose("news", "en"), purpose("offers", "nl", "en")
	for name, tt := range map[string]struct {
		texts    map[string]FormText
		purposes []Purpose
		field    string // "" when it is fine
	}{
		"texts in its one language": {map[string]FormText{"nl": {}}, []Purpose{dutch}, ""},
		"no texts of its own":       {nil, []Purpose{dutch, both}, ""},
		"texts in another language": {map[string]FormText{"nl": {}, "en": {}}, []Purpose{both, dutch}, "texts"},
		"nothing in common":         {nil, []Purpose{dutch, english}, "purposes"},
	} {
		err := FormVersion{Texts: tt.texts}.CheckLanguages(tt.purposes)
		if e, ok := err.(*Error); (err == nil) != (tt.field == "") || ok && (e.Field != tt.field || e.Code != "purpose_language_missing") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
