package mailer

import (
	"testing"
	"time"
)

// M.13: a provider that puts mail off is left alone, longer each time, gets fewer
// connections, and gets them back as it takes mail. Others are not slowed.
func TestProvidersThatPutMailOffAreSpared(t *testing.T) {
	now := time.Date(2027, 1, 15, 9, 30, 0, 0, time.UTC)
	ps := &providers{now: func() time.Time { return now }, jitter: func() float64 { return 1 }, seats: 4, known: map[string]*provider{}}
	full := Classify(StageRcpt, 421, "", "")
	soft, policy, sent := Classify(StageRcpt, 450, "4.4.5", ""), Classify(StageRcpt, 450, "4.7.28", ""), Classify(StageBody, 250, "", "")
	enters := func(name string) bool { t.Helper(); _, ok := ps.enter(name); return ok }
	for _, o := range []Outcome{full, sent, soft, soft} {
		if !enters("google") {
			t.Fatal("it is spared for what says nothing about it")
		}
		ps.leave("google", o)
	}
	if !enters("google") {
		t.Fatal("it is spared after two")
	}
	ps.leave("google", soft)
	if enters("google") {
		t.Error("it is not spared after three in a row")
	}
	if !enters("ziggo") {
		t.Error("another is spared")
	}
	first, _ := ps.enter("google")
	second, _ := ps.enter("google")
	if !second.After(first) || first.Before(now.Add(providerPause)) {
		t.Errorf("people are put off to %s and %s", first, second)
	}
	now = now.Add(providerPause)
	for range 2 {
		if !enters("google") {
			t.Fatal("half of four connections may write to it after the pause")
		}
	}
	if enters("google") {
		t.Error("more than half of four connections may write to it")
	}
	ps.leave("google", policy)
	ps.leave("google", policy) // of the same moment: one sign
	now = now.Add(2*providerPause - 1)
	if enters("google") {
		t.Error("the second pause is no longer than the first")
	}
	now = now.Add(1)
	for range 3*providerGrows + 1 {
		if !enters("google") {
			t.Fatal("it is spared while it takes mail")
		}
		ps.leave("google", sent)
	}
	if len(ps.known) != 0 {
		t.Errorf("it is still spared: %+v", *ps.known["google"])
	}
}

// However many wait, nobody is put off for longer than an hour at a time.
func TestNobodyIsPutOffForLong(t *testing.T) {
	now := time.Date(2027, 1, 15, 9, 30, 0, 0, time.UTC)
	ps := &providers{now: func() time.Time { return now }, jitter: func() float64 { return 0 }, seats: 1, known: map[string]*provider{}}
	ps.enter("google")
	ps.leave("google", Classify(StageRcpt, 450, "4.7.28", ""))
	for range 100_000 {
		if again, ok := ps.enter("google"); ok || again.After(now.Add(providerHorizon)) || !again.After(now) {
			t.Fatalf("again at %s", again)
		}
	}
}
