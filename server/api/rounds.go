package api

import (
	"context"
	"net/http"

	"akkoord"
)

// Rounds asks people for their consent to the wider words of a purpose.
type Rounds interface {
	BeginRound(ctx context.Context, actor akkoord.Actor, slug string, remindAfter int) (akkoord.Round, error)
	StopRound(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Round, error)
	Rounds(ctx context.Context, purposeID int64) ([]akkoord.Round, error)
	RoundAudience(ctx context.Context, purposeID int64) (akkoord.Audience, error)
}

// round is a re-permission round as the API shows it.
type round struct {
	ID              akkoord.ID         `json:"id" format:"uuid"`
	State           akkoord.RoundState `json:"state" enum:"asking,waiting,done,stopped"`
	Version         int                `json:"version" doc:"Of the texts when it began."`
	RemindAfterDays int                `json:"remind_after_days"`
	Asked           int64              `json:"asked" doc:"confirmed + left + no_answer"`
	Confirmed       int64              `json:"confirmed"`
	Left            int64              `json:"left"`
	NoAnswer        int64              `json:"no_answer"`
	Reminded        int64              `json:"reminded"`
	CreatedAt       *Time              `json:"created_at"`
	AskedAt         *Time              `json:"asked_at" doc:"When everybody was asked."`
	EndedAt         *Time              `json:"ended_at"`
	LastConfirmedAt *Time              `json:"last_confirmed_at"`
}

func showRound(r akkoord.Round) round {
	f := r.Figures
	return round{
		ID: r.PublicID, State: r.State, Version: r.Version, RemindAfterDays: r.RemindAfter,
		Asked: f.Asked, Confirmed: f.Confirmed, Left: f.Left, NoAnswer: f.NoAnswer, Reminded: f.Reminded,
		CreatedAt: when(r.CreatedAt), AskedAt: when(r.AskedAt), EndedAt: when(r.EndedAt), LastConfirmedAt: when(f.LastConfirmed),
	}
}

// begunRound answers POST /purposes/{slug}/re-permission.
type begunRound struct {
	*round   `json:",omitempty"`
	DryRun   bool             `json:"dry_run"`
	Audience akkoord.Audience `json:"audience" doc:"Whom the round asks, and why it leaves others out."`
}

// httpStatus makes a rehearsal a plain 200: nothing was made.
func (b begunRound) httpStatus() int {
	if b.DryRun {
		return http.StatusOK
	}
	return http.StatusCreated
}

func (a *API) beginRound(ctx context.Context, in *struct {
	BySlug
	DryRun bool `query:"dry_run" doc:"Only count whom it would ask."`
	Body   *struct {
		RemindAfterDays int `json:"remind_after_days,omitempty" doc:"Those who did not answer are asked once more after so many days; 0 is never."`
	}
}) (begunRound, error) {
	days := 0
	if in.Body != nil {
		days = in.Body.RemindAfterDays
	}
	p, err := a.cfg.Store.Purpose(ctx, in.Slug)
	if err != nil {
		return begunRound{}, err
	}
	out := begunRound{DryRun: in.DryRun}
	if _, err := akkoord.NewRound(p, days, caller(ctx).Actor()); err != nil {
		return out, err
	}
	if out.Audience, err = a.cfg.Store.RoundAudience(ctx, p.ID); err != nil || in.DryRun {
		return out, err
	}
	r, err := a.cfg.Store.BeginRound(ctx, caller(ctx).Actor(), in.Slug, days)
	shown := showRound(r)
	out.round = &shown
	return out, err
}

func (a *API) stopRound(ctx context.Context, in *BySlug) (round, error) {
	r, err := a.cfg.Store.StopRound(ctx, caller(ctx).Actor(), in.Slug)
	return showRound(r), err
}

// rounds answers GET /purposes/{slug}/re-permission.
type rounds struct {
	Items    []round          `json:"items" nullable:"false" doc:"Newest first."`
	Audience akkoord.Audience `json:"audience" doc:"Whom a round would ask now, and why it leaves others out."`
}

func (a *API) readRounds(ctx context.Context, in *BySlug) (rounds, error) {
	p, err := a.cfg.Store.Purpose(ctx, in.Slug)
	if err != nil {
		return rounds{}, err
	}
	out := rounds{Items: []round{}}
	all, err := a.cfg.Store.Rounds(ctx, p.ID)
	if err != nil {
		return out, err
	}
	for _, r := range all {
		out.Items = append(out.Items, showRound(r))
	}
	out.Audience, err = a.cfg.Store.RoundAudience(ctx, p.ID)
	return out, err
}
