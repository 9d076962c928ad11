package server

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"akkoord"
)

// click answers GET /click/{token}: it leads to the page that the author of the
// mail linked to, and nowhere else. Whether anything is counted is the person's
// choice of this moment; where it can't be stored now, the reader goes on.
func (s *Server) click(c echo.Context) error {
	link, err := s.link(c, akkoord.LinkClick)
	if err != nil {
		return err
	}
	ctx, r := c.Request().Context(), c.Request()
	url, err := s.Consents.LinkTarget(ctx, link)
	if err != nil {
		return err
	}
	if url == "" {
		url = "/"
	}
	if err := s.Consents.NoteClick(ctx, link, akkoord.ClickBy{Head: r.Method == http.MethodHead, Agent: r.UserAgent()}); err != nil {
		s.Log.Warn("a click was not counted", "error", err)
	}
	return c.Redirect(http.StatusFound, url)
}
