package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
	"akkoord/store"
)

// testStats: P36, the operator's figures are those of what was done, and a
// change that was refused counts nowhere.
func testStats(t *testing.T, open Open) {
	a := newAgency(t, open)
	if err := a.Writable(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := a.Writes().Events
	a.active(t, "anouk@voorbeeld.example", a.News, a.Ski)
	b := a.active(t, "bas@voorbeeld.example", a.News)
	link := akkoord.Link{Subscriber: b.Subscriber.PublicID, Purpose: a.News.ID, Campaign: a.Campaign.ID, At: a.Clock.Now()}
	must(a.Leave(t.Context(), link, akkoord.ScopePurpose, byLink))(t)
	must(a.SignHead(t.Context()))(t)
	signed := a.Clock.Now()
	a.Clock.Move(time.Hour)
	if err := a.SignUp(t.Context(), a.signUp(email(t, "cor@voorbeeld.example"), a.News)); err != nil {
		t.Fatal(err)
	}
	if _, err := a.PutPurpose(t.Context(), Admin, Purpose("travel-news")); err == nil {
		t.Fatal("a second purpose has the slug of the first")
	}

	a.Clock.Move(time.Second)
	got := must(a.Stats(t.Context()))(t)
	got.OutboxOldest, got.SignedAt = got.OutboxOldest.Truncate(time.Second), got.SignedAt.Truncate(time.Second) // each change has its own microsecond
	want := store.Stats{
		OutboxDue: 3, OutboxOldest: signed, Mailings: map[akkoord.MailingState]int64{akkoord.MailingDraft: 1},
		LedgerSeq: got.SignedSeq + 1, SignedSeq: got.SignedSeq, SignedAt: signed,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.SignedSeq < 7 {
		t.Errorf("only %d lines are signed", got.SignedSeq)
	}

	w := a.Writes()
	events := map[akkoord.EventKind]uint64{}
	for kind, n := range w.Events {
		if n -= before[kind]; n > 0 {
			events[kind] = n
		}
	}
	if diff := cmp.Diff(map[akkoord.EventKind]uint64{akkoord.Requested: 4, akkoord.Confirmed: 3, akkoord.Withdrew: 1}, events); diff != "" {
		t.Errorf("events: %s", diff)
	}
	if w.Queue != 0 || w.Failed != 0 || w.Groups.Count == 0 || w.Groups.Count != w.Times.Count || uint64(w.Groups.Sum) < w.Groups.Count {
		t.Errorf("writer: %+v", w)
	}
}
