package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

// Issue 6, M16: whether interests are learned from clicks is said at the purpose, by who
// may change it; a segment can ask for them, and says what that is and when it holds for
// nobody.
func TestAPurposeIsToldWhetherItLearns(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	const path = "/admin/purposes/travel-news"
	b := f.as(akkoord.RoleOwner)
	after := func(want int) {
		t.Helper()
		p, err := f.store.Purpose(t.Context(), "travel-news")
		if f.check(err); p.LearnAfter != want {
			t.Errorf("it learns after %d links, want %d", p.LearnAfter, want)
		}
	}
	b.get(path, `action="`+path+`/learning"`, "never: nothing is learned")
	analyst := f.as(akkoord.RoleAnalyst)
	if r := analyst.get(path); strings.Contains(r.body, path+"/learning") {
		t.Error("an analyst is offered to change it")
	}
	if r := analyst.send("POST", path+"/learning", "learn_after_links=1"); r.status != http.StatusForbidden && r.status != http.StatusNotFound {
		t.Errorf("an analyst gets %d", r.status)
	}
	segment := condition(url.Values{"purpose": {"travel-news"}, "match": {"all"}, "act": {"count"}}, "0", "learned", "text", "wintersport")
	has(t, b.send("POST", "/admin/segments", segment.Encode()), "so it holds for nobody", "likes wintersport, as learned from clicks")
	b.post(path+"/learning", path+"#learning", url.Values{"learn_after_links": {"2"}})
	after(2)
	b.get(path, `<option value="2" selected>after 2 links about it</option>`)
	for _, bad := range []string{"6", "-1", "x", ""} {
		r := b.send("POST", path+"/learning", url.Values{"learn_after_links": {bad}}.Encode())
		if r.status != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d", bad, r.status)
		}
		has(t, r, `id="learn_after_links-e"`)
	}
	after(2)
	has(t, b.send("POST", "/admin/segments", segment.Encode()), "Nobody chose this", `value="wintersport"`)
	segment.Set("act", "save")
	segment.Set("slug", "skiers")
	b.post("/admin/segments", "/admin/segments/skiers", segment)
	has(t, b.get("/admin/segments/skiers"), `name="kind-0" value="learned"`, `value="wintersport"`)
}
