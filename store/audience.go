package store

import (
	"context"
	"strings"

	"akkoord"
)

// Audience counts, by the gate's answer, everybody who ever had to do with a
// mailing's purpose, as it is now, while nobody is frozen; after that whoever
// is, and those of them who were skipped. One query each, so that the sums hold.
func (s *Store) Audience(ctx context.Context, m akkoord.Mailing) (akkoord.Audience, error) {
	a := akkoord.Audience{LeftOut: []akkoord.LeftOut{}}
	if m.StartedAt.IsZero() {
		return a, s.wouldGet(ctx, m, &a)
	}
	rows, err := s.view(ctx).query(`SELECT CASE WHEN state = 6 THEN code ELSE '' END AS reason, count(*) FROM delivery WHERE mailing_id = $1 GROUP BY reason`, m.ID)
	return a, each(rows, err, func(r row) error {
		var code string
		var n int64
		err := r.Scan(&code, &n)
		a.Add(code, n)
		return err
	})
}

// wouldGet asks the gate about everybody, once for all of whom it knows the same.
func (s *Store) wouldGet(ctx context.Context, m akkoord.Mailing, a *akkoord.Audience) error {
	c, err := s.CampaignByID(ctx, m.CampaignID)
	if err != nil {
		return err
	}
	narrow := akkoord.Filter{Kind: akkoord.FilterAll}
	if c.SegmentID != 0 {
		seg, err := loadSegment(s.view(ctx), ` WHERE s.id = $1`, c.SegmentID)
		if err != nil {
			return err
		}
		narrow = seg.Filter
	}
	return s.askAll(ctx, c.PurposeID, c.ID, narrow, func(f akkoord.Facts, n int64) { a.Add(akkoord.Gate(f).Code, n) })
}

// askAll gives the facts of everybody in a filter who ever had to do with a
// purpose, each time with the number of people of whom they hold.
func (s *Store) askAll(ctx context.Context, purposeID, campaignID int64, narrow akkoord.Filter, ask func(f akkoord.Facts, n int64)) error {
	v, now := s.view(ctx), s.cfg.Now()
	condition, args, err := compileFilter(v, narrow, purposeID, now, []any{purposeID, micros(now), campaignID})
	if err != nil {
		return err
	}
	rows, err := v.askOnce(`SELECT state, basis, lacking, outgrown, kinds, gone, paused, count(*) FROM (
			SELECT x.state, x.basis, `+unfounded+` AS lacking, `+outgrown+` AS outgrown, coalesce((SELECT string_agg(k.kind, ',') FROM suppression k WHERE k.hash = s.email_hash), '') AS kinds,
				EXISTS (SELECT 1 FROM campaign_leave l WHERE l.subscriber_id = x.subscriber_id AND l.campaign_id = $3) AS gone, s.paused_until > $2 AS paused
			FROM subscription x JOIN subscriber s ON s.id = x.subscriber_id WHERE x.purpose_id = $1 AND `+condition+`
		) AS people GROUP BY state, basis, lacking, outgrown, kinds, gone, paused`, args)
	return each(rows, err, func(r row) error {
		f := akkoord.Facts{Known: true}
		var kinds string
		var n int64
		if err := r.Scan(&f.State, &f.Basis, &f.Unfounded, &f.Outgrown, &kinds, &f.LeftCampaign, &f.Paused, &n); err != nil {
			return err
		}
		for k := range strings.SplitSeq(kinds, ",") {
			f.Suppressions = append(f.Suppressions, akkoord.SuppressionKind(k))
		}
		ask(f, n)
		return nil
	})
}
