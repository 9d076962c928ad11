package api

import (
	"context"
	"encoding/json"

	"akkoord"
)

// mailingTrigger makes a mailing one of a series.
type mailingTrigger struct {
	On          akkoord.TriggerOn `json:"on" enum:"confirmed,after,date,clicked,inactive" doc:"What each person is waited for: that they confirmed their sign-up for the campaign's purpose by a form; that the mail server took over an earlier mailing of the campaign for them; a day that an attribute of theirs holds; a click on a link with a topic, in a mail of the purpose; that they gave no sign of life for some days."`
	Days        int               `json:"days,omitempty" doc:"So many days after it; of a date less than 0 is before it. Of inactive: for how long."`
	Hours       int               `json:"hours,omitempty" minimum:"0" maximum:"23" doc:"And so many hours, of confirmed, after and clicked."`
	Mailing     *akkoord.ID       `json:"mailing,omitempty" format:"uuid" doc:"Of after: the earlier mailing, which has a trigger too."`
	Attribute   string            `json:"attribute,omitempty" doc:"Of date: slug of a date attribute of the campaign's purpose."`
	At          string            `json:"at,omitempty" doc:"Of date: what the clock shows then, like 09:00, in the zone that the plan says; 12:00 when left out."`
	Every       string            `json:"every,omitempty" enum:"year" doc:"Of date: each year on the date's day and month, from its own year on, and not once. 29 February counts on 28 February in years without one. Each year is a mailing of its own, which begins by itself when the time of the one before ends."`
	Year        int               `json:"year,omitempty" doc:"Of every: whose days the mailing is for, once it started. Not looked at in requests."`
	Topic       string            `json:"topic,omitempty" doc:"Of clicked. Clicks in mails of another purpose are refused with the code purpose_limitation."`
	Filter      *filterJSON       `json:"filter,omitempty" doc:"Asked when their time comes; who is not in it then is passed by. As a segment's, beside that of the campaign."`
	IncludePast bool              `json:"include_past,omitempty" doc:"Also people of whom it was before the mailing started: series.past of them."`
}

func (t *mailingTrigger) read() (*akkoord.MailingTrigger, error) {
	if t == nil {
		return nil, nil
	}
	out := akkoord.MailingTrigger{On: t.On, Days: t.Days, Hours: t.Hours, Attribute: t.Attribute, At: t.At, Yearly: t.Every != "", Topic: t.Topic, Past: t.IncludePast}
	if t.Mailing != nil {
		out.Mailing = *t.Mailing
	}
	if t.Filter != nil && string(t.Filter.RawMessage) != "null" {
		f, err := akkoord.ParseFilter("trigger.filter", t.Filter.RawMessage)
		if err != nil {
			return nil, err
		}
		out.Filter = &f
	}
	return &out, nil
}

func showTrigger(t *akkoord.MailingTrigger) *mailingTrigger {
	if t == nil {
		return nil
	}
	out := mailingTrigger{On: t.On, Days: t.Days, Hours: t.Hours, Attribute: t.Attribute, At: t.At, Every: t.Every(), Year: t.Year, Topic: t.Topic, IncludePast: t.Past}
	if !t.Mailing.IsZero() {
		out.Mailing = &t.Mailing
	}
	if t.Filter != nil {
		text, err := json.Marshal(t.Filter)
		if err == nil { // a filter that was read can be written
			out.Filter = &filterJSON{text}
		}
	}
	return &out
}

// series is what is known of a mailing of a series beside its deliveries.
type series struct {
	Past     int64     `json:"past" doc:"Of a draft: people of whom it is past and who have no mail of it, whom include_past would take in now. 0 once it started."`
	Waiting  *int64    `json:"waiting" doc:"People whose time is yet to come. Null of a draft, after its end, and of inactive."`
	Rounded  int64     `json:"rounded_to,omitempty" doc:"Past and waiting are rounded down to multiples of this: the trigger or the segment asks about people what the key may not read of each. Without it they are exact."`
	Versions []version `json:"versions" nullable:"false" doc:"Its contents since it started, the one that goes out now last. Empty while there was one; variant of a delivery names the number."`
}

type version struct {
	Number  int    `json:"number"`
	Subject string `json:"subject"`
	Since   *Time  `json:"since"`
}

// series gives what is known of a mailing of a series, else nil.
func (a *API) series(ctx context.Context, m akkoord.Mailing) (*series, error) {
	if m.Trigger == nil {
		return nil, nil
	}
	figures, err := a.cfg.Store.TriggerFigures(ctx, m)
	out := &series{Past: figures.Past, Waiting: figures.Waiting, Versions: []version{}}
	if figures.Step > 1 {
		out.Rounded = figures.Step
	}
	for i, v := range m.Versions {
		out.Versions = append(out.Versions, version{i + 1, v.Subject, when(v.Since)})
	}
	return out, err
}

// mayEdit refuses an edit of a running mailing by whoever may not send, and words
// that can't be sent.
func (a *API) mayEdit(ctx context.Context, m akkoord.Mailing) error {
	if !caller(ctx).Role.May(akkoord.SendMailings) {
		return akkoord.Errorf(akkoord.Forbidden, "right_missing", "The mailing runs, and the role of this key may not send mailings.")
	}
	why, err := a.cfg.Mail.Obstacles(ctx, m.Draft(), a.cfg.Sender())
	if err != nil {
		return err
	}
	return refusal(why)
}
