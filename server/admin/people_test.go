package admin_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// Staff narrow the list of people, and the audit trail says how (M27).
func TestStaffNarrowTheListOfPeople(t *testing.T) {
	f := newFixture(t)
	f.mailing() // the purpose travel-news
	here := f.person("an@voorbeeld.example")
	gone := f.person("bo@voorbeeld.example")
	f.check(f.store.Withdraw(t.Context(), gone.PublicID, 0, "called", akkoord.Origin{Source: "admin", Actor: akkoord.ActorPerson}))
	today := akkoord.DayOf(f.clock()).Time().Format("2006-01-02")
	b := f.as(akkoord.RoleManager)
	for query, address := range map[string]string{
		"purpose=travel-news&state=active&interest=&from=": "an@voorbeeld.example", "state=withdrawn": "bo@voorbeeld.example", "act=left&from=" + today + "&to=" + today: "bo@voorbeeld.example",
	} {
		r := b.get("/admin/people?" + query)
		has(t, r, address)
		if strings.Count(r.body, "@voorbeeld.example") != 1 {
			t.Errorf("%s shows others too:\n%s", query, r.body)
		}
	}
	lines, _, err := f.store.SearchAudit(t.Context(), akkoord.AuditFilter{Action: "subscriber.list", From: f.clock().Add(-time.Hour)}, akkoord.Page{})
	f.check(err)
	if len(lines) != 3 || !slices.ContainsFunc(lines, func(l akkoord.AuditEntry) bool {
		return l.Note == "purpose=travel-news&state=active: 1 person, "+here.PublicID.String()
	}) {
		t.Errorf("audit: %+v", lines)
	}
	has(t, b.get("/admin/people?state=expired"), "Nobody matches")
	has(t, b.get("/admin/people?from="+today), "Say what happened on these days", `aria-invalid="true"`)
	has(t, b.get("/admin/people?purpose=nothing"), "There is no such purpose", `aria-invalid="true"`)
}

// Figures lead to the people behind them, for whoever may see these.
func TestFiguresLeadToThePeopleBehindThem(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	f.person("an@voorbeeld.example")
	today := akkoord.DayOf(f.clock()).Time().Format("2006-01-02")
	manager, analyst := f.as(akkoord.RoleManager), f.as(akkoord.RoleAnalyst)
	for page, link := range map[string]string{
		"/admin": "state=active", "/admin/purposes": "purpose=travel-news&amp;state=active", "/admin/growth": "act=joined&amp;from=" + today + "&amp;purpose=travel-news&amp;to=" + today,
	} {
		has(t, manager.get(page), `href="/admin/people?`+link+`"`)
		has(t, manager.get("/admin/people?"+strings.ReplaceAll(link, "&amp;", "&")), "an@voorbeeld.example")
		if r := analyst.get(page); strings.Contains(r.body, "/admin/people?") {
			t.Errorf("%s leads an analyst to people", page)
		}
	}
}
