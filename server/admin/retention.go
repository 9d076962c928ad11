package admin

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"akkoord"
	"akkoord/server/trail"
	"akkoord/templates"
)

// Forecasts tells what will happen to people who say nothing (M18).
type Forecasts interface {
	ForecastRetention(ctx context.Context, p akkoord.Purpose) ([]akkoord.RetentionDay, error)
	RetentionPeople(ctx context.Context, of akkoord.Purpose, on time.Time, p akkoord.Page) (people []akkoord.RetentionPerson, next int64, err error)
	Unconfirmed(ctx context.Context) ([]akkoord.DayCount, error)
	UnconfirmedPeople(ctx context.Context, on time.Time, p akkoord.Page) (people []akkoord.RetentionPerson, next int64, err error)
}

// Policies changes what purposes do about them.
type Policies interface {
	Purpose(ctx context.Context, slug string) (akkoord.Purpose, error)
	EditPurpose(ctx context.Context, actor akkoord.Actor, slug string, edit func(*akkoord.Purpose) error) (akkoord.Purpose, error)
	StopRetention(ctx context.Context, actor akkoord.Actor, slug string) error
	StartRetention(ctx context.Context, actor akkoord.Actor, slug string) error
}

const unconfirmed = "unconfirmed" // an act beside those of akkoord.RetentionActs

func policyPath(p akkoord.Purpose) string { return Prefix + "/retention/" + p.Slug }

func pendingDays() int { return int(akkoord.Limits.PendingWindow / (24 * time.Hour)) }

// retention shows a month of what happens on which day, over all purposes.
func (s *Site) retention(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	today := s.cfg.Now().UTC().Truncate(24 * time.Hour)
	page := templates.RetentionPage{Admin: s.frame(r, v, "purposes"), PendingDays: pendingDays()}
	days := map[time.Time][]templates.RetentionAct{}
	purposes, err := s.cfg.Store.Purposes(ctx)
	if err != nil {
		return err
	}
	for _, p := range purposes {
		row := templates.RetentionRow{Name: p.Text(v.locale).Name, URL: policyPath(p), Stopped: p.Retention.Stopped}
		if p.InactiveAfter > 0 {
			row.Silence = templates.NewSilence(p.InactiveAfter, p.Retention)
		}
		page.Purposes = append(page.Purposes, row)
		if !p.Retention.Stopped.IsZero() {
			continue
		}
		forecast, err := s.cfg.Store.ForecastRetention(ctx, p)
		if err != nil {
			return err
		}
		for _, d := range forecast {
			days[d.Day] = append(days[d.Day], acts(v, d, row.Name, row.URL+"/people?")...)
		}
	}
	pending, err := s.cfg.Store.Unconfirmed(ctx)
	if err != nil {
		return err
	}
	for _, d := range pending {
		act := templates.RetentionAct{Act: unconfirmed, Count: d.Count}
		if v.user.Role.May(akkoord.ReadPeople) {
			act.URL = Prefix + "/unconfirmed?day=" + d.Day.Format(time.DateOnly)
		}
		page.Pending += d.Count
		days[d.Day] = append(days[d.Day], act)
	}
	s.month(&page, r.URL.Query().Get("month"), today, days)
	return s.page(w, v, http.StatusOK, page)
}

// month lays out a month, if it is one that is foreseen, else the present one.
func (s *Site) month(page *templates.RetentionPage, wish string, today time.Time, days map[time.Time][]templates.RetentionAct) {
	const form = "2006-01"
	first := today.AddDate(0, 0, 1-today.Day())
	last := today.AddDate(0, 0, akkoord.ForecastDays-1)
	begin, err := time.Parse(form, wish)
	if err != nil || begin.Before(first) || begin.After(last) {
		begin = first
	}
	if begin.After(first) {
		page.Previous = "?month=" + begin.AddDate(0, -1, 0).Format(form)
	}
	if next := begin.AddDate(0, 1, 0); !next.After(last) {
		page.Next = "?month=" + next.Format(form)
	}
	page.Month = begin
	for at := begin.AddDate(0, 0, -(int(begin.Weekday())+6)%7); at.Before(begin.AddDate(0, 1, 0)); {
		var week []templates.RetentionDay
		for range 7 {
			week = append(week, templates.RetentionDay{Day: noon(at), In: at.Month() == begin.Month(), Today: at.Equal(today), Acts: days[at]})
			at = at.AddDate(0, 0, 1)
		}
		page.Weeks = append(page.Weeks, week)
	}
}

// noon is of the same date in every zone that somebody may read it in.
func noon(day time.Time) time.Time { return day.Add(12 * time.Hour) }

// acts gives what a policy does on a day, each with its list of people.
func acts(v visit, d akkoord.RetentionDay, purpose, list string) []templates.RetentionAct {
	var out []templates.RetentionAct
	for _, act := range akkoord.RetentionActs {
		if d.Steps[act] == 0 {
			continue
		}
		a := templates.RetentionAct{Purpose: purpose, Act: string(act), Count: d.Steps[act]}
		if v.user.Role.May(akkoord.ReadPeople) {
			a.URL = list + "day=" + d.Day.Format(time.DateOnly)
		}
		out = append(out, a)
	}
	return out
}

// policy shows what one purpose does about silence, and, with "try", what
// another policy would do, which is not stored.
func (s *Site) policy(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx, q := r.Context(), r.URL.Query()
	p, err := s.cfg.Store.Purpose(ctx, r.PathValue("slug"))
	if err != nil {
		return err
	}
	page := templates.PolicyPage{Admin: s.frame(r, v, "purposes"), Slug: p.Slug, Name: p.Text(v.locale).Name, Stopped: p.Retention.Stopped, Horizon: akkoord.ForecastDays, PendingDays: pendingDays(), Trial: q.Get("try") != ""}
	list := policyPath(p) + "/people?"
	if page.Trial {
		tried, wrong := trial(p, q)
		if wrong != nil {
			return s.done(w, r, wrong, "", policyPath(p))
		}
		p, list = tried, list+trialQuery(q)+"&"
	}
	page.Policy, page.Asks = *templates.NewSilence(p.InactiveAfter, p.Retention), p.InactiveAfter > 0
	if v.user.Role.May(akkoord.ChangePurposes) {
		page.Action = policyPath(p)
	}
	counts, err := s.cfg.Store.PurposeCounts(ctx)
	if err != nil {
		return err
	}
	page.Active = int(counts[p.ID][akkoord.Active])
	forecast, err := s.cfg.Store.ForecastRetention(ctx, p)
	if err != nil {
		return err
	}
	for _, d := range forecast {
		page.Days = append(page.Days, templates.RetentionDay{Day: noon(d.Day), Acts: acts(v, d, "", list)})
	}
	return s.page(w, v, http.StatusOK, page)
}

// trial gives a purpose with the policy that a form says.
func trial(p akkoord.Purpose, f url.Values) (akkoord.Purpose, error) {
	number := func(name string) int {
		n, err := strconv.Atoi(f.Get(name))
		if err != nil {
			return -1 // refused by the check
		}
		return n
	}
	p.InactiveAfter = number("inactive")
	if f.Get("unit") == "months" && p.InactiveAfter > 0 {
		p.InactiveAfter = akkoord.MonthDays(min(p.InactiveAfter, 1000))
	}
	p.Retention = akkoord.Retention{AskAgainAfter: cmp.Or(number("again"), -1), ExpireAfter: cmp.Or(number("expire"), -1), Signals: []akkoord.Signal{}, Stopped: p.Retention.Stopped}
	for _, signal := range akkoord.Signals { // in their order, each once
		for _, have := range f["signal"] {
			if have == string(signal) {
				p.Retention.Signals = append(p.Retention.Signals, signal)
				break
			}
		}
	}
	return p, policyFault(p.Check())
}

// policyFields are the codes that name a field of a policy's form.
var policyFields = map[string]string{
	"inactive_after_days": "retention_inactive", "reactivate_again_after_days": "retention_again", "expire_after_days": "retention_expire", "signals": "retention_signals",
}

// policyFault gives what is wrong with a policy a code of its own for each field.
func policyFault(err error) error {
	e, ok := errors.AsType[*akkoord.Error](err)
	if !ok || policyFields[e.Field] == "" {
		return err
	}
	named := *e
	named.Code = policyFields[e.Field]
	return &named
}

// trialQuery keeps of a query what trial reads.
func trialQuery(q url.Values) string {
	kept := url.Values{}
	for _, name := range []string{"try", "inactive", "unit", "again", "expire", "signal"} {
		kept[name] = q[name]
	}
	return kept.Encode()
}

// changePolicy stores a policy, stops it or lets it go on.
func (s *Site) changePolicy(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	ctx, slug := r.Context(), r.PathValue("slug")
	p, err := s.cfg.Store.Purpose(ctx, slug)
	if err != nil {
		return err
	}
	notice := "retention_" + r.PostForm.Get("act")
	switch r.PostForm.Get("act") {
	case "stop":
		err = s.cfg.Store.StopRetention(ctx, v.user.Actor(), slug)
	case "start":
		err = s.cfg.Store.StartRetention(ctx, v.user.Actor(), slug)
	case "save":
		var wanted akkoord.Purpose
		if wanted, err = trial(p, r.PostForm); err != nil {
			break
		}
		_, err = s.cfg.Store.EditPurpose(ctx, v.user.Actor(), slug, func(p *akkoord.Purpose) error {
			stopped := p.Retention.Stopped
			p.InactiveAfter, p.Retention = wanted.InactiveAfter, wanted.Retention
			p.Retention.Stopped = stopped
			return nil
		})
	default:
		err = errNoAct
	}
	return s.done(w, r, err, notice, policyPath(p))
}

// policyPeople lists those to whom a purpose's policy, or one that is tried,
// does something on a day.
func (s *Site) policyPeople(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx, q := r.Context(), r.URL.Query()
	p, err := s.cfg.Store.Purpose(ctx, r.PathValue("slug"))
	if err != nil {
		return err
	}
	page := templates.RetentionPeoplePage{Admin: s.frame(r, v, "purposes"), Name: p.Text(v.locale).Name, Back: policyPath(p)}
	if q.Get("try") != "" {
		if p, err = trial(p, q); err != nil {
			return err
		}
		page.Back += "?" + trialQuery(q)
	}
	return s.dayPeople(w, r, v, page, "purpose:"+p.Slug, func(on time.Time) ([]akkoord.RetentionPerson, int64, error) {
		return s.cfg.Store.RetentionPeople(ctx, p, on, after(r))
	})
}

// unconfirmedPeople lists those whose sign-up ends on a day for want of a
// confirmation.
func (s *Site) unconfirmedPeople(w http.ResponseWriter, r *http.Request, v visit) error {
	page := templates.RetentionPeoplePage{Admin: s.frame(r, v, "purposes")}
	return s.dayPeople(w, r, v, page, unconfirmed, func(on time.Time) ([]akkoord.RetentionPerson, int64, error) {
		return s.cfg.Store.UnconfirmedPeople(r.Context(), on, after(r))
	})
}

// dayPeople shows the people of a day, which is today where none is named, and
// leaves a line about it (M27).
func (s *Site) dayPeople(w http.ResponseWriter, r *http.Request, v visit, page templates.RetentionPeoplePage, object string, read func(time.Time) ([]akkoord.RetentionPerson, int64, error)) error {
	ctx, q := r.Context(), r.URL.Query()
	on, err := time.Parse(time.DateOnly, cmp.Or(q.Get("day"), s.cfg.Now().UTC().Format(time.DateOnly)))
	if err != nil {
		return akkoord.Fieldf("day", "day_invalid", "Write the day like 2026-11-27.")
	}
	people, next, err := read(on)
	if err != nil {
		return err
	}
	var ids []akkoord.ID
	var numbers []int64
	for _, p := range people {
		ids, numbers = append(ids, p.ID), append(numbers, p.Number)
	}
	names, err := s.cfg.Store.PersonNames(ctx, numbers)
	if err != nil {
		return err
	}
	for _, p := range people {
		page.People = append(page.People, templates.RetentionPersonRow{
			URL: Prefix + "/people/" + p.ID.String(), ID: p.ID.String(), Name: names[p.Number], Act: cmp.Or(string(p.Step.Act), unconfirmed), At: p.Step.At,
		})
	}
	page.Day = noon(on)
	if next != 0 {
		q.Set("after", strconv.FormatInt(next, 10))
		page.Next = r.URL.Path + "?" + q.Encode()
	}
	if err := s.cfg.Store.Audit(ctx, v.user.Actor(), "retention.people", object, trail.People(ids)); err != nil {
		return err
	}
	return s.page(w, v, http.StatusOK, page)
}
