package server

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"akkoord"
)

// The rights of routes that ask for no role of ours.
const (
	public    akkoord.Right = "public"    // for everyone, or for whoever holds the signed link
	signed    akkoord.Right = "signed"    // for a service that proves with each request that it sent it
	delegated akkoord.Right = "delegated" // the mounted handler declares a right for each of its routes
)

// route is one thing that the server answers.
type route struct {
	methods []string
	path    string
	right   akkoord.Right
	handle  echo.HandlerFunc
}

var (
	read    = []string{http.MethodGet, http.MethodHead} // changes nothing
	act     = []string{http.MethodPost}
	ask     = []string{http.MethodOptions}
	mounted = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}
)

// routes are all routes with the right that each of them needs.
func (s *Server) routes() []route {
	all := []route{
		{read, "/", public, s.home},
		{read, "/f/:form", public, s.form},
		{act, "/f/:form", public, s.signUp},
		{ask, "/f/:form", public, s.preflight},
		{read, "/f/:form/check-your-mail", public, s.checkMail},
		{read, "/f/:form/challenge", public, s.challenge},
		{read, "/embed/:script", public, s.embed},

		{read, "/confirm/:token", public, s.confirmPage},
		{act, "/confirm/:token", public, s.confirm},
		{act, "/confirm/:token/resend", public, s.resend},
		{act, "/confirm/:token/not-me", public, s.notMe},

		{read, "/unsubscribe/:token", public, s.unsubscribePage},
		{act, "/unsubscribe/:token", public, s.unsubscribe},
		{read, "/preferences/:token", public, s.preferencesPage},
		{act, "/preferences/:token", public, s.preferences},
		{read, "/your-data", public, s.yourDataPage},
		{act, "/your-data", public, s.yourData},
		{read, "/your-data/:token", public, s.preferencesPage},
		{act, "/your-data/:token", public, s.preferences},
		{read, "/address/:token", public, s.addressPage},
		{act, "/address/:token", public, s.address},
		{read, "/keep/:token", public, s.keepPage},
		{act, "/keep/:token", public, s.keep},
		{read, "/view/:token", public, s.view},
		{read, "/archive/:purpose", public, s.publicArchive},
		{read, "/archive/:purpose/feed.xml", public, s.feed},
		{read, "/archive/:purpose/:mailing", public, s.backIssue},
		{read, "/click/:token", public, s.click},

		{read, "/privacy", public, s.privacyPage},
		{read, "/privacy/:version", public, s.privacyVersion},
		{read, "/static/*", public, s.asset},
		{read, "/media/:id", public, s.media},
	}
	if s.Hooks != nil {
		all = append(all, route{act, "/hooks/:service", signed, s.hook})
	}
	if s.API != nil {
		all = append(all, route{mounted, "/api/v1", delegated, echo.WrapHandler(s.API)}, route{mounted, "/api/v1/*", delegated, echo.WrapHandler(s.API)})
	}
	if s.Admin != nil {
		all = append(all, route{mounted, "/admin", delegated, echo.WrapHandler(s.Admin)}, route{mounted, "/admin/*", delegated, echo.WrapHandler(s.Admin)})
	}
	return all
}

// register adds routes. A route without a right is refused (P28).
func (s *Server) register(all []route) error {
	for _, r := range all {
		if r.right == "" {
			return fmt.Errorf("route %v %s declares no right", r.methods, r.path)
		}
		for _, m := range r.methods {
			s.echo.Add(m, r.path, r.handle)
		}
		s.metrics.route(r.path)
	}
	return nil
}
