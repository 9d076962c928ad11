package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"akkoord"
)

func test(to string) string { return `{"email":"` + to + `"}` }

// TestTestsAreFew lets nobody mail the world with tests.
func TestTestsAreFew(t *testing.T) {
	f := newFixture(t)
	path := "/mailings/" + f.catalogue() + "/test"
	for i := range akkoord.TestMails {
		if a := f.call(akkoord.RoleEditor, "POST", path, test(fmt.Sprintf("t%d@zonvaart.example", i))); a.status != http.StatusOK {
			t.Fatalf("test %d: %d %s", i, a.status, a.raw)
		}
	}
	a := f.call(akkoord.RoleEditor, "POST", path, test("femke@zonvaart.example"))
	if a.status != http.StatusTooManyRequests || a.str("code") != "too_many" || !strings.Contains(a.str("detail"), "20 test mails") {
		t.Errorf("one more: %d %s", a.status, a.raw)
	}
	if len(f.mail.sent) != akkoord.TestMails {
		t.Errorf("%d were sent", len(f.mail.sent))
	}
	if a := f.call(akkoord.RoleManager, "POST", path, test("femke@zonvaart.example")); a.status != http.StatusOK {
		t.Errorf("somebody else: %d %s", a.status, a.raw)
	}
	f.mu.Lock()
	f.now = f.now.Add(akkoord.TestMailHour + time.Minute)
	f.mu.Unlock()
	if a := f.call(akkoord.RoleEditor, "POST", path, test("femke@zonvaart.example")); a.status != http.StatusOK {
		t.Errorf("an hour later: %d %s", a.status, a.raw)
	}
	if lines := strings.Join(f.trail(), "\n"); strings.Count(lines, " mailing.test mailing:") != akkoord.TestMails+2 || strings.Contains(lines, "@") {
		t.Errorf("audit trail:\n%s", lines)
	}
}

// TestNoTestsToWhoSaidNo keeps tests from people on the stop list (I.5, P15).
func TestNoTestsToWhoSaidNo(t *testing.T) {
	f := newFixture(t)
	path := "/mailings/" + f.catalogue() + "/test"
	p, err := f.store.Purpose(t.Context(), "travel-news")
	f.check(err)
	blocked := f.person("pim@voorbeeld.example", false)
	st, err := f.store.Standing(t.Context(), blocked.PublicID)
	f.check(err)
	link := akkoord.Link{Subscriber: blocked.PublicID, Request: st.Subscription(p.ID).Request}
	f.check(f.store.NotMe(t.Context(), link, akkoord.Origin{Source: "link", Actor: akkoord.ActorPerson}))
	a := f.call(akkoord.RoleEditor, "POST", path, test("pim@voorbeeld.example"))
	if a.status != http.StatusConflict || a.str("code") != "suppressed" || strings.Contains(a.raw, "@") {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if len(f.mail.sent) != 0 {
		t.Errorf("sent: %v", f.mail.sent)
	}
}

// TestWhatCantBeComposedIsNotStarted tells before sending what would have
// paused the mailing, in each of its variants, and leaves it a draft.
func TestWhatCantBeComposedIsNotStarted(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	for name, body := range map[string]string{
		"now":   `{"subject":"Sneeuw","markdown":"Kijk [hier](javascript:alert).","variants":[{"name":"a"},{"name":"b","subject":"Anders"}]}`,
		"later": `{"subject":"Sneeuw","markdown":"Goed.","variants":[{"name":"a"},{"name":"b","markdown":"Kijk [hier](javascript:alert)."}],"send_at":"2027-01-01T10:00:00Z"}`,
	} {
		path := "/mailings/" + f.must("POST", "/campaigns/winter-2027/mailings", body).str("id")
		a := f.call(akkoord.RoleOwner, "POST", path+"/send", "")
		why, _ := a.object()["reasons"].([]any)
		if a.status != http.StatusConflict || a.str("code") != "link_refused" || len(why) != 1 {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
		if state := f.must("GET", path, "").str("state"); state != "draft" {
			t.Errorf("%s: it is %s now", name, state)
		}
		f.must("PATCH", path, `{"markdown":"Goed.","variants":[]}`)
		if a := f.must("POST", path+"/send", ""); name == "now" && a.str("state") == "draft" {
			t.Errorf("mended: %s", a.raw)
		}
	}
}
