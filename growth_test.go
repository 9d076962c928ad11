package akkoord

import (
	"slices"
	"testing"
	"time"
)

// A day is one in UTC, before 1970 too, and begins when Time says.
func TestDayOf(t *testing.T) {
	for at, want := range map[string]Day{
		"1970-01-01T00:00:00Z": 0, "1970-01-01T23:59:59Z": 0, "1969-12-31T23:59:59Z": -1, "1969-12-31T00:00:00Z": -1, "2026-11-29T01:00:00+02:00": 20785, "2026-11-29T00:00:00Z": 20786,
	} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		got := DayOf(when)
		if begin := got.Time(); got != want || when.Before(begin) || !when.Before(begin.Add(24*time.Hour)) {
			t.Errorf("%s is day %d, which begins at %s; want %d", at, got, begin, want)
		}
	}
}

// The number of people of each day is told backwards from those of today.
func TestPeopleByDay(t *testing.T) {
	got := PeopleByDay(10, []PurposeDay{{Joined: 9}, {Joined: 3, Gone: 5}, {}, {Joined: 1}})
	if want := []int64{11, 9, 9, 10}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// A period that can't be counted is refused by name.
func TestGrowthPeriods(t *testing.T) {
	for days, want := range map[int]int{0: 30, 1: 1, MaxGrowthDays: MaxGrowthDays} {
		if got, err := ParseGrowthDays(days); err != nil || got != want {
			t.Errorf("%d: %d, %v", days, got, err)
		}
	}
	for _, days := range []int{-1, MaxGrowthDays + 1} {
		if _, err := ParseGrowthDays(days); CodeOf(err) != "period_invalid" || KindOf(err) != Invalid {
			t.Errorf("%d: %v", days, err)
		}
	}
}
