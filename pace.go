package akkoord

import (
	"math"
	"time"
)

// PaceSlot is the time whose mails are counted together.
const PaceSlot = 5 * time.Minute

// PaceCount is how many mails were begun in a slot, by its number since 1970.
type PaceCount struct {
	Slot  int64
	Mails int
}

// PaceSlotOf gives the number of the slot that a moment is in.
func PaceSlotOf(t time.Time) int64 { return t.Unix() / int64(PaceSlot/time.Second) }

// Room is how many mails may be begun now.
type Room struct {
	Mails int
	Again time.Time // when there is more, where there is none now
	Brake Brake     // what leaves so little; zero: nothing does
}

// NoLimit is the Room of what is not limited.
var NoLimit = Room{Mails: math.MaxInt}

// Less gives the narrower of two rooms. Of two that are full it is the one that
// stays so for longer.
func (r Room) Less(o Room) Room {
	if o.Mails < r.Mails || o.Mails == r.Mails && o.Again.After(r.Again) {
		return o
	}
	return r
}

// Room is how many mails a cap leaves after those that were counted. Mails of a
// slot count for as long as one of them may have been begun in the last hour or
// day, and a slot more, since mails are counted when they are claimed: so never more
// are begun in any hour or day. Slots that are yet to come, because the clock
// was put back, count for an hour (P20).
func (c Cap) Room(counts []PaceCount, now time.Time, scope BrakeScope) Room {
	room := NoLimit
	for _, l := range []struct {
		most int
		span time.Duration
		code BrakeCode
	}{{c.Hour, time.Hour, BrakeHour}, {c.Day, 24 * time.Hour, BrakeDay}} {
		if l.most > 0 {
			room = room.Less(roomOf(l.most, l.span, counts, now, Brake{Code: l.code, Scope: scope, Number: l.most}))
		}
	}
	return room
}

func roomOf(most int, span time.Duration, counts []PaceCount, now time.Time, brake Brake) Room {
	here := PaceSlotOf(now)
	slots := int64(span/PaceSlot) + 1
	used, oldest := 0, int64(math.MaxInt64)
	for _, c := range counts {
		if c.Mails > 0 && c.Slot >= here-slots && c.Slot <= here+int64(time.Hour/PaceSlot) {
			used += c.Mails
			oldest = min(oldest, c.Slot)
		}
	}
	r := Room{Mails: max(most-used, 0), Brake: brake}
	if r.Mails == 0 {
		r.Again = time.Unix((oldest+slots+1)*int64(PaceSlot/time.Second), 0)
		r.Brake.Until = r.Again
	}
	return r
}

// Warmup makes a new sending domain known to mailbox providers: so many mails a
// day, and each day more (requirements-mail D.6).
type Warmup struct {
	First  int     // mails of the first day; 0: there is none
	Growth float64 // over 1, at most 2: how much more each day
	Full   int     // mails a day from which on the domain counts as known
}

// WarmupState is how far a domain is.
type WarmupState struct {
	Step  int       // days that were used, from 0
	Since time.Time // when the day began; zero: it never did
	Sent  int       // mails of it
}

// Check reports what is wrong with a warm-up plan.
func (w Warmup) Check() error {
	if w.First < 1 || w.Full < w.First || w.Full > maxCap || !(w.Growth > 1 && w.Growth <= 2) {
		return Errorf(Invalid, "warmup_invalid", "A warm-up begins with at least one mail a day, grows each day by a factor over 1 up to 2, and ends above where it began.")
	}
	return nil
}

// Ceiling is how many mails a day may have after step others; 0: any number.
func (w Warmup) Ceiling(step int) int {
	n := float64(w.First) * math.Pow(w.Growth, float64(step))
	if w.First == 0 || n >= float64(w.Full) {
		return 0
	}
	return int(n)
}

// warmupDays is how many days of a plan are told.
const warmupDays = 60

// Days are the ceilings of the first sixty days: fewer where the domain counts as known
// before.
func (w Warmup) Days() []int {
	var out []int
	for step := range warmupDays {
		n := w.Ceiling(step)
		if n == 0 {
			break
		}
		out = append(out, n)
	}
	return out
}

// Speed is what limits mailings of the settings' sender now, beside what each has of
// its own.
type Speed struct {
	Cap               Cap
	HourLeft, DayLeft int // mails that may be begun now, of a cap that there is

	Domain   string // that warms up; empty: none does
	Warmup   Warmup
	Warm     WarmupState
	WarmLeft int // mails that may be begun now, unless the domain counts as known
}

// Known reports whether the domain has warmed up.
func (s Speed) Known() bool { return s.Warmup.Ceiling(s.Warm.Step) == 0 }

// Speed gives what limits a mailing now.
func (c Course) Speed(domain string, now time.Time) Speed {
	return Speed{
		Cap: c.AllCap, HourLeft: Cap{Hour: c.AllCap.Hour}.Room(c.All, now, CapAll).Mails, DayLeft: Cap{Day: c.AllCap.Day}.Room(c.All, now, CapAll).Mails,
		Domain: domain, Warmup: c.Warmup, Warm: c.Warm, WarmLeft: c.Warmup.Room(c.Warm, c.Domain, now).Mails,
	}
}

// At gives the state at a moment. A day of less than half of what was allowed
// is no step: nobody got to know the domain by it.
func (w Warmup) At(s WarmupState, now time.Time) WarmupState {
	if s.Since.IsZero() {
		return WarmupState{Since: now}
	}
	if now.Sub(s.Since) < 24*time.Hour {
		return s
	}
	next := WarmupState{Step: s.Step, Since: now}
	if ceiling := w.Ceiling(s.Step); ceiling > 0 && 2*s.Sent >= ceiling {
		next.Step++
	}
	return next
}

// Room is how many mails of a domain the plan leaves.
func (w Warmup) Room(s WarmupState, counts []PaceCount, now time.Time) Room {
	ceiling := w.Ceiling(s.Step)
	if ceiling == 0 {
		return NoLimit
	}
	return roomOf(ceiling, 24*time.Hour, counts, now, Brake{Code: BrakeWarmup, Number: ceiling, Step: s.Step + 1})
}
