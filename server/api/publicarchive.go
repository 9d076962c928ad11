package api

import (
	"context"

	"akkoord"
)

// archiveAuto is akkoord.ArchiveByAudience in the API.
const archiveAuto = "auto"

func (a *API) switchPublicArchive(ctx context.Context, in *struct {
	BySlug
	Body struct {
		On bool `json:"on" doc:"Everybody may read its mailings on the web, those sent before too."`
	}
}) (purpose, error) {
	p, err := a.cfg.Store.SetPublicArchive(ctx, caller(ctx).Actor(), in.Slug, in.Body.On)
	return showPurpose(p), err
}

func (a *API) chooseArchive(ctx context.Context, in *struct {
	ByID
	Body struct {
		Choice string `json:"choice" enum:"auto,include,exclude" doc:"Auto: it stands there unless it went to a segment."`
	}
}) (progress, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return progress{}, err
	}
	choice := akkoord.ArchiveChoice(in.Body.Choice)
	if choice == archiveAuto {
		choice = akkoord.ArchiveByAudience
	}
	m, err := a.cfg.Store.ChooseArchive(ctx, caller(ctx).Actor(), id, choice)
	if err != nil {
		return progress{}, err
	}
	return a.progress(ctx, m)
}
