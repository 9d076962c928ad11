package server

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"akkoord"
)

// mailPolicy lets a mail look as its author made it, with the styles and
// images in it, and do nothing: no script, no form, no origin of its own.
const mailPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https: data:; base-uri 'none'; frame-ancestors 'none'; " +
	"sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"

// view answers GET /view/{token}: a mail as a web page.
func (s *Server) view(c echo.Context) error {
	link, err := s.link(c, akkoord.LinkView)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	st, err := s.Consents.Standing(ctx, link.Subscriber)
	if err != nil {
		return err
	}
	if st.Subscriber.ID == 0 {
		return errGone
	}
	if s.View == nil {
		return echo.ErrNotFound
	}
	m, err := s.Catalog.MailingByID(ctx, link.Mailing)
	if err != nil {
		return err
	}
	html, err := s.View.Web(ctx, m, st)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Content-Security-Policy", mailPolicy)
	h.Set("Content-Language", st.Subscriber.Locale)
	return c.HTMLBlob(http.StatusOK, html)
}
