package api

import (
	"context"

	"akkoord"
)

// ab is a test of the variants on a part of the audience.
type ab struct {
	Share       int                  `json:"share" doc:"Percent of the audience that the test takes, 1 to 100; all others wait for the winner."`
	Measure     akkoord.TrialMeasure `json:"measure,omitempty" enum:"clicks,unsubscribes" doc:"What makes a variant the better one: more people who clicked, of those who let their clicks be counted, or fewer who left. clicks when left out."`
	WaitMinutes int                  `json:"wait_minutes,omitempty" doc:"For how long after a mail its reader's act counts, 5 to 10080; 240 when left out. The winner goes out by itself when it has won, or when nearly everybody had that time."`
	Expect      float64              `json:"expected_rate,omitempty" doc:"Share of readers who are expected to act; 0.03 when left out. Only what is foretold depends on it."`
}

func (t *ab) read() *akkoord.Trial {
	if t == nil {
		return nil
	}
	out := akkoord.Trial{Share: t.Share, Measure: t.Measure, Wait: t.WaitMinutes, Expect: t.Expect}
	if out.Measure == "" {
		out.Measure = akkoord.TrialClicks
	}
	if out.Wait == 0 {
		out.Wait = 240
	}
	if out.Expect == 0 {
		out.Expect = 0.03
	}
	return &out
}

func showTrial(t *akkoord.Trial) *ab {
	if t == nil {
		return nil
	}
	return &ab{t.Share, t.Measure, t.Wait, t.Expect}
}

// trial is what a test can find, and has found.
type trial struct {
	PerVariant int               `json:"per_variant" doc:"People of each variant, of the audience as it is now or was frozen."`
	Detectable float64           `json:"detectable" doc:"The smallest difference of two rates that is found in four of five such tests, by clicks among those who let them be counted; 1: none."`
	Winner     *string           `json:"winner" doc:"Name of the variant that all others get; null until it is decided."`
	Code       akkoord.TrialCode `json:"code" enum:",won,no_difference,guarded" doc:"won: it is better than each other one. no_difference: none is, and the first is sent. guarded: one has more clicks and more people leave by it, and the first is sent. Empty until then."`
	P          *float64          `json:"p" doc:"How likely it is at most to find such a difference, or a greater one, at any time among equal variants; 0.05 is the limit. Null until it is decided."`
	DecidedAt  *Time             `json:"decided_at"`
	Variants   []armFigures      `json:"variants" nullable:"false"`
}

// armFigures are one variant of a test. Rates are of those whose wait is over.
type armFigures struct {
	Name         string   `json:"name"`
	Sent         int      `json:"sent"`
	Waited       int      `json:"waited" doc:"Of them, whose wait is over."`
	Counted      int      `json:"counted" doc:"Of those, who let their clicks be counted."`
	Clicked      *int     `json:"clicked" doc:"Of those, who clicked. Null below 5: so few could tell who it was."`
	Rate         *float64 `json:"rate" doc:"Of the measure; null where so few acted."`
	Low          float64  `json:"low" doc:"The true rate is between low and high, in 95 of 100 tests at all times at which one looks."`
	High         float64  `json:"high"`
	Unsubscribes int      `json:"unsubscribes"`
}

// trial gives what the test of a mailing can find and has found, or nil.
func (a *API) trial(ctx context.Context, m akkoord.Mailing, c akkoord.Counts) (*trial, error) {
	if m.Trial == nil {
		return nil, nil
	}
	people := c.Total
	if m.StartedAt.IsZero() {
		audience, err := a.cfg.Store.Audience(ctx, m)
		if err != nil {
			return nil, err
		}
		people = audience.Allowed
	}
	arms, _, err := a.cfg.Store.TrialFigures(ctx, m)
	if err != nil {
		return nil, err
	}
	out := &trial{Variants: []armFigures{}}
	counting, err := a.cfg.Store.TrialCounts(ctx, m, people)
	if err != nil {
		return nil, err
	}
	out.PerVariant, _ = m.Trial.Foretell(people, len(m.Variants))
	_, out.Detectable = m.Trial.Foretell(counting, len(m.Variants))
	if d := m.Decision; d != nil {
		out.Winner, out.Code, out.P, out.DecidedAt = &m.Variants[d.Winner].Name, d.Code, &d.P, when(d.At)
	}
	for i, f := range arms {
		shown := armFigures{Name: m.Variants[i].Name, Sent: f.Sent, Waited: f.Waited, Counted: f.Counted, Unsubscribes: f.Left}
		if f.Clicked >= akkoord.Limits.ClickGroup {
			shown.Clicked = &f.Clicked
		}
		r, low, high := m.Trial.Measure.Seen(f)
		if shown.Low, shown.High = low, high; r >= 0 {
			shown.Rate = &r
		}
		out.Variants = append(out.Variants, shown)
	}
	return out, nil
}
