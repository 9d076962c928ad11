package mailer

import (
	"sync"
	"sync/atomic"
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
	since   time.Time // when its failures began
	trier   *line     // who is finding out whether the relay is back
	working int       // lines whose connection carried something, or will again after a redial

	wanted atomic.Bool // the urgent line was refused while others work
	room   atomic.Bool // one of those hung up for it
}

// maxWanted is how many refusals in a row make room for the urgent line. Where
// that doesn't help it has another reason.
const maxWanted = 3

// admit reports whether a line may use its connection, or open one, now.
func (b *breaker) admit(l *line) bool {
	if l.urgent && b.room.CompareAndSwap(true, false) {
		l.alone.until = time.Time{}
	}
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
	if l.urgent {
		b.wanted.Store(false)
	}
}

// gone tells that a line has no connection for now.
func (b *breaker) gone(l *line) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lose(l)
}

func (b *breaker) lose(l *line) {
	if l.working {
		l.working = false
		b.working--
	}
	if b.working == 0 {
		b.wanted.Store(false)
	}
}

// bad tells that a line failed, and so is gone. It pauses, and where no other one
// works so does all; failures of several lines at once are one failure then.
// It gives how long.
func (b *breaker) bad(l *line) time.Duration {
	now := b.now()
	d := l.alone.lengthen(now, b.jitter())
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lose(l)
	if b.working > 0 {
		if l.urgent && l.alone.failures <= maxWanted {
			b.wanted.Store(true)
		}
		return d
	}
	if b.trier != l && !b.all.over(now) {
		return d
	}
	if b.all.failures == 0 {
		b.since = now
	}
	b.trier = nil
	return max(d, b.all.lengthen(now, b.jitter()))
}

// crowds reports whether a line's working connection takes the place that the
// urgent one wants: a relay may admit fewer than it is asked for (M.13).
func (b *breaker) crowds(l *line) bool { return l.working && b.wanted.Load() }

// cede reports whether a line has to give up its connection for the urgent one.
// It pauses then, so that it doesn't take the place again.
func (b *breaker) cede(l *line) bool {
	if !l.working || !b.wanted.CompareAndSwap(true, false) {
		return false
	}
	l.alone.lengthen(b.now(), b.jitter())
	return true
}

// fails reports whether the relay is left alone, or one line finds out whether
// it is back.
func (b *breaker) fails() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.failures > 0
}

// open gives since when the relay fails; zero: it doesn't.
func (b *breaker) open() (since time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all.failures > 0 {
		since = b.since
	}
	return since
}

// unused takes an admit back that led to no conversation.
func (b *breaker) unused(l *line) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.trier == l {
		b.trier = nil
	}
}
