package admin_test

import (
	"net/http"
	"strings"
	"testing"

	"akkoord"
)

// The site shows who joined and left and what became of each form, and follows a
// link of each figure that can be opened.
func TestGrowthIsShown(t *testing.T) {
	f := newFixture(t)
	b := f.as(akkoord.RoleAnalyst)
	has(t, b.get("/admin/growth"), "No purpose yet")
	f.mailing()
	f.person("anouk@voorbeeld.example")
	f.person("bram@voorbeeld.example")
	r := b.get("/admin/growth?days=7")
	has(t, r, `href="/admin/purposes/travel-news"`, `<b class="plus">+2</b>`, "2 people now", "<polyline", `href="/admin/growth?days=7" aria-current="page"`)
	if strings.Contains(r.body, "/admin/unconfirmed") {
		t.Error("an analyst is led to people")
	}
	has(t, f.as(akkoord.RoleManager).get("/admin/growth"), "/admin/unconfirmed")
	if r := b.send("GET", "/admin/growth?days=900", ""); r.status != http.StatusUnprocessableEntity {
		t.Errorf("900 days: %d", r.status)
	}
}
