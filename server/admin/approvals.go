package admin

import (
	"context"
	"net/http"
	"strconv"

	"akkoord"
	"akkoord/templates"
)

// Approvals keeps requests to do what takes two persons.
type Approvals interface {
	AskApproval(ctx context.Context, by akkoord.Actor, act akkoord.MassAct, reason string) (akkoord.Approval, error)
	DecideApproval(ctx context.Context, by akkoord.Actor, id akkoord.ID, agreed bool, note string) (akkoord.Approval, error)
	Approvals(ctx context.Context, p akkoord.Page) (approvals []akkoord.Approval, next int64, err error)
	// WaitingApprovals counts those that a user may decide about.
	WaitingApprovals(ctx context.Context, of akkoord.Actor) (int64, error)
}

const approvalsPath = privacyPrefix + "/approvals"

// approvals shows who asks to do what takes two persons. Whoever may erase
// people agrees or refuses, but to no request of their own.
func (s *Site) approvals(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	rows, next, err := s.cfg.Store.Approvals(ctx, after(r))
	if err != nil {
		return err
	}
	a, err := s.access(ctx, v)
	if err != nil {
		return err
	}
	now := s.cfg.Now()
	page := templates.ApprovalsPage{Admin: s.frame(r, v, "privacy"), On: s.cfg.Setup.TwoPersons, Ask: approvalsPath, Free: akkoord.FreeErasures}
	for _, q := range rows {
		row := templates.ApprovalRow{
			ID: q.PublicID.String(), Act: string(q.Act), State: string(q.State(now)), AskedBy: a.name(q.AskedBy), Reason: q.Reason, Note: q.Note,
			AskedAt: q.AskedAt, Until: q.Until(), DecidedAt: q.DecidedAt, DecidedBy: a.name(q.DecidedBy),
		}
		if q.State(now) == akkoord.ApprovalWaiting && q.AskedBy != v.user.Actor() && v.user.Role.May(akkoord.ErasePeople) {
			row.Action = approvalsPath + "/" + row.ID
		}
		page.Rows = append(page.Rows, row)
	}
	if next != 0 {
		page.Next = "?after=" + strconv.FormatInt(next, 10)
	}
	return s.page(w, v, http.StatusOK, page)
}

func (s *Site) askApproval(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	_, err := s.cfg.Store.AskApproval(r.Context(), v.user.Actor(), akkoord.MassAct(r.PostForm.Get("act")), r.PostForm.Get("reason"))
	return s.done(w, r, err, "saved", approvalsPath)
}

func (s *Site) decideApproval(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	id, err := akkoord.ParseID(r.PathValue("id"))
	if err != nil {
		return err
	}
	act := r.PostForm.Get("act")
	if act != "agree" && act != "refuse" {
		return s.done(w, r, akkoord.Fieldf("act", "act_unknown", "There is no such act."), "", approvalsPath)
	}
	_, err = s.cfg.Store.DecideApproval(r.Context(), v.user.Actor(), id, act == "agree", r.PostForm.Get("text"))
	return s.done(w, r, err, "saved", approvalsPath)
}
