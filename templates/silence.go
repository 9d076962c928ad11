package templates

import (
	"slices"

	"akkoord"
)

// Silence is what a purpose does about people who gave no sign of life for long
// (M18), as people read it.
type Silence struct {
	Days           int // until the first question
	Months         int // the same as whole months; 0 where it is none
	Again, Expire  int // days until the second question, and from there to the end
	Clicks, Visits bool
	ConsentAge     bool // those are asked too whose clicks are not counted
}

// NewSilence gives a policy as people read it.
func NewSilence(days int, r akkoord.Retention) *Silence {
	has := func(s akkoord.Signal) bool { return slices.Contains(r.Signals, s) }
	return &Silence{
		Days: days, Months: akkoord.DayMonths(days), Again: r.AskAgainAfter, Expire: r.ExpireAfter,
		Clicks: has(akkoord.SignalClick), Visits: has(akkoord.SignalVisit), ConsentAge: has(akkoord.SignalConsentAge),
	}
}

// Counted names the signs that count besides the yes itself: clicks, visits,
// both or none.
func (s Silence) Counted() string {
	switch {
	case s.Clicks && s.Visits:
		return "both"
	case s.Clicks:
		return "clicks"
	case s.Visits:
		return "visits"
	}
	return "none"
}
