package storetest

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

func testLedger(t *testing.T, open Open) {
	cfg, clock := Config(t)
	s := open(t, cfg)
	a := &Agency{Store: s}
	if _, err := a.LedgerHead(t.Context()); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("the head of an empty ledger gave %v", err)
	}
	if _, err := a.SignHead(t.Context()); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("signing an empty ledger gave %v", err)
	}
	if head, err := a.VerifyLedger(t.Context(), nil); err != nil || head.Seq != 0 {
		t.Errorf("verifying an empty ledger gave %d, %v", head.Seq, err)
	}
	a = NewAgency(t, s, clock)

	first := a.active(t, "anouk@voorbeeld.example", a.News)
	head := must(a.SignHead(t.Context()))(t)
	if head.Seq != 4+2 || !head.Verify(cfg.Keyring.LedgerKey().Public().(ed25519.PublicKey)) {
		t.Errorf("the head of line %d does not verify", head.Seq)
	}
	if again := must(a.SignHead(t.Context()))(t); !again.At.Equal(head.At) {
		t.Error("a ledger that did not grow was signed again")
	}
	for i := range 5 {
		a.active(t, fmt.Sprintf("p%d@voorbeeld.example", i), a.News, a.Ski)
	}
	head = must(a.SignHead(t.Context()))(t)
	if stored := must(a.LedgerHead(t.Context()))(t); !cmp.Equal(stored, head) {
		t.Errorf("the stored head differs: %s", cmp.Diff(head, stored))
	}

	var told []int64
	last, err := a.VerifyLedger(t.Context(), func(done, total int64) { told = append(told, done, total) })
	if err != nil || last.Seq != 4+22 || last.Hash != head.Hash {
		t.Errorf("verifying gave line %d, %v", last.Seq, err)
	}
	if diff := cmp.Diff([]int64{26, 26}, told); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}

	events := must(a.EventsOf(t.Context(), first.Subscriber.PublicID))(t)
	if len(events) != 2 {
		t.Fatalf("%d lines", len(events))
	}
	e := events[0]
	want := akkoord.Event{
		Seq: 5, At: e.At, Kind: akkoord.Requested, SubscriberID: first.Subscriber.ID, PurposeID: a.News.ID,
		Request: first.Subscription(a.News.ID).Request, FormVersionID: a.Form.Version.ID, WordingVersion: 1, PrivacyVersion: 1,
		Locale: "nl", Source: "form:home", Actor: akkoord.ActorPerson, Commitment: e.Commitment, Hash: e.Hash,
		Evidence: akkoord.Evidence{Address: "anouk@voorbeeld.example", IP: "192.0.2.0/24", UserAgent: "test"},
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("M4, M12: the line of a sign-up (-want +got):\n%s", diff)
	}
	if !e.At.Before(events[1].At) || e.At.Before(Start) {
		t.Errorf("the lines are of %s and %s", e.At, events[1].At)
	}
	if _, err := a.EventsOf(t.Context(), akkoord.ID{1}); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("the lines of nobody gave %v", err)
	}
}

// testHeadsOutside (M30): a new place outside gets the latest signed head, then
// every one, in order, and again what it did not take.
func testHeadsOutside(t *testing.T, open Open) {
	a := newAgency(t, open)
	place, other := [32]byte{1}, [32]byte{2}
	want := func(place [32]byte, seqs ...int64) {
		t.Helper()
		var got []int64
		for _, h := range must(a.HeadsToSend(t.Context(), place))(t) {
			got = append(got, h.Seq)
		}
		if !slices.Equal(got, seqs) {
			t.Errorf("the place gets the heads of lines %v, want %v", got, seqs)
		}
	}
	sign := func(address string) int64 {
		t.Helper()
		a.active(t, address, a.News)
		return must(a.SignHead(t.Context()))(t).Seq
	}
	first := sign("p1@voorbeeld.example")
	second := sign("p2@voorbeeld.example")
	want(place, second)
	noFault(t, a.HeadsSent(t.Context(), place, first))
	want(place, second)
	third := sign("p3@voorbeeld.example")
	want(place, second, third)
	noFault(t, a.HeadsSent(t.Context(), place, third))
	noFault(t, a.HeadsSent(t.Context(), place, second)) // of a slower node
	want(place)
	want(other, third)
}
