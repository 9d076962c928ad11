package admin_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"akkoord"
)

// runBulkActs runs the bulk acts that wait.
func (f *fixture) runBulkActs() {
	f.t.Helper()
	f.runJobs(akkoord.JobBulkAct, f.store.RunBulkAct, f.clock)
}

// Issue 7, point 3: something is done to all people of a list once it was said twice:
// first what, then for how many.
func TestManyPeopleAreActedOnAfterAskingTwice(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	f.person("een@voorbeeld.example")
	f.person("twee@voorbeeld.example")
	b := f.as(akkoord.RoleOwner)
	list := "/admin/people?purpose=travel-news&state=active"
	if body := b.get("/admin/people").body; strings.Contains(body, "/admin/bulk-acts/new") {
		t.Error("something can be done to everybody")
	}
	b.get(list, "/admin/bulk-acts/new?purpose=travel-news&amp;state=active")
	ask := "/admin/bulk-acts/new?purpose=travel-news&state=active"
	b.get(ask, "Do something with 2 people", "een@voorbeeld.example", "Nobody can undo it", `value="erase"`)
	typed := url.Values{"filter": {"purpose=travel-news&state=active"}, "kind": {"withdraw"}, "purpose": {"travel-news"}, "reason": {"een@voorbeeld.example"}}
	if r := b.send("POST", "/admin/bulk-acts", typed.Encode()); r.status != http.StatusUnprocessableEntity && r.status != http.StatusBadRequest || !strings.Contains(r.body, `id="reason-e"`) {
		t.Errorf("a reason with an address: %d", r.status)
	}
	typed.Set("reason", "the list ends")
	page := b.send("POST", "/admin/bulk-acts", typed.Encode()).header.Get("Location")
	b.get(page, "Are you sure about 2 people?", "Unsubscribe 2 people", "een@voorbeeld.example", "Waits for your yes")
	f.person("later@voorbeeld.example")
	b.post(page, page, url.Values{"act": {"confirm"}, "people": {"2"}})
	b.get(page, "You can leave this page", "Stop now")
	f.runBulkActs()
	b.get(page, "What became of them", "Done")
	b.get("/admin/bulk-acts", "Unsubscribe from a purpose", page)
	for address, want := range map[string]akkoord.State{"een@voorbeeld.example": akkoord.Withdrawn, "later@voorbeeld.example": akkoord.Active} {
		email, err := akkoord.ParseEmail(address)
		f.check(err)
		st, err := f.store.StandingByEmail(t.Context(), email)
		f.check(err)
		if st.Subscriptions[0].State != want {
			t.Errorf("%s is %s", address, st.Subscriptions[0].State)
		}
	}
	typed.Set("filter", "purpose=travel-news&state=withdrawn")
	dropped := b.send("POST", "/admin/bulk-acts", typed.Encode()).header.Get("Location")
	b.post(dropped, dropped, url.Values{"act": {"stop"}})
	b.get(dropped, "Dropped")
	if r := b.send("POST", dropped, url.Values{"act": {"confirm"}, "people": {"2"}}.Encode()); !r.refused() && r.status != http.StatusConflict {
		t.Errorf("confirming what was dropped: %d", r.status)
	}
}

// P22: what a restore ended says so, and an owner has to agree before anything is done anew.
func TestAPageSaysThatARestoreEndedABulkAct(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	f.person("een@voorbeeld.example")
	b := f.as(akkoord.RoleOwner)
	typed := url.Values{"filter": {"purpose=travel-news"}, "kind": {"erase"}, "reason": {"the list ends"}}.Encode()
	ended := b.send("POST", "/admin/bulk-acts", typed).header.Get("Location")
	if _, err := f.store.RepeatDepartures(t.Context(), strings.NewReader("")); err != nil {
		t.Fatal(err)
	}
	b.get(ended, "Dropped", "put back from a backup")
	later := b.send("POST", "/admin/bulk-acts", typed).header.Get("Location")
	if r := b.send("POST", later, url.Values{"act": {"confirm"}, "people": {"1"}}.Encode()); r.status != http.StatusConflict || !strings.Contains(r.body, "until an owner agrees") {
		t.Errorf("confirming before an owner agreed: %d", r.status)
	}
}

// P28, M26: who may do it to one person may do it to many, of the purposes that their
// grants cover alone; what somebody does, others with narrower grants don't see.
func TestBulkActsAreForThoseWhoMayDoEach(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	f.person("een@voorbeeld.example")
	erase := url.Values{"filter": {"purpose=travel-news"}, "kind": {"erase"}, "reason": {"the list ends"}}.Encode()
	for _, role := range akkoord.Roles {
		b := f.as(role)
		r := b.send("POST", "/admin/bulk-acts", erase)
		prepared := r.status == http.StatusSeeOther && strings.HasPrefix(r.header.Get("Location"), "/admin/bulk-acts/")
		if may := slices.Contains([]akkoord.Role{akkoord.RoleOwner, akkoord.RoleDPO}, role); prepared != may {
			t.Errorf("%s: %d %s", role, r.status, r.header.Get("Location"))
		}
		if body := b.send("GET", "/admin/bulk-acts/new?purpose=travel-news", "").body; strings.Contains(body, `value="erase"`) != role.May(akkoord.ErasePeople) {
			t.Errorf("%s is offered what they may not do, or not what they may", role)
		}
	}
}
