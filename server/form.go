package server

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"akkoord"
	"akkoord/templates"
)

// home lists what one can sign up for.
func (s *Server) home(c echo.Context) error {
	locale := s.locale(c, "", "")
	forms, err := s.Catalog.Forms(c.Request().Context())
	if err != nil {
		return err
	}
	page := templates.HomePage{Site: s.site("/")}
	for _, f := range forms {
		if _, err := s.open(c.Request().Context(), f); err != nil {
			if errors.Is(err, errClosed) {
				continue
			}
			return err
		}
		text := f.Version.Texts[locale]
		page.Forms = append(page.Forms, templates.FormLink{Title: templates.NameOr(text.Title, f.Slug), Intro: text.Intro, URL: "/f/" + f.Slug})
	}
	return s.page(c, http.StatusOK, locale, page)
}

// form shows a form.
func (s *Server) form(c echo.Context) error {
	form, err := s.findForm(c)
	if err != nil {
		return err
	}
	page, locale, err := s.formPage(c, form, nil)
	if err != nil {
		return err
	}
	if s.Showings != nil && c.Request().Method == http.MethodGet {
		s.Showings.shown(form.Version.ID, locale, s.Now())
	}
	return s.showForm(c, http.StatusOK, locale, page)
}

// showForm answers with a form. One that asks the browser to work something out runs
// our own script for it.
func (s *Server) showForm(c echo.Context, code int, locale string, page templates.SignUpPage) error {
	if page.Challenge != "" {
		c.Response().Header().Set(echo.HeaderContentSecurityPolicy, contentPolicy+"; script-src 'self'; connect-src 'self'")
	}
	return s.page(c, code, locale, page)
}

// formPage fills a form with what was typed, or with nothing.
func (s *Server) formPage(c echo.Context, form akkoord.Form, typed fields) (templates.SignUpPage, string, error) {
	purposes, err := s.purposes(c.Request().Context(), form.Version.Purposes)
	if err != nil {
		return templates.SignUpPage{}, "", err
	}
	locale := s.localeOf(c, purposes, typed.first("locale"))
	page := s.signUpPage(form, purposes, locale, typed)
	page.Stamp = s.stamp(typed.first("stamp"))
	return page, locale, nil
}

// signUpPage is a form in a language, with what was typed (M2: no box is ticked by
// us).
func (s *Server) signUpPage(form akkoord.Form, purposes []akkoord.Purpose, locale string, typed fields) templates.SignUpPage {
	page := templates.NewSignUpPage(s.site("/f/"+form.Slug), form, purposes, locale)
	page.Email, page.Name = shown(typed.first("email")), shown(typed.first("name"))
	page.Tracked, _ = typed.flag("tracking") // what is no flag is told among the errors
	page.Trap, page.Languages = true, akkoord.CommonLanguages(purposes)
	if s.asksWork(form) {
		page.Challenge = "/f/" + form.Slug + "/challenge"
	}
	ticked, interests := typed.all("purpose"), typed.all("interest")
	for i, p := range page.Purposes {
		page.Purposes[i].Chosen = slices.Contains(ticked, p.Slug)
	}
	for i, a := range page.Attributes {
		page.Attributes[i].Value = shown(typed.attribute(akkoord.FormAttribute{Slug: a.Slug, Type: akkoord.AttributeType(a.Type)}))
	}
	for i, x := range page.Interests {
		page.Interests[i].Chosen = slices.Contains(interests, x.Slug)
	}
	return page
}

// shown gives a typed value as it can be shown again.
func shown(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
}

// checkMail is where a browser lands after signing up.
func (s *Server) checkMail(c echo.Context) error {
	form, err := s.formNamed(c.Request().Context(), c.Param("form"))
	if err != nil {
		return err
	}
	locale, err := s.formLocale(c, form, "")
	if err != nil {
		return err
	}
	at := "/f/" + form.Slug
	return s.page(c, http.StatusOK, locale, templates.CheckMailPage{
		Site: s.site(at + "/check-your-mail"), From: s.From, Until: s.Now().Add(akkoord.Limits.ConfirmWindow), Again: at,
	})
}
