package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

// Staff see who is not mailed and why, and can take back that a mail bounced,
// for a reason that is put on record. What a person said they can't (P15).
func TestStaffSeeTheStopListAndTakeBackABounceAlone(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	path := f.mailing()
	gone, left := f.person("weg@voorbeeld.example"), f.person("bo@voorbeeld.example")
	id, err := akkoord.ParseID(strings.TrimPrefix(path, "/admin/mailings/"))
	f.check(err)
	m, err := f.store.StartMailing(ctx, akkoord.ActorSystem, id)
	f.check(err)
	f.check(f.store.Withdraw(ctx, left.PublicID, 0, "called", akkoord.Origin{Source: "admin", Actor: akkoord.ActorPerson}))
	w, err := f.store.Claim(ctx)
	f.check(err)
	for i := range w.Recipients {
		f.store.Note(w, i, akkoord.Result{State: akkoord.Sent, Code: "250", At: f.clock()})
	}
	f.check(f.store.Release(ctx, w))
	took, err := f.store.TakeReport(ctx, akkoord.Report{Kind: akkoord.ReportBounce, Class: akkoord.ClassHard, Mailing: m.ID, Subscriber: gone.ID, Status: "550 5.1.1", Source: "dsn"})
	if err != nil || took.Code != akkoord.ReportCounts {
		t.Fatalf("%+v %v", took, err)
	}
	b := f.as(akkoord.RoleManager)
	has(t, b.get("/admin/suppressions"), "Mailbox does not exist", "weg@voorbeeld.example", "a delivery report (DSN)", "550 5.1.1", path, "Left everything", "bo@voorbeeld.example")
	if last, _ := f.trail(); !strings.Contains(last, " suppression.list suppression") {
		t.Errorf("audit: %s", last)
	}
	one := b.get("/admin/suppressions?kind=hard_bounce")
	if strings.Contains(one.body, "bo@voorbeeld.example") || strings.Count(one.body, "<form") != 3 { // search, log out, lift
		t.Errorf("one kind:\n%s", one.body)
	}
	of := b.get("/admin/suppressions?email=bo%40voorbeeld.example")
	if strings.Contains(of.body, "weg@") || strings.Contains(of.body, "/admin/suppressions/") || !strings.Contains(of.body, "Left everything") {
		t.Errorf("one address:\n%s", of.body)
	}
	has(t, b.get("/admin/suppressions?email=nobody"), "lacks an @")
	entries, err := f.store.SuppressionsOf(ctx, left.Email)
	f.check(err)
	has(t, b.post("/admin/suppressions/"+entries[0].Name(), "/admin/suppressions", url.Values{"reason": {"wants mail again"}}), "by signing up again", "bo@voorbeeld.example")

	_, at, _ := strings.Cut(one.body, `action="/admin/suppressions/`)
	at, _, _ = strings.Cut(at, `"`)
	for _, c := range []struct{ reason, says string }{{"", "reason"}, {"weg@voorbeeld.example called", "address"}, {"The mailbox was full, says the customer desk.", "Taken off the list"}} {
		has(t, b.post("/admin/suppressions/"+at, "/admin/suppressions", url.Values{"reason": {c.reason}}), c.says)
	}
	has(t, b.get("/admin/suppressions?email=weg%40voorbeeld.example"), "Nothing stands against this address")
	for _, bad := range []string{"/admin/suppressions/x", "/admin/suppressions/" + at} {
		if r := b.send("POST", bad, "reason=again"); r.status != http.StatusNotFound {
			t.Errorf("%s: %d", bad, r.status)
		}
	}
	if r := b.send("GET", "/admin/suppressions?after=x", ""); r.status != http.StatusUnprocessableEntity {
		t.Errorf("a cursor of somebody else: %d", r.status)
	}
}
