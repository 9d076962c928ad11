package api_test

import (
	"fmt"
	"testing"
	"time"

	"akkoord"
	"akkoord/store"
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

// TestTwoPersons hands out no file about many people, and erases no more than a
// few, before a second person agreed (threats 2.3.5).
func TestTwoPersons(t *testing.T) {
	f := newFixture(t, func(c *store.Config) { c.TwoPersons = true })
	f.catalogue()
	dpo, err := f.store.AddUser(t.Context(), akkoord.ActorSystem, akkoord.User{Email: "femke@zonvaart.example", Role: akkoord.RoleDPO, Reason: "officer"})
	f.check(err)
	var people []string
	for i := range akkoord.FreeErasures + 1 {
		people = append(people, f.person(fmt.Sprintf("lezer%d@voorbeeld.example", i), true).PublicID.String())
	}
	pack := "/breach-packs/" + f.must("POST", "/breach-packs", `{"what":"A laptop was lost.","since":"2026-11-23T00:00:00Z"}`).str("id") + "/pack"
	rejects := "/imports/" + f.must("POST", "/imports?purpose=travel-news&basis=consent", "email\nno\n").str("id") + "/rejects"
	agree := func(act string) {
		asked := f.must("POST", "/approvals", `{"act":"`+act+`","reason":"The authority asks for it."}`)
		if asked.status != 201 || asked.str("state") != "waiting" {
			t.Errorf("asked: %d %s", asked.status, asked.raw)
		}
		id, err := akkoord.ParseID(asked.str("id"))
		f.check(err)
		_, err = f.store.DecideApproval(t.Context(), dpo.Actor(), id, true, "Yes.")
		f.check(err)
	}
	for _, path := range []string{pack, rejects} {
		before := len(f.trail())
		if a := f.call(akkoord.RoleOwner, "GET", path, ""); a.status != 403 || a.str("code") != "second_person" || len(f.trail()) != before {
			t.Errorf("%s alone: %d %s", path, a.status, a.raw)
		}
	}
	for i, p := range people {
		a := f.call(akkoord.RoleOwner, "POST", "/subscribers/"+p+"/erase", `{"reason":"asked for"}`)
		if free := i < akkoord.FreeErasures; (a.status == 200) != free || !free && a.str("code") != "second_person" {
			t.Errorf("erasure %d alone: %d %s", i+1, a.status, a.raw)
		}
	}
	if a := f.call(akkoord.RoleOwner, "POST", "/approvals", `{"act":"move","reason":"r"}`); a.status != 422 || a.str("field") != "act" {
		t.Errorf("an unknown act: %d %s", a.status, a.raw)
	}
	agree("export")
	agree("erase")
	for _, path := range []string{pack, rejects} {
		if a := f.call(akkoord.RoleOwner, "GET", path, ""); a.status != 200 {
			t.Errorf("%s agreed to: %d %s", path, a.status, a.raw)
		}
		if a := f.call(akkoord.RoleDPO, "GET", path, ""); a.str("code") != "second_person" {
			t.Errorf("%s by somebody who did not ask: %d %s", path, a.status, a.raw)
		}
	}
	f.must("POST", "/subscribers/"+people[akkoord.FreeErasures]+"/erase", `{"reason":"asked for"}`)
	if items := f.must("GET", "/approvals", "").object()["items"].([]any); len(items) != 2 || items[0].(map[string]any)["state"] != "agreed" || items[0].(map[string]any)["act"] != "erase" {
		t.Errorf("on record: %v", items)
	}
	f.advance(akkoord.ApprovalTime)
	if a := f.call(akkoord.RoleOwner, "GET", pack, ""); a.str("code") != "second_person" {
		t.Errorf("a day later: %d %s", a.status, a.raw)
	}
}
