package templates

import "time"

// GrowthPage is GET /admin/growth: the people of each purpose over time, and what
// becomes of each form.
type GrowthPage struct {
	Admin
	Growth
	Periods     []int  // that can be chosen
	Unconfirmed string // where those are who did not confirm; empty: not for this user
}

// Growth is what became of purposes and forms in a period.
type Growth struct {
	Days     int
	Behind   bool // not all is counted yet: lines are not drawn
	Purposes []PurposeGrowth
	Forms    []FormGrowth
}

// PurposeGrowth is one purpose over a period.
type PurposeGrowth struct {
	Slug, Name, URL      string
	Active, Joined, Gone int
	Days                 []GrowthDay // oldest first
}

// GrowthDay is what one day did, and how many were active at its end.
type GrowthDay struct {
	Day                  time.Time
	Joined, Gone, Active int

	JoinedURL, GoneURL string // where these are listed; empty: not for this user
}

// FormGrowth is one form over a period, by language.
type FormGrowth struct {
	Slug, Title, URL string
	Languages        []LanguageGrowth
}

// All is what became of a form in all its languages together.
func (f FormGrowth) All() LanguageGrowth {
	var all LanguageGrowth
	for _, l := range f.Languages {
		all.Shown, all.Asked, all.Accepted, all.Opened, all.Confirmed = all.Shown+l.Shown, all.Asked+l.Asked, all.Accepted+l.Accepted, all.Opened+l.Opened, all.Confirmed+l.Confirmed
	}
	return all
}

// LanguageGrowth is what became of a form in one language.
type LanguageGrowth struct {
	Locale                                    string
	Shown, Asked, Accepted, Opened, Confirmed int

	AskedURL, ConfirmedURL string // where these are listed; empty: not for this user
}

// GrowthStep is a number of sign-ups that came so far, and their share of all
// in percent, at most 100.
type GrowthStep struct {
	N, Share int
	URL      string // where these people are listed; empty: nowhere, or not for this user
}

// Steps are the numbers after the sign-up.
func (l LanguageGrowth) Steps() []GrowthStep {
	var out []GrowthStep
	for _, step := range []GrowthStep{{N: l.Accepted}, {N: l.Opened}, {N: l.Confirmed, URL: l.ConfirmedURL}} {
		step.Share = min(100, (200*step.N+l.Asked)/max(1, 2*l.Asked))
		out = append(out, step)
	}
	return out
}

// Eventful are the days on which something happened, newest first.
func (p PurposeGrowth) Eventful() []GrowthDay {
	var out []GrowthDay
	for i := len(p.Days) - 1; i >= 0; i-- {
		if d := p.Days[i]; d.Joined+d.Gone > 0 {
			out = append(out, d)
		}
	}
	return out
}

// Top and Bottom are the most and the fewest people of the period.
func (p PurposeGrowth) Top() int { return p.bounds(func(a, b int) int { return max(a, b) }) }

// Bottom is the fewest.
func (p PurposeGrowth) Bottom() int { return p.bounds(func(a, b int) int { return min(a, b) }) }

func (p PurposeGrowth) bounds(of func(a, b int) int) int {
	out := p.Active
	for _, d := range p.Days {
		out = of(out, d.Active)
	}
	return out
}

// Line is the plot: a point for each day.
func (p PurposeGrowth) Line() string {
	people := make([]int, len(p.Days))
	for i, d := range p.Days {
		people[i] = d.Active
	}
	return plotLine(people, p.Bottom(), p.Top())
}

// Area closes the line down to the ground.
func (p PurposeGrowth) Area() string { return plotArea(p.Line()) }

func (GrowthPage) file() string { return "admin/growth.html" }
