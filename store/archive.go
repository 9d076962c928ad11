package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"akkoord"
)

// ArchivePurpose ends all mail under a purpose from its commit on, and all sign-ups
// for it: what is being sent under it pauses, what is scheduled is a draft again, and
// a round that asks about its words stops. Consents stay as they are, with all rights
// of their people. Errors: NotFound, and Conflict where it is archived already.
func (s *Store) ArchivePurpose(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Purpose, error) {
	return s.changeArchived(ctx, "archive purpose", slug, func(t *tx, p *akkoord.Purpose) error {
		if p.Archived() {
			return akkoord.Errorf(akkoord.Conflict, "purpose_archived", "The purpose %s is archived already.", slug)
		}
		p.ArchivedAt = t.now
		if err := t.putArchived(actor, *p, akkoord.PurposeArchived, "purpose.archive"); err != nil {
			return err
		}
		if err := t.pauseUnder(*p); err != nil {
			return err
		}
		return t.exec(`UPDATE permission_round SET state = $2, ended_at = $3 WHERE purpose_id = $1 AND state IN ('asking', 'waiting')`,
			p.ID, string(akkoord.RoundStopped), micros(t.now))
	})
}

// RestorePurpose takes an archived purpose back into use. What paused goes on when a
// person resumes it. Errors: NotFound, and Conflict where it is in use.
func (s *Store) RestorePurpose(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Purpose, error) {
	return s.changeArchived(ctx, "restore purpose", slug, func(t *tx, p *akkoord.Purpose) error {
		if !p.Archived() {
			return akkoord.Errorf(akkoord.Conflict, "purpose_in_use", "The purpose %s is in use already.", slug)
		}
		p.ArchivedAt = time.Time{}
		return t.putArchived(actor, *p, akkoord.PurposeRestored, "purpose.restore")
	})
}

func (s *Store) changeArchived(ctx context.Context, what, slug string, change func(*tx, *akkoord.Purpose) error) (akkoord.Purpose, error) {
	var out akkoord.Purpose
	err := s.update(ctx, what, func(t *tx) error {
		p, err := t.purposeNamed(slug)
		if err != nil {
			return err
		}
		out = p
		return change(t, &out)
	})
	return out, err
}

// putArchived stores since when a purpose is archived, with a line of the ledger.
func (t *tx) putArchived(actor akkoord.Actor, p akkoord.Purpose, kind akkoord.EventKind, act string) error {
	if err := t.exec(`UPDATE purpose SET archived_at = $2 WHERE id = $1`, p.ID, micros(p.ArchivedAt)); err != nil {
		return err
	}
	t.appendLine(&akkoord.Event{At: t.now, Kind: kind, PurposeID: p.ID, WordingVersion: p.Version, Source: "purpose", Actor: actor})
	t.catalogue = true
	t.ahead.distrust()
	return t.audit(actor, act, named("purpose", p.Slug), "")
}

const runsUnder = `SELECT m.id FROM mailing m JOIN campaign c ON c.id = m.campaign_id WHERE c.purpose_id = $1 AND m.state IN ('sending', 'scheduled') ORDER BY m.id`

// pauseUnder pauses what is being sent under a purpose; what is scheduled is a draft
// again. Whoever was not tried stays queued.
func (t *tx) pauseUnder(p akkoord.Purpose) error {
	ids, err := numbers(t, runsUnder, p.ID)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := t.pauseFor(id, akkoord.StoppedByArchive); err != nil {
			return err
		}
	}
	return nil
}

// mayGoOut refuses what would go out in an archived campaign, or under an archived
// purpose.
func (t *tx) mayGoOut(campaignID int64) error {
	c, err := scanCampaign(t.queryRow(campaignQuery+` WHERE id = $1`, campaignID))
	if err != nil {
		return missing(err, "campaign")
	}
	if c.Archived() {
		return c.ErrArchived()
	}
	p, err := purposeNumbered(t, c.PurposeID)
	if err == nil && p.Archived() {
		return p.ErrArchived()
	}
	return err
}

// ArchiveCampaign takes a campaign out of the lists; nothing goes out in it until it is
// taken back. Its mailings and their figures stay. Errors: NotFound, and Conflict where
// it is archived, or a mailing of it goes out, stands still in the middle or waits for
// its time.
func (s *Store) ArchiveCampaign(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Campaign, error) {
	return s.moveCampaign(ctx, actor, slug, "campaign.archive", func(t *tx, c *akkoord.Campaign) error {
		if c.Archived() {
			return akkoord.Errorf(akkoord.Conflict, "campaign_archived", "The campaign %s is archived already.", slug)
		}
		ids, err := numbers(t, `SELECT id FROM mailing WHERE campaign_id = $1 AND state IN ('sending', 'paused', 'scheduled') ORDER BY id LIMIT 1`, c.ID)
		if err != nil {
			return err
		}
		if len(ids) > 0 {
			m, err := loadMailing(t, mailingByID, ids[0])
			if err != nil {
				return err
			}
			return akkoord.Errorf(akkoord.Conflict, "campaign_running", "The mailing “%s” of this campaign is %s. Wait until it is sent, or cancel it; a scheduled one can be paused.", m.Variant(m.Latest()).Subject, m.State)
		}
		c.ArchivedAt = t.now
		return nil
	})
}

// RestoreCampaign takes an archived campaign back into use. Errors: NotFound, and
// Conflict where it is in use.
func (s *Store) RestoreCampaign(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Campaign, error) {
	return s.moveCampaign(ctx, actor, slug, "campaign.restore", func(_ *tx, c *akkoord.Campaign) error {
		if !c.Archived() {
			return akkoord.Errorf(akkoord.Conflict, "campaign_in_use", "The campaign %s is in use already.", slug)
		}
		c.ArchivedAt = time.Time{}
		return nil
	})
}

func (s *Store) moveCampaign(ctx context.Context, actor akkoord.Actor, slug, act string, move func(*tx, *akkoord.Campaign) error) (akkoord.Campaign, error) {
	var out akkoord.Campaign
	err := s.update(ctx, act, func(t *tx) error {
		var err error
		if out, err = scanCampaign(t.queryRow(campaignQuery+` WHERE slug = $1`, slug)); err != nil {
			return missing(err, "campaign")
		}
		if err := move(t, &out); err != nil {
			return err
		}
		out.Version++
		if err := t.exec(`UPDATE campaign SET archived_at = $2, version = $3 WHERE id = $1`, out.ID, micros(out.ArchivedAt), out.Version); err != nil {
			return err
		}
		return t.audit(actor, act, named("campaign", slug), "")
	})
	return out, err
}

// ForecastArchive tells what archiving a purpose would come to now.
func (s *Store) ForecastArchive(ctx context.Context, p akkoord.Purpose) (akkoord.ArchiveForecast, error) {
	var out akkoord.ArchiveForecast
	v := s.view(ctx)
	if err := v.queryRow(`SELECT (SELECT count(*) FROM subscription WHERE purpose_id = $1 AND state = 'active'), (SELECT count(*) FROM subscription WHERE purpose_id = $1 AND state = 'pending'),
		EXISTS (SELECT 1 FROM permission_round WHERE purpose_id = $1 AND state IN ('asking', 'waiting'))`, p.ID).Scan(&out.Active, &out.Pending, &out.Round); err != nil {
		return out, err
	}
	ids, err := numbers(v, runsUnder, p.ID)
	if err != nil {
		return out, err
	}
	for _, id := range ids {
		m, err := loadMailing(v, mailingByID, id)
		if err != nil {
			return out, err
		}
		out.Mailings = append(out.Mailings, m)
	}
	c, err := s.catalogue(ctx)
	if err != nil {
		return out, err
	}
	for _, f := range c.forms {
		if !slices.Contains(f.Version.Purposes, p.Slug) {
			continue
		}
		out.Forms = append(out.Forms, f.Slug)
		if !slices.ContainsFunc(f.Version.Purposes, func(slug string) bool {
			i, ok := c.slugs[slug]
			return ok && slug != p.Slug && !c.purposes[i].Archived()
		}) {
			out.Closed = append(out.Closed, f.Slug)
		}
	}
	return out, nil
}

// PurposeAt gives a purpose as it was at a time: whether it was archived, and which
// version of its texts asked for more than those before it. Its texts are those of
// now.
func (s *Store) PurposeAt(ctx context.Context, purposeID int64, at time.Time) (akkoord.Purpose, error) {
	p, err := s.PurposeByID(ctx, purposeID)
	if err != nil {
		return p, err
	}
	v := s.view(ctx)
	if err := v.queryRow(`SELECT coalesce(max(version), 0) FROM wording_change WHERE purpose_id = $1 AND change = 'wider' AND at <= $2`, purposeID, micros(at)).Scan(&p.Wider); err != nil {
		return p, err
	}
	p.ArchivedAt = time.Time{}
	var kind akkoord.EventKind
	var since int64
	err = v.queryRow(`SELECT kind, at FROM consent_event WHERE subscriber_id = 0 AND purpose_id = $1 AND kind IN ('purpose_archived', 'purpose_restored') AND at <= $2 ORDER BY seq DESC LIMIT 1`,
		purposeID, micros(at)).Scan(&kind, &since)
	if errors.Is(err, sql.ErrNoRows) {
		return p, nil
	}
	if kind == akkoord.PurposeArchived {
		p.ArchivedAt = fromMicros(since)
	}
	return p, err
}
