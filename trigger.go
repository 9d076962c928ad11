package akkoord

import (
	"bytes"
	"encoding/json"
	"time"
)

// TriggerOn is the occasion that a mailing of a series waits for.
type TriggerOn string

// The occasions.
const (
	OnConfirmed TriggerOn = "confirmed" // the person confirmed their sign-up for the campaign's purpose
	OnMailing   TriggerOn = "after"     // the relay took over an earlier mailing of the campaign for them
	OnDate      TriggerOn = "date"      // a day that an attribute of theirs holds
	OnClicked   TriggerOn = "clicked"   // they clicked a link with a topic in a mail of the purpose
	OnInactive  TriggerOn = "inactive"  // their last sign of life
)

// MailingTrigger makes a mailing one of a series: it goes to each person once,
// some time after an occasion of their own, for as long as the mailing runs.
// What a purpose did not learn itself steers nothing under it (M16).
type MailingTrigger struct {
	On        TriggerOn
	Days      int     // after the occasion; of a date also before it, by less than 0
	Hours     int     // and so many hours more; of a date none
	Mailing   ID      // of OnMailing: the earlier one
	Attribute string  // of OnDate: slug
	At        string  // of OnDate: what the clock of the person's zone shows, like 09:00; empty: noon
	Yearly    bool    // of OnDate: each year on the date's day and month, from the date's own year on
	Year      int     // of Yearly: whose days the mailing is for, each year by a mailing of its own; 0: before it starts
	Topic     string  // of OnClicked
	Filter    *Filter // who does not meet it when their time comes is passed by; nil: everybody
	Past      bool    // also people whose occasion was before the mailing started
}

// maxTriggerDays is ten years.
const maxTriggerDays = 3650

// triggerTime is when the clock shows noon, the hour of a date without one.
const triggerTime = "12:00"

// Check reports the first thing wrong with a trigger of a campaign of a purpose,
// among the attributes there are. What its filter and its topic mean, Asks is
// asked about. Errors are Invalid and name the field.
func (t MailingTrigger) Check(attributes []Attribute, purpose Purpose) error {
	least, most := 0, maxTriggerDays
	switch t.On {
	case OnConfirmed, OnMailing, OnClicked:
	case OnInactive:
		least = 1
	case OnDate:
		least = -maxTriggerDays
	default:
		return Fieldf("trigger.on", "trigger_unknown", "A mailing of a series waits for confirmed, after, date, clicked or inactive.")
	}
	if t.Days < least || t.Days > most {
		return Fieldf("trigger.days", "number_range", "The number of days is between %d and %d.", least, most)
	}
	if t.Hours < 0 || t.Hours > 23 || t.Hours > 0 && (t.On == OnDate || t.On == OnInactive) {
		return Fieldf("trigger.hours", "number_range", "The hours are 0 to 23 beside the days; a date and silence have none.")
	}
	for _, f := range []struct {
		field string
		given bool
		of    TriggerOn
	}{
		{"trigger.mailing", !t.Mailing.IsZero(), OnMailing}, {"trigger.attribute", t.Attribute != "", OnDate}, {"trigger.topic", t.Topic != "", OnClicked},
	} {
		if f.given != (t.On == f.of) {
			return Fieldf(f.field, "trigger_mixed", "Exactly a trigger of the kind %s has this.", f.of)
		}
	}
	if t.At != "" && (t.On != OnDate || SendHours{From: t.At}.check() != nil) {
		return Fieldf("trigger.at", "trigger_time", "A date has a time like 09:00; no other occasion has one.")
	}
	if err := t.checkYearly(); err != nil || t.On != OnDate {
		return err
	}
	a, err := attributeFor("trigger.attribute", t.Attribute, attributes, purpose)
	if err == nil && a.Type != AttributeDate {
		err = Fieldf("trigger.attribute", "attribute_no_date", "Days count from a date, and %s is a %s.", a.Slug, a.Type)
	}
	return err
}

// Asks is the trigger as a question about a person: its filter, and the click
// that it waits for. Filter.Check refuses what another purpose learned.
func (t MailingTrigger) Asks() Filter {
	all := Filter{Kind: FilterAll}
	if t.Filter != nil {
		all.Of = append(all.Of, *t.Filter)
	}
	if t.On == OnClicked {
		all.Of = append(all.Of, Filter{Kind: FilterClicked, By: ClickTopic, Text: t.Topic})
	}
	return all
}

// Delay is the time between the occasion and the mail; of a date it is days on
// the calendar, and not this.
func (t MailingTrigger) Delay() time.Duration {
	return time.Duration(t.Days)*24*time.Hour + time.Duration(t.Hours)*time.Hour
}

// Due is when a mail is due after an occasion that is a moment.
func (t MailingTrigger) Due(occasion time.Time) time.Time { return occasion.Add(t.Delay()) }

// DueOn is when a mail is due about a day, like 2026-11-24, in the zone of the
// person; zero for what is no day.
func (t MailingTrigger) DueOn(day string, zone *time.Location) time.Time {
	d, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return time.Time{}
	}
	clock := t.At
	if clock == "" {
		clock = triggerTime
	}
	from, _, _ := SendHours{From: clock}.minutes()
	y, m, n := d.AddDate(0, 0, t.Days).Date()
	return passes(y, m, n, from, zone)[0]
}

// byOccasion reports whether "from now on" is about the occasion: who confirmed
// before a series started is not in it. A day and silence come about while time
// passes, so there it is about when the mail is due.
func (t MailingTrigger) byOccasion() bool { return t.On != OnDate && t.On != OnInactive }

// TriggerReach says whose time a running mailing looks for.
type TriggerReach struct {
	From    time.Time // occasions before it don't count
	FromDue time.Time // nor times due before it
	Looked  time.Time // all due until then was looked for
}

// Begin gives the reach of a trigger that takes effect at now: it reaches back
// only where that was asked for (TriggerReach zero).
func (t MailingTrigger) Begin(now time.Time) TriggerReach {
	switch {
	case t.Past && t.Yearly: // the year's own days, and not those of the year before
		return TriggerReach{FromDue: t.begins(t.yearOf(now)).AddDate(0, 0, -1)}
	case t.Past:
		return TriggerReach{}
	case t.byOccasion():
		return TriggerReach{From: now, FromDue: now, Looked: now}
	}
	return TriggerReach{FromDue: now, Looked: now}
}

// Edit gives the reach of a running mailing when its trigger is changed to t:
// nobody is due by the change itself who was not before, unless it is the
// change that asks for people of before.
func (r TriggerReach) Edit(was, t MailingTrigger, now time.Time) TriggerReach {
	if t.Past && !was.Past {
		return t.Begin(now)
	}
	if was.Past != t.Past || was.On != t.On || was.Mailing != t.Mailing || was.Attribute != t.Attribute || was.Topic != t.Topic || was.Yearly != t.Yearly {
		t.Past = false
		return t.Begin(now)
	}
	r.FromDue, r.Looked = now, now
	return r
}

// lookBack is how far a look goes back before the last one: clocks of nodes
// differ, and what was written last is seen last.
const lookBack = time.Hour

// After is the time from which on due times are looked for at now. After a clock
// was set back it is before now all the same, so that nobody is passed by (P20);
// that nobody gets two is not up to time: a person has one delivery of a mailing.
func (r TriggerReach) After(now time.Time) time.Time {
	looked := r.Looked
	if now.Before(looked) {
		looked = now
	}
	if at := looked.Add(-lookBack); !looked.IsZero() && at.After(r.FromDue) {
		return at
	}
	return r.FromDue
}

// Takes reports whether somebody with an occasion and a due time is due at now.
func (r TriggerReach) Takes(occasion, due, now time.Time) bool {
	return !occasion.Before(r.From) && !due.Before(r.After(now)) && !due.After(now)
}

// seriesRest is how long nobody may have looked for people of series, before
// those whose time passed meanwhile are mailed only when somebody says so.
const seriesRest = 24 * time.Hour

// WhenRested is what to do with a running mailing of a series after a time in
// which no server ran, or the clock jumped (P20): empty is to go on.
func (p Plan) WhenRested(rest time.Duration) Missed {
	switch {
	case rest <= seriesRest:
		return ""
	case rest <= missedMost && (p.Missed == MissedSend || p.Missed == MissedSkip):
		return p.Missed
	}
	return MissedAsk
}

// CheckOrder refuses a trigger by which a mailing would wait for itself, or for
// one that is not in the campaign's series. triggers are those of all mailings of
// the campaign; nil: it has a time, and no trigger.
func (t MailingTrigger) CheckOrder(own ID, triggers map[ID]*MailingTrigger) error {
	if t.On != OnMailing {
		return nil
	}
	before, found := triggers[t.Mailing]
	switch {
	case t.Mailing == own:
		return Fieldf("trigger.mailing", "trigger_cycle", "The mailing would wait for itself.")
	case !found:
		return Fieldf("trigger.mailing", "mailing_unknown", "There is no such mailing in this campaign.")
	case before == nil:
		return Fieldf("trigger.mailing", "trigger_missing", "That mailing is none of the series: it has no trigger of its own.")
	case before.Yearly:
		return Fieldf("trigger.mailing", "trigger_yearly", "That mailing goes out every year, each year as another mailing; wait for the same date instead, some days later.")
	}
	for range triggers {
		if before == nil || before.On != OnMailing {
			return nil
		}
		if before.Mailing == own {
			return Fieldf("trigger.mailing", "trigger_cycle", "The mailings would wait for each other: that one is sent after this one.")
		}
		before = triggers[before.Mailing]
	}
	return nil
}

// triggerJSON is a trigger as it is stored and as the API writes it.
type triggerJSON struct {
	On        TriggerOn       `json:"on"`
	Days      int             `json:"days,omitempty"`
	Hours     int             `json:"hours,omitempty"`
	Mailing   *ID             `json:"mailing,omitempty"`
	Attribute string          `json:"attribute,omitempty"`
	At        string          `json:"at,omitempty"`
	Every     string          `json:"every,omitempty"`
	Year      int             `json:"year,omitempty"`
	Topic     string          `json:"topic,omitempty"`
	Filter    json.RawMessage `json:"filter,omitempty"`
	Past      bool            `json:"include_past,omitempty"`
}

// MarshalJSON writes a trigger as UnmarshalJSON reads it.
func (t MailingTrigger) MarshalJSON() ([]byte, error) {
	out := triggerJSON{On: t.On, Days: t.Days, Hours: t.Hours, Attribute: t.Attribute, At: t.At, Every: t.Every(), Year: t.Year, Topic: t.Topic, Past: t.Past}
	if !t.Mailing.IsZero() {
		out.Mailing = &t.Mailing
	}
	if t.Filter != nil {
		var err error
		if out.Filter, err = json.Marshal(t.Filter); err != nil {
			return nil, err
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads a trigger. Of the errors those about the filter name its
// node, as ParseFilter does.
func (t *MailingTrigger) UnmarshalJSON(b []byte) error {
	var in triggerJSON
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return err
	}
	*t = MailingTrigger{On: in.On, Days: in.Days, Hours: in.Hours, Attribute: in.Attribute, At: in.At, Yearly: in.Every == everyYear, Year: in.Year, Topic: in.Topic, Past: in.Past}
	if in.Mailing != nil {
		t.Mailing = *in.Mailing
	}
	if len(in.Filter) == 0 || string(in.Filter) == "null" {
		return nil
	}
	f, err := ParseFilter("trigger.filter", in.Filter)
	t.Filter = &f
	return err
}

// TriggerFigures are the people of a mailing's trigger who have no mail of it
// yet, and may get one.
type TriggerFigures struct {
	Past    int64  // before it starts: whose occasion was before now, whom Past would take in
	Waiting *int64 // while it runs: whose occasion was, and whose time is yet to come; nil of silence, which is not counted ahead
	Step    int64  // both are told in steps of so many, rounded down; 0 and 1: they are the numbers
}
