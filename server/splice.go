package server

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"akkoord"
	"akkoord/templates"
)

// Words that stand for a person's tokens while a page is drawn for many. Tokens
// are made of unreserved characters, so no place needs another encoding.
const (
	anyConfirm     = "the-token-of-the-confirm-link"
	anyPreferences = "the-token-of-the-preferences-link"
)

// confirmedPage is the page that confirms, drawn once for all who confirm the
// same in the same second, and spliced per person: drawing costs more than
// all the rest of confirming.
type confirmedPage struct {
	locale   string
	by       akkoord.Organisation
	brand    templates.Brand
	purposes []templates.AskedPurpose
	text     [][]byte // between the tokens
	tokens   []string // which token follows the text of the same index
}

// showConfirmed answers with the page of a first confirmation.
func (s *Server) showConfirmed(c echo.Context, locale string, person akkoord.Subscriber, purposes []templates.AskedPurpose) error {
	for i := range purposes {
		purposes[i].Since = purposes[i].Since.Truncate(time.Second) // the page shows no more
	}
	page := s.confirmed.Load()
	if page == nil || page.locale != locale || page.by != s.Organisation() || page.brand != s.Brand() || !slices.Equal(page.purposes, purposes) {
		var err error
		if page, err = s.drawConfirmed(locale, purposes); err != nil {
			return err
		}
		s.confirmed.Store(page)
	}
	own := c.Param("token")
	preferences := s.preferencesToken(person)
	room, ok := s.rooms.Get().(*[]byte)
	if !ok {
		room = new([]byte)
	}
	defer s.rooms.Put(room)
	body := (*room)[:0]
	for i, text := range page.text {
		body = append(body, text...)
		switch {
		case i == len(page.tokens):
		case page.tokens[i] == anyConfirm:
			body = append(body, own...)
		default:
			body = append(body, preferences...)
		}
	}
	*room = body
	s.pageFields(c, http.StatusOK, locale)
	_, err := whole{c.Response()}.Write(body)
	return err
}

func (s *Server) drawConfirmed(locale string, purposes []templates.AskedPurpose) (*confirmedPage, error) {
	by, brand := s.Organisation(), s.Brand()
	site := s.site("/confirm/" + anyConfirm)
	site.Preferences = "/preferences/" + anyPreferences
	var b bytes.Buffer
	if err := s.Pages.Render(&b, locale, templates.ConfirmedPage{Site: site, Purposes: purposes, From: s.bareFrom}); err != nil {
		return nil, err
	}
	page := &confirmedPage{locale: locale, by: by, brand: brand, purposes: purposes}
	rest := b.Bytes()
	for {
		at, token := next(rest)
		if token == "" {
			page.text = append(page.text, rest)
			return page, nil
		}
		page.text, page.tokens = append(page.text, rest[:at]), append(page.tokens, token)
		rest = rest[at+len(token):]
	}
}

// next finds the first token's word in a drawn page.
func next(b []byte) (at int, token string) {
	for _, word := range []string{anyConfirm, anyPreferences} {
		if i := bytes.Index(b, []byte(word)); i >= 0 && (token == "" || i < at) {
			at, token = i, word
		}
	}
	return at, token
}

// whole tells the length of an answer that is written at once.
type whole struct{ *echo.Response }

func (w whole) Write(b []byte) (int, error) {
	w.Header().Set(echo.HeaderContentLength, strconv.Itoa(len(b)))
	return w.Response.Write(b)
}
