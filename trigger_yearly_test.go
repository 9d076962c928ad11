package akkoord_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"akkoord"
)

// 29 February is kept on 28 February where the year has none.
func TestADayOfEveryYear(t *testing.T) {
	for _, tt := range []struct {
		year  int
		found string
		want  string
	}{
		{2027, "02-29", "2027-02-28"}, {2028, "02-29", "2028-02-29"}, {2100, "02-29", "2100-02-28"}, {2000, "02-29", "2000-02-29"}, {2027, "02-28", "2027-02-28"}, {2027, "12-31", "2027-12-31"},
	} {
		if got := (akkoord.MailingTrigger{On: akkoord.OnDate, Yearly: true, Year: tt.year}).DayOf(tt.found); got != tt.want {
			t.Errorf("%s in %d is kept on %s, want %s", tt.found, tt.year, got, tt.want)
		}
	}
	if got := (akkoord.MailingTrigger{On: akkoord.OnDate}).DayOf("1980-02-29"); got != "1980-02-29" {
		t.Errorf("once, it is on %s", got)
	}
	for _, tt := range []struct {
		year              int
		from, to          string
		first, last       string
		holds, holdsNever string
	}{
		{2027, "", "\U0010FFFF", "01-01", "12-31", "02-29", "13-01"},
		{2027, "2027-02-27", "2027-02-28", "02-27", "02-29", "02-29", "03-01"},
		{2028, "2028-02-27", "2028-02-28", "02-27", "02-28", "02-28", "02-29"},
		{2027, "2027-03-01", "2027-03-02", "03-01", "03-02", "03-01", "02-29"},
		{2027, "2026-12-28", "2027-01-01", "01-01", "01-01", "01-01", "12-28"},
		{2027, "2027-12-30", "2028-01-03", "12-30", "12-31", "12-31", "01-01"},
	} {
		first, last := (akkoord.MailingTrigger{On: akkoord.OnDate, Yearly: true, Year: tt.year}).DaysWithin(tt.from, tt.to)
		if first != tt.first || last != tt.last || tt.holds < first || tt.holds > last || tt.holdsNever >= first && tt.holdsNever <= last {
			t.Errorf("%s to %s in %d are days from %s to %s", tt.from, tt.to, tt.year, first, last)
		}
	}
	if first, last := (akkoord.MailingTrigger{On: akkoord.OnDate, Yearly: true, Year: 2027}).DaysWithin("2028-01-01", "2028-01-04"); first <= last {
		t.Errorf("days of another year are from %s to %s", first, last)
	}
}

// yearlyMailing is one year of a mailing, with the one person of the test.
type yearlyMailing struct {
	trigger   akkoord.MailingTrigger
	reach     akkoord.TriggerReach
	got, over bool
	followed  bool
}

// In any order of looks, in any zone, at whatever distance from the day and however often
// the date is changed, nobody gets a mailing twice in a year; and whoever keeps their date
// gets it each year, once it is due and somebody looks.
func TestOncePerPersonAndYear(t *testing.T) {
	zones := []string{"Europe/Amsterdam", "Pacific/Kiritimati", "Etc/GMT+12", "America/New_York", "Asia/Tokyo"}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := akkoord.LoadZone(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		anyDay := func(name string) string {
			d := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.OneOf(rapid.IntRange(0, 365), rapid.SampledFrom([]int{0, 58, 59, 60, 364, 365})).Draw(t, name))
			return d.Format(time.DateOnly)
		}
		born, changes := anyDay("born"), rapid.Bool().Draw(t, "changes")
		first := akkoord.MailingTrigger{On: akkoord.OnDate, Yearly: true, Days: rapid.OneOf(rapid.IntRange(-364, 364), rapid.IntRange(-3, 3)).Draw(t, "days"), At: rapid.SampledFrom([]string{"", "00:00", "23:59"}).Draw(t, "at")}
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 800*24).Draw(t, "start")) * time.Hour)
		began := now
		first.Year = first.FirstYear(now)
		all := []*yearlyMailing{{trigger: first, reach: first.Begin(now)}}
		got := map[int]int{} // by year of the day
		for end := now.AddDate(rapid.IntRange(1, 3).Draw(t, "years"), 0, 0); now.Before(end); {
			now = now.Add(time.Duration(rapid.OneOf(rapid.IntRange(1, 48), rapid.IntRange(1, 24*5)).Draw(t, "hours")) * time.Hour)
			if changes && rapid.IntRange(0, 9).Draw(t, "change") == 0 {
				born = anyDay("other")
			}
			for i := 0; i < len(all); i++ { // what is added is looked at in the same look or the next
				m := all[i]
				if m.over {
					continue
				}
				due := m.trigger.DueOn(m.trigger.DayOf(born[len("1980-"):]), zone)
				if !m.got && m.reach.Takes(due, due, now) {
					m.got = true
					got[m.trigger.Year]++
				}
				m.reach.Looked = now
				if year, due := m.trigger.NextYear(now); due && !m.followed {
					m.followed = true
					next := m.trigger
					next.Year = year
					all = append(all, &yearlyMailing{trigger: next, reach: next.Follow(m.reach, akkoord.Plan{Missed: akkoord.MissedSend}, now)})
				}
				m.over = m.trigger.YearOver(m.reach.Looked)
			}
		}
		for year, n := range got {
			if n > 1 {
				t.Fatalf("%d mails in %d", n, year)
			}
		}
		if changes {
			return
		}
		for year := began.Year() - 2; year <= now.Year()+2; year++ {
			x := first
			x.Year = year
			due := x.DueOn(x.DayOf(born[len("1980-"):]), zone)
			if want := !due.Before(began) && !due.After(now); want != (got[year] == 1) {
				t.Fatalf("due at %s, looked from %s to %s: %d mails about %d (%s)", due, began, now, got[year], year, fmt.Sprint(got))
			}
		}
	})
}

// P20: a year that begins late takes those alone who are due from then on, unless its plan
// is to send what was missed.
func TestALateYearMailsNobodyLateUnasked(t *testing.T) {
	next := akkoord.MailingTrigger{On: akkoord.OnDate, Yearly: true, Year: 2028}
	day := func(year int, month time.Month, day int) time.Time {
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	}
	before := akkoord.TriggerReach{FromDue: day(2027, 3, 1), Looked: day(2027, 12, 20)}
	for _, c := range []struct {
		missed  akkoord.Missed
		now     time.Time
		fromDue time.Time
	}{
		{"", day(2027, 12, 30), before.FromDue},
		{"", day(2028, 2, 1), day(2028, 2, 1)},
		{akkoord.MissedSkip, day(2028, 2, 1), day(2028, 2, 1)},
		{akkoord.MissedSend, day(2028, 2, 1), before.FromDue},
	} {
		if got := next.Follow(before, akkoord.Plan{Missed: c.missed}, c.now); !got.FromDue.Equal(c.fromDue) {
			t.Errorf("made on %s with %q: those due from %s on", c.now, c.missed, got.FromDue)
		}
	}
}
