package mailer

import (
	"sync"
	"time"
)

// pause is how long something is left alone after its failures in a row.
type pause struct {
	failures int
	until    time.Time
}

// over reports whether the pause has ended.
func (p *pause) over(now time.Time) bool { return p.failures == 0 || !now.Before(p.until) }

// lengthen begins the pause after one more failure; rnd is as RelayBackoff
// takes it.
func (p *pause) lengthen(now time.Time, rnd float64) time.Duration {
	p.failures++
	d := RelayBackoff(p.failures, rnd)
	p.until = now.Add(d)
	return d
}

// breaker leaves a relay that fails alone for a while, longer each time (P10),
// and then lets one line try before the others follow. While some line works a
// failure says nothing about the relay as a whole, which may just take no more
// connections: only the line that failed pauses then.
type breaker struct {
	now    func() time.Time
	jitter func() float64

	mu      sync.Mutex // guards what follows
	all     pause
	trier   *line // who is finding out whether the relay is back
	working int   // lines whose connection has carried something
}

// admit reports whether a line may use its connection, or open one, now.
func (b *breaker) admit(l *line) bool {
	if !l.alone.over(b.now()) {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.all.failures == 0:
		return true
	case b.trier != nil && b.trier != l || !b.all.over(b.now()):
		return false
	}
	b.trier = l
	return true
}

// talks tells that a line got through to the relay: neither it nor the relay
// is left alone any more.
func (b *breaker) talks(l *line) {
	l.alone = pause{}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all, b.trier = pause{}, nil
}

// works tells that the connection that a line has open carries mail.
func (b *breaker) works(l *line) {
	if l.working && l.alone.failures == 0 {
		return
	}
	b.talks(l)
	b.mu.Lock()
	defer b.mu.Unlock()
	if !l.working {
		l.working = true
		b.working++
	}
}

// gone tells that a line's connection is closed.
func (b *breaker) gone(l *line) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l.working {
		l.working = false
		b.working--
	}
}

// bad tells that a line failed, and is gone. It pauses, and where no other one
// works so does all; failures of several lines at once are one failure then.
// It gives how long.
func (b *breaker) bad(l *line) time.Duration {
	now := b.now()
	d := l.alone.lengthen(now, b.jitter())
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.trier != l && !b.all.over(now) || b.working > 0 {
		return d
	}
	b.trier = nil
	return max(d, b.all.lengthen(now, b.jitter()))
}

// unused takes an admit back that led to no conversation.
func (b *breaker) unused(l *line) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.trier == l {
		b.trier = nil
	}
}
