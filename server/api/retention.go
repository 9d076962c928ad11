package api

import (
	"context"

	"akkoord"
)

// RetentionFields are what a body may say of a purpose's policy about people
// who gave no sign of life; what is left out stays as it is.
type RetentionFields struct {
	AskAgainAfterDays *int             `json:"reactivate_again_after_days,omitempty" doc:"Days from the first question to the second, 1 to 28; 14 if nothing is said."`
	ExpireAfterDays   *int             `json:"expire_after_days,omitempty" doc:"Days from the second question to the end, 1 to 28; 14 if nothing is said."`
	Signals           []akkoord.Signal `json:"signals,omitempty" enum:"click,preferences,confirmation_age" doc:"What counts as a sign of life. Clicks and looks at one's own page are known only of people who let their clicks be counted; others are judged by confirmation_age, the age of their consent, or, without it, left alone. All if nothing is said."`
}

// over lays the fields over a policy.
func (f RetentionFields) over(r *akkoord.Retention) {
	if f.AskAgainAfterDays != nil {
		r.AskAgainAfter = written(*f.AskAgainAfterDays)
	}
	if f.ExpireAfterDays != nil {
		r.ExpireAfter = written(*f.ExpireAfterDays)
	}
	if f.Signals != nil {
		r.Signals = f.Signals
	}
}

// written gives a number of days that somebody wrote, of which 0 is wrong and
// not left out.
func written(days int) int {
	if days == 0 {
		return -1
	}
	return days
}

func (a *API) stopRetention(ctx context.Context, in *BySlug) (purpose, error) {
	if err := a.cfg.Store.StopRetention(ctx, caller(ctx).Actor(), in.Slug); err != nil {
		return purpose{}, err
	}
	return a.readPurpose(ctx, in)
}

func (a *API) startRetention(ctx context.Context, in *BySlug) (purpose, error) {
	if err := a.cfg.Store.StartRetention(ctx, caller(ctx).Actor(), in.Slug); err != nil {
		return purpose{}, err
	}
	return a.readPurpose(ctx, in)
}
