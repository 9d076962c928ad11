package mailer

import (
	"testing"
	"time"
)

func newBreaker() (b *breaker, now *time.Time) {
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	return &breaker{now: func() time.Time { return at }, jitter: func() float64 { return .999 }}, &at
}

func TestBreakerLetsOneTryAndPausesForAtMostFifteenMinutesP10(t *testing.T) {
	b, now := newBreaker()
	one, two := &line{}, &line{}
	if !b.admit(one) || !b.admit(two) {
		t.Fatal("a relay that works is kept from some")
	}
	tries := 0
	for began := *now; now.Sub(began) < 3*time.Hour; tries++ {
		d := b.bad(one)
		if d <= 0 || d > 15*time.Minute {
			t.Fatalf("pause %v", d)
		}
		if b.admit(one) || b.admit(two) {
			t.Fatal("admitted in the pause")
		}
		*now = now.Add(d)
		if !b.admit(one) || b.admit(two) {
			t.Fatal("not exactly one tries after the pause")
		}
	}
	if tries > 10+2*5 {
		t.Errorf("%d tries in three hours", tries)
	}
	b.unused(two)
	if b.admit(two) {
		t.Fatal("another one tries, because somebody else gave up")
	}
	b.unused(one)
	if !b.admit(two) {
		t.Fatal("nobody may try after one who did not")
	}
	b.works(two)
	if !b.admit(two) || !b.admit(one) {
		t.Error("not all are let in after a success")
	}
}

func TestFailuresOfSeveralAtOnceAreOneP10(t *testing.T) {
	b, now := newBreaker()
	lines := []*line{{}, {}, {}, {}}
	for _, l := range lines {
		if !b.admit(l) {
			t.Fatal("not admitted at first")
		}
	}
	for _, l := range lines {
		b.bad(l)
	}
	if b.all.failures != 1 {
		t.Errorf("%d failures of the relay", b.all.failures)
	}
	*now = now.Add(15 * time.Second)
	admitted := 0
	for _, l := range lines {
		if b.admit(l) {
			admitted++
		}
	}
	if admitted != 1 {
		t.Errorf("%d try at once", admitted)
	}
}

func TestWhileOneWorksOnlyWhoFailsPausesM7P10(t *testing.T) {
	b, now := newBreaker()
	good, refused, third := &line{}, &line{}, &line{}
	b.works(good)
	dials := 0
	for began := *now; now.Sub(began) < 3*time.Hour; *now = now.Add(time.Second) {
		if !b.admit(good) || !b.admit(third) {
			t.Fatal("one that was not refused is kept waiting")
		}
		b.works(good) // says nothing about the one that is refused
		if b.admit(refused) {
			dials++
			b.bad(refused)
		}
	}
	if dials < 10 || dials > 10+2*6 {
		t.Errorf("%d dials in three hours", dials)
	}
	b.gone(good)
	b.bad(good)
	if b.admit(third) {
		t.Error("with nobody at work a failure does not pause all")
	}
}
