package api_test

import (
	"slices"
	"strings"
	"testing"

	"akkoord"
)

// TestAMailingHasTextsInSeveralLanguages: they come back as they went in, a PATCH replaces
// them, previews and tests are in the language asked for, and what is wrong is told by the
// field of its language (issue 6.6, ADR 60).
func TestAMailingHasTextsInSeveralLanguages(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	const english = `{"en":{"subject":"Snow","preheader":"Now","blocks":[{"kind":"text","text":"The snow is there."}],"sender":"Sunvoyage"}}`
	a := f.must("POST", "/campaigns/winter-2027/mailings", `{"subject":"Sneeuw","markdown":"De sneeuw ligt er.","languages":`+english+`,"variants":[{"name":"A"},{"name":"B","subject":"IJs","languages":{"en":{"subject":"Ice"}}}]}`)
	path := "/mailings/" + a.str("id")
	if a = f.must("GET", path, ""); !strings.Contains(a.raw, `"languages":`+english) || !strings.Contains(a.raw, `"languages":{"en":{"subject":"Ice"}}`) || !strings.Contains(a.raw, `"language":null`) {
		t.Errorf("%s", a.raw)
	}
	f.must("POST", path+"/test", `{"email":"femke@zonvaart.example","locale":"each"}`)
	if want := []string{"Sneeuw|nl|femke@zonvaart.example", "Sneeuw|en|femke@zonvaart.example"}; !slices.Equal(f.mail.sent, want) {
		t.Errorf("tests in each language: %v", f.mail.sent)
	}
	for range akkoord.TestMails - 3 {
		f.must("POST", path+"/test", `{"email":"femke@zonvaart.example"}`)
	}
	if a := f.call(akkoord.RoleOwner, "POST", path+"/test", `{"email":"femke@zonvaart.example","locale":"each"}`); a.status != 429 || len(f.mail.sent) != akkoord.TestMails-1 {
		t.Errorf("two copies where one is left: %d %s, %d sent", a.status, a.raw, len(f.mail.sent))
	}
	if a := f.must("GET", "/audit?limit=200", ""); strings.Count(a.raw, `"note":"A, en"`) != 1 || strings.Count(a.raw, `"note":"A, nl"`) != akkoord.TestMails-2 {
		t.Errorf("the trail: %s", a.raw)
	}
	if a := f.call(akkoord.RoleOwner, "GET", path+"/preview?locale=each", ""); a.status != 422 || a.str("field") != "locale" {
		t.Errorf("a preview in each language: %d %s", a.status, a.raw)
	}
	f.must("PATCH", path, `{"subject":"Nog meer sneeuw"}`)
	if a = f.must("GET", path, ""); !strings.Contains(a.raw, `"languages":`+english) {
		t.Errorf("a change of something else lost the translation: %s", a.raw)
	}
	for body, want := range map[string][2]string{
		`{"languages":{"xx":{"subject":"x"}}}`:                                        {"locale_unknown", "languages.xx"},
		`{"languages":{"de":{"subject":"x"}}}`:                                        {"translation_unworded", "languages.de"},
		`{"languages":{"nl":{"subject":"x"}}}`:                                        {"translation_main", "languages.nl"},
		`{"languages":{"en":{}}}`:                                                     {"translation_empty", "languages.en"},
		`{"languages":{"en":{"subject":"x","markdown":"x","html":"y"}}}`:              {"content_twice", "languages.en.html"},
		`{"languages":{"en":{"subject":"` + strings.Repeat("x", 3000) + `"}}}`:        {"text_too_long", "languages.en.subject"},
		`{"languages":{"en":{"blocks":[{"kind":"button","text":"x"}]}}}`:              {"block_incomplete", "languages.en.blocks[0].url"},
		`{"language":"de"}`:                                                           {"translation_unworded", "language"},
		`{"language":"en"}`:                                                           {"translation_main", "languages.en"},
		`{"variants":[{"name":"A","languages":{"fr":{"subject":"x"}}},{"name":"B"}]}`: {"translation_unworded", "variants.languages.fr"},
	} {
		if a := f.call(akkoord.RoleOwner, "PATCH", path, body); a.status != 422 || a.str("code") != want[0] || a.str("field") != want[1] {
			t.Errorf("%.80s: %d %s", body, a.status, a.raw)
		}
	}
	if a := f.call(akkoord.RoleOwner, "PATCH", path, `{"languages":{"en":{"subject":"x","onclick":"y"}}}`); a.status != 422 {
		t.Errorf("an unknown part: %d %s", a.status, a.raw)
	}
	if a = f.must("PATCH", path, `{"languages":{"en":{"subject":"Snow","markdown":"[x](javascript:y)"}}}`); a.status != 200 {
		t.Error(a.raw)
	}
	if a = f.must("GET", path+"/checks", ""); !strings.Contains(a.raw, `"code":"link_refused"`) || !strings.Contains(a.raw, `In language \"en\"`) {
		t.Errorf("%s", a.raw)
	}
	if a = f.must("PATCH", path, `{"languages":{}}`); !strings.Contains(a.raw, `"languages":{},`) {
		t.Errorf("%s", a.raw)
	}
}
