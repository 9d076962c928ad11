package api_test

import (
	"testing"
	"time"

	"akkoord"
)

// TestGrants keeps who may see which personal data, and why (M26).
func TestGrants(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	manager := "key:" + f.ids[akkoord.RoleManager].PublicID.String()
	given := f.must("POST", "/grants", `{"holder":"`+manager+`","purposes":["travel-news"],"fields":["address"],"reason":"Sends the news.","review_on":"2027-06-01"}`)
	if o := given.object(); given.status != 201 || o["state"] != "in_force" || o["holder"] != manager || o["granted_by"] != "key:"+f.ids[akkoord.RoleOwner].PublicID.String() {
		t.Errorf("%d %s", given.status, given.raw)
	}
	reviewed := f.must("POST", "/grants/"+given.str("id")+"/review", `{"note":"Still does.","review_on":"2027-09-01"}`)
	if reviewed.str("review") != "Still does." || reviewed.str("review_on") != "2027-09-01T00:00:00.000000Z" {
		t.Errorf("reviewed: %s", reviewed.raw)
	}
	if ended := f.must("POST", "/grants/"+given.str("id")+"/end", `{"reason":"Other work."}`); ended.str("state") != "ended" {
		t.Errorf("ended: %s", ended.raw)
	}
	if items := f.must("GET", "/grants", "").object()["items"].([]any); len(items) != len(akkoord.Roles)+1 {
		t.Errorf("%d grants", len(items))
	}
	for body, want := range map[string]struct {
		status int
		field  string
	}{
		`{"holder":"key:1","reason":"r","review_on":"2027-06-01"}`:                                                        {422, "holder"},
		`{"holder":"` + manager + `","reason":"","review_on":"2027-06-01"}`:                                               {422, "reason"},
		`{"holder":"` + manager + `","reason":"r"}`:                                                                       {422, "review_on"},
		`{"holder":"` + manager + `","reason":"r","review_on":"2029-06-01"}`:                                              {422, "review_on"},
		`{"holder":"` + manager + `","reason":"r","review_on":"2027-06-01","purposes":["none"]}`:                          {422, "purposes"},
		`{"holder":"` + manager + `","reason":"r","review_on":"2027-06-01","fields":["iban"]}`:                            {422, "fields"},
		`{"holder":"` + manager + `","reason":"r","until":"2026-01-01T00:00:00Z"}`:                                        {422, "until"},
		`{"holder":"key:` + f.ids[akkoord.RoleOwner].PublicID.String() + `","reason":"For me.","review_on":"2027-06-01"}`: {403, ""},
	} {
		if a := f.call(akkoord.RoleOwner, "POST", "/grants", body); a.status != want.status || a.str("field") != want.field {
			t.Errorf("%s: %d %s", body, a.status, a.raw)
		}
	}
}

// TestBreakGlass lets whoever has no grant see people for an hour, at once and
// with a reason, and has somebody else look at it afterwards (M26).
func TestBreakGlass(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	f.person(canaryAddress, true)
	const body = `{"reason":"A reader gets mail of a stranger, now."}`
	if a := f.call(akkoord.RoleManager, "POST", "/grants/break-glass", body); a.status != 409 || a.str("code") != "grant_held" {
		t.Errorf("whoever sees all: %d %s", a.status, a.raw)
	}
	f.narrow(akkoord.RoleManager, "of:travel-news address")
	if a := f.call(akkoord.RoleManager, "POST", "/grants/break-glass", `{"reason":"urgent"}`); a.status != 422 || a.str("field") != "reason" {
		t.Errorf("a short reason: %d %s", a.status, a.raw)
	}
	if a := f.call(akkoord.RoleEditor, "POST", "/grants/break-glass", body); a.status != 404 && a.status != 403 {
		t.Errorf("as an editor: %d %s", a.status, a.raw)
	}
	if a := f.call(akkoord.RoleManager, "GET", "/requests", ""); a.status != 403 {
		t.Errorf("before: %d %s", a.status, a.raw)
	}
	taken := f.call(akkoord.RoleManager, "POST", "/grants/break-glass", body)
	if o := taken.object(); taken.status != 201 || o["break_glass"] != true || o["review_due"] != true || o["granted_by"] != o["holder"] {
		t.Errorf("taken: %d %s", taken.status, taken.raw)
	}
	if a := f.call(akkoord.RoleManager, "GET", "/requests", ""); a.status != 200 {
		t.Errorf("after: %d %s", a.status, a.raw)
	}
	if a := f.call(akkoord.RoleManager, "POST", "/grants/break-glass", body); a.str("code") != "grant_held" {
		t.Errorf("a second hour beside the first: %d %s", a.status, a.raw)
	}
	f.advance(time.Hour)
	if a := f.call(akkoord.RoleManager, "GET", "/requests", ""); a.status != 403 {
		t.Errorf("when the hour is over: %d %s", a.status, a.raw)
	}
	review := "/grants/" + taken.str("id") + "/review"
	if a := f.call(akkoord.RoleDPO, "POST", review, `{"note":"It was right.","review_on":"2027-06-01"}`); a.str("field") != "review_on" {
		t.Errorf("reviewed with a day: %d %s", a.status, a.raw)
	}
	if a := f.call(akkoord.RoleDPO, "POST", review, `{"note":"It was right."}`); a.status != 200 || a.object()["review_due"] != false {
		t.Errorf("reviewed: %d %s", a.status, a.raw)
	}
}
