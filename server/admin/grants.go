package admin

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"akkoord"
	"akkoord/templates"
)

const grantsPath = privacyPrefix + "/access"

// access is all that the page on grants knows of users and keys.
type access struct {
	users    []akkoord.User
	keys     []akkoord.APIKey
	purposes map[int64]string
}

func (s *Site) access(ctx context.Context, v visit) (a access, err error) {
	if a.users, err = s.cfg.Store.Users(ctx); err != nil {
		return a, err
	}
	if a.keys, err = s.cfg.Store.Keys(ctx); err != nil {
		return a, err
	}
	a.purposes, err = s.purposeNames(ctx, v)
	return a, err
}

// name gives what people call somebody who acted.
func (a access) name(actor akkoord.Actor) string {
	if i := slices.IndexFunc(a.users, func(u akkoord.User) bool { return u.Actor() == actor }); i >= 0 {
		return a.users[i].Email
	}
	if i := slices.IndexFunc(a.keys, func(k akkoord.APIKey) bool { return k.Actor() == actor }); i >= 0 {
		return a.keys[i].Name
	}
	return string(actor)
}

// names gives what users and keys are called, by what those outside know them as.
func (a access) names() map[string]string {
	out := map[string]string{}
	for _, u := range a.users {
		out["user:"+u.PublicID.String()] = u.Email
	}
	for _, k := range a.keys {
		out["key:"+k.PublicID.String()] = k.Name
	}
	return out
}

// public gives what those outside know somebody as who is typed as they are called, and
// anything else as it is.
func (a access) public(typed string) string {
	for public, name := range a.names() {
		if strings.EqualFold(name, strings.TrimSpace(typed)) {
			return public
		}
	}
	return typed
}

// grants shows who may see what, why and until when (M26), what waits for a
// review, and the form that gives more. With ?all=1 it lists those that are
// over too.
func (s *Site) grants(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	a, err := s.access(ctx, v)
	if err != nil {
		return err
	}
	if err := s.cfg.Store.Audit(ctx, v.user.Actor(), "grant.list", "grant", ""); err != nil {
		return err
	}
	if r.URL.Query().Get("all") != "" {
		return s.allGrants(w, r, v, a)
	}
	current, err := s.cfg.Store.CurrentGrants(ctx)
	if err != nil {
		return err
	}
	now := s.cfg.Now()
	page := templates.GrantsPage{Admin: s.frame(r, v, "privacy"), Add: grantsPath, ReviewOn: now.AddDate(1, 0, 0).Format(time.DateOnly)}
	of := map[akkoord.Actor][]templates.GrantRow{}
	for _, g := range current {
		row := s.managedRow(g, a, v)
		of[g.Holder] = append(of[g.Holder], row)
		if row.Due {
			page.Due = append(page.Due, row)
		}
	}
	page.Holders, page.Receivers, page.Reviewers = a.holders(of, v)
	purposes, err := s.cfg.Store.Purposes(ctx)
	if err != nil {
		return err
	}
	for _, p := range purposes {
		page.Purposes = append(page.Purposes, templates.Option{Value: p.Slug, Name: a.purposes[p.ID]})
	}
	for _, f := range akkoord.GrantFields {
		page.Fields = append(page.Fields, string(f))
	}
	return s.page(w, v, http.StatusOK, page)
}

// holders gives a card for each user and key that has access to the site, or
// something to be looked at; whom a grant can be given to; and who can review
// one. Nobody gives a grant to themselves.
func (a access) holders(of map[akkoord.Actor][]templates.GrantRow, v visit) (cards []templates.HolderCard, receivers, reviewers []templates.Option) {
	for _, u := range a.users {
		c := templates.HolderCard{Name: u.Email, Role: string(u.Role), Since: u.CreatedAt, Reason: u.Reason, Over: !u.DisabledAt.IsZero(), Grants: of[u.Actor()]}
		if !c.Over || len(c.Grants) > 0 {
			cards = append(cards, c)
		}
		if option := (templates.Option{Value: "user:" + u.PublicID.String(), Name: u.Email}); !c.Over {
			if u.ID != v.user.ID {
				receivers = append(receivers, option)
			}
			if u.Role.May(akkoord.ManageGrants) {
				reviewers = append(reviewers, option)
			}
		}
	}
	for _, k := range a.keys {
		c := templates.HolderCard{Name: k.Name, Key: true, Role: string(k.Role), Since: k.CreatedAt, Reason: k.Reason, Over: !k.RevokedAt.IsZero(), Grants: of[k.Actor()]}
		if !c.Over || len(c.Grants) > 0 {
			cards = append(cards, c)
		}
		if !c.Over {
			receivers = append(receivers, templates.Option{Value: "key:" + k.PublicID.String(), Name: k.Name})
		}
	}
	return cards, receivers, reviewers
}

// managedRow is a grant with who gave and reviews it, and where it is acted on.
func (s *Site) managedRow(g akkoord.Grant, a access, v visit) templates.GrantRow {
	row := s.grantRow(g, a.purposes)
	row.Holder, row.GivenBy, row.Action = a.name(g.Holder), a.name(g.GrantedBy), grantsPath+"/"+row.ID
	if g.Reviewer != "" {
		row.Reviewer = a.name(g.Reviewer)
	}
	if g.ReviewedBy != "" {
		row.ReviewedBy = a.name(g.ReviewedBy)
	}
	if g.EndedBy != "" {
		row.EndedBy = a.name(g.EndedBy)
	}
	open := row.State == string(akkoord.GrantInForce) || row.State == string(akkoord.GrantPlanned)
	row.CanEnd, row.CanReview = open, g.Holder != v.user.Actor() && (open && !g.BreakGlass || row.Due)
	return row
}

func (s *Site) allGrants(w http.ResponseWriter, r *http.Request, v visit, a access) error {
	rows, next, err := s.cfg.Store.Grants(r.Context(), after(r))
	if err != nil {
		return err
	}
	page := templates.AllGrantsPage{Admin: s.frame(r, v, "privacy")}
	for _, g := range rows {
		page.Rows = append(page.Rows, s.managedRow(g, a, v))
	}
	if next != 0 {
		page.Next = "?" + url.Values{"all": {"1"}, "after": {strconv.FormatInt(next, 10)}}.Encode()
	}
	return s.page(w, v, http.StatusOK, page)
}

func (s *Site) giveGrant(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	g, err := s.newGrant(r)
	if err == nil {
		_, err = s.cfg.Store.GiveGrant(r.Context(), v.user.Actor(), g)
	}
	return s.done(w, r, err, "saved", grantsPath)
}

func (s *Site) newGrant(r *http.Request) (g akkoord.Grant, err error) {
	f := r.PostForm
	g = akkoord.Grant{Holder: akkoord.Actor(f.Get("holder")), Reason: f.Get("reason"), Reviewer: akkoord.Actor(f.Get("reviewer"))}
	for _, name := range f["field"] {
		g.Fields = append(g.Fields, akkoord.GrantField(name))
	}
	if len(f["purpose"]) > akkoord.Limits.Purposes {
		return g, akkoord.Fieldf("purpose", "too_many_items", "A grant names at most %d purposes.", akkoord.Limits.Purposes)
	}
	for _, slug := range f["purpose"] {
		p, err := s.cfg.Store.Purpose(r.Context(), slug)
		if err != nil {
			return g, err
		}
		g.Purposes = append(g.Purposes, p.ID)
	}
	if g.From, err = s.when("from", f.Get("from")); err != nil {
		return g, err
	}
	if g.Until, err = s.when("until", f.Get("until")); err != nil {
		return g, err
	}
	g.ReviewOn, err = s.when("review_on", f.Get("review_on"))
	return g, err
}

func (s *Site) actOnGrant(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	id, err := akkoord.ParseID(r.PathValue("id"))
	if err != nil {
		return err
	}
	ctx, actor, text := r.Context(), v.user.Actor(), r.PostForm.Get("text")
	switch r.PostForm.Get("act") {
	case "review":
		on, wrong := s.when("review_on", r.PostForm.Get("review_on"))
		if err = wrong; err == nil {
			_, err = s.cfg.Store.ReviewGrant(ctx, actor, id, on, text)
		}
	case "end":
		_, err = s.cfg.Store.EndGrant(ctx, actor, id, text)
	default:
		err = akkoord.Fieldf("act", "act_unknown", "There is no such act.")
	}
	return s.done(w, r, err, "saved", grantsPath)
}
