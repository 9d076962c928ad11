package api

import (
	"context"

	"akkoord"
)

// sendHours are the hours and days in which mail is begun.
type sendHours struct {
	From  string   `json:"from,omitempty" doc:"Like 09:00; 00:00 when left out."`
	Until string   `json:"until,omitempty" doc:"Like 20:00, later than from; 24:00 when left out."`
	Days  []string `json:"days,omitempty" doc:"Among mon, tue, wed, thu, fri, sat and sun; all when left out."`
}

// plan says when a mailing goes out and how fast.
type plan struct {
	Zone          string         `json:"zone,omitempty" doc:"Time zone that send_at and the hours are meant in, like Europe/Amsterdam, which it is when left out."`
	ZoneAttribute string         `json:"zone_attribute,omitempty" doc:"Slug of a text attribute of the campaign's purpose that holds the time zone of each person. Each gets the mail when their clock shows what the sender's shows at send_at, and within the hours by their own clock; whose time has passed gets it the next day."`
	Hours         *sendHours     `json:"hours,omitempty"`
	PerHour       int            `json:"per_hour,omitempty" minimum:"0" doc:"Mails of it that are begun in any hour at most; 0: no limit of its own."`
	PerDay        int            `json:"per_day,omitempty" minimum:"0" doc:"The same in any 24 hours."`
	Missed        akkoord.Missed `json:"missed,omitempty" enum:"ask,skip,send" doc:"What becomes of it when no server ran at send_at and it is more than an hour past: it is a draft again and says why, is cancelled, or goes out up to seven days late. ask when left out."`
}

func showPlan(p akkoord.Plan) plan {
	out := plan{Zone: p.Zone, ZoneAttribute: p.ZoneAttribute, PerHour: p.Cap.Hour, PerDay: p.Cap.Day, Missed: p.Missed}
	if h := p.Hours; !h.All() {
		out.Hours = &sendHours{h.From, h.Until, h.Days}
	}
	return out
}

func (p *plan) read() akkoord.Plan {
	if p == nil {
		return akkoord.Plan{}
	}
	out := akkoord.Plan{Zone: p.Zone, ZoneAttribute: p.ZoneAttribute, Cap: akkoord.Cap{Hour: p.PerHour, Day: p.PerDay}, Missed: p.Missed}
	if p.Hours != nil {
		out.Hours = akkoord.SendHours{From: p.Hours.From, Until: p.Hours.Until, Days: p.Hours.Days}
	}
	return out
}

// eta is when the last mail of a mailing goes out, and why then.
type eta struct {
	At      *Time            `json:"at" doc:"When the last mail goes out, as far as limits and hours decide it: the mail server may take longer. Null when that is over a year away."`
	Because []akkoord.Reason `json:"because" nullable:"false" doc:"What keeps it from going faster, that of this moment first."`
}

// end gives the eta of a mailing that is being sent, else nil.
func (a *API) end(ctx context.Context, m akkoord.Mailing, c akkoord.Counts) (*eta, error) {
	if m.State != akkoord.MailingSending || m.Trigger != nil {
		return nil, nil
	}
	course, err := a.cfg.Store.Course(ctx, m, c.Open+c.Deferred, 0)
	if err != nil {
		return nil, err
	}
	at, why := course.End(a.cfg.Now())
	out := &eta{At: when(at), Because: []akkoord.Reason{}}
	for _, b := range why {
		out.Because = append(out.Because, akkoord.Reason{Code: string(b.Code), Message: b.Message(m.Plan.Location())})
	}
	return out, nil
}
