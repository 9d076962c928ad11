package akkoord

import (
	"slices"
	"time"
)

// HomeZone is the time zone of a sender who names none, and the one in which
// pages and mails tell times.
const HomeZone = "Europe/Amsterdam"

// Plan says when a mailing may go out, and how fast. The zero Plan sets no
// limit.
type Plan struct {
	Zone          string    `json:"zone,omitempty"`           // IANA name that times are meant in; empty: HomeZone
	ZoneAttribute string    `json:"zone_attribute,omitempty"` // slug of the attribute that holds each person's zone; empty: everybody has the sender's
	Hours         SendHours `json:"hours,omitzero"`
	Cap           Cap       `json:"cap,omitzero"`
	Missed        Missed    `json:"missed,omitempty"` // empty: MissedAsk
}

// Cap is how many mails may be begun in any hour and any 24 hours; 0: no limit.
type Cap struct {
	Hour int `json:"hour,omitempty"`
	Day  int `json:"day,omitempty"`
}

// Missed is what becomes of a mailing whose time passed while no server ran.
type Missed string

// The ways to deal with a missed time.
const (
	MissedAsk  Missed = "ask"  // it is a draft again, and says why
	MissedSkip Missed = "skip" // it is cancelled
	MissedSend Missed = "send" // it goes out late, by MissedMost at most
)

const (
	missedGrace = time.Hour          // within which a mailing is on time
	missedMost  = 7 * 24 * time.Hour // after which MissedSend asks all the same: a clock that is a year wrong sends nothing (P20)
)

// Check reports the first thing wrong with a plan about to be stored.
func (p Plan) Check() error {
	if _, err := LoadZone(p.Zone); err != nil {
		return Fieldf("zone", "zone_unknown", "The time zone is not known; use a name like Europe/Amsterdam.")
	}
	if p.ZoneAttribute != "" {
		if err := CheckSlug("zone_attribute", p.ZoneAttribute); err != nil {
			return err
		}
	}
	switch p.Missed {
	case "", MissedAsk, MissedSkip, MissedSend:
	default:
		return Fieldf("missed", "missed_unknown", "What becomes of a missed mailing is ask, skip or send.")
	}
	if p.Cap.Hour < 0 || p.Cap.Day < 0 || p.Cap.Hour > maxCap || p.Cap.Day > maxCap {
		return Fieldf("cap", "cap_range", "A cap is a number of mails up to %d, or 0 for none.", maxCap)
	}
	return p.Hours.check()
}

// maxCap is more than anybody sends in a day.
const maxCap = 1_000_000_000

// LoadZone gives the zone with an IANA name; HomeZone for an empty one. The name
// "Local", which depends on the machine, is none.
func LoadZone(name string) (*time.Location, error) {
	switch name {
	case "":
		name = HomeZone
	case "Local":
		return nil, Fieldf("zone", "zone_unknown", "The time zone is not known; use a name like Europe/Amsterdam.")
	}
	return time.LoadLocation(name)
}

// Location is the sender's zone.
func (p Plan) Location() *time.Location {
	if z, err := LoadZone(p.Zone); err == nil {
		return z
	}
	return time.UTC
}

// ZoneOf gives a person's zone by the value of their attribute, and the
// sender's where it is no zone.
func (p Plan) ZoneOf(value string) *time.Location {
	if value != "" {
		if z, err := LoadZone(value); err == nil {
			return z
		}
	}
	return p.Location()
}

// PerPerson reports whether times are meant in the zone of each person.
func (p Plan) PerPerson() bool { return p.ZoneAttribute != "" }

// Begins is when a mailing with a time of its own has to be started: at that time
// or, where each person gets it by their own clock, when it is that late where
// the day begins first.
func (p Plan) Begins(sendAt time.Time) time.Time {
	if sendAt.IsZero() || !p.PerPerson() {
		return sendAt
	}
	first := clockIn(sendAt.In(p.Location()), time.FixedZone("", 14*3600))
	if sendAt.Before(first) {
		return sendAt
	}
	return first
}

// TimeOf is when a person in a zone gets a mailing that begins to be sent at
// start: when their clock shows what the sender's shows at sendAt. Where that has
// passed it is the next day, so that nobody is written to at night.
func (p Plan) TimeOf(sendAt time.Time, zone *time.Location, start time.Time) time.Time {
	at := start
	if !sendAt.IsZero() && p.PerPerson() {
		wall := sendAt.In(p.Location())
		for day := 0; ; day++ {
			if at = clockIn(wall.AddDate(0, 0, day), zone); !at.Before(start) {
				break
			}
		}
	}
	return p.Hours.Next(at, zone)
}

// clockIn is the first moment at which the clock of a zone shows what t shows.
func clockIn(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.Date()
	return passes(y, m, d, t.Hour()*60+t.Minute(), zone)[0]
}

// WhenMissed is what to do about a mailing that was to begin at a time and has
// not: empty when it is on time. Where people have their own times the sender's
// counts, since those whose time has passed get it the next day.
func (p Plan) WhenMissed(sendAt, now time.Time) Missed {
	late := now.Sub(sendAt)
	switch {
	case late <= missedGrace:
		return ""
	case p.Missed == MissedSend && late <= missedMost:
		return MissedSend
	case p.Missed == MissedSkip:
		return MissedSkip
	}
	return MissedAsk
}

// SendHours are the hours and days of the week in which mail may be begun.
// The zero SendHours are all.
type SendHours struct {
	From  string   `json:"from,omitempty"`  // like 09:00; empty: 00:00
	Until string   `json:"until,omitempty"` // like 20:00, after From and not itself within; empty: 24:00
	Days  []string `json:"days,omitempty"`  // mon to sun; empty: all
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (h SendHours) check() error {
	from, until, ok := h.minutes()
	if !ok || from >= until {
		return Fieldf("hours", "hours_invalid", "The hours go from a time like 09:00 until a later one of the same day, like 20:00.")
	}
	for i, d := range h.Days {
		if !slices.Contains(weekdays, d) || slices.Contains(h.Days[:i], d) {
			return Fieldf("hours", "days_invalid", "The days are among mon, tue, wed, thu, fri, sat and sun, each once.")
		}
	}
	return nil
}

// minutes gives the hours in minutes since midnight.
func (h SendHours) minutes() (from, until int, ok bool) {
	from, until, ok = 0, 24*60, true
	for _, f := range []struct {
		text string
		to   *int
	}{{h.From, &from}, {h.Until, &until}} {
		if f.text == "" || f.text == "24:00" && f.to == &until {
			continue
		}
		t, err := time.Parse("15:04", f.text)
		ok = ok && err == nil && len(f.text) == len("15:04")
		*f.to = t.Hour()*60 + t.Minute()
	}
	return from, until, ok
}

// All reports whether mail may be begun at any time.
func (h SendHours) All() bool {
	from, until, _ := h.minutes()
	return from == 0 && until == 24*60 && (len(h.Days) == 0 || len(h.Days) == 7)
}

// In reports whether a moment is within the hours, by the clock of a zone.
func (h SendHours) In(t time.Time, zone *time.Location) bool {
	t = t.In(zone)
	from, until, _ := h.minutes()
	at := t.Hour()*60 + t.Minute()
	return from <= at && at < until && (len(h.Days) == 0 || slices.Contains(h.Days, weekdays[t.Weekday()]))
}

// Next is the first moment within the hours that is not before t. Where the
// clock is put forward over the beginning of the hours they begin at that moment.
func (h SendHours) Next(t time.Time, zone *time.Location) time.Time {
	from, _, _ := h.minutes()
	return h.first(t, zone, from, true)
}

// End is the first moment after t that is not within the hours; zero when
// there is none.
func (h SendHours) End(t time.Time, zone *time.Location) time.Time {
	if h.All() {
		return time.Time{}
	}
	_, until, _ := h.minutes()
	return h.first(t, zone, until, false)
}

// first looks for the first moment, not before t, that is within the hours or
// is not: that can only be t, or when the clock shows a certain minute, or is put
// back into the hours or out of them.
func (h SendHours) first(t time.Time, zone *time.Location, minute int, within bool) time.Time {
	if h.In(t, zone) == within {
		return t
	}
	y, m, d := t.In(zone).Date()
	for day := range 9 {
		for _, at := range passes(y, m, d+day, minute, zone) {
			if !at.Before(t) && h.In(at, zone) == within {
				if _, change := t.In(zone).ZoneBounds(); !change.IsZero() && change.Before(at) && h.In(change, zone) == within {
					return change
				}
				return at
			}
		}
	}
	return t // of hours that were checked it is never reached
}

// passes gives the moments at which the clock of a zone shows a minute of a day: one,
// two where it is put back over it, or the moment of the change where it is put
// forward over it.
func passes(y int, m time.Month, d, minute int, zone *time.Location) []time.Time {
	clock := time.Date(y, m, d, 0, minute, 0, 0, time.UTC)
	var out []time.Time
	var skipped time.Time
	for _, near := range []time.Time{clock.Add(-26 * time.Hour), clock.Add(26 * time.Hour)} {
		_, offset := near.In(zone).Zone()
		at := clock.Add(-time.Duration(offset) * time.Second).In(zone)
		if at.Hour() == clock.Hour() && at.Minute() == clock.Minute() && at.Day() == clock.Day() {
			if !slices.ContainsFunc(out, at.Equal) {
				out = append(out, at)
			}
		} else if at.After(skipped) {
			skipped = at
		}
	}
	if len(out) == 0 {
		change, _ := skipped.ZoneBounds()
		return []time.Time{change}
	}
	slices.SortFunc(out, time.Time.Compare)
	return out
}
