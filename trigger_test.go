package akkoord_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"akkoord"
)

var atNoon = time.Date(2027, 3, 20, 12, 0, 0, 0, time.UTC)

func TestTriggersAreChecked(t *testing.T) {
	attributes := []akkoord.Attribute{
		{Slug: "departure", Type: akkoord.AttributeDate, PurposeID: 1}, {Slug: "city", Type: akkoord.AttributeText, PurposeID: 1}, {Slug: "ski-day", Type: akkoord.AttributeDate, PurposeID: 2},
	}
	other := akkoord.ID{1}
	for _, tt := range []struct {
		trigger     akkoord.MailingTrigger
		field, code string
	}{
		{akkoord.MailingTrigger{On: akkoord.OnConfirmed}, "", ""},
		{akkoord.MailingTrigger{On: akkoord.OnMailing, Mailing: other, Days: 3650, Hours: 23}, "", ""},
		{akkoord.MailingTrigger{On: akkoord.OnDate, Attribute: "departure", Days: -7, At: "09:00"}, "", ""},
		{akkoord.MailingTrigger{On: akkoord.OnClicked, Topic: "wintersport"}, "", ""},
		{akkoord.MailingTrigger{On: akkoord.OnDate, Attribute: "departure", Days: -364, Yearly: true}, "", ""},
		{akkoord.MailingTrigger{On: akkoord.OnDate, Attribute: "departure", Days: 365, Yearly: true}, "trigger.days", "number_range"},
		{akkoord.MailingTrigger{On: akkoord.OnConfirmed, Yearly: true}, "trigger.every", "trigger_mixed"},
		{akkoord.MailingTrigger{On: akkoord.OnInactive, Days: 1}, "", ""},
		{akkoord.MailingTrigger{}, "trigger.on", "trigger_unknown"},
		{akkoord.MailingTrigger{On: akkoord.OnConfirmed, Days: -1}, "trigger.days", "number_range"},
		{akkoord.MailingTrigger{On: akkoord.OnConfirmed, Days: 3651}, "trigger.days", "number_range"},
		{akkoord.MailingTrigger{On: akkoord.OnInactive}, "trigger.days", "number_range"},
		{akkoord.MailingTrigger{On: akkoord.OnConfirmed, Hours: 24}, "trigger.hours", "number_range"},
		{akkoord.MailingTrigger{On: akkoord.OnDate, Attribute: "departure", Hours: 1}, "trigger.hours", "number_range"},
		{akkoord.MailingTrigger{On: akkoord.OnMailing}, "trigger.mailing", "trigger_mixed"},
		{akkoord.MailingTrigger{On: akkoord.OnClicked}, "trigger.topic", "trigger_mixed"},
		{akkoord.MailingTrigger{On: akkoord.OnConfirmed, Attribute: "departure"}, "trigger.attribute", "trigger_mixed"},
		{akkoord.MailingTrigger{On: akkoord.OnConfirmed, At: "09:00"}, "trigger.at", "trigger_time"},
		{akkoord.MailingTrigger{On: akkoord.OnDate, Attribute: "departure", At: "9 uur"}, "trigger.at", "trigger_time"},
		{akkoord.MailingTrigger{On: akkoord.OnDate, Attribute: "city"}, "trigger.attribute", "attribute_no_date"},
		{akkoord.MailingTrigger{On: akkoord.OnDate, Attribute: "birthday"}, "trigger.attribute", "attribute_unknown"},
		{akkoord.MailingTrigger{On: akkoord.OnDate, Attribute: "ski-day"}, "trigger.attribute", "purpose_limitation"}, // M16
	} {
		err := tt.trigger.Check(attributes, akkoord.Purpose{ID: 1, Slug: "travel-news"})
		got := ""
		if e, ok := err.(*akkoord.Error); ok {
			got = e.Field
		}
		if akkoord.CodeOf(err) != tt.code || got != tt.field {
			t.Errorf("%+v gave %v at %q, want %s at %q", tt.trigger, err, got, tt.code, tt.field)
		}
	}
}

// The hour of a day is the person's own, also where the clock is put forward.
func TestADayIsDueByThePersonsClock(t *testing.T) {
	zone := func(name string) *time.Location {
		z, err := akkoord.LoadZone(name)
		if err != nil {
			t.Fatal(err)
		}
		return z
	}
	for _, tt := range []struct {
		days          int
		at, day, zone string
		want          string
	}{
		{0, "09:00", "2027-03-20", "Europe/Amsterdam", "2027-03-20T08:00:00Z"},
		{0, "", "2027-03-20", "Europe/Amsterdam", "2027-03-20T11:00:00Z"},
		{-7, "09:00", "2027-03-04", "Europe/Amsterdam", "2027-02-25T08:00:00Z"},
		{8, "09:00", "2027-03-20", "Europe/Amsterdam", "2027-03-28T07:00:00Z"},
		{8, "02:30", "2027-03-20", "Europe/Amsterdam", "2027-03-28T01:00:00Z"}, // the hour that is not there
		{0, "09:00", "2027-03-20", "Asia/Tokyo", "2027-03-20T00:00:00Z"},
		{0, "09:00", "2027-03-20", "America/New_York", "2027-03-20T13:00:00Z"},
	} {
		trigger := akkoord.MailingTrigger{On: akkoord.OnDate, Attribute: "departure", Days: tt.days, At: tt.at}
		if got := trigger.DueOn(tt.day, zone(tt.zone)).UTC().Format(time.RFC3339); got != tt.want {
			t.Errorf("%+v gave %s", tt, got)
		}
	}
	if got := (akkoord.MailingTrigger{On: akkoord.OnDate}).DueOn("tomorrow", time.UTC); !got.IsZero() {
		t.Errorf("what is no day is due at %s", got)
	}
}

// Nobody is due by an edit who was not before, and by a start only those whose
// occasion comes after it, unless people of before are asked for.
func TestNobodyIsDueByStartOrEditItself(t *testing.T) {
	kinds := []akkoord.TriggerOn{akkoord.OnConfirmed, akkoord.OnMailing, akkoord.OnClicked, akkoord.OnDate, akkoord.OnInactive}
	rapid.Check(t, func(t *rapid.T) {
		hours := rapid.IntRange(0, 24*100)
		draw := func(name string) akkoord.MailingTrigger {
			return akkoord.MailingTrigger{On: rapid.SampledFrom(kinds).Draw(t, name), Days: rapid.IntRange(1, 60).Draw(t, name+" days")}
		}
		was, is := draw("was"), draw("is")
		due := func(x akkoord.MailingTrigger, occasion time.Time) time.Time {
			if x.On == akkoord.OnDate {
				return x.DueOn(occasion.Format(time.DateOnly), time.UTC)
			}
			return x.Due(occasion)
		}
		occasion := atNoon.Add(-time.Duration(hours.Draw(t, "ago")) * time.Hour)
		reach := was.Begin(atNoon)
		if reach.Takes(occasion, due(was, occasion), atNoon) && due(was, occasion).Before(atNoon) {
			t.Fatal("the start mails somebody of before")
		}
		edited := atNoon.Add(time.Duration(hours.Draw(t, "edited")) * time.Hour)
		after := reach.Edit(was, is, edited)
		if after.Takes(occasion, due(is, occasion), edited) && due(is, occasion).Before(edited) {
			t.Fatal("the edit mails somebody of before")
		}
		later := edited.Add(time.Duration(hours.Draw(t, "later")) * time.Hour)
		if got := after.Takes(occasion, due(is, occasion), later); got && due(is, occasion).Before(edited) {
			t.Fatal("who was due before the edit is due after it")
		}
		is.Past = true
		if all := reach.Edit(was, is, edited); !due(is, occasion).After(edited) && !all.Takes(occasion, due(is, occasion), edited) {
			t.Fatal("people of before were asked for, and one is missing")
		}
	})
}

// P20: whoever is due while looks follow one another is taken by one of them,
// also when the clock is set back or forward by an hour in between.
func TestP20EveryDueTimeIsSeenByALook(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trigger := akkoord.MailingTrigger{On: akkoord.OnConfirmed, Hours: rapid.IntRange(0, 23).Draw(t, "delay")}
		reach := trigger.Begin(atNoon)
		now, seen := atNoon, false
		occasion := atNoon.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "occasion")) * time.Minute)
		end := trigger.Due(occasion).Add(2 * time.Hour)
		for steps := rapid.SliceOfN(rapid.IntRange(-60, 60), 0, 40).Draw(t, "steps"); now.Before(end); {
			by := 10
			if len(steps) > 0 {
				by, steps = steps[0], steps[1:]
			}
			now = now.Add(time.Duration(by) * time.Minute)
			seen = seen || reach.Takes(occasion, trigger.Due(occasion), now)
			reach.Looked = now
		}
		if !seen {
			t.Fatalf("due at %s and never seen", trigger.Due(occasion))
		}
	})
}

// No order of mailings that is let through has a ring in it.
func TestMailingsDoNotWaitForEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := []akkoord.ID{{1}, {2}, {3}, {4}, {5}}
		all := map[akkoord.ID]*akkoord.MailingTrigger{}
		for _, id := range ids {
			all[id] = &akkoord.MailingTrigger{On: akkoord.OnConfirmed}
		}
		refused := 0
		for range 12 {
			own := rapid.SampledFrom(ids).Draw(t, "own")
			next := akkoord.MailingTrigger{On: akkoord.OnMailing, Mailing: rapid.SampledFrom(ids).Draw(t, "before")}
			if err := next.CheckOrder(own, all); err != nil {
				if akkoord.CodeOf(err) != "trigger_cycle" {
					t.Fatal(err)
				}
				refused++
				continue
			}
			all[own] = &next
		}
		for _, id := range ids {
			for at, n := id, 0; all[at].On == akkoord.OnMailing; n++ {
				if at = all[at].Mailing; n > len(ids) {
					t.Fatalf("a ring after %d refusals", refused)
				}
			}
		}
	})
}

func TestTriggersAreReadAsTheyAreWritten(t *testing.T) {
	filter := akkoord.Filter{Kind: akkoord.FilterAll, Of: []akkoord.Filter{{Kind: akkoord.FilterLocale, Text: "nl"}, {Kind: akkoord.FilterInterest, Text: "wintersport"}}}
	for _, want := range []akkoord.MailingTrigger{
		{On: akkoord.OnConfirmed, Days: 3, Hours: 2, Past: true}, {On: akkoord.OnMailing, Mailing: akkoord.ID{7}, Filter: &filter},
		{On: akkoord.OnDate, Attribute: "departure", Days: -7, At: "09:00"}, {On: akkoord.OnClicked, Topic: "wintersport"},
		{On: akkoord.OnDate, Attribute: "departure", Yearly: true, Year: 2028},
	} {
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got akkoord.MailingTrigger
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	for _, bad := range []string{`{"on":"confirmed","when":"now"}`, `{"on":1}`, `{"on":"confirmed","filter":{"sql":"1=1"}}`, `[]`} {
		if err := json.Unmarshal([]byte(bad), new(akkoord.MailingTrigger)); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

// Who was mailed keeps what they got: an edit adds a version and changes none.
func TestARunningMailingIsEditedByVersions(t *testing.T) {
	m := akkoord.Mailing{State: akkoord.MailingSending, StartedAt: atNoon, Trigger: &akkoord.MailingTrigger{On: akkoord.OnConfirmed}, Content: akkoord.Content{Subject: "1", Markdown: "Hallo"}}
	if same, err := m.Renewed(m.Content, atNoon); err != nil || len(same.Versions) != 0 || same.Latest() != 0 {
		t.Errorf("no change gave %+v, %v", same.Versions, err)
	}
	for _, subject := range []string{"2", "3"} {
		var err error
		if m, err = m.Renewed(akkoord.Content{Subject: subject, Markdown: "Hallo"}, atNoon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []string{"1", "2", "3"} {
		if got := m.Variant(i).Subject; got != want {
			t.Errorf("version %d is %s", i, got)
		}
	}
	if m.Latest() != 2 || m.Content.Subject != "3" || !m.Versions[0].Since.Equal(atNoon) {
		t.Errorf("the latest is %d: %+v", m.Latest(), m.Content)
	}
	if _, err := m.Renewed(akkoord.Content{Subject: "{{name", Markdown: "Hallo"}, atNoon); akkoord.KindOf(err) != akkoord.Conflict {
		t.Errorf("a broken field gave %v", err)
	}
	for len(m.Versions) < akkoord.MaxVersions {
		m.Versions = append(m.Versions, akkoord.Version{Content: m.Content})
	}
	if _, err := m.Renewed(akkoord.Content{Subject: "more", Markdown: "Hallo"}, atNoon); akkoord.CodeOf(err) != "versions_many" {
		t.Errorf("too many versions gave %v", err)
	}
}

// P20: after a long rest a series asks, unless its plan says otherwise; a year is
// a clock that is wrong.
func TestP20ASeriesAsksAfterALongRest(t *testing.T) {
	for _, tt := range []struct {
		missed akkoord.Missed
		rest   time.Duration
		want   akkoord.Missed
	}{
		{"", time.Minute, ""}, {"", -365 * 24 * time.Hour, ""}, {"", 25 * time.Hour, akkoord.MissedAsk}, {akkoord.MissedSend, 25 * time.Hour, akkoord.MissedSend},
		{akkoord.MissedSkip, 25 * time.Hour, akkoord.MissedSkip}, {akkoord.MissedSend, 365 * 24 * time.Hour, akkoord.MissedAsk}, {akkoord.MissedSkip, 365 * 24 * time.Hour, akkoord.MissedAsk},
	} {
		if got := (akkoord.Plan{Missed: tt.missed}).WhenRested(tt.rest); got != tt.want {
			t.Errorf("%q after %s is %q, want %q", tt.missed, tt.rest, got, tt.want)
		}
	}
}
