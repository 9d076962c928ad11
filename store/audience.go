package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"akkoord"
)

// Audience counts, by the gate's answer, everybody who ever had to do with a
// mailing's purpose: as it is now while nobody is frozen, after that as it was
// when sending began, and those who were skipped since.
func (s *Store) Audience(ctx context.Context, m akkoord.Mailing) (akkoord.Audience, error) {
	a := akkoord.Audience{LeftOut: []akkoord.LeftOut{}}
	if m.StartedAt.IsZero() {
		return a, s.wouldGet(ctx, m, &a)
	}
	v := s.view(ctx)
	left, err := leftOutOf(v, m.ID)
	if err != nil {
		return a, err
	}
	for _, l := range left {
		a.Add(l.Code, l.Count)
	}
	rows, err := v.query(`SELECT CASE WHEN state = 6 THEN code ELSE '' END AS reason, count(*) FROM delivery WHERE mailing_id = $1 GROUP BY reason`, m.ID)
	return a, each(rows, err, func(r row) error {
		var code string
		var n int64
		err := r.Scan(&code, &n)
		a.AddSkipped(code, n)
		return err
	})
}

func leftOutOf(q querier, mailingID int64) (left []akkoord.LeftOut, err error) {
	var text string
	if err := q.queryRow(`SELECT left_out FROM mailing WHERE id = $1`, mailingID).Scan(&text); err != nil || text == "" {
		return nil, err
	}
	if err := json.Unmarshal([]byte(text), &left); err != nil {
		return nil, fmt.Errorf("mailing %d: left out: %w", mailingID, err)
	}
	return left, nil
}

// noteLeftOut adds to the numbers that a mailing keeps of whom the gate leaves out, by
// its reason: those of a step after first up to upto who pass the mailing's filter and
// were not frozen. n were frozen; where that is everybody of the step who ever had to do
// with the purpose, the gate is not asked.
func (t *tx) noteLeftOut(m akkoord.Mailing, purposeID int64, narrow akkoord.Filter, first, upto, n int64) error {
	var all int64
	if err := t.queryRow(`SELECT count(*) FROM subscription WHERE purpose_id = $1 AND subscriber_id > $2 AND subscriber_id <= $3`, purposeID, first, upto).Scan(&all); err != nil || all == n {
		return err
	}
	left, err := leftOutOf(t, m.ID)
	if err != nil {
		return err
	}
	q, err := askFacts(t, purposeID, m.CampaignID, narrow, m.StartedAt, t.now)
	if err != nil {
		return err
	}
	q.but(m.ID)
	a := akkoord.Audience{LeftOut: left}
	err = q.between(func(text string, args []any) (rows, error) { return t.query(text, args...) }, first, upto, func(f akkoord.Facts, n int64) {
		f.Archived = false // what started under it only waits
		a.Add(akkoord.Gate(f).Code, n)
	})
	if err != nil || len(a.LeftOut) == 0 {
		return err
	}
	text, err := toJSON(a.LeftOut)
	if err != nil {
		return err
	}
	return t.exec(`UPDATE mailing SET left_out = $2 WHERE id = $1`, m.ID, text)
}

// wouldGet asks the gate about everybody, once for all of whom it knows the same.
func (s *Store) wouldGet(ctx context.Context, m akkoord.Mailing, a *akkoord.Audience) error {
	c, narrow, err := s.choice(ctx, m)
	if err != nil {
		return err
	}
	return s.askAll(ctx, c.PurposeID, c.ID, narrow, func(f akkoord.Facts, n int64) {
		f.Archived = f.Archived && m.StartedAt.IsZero() // what started under it only waits
		a.Add(akkoord.Gate(f).Code, n)
	})
}

// choice gives a mailing's campaign, and the filter that chooses among the
// people of its purpose: that of its start, or the campaign's before.
func (s *Store) choice(ctx context.Context, m akkoord.Mailing) (akkoord.Campaign, akkoord.Filter, error) {
	c, err := s.CampaignByID(ctx, m.CampaignID)
	if err != nil {
		return c, akkoord.Filter{}, err
	}
	narrow, err := chosenBy(s.view(ctx), m, c)
	return c, narrow, err
}

// AudienceFilter gives the purpose of a mailing, and the filter that chooses among its
// people.
func (s *Store) AudienceFilter(ctx context.Context, m akkoord.Mailing) (purposeID int64, f akkoord.Filter, err error) {
	c, narrow, err := s.choice(ctx, m)
	return c.PurposeID, narrow, err
}

// chosenBy is the filter that chooses a mailing's people: that of its start, or its
// campaign's before.
func chosenBy(q querier, m akkoord.Mailing, c akkoord.Campaign) (akkoord.Filter, error) {
	switch {
	case !m.StartedAt.IsZero():
		return segmentOf(q, m.SegmentID, m.SegmentVersion)
	case c.SegmentID != 0:
		seg, err := loadSegment(q, ` WHERE s.id = $1`, c.SegmentID)
		return seg.Filter, err
	}
	return akkoord.Filter{Kind: akkoord.FilterAll}, nil
}

// factsOf selects, as people, what the gate knows of everybody who ever had to do
// with purpose $1 at the time $2, for a mailing of campaign $3; a segment's
// condition follows.
const factsOf = `SELECT x.subscriber_id AS id, x.state, x.basis, ` + unfounded + ` AS lacking, ` + outgrown + ` AS outgrown, (SELECT w.archived_at > 0 FROM purpose w WHERE w.id = x.purpose_id) AS archived,
		coalesce((SELECT string_agg(k.kind, ',') FROM suppression k WHERE k.hash = s.email_hash), '') AS kinds,
		EXISTS (SELECT 1 FROM campaign_leave l WHERE l.subscriber_id = x.subscriber_id AND l.campaign_id = $3) AS gone, s.paused_until > $2 AS paused
	FROM subscription x JOIN subscriber s ON s.id = x.subscriber_id WHERE x.purpose_id = $1 AND `

// scanFacts reads what factsOf selects but the number of the person.
func scanFacts(r row, more any) (akkoord.Facts, error) {
	f := akkoord.Facts{Known: true}
	var kinds string
	err := r.Scan(&f.State, &f.Basis, &f.Unfounded, &f.Outgrown, &f.Archived, &kinds, &f.LeftCampaign, &f.Paused, more)
	for k := range strings.SplitSeq(kinds, ",") {
		f.Suppressions = append(f.Suppressions, akkoord.SuppressionKind(k))
	}
	return f, err
}

// askedAtOnce is over how many numbers of people askAll counts at once, so that what it
// groups stays small.
const askedAtOnce = 100_000

// askAll gives the facts of everybody in a filter who ever had to do with a
// purpose, each time with the number of people of whom they hold.
func (s *Store) askAll(ctx context.Context, purposeID, campaignID int64, narrow akkoord.Filter, ask func(f akkoord.Facts, n int64)) error {
	return s.askInSteps(ctx, askedAtOnce, purposeID, campaignID, narrow, ask)
}

func (s *Store) askInSteps(ctx context.Context, step, purposeID, campaignID int64, narrow akkoord.Filter, ask func(f akkoord.Facts, n int64)) error {
	v, now := s.view(ctx), s.cfg.Now()
	var last int64
	if err := v.queryRow(`SELECT coalesce(max(id), 0) FROM subscriber`).Scan(&last); err != nil {
		return err
	}
	q, err := askFacts(v, purposeID, campaignID, narrow, now, now)
	for first := int64(0); err == nil && first < last; first += step {
		err = q.between(v.askOnce, first, first+step, ask)
	}
	return err
}

// factsQuery asks for the facts of those in a filter who ever had to do with a purpose.
type factsQuery struct {
	condition string
	args      []any // those of factsOf, two of numbers of people, and those of condition
}

// askFacts is about those in a filter as of a time, as the gate sees them now.
func askFacts(q querier, purposeID, campaignID int64, narrow akkoord.Filter, of, now time.Time) (*factsQuery, error) {
	condition, args, err := compileFilter(q, narrow, purposeID, of, []any{purposeID, micros(now), campaignID, nil, nil})
	return &factsQuery{condition, args}, err
}

// but leaves out who is frozen for a mailing.
func (q *factsQuery) but(mailingID int64) {
	q.args = append(q.args, mailingID)
	q.condition += fmt.Sprintf(` AND x.subscriber_id NOT IN (SELECT d.subscriber_id FROM delivery d WHERE d.mailing_id = $%d AND d.subscriber_id > $4 AND d.subscriber_id <= $5)`, len(q.args))
}

// between gives the facts of people whose numbers are after first up to last, each time
// with the number of people of whom they hold.
func (q *factsQuery) between(query func(text string, args []any) (rows, error), first, last int64, give func(f akkoord.Facts, n int64)) error {
	q.args[3], q.args[4] = first, last
	rows, err := query(`SELECT state, basis, lacking, outgrown, archived, kinds, gone, paused, count(*) FROM (`+factsOf+q.condition+` AND x.subscriber_id > $4 AND x.subscriber_id <= $5) AS people
		GROUP BY state, basis, lacking, outgrown, archived, kinds, gone, paused`, q.args)
	return each(rows, err, func(r row) error {
		var n int64
		f, err := scanFacts(r, &n)
		if err == nil {
			give(f, n)
		}
		return err
	})
}

// errEnough ends reading rows of which enough were seen.
var errEnough = errors.New("enough")

// LeftOutPeople gives a page of those whom the gate leaves out of a mailing now
// with a code, and who were not let pass when it began; oldest first, with the
// number after which the next page begins, 0 when there is none.
func (s *Store) LeftOutPeople(ctx context.Context, m akkoord.Mailing, code string, p akkoord.Page) ([]akkoord.Standing, int64, error) {
	c, narrow, err := s.choice(ctx, m)
	if err != nil {
		return nil, 0, err
	}
	v, now := s.view(ctx), s.cfg.Now()
	condition, args, err := compileFilter(v, narrow, c.PurposeID, now, []any{c.PurposeID, micros(now), c.ID, m.ID, p.After})
	if err != nil {
		return nil, 0, err
	}
	rows, err := v.askOnce(`SELECT state, basis, lacking, outgrown, archived, kinds, gone, paused, id FROM (`+factsOf+condition+`
		AND x.subscriber_id > $5 AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.mailing_id = $4 AND d.subscriber_id = x.subscriber_id)) AS people ORDER BY id`, args)
	var ids []int64
	err = each(rows, err, func(r row) error {
		var id int64
		f, err := scanFacts(r, &id)
		if err == nil && akkoord.Gate(f).Code == code {
			ids = append(ids, id)
		}
		if err == nil && len(ids) > p.Size() {
			err = errEnough
		}
		return err
	})
	if err != nil && !errors.Is(err, errEnough) || len(ids) == 0 {
		return nil, 0, err
	}
	ids, next := cut(ids, p, func(id int64) int64 { return id })
	people, err := s.people(ctx, ids)
	return people, next, err
}
