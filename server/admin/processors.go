package admin

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"akkoord"
	"akkoord/templates"
)

// Register keeps the parties that data goes to (M28), and what they have to be
// told of (Art. 19 GDPR).
type Register interface {
	AddProcessor(ctx context.Context, actor akkoord.Actor, p akkoord.Processor) (akkoord.Processor, error)
	// EditProcessor changes a party from what it is at that moment; edit may
	// be called more than once.
	EditProcessor(ctx context.Context, actor akkoord.Actor, slug, action, note string, edit func(*akkoord.Processor, time.Time)) (akkoord.Processor, error)
	Notices(ctx context.Context, waiting bool, p akkoord.Page) (notices []akkoord.ProcessorNotice, next int64, err error)
	TickNotice(ctx context.Context, actor akkoord.Actor, id akkoord.ID, note string) (akkoord.ProcessorNotice, error)
}

func (s *Site) processors(w http.ResponseWriter, r *http.Request, v visit) error {
	in := r.URL.Query()
	page := templates.ProcessorsPage{Admin: s.frame(r, v, "privacy"), Slug: in.Get("slug"), Name: in.Get("name")}
	parties, err := akkoord.AllPages(r.Context(), s.cfg.Store.Processors)
	if err != nil {
		return err
	}
	may, now := v.user.Role.May(akkoord.ChangeRegister), s.cfg.Now()
	for _, p := range parties {
		row := templates.ProcessorRow{
			Slug: p.Slug, Name: p.Name, Role: string(p.Role), Country: p.Country, Document: p.Agreement.Document, SignedOn: p.Agreement.SignedOn,
			ValidUntil: p.Agreement.ValidUntil, EndedAt: p.EndedAt, Allowed: len(p.Obstacles(now)) == 0, Expiring: p.Expiring(now),
		}
		if may && p.EndedAt.IsZero() {
			row.Action = privacyPrefix + "/processors/" + p.Slug
		}
		page.Rows = append(page.Rows, row)
	}
	if may {
		page.Add = privacyPrefix + "/processors"
		for _, role := range akkoord.ProcessorRoles {
			page.Roles = append(page.Roles, string(role))
		}
	}
	return s.page(w, v, http.StatusOK, page)
}

// agreement reads the fields of an agreement.
func (s *Site) agreement(f url.Values) (a akkoord.Agreement, err error) {
	a.Document = f.Get("document")
	if a.SignedOn, err = s.when("agreement.signed_on", f.Get("signed_on")); err != nil {
		return a, err
	}
	a.ValidUntil, err = s.when("agreement.valid_until", f.Get("valid_until"))
	return a, err
}

func (s *Site) addProcessor(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	f := r.PostForm
	a, err := s.agreement(f)
	if err == nil {
		_, err = s.cfg.Store.AddProcessor(r.Context(), v.user.Actor(), akkoord.Processor{
			Slug: f.Get("slug"), Name: f.Get("name"), Role: akkoord.ProcessorRole(f.Get("role")), Country: strings.ToUpper(f.Get("country")), Agreement: a,
		})
	}
	return s.done(w, r, err, "saved", privacyPrefix+"/processors")
}

func (s *Site) actOnProcessor(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	ctx, f, slug := r.Context(), r.PostForm, r.PathValue("slug")
	var err error
	switch f.Get("act") {
	case "renew":
		var a akkoord.Agreement
		if a, err = s.agreement(f); err == nil {
			_, err = s.cfg.Store.EditProcessor(ctx, v.user.Actor(), slug, "processor.change", "", func(p *akkoord.Processor, _ time.Time) {
				p.Agreement, p.Country = a, strings.ToUpper(f.Get("country"))
			})
		}
	case "end":
		if err = akkoord.CheckReason(f.Get("reason")); err == nil {
			_, err = s.cfg.Store.EditProcessor(ctx, v.user.Actor(), slug, "processor.end", f.Get("reason"), func(p *akkoord.Processor, now time.Time) {
				if p.EndedAt.IsZero() {
					p.EndedAt = now
				}
			})
		}
	default:
		err = akkoord.Fieldf("act", "act_unknown", "There is no such act.")
	}
	return s.done(w, r, err, "saved", privacyPrefix+"/processors")
}

func (s *Site) notices(w http.ResponseWriter, r *http.Request, v visit) error {
	page := templates.NoticesPage{Admin: s.frame(r, v, "privacy"), All: r.URL.Query().Get("all") != ""}
	rows, next, err := s.cfg.Store.Notices(r.Context(), !page.All, after(r))
	if err != nil {
		return err
	}
	for _, n := range rows {
		row := templates.NoticeRow{Processor: n.Processor, Kind: string(n.Kind), Reference: n.Reference, Note: n.Note, DueOn: n.DueOn, DoneAt: n.DoneAt, Overdue: n.Overdue(s.cfg.Now())}
		if n.DoneAt.IsZero() && v.user.Role.May(akkoord.ChangeRegister) {
			row.Action = privacyPrefix + "/notices/" + n.PublicID.String()
		}
		page.Rows = append(page.Rows, row)
	}
	if next != 0 {
		page.Next = "?" + url.Values{"all": {r.URL.Query().Get("all")}, "after": {strconv.FormatInt(next, 10)}}.Encode()
	}
	return s.page(w, v, http.StatusOK, page)
}

func (s *Site) tickNotice(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	id, err := akkoord.ParseID(r.PathValue("id"))
	if err != nil {
		return err
	}
	_, err = s.cfg.Store.TickNotice(r.Context(), v.user.Actor(), id, r.PostForm.Get("note"))
	return s.done(w, r, err, "saved", privacyPrefix+"/notices")
}
