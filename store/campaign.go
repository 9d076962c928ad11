package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"akkoord"
)

// PutCampaign makes a campaign (ID 0), or changes name and segment of the one
// with its ID; mailings that started keep their audience. Slug and purpose never
// change: people agreed to the purpose, and mails carry the slug. Its Version is the
// one that was read: Conflict with code campaign_changed where there is a newer.
// Errors: Invalid, with code purpose_limitation for another purpose's segment (M16),
// NotFound, Conflict with code slug_taken.
func (s *Store) PutCampaign(ctx context.Context, actor akkoord.Actor, c akkoord.Campaign) (akkoord.Campaign, error) {
	if err := c.Check(); err != nil {
		return akkoord.Campaign{}, err
	}
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return akkoord.Campaign{}, err
	}
	var out akkoord.Campaign
	err = s.update(ctx, "put campaign", func(t *tx) error {
		var err error
		if c.ID == 0 {
			c.PublicID = id
			out, err = t.addCampaign(actor, c)
		} else {
			out, err = t.changeCampaign(actor, c)
		}
		return err
	})
	return out, err
}

func (t *tx) addCampaign(actor akkoord.Actor, c akkoord.Campaign) (akkoord.Campaign, error) {
	p, err := purposeNumbered(t, c.PurposeID)
	switch {
	case errors.Is(err, errNoPurpose):
		return c, akkoord.Fieldf("purpose", "purpose_unknown", "There is no such purpose.")
	case err != nil:
		return c, err
	case p.Archived():
		return c, p.ErrArchived()
	}
	if err := t.mayNarrow(c); err != nil {
		return c, err
	}
	c.CreatedAt = t.now
	err = t.queryRow(`INSERT INTO campaign (public_id, slug, name, purpose_id, segment_id, created_at) VALUES ($1, $2, $3, $4, $6, $5)
		ON CONFLICT (slug) DO NOTHING RETURNING id`, c.PublicID[:], c.Slug, c.Name, c.PurposeID, micros(t.now), c.SegmentID).Scan(&c.ID)
	if err != nil {
		return c, taken(err, "campaign", c.Slug)
	}
	c.Version = 1
	return c, t.audit(actor, "campaign.create", named("campaign", c.Slug), "")
}

func (t *tx) changeCampaign(actor akkoord.Actor, c akkoord.Campaign) (akkoord.Campaign, error) {
	have, err := scanCampaign(t.queryRow(campaignQuery+` WHERE id = $1`, c.ID))
	switch {
	case err != nil:
		return have, missing(err, "campaign")
	case c.Slug != have.Slug:
		return have, fixed("slug", "slug_fixed", "The slug of a campaign can't change: mails carry it.")
	case c.PurposeID != have.PurposeID:
		return have, fixed("purpose", "purpose_fixed", "The purpose of a campaign can't change: people agreed to that one. Make a new campaign.")
	case c.Name == have.Name && c.SegmentID == have.SegmentID:
		return have, nil
	case c.Version != have.Version:
		return have, akkoord.Errorf(akkoord.Conflict, "campaign_changed", "Somebody changed this campaign since you read it; read it again, and change it then.")
	}
	if c.SegmentID != have.SegmentID {
		if err := t.mayNarrow(c); err != nil {
			return have, err
		}
	}
	have.Name, have.SegmentID = c.Name, c.SegmentID
	have.Version++
	if err := t.exec(`UPDATE campaign SET name = $2, segment_id = $3, version = $4 WHERE id = $1`, have.ID, have.Name, have.SegmentID, have.Version); err != nil {
		return have, err
	}
	return have, t.audit(actor, "campaign.change", named("campaign", have.Slug), "")
}

// mayNarrow reports whether the segment of a campaign chooses among the people
// of the campaign's purpose.
func (t *tx) mayNarrow(c akkoord.Campaign) error {
	if c.SegmentID == 0 {
		return nil
	}
	var segment, of, purpose string
	var purposeID, archived int64
	err := t.queryRow(`SELECT s.slug, s.purpose_id, p.slug, (SELECT q.slug FROM purpose q WHERE q.id = $2), s.archived_at FROM segment s JOIN purpose p ON p.id = s.purpose_id WHERE s.id = $1`,
		c.SegmentID, c.PurposeID).Scan(&segment, &purposeID, &of, &purpose, &archived)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return akkoord.Fieldf("segment", "segment_unknown", "There is no such segment.")
	case err != nil:
		return err
	case purposeID != c.PurposeID:
		return akkoord.Fieldf("segment", "purpose_limitation", "The segment %s chooses people of %s and can't select people for %s: that is another purpose.", segment, of, purpose)
	case archived > 0:
		e := akkoord.Segment{Slug: segment}.ErrArchived()
		e.Field = "segment"
		return e
	}
	return nil
}

const campaignQuery = `SELECT id, public_id, slug, name, purpose_id, segment_id, version, created_at, archived_at FROM campaign`

func scanCampaign(r row) (akkoord.Campaign, error) {
	var c akkoord.Campaign
	var id []byte
	var created, archived int64
	err := r.Scan(&c.ID, &id, &c.Slug, &c.Name, &c.PurposeID, &c.SegmentID, &c.Version, &created, &archived)
	c.PublicID, c.CreatedAt, c.ArchivedAt = id16(id), fromMicros(created), fromMicros(archived)
	return c, err
}

// Campaign gives the campaign with a slug, or NotFound.
func (s *Store) Campaign(ctx context.Context, slug string) (akkoord.Campaign, error) {
	c, err := scanCampaign(s.view(ctx).queryRow(campaignQuery+` WHERE slug = $1`, slug))
	return c, missing(err, "campaign")
}

// CampaignByID gives the campaign with a number, or NotFound.
func (s *Store) CampaignByID(ctx context.Context, id int64) (akkoord.Campaign, error) {
	c, err := scanCampaign(s.view(ctx).queryRow(campaignQuery+` WHERE id = $1`, id))
	return c, missing(err, "campaign")
}

// Campaigns gives a page of campaigns, oldest first, and the number after
// which the next page begins; 0 when there is none.
func (s *Store) Campaigns(ctx context.Context, of akkoord.Archival, p akkoord.Page) ([]akkoord.Campaign, int64, error) {
	rows, err := s.view(ctx).query(campaignQuery+` WHERE id > $1`+archival(of, "campaign")+` ORDER BY id LIMIT $2`, p.After, p.Size()+1)
	out, err := list(rows, err, scanCampaign)
	out, next := cut(out, p, func(c akkoord.Campaign) int64 { return c.ID })
	return out, next, err
}

// CampaignSlugs gives the slugs of campaigns by number; those that do not
// exist are left out.
func (s *Store) CampaignSlugs(ctx context.Context, ids []int64) (map[int64]string, error) {
	return campaignSlugs(s.view(ctx), ids)
}

func campaignSlugs(q querier, ids []int64) (map[int64]string, error) {
	return campaignTexts(q, ids, `SELECT id, slug FROM campaign WHERE id IN (`)
}

// CampaignNames gives the names of campaigns by number; those that are gone are
// left out.
func (s *Store) CampaignNames(ctx context.Context, ids []int64) (map[int64]string, error) {
	return campaignTexts(s.view(ctx), ids, `SELECT id, name FROM campaign WHERE id IN (`)
}

// campaignTexts reads one text of each campaign with as few queries as there
// are groups of manyCampaigns.
func campaignTexts(q querier, ids []int64, query string) (map[int64]string, error) {
	out := make(map[int64]string, len(ids))
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	for group := range slices.Chunk(slices.DeleteFunc(ids, func(id int64) bool { return id == 0 }), manyCampaigns) {
		args := make([]any, manyCampaigns) // the same statement for any number
		for i := range args {
			args[i] = int64(0)
			if i < len(group) {
				args[i] = group[i]
			}
		}
		rows, err := q.query(query+parameters(1, manyCampaigns)+`)`, args...)
		if err = each(rows, err, func(r row) error {
			var id int64
			var text string
			err := r.Scan(&id, &text)
			out[id] = text
			return err
		}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const manyCampaigns = 16

const purposeOfMailing = `SELECT c.purpose_id FROM mailing m JOIN campaign c ON c.id = m.campaign_id WHERE `

// PurposeOfMailing gives the number of the purpose that a mailing goes out
// under, or NotFound.
func (s *Store) PurposeOfMailing(ctx context.Context, mailingID int64) (int64, error) {
	var id int64
	err := s.view(ctx).queryRow(purposeOfMailing+`m.id = $1`, mailingID).Scan(&id)
	return id, missing(err, "mailing")
}

// PurposeOfMailingID is PurposeOfMailing by public id.
func (s *Store) PurposeOfMailingID(ctx context.Context, mailing akkoord.ID) (int64, error) {
	var id int64
	err := s.view(ctx).queryRow(purposeOfMailing+`m.public_id = $1`, mailing[:]).Scan(&id)
	return id, missing(err, "mailing")
}
