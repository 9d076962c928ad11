package mailer

import (
	"strings"
	"sync"
	"time"
)

const (
	providerSoft    = 3                // refusals for now in a row that say something about the provider
	providerPause   = time.Minute      // its first pause, which doubles
	providerMost    = 15 * time.Minute // its longest
	providerGrows   = 100              // mails that it has to take for one connection more
	providerGap     = 100 * time.Millisecond
	providerHorizon = time.Hour // how far ahead somebody is put off at most
)

// providers slows down for those that put mail off (requirements-mail M.13). It
// knows only of them: the zero of what is known is that all is well.
type providers struct {
	now    func() time.Time
	jitter func() float64
	seats  int // connections that there are

	mu    sync.Mutex
	known map[string]*provider
}

// provider is one that put mail off.
type provider struct {
	seats    int // connections that may write to it at once
	busy     int
	soft     int // refusals for now in a row
	failures int // pauses in a row
	until    time.Time
	took     int           // mails since its last seat was added
	last     time.Time     // when it took the last
	gap      time.Duration // between two that it takes, about
	booked   time.Time     // until when people are put off
}

// enter takes a seat for a mail to a provider, to be given back to leave. Where
// there is none it gives the time at which to try the mail again: as many are put
// off to a time as it will take then.
func (ps *providers) enter(name string) (again time.Time, ok bool) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p := ps.known[name]
	if p == nil {
		return time.Time{}, true
	}
	now := ps.now()
	if !now.Before(p.until) && p.busy < p.seats {
		p.busy++
		return time.Time{}, true
	}
	from := now.Add(providerPause)
	if p.until.After(from) {
		from = p.until
	}
	if p.booked.Before(from) {
		p.booked = from
	}
	p.booked = p.booked.Add(p.gap)
	if last := now.Add(providerHorizon); p.booked.After(last) {
		p.booked = last
	}
	return p.booked, false
}

// leave gives the seat back and learns from what became of the mail.
func (ps *providers) leave(name string, o Outcome) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p := ps.known[name]
	off := o.State == Deferred && o.Relay == RelayFine && o.Code/100 == 4 && !ofOneMailbox(o.Enhanced)
	if p == nil {
		if !off {
			return
		}
		p = &provider{seats: ps.seats, gap: providerGap}
		ps.known[name] = p
	}
	p.busy = max(p.busy-1, 0)
	switch {
	case off:
		ps.putOff(p, o.Class == ClassPolicy)
	case o.State == Sent:
		p.takes(ps.now())
		if p.took >= providerGrows {
			p.took, p.seats = 0, p.seats+1
		}
		if p.seats >= ps.seats && p.busy == 0 {
			delete(ps.known, name)
		}
	}
}

// ofOneMailbox reports whether a code tells of one mailbox and so nothing of its
// neighbours (RFC 3463 §3.2, §3.3; P11).
func ofOneMailbox(enhanced string) bool {
	return strings.HasPrefix(enhanced, "4.1.") || strings.HasPrefix(enhanced, "4.2.")
}

// putOff slows a provider down that says so, or that puts off several in a row.
func (ps *providers) putOff(p *provider, saysSo bool) {
	now := ps.now()
	if p.soft++; now.Before(p.until) || p.soft < providerSoft && !saysSo {
		return
	}
	p.seats, p.soft, p.took = max(p.seats/2, 1), 0, 0
	pause := min(providerPause<<min(p.failures, 10), providerMost)
	p.failures++
	p.until = now.Add(time.Duration(float64(pause) * (0.8 + 0.2*ps.jitter())))
}

func (p *provider) takes(now time.Time) {
	if !p.last.IsZero() {
		p.gap = (9*p.gap + min(now.Sub(p.last), 10*time.Second)) / 10
	}
	p.soft, p.failures, p.last = 0, 0, now
	p.took++
}
