package akkoord_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"akkoord"
)

// D.6, M.13: in no hour and in no day are more mails begun than the cap says,
// however claims, sending and waiting mix.
func TestCapsHoldInEveryHourAndDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := akkoord.Cap{Hour: rapid.IntRange(1, 30).Draw(t, "hour"), Day: rapid.IntRange(1, 60).Draw(t, "day")}
		now := moment(t, "2026-11-29T22:57:00Z")
		counts := map[int64]int{}
		var begun []time.Time
		for range 120 {
			var all []akkoord.PaceCount
			for slot, n := range counts {
				all = append(all, akkoord.PaceCount{Slot: slot, Mails: n})
			}
			room := limit.Room(all, now, akkoord.CapMailing)
			if room.Mails == 0 {
				if !room.Again.After(now) {
					t.Fatalf("no room, and again at %s, which is not after %s", room.Again, now)
				}
				now = room.Again
				continue
			}
			take := min(room.Mails, rapid.IntRange(1, 20).Draw(t, "take"))
			counts[akkoord.PaceSlotOf(now)] += take
			for range take { // a claim is used up within a slot's time
				begun = append(begun, now.Add(time.Duration(rapid.IntRange(0, 299).Draw(t, "later"))*time.Second))
			}
			now = now.Add(time.Duration(rapid.IntRange(0, 3600).Draw(t, "rest")) * time.Second)
		}
		for _, from := range begun {
			hour, day := 0, 0
			for _, at := range begun {
				if since := at.Sub(from); since >= 0 && since < 24*time.Hour {
					day++
					if since < time.Hour {
						hour++
					}
				}
			}
			if hour > limit.Hour || day > limit.Day {
				t.Fatalf("%d in an hour and %d in a day from %s, cap %+v", hour, day, from, limit)
			}
		}
	})
}

// P20: a clock put back by a year counts nothing for long.
func TestAClockPutBackHoldsNothingUp(t *testing.T) {
	now := moment(t, "2026-11-29T12:00:00Z")
	ahead := []akkoord.PaceCount{{Slot: akkoord.PaceSlotOf(now.AddDate(1, 0, 0)), Mails: 10}}
	if r := (akkoord.Cap{Hour: 10}).Room(ahead, now, akkoord.CapMailing); r.Mails != 10 {
		t.Errorf("there is room for %d", r.Mails)
	}
}

// D.6: a new domain sends at most twice as much as the day before, and more only
// after a day that was used.
func TestWarmupGrows(t *testing.T) {
	w := akkoord.Warmup{First: 100, Growth: 2, Full: 1000}
	now := moment(t, "2026-11-29T12:00:00Z")
	s := w.At(akkoord.WarmupState{}, now)
	for _, tt := range []struct {
		sent          int
		after         time.Duration
		step, ceiling int
	}{
		{0, time.Hour, 0, 100}, {49, 24 * time.Hour, 0, 100}, {50, 24 * time.Hour, 1, 200}, {200, 23 * time.Hour, 1, 200},
		{200, time.Hour, 2, 400}, {400, 24 * time.Hour, 3, 800}, {800, 240 * time.Hour, 4, 0}, {5000, 24 * time.Hour, 4, 0},
	} {
		s.Sent = tt.sent
		now = now.Add(tt.after)
		if s = w.At(s, now); s.Step != tt.step || w.Ceiling(s.Step) != tt.ceiling {
			t.Errorf("after %d mails step %d with %d, want %d with %d", tt.sent, s.Step, w.Ceiling(s.Step), tt.step, tt.ceiling)
		}
	}
	for _, bad := range []akkoord.Warmup{{}, {First: 1, Growth: 1, Full: 2}, {First: 1, Growth: 2.1, Full: 2}, {First: 3, Growth: 2, Full: 2}} {
		if bad.Check() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

// The end that is told comes with its reason in words.
func TestTheEndIsToldWithItsReason(t *testing.T) {
	home := zone(t, "")
	now := moment(t, "2026-11-27T18:00:00Z") // Friday, 19:00
	here := akkoord.PaceSlotOf(now)
	office := akkoord.SendHours{From: "09:00", Until: "20:00", Days: []string{"mon", "tue", "wed", "thu", "fri"}}
	for _, tt := range []struct {
		name, end, why string
		c              akkoord.Course
	}{
		{"nobody left", "2026-11-27T18:00:00Z", "", akkoord.Course{Rate: 10}},
		{"the mail server", "2026-11-27T18:10:00Z", "by the mail server, at 600 a minute", akkoord.Course{Left: 6000, Rate: 10}},
		{"a cap", "2026-11-27T21:00:00Z", "by the cap of 2000 an hour", akkoord.Course{Left: 8000, Plan: akkoord.Plan{Cap: akkoord.Cap{Hour: 2000}}}},
		{"a cap that is used up", "2026-11-27T19:00:00Z", "by the cap of all mailings together of 2000 an hour until Friday 27 November 20:10",
			akkoord.Course{Left: 2000, AllCap: akkoord.Cap{Hour: 2000}, All: []akkoord.PaceCount{{Slot: here, Mails: 2000}}}},
		{"hours", "2026-11-30T09:00:00Z", "by the cap of 2000 an hour", akkoord.Course{Left: 6000, Plan: akkoord.Plan{Hours: office, Cap: akkoord.Cap{Hour: 2000}}, From: moment(t, "2026-11-27T18:30:00Z")}},
		{"outside the hours", "2026-11-30T08:00:00Z", "outside the hours until Monday 30 November 09:00", akkoord.Course{Left: 5, Plan: akkoord.Plan{Hours: akkoord.SendHours{From: "09:00", Until: "18:00", Days: office.Days}}}},
		{"a new domain", "2026-11-29T18:00:00Z", "by day 1 of the warm-up, with 100 mails", akkoord.Course{Left: 700, Warmup: akkoord.Warmup{First: 100, Growth: 2, Full: 1000}}},
		{"people far away", "2026-11-28T18:00:00Z", "until it is time where the last person lives until Saturday 28 November 19:00", akkoord.Course{Left: 5, LastAt: now.AddDate(0, 0, 1)}},
		{"a test that is not decided", "2026-11-27T19:10:00Z", "by the test of its variants, whose winner all others get; nothing goes to them until Friday 27 November 20:00; by the mail server, at 600 a minute",
			akkoord.Course{Left: 6300, Held: 6000, Rate: 10, Decides: now.Add(time.Hour)}},
		{"a test that takes everybody", "2026-11-27T18:10:00Z", "by the mail server, at 600 a minute", akkoord.Course{Left: 6000, Rate: 10, Decides: now.Add(time.Hour)}},
		{"never", "", "by the cap of 1 a day", akkoord.Course{Left: 1000, Plan: akkoord.Plan{Cap: akkoord.Cap{Day: 1}}}},
	} {
		end, why := tt.c.End(now)
		var words []string
		for _, b := range why {
			words = append(words, b.Message(home))
		}
		if got := strings.Join(words, "; "); got != tt.why {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.why)
		}
		if want := tt.end; want == "" && !end.IsZero() || want != "" && !end.Equal(moment(t, want)) {
			t.Errorf("%s: ends %s, want %s", tt.name, end.UTC(), want)
		}
	}
}

// D.6: the days of a warm-up end where the domain counts as known, or where the reader
// has enough.
func TestDaysOfAWarmup(t *testing.T) {
	for _, c := range []struct {
		plan akkoord.Warmup
		want []int
	}{
		{akkoord.Warmup{First: 200, Growth: 1.5, Full: 1000}, []int{200, 300, 450, 675}},
		{akkoord.Warmup{First: 1, Growth: 1.0001, Full: 100}, slices.Repeat([]int{1}, 60)},
		{akkoord.Warmup{First: 8, Growth: 2, Full: 8}, nil},
		{akkoord.Warmup{}, nil},
	} {
		if got := c.plan.Days(); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.plan, got, c.want)
		}
	}
}
