package figures

import (
	"context"
	"time"

	"akkoord"
)

// Store counts what became of mailings.
type Store interface {
	Counts(ctx context.Context, mailingID int64) (akkoord.Counts, error)
	Results(ctx context.Context, m akkoord.Mailing) (akkoord.MailingResults, error)
	// ReadersOf gives what people did after mailings, by the mailing's number.
	ReadersOf(ctx context.Context, mailings []int64) (map[int64]akkoord.Readers, error)
	// StartedMailings gives the last mailings of a campaign that were started up to a time (zero: all), those that were started last first.
	StartedMailings(ctx context.Context, campaignID int64, upTo time.Time, limit int) ([]akkoord.Mailing, error)
	// LatelyStarted gives the last mailings of all campaigns that were started since a time, or are of a series that runs, those that were started last first.
	LatelyStarted(ctx context.Context, since time.Time, limit int) ([]akkoord.Mailing, error)
	// ReportsOf counts what came back of each of some mailings, by the mailing's number.
	ReportsOf(ctx context.Context, mailings []int64) (map[int64]akkoord.Reports, error)
}

// Reader reads figures of mailings. Where counting takes long they are of a
// while ago.
type Reader struct {
	store   Store
	now     func() time.Time
	counts  *Memory[mailing, akkoord.Counts]
	results *Memory[mailing, akkoord.MailingResults]
	readers *Memory[[compared]mailing, map[int64]akkoord.Readers]
}

// mailing is what figures are remembered by: one that has just moved is counted
// anew.
type mailing struct {
	id    int64
	state akkoord.MailingState
}

// Counts of a mailing that somebody watches may take a fifth of the time, the
// whole of its results a twentieth.
const (
	countsShare  = 5
	resultsShare = 20
)

// NewReader makes the reader of a store.
func NewReader(store Store, now func() time.Time) *Reader {
	return &Reader{
		store, now, NewMemory[mailing, akkoord.Counts](now, countsShare), NewMemory[mailing, akkoord.MailingResults](now, resultsShare),
		NewMemory[[compared]mailing, map[int64]akkoord.Readers](now, resultsShare),
	}
}

// Counts gives a mailing's deliveries by state, and the time that they are of.
func (r *Reader) Counts(ctx context.Context, m akkoord.Mailing) (akkoord.Counts, time.Time, error) {
	return r.counts.Ask(ctx, mailing{m.ID, m.State}, func(ctx context.Context) (akkoord.Counts, error) {
		return r.store.Counts(ctx, m.ID)
	})
}

// Results gives what became of a mailing, and the time that this is of.
// Conflict, with code not_started, where nothing of it was sent.
func (r *Reader) Results(ctx context.Context, m akkoord.Mailing) (akkoord.MailingResults, time.Time, error) {
	if m.StartedAt.IsZero() {
		return akkoord.MailingResults{}, time.Time{}, akkoord.Errorf(akkoord.Conflict, "not_started", "Nothing of this mailing was sent yet.")
	}
	return r.results.Ask(ctx, mailing{m.ID, m.State}, func(ctx context.Context) (akkoord.MailingResults, error) {
		return r.store.Results(ctx, m)
	})
}

// Summary is what became of one of several mailings.
type Summary struct {
	akkoord.Mailing
	akkoord.Counts
	akkoord.Readers
}

// Small reports whether shares of so few people say nothing.
func (s Summary) Small() bool { return s.HandedOver() < akkoord.ReportSample }

// compared is how many mailings are held against each other.
const compared = 12

// Compare gives the last mailings of a campaign that were started, those that
// were started last first.
func (r *Reader) Compare(ctx context.Context, campaignID int64) ([]Summary, error) {
	return r.CompareUpTo(ctx, campaignID, time.Time{})
}

// CompareUpTo is Compare of those that were started up to a time; zero: of all.
func (r *Reader) CompareUpTo(ctx context.Context, campaignID int64, upTo time.Time) ([]Summary, error) {
	mailings, err := r.store.StartedMailings(ctx, campaignID, upTo, compared)
	if err != nil {
		return nil, err
	}
	readers, err := r.readersOf(ctx, mailings)
	if err != nil {
		return nil, err
	}
	out := make([]Summary, len(mailings))
	for i, m := range mailings {
		c, _, err := r.Counts(ctx, m)
		if err != nil {
			return nil, err
		}
		out[i] = Summary{m, c, readers[m.ID]}
	}
	return out, nil
}

// readersOf gives what people did after mailings, of which there are no more than
// are compared.
func (r *Reader) readersOf(ctx context.Context, mailings []akkoord.Mailing) (map[int64]akkoord.Readers, error) {
	var of [compared]mailing
	ids := make([]int64, len(mailings))
	for i, m := range mailings {
		ids[i], of[i] = m.ID, mailing{m.ID, m.State}
	}
	readers, _, err := r.readers.Ask(ctx, of, func(ctx context.Context) (map[int64]akkoord.Readers, error) {
		return r.store.ReadersOf(ctx, ids)
	})
	return readers, err
}

// CameBack are the rates of one mailing of late.
type CameBack struct {
	akkoord.Mailing
	Rates []akkoord.Rate
}

// latelyWithin is for how long a mailing is one of late.
const latelyWithin = 30 * 24 * time.Hour

// CameBackLately gives what came back of the last mailings that were started within
// thirty days or are of a series that runs, newest first, and of all of these together.
func (r *Reader) CameBackLately(ctx context.Context) (mailings []CameBack, total []akkoord.Rate, err error) {
	lately, err := r.store.LatelyStarted(ctx, r.now().Add(-latelyWithin), compared)
	if err != nil {
		return nil, nil, err
	}
	ids := make([]int64, len(lately))
	for i, m := range lately {
		ids[i] = m.ID
	}
	reports, err := r.store.ReportsOf(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	mailings = make([]CameBack, len(lately))
	all := make([][]akkoord.Rate, len(lately))
	for i, m := range lately {
		c, _, err := r.Counts(ctx, m)
		if err != nil {
			return nil, nil, err
		}
		all[i] = reports[m.ID].Rates(c)
		mailings[i] = CameBack{m, all[i]}
	}
	return mailings, akkoord.TotalRates(all), nil
}
