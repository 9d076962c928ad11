package admin

import (
	"context"
	"net/http"
	"time"

	"akkoord"
	"akkoord/templates"
)

// Grants keeps who may see which personal data, and why (M26).
type Grants interface {
	// BreakGlass gives a user all of everybody for an hour, and tells whoever
	// has to know.
	BreakGlass(ctx context.Context, holder akkoord.Actor, reason, locale string) (akkoord.Grant, error)
	// CurrentGrants gives those that are not over, or that wait for a review.
	CurrentGrants(ctx context.Context) ([]akkoord.Grant, error)
	Grants(ctx context.Context, p akkoord.Page) (grants []akkoord.Grant, next int64, err error)
	GiveGrant(ctx context.Context, actor akkoord.Actor, g akkoord.Grant) (akkoord.Grant, error)
	ReviewGrant(ctx context.Context, actor akkoord.Actor, id akkoord.ID, on time.Time, sentence string) (akkoord.Grant, error)
	EndGrant(ctx context.Context, actor akkoord.Actor, id akkoord.ID, reason string) (akkoord.Grant, error)
	Users(ctx context.Context) ([]akkoord.User, error)
	Keys(ctx context.Context) ([]akkoord.APIKey, error)
}

const ownAccessPath = Prefix + "/access"

// breakGlassPath is where a user takes access themselves; empty for those whose
// role sees no people anyway.
func breakGlassPath(v visit) string {
	if v.user.Role.May(akkoord.ReadPeople) {
		return ownAccessPath
	}
	return ""
}

// ownAccess shows a user what they may see, and the form that takes the rest in
// an emergency.
func (s *Site) ownAccess(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	access, err := s.cfg.Store.Access(ctx, v.user.Actor())
	if err != nil {
		return err
	}
	purposes, err := s.purposeNames(ctx, v)
	if err != nil {
		return err
	}
	page := templates.OwnAccessPage{Admin: s.frame(r, v, "people"), Least: akkoord.BreakGlassReason}
	for _, g := range access {
		page.Grants = append(page.Grants, s.grantRow(g, purposes))
	}
	if access.CheckPurpose(0, akkoord.GrantFields...) != nil {
		page.BreakGlass = r.URL.Path
	}
	return s.page(w, v, http.StatusOK, page)
}

func (s *Site) breakGlass(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	_, err := s.cfg.Store.BreakGlass(r.Context(), v.user.Actor(), r.PostForm.Get("reason"), v.locale)
	return s.done(w, r, err, "glass_broken", ownAccessPath)
}

// purposeNames gives the names of purposes by number.
func (s *Site) purposeNames(ctx context.Context, v visit) (map[int64]string, error) {
	purposes, err := s.cfg.Store.Purposes(ctx)
	names := map[int64]string{}
	for _, p := range purposes {
		names[p.ID] = p.Text(v.locale).Name
	}
	return names, err
}

// grantRow is a grant as pages tell it.
func (s *Site) grantRow(g akkoord.Grant, purposes map[int64]string) templates.GrantRow {
	now := s.cfg.Now()
	row := templates.GrantRow{
		ID: g.PublicID.String(), State: string(g.State(now)), Reason: g.Reason, BreakGlass: g.BreakGlass, Due: g.ReviewDue(now),
		From: g.From, Until: g.Until, ReviewOn: g.ReviewOn, ReviewedAt: g.ReviewedAt, Review: g.Review, EndedAt: g.EndedAt, EndReason: g.EndReason,
	}
	for _, p := range g.Purposes {
		row.Purposes = append(row.Purposes, purposes[p])
	}
	for _, f := range g.Fields {
		row.Fields = append(row.Fields, string(f))
	}
	return row
}
