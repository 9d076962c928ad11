package api

import (
	"context"

	"akkoord"
)

// archiveForecast is what archiving a purpose comes to.
type archiveForecast struct {
	Active   int64          `json:"active" doc:"People whose consent or other basis stays, with all their rights."`
	Pending  int64          `json:"pending" doc:"Sign-ups that can't be confirmed while it is archived."`
	Mailings []mailingState `json:"mailings" nullable:"false" doc:"Those that pause, or are drafts again."`
	Forms    []string       `json:"forms" nullable:"false" doc:"Slugs of the forms that offer it."`
	Closed   []string       `json:"closed_forms" nullable:"false" doc:"Those that offer nothing else."`
	Round    bool           `json:"re_permission" doc:"People are being asked about its words, which stops."`
}

type mailingState struct {
	ID    akkoord.ID           `json:"id" format:"uuid"`
	State akkoord.MailingState `json:"state" enum:"sending,scheduled"`
}

func (a *API) forecastArchive(ctx context.Context, in *BySlug) (archiveForecast, error) {
	p, err := a.cfg.Store.Purpose(ctx, in.Slug)
	if err != nil {
		return archiveForecast{}, err
	}
	f, err := a.cfg.Store.ForecastArchive(ctx, p)
	out := archiveForecast{Active: f.Active, Pending: f.Pending, Mailings: []mailingState{}, Forms: some(f.Forms), Closed: some(f.Closed), Round: f.Round}
	for _, m := range f.Mailings {
		out.Mailings = append(out.Mailings, mailingState{m.PublicID, m.State})
	}
	return out, err
}

func (a *API) archivePurpose(ctx context.Context, in *BySlug) (purpose, error) {
	p, err := a.cfg.Store.ArchivePurpose(ctx, caller(ctx).Actor(), in.Slug)
	return showPurpose(p), err
}

func (a *API) restorePurpose(ctx context.Context, in *BySlug) (purpose, error) {
	p, err := a.cfg.Store.RestorePurpose(ctx, caller(ctx).Actor(), in.Slug)
	return showPurpose(p), err
}

func (a *API) archiveCampaign(ctx context.Context, in *BySlug) (campaign, error) {
	c, err := a.cfg.Store.ArchiveCampaign(ctx, caller(ctx).Actor(), in.Slug)
	if err != nil {
		return campaign{}, err
	}
	return a.nameCampaign(ctx, c)
}

func (a *API) restoreCampaign(ctx context.Context, in *BySlug) (campaign, error) {
	c, err := a.cfg.Store.RestoreCampaign(ctx, caller(ctx).Actor(), in.Slug)
	if err != nil {
		return campaign{}, err
	}
	return a.nameCampaign(ctx, c)
}
