package akkoord

import (
	"fmt"
	"time"
)

// BrakeCode says what keeps a mailing from going faster.
type BrakeCode string

// What keeps a mailing from going faster.
const (
	BrakeHours  BrakeCode = "outside_hours" // it is not within its hours
	BrakeHour   BrakeCode = "cap_hour"
	BrakeDay    BrakeCode = "cap_day"
	BrakeWarmup BrakeCode = "warmup" // the sending domain is new
	BrakePeople BrakeCode = "people" // people whose own time is yet to come
	BrakeTrial  BrakeCode = "trial"  // the test of its variants is not decided
	BrakeSpeed  BrakeCode = "speed"  // of the mail server
)

// BrakeScope is whose cap it is.
type BrakeScope string

// Whose cap it is.
const (
	CapMailing BrakeScope = "mailing"
	CapAll     BrakeScope = "all" // of the whole installation
)

// Brake is one reason why a mailing takes as long as it does.
type Brake struct {
	Code   BrakeCode
	Scope  BrakeScope // of a cap
	Number int        // mails of the cap, or a minute of BrakeSpeed
	Step   int        // day of a warm-up, from 1
	Until  time.Time  // until when nothing goes out; zero: something does
}

// Message says a brake in a sentence.
func (b Brake) Message(zone *time.Location) string {
	whose := ""
	if b.Scope == CapAll {
		whose = " of all mailings together"
	}
	var s string
	switch b.Code {
	case BrakeHours:
		s = "outside the hours"
	case BrakeHour:
		s = fmt.Sprintf("by the cap%s of %d an hour", whose, b.Number)
	case BrakeDay:
		s = fmt.Sprintf("by the cap%s of %d a day", whose, b.Number)
	case BrakeWarmup:
		s = fmt.Sprintf("by day %d of the warm-up, with %d mails", b.Step, b.Number)
	case BrakePeople:
		s = "until it is time where the last person lives"
	case BrakeTrial:
		s = "by the test of its variants, whose winner all others get; nothing goes to them"
	case BrakeSpeed:
		return fmt.Sprintf("by the mail server, at %d a minute", b.Number)
	}
	if !b.Until.IsZero() {
		s += " until " + b.Until.In(zone).Format("Monday 2 January 15:04")
	}
	return s
}

// Course is what is known of how a mailing goes on.
type Course struct {
	Plan   Plan
	Left   int64     // people who are still to get it
	Rate   float64   // mails a second just now; 0: not known
	From   time.Time // when it begins or goes on; zero: now
	LastAt time.Time // when it is time for the last person; zero: now

	Held    int64     // of those left, who wait for the winner of a test
	Decides time.Time // when that is decided at the latest, as far as is known

	Own, All []PaceCount // mails of it, and of all mailings
	AllCap   Cap
	Warmup   Warmup
	Warm     WarmupState
	Domain   []PaceCount // mails of the sending domain
}

// Room is how many of its mails may be begun at a moment, but for the hours of
// people in zones of their own.
func (c Course) Room(now time.Time) Room {
	room := c.Plan.Cap.Room(c.Own, now, CapMailing).Less(c.AllCap.Room(c.All, now, CapAll)).Less(c.Warmup.Room(c.Warm, c.Domain, now))
	if !c.Plan.PerPerson() && !c.Plan.Hours.In(now, c.Plan.Location()) {
		next := c.Plan.Hours.Next(now, c.Plan.Location())
		return Room{Again: next, Brake: Brake{Code: BrakeHours, Until: next}}.Less(Room{Mails: room.Mails, Again: room.Again, Brake: room.Brake})
	}
	return room
}

// maxForecast bounds how far an end is looked for.
const maxForecast = 366 * 24

// End estimates when the last mail is handed over, by hours of which each takes as
// many as all limits leave; zero when that is over a year away. why are the
// brakes: the one of this moment first, then the one that most hours were lost
// to.
func (c Course) End(now time.Time) (end time.Time, why []Brake) {
	t := now
	if c.From.After(t) {
		t = c.From
	} else if room := c.Room(now); c.Left > 0 && !room.Brake.Until.IsZero() {
		why = append(why, room.Brake)
	}
	left, lost := float64(c.Left), map[BrakeCode]int{}
	if c.Held > 0 && c.Decides.After(t) {
		t, left = c.Decides, float64(c.Held)
		why = append(why, Brake{Code: BrakeTrial, Until: c.Decides})
	}
	var most Brake
	count := func(b Brake) {
		b.Until = time.Time{}
		if lost[b.Code]++; lost[b.Code] > lost[most.Code] || most.Code == "" {
			most = b
		}
	}
	day, today := t, 0.0
	for hour := 0; left > 0; hour++ {
		if hour == maxForecast {
			return time.Time{}, c.also(why, most)
		}
		if in := c.Plan.Hours.Next(t, c.Plan.Location()); in.After(t) {
			t = in
		}
		if t.Sub(day) >= 24*time.Hour {
			day, today = t, 0
		}
		room, brake := c.hourly(t, now, int(t.Sub(now)/(24*time.Hour)), today)
		if room >= left {
			if c.Rate > 0 {
				t = t.Add(time.Duration(left / c.Rate * float64(time.Second)))
				count(Brake{Code: BrakeSpeed, Number: int(c.Rate * 60)})
			}
			break
		}
		count(brake)
		left, today = left-room, today+room
		t = t.Add(time.Hour)
	}
	if c.Left > 0 && c.LastAt.After(t) {
		return c.LastAt, append(why, Brake{Code: BrakePeople, Until: c.LastAt})
	}
	return t, c.also(why, most)
}

// also adds a brake that is not the first already.
func (c Course) also(why []Brake, b Brake) []Brake {
	if b.Code == "" || len(why) > 0 && why[0].Code == b.Code {
		return why
	}
	return append(why, b)
}

// hourly is how many mails the hour from t can take, today having had some.
func (c Course) hourly(t, now time.Time, days int, today float64) (float64, Brake) {
	room, brake := 1e15, Brake{}
	least := func(n float64, b Brake) {
		if n < room {
			room, brake = max(n, 0), b
		}
	}
	if c.Rate > 0 {
		least(c.Rate*3600, Brake{Code: BrakeSpeed, Number: int(c.Rate * 60)})
	}
	for _, l := range []struct {
		cap   Cap
		scope BrakeScope
		used  []PaceCount
	}{{c.Plan.Cap, CapMailing, c.Own}, {c.AllCap, CapAll, c.All}} {
		if l.cap.Hour > 0 {
			n := float64(l.cap.Hour)
			if t.Equal(now) {
				n = float64(Cap{Hour: l.cap.Hour}.Room(l.used, now, l.scope).Mails)
			}
			least(n, Brake{Code: BrakeHour, Scope: l.scope, Number: l.cap.Hour})
		}
		if l.cap.Day > 0 {
			n := float64(l.cap.Day) - today
			if days == 0 {
				n = min(n, float64(Cap{Day: l.cap.Day}.Room(l.used, now, l.scope).Mails)-today)
			}
			least(n, Brake{Code: BrakeDay, Scope: l.scope, Number: l.cap.Day})
		}
	}
	if ceiling := c.Warmup.Ceiling(c.Warm.Step + days); ceiling > 0 {
		n := float64(ceiling) - today
		if days == 0 {
			n = min(n, float64(c.Warmup.Room(c.Warm, c.Domain, now).Mails)-today)
		}
		least(n, Brake{Code: BrakeWarmup, Number: ceiling, Step: c.Warm.Step + days + 1})
	}
	return room, brake
}
