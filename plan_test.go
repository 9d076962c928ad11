package akkoord_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"akkoord"
)

func zone(t interface{ Fatal(...any) }, name string) *time.Location {
	z, err := akkoord.LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// D.6, M.13: mail begins within the hours, also on the two days on which the
// clock changes.
func TestHoursBeginAndEnd(t *testing.T) {
	office := akkoord.SendHours{From: "09:00", Until: "20:00", Days: []string{"mon", "tue", "wed", "thu", "fri"}}
	night := akkoord.SendHours{From: "02:30", Until: "05:00"}
	short := akkoord.SendHours{From: "02:00", Until: "02:45"}
	early := akkoord.SendHours{From: "01:00", Until: "02:15"}
	week := akkoord.SendHours{Days: []string{"sat", "sun"}}
	home := zone(t, "")
	for _, tt := range []struct {
		name            string
		h               akkoord.SendHours
		at, next, until string // in UTC
	}{
		{"within", office, "2026-11-30T10:00:00Z", "2026-11-30T10:00:00Z", "2026-11-30T19:00:00Z"},
		{"before the first hour", office, "2026-11-30T07:59:59Z", "2026-11-30T08:00:00Z", "2026-11-30T07:59:59Z"},
		{"at the end", office, "2026-11-30T19:00:00Z", "2026-12-01T08:00:00Z", "2026-11-30T19:00:00Z"},
		{"over the weekend", office, "2026-11-27T19:30:00Z", "2026-11-30T08:00:00Z", "2026-11-27T19:30:00Z"},
		{"over the weekend of summer time", office, "2026-03-27T19:30:00Z", "2026-03-30T07:00:00Z", "2026-03-27T19:30:00Z"},
		{"a beginning that the clock leaves out", night, "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T00:00:00Z"},
		{"hours that the clock leaves out", short, "2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z", "2026-03-29T00:00:00Z"},
		{"hours that the clock shows twice, first", short, "2026-10-25T00:00:00Z", "2026-10-25T00:00:00Z", "2026-10-25T00:45:00Z"},
		{"hours that the clock shows twice, between", short, "2026-10-25T00:45:00Z", "2026-10-25T01:00:00Z", "2026-10-25T00:45:00Z"},
		{"hours that the clock is put back into", early, "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T00:30:00Z"},
		{"days without hours", week, "2026-11-27T12:00:00Z", "2026-11-27T23:00:00Z", "2026-11-27T12:00:00Z"},
		{"to the end of Sunday", week, "2026-11-28T12:00:00Z", "2026-11-28T12:00:00Z", "2026-11-29T23:00:00Z"},
	} {
		at := moment(t, tt.at)
		if got := tt.h.Next(at, home); !got.Equal(moment(t, tt.next)) {
			t.Errorf("%s: next %s, want %s", tt.name, got.UTC(), tt.next)
		}
		if got := tt.h.End(at, home); !got.Equal(moment(t, tt.until)) {
			t.Errorf("%s: ends %s, want %s", tt.name, got.UTC(), tt.until)
		}
	}
	if got := (akkoord.SendHours{}).End(moment(t, "2026-11-30T10:00:00Z"), home); !got.IsZero() {
		t.Errorf("all hours end at %s", got)
	}
}

func moment(t interface{ Fatal(...any) }, s string) time.Time {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// The next moment is within, not before, and none is left out; whatever the
// zone, over all changes of the clock.
func TestHoursLeaveNoMomentOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.IntRange(0, 23*4).Draw(t, "from") * 15
		until := from + 15*rapid.IntRange(1, (24*60-from)/15).Draw(t, "length")
		clock := func(m int) string {
			if m == 24*60 {
				return "24:00"
			}
			return time.Date(2000, 1, 1, 0, m, 0, 0, time.UTC).Format("15:04")
		}
		h := akkoord.SendHours{From: clock(from), Until: clock(until), Days: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"mon", "tue", "sat", "sun"}), 0, 4, rapid.ID[string]).Draw(t, "days")}
		if err := (akkoord.Plan{Hours: h}).Check(); err != nil {
			t.Fatal(err)
		}
		z := zone(t, rapid.SampledFrom([]string{"Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "UTC"}).Draw(t, "zone"))
		at := moment(t, rapid.SampledFrom([]string{"2026-03-27T00:00:00Z", "2026-10-23T00:00:00Z", "2026-11-01T00:00:00Z", "2026-04-03T00:00:00Z", "2026-10-02T00:00:00Z"}).Draw(t, "from")).Add(time.Duration(rapid.IntRange(0, 4*24*4).Draw(t, "after")) * 15 * time.Minute)
		next, end := h.Next(at, z), h.End(at, z)
		if next.Before(at) || !h.In(next, z) {
			t.Fatalf("after %s comes %s", at, next.In(z))
		}
		for x := at; x.Before(next); x = x.Add(15 * time.Minute) {
			if h.In(x, z) {
				t.Fatalf("%s is within, and before %s", x.In(z), next.In(z))
			}
		}
		if end.IsZero() {
			return
		}
		if end.Before(at) || h.In(end, z) {
			t.Fatalf("%s ends at %s", at, end.In(z))
		}
		for x := at; x.Before(end); x = x.Add(15 * time.Minute) {
			if !h.In(x, z) {
				t.Fatalf("%s is outside, and before %s", x.In(z), end.In(z))
			}
		}
	})
}

// Each person gets it when their clock shows the sender's time, and the next
// day where that has passed.
func TestPeopleHaveTheirOwnTime(t *testing.T) {
	p := akkoord.Plan{ZoneAttribute: "time-zone"}
	at := moment(t, "2026-12-01T08:00:00Z") // 09:00 in Amsterdam
	if got, want := p.Begins(at), moment(t, "2026-11-30T19:00:00Z"); !got.Equal(want) {
		t.Errorf("it begins at %s, want %s", got.UTC(), want)
	}
	for _, tt := range []struct{ zone, start, want string }{
		{"Asia/Tokyo", "2026-11-30T19:00:00Z", "2026-12-01T00:00:00Z"},
		{"Europe/Amsterdam", "2026-11-30T19:00:00Z", "2026-12-01T08:00:00Z"},
		{"America/New_York", "2026-11-30T19:00:00Z", "2026-12-01T14:00:00Z"},
		{"Asia/Tokyo", "2026-12-01T00:00:01Z", "2026-12-02T00:00:00Z"},
		{"Atlantis", "2026-11-30T19:00:00Z", "2026-12-01T08:00:00Z"},
		{"Local", "2026-11-30T19:00:00Z", "2026-12-01T08:00:00Z"},
		{"", "2026-11-30T19:00:00Z", "2026-12-01T08:00:00Z"},
	} {
		if got := p.TimeOf(at, p.ZoneOf(tt.zone), moment(t, tt.start)); !got.Equal(moment(t, tt.want)) {
			t.Errorf("in %q from %s: %s, want %s", tt.zone, tt.start, got.UTC(), tt.want)
		}
	}
	if got := (akkoord.Plan{}).Begins(at); !got.Equal(at) {
		t.Errorf("with one time for all it begins at %s", got)
	}
}

// P20: a clock that is a year ahead sends nothing without a person saying yes.
func TestMissedTimes(t *testing.T) {
	at := moment(t, "2026-12-01T08:00:00Z")
	for _, tt := range []struct {
		missed akkoord.Missed
		late   time.Duration
		want   akkoord.Missed
	}{
		{"", -time.Hour, ""}, {"", time.Hour, ""}, {"", time.Hour + 1, akkoord.MissedAsk},
		{akkoord.MissedAsk, 2 * time.Hour, akkoord.MissedAsk},
		{akkoord.MissedSkip, 2 * time.Hour, akkoord.MissedSkip},
		{akkoord.MissedSend, 2 * time.Hour, akkoord.MissedSend},
		{akkoord.MissedSend, 365 * 24 * time.Hour, akkoord.MissedAsk},
	} {
		if got := (akkoord.Plan{Missed: tt.missed}).WhenMissed(at, at.Add(tt.late)); got != tt.want {
			t.Errorf("%q, late by %s: %q, want %q", tt.missed, tt.late, got, tt.want)
		}
	}
}

func TestPlansAreChecked(t *testing.T) {
	for code, p := range map[string]akkoord.Plan{
		"zone_unknown":   {Zone: "Local"},
		"slug_invalid":   {ZoneAttribute: "no slug"},
		"missed_unknown": {Missed: "perhaps"},
		"cap_range":      {Cap: akkoord.Cap{Hour: -1}},
		"hours_invalid":  {Hours: akkoord.SendHours{From: "20:00", Until: "09:00"}},
		"days_invalid":   {Hours: akkoord.SendHours{Days: []string{"mon", "mon"}}},
	} {
		if got := akkoord.CodeOf(p.Check()); got != code {
			t.Errorf("%+v: %q, want %q", p, got, code)
		}
	}
	for _, h := range []akkoord.SendHours{{From: "9:00"}, {Until: "24:01"}, {From: "24:00"}, {Until: "00:00"}} {
		if (akkoord.Plan{Hours: h}).Check() == nil {
			t.Errorf("hours %+v are taken", h)
		}
	}
}
