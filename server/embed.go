package server

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"akkoord"
	"akkoord/templates"
)

// embedScript is how long a page of the owner's own may keep the script. A new
// wording must not wait: what is agreed to is what the form shows.
const embedScript = "public, max-age=60"

// widget is what static/js/embed.js needs to place a form in a page. All
// addresses are absolute: the page is somebody else's.
type widget struct {
	Action string            `json:"action"`
	Styles []string          `json:"styles"`
	First  string            `json:"first"` // language where neither script, page nor browser wants another
	Forms  map[string]string `json:"forms"` // HTML by language
}

// embed answers GET /embed/{form}.js: a script that places the form where it
// stands in a page of the owner's own (M10). It asks the same as the hosted form,
// in the same words, and posts to the same address; the page's site has to be
// among the form's origins.
func (s *Server) embed(c echo.Context) error {
	slug, ok := strings.CutSuffix(c.Param("script"), ".js")
	if !ok {
		return errForm
	}
	form, err := s.formNamed(c.Request().Context(), slug)
	if err != nil {
		return err
	}
	if form, err = s.open(c.Request().Context(), form); err != nil {
		return err
	}
	purposes, err := s.purposes(c.Request().Context(), form.Version.Purposes)
	if err != nil {
		return err
	}
	w := widget{Action: s.BaseURL + "/f/" + form.Slug, Forms: map[string]string{}}
	for _, sheet := range []string{"/static/css/tokens.css", s.Brand().Style(), "/static/css/akkoord.css"} {
		if sheet != "" {
			w.Styles = append(w.Styles, s.BaseURL+sheet)
		}
	}
	for _, locale := range akkoord.CommonLanguages(purposes) {
		page := s.signUpPage(form, purposes, locale, nil)
		page.Base, page.Action = s.BaseURL, w.Action
		if page.Challenge != "" {
			page.Challenge = s.BaseURL + page.Challenge
		}
		var html bytes.Buffer
		if err := s.Pages.Render(&html, locale, templates.EmbeddedForm{SignUpPage: page}); err != nil {
			return err
		}
		w.Forms[locale] = html.String()
		if w.First == "" {
			w.First = locale
		}
	}
	data, err := json.Marshal(w)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	serve(c, newAsset("embed.js", slices.Concat(s.assets["js/embed.js"].body, []byte("("), data, []byte(");\n"))), embedScript)
	return nil
}
