package server

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"

	"akkoord"
	"akkoord/templates"
)

var (
	htmlType   = []string{"text/html; charset=utf-8"}
	byLanguage = "Accept-Language"
)

// site is what every page shows around its content. path is the page's own,
// which can be read in other languages; empty for none.
func (s *Server) site(path string) templates.Site {
	o, brand := s.Organisation(), s.Brand()
	if brand.Name == "" {
		brand.Name = o.Controller
	}
	return templates.Site{Brand: brand, Path: path, Contact: o.Contact, PostalAddress: o.PostalAddress}
}

// page answers with a page in a language.
func (s *Server) page(c echo.Context, code int, locale string, page templates.Page) error {
	s.pageFields(c, code, locale)
	return s.Pages.Render(whole{c.Response()}, locale, page)
}

func (s *Server) pageFields(c echo.Context, code int, locale string) {
	h := c.Response().Header()
	h[echo.HeaderContentType] = htmlType
	h.Set("Content-Language", locale)
	h.Add(echo.HeaderVary, byLanguage)
	c.Response().Status = code
}

// locale gives the language of a page (M24): the choice in the address, else
// the person's, else the browser's, else the place's, else first.
func (s *Server) locale(c echo.Context, person, first string) string {
	return s.match(c, query(c, "locale"), person, first)
}

// query gives a parameter of the address.
func query(c echo.Context, name string) string {
	if c.Request().URL.RawQuery == "" {
		return ""
	}
	return c.QueryParam(name)
}

// personal is what a page shows around its content to the holder of a link.
func (s *Server) personal(path string, person akkoord.Subscriber) templates.Site {
	site := s.site(path)
	if !person.PublicID.IsZero() {
		site.Preferences = "/preferences/" + s.preferencesToken(person)
	}
	return site
}

// personalBy is personal for the holder of a link that may be old: what was
// mailed to a former address leads to no page with the person's data, since
// somebody else may read that mailbox by now.
func (s *Server) personalBy(ctx context.Context, link akkoord.Link, path string, person akkoord.Subscriber) (templates.Site, error) {
	current, err := s.current(ctx, link)
	if err != nil || !current {
		return s.site(path), err
	}
	return s.personal(path, person), nil
}

// current reports whether a link was mailed to the person's present address.
func (s *Server) current(ctx context.Context, link akkoord.Link) (bool, error) {
	since, err := s.Consents.AddressSince(ctx, link.Subscriber)
	return !link.Issued.Before(since.Truncate(time.Second)), err
}

func (s *Server) preferencesToken(person akkoord.Subscriber) string {
	return s.Links.Sign(akkoord.Link{Kind: akkoord.LinkPreferences, Subscriber: person.PublicID}, s.Now())
}

// link reads the signed link of the path.
func (s *Server) link(c echo.Context, kind akkoord.LinkKind) (akkoord.Link, error) {
	return s.Links.Read(kind, c.Param("token"), s.Now())
}

// linkPath gives the address of the link's page, whatever was asked of it.
func linkPath(kind akkoord.LinkKind, c echo.Context) string {
	return linkRoot(kind) + c.Param("token")
}

// linkRoot gives the path of links of a kind, without the token.
func linkRoot(kind akkoord.LinkKind) string { return "/" + string(kind) + "/" }

// act gives what an act by a link leaves in the ledger.
func (s *Server) act(c echo.Context, source, locale string) (akkoord.Origin, error) {
	version, err := s.privacyInForce(c.Request().Context())
	return akkoord.Origin{Source: source, Actor: akkoord.ActorPerson, Evidence: s.evidence(c), Privacy: version, Locale: locale}, err
}

// asked describes subscriptions with the words that the person agreed to.
func (s *Server) asked(c echo.Context, subs []akkoord.Subscription, locale string) ([]templates.AskedPurpose, error) {
	var all []templates.AskedPurpose
	for _, sub := range subs {
		p, err := s.Catalog.PurposeByID(c.Request().Context(), sub.PurposeID)
		if err != nil {
			return nil, err
		}
		seen, ok := p.Texts[sub.Locale]
		if sub.Version != p.Version || !ok {
			seen, err = s.Catalog.Wording(c.Request().Context(), sub.PurposeID, sub.Version, sub.Locale)
			if err != nil && akkoord.KindOf(err) != akkoord.NotFound { // an import has seen no words of ours
				return nil, err
			}
		}
		now := p.Text(locale)
		a := templates.AskedPurpose{Name: now.Name, Frequency: now.Frequency, Wording: seen.Wording, Locale: sub.Locale}
		if sub.State == akkoord.Active {
			a.Since, a.Tracked = sub.Since, !sub.Tracking.IsZero()
		}
		all = append(all, a)
	}
	return all, nil
}
