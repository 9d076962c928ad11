package api

import (
	"context"
	"time"

	"akkoord"
	"akkoord/server/trail"
)

// RetentionFields are what a body may say of a purpose's policy about people
// who gave no sign of life; what is left out stays as it is.
type RetentionFields struct {
	AskAgainAfterDays *int             `json:"reactivate_again_after_days,omitempty" doc:"Days from the first question to the second, 1 to 28; 14 if nothing is said."`
	ExpireAfterDays   *int             `json:"expire_after_days,omitempty" doc:"Days from the second question to the end, 1 to 28; 14 if nothing is said."`
	Signals           []akkoord.Signal `json:"signals,omitempty" enum:"click,preferences,confirmation_age" doc:"What counts as a sign of life. Clicks and looks at one's own page are known only of people who let their clicks be counted; others are judged by confirmation_age, the age of their consent, or, without it, left alone. All if nothing is said."`
}

// over lays the fields over a policy.
func (f RetentionFields) over(r *akkoord.Retention) {
	if f.AskAgainAfterDays != nil {
		r.AskAgainAfter = written(*f.AskAgainAfterDays)
	}
	if f.ExpireAfterDays != nil {
		r.ExpireAfter = written(*f.ExpireAfterDays)
	}
	if f.Signals != nil {
		r.Signals = f.Signals
	}
}

// written gives a number of days that somebody wrote, of which 0 is wrong and
// not left out.
func written(days int) int {
	if days == 0 {
		return -1
	}
	return days
}

func (a *API) stopRetention(ctx context.Context, in *BySlug) (purpose, error) {
	if err := a.cfg.Store.StopRetention(ctx, caller(ctx).Actor(), in.Slug); err != nil {
		return purpose{}, err
	}
	return a.readPurpose(ctx, in)
}

func (a *API) startRetention(ctx context.Context, in *BySlug) (purpose, error) {
	if err := a.cfg.Store.StartRetention(ctx, caller(ctx).Actor(), in.Slug); err != nil {
		return purpose{}, err
	}
	return a.readPurpose(ctx, in)
}

// retention is what a purpose's policy does in the coming days.
type retention struct {
	Purpose string         `json:"purpose"`
	Stopped *Time          `json:"retention_stopped_at" doc:"Null while it goes on. What is stopped is shown as if it were started now."`
	Days    []retentionDay `json:"days" nullable:"false" doc:"Those of the coming 60 days on which something happens, if nobody gives a sign of life. What is overdue is shown today."`
}

type retentionDay struct {
	Day      string `json:"day" format:"date" doc:"In UTC."`
	Ask      int    `json:"ask" doc:"People who are asked whether they still want it."`
	AskAgain int    `json:"ask_again"`
	Expire   int    `json:"expire" doc:"People whose consent ends, and who are forgotten where nothing else is kept of them."`
}

func (a *API) readRetention(ctx context.Context, in *BySlug) (retention, error) {
	p, err := a.cfg.Store.Purpose(ctx, in.Slug)
	if err != nil {
		return retention{}, err
	}
	days, err := a.cfg.Store.ForecastRetention(ctx, p)
	out := retention{Purpose: p.Slug, Stopped: when(p.Retention.Stopped), Days: []retentionDay{}}
	for _, d := range days {
		out.Days = append(out.Days, retentionDay{d.Day.Format(time.DateOnly), d.Steps[akkoord.ActAsk], d.Steps[akkoord.ActAskAgain], d.Steps[akkoord.ActExpire]})
	}
	return out, err
}

// retentionPerson is somebody whom a policy asks, or ends the consent of.
type retentionPerson struct {
	Subscriber akkoord.ID           `json:"subscriber" format:"uuid"`
	Act        akkoord.RetentionAct `json:"act" enum:"ask,ask_again,expire"`
	At         *Time                `json:"at" doc:"Not before."`
}

func (a *API) listRetentionPeople(ctx context.Context, in *struct {
	BySlug
	Paging
	Day string `query:"day" required:"true" format:"date" doc:"One of the days of the preview, like 2026-11-27."`
}) (list[retentionPerson], error) {
	page, err := in.page()
	if err != nil {
		return list[retentionPerson]{}, err
	}
	on, err := time.Parse(time.DateOnly, in.Day)
	if err != nil {
		return list[retentionPerson]{}, akkoord.Fieldf("day", "value_invalid", "Write the day like 2026-11-27.")
	}
	p, err := a.cfg.Store.Purpose(ctx, in.Slug)
	if err != nil {
		return list[retentionPerson]{}, err
	}
	rows, next, err := a.cfg.Store.RetentionPeople(ctx, p, on, page)
	if err != nil {
		return list[retentionPerson]{}, err
	}
	ids := make([]akkoord.ID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	if err := a.audit(ctx, "retention.people", "purpose:"+in.Slug, trail.People(ids)); err != nil {
		return list[retentionPerson]{}, err
	}
	return newList(rows, next, func(r akkoord.RetentionPerson) retentionPerson {
		return retentionPerson{r.ID, r.Step.Act, when(r.Step.At)}
	}), nil
}
