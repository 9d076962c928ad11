package admin

import (
	"context"
	"sync"
	"time"

	"akkoord"
	"akkoord/templates"
)

// pace learns how fast mailings go from the counts that pages were drawn with.
type pace struct {
	mu   sync.Mutex
	seen map[int64][]sample // by mailing, oldest first
}

// sample is how many people a mailing was done with at a time.
type sample struct {
	at   time.Time
	done int64
}

const (
	paceWindow = time.Minute     // older samples say nothing about now
	paceSpan   = 3 * time.Second // samples closer together are no measure
	paceStep   = time.Second     // samples closer than this are one
	paceCount  = 64              // mailings remembered
)

// rate takes a sample and gives the mails a second of the last minute, or 0
// while that is not known: an estimate is shown only when it is measured.
func (p *pace) rate(mailing, done int64, now time.Time) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen == nil || len(p.seen) > paceCount {
		p.seen = map[int64][]sample{}
	}
	samples := p.seen[mailing]
	for len(samples) > 0 && (now.Sub(samples[0].at) > paceWindow || samples[0].done > done) {
		samples = samples[1:]
	}
	if n := len(samples); n == 0 || now.Sub(samples[n-1].at) >= paceStep {
		samples = append(samples, sample{now, done})
	}
	p.seen[mailing] = samples
	span := now.Sub(samples[0].at)
	if span < paceSpan {
		return 0
	}
	return float64(done-samples[0].done) / span.Seconds()
}

// forget drops the samples of a mailing that stands still.
func (p *pace) forget(mailing int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.seen, mailing)
}

// census are counts of people.
type census struct{ active, pending, left int64 }

// censusShare is in how much of the time people may be counted.
const censusShare = 20

// progress gives a mailing's counts as its page draws them.
func (s *Site) progress(ctx context.Context, m akkoord.Mailing) (templates.Progress, error) {
	c, at, err := s.cfg.Figures.Counts(ctx, m)
	p := templates.Progress{
		Total: int(c.Total), Open: int(c.Open), Sent: int(c.Sent), Deferred: int(c.Deferred), Bounced: int(c.Bounced),
		Failed: int(c.Failed), Uncertain: int(c.Uncertain), Skipped: int(c.Skipped),
	}
	p.Held = m.Trial != nil && m.Trial.Share < 100 && m.Decision == nil
	if m.State == akkoord.MailingSending {
		p.Rate = s.pace.rate(m.ID, c.Total-c.Open-c.Deferred, at)
	} else {
		s.pace.forget(m.ID)
	}
	return p, err
}

// leftDays is for how many days before today the start page counts who left.
const leftDays = 7

// people7 counts people who are active, who are pending, and who left in the
// last seven days or today, which are days of UTC as those of the list are.
func (s *Site) people7(ctx context.Context) (census, error) {
	c, _, err := s.census.Ask(ctx, struct{}{}, func(ctx context.Context) (c census, err error) {
		c.active, c.pending, c.left, err = s.cfg.Store.PeopleCounts(ctx, (akkoord.DayOf(s.cfg.Now()) - leftDays).Time())
		return c, err
	})
	return c, err
}

// perPurpose counts subscriptions by purpose and state.
func (s *Site) perPurpose(ctx context.Context) (map[int64]map[akkoord.State]int64, error) {
	c, _, err := s.subscriptions.Ask(ctx, struct{}{}, s.cfg.Store.PurposeCounts)
	return c, err
}
