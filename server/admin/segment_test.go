package admin_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"akkoord"
)

// condition adds a row of a segment's form.
func condition(in url.Values, at, kind string, more ...string) url.Values {
	in.Add("row", at)
	in.Set("kind-"+at, kind)
	for i := 0; i < len(more); i += 2 {
		in.Set(more[i]+"-"+at, more[i+1])
	}
	return in
}

// M15: a segment is built condition by condition, counted, told in words, saved as
// versions, and its people are listed with a line in the audit trail (M27).
func TestASegmentIsBuiltInTheBrowserM15(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	f.person("anouk@voorbeeld.example")
	f.person("bram@voorbeeld.example")
	b := f.as(akkoord.RoleManager)
	has(t, b.get("/admin/segments"), "No segments yet", `href="/admin/segments/new"`)
	has(t, b.get("/admin/segments/new?purpose=travel-news"), "Everybody of this purpose", `<b class="num">2</b>`)
	in := func() url.Values { return url.Values{"purpose": {"travel-news"}, "match": {"all"}} }

	typed := in()
	typed.Set("act", "add")
	typed.Set("add", "locale")
	has(t, b.send("POST", "/admin/segments", typed.Encode()), `name="kind-0" value="locale"`, "reads Nederlands", `<b class="num">2</b>`)

	typed = condition(condition(in(), "0", "locale", "text", "nl"), "4", "consented_before", "at", "2001-01-01")
	typed.Set("act", "remove-4")
	r := b.send("POST", "/admin/segments", typed.Encode())
	has(t, r, `name="kind-0"`, `<b class="num">2</b>`)
	if strings.Contains(r.body, `kind-4`) {
		t.Error("a condition that was removed is still there")
	}

	typed = condition(condition(in(), "0", "locale", "text", "nl"), "1", "clicked_topic", "text", "wintersport", "days", "30", "not", "1")
	typed.Set("act", "save")
	typed.Set("slug", "dutch")
	b.post("/admin/segments", "/admin/segments/dutch", typed)
	has(t, b.get("/admin/segments/dutch"), "not:</b> clicked a link about wintersport within the last 30 days", `name="read" value="1"`, `<b class="num">2</b>`, `value="30"`)
	g, err := f.store.Segment(t.Context(), "dutch")
	f.check(err)
	want := akkoord.Filter{Kind: akkoord.FilterAll, Of: []akkoord.Filter{
		{Kind: akkoord.FilterLocale, Text: "nl"}, {Kind: akkoord.FilterNot, Of: []akkoord.Filter{{Kind: akkoord.FilterClicked, By: akkoord.ClickTopic, Text: "wintersport", Days: 30}}},
	}}
	if text(t, g.Filter) != text(t, want) {
		t.Errorf("stored: %s, want %s", text(t, g.Filter), text(t, want))
	}

	change := condition(in(), "0", "locale", "text", "de")
	change.Set("act", "save")
	change.Set("read", "1")
	change.Set("name", "Dutch readers")
	b.post("/admin/segments/dutch", "/admin/segments/dutch", change)
	r = b.send("POST", "/admin/segments/dutch", condition(url.Values{"match": {"any"}, "act": {"save"}, "read": {"1"}, "name": {"Typed <b>"}}, "0", "locale", "text", "fr").Encode())
	if r.status != http.StatusConflict || !strings.Contains(r.body, "Somebody changed this segment") || !strings.Contains(r.body, `<option value="fr" selected>`) || !strings.Contains(r.body, `name="read" value="2"`) || !strings.Contains(r.body, `value="Typed &lt;b&gt;"`) || !strings.Contains(r.body, "<h1>Dutch readers</h1>") {
		t.Errorf("a stale edit: %d %s", r.status, r.body)
	}

	has(t, b.get("/admin/segments/dutch/people"), "Nobody is in this segment now")
	change.Set("text-0", "nl")
	change.Set("read", "2")
	b.post("/admin/segments/dutch", "/admin/segments/dutch", change)
	has(t, b.get("/admin/segments/dutch/people"), "anouk@voorbeeld.example", "bram@voorbeeld.example")
	if last := f.lastLine(); last.Action != "segment.people" || last.Object != "segment:dutch" {
		t.Errorf("the audit trail ends with %+v", last)
	}
	f.stored("elsewhere", akkoord.Filter{Kind: akkoord.FilterSource, Text: "admin"})
	if r := b.get("/admin/segments/elsewhere"); !strings.Contains(r.body, "<option selected>admin</option>") {
		t.Error("a source that the list lacks is not kept")
	}
	f.stored("deep", akkoord.Filter{Kind: akkoord.FilterAny, Of: []akkoord.Filter{{Kind: akkoord.FilterAll}}})
	has(t, b.send("POST", "/admin/segments/deep", url.Values{"act": {"save"}, "read": {"1"}, "name": {"Deep"}, "tree": {""}}.Encode()), `id="tree-e"`, "Write the conditions")
	many := condition(in(), "1", "active_within_days", "days", "007")
	many["row"] = slices.Repeat([]string{"1"}, 2000)
	if r := b.send("POST", "/admin/segments", many.Encode()); strings.Count(r.body, "<fieldset") != 1 || !strings.Contains(r.body, `value="007"`) {
		t.Errorf("the same condition two thousand times: %d, %d bytes", r.status, len(r.body))
	}
	analyst := f.as(akkoord.RoleAnalyst)
	if r := analyst.get("/admin/segments/dutch"); strings.Contains(r.body, `name="match"`) || strings.Contains(r.body, `class="num"`) {
		t.Error("an analyst is shown the form, or a count")
	}
}

func (f *fixture) stored(slug string, filter akkoord.Filter) {
	f.t.Helper()
	p, err := f.store.Purpose(f.t.Context(), "travel-news")
	f.check(err)
	_, err = f.store.PutSegment(f.t.Context(), akkoord.ActorSystem, akkoord.Segment{Slug: slug, PurposeID: p.ID, Filter: filter})
	f.check(err)
}

func text(t *testing.T, f akkoord.Filter) string {
	t.Helper()
	b, err := f.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// What can't be a segment is refused beside its condition, and what was typed
// stays; a purpose's own people only (M16).
func TestASegmentThatIsRefusedKeepsWhatWasTyped(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	b := f.as(akkoord.RoleManager)
	_, err := f.store.PutPurpose(t.Context(), akkoord.ActorSystem, akkoord.Purpose{Slug: "ski-offers", Basis: akkoord.BasisConsent, InactiveAfter: 365, Texts: map[string]akkoord.PurposeText{
		"nl": {Name: "Ski", Explanation: "Waarvoor.", Wording: "Ja."}, "en": {Name: "Ski", Explanation: "What for.", Wording: "Yes."}}})
	f.check(err)
	base := func() url.Values {
		return url.Values{"purpose": {"ski-offers"}, "match": {"all"}, "act": {"save"}, "slug": {"mine"}}
	}
	for name, tt := range map[string]struct {
		in   url.Values
		says []string
	}{
		"no days":        {condition(base(), "3", "active_within_days", "days", ""), []string{`id="row-3-e"`, `value="mine"`}},
		"words for days": {condition(base(), "0", "clicked_link", "text", "https://www.example.org/", "days", "many"), []string{`id="row-0-e"`, `value="many"`, `value="https://www.example.org/"`}},
		"no day":         {condition(base(), "0", "consented_after", "at", "soon"), []string{`id="row-0-e"`}},
		"another's":      {condition(base(), "0", "clicked_campaign", "text", "winter-2027"), []string{`id="row-0-e"`, "selects nobody for another"}},
		"attribute":      {condition(base(), "0", "attribute", "text", "x", "op", "eq", "value", "<b>"), []string{`id="row-0-e"`, `value="&lt;b&gt;"`}},
		"slug":           {condition(url.Values{"purpose": {"ski-offers"}, "match": {"any"}, "act": {"save"}, "slug": {"A B"}}, "0", "locale", "text", "nl"), []string{`id="slug-e"`, `value="A B"`}},
		"tree":           {url.Values{"purpose": {"ski-offers"}, "act": {"save"}, "slug": {"mine"}, "tree": {`{"any":[{"all":[`}}, []string{`id="tree-e"`, `{&#34;any&#34;`}},
		"tree: deep":     {url.Values{"purpose": {"ski-offers"}, "act": {"count"}, "tree": {strings.Repeat(`{"not":`, 9) + `{"all":[]}` + strings.Repeat(`}`, 9)}}, []string{`id="tree-e"`, "too many levels"}},
	} {
		r := b.send("POST", "/admin/segments", tt.in.Encode())
		if r.status < 400 || r.status >= 500 {
			t.Errorf("%s: %d", name, r.status)
		}
		for _, want := range tt.says {
			if !strings.Contains(r.body, want) {
				t.Errorf("%s: %q is not in %s", name, want, r.body)
			}
		}
	}
	deep := url.Values{"purpose": {"ski-offers"}, "act": {"save"}, "slug": {"deep"}, "tree": {`{"any":[{"all":[{"locale":"nl"},{"locale":"fr"}]},{"locale":"de"}]}`}}
	b.post("/admin/segments", "/admin/segments/deep", deep)
	has(t, b.get("/admin/segments/deep"), `id="tree"`, "at least one of these conditions")
	if r := b.send("GET", "/admin/segments/new?purpose=none", ""); r.status != http.StatusNotFound {
		t.Errorf("a purpose that is not there: %d", r.status)
	}
}
