package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"akkoord"
	"akkoord/templates"
)

var (
	errForm     = akkoord.Errorf(akkoord.NotFound, "form_unknown", "There is no such form.")
	errClosed   = akkoord.Errorf(akkoord.Expired, "form_closed", "One can't sign up here any more: what this form offered is not mailed now.")
	errTooMany  = akkoord.Errorf(akkoord.TooMany, "too_many", "Too many requests came from here. Wait a while and try again.")
	errUnproven = akkoord.Errorf(akkoord.TooMany, "too_many_unproven", "Many sign-ups came from your network without the sum that this form asks of browsers against robots. Turn on JavaScript, or wait a while and try again.")
	accepted    = []byte(`{"status":"pending"}` + "\n")
)

// findForm gives the form of the path as it is open now.
func (s *Server) findForm(c echo.Context) (akkoord.Form, error) {
	form, err := s.formNamed(c.Request().Context(), c.Param("form"))
	if err != nil {
		return form, err
	}
	return s.open(c.Request().Context(), form)
}

// open gives a form without the purposes that are archived, or errClosed where it
// offers nothing else.
func (s *Server) open(ctx context.Context, form akkoord.Form) (akkoord.Form, error) {
	purposes, err := s.purposes(ctx, form.Version.Purposes)
	if err != nil || !slices.ContainsFunc(purposes, akkoord.Purpose.Archived) {
		return form, err
	}
	form.Version, _ = form.Version.Open(purposes)
	if len(form.Version.Purposes) == 0 {
		return form, errClosed
	}
	return form, nil
}

func (s *Server) formNamed(ctx context.Context, slug string) (akkoord.Form, error) {
	if len(slug) > akkoord.Limits.Slug {
		return akkoord.Form{}, errForm
	}
	form, err := s.Catalog.Form(ctx, slug)
	if akkoord.KindOf(err) == akkoord.NotFound {
		return form, errForm
	}
	return form, err
}

// signUpTime is the least time that storing a sign-up takes. Storing a new person
// writes more than storing one who is known, by some tenths of a millisecond;
// an answer that came sooner would tell which it was.
const signUpTime = 5 * time.Millisecond

// signUp answers POST /f/{form}. The answer is the same, in the same time,
// whether or not the address is known: nothing here asks.
func (s *Server) signUp(c echo.Context) error {
	form, err := s.findForm(c)
	if err != nil {
		return err
	}
	if err := s.allowOrigin(c, form); err != nil {
		return err
	}
	f, err := readFields(c.Request())
	if err != nil {
		return err
	}
	if err := s.takeSignUp(c, form, f); err != nil {
		c.Set(sentLocale, f.first("locale"))
		return err
	}
	return nil
}

// takeSignUp records what a form holds, or says what is wrong with it.
func (s *Server) takeSignUp(c echo.Context, form akkoord.Form, f fields) error {
	in, wrong, err := s.readSignUp(c, form, f)
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		return s.refuse(c, form, f, wrong)
	}
	if in.Challenge, err = s.vet(c, form, f, in.Email); err == nil {
		err = s.store(c, f, in)
	}
	if e, ok := errors.AsType[*akkoord.Error](err); ok && e.Field != "" {
		return s.refuse(c, form, f, []*akkoord.Error{e})
	}
	if err != nil {
		return err
	}
	if wantsJSON(c.Request()) {
		return c.JSONBlob(http.StatusAccepted, accepted)
	}
	return c.Redirect(http.StatusSeeOther, "/f/"+form.Slug+"/check-your-mail?locale="+in.Locale)
}

// vet holds a sign-up that is well formed to what costs more than reading: what the
// browser worked out, the limits, and whether its domain takes mail.
func (s *Server) vet(c echo.Context, form akkoord.Form, f fields, email akkoord.Email) (akkoord.SolvedChallenge, error) {
	worked, err := s.readWork(form, f.first("altcha"))
	if err != nil {
		return akkoord.SolvedChallenge{}, err
	}
	solved, wrong := worked.check()
	proven := !s.asksWork(form) || worked.worked() && wrong == nil
	if wait := s.admitSignUp(s.client(c.Request()), email, proven); wait > 0 {
		c.Response().Header().Set(echo.HeaderRetryAfter, retryAfter(wait))
		if !proven {
			return solved, errUnproven
		}
		return solved, errTooMany
	}
	if wrong != nil {
		return solved, wrong
	}
	return solved, s.takesMail(c.Request().Context(), email)
}

// store records a sign-up in a time that does not tell whether somebody is known.
func (s *Server) store(c echo.Context, f fields, in akkoord.SignUp) error {
	start := s.Now()
	if f.first("website") == "" { // only robots fill what nobody sees
		if err := s.Consents.SignUp(c.Request().Context(), in); err != nil {
			return err
		}
	}
	time.Sleep(signUpTime - s.Now().Sub(start))
	return nil
}

// takesMail refuses an address at whose domain no mail can arrive, where that is asked.
func (s *Server) takesMail(ctx context.Context, e akkoord.Email) error {
	if s.Domains == nil || s.Domains.TakesMail(ctx, e.Domain()) {
		return nil
	}
	return akkoord.Fieldf("email", "email_no_mail", "The part after the @ cannot receive mail. Is there a typo in it?")
}

// readSignUp checks a submission. All that is wrong is told at once, in the
// order of the form's fields.
func (s *Server) readSignUp(c echo.Context, form akkoord.Form, f fields) (akkoord.SignUp, []*akkoord.Error, error) {
	var in akkoord.SignUp
	var wrong []*akkoord.Error
	note := func(err error) {
		if e, ok := errors.AsType[*akkoord.Error](err); ok {
			wrong = append(wrong, e)
		}
	}
	if err := s.checkStamp(f.first("stamp")); err != nil {
		note(err)
	}
	var err error
	in.Email, err = readEmail(f)
	note(f.typed("email", err))
	in.Name, err = akkoord.ParseName(f.first("name"))
	note(f.typed("name", err))
	in.Interests, err = choose("interest", f, form.Version.Interests, akkoord.Limits.Interests)
	note(f.typed("interest", err))
	ticked, err := choose("purpose", f, form.Version.Purposes, akkoord.Limits.Purposes)
	if s.takenOff(c, err, f) {
		err = akkoord.Fieldf("purpose", "purpose_closed", "One of the ticked boxes is not offered any more. Tick again what may be sent.")
	}
	if err == nil && len(ticked) == 0 {
		err = akkoord.Fieldf("purpose", "purpose_required", "Tick at least one box: without your yes nothing is sent.")
	}
	note(f.typed("purpose", err))
	in.Values = readAttributes(form.Version.Asks, ticked, f, note)
	if len(wrong) > 0 {
		return in, wrong, nil
	}
	ctx := c.Request().Context()
	purposes, err := s.purposes(ctx, form.Version.Purposes)
	if err != nil {
		return in, nil, err
	}
	for _, p := range purposes {
		if slices.Contains(ticked, p.Slug) {
			in.Purposes = append(in.Purposes, p)
		}
	}
	in.Locale = s.localeOf(c, purposes, f.first("locale"))
	if in.Tracking, err = readTracking(form.Version, in.Locale, f); err != nil {
		note(err)
		return in, wrong, nil
	}
	in.Origin = akkoord.Origin{
		Source: "form:" + form.Slug, Actor: akkoord.ActorPerson, Evidence: s.evidence(c), FormID: form.Version.ID, Locale: in.Locale,
	}
	in.Origin.Privacy, err = s.privacyInForce(ctx)
	return in, nil, err
}

// takenOff reports whether a box that a form does not know is of a purpose that was
// archived since the form was shown.
func (s *Server) takenOff(c echo.Context, err error, f fields) bool {
	return akkoord.CodeOf(err) == "purpose_unknown" && slices.ContainsFunc(f.all("purpose"), func(slug string) bool {
		p, err := s.Catalog.Purpose(c.Request().Context(), slug)
		return err == nil && p.Archived()
	})
}

// readTracking gives the words that the box about clicks has, if it is ticked.
// Leaving it empty changes nothing.
func readTracking(v akkoord.FormVersion, locale string, f fields) (string, error) {
	yes, err := f.flag("tracking")
	if !yes || err != nil {
		return "", err
	}
	wording := v.TrackingWording(locale)
	if wording == "" {
		return "", akkoord.Fieldf("tracking", "tracking_unknown", "This form does not ask in this language whether clicks may be counted. Leave tracking out.")
	}
	return wording, nil
}

func readEmail(f fields) (akkoord.Email, error) {
	seen := 0
	for _, x := range f {
		if x.name == "email" {
			seen++
		}
	}
	if seen > 1 {
		return akkoord.Email{}, akkoord.Fieldf("email", "email_many", "Please fill in one e-mail address, not several.")
	}
	return akkoord.ParseEmail(f.first("email"))
}

// choose gives those of the offered slugs that were ticked, in the order they
// were offered. Anything else is an error.
func choose(name string, f fields, offered []string, max int) ([]string, error) {
	var chosen []string
	n := 0
	for _, x := range f {
		if x.name != name || x.value == "" {
			continue
		}
		if n++; n > max {
			return nil, akkoord.Fieldf(name, "too_many_items", "At most %d can be chosen.", max)
		}
		if !slices.Contains(offered, x.value) {
			return nil, akkoord.Fieldf(name, name+"_unknown", "This form does not offer one of the values of %s.", name)
		}
		if !slices.Contains(chosen, x.value) {
			chosen = append(chosen, x.value)
		}
	}
	if len(chosen) > 1 {
		slices.SortFunc(chosen, func(a, b string) int { return slices.Index(offered, a) - slices.Index(offered, b) })
	}
	return chosen, nil
}

func (s *Server) purposes(ctx context.Context, slugs []string) ([]akkoord.Purpose, error) {
	all := make([]akkoord.Purpose, 0, len(slugs))
	for _, slug := range slugs {
		p, err := s.Catalog.Purpose(ctx, slug)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// formLocale gives the language of a form and of all that follows from it.
func (s *Server) formLocale(c echo.Context, form akkoord.Form, choice string) (string, error) {
	purposes, err := s.purposes(c.Request().Context(), form.Version.Purposes)
	if err != nil {
		return "", err
	}
	return s.localeOf(c, purposes, choice), nil
}

// localeOf is formLocale for a form of some purposes. A form is public only in
// languages in which all of its purposes have texts.
func (s *Server) localeOf(c echo.Context, purposes []akkoord.Purpose, choice string) string {
	if choice == "" {
		choice = query(c, "locale")
	}
	for _, p := range purposes {
		if _, ok := p.Texts[choice]; !ok {
			return s.match(c, choice, "", "", akkoord.CommonLanguages(purposes)...)
		}
	}
	return choice
}

// refuse shows a form again, with what was typed and what is wrong with it.
func (s *Server) refuse(c echo.Context, form akkoord.Form, f fields, wrong []*akkoord.Error) error {
	if wantsJSON(c.Request()) {
		locale, err := s.formLocale(c, form, f.first("locale"))
		if err != nil {
			return err
		}
		for i, e := range wrong {
			wrong[i] = s.inWords(locale, e)
		}
		s.report(c.Response(), problem{http.StatusUnprocessableEntity, wrong[0], wrong})
		return nil
	}
	page, locale, err := s.formPage(c, form, f)
	if err != nil {
		return err
	}
	for _, e := range wrong {
		page.Errors = append(page.Errors, templates.FieldError{Field: e.Field, Code: e.Code, Text: e.Message})
	}
	return s.showForm(c, http.StatusUnprocessableEntity, locale, page)
}

// allowOrigin lets the form's own sites post across (requirements-mail K.8)
// and refuses other sites' pages. A request without Origin is fine: the form
// works without script, and in programs.
func (s *Server) allowOrigin(c echo.Context, form akkoord.Form) error {
	h := c.Response().Header()
	if len(form.Version.Origins) > 0 {
		h.Add(echo.HeaderVary, echo.HeaderOrigin)
	}
	origin := c.Request().Header.Get(echo.HeaderOrigin)
	if origin == "" || origin == s.origin {
		return nil
	}
	if slices.Contains(form.Version.Origins, origin) {
		h.Set(echo.HeaderAccessControlAllowOrigin, origin)
		return nil
	}
	site := c.Request().Header.Get("Sec-Fetch-Site")
	u, err := url.Parse(origin)
	if site == "same-origin" || origin == "null" && site != "cross-site" || err == nil && u.Host == c.Request().Host {
		return nil
	}
	return akkoord.Errorf(akkoord.Forbidden, "origin_forbidden", "This form may not be posted from that website; its owner can list the website under origins.")
}

// preflight answers OPTIONS /f/{form} (Fetch standard, CORS).
func (s *Server) preflight(c echo.Context) error {
	form, err := s.findForm(c)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set(echo.HeaderAllow, "OPTIONS, GET, HEAD, POST")
	if c.Request().Header.Get(echo.HeaderAccessControlRequestMethod) != "" {
		if err := s.allowOrigin(c, form); err != nil {
			return err
		}
		h.Set(echo.HeaderAccessControlAllowMethods, "POST")
		h.Set(echo.HeaderAccessControlAllowHeaders, "Content-Type, Accept")
		h.Set(echo.HeaderAccessControlMaxAge, "600")
	}
	return c.NoContent(http.StatusNoContent)
}
