package mailer

import (
	"sync"
	"time"
)

// breaker leaves a relay that fails alone for a while, longer each time (P10),
// and then lets one connection try before the others follow.
type breaker struct {
	now    func() time.Time
	jitter func() float64

	mu       sync.Mutex // guards what follows
	failures int        // in a row
	until    time.Time
	trying   bool // one is finding out
}

// admit reports whether a connection may be used now.
func (b *breaker) admit() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.failures == 0:
		return true
	case b.trying || b.now().Before(b.until):
		return false
	}
	b.trying = true
	return true
}

// good tells that the relay works.
func (b *breaker) good() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures, b.trying = 0, false
}

// bad tells that the relay failed. Failures of several connections at once are
// one failure. It gives how long the relay is left alone, 0 where that was
// decided already.
func (b *breaker) bad() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.trying && b.now().Before(b.until) {
		return 0
	}
	b.failures++
	b.trying = false
	pause := RelayBackoff(b.failures, b.jitter())
	b.until = b.now().Add(pause)
	return pause
}

// unused takes an admit back that led to no conversation.
func (b *breaker) unused() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trying = false
}
