package api

import (
	"context"

	"akkoord"
)

// Audiences counts whom a mailing is for.
type Audiences interface {
	Audience(ctx context.Context, m akkoord.Mailing) (akkoord.Audience, error)
}

func (a *API) readAudience(ctx context.Context, in *ByID) (akkoord.Audience, error) {
	m, err := a.mailing(ctx, in.ID)
	if err != nil {
		return akkoord.Audience{}, err
	}
	return a.cfg.Store.Audience(ctx, m)
}
