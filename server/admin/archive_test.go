package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

// Issue 6: a purpose is archived from a page that says first what that comes to, by
// who may change purposes; another's press of the same page is told so.
func TestAPurposeIsArchivedFromAPageThatSaysWhatHappens(t *testing.T) {
	f := newFixture(t)
	page := f.mailing()
	f.person("kanarie@voorbeeld.example")
	const path = "/admin/purposes/travel-news"
	b := f.as(akkoord.RoleOwner)
	if r := f.as(akkoord.RoleAnalyst).send("GET", path+"/archive", ""); r.status != http.StatusNotFound && r.status != http.StatusForbidden {
		t.Errorf("an analyst gets %d", r.status)
	}
	b.get(path, `href="`+path+`/archive"`)
	b.get(path+"/archive", "Archive Travel news?", "1 person keeps their consent", "No mailing is going out", "1 of them offers nothing else")
	b.post(path+"/archive", path, url.Values{"act": {"archive"}})
	if r := b.get(path, "Archived since <time", "Nothing goes out under this purpose", "Take back into use"); strings.Contains(r.body, "&lt;time") {
		t.Error("the time stands there as markup")
	}
	b.get("/admin/purposes", "Archived purposes (1)")
	b.get("/admin/purposes?archived=1", `href="`+path+`"`)
	b.get(page, "This purpose is archived")
	if r := b.send("POST", page, url.Values{"act": {"send"}}.Encode()); r.status != http.StatusConflict {
		t.Errorf("sending: %d", r.status)
	}
	if r := b.send("POST", path+"/archive", url.Values{"act": {"archive"}}.Encode()); r.status != http.StatusConflict {
		t.Errorf("archived twice: %d", r.status)
	}
	b.get(path+"/archive", "Take Travel news back into use?", "since <time")
	b.post(path+"/archive", path, url.Values{"act": {"restore"}})
	if p, err := f.store.Purpose(t.Context(), "travel-news"); err != nil || p.Archived() {
		t.Errorf("%+v %v", p, err)
	}
}
