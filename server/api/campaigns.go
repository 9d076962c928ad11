package api

import (
	"context"

	"akkoord"
)

// newCampaign is the body of POST /campaigns.
type newCampaign struct {
	Slug    string `json:"slug"`
	Name    string `json:"name" doc:"Read by people who leave the campaign."`
	Purpose string `json:"purpose" doc:"Slug."`
	Segment string `json:"segment,omitempty" doc:"Slug."`
}

// campaign is a campaign as the API shows it.
type campaign struct {
	ID         akkoord.ID `json:"id" format:"uuid"`
	Slug       string     `json:"slug"`
	Name       string     `json:"name"`
	Purpose    string     `json:"purpose"`
	Segment    *string    `json:"segment"`
	CreatedAt  *Time      `json:"created_at"`
	ArchivedAt *Time      `json:"archived_at" doc:"Since when it is out of the lists of the admin site and nothing goes out in it; null: it is in use."`
}

func (a *API) createCampaign(ctx context.Context, in *struct{ Body newCampaign }) (campaign, error) {
	b := in.Body
	p, err := a.cfg.Store.Purpose(ctx, b.Purpose)
	if err != nil {
		return campaign{}, unknown(err, "purpose")
	}
	segment, err := a.segmentNamed(ctx, b.Segment)
	if err != nil {
		return campaign{}, err
	}
	c, err := a.cfg.Store.PutCampaign(ctx, caller(ctx).Actor(), akkoord.Campaign{Slug: b.Slug, Name: b.Name, PurposeID: p.ID, SegmentID: segment})
	return showCampaign(c, p.Slug, b.Segment), err
}

func showCampaign(c akkoord.Campaign, purpose, segment string) campaign {
	return campaign{ID: c.PublicID, Slug: c.Slug, Name: c.Name, Purpose: purpose, Segment: orNil(segment), CreatedAt: when(c.CreatedAt), ArchivedAt: when(c.ArchivedAt)}
}

// nameCampaign shows one campaign with the names of its purpose and segment.
func (a *API) nameCampaign(ctx context.Context, c akkoord.Campaign) (campaign, error) {
	slugs, err := a.cfg.Store.PurposeSlugs(ctx, []int64{c.PurposeID})
	if err != nil {
		return campaign{}, err
	}
	segments, err := a.cfg.Store.SegmentSlugs(ctx, []int64{c.SegmentID})
	return showCampaign(c, slugs[c.PurposeID], segments[c.SegmentID]), err
}

func (a *API) listCampaigns(ctx context.Context, in *struct {
	Paging
	ByArchive
}) (list[campaign], error) {
	page, err := in.page()
	if err != nil {
		return list[campaign]{}, err
	}
	rows, next, err := a.cfg.Store.Campaigns(ctx, in.Archived, page)
	if err != nil {
		return list[campaign]{}, err
	}
	ids, narrowed := make([]int64, len(rows)), make([]int64, len(rows))
	for i, c := range rows {
		ids[i], narrowed[i] = c.PurposeID, c.SegmentID
	}
	slugs, err := a.cfg.Store.PurposeSlugs(ctx, ids)
	if err != nil {
		return list[campaign]{}, err
	}
	segments, err := a.cfg.Store.SegmentSlugs(ctx, narrowed)
	return newList(rows, next, func(c akkoord.Campaign) campaign { return showCampaign(c, slugs[c.PurposeID], segments[c.SegmentID]) }), err
}

func (a *API) readCampaign(ctx context.Context, in *BySlug) (campaign, error) {
	c, err := a.cfg.Store.Campaign(ctx, in.Slug)
	if err != nil {
		return campaign{}, err
	}
	return a.nameCampaign(ctx, c)
}
