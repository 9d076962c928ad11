package api

import (
	"context"
	"time"

	"akkoord"
)

// Growing counts what becomes of purposes and forms, by day.
type Growing interface {
	Growth(ctx context.Context, since akkoord.Day) (akkoord.Growth, error)
	FormGrowth(ctx context.Context, form int64, since akkoord.Day) (akkoord.FormGrowth, error)
	PurposeCounts(ctx context.Context) (map[int64]map[akkoord.State]int64, error)
}

// Period is a number of days up to today.
type Period struct {
	Days int `query:"days" doc:"How many days, today among them; 30 without it, 730 at most. A day is one in UTC."`
}

// since gives the first day.
func (p Period) since(now time.Time) (akkoord.Day, error) {
	days, err := akkoord.ParseGrowthDays(p.Days)
	return akkoord.DayOf(now) - akkoord.Day(days-1), err
}

// growth answers GET /purposes/{slug}/growth.
type growth struct {
	Purpose string      `json:"purpose"`
	Active  int64       `json:"active" doc:"People now."`
	Days    []growthDay `json:"days" nullable:"false" doc:"Oldest first; empty when nothing happened."`
}

type growthDay struct {
	Day    string `json:"day" format:"date"`
	Joined int64  `json:"joined" doc:"People who became active."`
	Gone   int64  `json:"gone" doc:"People who were active and ended."`
	Active int64  `json:"active" doc:"At the end of the day."`
}

func (a *API) readGrowth(ctx context.Context, in *struct {
	BySlug
	Period
}) (growth, error) {
	out := growth{Days: []growthDay{}}
	p, err := a.cfg.Store.Purpose(ctx, in.Slug)
	if err != nil {
		return out, err
	}
	since, err := in.since(a.cfg.Now())
	if err != nil {
		return out, err
	}
	counts, err := a.cfg.Store.PurposeCounts(ctx)
	if err != nil {
		return out, err
	}
	g, err := a.cfg.Store.Growth(ctx, since)
	days := g.Purposes[p.ID]
	out.Purpose, out.Active = p.Slug, counts[p.ID][akkoord.Active]
	people := akkoord.PeopleByDay(out.Active, days)
	for i, d := range days {
		out.Days = append(out.Days, growthDay{d.Day.Time().Format(time.DateOnly), d.Joined, d.Gone, people[i]})
	}
	return out, err
}

// funnel answers GET /forms/{slug}/figures.
type funnel struct {
	Form      string           `json:"form"`
	Languages []funnelLanguage `json:"languages" nullable:"false" doc:"Of the whole period."`
	Days      []funnelDay      `json:"days" nullable:"false" doc:"The same by day and language, oldest first; without days on which nothing happened."`
}

type funnelDay struct {
	Day string `json:"day" format:"date" doc:"Of the showing or the sign-up, in UTC."`
	funnelLanguage
}

type funnelLanguage struct {
	Locale    string `json:"locale"`
	Shown     int64  `json:"shown" doc:"Showings of Akkoord's own page, by people and machines."`
	Asked     int64  `json:"asked" doc:"Sign-ups that asked for something new. What follows is of these, whenever it happened."`
	Accepted  int64  `json:"accepted" doc:"Whose confirmation mail was handed over."`
	Opened    int64  `json:"opened" doc:"Whose page behind the link was shown; mail scanners open it too."`
	Confirmed int64  `json:"confirmed"`
}

func (a *API) readFunnel(ctx context.Context, in *struct {
	BySlug
	Period
}) (funnel, error) {
	out := funnel{Languages: []funnelLanguage{}, Days: []funnelDay{}}
	f, err := a.cfg.Store.Form(ctx, in.Slug)
	if err != nil {
		return out, err
	}
	since, err := in.since(a.cfg.Now())
	if err != nil {
		return out, err
	}
	g, err := a.cfg.Store.FormGrowth(ctx, f.ID, since)
	out.Form = f.Slug
	for _, l := range g.Languages() {
		out.Languages = append(out.Languages, funnelOf(l))
	}
	for _, d := range g.Days {
		out.Days = append(out.Days, funnelDay{d.Day.Time().Format(time.DateOnly), funnelOf(d.FormFigures)})
	}
	return out, err
}

func funnelOf(f akkoord.FormFigures) funnelLanguage {
	return funnelLanguage{f.Locale, f.Shown, f.Asked, f.Accepted, f.Opened, f.Confirmed}
}
