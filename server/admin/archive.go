package admin

import (
	"context"
	"net/http"

	"akkoord"
	"akkoord/templates"
)

// Archiving puts purposes out of use, and takes them back.
type Archiving interface {
	ArchivePurpose(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Purpose, error)
	RestorePurpose(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Purpose, error)
	ForecastArchive(ctx context.Context, p akkoord.Purpose) (akkoord.ArchiveForecast, error)
}

func archivePath(p akkoord.Purpose) string { return purposePath(p) + "/archive" }

// askArchive says what archiving a purpose, or taking it back, comes to before its
// button does it.
func (s *Site) askArchive(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	p, err := s.cfg.Store.Purpose(ctx, r.PathValue("slug"))
	if err != nil {
		return err
	}
	f, err := s.cfg.Store.ForecastArchive(ctx, p)
	if err != nil {
		return err
	}
	page := templates.ArchivePage{
		Admin: s.frame(r, v, "purposes"), Name: p.Text(v.locale).Name, Back: purposePath(p), Action: archivePath(p), ArchivedAt: p.ArchivedAt,
		Active: int(f.Active), Pending: int(f.Pending), Round: f.Round,
	}
	for _, m := range f.Mailings {
		page.Mailings = append(page.Mailings, templates.Running{Subject: subject(m), URL: mailingPath(m), State: string(m.State), Series: m.Trigger != nil})
	}
	for _, slug := range f.Forms {
		page.Forms = append(page.Forms, templates.Link{Title: slug, URL: formsPath + "/" + slug})
	}
	page.Closed = len(f.Closed)
	return s.page(w, v, http.StatusOK, page)
}

// archivePurpose does what the page before asked.
func (s *Site) archivePurpose(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	ctx, actor := r.Context(), v.user.Actor()
	p, err := s.cfg.Store.Purpose(ctx, r.PathValue("slug"))
	if err != nil {
		return err
	}
	switch r.PostForm.Get("act") {
	case "archive":
		_, err = s.cfg.Store.ArchivePurpose(ctx, actor, p.Slug)
		return s.done(w, r, err, "archived", purposePath(p))
	case "restore":
		_, err = s.cfg.Store.RestorePurpose(ctx, actor, p.Slug)
		return s.done(w, r, err, "restored", purposePath(p))
	}
	return errNoAct
}
