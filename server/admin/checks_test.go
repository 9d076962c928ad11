package admin_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

// TestAMailingsPageTellsWhatToLookAtBeforeSending: what its author is to decide
// stands above the button, which works all the same; the links are asked when told to.
func TestAMailingsPageTellsWhatToLookAtBeforeSending(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	pages := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(pages.Close)
	b := f.as(akkoord.RoleManager)
	in := url.Values{"read": {b.read(path + "/edit")}, "act": {"save"}, "subject": {"NU NAAR DE SNEEUW"}, "preheader": {"Voor {{name | u}}"}, "kind": {"markdown"}, "body": {"[Naar de sneeuw](" + pages.URL + "/weg)"}, "zone": {"Europe/Amsterdam"}, "missed": {"ask"}}
	if r := b.send("POST", path+"/edit", in.Encode()); r.status != http.StatusSeeOther {
		t.Fatalf("saving: %d %s", r.status, r.body)
	}
	b.get(path+"/edit", `value="Voor {{name | u}}"`)
	body := b.get(path, "The subject is all capitals.", "Write it as you would say it", "A link goes over http", `value="send"`).body
	if strings.Contains(body, "no preheader") || strings.Index(body, "all capitals") > strings.Index(body, `value="send"`) {
		t.Error("the findings are not those of the draft, or stand after the button")
	}
	r := b.send("POST", path, "act=links")
	if r.status != http.StatusOK || !strings.Contains(r.body, "is not there (404)") || !strings.Contains(r.body, pages.URL+"/weg") {
		t.Errorf("asking the links: %d %s", r.status, r.body)
	}
	if body := b.press(path, url.Values{"act": {"send"}}).body; strings.Contains(body, "all capitals") {
		t.Error("what went out is checked still")
	}
	if r := f.as(akkoord.RoleAnalyst).send("POST", path, "act=links"); r.status != http.StatusNotFound {
		t.Errorf("an analyst asks the links: %d", r.status)
	}
}
