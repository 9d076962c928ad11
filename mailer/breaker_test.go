package mailer

import (
	"testing"
	"time"
)

func TestBreakerLetsOneTryAndPausesForAtMostFifteenMinutesP10(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	b := &breaker{now: func() time.Time { return now }, jitter: func() float64 { return .999 }}
	if !b.admit() || !b.admit() {
		t.Fatal("a relay that works is kept from some")
	}
	tries := 0
	for began := now; now.Sub(began) < 3*time.Hour; tries++ {
		pause := b.bad()
		if again := b.bad(); again != 0 {
			t.Fatal("the failures of two connections at once count twice")
		}
		if pause <= 0 || pause > 15*time.Minute {
			t.Fatalf("pause %v", pause)
		}
		if b.admit() {
			t.Fatal("admitted in the pause")
		}
		now = now.Add(pause)
		if !b.admit() || b.admit() {
			t.Fatal("not exactly one tries after the pause")
		}
	}
	if tries > 10+2*5 {
		t.Errorf("%d tries in three hours", tries)
	}
	b.unused()
	if !b.admit() {
		t.Fatal("nobody may try after one who did not")
	}
	b.good()
	if !b.admit() || !b.admit() {
		t.Error("not all are let in after a success")
	}
}
