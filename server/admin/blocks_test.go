package admin_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

// TestAMailInBlocksIsWrittenInTheBrowser: it comes back as it is stored, saving
// changes nothing of it, and what can't be drawn comes back as it was typed (ADR 46).
func TestAMailInBlocksIsWrittenInTheBrowser(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	b := f.as(akkoord.RoleEditor)
	post := func(to, body string) reply {
		in := url.Values{"read": {b.read(path + "/edit")}, "act": {"save"}, "subject": {"Sneeuw"}, "kind": {"blocks"}, "body": {body}, "zone": {"Europe/Amsterdam"}, "missed": {"ask"}}
		return b.send("POST", path+to, in.Encode())
	}
	stored := func() string {
		id, err := akkoord.ParseID(strings.TrimPrefix(path, "/admin/mailings/"))
		f.check(err)
		m, err := f.store.Mailing(t.Context(), id)
		f.check(err)
		return m.Content.Blocks
	}
	const want = `[{"kind":"heading","text":"Sneeuw & <zon>"},{"kind":"button","text":"Kijk","url":"https://a.example/"}]`
	if r := post("/edit", want); r.status != http.StatusSeeOther || stored() != want {
		t.Fatalf("saving: %d, stored %s", r.status, stored())
	}
	page := b.get(path+"/edit", `value="blocks" checked`).body
	_, rest, _ := strings.Cut(page, `id="body"`)
	_, rest, _ = strings.Cut(rest, ">\n")
	shown, _, _ := strings.Cut(rest, "</textarea>")
	if r := post("/edit", html.UnescapeString(shown)); r.status != http.StatusSeeOther || stored() != want {
		t.Errorf("saving what is shown: %d, stored %s of %s", r.status, stored(), shown)
	}
	if r := post("/preview", want); r.status != http.StatusOK || !strings.Contains(r.body, "Sneeuw &amp; &lt;zon&gt;") || !strings.Contains(r.body, `href="https://a.example/"`) {
		t.Errorf("the preview: %d", r.status)
	}
	b.get(path, "Sneeuw", `value="test"`)
	for typed, says := range map[string]string{`[{"kind":"button","text":"Kijk"}]`: "Block 1: a button needs text and url.", `nee`: "not a list of blocks"} {
		if r := post("/edit", typed); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, html.EscapeString(typed)) || !strings.Contains(r.body, `id="body-e"`) || !strings.Contains(r.body, says) {
			t.Errorf("%s: %d", typed, r.status)
		}
		if r := post("/preview", typed); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, says) {
			t.Errorf("the preview of %s: %d %s", typed, r.status, r.body)
		}
	}
	if r := post("/edit", ""); r.status != http.StatusSeeOther || stored() != "" {
		t.Errorf("no blocks: %d", r.status)
	}
}
