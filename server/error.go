package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"akkoord"
	"akkoord/server/status"
	"akkoord/templates"
)

// routing says in our words what Echo found wrong with a request.
var routing = map[int]akkoord.Error{
	http.StatusNotFound:              {Kind: akkoord.NotFound, Code: "not_found", Message: "There is nothing at this address."},
	http.StatusMethodNotAllowed:      {Code: "method", Message: "This address does not answer that method; the Allow field lists those it does."},
	http.StatusRequestEntityTooLarge: {Kind: akkoord.TooLarge, Code: "too_large", Message: "What was sent is too large."},
	http.StatusUnsupportedMediaType:  {Code: "media_type", Message: "Send a form (urlencoded or multipart) or JSON, and say so in Content-Type."},
}

var (
	errTooLarge  = akkoord.Errorf(akkoord.TooLarge, "too_large", "What was sent is too large; a form has at most %d bytes.", akkoord.Limits.FormBody)
	errInternal  = &akkoord.Error{Code: "internal", Message: "Something went wrong on our side. It has been recorded; please try again later."}
	errCancelled = akkoord.Errorf(akkoord.Unavailable, "unavailable", "This took too long. Please try again in a few minutes.")
)

// explain gives the status of an error and what its cause is told.
func explain(err error) (int, *akkoord.Error) {
	if e, ok := errors.AsType[*akkoord.Error](err); ok {
		return status.Of(e.Kind), e
	}
	if e, ok := errors.AsType[*echo.HTTPError](err); ok {
		if known, ok := routing[e.Code]; ok {
			return e.Code, &known
		}
		if e.Code < 500 {
			return e.Code, &akkoord.Error{Code: "body_invalid", Message: http.StatusText(e.Code) + "."}
		}
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge, errTooLarge
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return http.StatusServiceUnavailable, errCancelled
	}
	return http.StatusInternalServerError, errInternal
}

// fail answers a request with an error: a page in the reader's language, or a
// problem document where a program asks for JSON.
func (s *Server) fail(c echo.Context, err error) {
	code, e := explain(err)
	if code >= http.StatusInternalServerError && !errors.Is(err, context.Canceled) {
		id := s.request.next()
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		s.Log.Error("request failed", "id", id, "method", c.Request().Method, "route", c.Path(), "status", code, "error", err)
	}
	if c.Response().Committed {
		return
	}
	h := c.Response().Header()
	if (code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable) && h.Get(echo.HeaderRetryAfter) == "" {
		h.Set(echo.HeaderRetryAfter, "60")
	}
	locale := s.reader(c)
	if wantsJSON(c.Request()) {
		if c.Param("form") != "" {
			e = s.inWords(locale, e)
		}
		s.report(c.Response(), problem{Status: code, Error: e})
		return
	}
	page := templates.ErrorPage{Site: s.site(""), Status: code, Code: e.Code, Text: e.Message}
	if err := s.page(c, code, locale, page); err != nil {
		s.Log.Error("draw error page", "route", c.Path(), "error", err)
	}
}

// sentLocale is where a handler leaves the language that a form was sent in,
// for the answer to its error.
const sentLocale = "locale"

// reader gives the language of an error: as other pages of the route are, where
// the form or the holder of the link is known (M24).
func (s *Server) reader(c echo.Context) string {
	if c.Param("form") != "" {
		sent, _ := c.Get(sentLocale).(string)
		if form, err := s.findForm(c); err == nil {
			if locale, err := s.formLocale(c, form, sent); err == nil {
				return locale
			}
		}
	}
	return s.locale(c, s.holderLocale(c), "")
}

// holderLocale gives the language of the person whose link is in the path, or
// "" without a genuine link or a person on record.
func (s *Server) holderLocale(c echo.Context) string {
	if c.Param("token") == "" {
		return ""
	}
	kind, _, _ := strings.Cut(strings.TrimPrefix(c.Path(), "/"), "/")
	link, err := s.link(c, akkoord.LinkKind(kind))
	if err != nil && akkoord.KindOf(err) != akkoord.Expired {
		return ""
	}
	st, err := s.Consents.Standing(c.Request().Context(), link.Subscriber)
	if err != nil {
		return ""
	}
	return st.Subscriber.Locale
}

// inWords gives an error with its sentence in a language. The English one
// stands in the error itself, where it can be more exact.
func (s *Server) inWords(locale string, e *akkoord.Error) *akkoord.Error {
	if locale == "en" {
		return e
	}
	said := *e
	said.Message = s.Pages.ErrorText(locale, e.Code, e.Message)
	return &said
}

// problem is an error as programs read it (RFC 9457). Errors lists all that is
// wrong where it is more than one field.
type problem struct {
	Status int
	*akkoord.Error
	Errors []*akkoord.Error
}

func (s *Server) report(w http.ResponseWriter, p problem) {
	type fieldError struct {
		Field  string `json:"field,omitempty"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}
	doc := struct {
		Type    string           `json:"type"`
		Title   string           `json:"title"`
		Status  int              `json:"status"`
		Detail  string           `json:"detail"`
		Code    string           `json:"code"`
		Field   string           `json:"field,omitempty"`
		Reasons []akkoord.Reason `json:"reasons,omitempty"`
		Errors  []fieldError     `json:"errors,omitempty"`
	}{Type: "about:blank", Title: http.StatusText(p.Status), Status: p.Status, Detail: p.Message, Code: p.Code, Field: p.Field, Reasons: p.Reasons}
	for _, e := range p.Errors {
		doc.Errors = append(doc.Errors, fieldError{e.Field, e.Code, e.Message})
	}
	body, err := json.Marshal(doc)
	if err != nil {
		s.Log.Error("write problem", "error", err)
		return
	}
	w.Header().Set(echo.HeaderContentType, "application/problem+json")
	w.WriteHeader(p.Status)
	if _, err := w.Write(append(body, '\n')); err != nil {
		s.Log.LogAttrs(context.Background(), slog.LevelDebug, "client gone while answering")
	}
}

// wantsJSON reports whether the client would rather read JSON than a page: by
// Accept, or by having sent JSON itself where Accept leaves it open.
func wantsJSON(r *http.Request) bool {
	accept := r.Header.Get(echo.HeaderAccept)
	json, html := strings.Index(accept, "json"), strings.Index(accept, "html")
	switch {
	case json >= 0 && html >= 0:
		return json < html
	case json >= 0 || html >= 0:
		return json >= 0
	}
	return isJSON(r.Header.Get(echo.HeaderContentType))
}
