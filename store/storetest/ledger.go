package storetest

import (
	"crypto/ed25519"
	"fmt"
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
