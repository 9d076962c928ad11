package store

import (
	"testing"
	"time"

	"akkoord"
	"akkoord/store/pgtest"
)

// A node is cut off from the server for longer than its lease, and nobody tells
// it: it says so to whoever asks, begins no mail, and is fenced when it is back;
// what it held another node takes over, and nobody is mailed twice (P19, P34,
// P06). What it sent before may come through late.
func TestANodeThatIsCutOffIsTakenOverAndWritesNothingWhenItIsBackP19P34P06(t *testing.T) {
	for name, drops := range map[string]bool{"what was sent comes late": false, "what was sent is lost": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testCutOff(t, drops)
		})
	}
}

func testCutOff(t *testing.T, drops bool) {
	database := pgtest.New(t, Migrate)
	strait := pgtest.NewStrait(t, database, "connect_timeout=1")
	a := newSendingOn(t, strait.URL, time.Now, 6)
	clock := &testClock{}
	b := &sendingStore{t: t, cfg: a.cfg, mailing: a.mailing}
	b.cfg.Now, b.cfg.Database = clock.now, database
	b.reopen()
	t.Cleanup(func() { b.Close() })

	a.claim()
	for i := range 2 {
		if err := a.Mark(a.w, i, time.Now()); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			a.wire().note(newEntry(a.w, 0, withPerson(a.w, 0, result(akkoord.Sent, "250"))))
		}
	}
	strait.Shut(drops)
	unavailable := func(what string, err error) {
		t.Helper()
		if akkoord.KindOf(err) != akkoord.Unavailable {
			t.Errorf("cut off, %s gave %v", what, err)
		}
	}
	unavailable("a sign-up", a.signUpSomebody("afgesneden@voorbeeld.example"))
	unavailable("readiness", a.Ready(t.Context()))
	unavailable("a mark", a.Mark(a.w, 2, time.Now()))
	_, err := a.Counts(t.Context(), a.mailing.ID)
	unavailable("a read", err)
	if v, err := a.Ask(t.Context(), a.w, 3); err == nil && v.Allowed {
		t.Error("cut off, a mail may begin (P09)")
	}

	const left = "sent 250, uncertain interrupted, sent 251, sent 251, sent 251, sent 251"
	bury(t, b, clock)
	b.claim()
	if len(b.w.Recipients) != 4 {
		t.Fatalf("%d can be claimed after the takeover", len(b.w.Recipients))
	}
	for i := range b.w.Recipients {
		if err := b.Mark(b.w, i, time.Now()); err != nil {
			t.Fatal(err)
		}
		b.Note(b.w, i, result(akkoord.Sent, "251"))
	}
	if err := b.Release(t.Context(), b.w); err != nil {
		t.Fatal(err)
	}

	strait.Open()
	a.Note(a.w, 1, result(akkoord.Sent, "250")) // the relay's answer to what was on the wire
	a.Note(a.w, 2, result(akkoord.Sent, "250")) // never begun
	_ = a.Release(t.Context(), a.w)             // kept, where it can't be stored yet
	again(t, func() error { return a.nodes.beat(t.Context()) })
	again(t, a.journal.settle)
	if err := a.signUpSomebody("terug@voorbeeld.example"); err != nil {
		t.Errorf("back, a sign-up gave %v", err)
	}
	if got := b.states(); got != left {
		t.Errorf("a node that was cut off wrote: %s", got)
	}
	if m, err := a.MailingByID(t.Context(), a.mailing.ID); err != nil || m.State != akkoord.MailingSent {
		t.Errorf("the mailing is %s, %v", m.State, err)
	}
	hearsLeavings(t, a, b)
	if _, err := a.VerifyLedger(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// hearsLeavings has b's people leave a mailing that a sends.
func hearsLeavings(t *testing.T, a, b *sendingStore) {
	t.Helper()
	m, err := b.PutMailing(t.Context(), "user:1", akkoord.Mailing{CampaignID: a.mailing.CampaignID, Content: akkoord.Content{Subject: "s", Markdown: "m"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.StartMailing(t.Context(), "user:1", m.PublicID); err != nil {
		t.Fatal(err)
	}
	a.claim()
	if _, err := b.Leave(t.Context(), akkoord.Link{Subscriber: a.w.Recipients[0].PublicID, Purpose: 1, Campaign: 1}, akkoord.ScopePurpose, akkoord.Origin{}); err != nil {
		t.Fatal(err)
	}
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(time.Minute); ; <-poll.C {
		v, err := a.Ask(t.Context(), a.w, 0)
		if err != nil {
			t.Fatal(err)
		}
		if !v.Allowed {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a node that is back does not hear who leaves (P09)")
		}
	}
}

func (s *sendingStore) signUpSomebody(address string) error {
	s.t.Helper()
	e, err := akkoord.ParseEmail(address)
	if err != nil {
		s.t.Fatal(err)
	}
	p := akkoord.Purpose{ID: 1, Slug: "news", Basis: akkoord.BasisConsent, Version: 1}
	return s.SignUp(s.t.Context(), akkoord.SignUp{Email: e, Locale: "nl", Purposes: []akkoord.Purpose{p}, Origin: akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson}})
}
