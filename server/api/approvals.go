package api

import (
	"context"

	"akkoord"
)

// Approvals keeps requests to do what takes two persons. A second person agrees
// on the admin site alone: a key is nobody.
type Approvals interface {
	AskApproval(ctx context.Context, by akkoord.Actor, act akkoord.MassAct, reason string) (akkoord.Approval, error)
	Approvals(ctx context.Context, p akkoord.Page) (approvals []akkoord.Approval, next int64, err error)
}

// approval is a request to do what takes two persons.
type approval struct {
	ID        akkoord.ID            `json:"id" format:"uuid"`
	Act       akkoord.MassAct       `json:"act" enum:"export,erase,relay"`
	State     akkoord.ApprovalState `json:"state" enum:"waiting,agreed,refused,expired"`
	AskedBy   string                `json:"asked_by"`
	Reason    string                `json:"reason"`
	AskedAt   *Time                 `json:"asked_at"`
	Until     *Time                 `json:"until" doc:"When it is over, whatever was said to it."`
	DecidedBy *string               `json:"decided_by"`
	DecidedAt *Time                 `json:"decided_at"`
	Note      string                `json:"note"`
}

func (a *API) showApprovals(ctx context.Context, rows ...akkoord.Approval) ([]approval, error) {
	var names []string
	for _, r := range rows {
		names = append(names, string(r.AskedBy), string(r.DecidedBy))
	}
	public, err := a.cfg.Store.PublicNames(ctx, names)
	now := a.cfg.Now()
	out := make([]approval, len(rows))
	for i, r := range rows {
		out[i] = approval{
			ID: r.PublicID, Act: r.Act, State: r.State(now), AskedBy: publicName(public, string(r.AskedBy)), Reason: r.Reason, AskedAt: when(r.AskedAt), Until: when(r.Until()),
			DecidedBy: orNil(publicName(public, string(r.DecidedBy))), DecidedAt: when(r.DecidedAt), Note: r.Note,
		}
	}
	return out, err
}

func (a *API) listApprovals(ctx context.Context, in *struct{ Paging }) (list[approval], error) {
	page, err := in.page()
	if err != nil {
		return list[approval]{}, err
	}
	rows, next, err := a.cfg.Store.Approvals(ctx, page)
	if err != nil {
		return list[approval]{}, err
	}
	shown, err := a.showApprovals(ctx, rows...)
	return newList(shown, next, func(r approval) approval { return r }), err
}

func (a *API) askApproval(ctx context.Context, in *struct {
	Body struct {
		Act    string `json:"act" doc:"export (files about many people), erase (more than 10 people in a day) or relay (where mail goes: mail servers and routes of purposes)."`
		Reason string `json:"reason" doc:"Why. Kept for good; it must hold no personal data."`
	}
}) (approval, error) {
	r, err := a.cfg.Store.AskApproval(ctx, caller(ctx).Actor(), akkoord.MassAct(in.Body.Act), in.Body.Reason)
	if err != nil {
		return approval{}, err
	}
	out, err := a.showApprovals(ctx, r)
	if err != nil {
		return approval{}, err
	}
	return out[0], nil
}
