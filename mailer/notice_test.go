package mailer_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"akkoord"
	"akkoord/mailer"
	"akkoord/mailer/mailertest"
)

func (w *world) signUp(address string) akkoord.Email {
	w.t.Helper()
	e, err := akkoord.ParseEmail(address)
	if err != nil {
		w.t.Fatal(err)
	}
	in := akkoord.SignUp{Email: e, Locale: "nl", Purposes: []akkoord.Purpose{w.purpose}, Origin: akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson, FormID: 1, Locale: "nl"}}
	if err := w.store.SignUp(w.t.Context(), in); err != nil {
		w.t.Fatal(err)
	}
	return e
}

// confirmLink finds the link of a confirmation mail and reads it.
func (w *world) confirmLink(raw []byte) akkoord.Link {
	w.t.Helper()
	text := string(bytes.ReplaceAll(raw, []byte("=\r\n"), nil))
	_, rest, ok := strings.Cut(text, sender.BaseURL+"/confirm/")
	if !ok {
		w.t.Fatal("no confirmation link")
	}
	end := strings.IndexAny(rest, "\r\n \"<")
	link, err := w.keys.Links().Read(akkoord.LinkConfirm, rest[:end], w.clock.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return link
}

// settled waits until every row of the outbox is done.
func (w *world) settled() {
	w.t.Helper()
	db, err := sql.Open("sqlite", "file:"+w.path+"?_pragma=query_only(1)")
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	w.until("the outbox is empty", func() bool {
		var open int
		if err := db.QueryRowContext(w.t.Context(), `SELECT count(*) FROM outbox WHERE state = 0`).Scan(&open); err != nil {
			w.t.Fatal(err)
		}
		return open == 0
	})
}

func TestASignUpGetsOneMailWhoseLinkConfirmsP03(t *testing.T) {
	w := newWorld(t, 0)
	w.run()
	e := w.signUp("anouk@voorbeeld.example")
	got, err := w.server.Wait(timeout(t), e.Address(), 1)
	if err != nil {
		t.Fatal(err)
	}
	a, err := w.store.Confirm(t.Context(), w.confirmLink(got[0].Raw), akkoord.Origin{Source: "link", Actor: akkoord.ActorPerson})
	if err != nil || a.Answer != akkoord.AnswerConfirmed {
		t.Fatal(a.Answer, err)
	}
	if h := header(t, got[0].Raw); h.Get("Auto-Submitted") != "auto-generated" || h.Get("List-Unsubscribe") != "" {
		t.Errorf("%v", h)
	}
	// Signing up again tells the person, once a day, and changes nothing.
	w.signUp("anouk@voorbeeld.example")
	w.signUp("Anouk@voorbeeld.example")
	if _, err = w.server.Wait(timeout(t), e.Address(), 2); err != nil {
		t.Fatal(err)
	}
	w.settled()
	if got = w.server.Messages(e.Address()); len(got) != 2 || bytes.Contains(got[1].Raw, []byte("/confirm/")) {
		t.Errorf("%d mails", len(got))
	}
}

func timeout(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestALostAnswerRepeatsTheSameConfirmationP08M10(t *testing.T) {
	w := newWorld(t, 0)
	w.server.SetRules(mailertest.Rule{Stage: mailertest.AtDot, Do: mailertest.Drop, Times: 2})
	w.run()
	e := w.signUp("bram@voorbeeld.example")
	w.until("three copies", func() bool { w.clock.Advance(10 * time.Second); return len(w.server.Messages(e.Address())) == 3 })
	got := w.server.Messages(e.Address())
	for _, m := range got[1:] {
		if !bytes.Equal(m.Raw, got[0].Raw) {
			t.Error("a repeated confirmation mail is another message")
		}
	}
}

func TestAMailboxGetsThreeConfirmationsADayP14(t *testing.T) {
	w := newWorld(t, 0)
	stop := w.run()
	for i := range 12 {
		w.signUp([]string{"lotte@gmail.com", "l.otte@gmail.com", "lotte+a@gmail.com", "LOTTE@googlemail.com", "lo.tte+b@gmail.com"}[i%5])
		w.clock.Advance(time.Minute)
		if i == 6 { // limits survive restarts
			w.settled()
			stop()
			if err := w.store.Close(); err != nil {
				t.Fatal(err)
			}
			w.open()
			stop = w.run()
		}
	}
	w.settled()
	stop()
	if n := len(w.server.Messages("")); n != 3 {
		t.Errorf("%d confirmation mails", n)
	}
}

func TestAClaimedConfirmationOfADeadProcessIsSentAndCountedOnceP03P14(t *testing.T) {
	w := newWorld(t, 0)
	e := w.signUp("pien@voorbeeld.example")
	for range 5 { // a process that claims and dies, five times
		w.clock.Advance(time.Second)
		due, err := w.store.ClaimSystem(t.Context(), 10)
		if err != nil || len(due) != 1 {
			t.Fatal(len(due), err)
		}
		if err := w.store.Close(); err != nil {
			t.Fatal(err)
		}
		w.open()
	}
	w.run()
	if _, err := w.server.Wait(timeout(t), e.Address(), 1); err != nil {
		t.Fatal(err)
	}
	w.settled()
	if n := len(w.server.Messages("")); n != 1 {
		t.Errorf("%d mails", n)
	}
}

func TestNotMeEndsTheMailsAndForgetsWhatComesAfterF15(t *testing.T) {
	w := newWorld(t, 0)
	stop := w.run()
	e := w.signUp("kees@voorbeeld.example")
	got, err := w.server.Wait(timeout(t), e.Address(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.NotMe(t.Context(), w.confirmLink(got[0].Raw), akkoord.Origin{Source: "link", Actor: akkoord.ActorPerson}); err != nil {
		t.Fatal(err)
	}
	w.signUp("kees@voorbeeld.example")
	w.until("the new data is forgotten", func() bool { return w.standing(e).Subscriber.ID == 0 })
	stop()
	if n := len(w.server.Messages("")); n != 1 {
		t.Errorf("%d mails", n)
	}
}

func TestAMailingDoesNotDelayConfirmationsM13(t *testing.T) {
	w := newWorld(t, 200)
	w.lanes = 1
	w.server.SetRules(mailertest.Rule{Stage: mailertest.AtDot, Match: "p0", Do: mailertest.Hang})
	m := w.start()
	w.run()
	e := w.signUp("daan@voorbeeld.example")
	if _, err := w.server.Wait(timeout(t), e.Address(), 1); err != nil {
		t.Fatal(err)
	}
	if c := w.counts(m); c.Open != 200 {
		t.Errorf("the mailing was meant to hang: %+v", c)
	}
	w.server.Close()
}

// outbox is the store's, watched by a test.
type outbox struct {
	mailer.Outbox
	claims, settles atomic.Int64
	claimed         func([]akkoord.SystemDelivery) // after each claim
}

func (o *outbox) ClaimSystemBy(ctx context.Context, by akkoord.Carrier, n int) ([]akkoord.SystemDelivery, error) {
	due, err := o.Outbox.ClaimSystemBy(ctx, by, n)
	if len(due) > 0 {
		o.claims.Add(1)
		if o.claimed != nil {
			o.claimed(due)
		}
	}
	return due, err
}

func (o *outbox) SettleSystem(ctx context.Context, results ...akkoord.SystemResult) error {
	o.settles.Add(1)
	return o.Outbox.SettleSystem(ctx, results...)
}

// runOutbox starts a worker for o, whose clock moves by step at each look.
func (w *world) runOutbox(o *outbox, step time.Duration) (stop func()) {
	w.t.Helper()
	relay, err := mailer.ParseRelay(w.server.URL() + "&connections=1")
	if err != nil {
		w.t.Fatal(err)
	}
	worker := mailer.New(mailer.Config{
		Deliveries: w.store, Outbox: o, Press: w.press(), Dialer: &mailer.Dialer{Relay: relay},
		Now:    func() time.Time { w.clock.Advance(step); return w.clock.Now() },
		Jitter: func() float64 { return .5 }, Log: slog.New(slog.DiscardHandler), Poll: time.Millisecond,
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = worker.Run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	w.t.Cleanup(stop)
	return stop
}

func (w *world) signUpMany(n int) []akkoord.Email {
	w.t.Helper()
	all := make([]akkoord.Email, n)
	for i := range all {
		all[i] = w.signUp(fmt.Sprintf("q%05d@voorbeeld.example", i))
		w.clock.Advance(time.Microsecond)
	}
	return all
}

func TestConfirmationsAreClaimedAndStoredTogether(t *testing.T) {
	w := newWorld(t, 0)
	all := w.signUpMany(500)
	o := &outbox{Outbox: w.store}
	stop := w.runOutbox(o, 0)
	w.settled()
	stop()
	got := w.server.Messages("")
	if len(got) != len(all) {
		t.Fatalf("%d mails", len(got))
	}
	for i, m := range got { // first come, first served
		if len(m.To) != 1 || m.To[0] != all[i].Address() {
			t.Fatalf("mail %d went to %v", i, m.To)
		}
	}
	if claims, settles := o.claims.Load(), o.settles.Load(); claims > 10 || settles > 0 {
		t.Errorf("%d commits to claim and %d to give back", claims, settles)
	}
}

// A claim is no licence for later: after a second the gate is asked again.
func TestAnOldClaimAsksTheGateAgainF15(t *testing.T) {
	w := newWorld(t, 0)
	all := w.signUpMany(200)
	last := all[len(all)-1]
	o := &outbox{Outbox: w.store}
	told := false
	o.claimed = func(due []akkoord.SystemDelivery) {
		d := due[len(due)-1]
		if told || d.Person.Subscriber.Email != last {
			return
		}
		told = true
		link := akkoord.Link{Kind: akkoord.LinkConfirm, Subscriber: d.Person.Subscriber.PublicID, Request: d.Request}
		if err := w.store.NotMe(t.Context(), link, akkoord.Origin{Source: "link", Actor: akkoord.ActorPerson}); err != nil {
			t.Error(err)
		}
		w.clock.Advance(2 * time.Second)
	}
	stop := w.runOutbox(o, 0)
	w.settled()
	stop()
	seen := map[string]int{}
	for _, m := range w.server.Messages("") {
		seen[m.To[0]]++
	}
	for _, e := range all {
		want := 1
		if e == last {
			want = 0
		}
		if seen[e.Address()] != want {
			t.Errorf("%d mails to one person, want %d", seen[e.Address()], want)
		}
	}
	if !told {
		t.Error("the last was never claimed")
	}
}

// On a slow relay each claim is small, its rest goes back in its old place,
// and nobody gets two.
func TestASlowRelayKeepsTheOrderOfSignUps(t *testing.T) {
	w := newWorld(t, 0)
	all := w.signUpMany(120)
	o := &outbox{Outbox: w.store}
	stop := w.runOutbox(o, 200*time.Millisecond)
	w.settled()
	stop()
	got := w.server.Messages("")
	if len(got) != len(all) {
		t.Fatalf("%d mails", len(got))
	}
	for i, m := range got {
		if m.To[0] != all[i].Address() {
			t.Fatalf("mail %d went to %v", i, m.To)
		}
	}
	if o.claims.Load() < 10 {
		t.Errorf("only %d claims", o.claims.Load())
	}
}

func TestAFloodForOneMailboxDelaysNobodyP03P14(t *testing.T) {
	w := newWorld(t, 0)
	for range 30 {
		w.signUp("lotte@voorbeeld.example")
		w.clock.Advance(time.Microsecond)
	}
	late := w.signUp("daan@voorbeeld.example")
	seen := 0
	for range 4 {
		due, err := w.store.ClaimSystem(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range due {
			seen++
			if d.Person.Subscriber.Email == late {
				return
			}
		}
	}
	t.Errorf("after %d claimed mails the next person's is not among them", seen)
}

// BenchmarkConfirmationsOverOneConnection goes from the rows of the outbox to
// their outcomes on disk.
func BenchmarkConfirmationsOverOneConnection(b *testing.B) {
	const people = 2000
	w := newWorld(b, 0)
	for b.Loop() {
		b.StopTimer()
		w.clock.Advance(25 * time.Hour)
		w.signUpMany(people)
		b.StartTimer()
		stop := w.runOutbox(&outbox{Outbox: w.store}, 0)
		w.settled()
		stop()
	}
	b.ReportMetric(float64(people*b.N)/b.Elapsed().Seconds(), "mails/s")
}
