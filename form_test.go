package akkoord

import "testing"

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
