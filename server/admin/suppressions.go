package admin

import (
	"cmp"
	"context"
	"net/http"
	"net/url"

	"akkoord"
	"akkoord/server/trail"
	"akkoord/templates"
)

// Suppressing keeps the do-not-mail list.
type Suppressing interface {
	Suppressions(ctx context.Context, kind akkoord.SuppressionKind, after akkoord.Suppression, limit int) (entries []akkoord.SuppressionEntry, more bool, err error)
	SuppressionsOf(ctx context.Context, e akkoord.Email) ([]akkoord.SuppressionEntry, error)
	LiftSuppression(ctx context.Context, hash akkoord.AddressHash, kind akkoord.SuppressionKind, reason string, o akkoord.Origin) error
}

const suppressionsPath = Prefix + "/suppressions"

// suppressions shows who is not mailed, and why; or all that stands against one
// address.
func (s *Site) suppressions(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx, q := r.Context(), r.URL.Query()
	page := templates.SuppressionsPage{Admin: s.frame(r, v, "people"), Kind: q.Get("kind"), Query: q.Get("email")}
	for _, k := range akkoord.SuppressionKinds {
		page.Kinds = append(page.Kinds, string(k))
	}
	var rows []akkoord.SuppressionEntry
	if page.Query != "" {
		email, err := akkoord.ParseEmail(page.Query)
		if err != nil {
			page.Problem, page.Text = akkoord.CodeOf(err), err.Error()
			return s.page(w, v, http.StatusOK, page)
		}
		if rows, err = s.cfg.Store.SuppressionsOf(ctx, email); err != nil {
			return err
		}
	} else {
		from, err := akkoord.ParseSuppressionCursor(q.Get("after"))
		if err != nil {
			return err
		}
		var more bool
		if rows, more, err = s.cfg.Store.Suppressions(ctx, akkoord.SuppressionKind(page.Kind), from, pageSize); err != nil {
			return err
		}
		if more {
			page.Next = "?" + url.Values{"kind": {page.Kind}, "after": {rows[len(rows)-1].Cursor()}}.Encode()
		}
	}
	var ids []akkoord.ID
	for _, e := range rows {
		if e.Person.ID != 0 {
			ids = append(ids, e.Person.PublicID)
		}
		page.Rows = append(page.Rows, suppressionRow(v, e))
	}
	if err := s.cfg.Store.Audit(ctx, v.user.Actor(), "suppression.list", "suppression", trail.People(ids)); err != nil {
		return err
	}
	return s.page(w, v, http.StatusOK, page)
}

func suppressionRow(v visit, e akkoord.SuppressionEntry) templates.SuppressionRow {
	row := templates.SuppressionRow{Kind: string(e.Kind), At: e.At, Source: e.Report.Source, Class: string(e.Report.Class), Status: e.Report.Status}
	if e.Person.ID != 0 {
		row.Person, row.Address = Prefix+"/people/"+e.Person.PublicID.String(), cmp.Or(e.Person.Email.Display(), hidden)
	}
	if !e.Mailing.IsZero() {
		row.Mailing = Prefix + "/mailings/" + e.Mailing.String()
	}
	if e.Kind.Liftable() && v.user.Role.May(akkoord.ChangePeople) {
		row.Lift = suppressionsPath + "/" + e.Name()
	}
	return row
}

// liftSuppression takes back that mail to an address bounced.
func (s *Site) liftSuppression(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	entry, err := akkoord.ParseSuppressionName(r.PathValue("entry"))
	if err != nil {
		return err
	}
	err = s.cfg.Store.LiftSuppression(r.Context(), entry.Hash, entry.Kind, r.PostForm.Get("reason"), v.origin())
	return s.done(w, r, err, "lifted", suppressionsPath)
}
