package server

import (
	"context"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"akkoord"
	"akkoord/templates"
)

// issuesShown is how many back issues a page lists.
const issuesShown = 20

// archived gives the purpose in the path, where it has a public archive. One that is
// switched off, archived or unknown is the same: nothing.
func (s *Server) archived(c echo.Context) (akkoord.Purpose, error) {
	p, err := s.Catalog.Purpose(c.Request().Context(), c.Param("purpose"))
	if akkoord.KindOf(err) == akkoord.NotFound || err == nil && (!p.HasPublicArchive() || s.View == nil) {
		return p, echo.ErrNotFound
	}
	return p, err
}

// publicArchive answers GET /archive/{purpose}: the mailings that everybody may read,
// newest first, before another one where the address names it.
func (s *Server) publicArchive(c echo.Context) error {
	p, err := s.archived(c)
	if err != nil {
		return err
	}
	var before akkoord.ID
	if last := query(c, "before"); last != "" {
		if before, err = akkoord.ParseID(last); err != nil {
			return echo.ErrNotFound
		}
	}
	ctx := c.Request().Context()
	issues, older, err := s.Catalog.BackIssues(ctx, p.ID, before, issuesShown)
	if err != nil {
		return hidden(err)
	}
	signUp, err := s.formFor(ctx, p)
	if err != nil {
		return err
	}
	locale := s.localeOf(c, []akkoord.Purpose{p}, "")
	page := templates.PublicArchivePage{Site: s.site(p.PublicArchivePath()), Purpose: p.Text(locale).Name, SignUp: signUp, Feed: p.FeedPath() + "?locale=" + locale}
	page.Languages = akkoord.CommonLanguages([]akkoord.Purpose{p})
	for _, i := range issues {
		subject, preheader := i.Headline(p, locale)
		page.Issues = append(page.Issues, templates.BackIssue{
			Subject: subject, Preheader: preheader, Language: i.HeadlineLanguage(p, locale), URL: i.Path(p) + "?locale=" + locale, At: i.StartedAt,
		})
	}
	if older {
		page.Older = p.PublicArchivePath() + "?before=" + issues[len(issues)-1].PublicID.String() + "&locale=" + locale
	}
	s.offerFeed(c, p, locale)
	return s.page(c, http.StatusOK, locale, page)
}

// backIssue answers GET /archive/{purpose}/{mailing}.
func (s *Server) backIssue(c echo.Context) error {
	p, err := s.archived(c)
	if err != nil {
		return err
	}
	id, err := akkoord.ParseID(c.Param("mailing"))
	if err != nil {
		return echo.ErrNotFound
	}
	ctx := c.Request().Context()
	i, err := s.Catalog.BackIssue(ctx, p.ID, id)
	if err != nil {
		return hidden(err)
	}
	signUp, err := s.formFor(ctx, p)
	if err != nil {
		return err
	}
	locale := s.localeOf(c, []akkoord.Purpose{p}, "")
	page, err := s.View.BackIssue(ctx, i, p, locale, signUp)
	if err != nil {
		return hidden(err)
	}
	h := c.Response().Header()
	h.Set("Content-Security-Policy", mailPolicy)
	s.offerFeed(c, p, locale)
	s.pageFields(c, http.StatusOK, locale)
	_, err = whole{c.Response()}.Write(page.HTML)
	return err
}

// hidden says of what can't be shown that there is nothing, and not why.
func hidden(err error) error {
	switch akkoord.KindOf(err) {
	case akkoord.NotFound, akkoord.Invalid, akkoord.TooLarge:
		return echo.ErrNotFound
	}
	return err
}

// offerFeed says where programs read of new back issues.
func (s *Server) offerFeed(c echo.Context, p akkoord.Purpose, locale string) {
	c.Response().Header().Set("Link", "<"+s.BaseURL+p.FeedPath()+"?locale="+locale+`>; rel="alternate"; type="application/rss+xml"`)
}

// formFor gives the path of a form where one can ask for a purpose; empty: there is
// none.
func (s *Server) formFor(ctx context.Context, p akkoord.Purpose) (string, error) {
	forms, err := s.Catalog.Forms(ctx)
	if err != nil {
		return "", err
	}
	for _, f := range forms {
		if slices.Contains(f.Version.Purposes, p.Slug) {
			return "/f/" + f.Slug, nil
		}
	}
	return "", nil
}
