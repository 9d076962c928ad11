package api_test

import (
	"strings"
	"testing"

	"akkoord"
)

// TestAMailingIsWrittenInBlocks: they come back as they went in, take the place of
// Markdown when told so, and what can't be drawn is refused by its block (ADR 46).
func TestAMailingIsWrittenInBlocks(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	const blocks = `[{"kind":"heading","text":"Sneeuw","level":1},{"kind":"columns","columns":[[{"kind":"text","text":"**Tirol**"}],[{"kind":"image","image":"https://a.example/b.png","alt":"Berg"}]]},{"kind":"button","text":"Kijk","url":"https://a.example/","topic":"wintersport"}]`
	a := f.must("POST", "/campaigns/winter-2027/mailings", `{"subject":"x","blocks":`+blocks+`,"variants":[{"name":"A"},{"name":"B","blocks":[{"kind":"text","text":"anders"}]}]}`)
	path := "/mailings/" + a.str("id")
	if a = f.must("GET", path, ""); !strings.Contains(a.raw, `"blocks":`+blocks) || !strings.Contains(a.raw, `"blocks":[{"kind":"text","text":"anders"}]`) || !strings.Contains(a.raw, `"markdown":""`) {
		t.Errorf("%s", a.raw)
	}
	f.must("PATCH", path, `{"blocks":[],"markdown":"weer tekst"}`)
	f.must("PATCH", path, `{"blocks":`+blocks+`,"markdown":""}`)
	if a = f.must("GET", path+"/checks", ""); !strings.Contains(a.raw, `"sendable":true`) {
		t.Errorf("%s", a.raw)
	}
	for body, code := range map[string]string{
		`{"blocks":` + blocks + `,"markdown":"x"}`:                                          "content_twice",
		`{"blocks":[{"kind":"button","text":"x"}]}`:                                         "block_incomplete",
		`{"blocks":[{"kind":"script"}]}`:                                                    "value_invalid",
		`{"blocks":[{"kind":"text","text":"x","onclick":"y"}]}`:                             "field_unknown",
		`{"blocks":[{"kind":"columns","columns":[[{"kind":"text"}]]}]}`:                     "block_columns",
		`{"blocks":[` + strings.Repeat(`{"kind":"divider"},`, 200) + `{"kind":"divider"}]}`: "block_count",
	} {
		if a := f.call(akkoord.RoleOwner, "PATCH", path, body); a.status != 422 || a.str("code") != code {
			t.Errorf("%.80s: %d %s", body, a.status, a.raw)
		}
	}
}
