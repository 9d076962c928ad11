package server

import (
	"context"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"akkoord"
)

// Hooks acts on what a sending service tells of the mails that it took over, and
// says how many events of a request counted.
type Hooks interface {
	Take(ctx context.Context, service string, header http.Header, body []byte) (counted, others int, err error)
}

// hook answers POST /hooks/{service}. Whatever is not stored yet is answered
// with an error, so that the service tells it again; telling twice does nothing.
func (s *Server) hook(c echo.Context) error {
	r := c.Request()
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, akkoord.Limits.APIBody))
	if err != nil {
		return err
	}
	counted, others, err := s.Hooks.Take(r.Context(), c.Param("service"), r.Header, body)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]int{"counted": counted, "ignored": others})
}
