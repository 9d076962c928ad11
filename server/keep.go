package server

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"akkoord"
	"akkoord/templates"
)

var errKeepOver = akkoord.Errorf(akkoord.NotFound, "link_used", "You no longer get these mails, so there is nothing to keep. Sign up again if you would like them.")

// keepPage answers GET /keep/{token}: do you still want this, and one button
// that says so. It changes nothing (M18, requirements-mail F.8).
func (s *Server) keepPage(c echo.Context) error {
	link, err := s.link(c, akkoord.LinkKeep)
	if err != nil {
		return err
	}
	asked, err := s.Consents.Keepable(c.Request().Context(), link)
	if err != nil {
		return err
	}
	return s.showKept(c, link, asked)
}

// keep answers POST /keep/{token}: the consent goes on. A second press
// changes nothing.
func (s *Server) keep(c echo.Context) error {
	link, err := s.link(c, akkoord.LinkKeep)
	if err != nil {
		return err
	}
	origin, err := s.act(c, "keep", "")
	if err != nil {
		return err
	}
	asked, err := s.Consents.Keep(c.Request().Context(), link, origin)
	if err != nil {
		return err
	}
	return s.showKept(c, link, asked)
}

func (s *Server) showKept(c echo.Context, link akkoord.Link, asked akkoord.Asked) error {
	if asked.Answer == akkoord.AnswerNone {
		return errKeepOver
	}
	if wantsJSON(c.Request()) {
		return c.JSON(http.StatusOK, map[string]string{"status": string(asked.Answer)})
	}
	p, err := s.Catalog.PurposeByID(c.Request().Context(), link.Purpose)
	if err != nil {
		return err
	}
	locale, sub := s.locale(c, asked.Person.Locale, ""), asked.Subscriptions[0]
	at, text := linkPath(akkoord.LinkKeep, c), p.Text(locale)
	leave := akkoord.Link{Kind: akkoord.LinkUnsubscribe, Subscriber: link.Subscriber, Purpose: link.Purpose}
	page := templates.KeepPage{
		Site: s.site(at), Action: at, Leave: linkRoot(akkoord.LinkUnsubscribe) + s.Links.Sign(leave, s.Now()),
		Name: text.Name, Explanation: text.Explanation, Frequency: text.Frequency, Address: asked.Person.Email.Masked(), Since: sub.Since,
		Done: asked.Answer != akkoord.AnswerPending,
	}
	if page.Done {
		page.Site, page.Since = s.personal(at, asked.Person), sub.Renewed
	}
	return s.page(c, http.StatusOK, locale, page)
}

// signOfLife notes that somebody looked at their own page, if they let their
// clicks be counted for anything (M18).
func (s *Server) signOfLife(c echo.Context, st akkoord.Standing) error {
	if c.Request().Method == http.MethodHead || !st.Counted() {
		return nil
	}
	return s.Consents.NoteActivity(c.Request().Context(), st.Subscriber.PublicID, 0, akkoord.SignalVisit)
}
