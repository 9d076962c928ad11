package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"akkoord"
)

// archival is the condition of what is archived or not, of a table.
func archival(of akkoord.Archival, table string) string {
	switch of {
	case akkoord.ArchivedOnly:
		return ` AND ` + table + `.archived_at > 0`
	case akkoord.NotArchived:
		return ` AND ` + table + `.archived_at = 0`
	}
	return ""
}

// What goes out by the segment $1 as it is from now on, and what began by a version of it.
const (
	waitsBySegment = `campaign_id IN (SELECT c.id FROM campaign c WHERE c.segment_id = $1 AND c.archived_at = 0) AND state IN ('draft', 'scheduled')`
	runsBySegment  = `segment_id = $1 AND state IN ('sending', 'paused') AND trigger_on <> ''`
	begunBySegment = `segment_id = $1 AND NOT (state IN ('sending', 'paused') AND trigger_on <> '')`
)

// usesShown is how many campaigns, and how many mailings, are given as a segment's uses.
const usesShown = 20

// SegmentUses gives what chooses people by a segment.
func (s *Store) SegmentUses(ctx context.Context, segmentID int64) (akkoord.SegmentUses, error) {
	return segmentUses(s.view(ctx), segmentID)
}

func segmentUses(q querier, segmentID int64) (akkoord.SegmentUses, error) {
	var out akkoord.SegmentUses
	rows, err := q.query(campaignQuery+` WHERE segment_id = $1 ORDER BY id DESC LIMIT $2`, segmentID, usesShown+1)
	if out.Campaigns, err = list(rows, err, scanCampaign); err != nil {
		return out, err
	}
	var of int64
	if err := q.queryRow(`SELECT (SELECT count(*) FROM mailing WHERE `+waitsBySegment+` AND state = 'draft'), (SELECT count(*) FROM mailing WHERE `+waitsBySegment+` AND state = 'scheduled'),
		(SELECT count(*) FROM mailing WHERE `+runsBySegment+`), (SELECT count(*) FROM mailing WHERE segment_id = $1)`, segmentID).Scan(&out.Drafts, &out.Scheduled, &out.Series, &of); err != nil {
		return out, err
	}
	out.Begun = of - out.Series
	ids, err := numbers(q, `SELECT id FROM mailing WHERE (`+waitsBySegment+`) OR (`+runsBySegment+`) ORDER BY id DESC LIMIT $2`, segmentID, usesShown)
	if err != nil {
		return out, err
	}
	if left := usesShown - len(ids); left > 0 {
		begun, err := numbers(q, `SELECT id FROM mailing WHERE `+begunBySegment+` ORDER BY id DESC LIMIT $2`, segmentID, left)
		if err != nil {
			return out, err
		}
		ids = append(ids, begun...)
	}
	if out.Mailings, err = mailingsNumbered(q, ids); err != nil {
		return out, err
	}
	out.More = len(out.Campaigns) > usesShown || out.Waiting()+out.Begun > int64(len(ids))
	out.Campaigns = out.Campaigns[:min(len(out.Campaigns), usesShown)]
	return out, nil
}

// mailingsNumbered loads mailings, in the order of their numbers.
func mailingsNumbered(q querier, ids []int64) ([]akkoord.Mailing, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := q.query(mailingQuery+` WHERE m.id IN (`+parameters(1, len(ids))+`)`, boxed(ids)...)
	out, err := list(rows, err, scanMailing)
	slices.SortFunc(out, func(a, b akkoord.Mailing) int {
		return cmp.Compare(slices.Index(ids, a.ID), slices.Index(ids, b.ID))
	})
	return out, err
}

// CampaignScheduled reports whether a mailing of a campaign is scheduled.
func (s *Store) CampaignScheduled(ctx context.Context, campaignID int64) (scheduled bool, err error) {
	err = s.view(ctx).queryRow(`SELECT EXISTS (SELECT 1 FROM mailing WHERE campaign_id = $1 AND state = 'scheduled')`, campaignID).Scan(&scheduled)
	return scheduled, err
}

// ArchiveSegment takes a segment out of what can be chosen, until it is taken back.
// Whoever was chosen by it stays so. Errors: NotFound, and Conflict where it is archived,
// or something still goes out by it.
func (s *Store) ArchiveSegment(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Segment, error) {
	return s.moveSegment(ctx, actor, slug, "segment.archive", func(t *tx, seg *akkoord.Segment) error {
		if seg.Archived() {
			return akkoord.Errorf(akkoord.Conflict, "segment_archived", "The segment %s is archived already.", slug)
		}
		uses, err := segmentUses(t, seg.ID)
		if err != nil {
			return err
		}
		seg.ArchivedAt = t.now
		return uses.CheckArchive(*seg)
	})
}

// RestoreSegment takes an archived segment back into use. Errors: NotFound, and Conflict
// where it is in use.
func (s *Store) RestoreSegment(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Segment, error) {
	return s.moveSegment(ctx, actor, slug, "segment.restore", func(_ *tx, seg *akkoord.Segment) error {
		if !seg.Archived() {
			return akkoord.Errorf(akkoord.Conflict, "segment_in_use", "The segment %s is in use already.", slug)
		}
		seg.ArchivedAt = time.Time{}
		return nil
	})
}

func (s *Store) moveSegment(ctx context.Context, actor akkoord.Actor, slug, act string, move func(*tx, *akkoord.Segment) error) (akkoord.Segment, error) {
	var out akkoord.Segment
	err := s.update(ctx, act, func(t *tx) error {
		var err error
		if out, err = loadSegment(t, ` WHERE s.slug = $1`, slug); err != nil {
			return err
		}
		if err := move(t, &out); err != nil {
			return err
		}
		if err := t.exec(`UPDATE segment SET archived_at = $2 WHERE id = $1`, out.ID, micros(out.ArchivedAt)); err != nil {
			return err
		}
		return t.audit(actor, act, named("segment", slug), "")
	})
	return out, err
}

// mayBegin refuses what may not go out now, or would be chosen by an archived segment.
func (t *tx) mayBegin(campaignID int64) error {
	if err := t.mayGoOut(campaignID); err != nil {
		return err
	}
	return t.mayChoose(campaignID)
}

// mayChoose refuses to begin what would be chosen by an archived segment.
func (t *tx) mayChoose(campaignID int64) error {
	archived, err := names(t, `SELECT s.slug FROM segment s JOIN campaign c ON c.segment_id = s.id WHERE c.id = $1 AND s.archived_at > 0`, campaignID)
	if err != nil || len(archived) == 0 {
		return err
	}
	return akkoord.Segment{Slug: archived[0]}.ErrArchived()
}
