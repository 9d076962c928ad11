package mailer_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
	"akkoord/mailer/mailertest"
)

// A mail whose answer was lost goes out again when somebody says so, days later:
// the same message, and not to who left meanwhile (P08, M.10).
func TestWhatMayBeLostIsSentAgainAsTheSameMessageP08(t *testing.T) {
	w := newWorld(t, 40)
	w.server.SetRules(
		mailertest.Rule{Stage: mailertest.AtDot, Match: "p00003@", Do: mailertest.Drop, Times: 1},
		mailertest.Rule{Stage: mailertest.AtDot, Match: "p00007@", Do: mailertest.Drop, Times: 1},
	)
	m := w.start()
	w.run()
	w.until("all are settled", func() bool { w.clock.Advance(time.Second); return w.counts(m).Open == 0 })
	w.untilState(m, akkoord.MailingSent)
	first := w.server.Messages(person(3).Address())
	if c := w.counts(m); c.Uncertain != 2 || len(first) != 1 {
		t.Fatalf("%+v, and the server has %d copies", c, len(first))
	}

	w.clock.Advance(6 * 24 * time.Hour) // longer than a mail is tried
	w.leave(person(7), akkoord.ScopePurpose, m)
	w.server.SetRules(mailertest.Rule{Stage: mailertest.AtRcpt, Match: "p00003@", Code: 451, Enhanced: [3]int{4, 7, 1}, Times: 1}) // greylisted
	seen, err := w.store.Uncertain(t.Context(), m.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.SendAgain(t.Context(), "user:1", m.PublicID, seen); err != nil {
		t.Fatal(err)
	}
	w.until("they are settled", func() bool {
		w.clock.Advance(10 * time.Second)
		c := w.counts(m)
		if sum := c.Open + c.Sent + c.Deferred + c.Bounced + c.Failed + c.Uncertain + c.Skipped; c.Total != 40 || sum != 40 {
			t.Fatalf("the sum is broken: %+v", c)
		}
		return c.Deferred == 0
	})
	w.untilState(m, akkoord.MailingSent)
	if diff := cmp.Diff(akkoord.Counts{Total: 40, Sent: 39, Skipped: 1}, w.counts(m)); diff != "" {
		t.Error(diff)
	}
	for to, n := range w.received() {
		if want := map[string]int{person(3).Address(): 2}[to]; n != max(want, 1) {
			t.Errorf("%s has it %d times", to, n)
		}
	}
	both := w.server.Messages(person(3).Address())
	one, other := header(t, both[0].Raw), header(t, both[1].Raw)
	for _, name := range []string{"Message-Id", "Date", "Subject", "List-Unsubscribe"} {
		if one.Get(name) == "" || one.Get(name) != other.Get(name) {
			t.Errorf("%s is %q and then %q", name, one.Get(name), other.Get(name))
		}
	}
}
