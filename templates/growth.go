package templates

import (
	"slices"
	"time"
)

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
		all = all.Plus(l)
	}
	return all
}

// LanguageGrowth is what became of a form in one language.
type LanguageGrowth struct {
	Locale                                    string
	Shown, Asked, Accepted, Opened, Confirmed int

	AskedURL, ConfirmedURL string // where these are listed; empty: not for this user
}

// Plus adds the numbers of another language or day, which no list of people is of.
func (l LanguageGrowth) Plus(more LanguageGrowth) LanguageGrowth {
	return LanguageGrowth{Shown: l.Shown + more.Shown, Asked: l.Asked + more.Asked, Accepted: l.Accepted + more.Accepted, Opened: l.Opened + more.Opened, Confirmed: l.Confirmed + more.Confirmed}
}

// Stations are the numbers from the form to the yes.
func (l LanguageGrowth) Stations() []Station {
	return []Station{{"shown", l.Shown, ""}, {"asked", l.Asked, l.AskedURL}, {"accepted", l.Accepted, ""}, {"opened", l.Opened, ""}, {"confirmed", l.Confirmed, l.ConfirmedURL}}
}

// Station is how many came so far.
type Station struct {
	Key string // of growth.<Key>
	N   int
	URL string // where these people are listed; empty: nowhere, or not for this user
}

// Falls are how many fell off, before each step that not all came to.
func (l LanguageGrowth) Falls() []Fall {
	var out []Fall
	most := -1
	for _, step := range []Fall{{Key: "asked", Of: l.Shown, Lost: l.Asked}, {Key: "accepted", Of: l.Asked, Lost: l.Accepted}, {Key: "opened", Of: l.Accepted, Lost: l.Opened}, {Key: "confirmed", Of: l.Opened, Lost: l.Confirmed}} {
		if step.Lost = step.Of - step.Lost; step.Lost <= 0 {
			continue // forms on other sites are not among the showings, and machines open links
		}
		out = append(out, step)
		if most < 0 || step.Lost*out[most].Of > out[most].Lost*step.Of {
			most = len(out) - 1
		}
	}
	if most >= 0 {
		out[most].Most = true
	}
	return out
}

// Fall is how many of those who came so far did not come to the next step.
type Fall struct {
	Key      string // of growth.fall_<Key>, the step that they did not come to
	Lost, Of int
	Most     bool // no other step lost a greater part
}

// Share is the part that fell off, in percent.
func (f Fall) Share() int { return (200*f.Lost + f.Of) / max(1, 2*f.Of) }

// FormFiguresPage is GET /admin/forms/{form}/figures: what became of one form over a
// period.
type FormFiguresPage struct {
	Admin
	FormGrowth
	Form, Public string // paths of its own page here, and of the form itself
	Days         int
	Periods      []int     // that can be chosen
	In           string    // the one language that is shown; empty: all
	PerDay       []FormDay // oldest first, without gaps
	Behind       bool      // not all is counted yet
	Unconfirmed  string    // where those are who did not confirm; empty: not for this user
}

// FormDay is what became of a form on one day.
type FormDay struct {
	Day time.Time
	LanguageGrowth
}

// Chosen is what became of the form in the language that is shown.
func (p FormFiguresPage) Chosen() LanguageGrowth {
	for _, l := range p.Languages {
		if l.Locale == p.In {
			return l
		}
	}
	return p.All()
}

// Eventful are the days on which something happened, newest first.
func (p FormFiguresPage) Eventful() []FormDay {
	var out []FormDay
	for _, d := range slices.Backward(p.PerDay) {
		if d.Shown+d.Asked+d.Accepted+d.Opened+d.Confirmed > 0 {
			out = append(out, d)
		}
	}
	return out
}

// Plots are the sign-ups and those that were confirmed, by day.
func (p FormFiguresPage) Plots() []Bars {
	asked, confirmed := Bars{Key: "asked"}, Bars{Key: "confirmed"}
	for _, d := range p.PerDay {
		asked.Numbers, asked.Total = append(asked.Numbers, d.Asked), asked.Total+d.Asked
		confirmed.Numbers, confirmed.Total = append(confirmed.Numbers, d.Confirmed), confirmed.Total+d.Confirmed
	}
	return []Bars{asked, confirmed}
}

// First is the first day.
func (p FormFiguresPage) First() time.Time { return p.PerDay[0].Day }

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

func (GrowthPage) file() string      { return "admin/growth.html" }
func (FormFiguresPage) file() string { return "admin/form-figures.html" }
