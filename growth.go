package akkoord

import (
	"cmp"
	"slices"
	"time"
)

// FormFigures are what became of one form in one language: numbers of showings
// and of requests, which lead to nobody. Asked, Accepted, Opened and Confirmed
// are of the requests of the period, whenever the rest of it happened, so that
// each is a part of the one before but for what machines do.
type FormFigures struct {
	FormID    int64
	Locale    string
	Shown     int64 // showings of the page of ours, by browsers and machines; forms on other sites are not among them
	Asked     int64 // sign-ups that asked for something new
	Accepted  int64 // whose confirmation mail the relay took
	Opened    int64 // whose page behind the link was shown before it was pressed; mail scanners open it too
	Confirmed int64
}

// FormShowing is how often one version of a form, and the page behind the link
// of those who asked by it, were shown.
type FormShowing struct {
	FormVersionID int64
	Locale        string
	Day           Day // of the showing; of the request, for pages behind links
	Shown, Opened int64
}

// PurposeDay is what one day did to the people of a purpose: who became active
// and who ended.
type PurposeDay struct {
	Day          Day
	Joined, Gone int64
}

// Growth is what became of forms and purposes over a period.
type Growth struct {
	Forms    []FormFigures          // by form and language; nothing of what was never shown or asked by
	Purposes map[int64][]PurposeDay // by purpose, in order and without gaps up to today; those to whom nothing happened are missing
	Behind   bool                   // there is more to count than came in while this was read
}

// FormDay is what became of one form in one language on one day.
type FormDay struct {
	Day Day
	FormFigures
}

// FormGrowth is what became of one form over a period.
type FormGrowth struct {
	Days   []FormDay // by day and language; nothing of days on which nothing happened
	Behind bool      // as in Growth
}

// Languages are the figures of the whole period, by language.
func (g FormGrowth) Languages() []FormFigures {
	var out []FormFigures
	for _, d := range g.Days {
		i, there := slices.BinarySearchFunc(out, d.Locale, func(f FormFigures, locale string) int { return cmp.Compare(f.Locale, locale) })
		if !there {
			out = slices.Insert(out, i, FormFigures{FormID: d.FormID, Locale: d.Locale})
		}
		out[i] = out[i].plus(d.FormFigures)
	}
	return out
}

func (f FormFigures) plus(more FormFigures) FormFigures {
	f.Shown, f.Asked, f.Accepted, f.Opened, f.Confirmed = f.Shown+more.Shown, f.Asked+more.Asked, f.Accepted+more.Accepted, f.Opened+more.Opened, f.Confirmed+more.Confirmed
	return f
}

// Day is a day in UTC, by its number since 1 January 1970.
type Day int64

const dayLength = 24 * time.Hour

// DayOf gives the day of a time.
func DayOf(t time.Time) Day {
	seconds := int64(dayLength / time.Second)
	day := t.Unix() / seconds
	if t.Unix()%seconds < 0 {
		day--
	}
	return Day(day)
}

// Time is when the day begins.
func (d Day) Time() time.Time { return time.Unix(int64(d)*int64(dayLength/time.Second), 0).UTC() }

// MaxGrowthDays is the longest period that figures are given for.
const MaxGrowthDays = 730

// GrowthDays is the usual number of days, today among them.
const GrowthDays = 30

// ParseGrowthDays reads a number of days, today among them; 0 is GrowthDays.
func ParseGrowthDays(days int) (int, error) {
	switch {
	case days == 0:
		return GrowthDays, nil
	case days < 0 || days > MaxGrowthDays:
		return 0, Fieldf("days", "period_invalid", "The number of days is from 1 to %d.", MaxGrowthDays)
	}
	return days, nil
}

// PeopleByDay gives how many were active at the end of each of the days up to
// today, from what there are now and what each day did.
func PeopleByDay(active int64, days []PurposeDay) []int64 {
	out := make([]int64, len(days))
	for i := len(days) - 1; i >= 0; i-- {
		out[i] = active
		active -= days[i].Joined - days[i].Gone
	}
	return out
}
