package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"akkoord"
)

// prospects gives the people whom a policy may have a step for, page by page:
// $7 is how many. It is silent with what the rule needs to know of each.
const prospects = `SELECT x.subscriber_id, s.public_id, s.paused_until,
		coalesce((SELECT string_agg(y.kind, ',') FROM suppression y WHERE y.hash = s.email_hash), ''),
		x.since, x.version, x.renewed, x.asked, x.reminded, x.tracking,
		coalesce((SELECT a.at FROM activity a WHERE a.subscriber_id = x.subscriber_id AND a.purpose_id = x.purpose_id AND a.signal = 'click'), 0),
		coalesce((SELECT a.at FROM activity a WHERE a.subscriber_id = x.subscriber_id AND a.purpose_id = x.purpose_id AND a.signal = 'preferences'), 0),
		CASE WHEN x.asked = 0 THEN '' ELSE coalesce((SELECT CAST(o.state AS TEXT) || o.code FROM outbox o WHERE o.subscriber_id = x.subscriber_id
			AND o.about IN ('still', 'still_again') AND o.purpose_id = x.purpose_id ORDER BY o.id DESC LIMIT 1), '') END
	FROM (SELECT x.* ` + silent + ` ORDER BY x.subscriber_id LIMIT $7) x JOIN subscriber s ON s.id = x.subscriber_id ORDER BY x.subscriber_id`

// forecast is what a purpose's policy will do until a time, as of now. A policy
// that is stopped is looked at as if it were not.
type forecast struct {
	store      *Store
	p          akkoord.Purpose
	now, until time.Time
}

func (s *Store) forecast(p akkoord.Purpose) forecast {
	p.Retention.Stopped = time.Time{}
	now := s.cfg.Now().UTC()
	return forecast{s, p, now, day(now).AddDate(0, 0, akkoord.ForecastDays).Add(-time.Microsecond)}
}

func day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// each calls f for everybody numbered above after of whom something is
// foreseen, in order, until f says that it has enough.
func (c forecast) each(ctx context.Context, after int64, f func(akkoord.RetentionPerson, []akkoord.Step) (goesOn bool)) error {
	if c.p.InactiveAfter == 0 {
		return nil
	}
	for goesOn := true; goesOn; {
		seen := 0
		rows, err := c.store.view(ctx).query(prospects, append(silentArgs(c.p, after, c.until.AddDate(0, 0, -c.p.InactiveAfter)), retentionPage)...)
		err = each(rows, err, func(r row) error {
			seen++
			if !goesOn {
				return nil
			}
			person, st, a, err := c.prospect(r)
			if err != nil {
				return err
			}
			after = person.Number
			if steps := st.Forecast(c.p, a, c.now, c.until); len(steps) > 0 {
				goesOn = f(person, steps)
			}
			return nil
		})
		if err != nil {
			return err
		}
		goesOn = goesOn && seen == retentionPage
	}
	return nil
}

func (c forecast) prospect(r row) (akkoord.RetentionPerson, akkoord.Standing, akkoord.Activity, error) {
	var person akkoord.RetentionPerson
	var a akkoord.Activity
	var id []byte
	var kinds, question string
	var paused, since, renewed, asked, reminded, tracking, clicked, visited int64
	sub := akkoord.Subscription{PurposeID: c.p.ID, State: akkoord.Active, Basis: akkoord.BasisConsent, Wider: c.p.Wider}
	err := r.Scan(&person.Number, &id, &paused, &kinds, &since, &sub.Version, &renewed, &asked, &reminded, &tracking, &clicked, &visited, &question)
	person.ID = id16(id)
	sub.Since, sub.Renewed, sub.Asked, sub.Reminded, sub.Tracking = fromMicros(since), fromMicros(renewed), fromMicros(asked), fromMicros(reminded), fromMicros(tracking)
	st := akkoord.Standing{Subscriber: akkoord.Subscriber{ID: person.Number, PublicID: person.ID}, Subscriptions: []akkoord.Subscription{sub}, PausedUntil: fromMicros(paused)}
	if kinds != "" {
		for k := range strings.SplitSeq(kinds, ",") {
			st.Suppressions = append(st.Suppressions, akkoord.SuppressionKind(k))
		}
	}
	a.Clicked, a.Visited = fromMicros(clicked), fromMicros(visited)
	if question != "" {
		a.Question = questionState(int(question[0]-'0'), question[1:])
	}
	return person, st, a, err
}

// ForecastRetention counts what a purpose's policy does on each of the coming
// days on which it does something, if nobody gives a sign of life; a policy
// that is stopped as if it were started now. The policy is the one that p has,
// which need not be stored yet.
func (s *Store) ForecastRetention(ctx context.Context, p akkoord.Purpose) ([]akkoord.RetentionDay, error) {
	c, days := s.forecast(p), map[time.Time]map[akkoord.RetentionAct]int{}
	if err := c.each(ctx, 0, func(_ akkoord.RetentionPerson, steps []akkoord.Step) bool {
		for _, step := range steps {
			d := day(step.At)
			if days[d] == nil {
				days[d] = map[akkoord.RetentionAct]int{}
			}
			days[d][step.Act]++
		}
		return true
	}); err != nil {
		return nil, err
	}
	var out []akkoord.RetentionDay
	for d, steps := range days {
		out = append(out, akkoord.RetentionDay{Day: d, Steps: steps})
	}
	slices.SortFunc(out, func(a, b akkoord.RetentionDay) int { return a.Day.Compare(b.Day) })
	return out, nil
}

// RetentionPeople gives a page of the people of whom the policy of a purpose
// takes a step on a day, in the order in which they were first known, and the
// number after which the next page begins; 0 when there is none.
func (s *Store) RetentionPeople(ctx context.Context, of akkoord.Purpose, on time.Time, p akkoord.Page) ([]akkoord.RetentionPerson, int64, error) {
	var out []akkoord.RetentionPerson
	err := s.forecast(of).each(ctx, p.After, func(person akkoord.RetentionPerson, steps []akkoord.Step) bool {
		for _, step := range steps {
			if day(step.At).Equal(day(on)) {
				person.Step = step
				out = append(out, person)
				break
			}
		}
		return len(out) <= p.Size()
	})
	out, next := cut(out, p, func(r akkoord.RetentionPerson) int64 { return r.Number })
	return out, next, err
}
