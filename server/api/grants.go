package api

import (
	"context"
	"time"

	"akkoord"
)

// Grants keeps who may see which personal data, and why (M26).
type Grants interface {
	GiveGrant(ctx context.Context, actor akkoord.Actor, g akkoord.Grant) (akkoord.Grant, error)
	ReviewGrant(ctx context.Context, actor akkoord.Actor, id akkoord.ID, on time.Time, sentence string) (akkoord.Grant, error)
	EndGrant(ctx context.Context, actor akkoord.Actor, id akkoord.ID, reason string) (akkoord.Grant, error)
	BreakGlass(ctx context.Context, holder akkoord.Actor, reason, locale string) (akkoord.Grant, error)
	Grants(ctx context.Context, p akkoord.Page) (grants []akkoord.Grant, next int64, err error)
	// CurrentGrants gives those that are not over, or that wait for a review.
	CurrentGrants(ctx context.Context) ([]akkoord.Grant, error)
}

// newGrant is the body of POST /grants.
type newGrant struct {
	Holder   string               `json:"holder" doc:"Who gets it: user:UUID or key:UUID."`
	Purposes []string             `json:"purposes,omitempty" doc:"Slugs: the people of these purposes. Everybody where it is left out."`
	Fields   []akkoord.GrantField `json:"fields,omitempty" doc:"address, name, attributes, history, mails. All where it is left out."`
	Reason   string               `json:"reason" doc:"Why it is needed."`
	From     time.Time            `json:"from,omitempty" doc:"Now where it is left out."`
	Until    time.Time            `json:"until,omitempty" doc:"Until it is ended where it is left out; then review_on is needed."`
	Reviewer string               `json:"reviewer,omitempty" doc:"user:UUID who looks whether it is still needed; an owner or data protection officer where it is left out."`
	ReviewOn Day                  `json:"review_on,omitempty" doc:"When that is due, within a year."`
}

// grant is who may see what, as the API shows it.
type grant struct {
	ID         akkoord.ID           `json:"id" format:"uuid"`
	Holder     string               `json:"holder" doc:"user:UUID or key:UUID."`
	State      akkoord.GrantState   `json:"state" enum:"planned,in_force,expired,ended"`
	Purposes   []string             `json:"purposes" doc:"Null: the people of every purpose, and of none."`
	Fields     []akkoord.GrantField `json:"fields" nullable:"false"`
	Reason     string               `json:"reason"`
	From       *Time                `json:"from"`
	Until      *Time                `json:"until"`
	Reviewer   *string              `json:"reviewer" doc:"user:UUID; null: any owner or data protection officer."`
	ReviewOn   *Time                `json:"review_on"`
	ReviewDue  bool                 `json:"review_due" doc:"Somebody has to look at it now."`
	GrantedBy  string               `json:"granted_by"`
	GrantedAt  *Time                `json:"granted_at"`
	BreakGlass bool                 `json:"break_glass" doc:"The holder took it themselves, in an emergency; review_due until somebody else reviewed it."`
	ReviewedAt *Time                `json:"reviewed_at"`
	ReviewedBy *string              `json:"reviewed_by"`
	Review     string               `json:"review"`
	EndedAt    *Time                `json:"ended_at"`
	EndedBy    *string              `json:"ended_by"`
	EndReason  string               `json:"end_reason"`
}

// showGrants gives grants with the names that those outside know.
func (a *API) showGrants(ctx context.Context, grants ...akkoord.Grant) ([]grant, error) {
	var names []string
	var purposes []int64
	for _, g := range grants {
		names = append(names, string(g.Holder), string(g.Reviewer), string(g.GrantedBy), string(g.ReviewedBy), string(g.EndedBy))
		purposes = append(purposes, g.Purposes...)
	}
	public, err := a.cfg.Store.PublicNames(ctx, names)
	if err != nil {
		return nil, err
	}
	slugs, err := a.cfg.Store.PurposeSlugs(ctx, purposes)
	if err != nil {
		return nil, err
	}
	name := func(who akkoord.Actor) string { return publicName(public, string(who)) }
	now := a.cfg.Now()
	out := make([]grant, len(grants))
	for i, g := range grants {
		out[i] = grant{
			ID: g.PublicID, Holder: name(g.Holder), State: g.State(now), Fields: g.Fields, Reason: g.Reason, From: when(g.From), Until: when(g.Until),
			Reviewer: orNil(name(g.Reviewer)), ReviewOn: when(g.ReviewOn), ReviewDue: g.ReviewDue(now), GrantedBy: name(g.GrantedBy), GrantedAt: when(g.GrantedAt),
			BreakGlass: g.BreakGlass, ReviewedAt: when(g.ReviewedAt), ReviewedBy: orNil(name(g.ReviewedBy)), Review: g.Review,
			EndedAt: when(g.EndedAt), EndedBy: orNil(name(g.EndedBy)), EndReason: g.EndReason,
		}
		if g.Fields == nil {
			out[i].Fields = akkoord.GrantFields
		}
		for _, id := range g.Purposes {
			out[i].Purposes = append(out[i].Purposes, slugs[id])
		}
	}
	return out, nil
}

// showGrant is showGrants for what an act made of one.
func (a *API) showGrant(ctx context.Context, g akkoord.Grant, err error) (grant, error) {
	if err != nil {
		return grant{}, err
	}
	out, err := a.showGrants(ctx, g)
	if err != nil {
		return grant{}, err
	}
	return out[0], nil
}

func (a *API) listGrants(ctx context.Context, in *struct{ Paging }) (list[grant], error) {
	page, err := in.page()
	if err != nil {
		return list[grant]{}, err
	}
	rows, next, err := a.cfg.Store.Grants(ctx, page)
	if err != nil {
		return list[grant]{}, err
	}
	shown, err := a.showGrants(ctx, rows...)
	return newList(shown, next, func(g grant) grant { return g }), err
}

func (a *API) giveGrant(ctx context.Context, in *struct{ Body newGrant }) (grant, error) {
	b := in.Body
	g := akkoord.Grant{
		Holder: akkoord.Actor(b.Holder), Fields: b.Fields, Reason: b.Reason, From: b.From, Until: b.Until,
		Reviewer: akkoord.Actor(b.Reviewer), ReviewOn: b.ReviewOn.Time,
	}
	if len(b.Purposes) > akkoord.Limits.Purposes {
		return grant{}, akkoord.Fieldf("purposes", "too_many_items", "A grant names at most %d purposes.", akkoord.Limits.Purposes)
	}
	for _, slug := range b.Purposes {
		p, err := a.cfg.Store.Purpose(ctx, slug)
		if err != nil {
			return grant{}, unknown(err, "purposes")
		}
		g.Purposes = append(g.Purposes, p.ID)
	}
	g, err := a.cfg.Store.GiveGrant(ctx, caller(ctx).Actor(), g)
	return a.showGrant(ctx, g, err)
}

// breakGlass lets the caller see everybody for an hour. The data protection
// officer is told.
func (a *API) breakGlass(ctx context.Context, in *struct {
	Body struct {
		Reason string `json:"reason" doc:"What happened, in at least 20 characters. Kept for good; it must hold no personal data."`
	}
}) (grant, error) {
	g, err := a.cfg.Store.BreakGlass(ctx, caller(ctx).Actor(), in.Body.Reason, "")
	return a.showGrant(ctx, g, err)
}

func (a *API) endGrant(ctx context.Context, in *struct {
	ByID
	Body reasonOrder
}) (grant, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return grant{}, err
	}
	g, err := a.cfg.Store.EndGrant(ctx, caller(ctx).Actor(), id, in.Body.Reason)
	return a.showGrant(ctx, g, err)
}

func (a *API) reviewGrant(ctx context.Context, in *struct {
	ByID
	Body struct {
		Note     string `json:"note" doc:"Why it is still needed, or what came of the emergency. Kept for good; it must hold no personal data."`
		ReviewOn Day    `json:"review_on,omitempty" doc:"When it is looked at again, within a year. Left out for one that was taken by break-glass, which is reviewed once."`
	}
}) (grant, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return grant{}, err
	}
	g, err := a.cfg.Store.ReviewGrant(ctx, caller(ctx).Actor(), id, in.Body.ReviewOn.Time, in.Body.Note)
	return a.showGrant(ctx, g, err)
}
