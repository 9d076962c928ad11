package akkoord

import (
	"fmt"
	"time"
)

// A mailing that goes out every year is one mailing for each year: a person has one
// delivery of a mailing, so that nobody gets two for the day of one year, whatever becomes of
// the date, a clock or a node. A year is that of the day which is kept, not of the mail before
// or after it.

const (
	everyYear = "year"
	// yearlyMost is how many days before or after its day a yearly mailing goes at most.
	yearlyMost = 364
	// zoneSpan is longer than days of one date last around the world.
	zoneSpan = 2
)

// Every is how often the trigger comes about: "year", or empty for once.
func (t MailingTrigger) Every() string {
	if t.Yearly {
		return everyYear
	}
	return ""
}

func (t MailingTrigger) checkYearly() error {
	switch {
	case t.Yearly && t.On != OnDate:
		return Fieldf("trigger.every", "trigger_mixed", "A date alone comes about every year.")
	case t.Yearly && (t.Days < -yearlyMost || t.Days > yearlyMost):
		return Fieldf("trigger.days", "number_range", "Of what goes out every year the number of days is between %d and %d.", -yearlyMost, yearlyMost)
	}
	return nil
}

// begins is when mails about the days of a year begin, by the clock of UTC.
func (t MailingTrigger) begins(year int) time.Time {
	return time.Date(year, time.January, 1+t.Days, 0, 0, 0, 0, time.UTC)
}

// yearOf gives the year of the days that mails at a time are about, by the clock of UTC.
func (t MailingTrigger) yearOf(now time.Time) int { return now.UTC().AddDate(0, 0, -t.Days).Year() }

// ThisYear is FirstYear of somebody who looks at what is not started; 0 of what goes once.
func (t MailingTrigger) ThisYear(now time.Time) int {
	if !t.Yearly {
		return 0
	}
	return t.yearOf(now)
}

// FirstYear gives the year with which a trigger begins at a time: around new year the one
// that is not over everywhere yet.
func (t MailingTrigger) FirstYear(now time.Time) int { return t.yearOf(now.AddDate(0, 0, -zoneSpan)) }

// YearOver reports whether nobody anywhere is due any more of the trigger's year after a
// time.
func (t MailingTrigger) YearOver(now time.Time) bool { return t.yearOver(t.Year, now) }

func (t MailingTrigger) yearOver(year int, now time.Time) bool {
	return now.After(t.begins(year+1).AddDate(0, 0, zoneSpan))
}

// NextYear gives the year that follows the trigger's, and whether its mailing is to be
// there at a time. Of years that passed whole while nobody looked none is made up for.
func (t MailingTrigger) NextYear(now time.Time) (year int, due bool) {
	for year = t.Year + 1; t.yearOver(year, now); year++ {
	}
	return year, !now.Before(t.begins(year).AddDate(0, 0, -zoneSpan))
}

// Follow gives the reach of the trigger's year, from that of the year before: it looks
// from the first moment on at which anybody can be due, and takes nobody whom the other
// would not. A year that begins late, since the one before stood still over new year, takes
// those alone who are due from now on, unless its plan is to send what was missed (P20).
func (t MailingTrigger) Follow(before TriggerReach, plan Plan, now time.Time) TriggerReach {
	first := t.begins(t.Year).AddDate(0, 0, -zoneSpan)
	if plan.Missed != MissedSend && now.After(first.Add(seriesRest)) {
		before.FromDue, before.Looked = now, now
	} else if first.Before(before.Looked) {
		before.Looked = first
	}
	return before
}

// DayOf gives the day that a mail is about, like 2027-11-24, of what a look at the dates
// finds: the date, or of a yearly trigger its month and day, like 11-24, in the year. 29
// February is 28 February where the year has none.
func (t MailingTrigger) DayOf(found string) string {
	if !t.Yearly {
		return found
	}
	if found == "02-29" && !leap(t.Year) {
		found = "02-28"
	}
	return fmt.Sprintf("%04d-%s", t.Year, found)
}

func leap(year int) bool { return time.Date(year, time.February, 29, 0, 0, 0, 0, time.UTC).Day() == 29 }

// DaysWithin gives the first and last month and day, like 11-24, of dates whose day in the
// trigger's year lies between two days; the last comes before the first where there are
// none.
func (t MailingTrigger) DaysWithin(from, to string) (first, last string) {
	from, to = max(from, t.DayOf("01-01")), min(to, t.LastDate())
	if from > to {
		return "1", "0"
	}
	const month = len("2027-")
	if first, last = from[month:], to[month:]; last == "02-28" && !leap(t.Year) {
		last = "02-29"
	}
	return first, last
}

// LastDate is the last day of the trigger's year: later dates come about in later years.
func (t MailingTrigger) LastDate() string { return t.DayOf("12-31") }
