package server

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"akkoord"
	"akkoord/templates"
)

var (
	errLinkOver = akkoord.Errorf(akkoord.NotFound, "link_used", "There is nothing left to confirm with this link. Sign up again if you would like these mails.")
	errArchived = akkoord.Errorf(akkoord.Expired, "purpose_closed", "What this link would confirm is not mailed now, so nothing was confirmed.")
	errLinkOld  = akkoord.Errorf(akkoord.NotFound, "link_used", "A newer mail holds the link that counts. Please use that one.")
)

// confirmPage answers GET /confirm/{token} with one button. It changes
// nothing: mail scanners follow links, and run scripts, but press no buttons
// (M6, requirements-mail F.8).
func (s *Server) confirmPage(c echo.Context) error {
	link, err := s.link(c, akkoord.LinkConfirm)
	if err != nil {
		return s.linkError(c, link, err)
	}
	asked, err := s.Consents.Asked(c.Request().Context(), link)
	if err != nil {
		return err
	}
	if s.Opened != nil && c.Request().Method == http.MethodGet {
		s.Opened(link.Subscriber)
	}
	if s.Showings != nil && c.Request().Method == http.MethodGet && asked.Answer == akkoord.AnswerPending && !asked.Renewal {
		s.Showings.opened(asked.Subscriptions[0])
	}
	return s.showAsked(c, link, asked)
}

// confirm answers POST /confirm/{token}: the consent begins. A second press
// gives the same page and changes nothing.
func (s *Server) confirm(c echo.Context) error {
	link, err := s.link(c, akkoord.LinkConfirm)
	if err != nil {
		return s.linkError(c, link, err)
	}
	if c.Request().ContentLength > akkoord.Limits.FormBody {
		return errTooLarge
	}
	origin, err := s.act(c, "confirm", "")
	if err != nil {
		return err
	}
	confirm := s.Consents.Confirm
	if c.FormValue("tracking") == "no" {
		confirm = s.Consents.ConfirmUncounted
	}
	asked, err := confirm(c.Request().Context(), link, origin)
	if err != nil {
		return err
	}
	return s.showAsked(c, link, asked)
}

// showAsked answers with where the sign-up of a link stands.
func (s *Server) showAsked(c echo.Context, link akkoord.Link, asked akkoord.Asked) error {
	json := wantsJSON(c.Request())
	switch asked.Answer {
	case akkoord.AnswerNone:
		return errLinkOver
	case akkoord.AnswerSuperseded:
		if json {
			return errLinkOld
		}
		locale := s.locale(c, asked.Person.Locale, "")
		return s.page(c, http.StatusNotFound, locale, templates.ConfirmOldPage{Site: s.site(linkPath(akkoord.LinkConfirm, c)), Again: "/"})
	}
	if json && asked.Answer == akkoord.AnswerArchived {
		return errArchived
	}
	if json {
		state := string(asked.Subscriptions[0].State)
		if asked.Answer == akkoord.AnswerPending {
			state = string(akkoord.Pending)
		}
		return c.JSON(http.StatusOK, map[string]string{"status": state})
	}
	locale := s.locale(c, asked.Subscriptions[0].Locale, "")
	purposes, err := s.asked(c, asked.Subscriptions, locale)
	if err != nil {
		return err
	}
	at := linkPath(akkoord.LinkConfirm, c)
	if asked.Answer == akkoord.AnswerArchived {
		page := templates.ConfirmArchivedPage{Site: s.site(at), Purposes: purposes, Renewal: asked.Renewal}
		if !asked.Renewal {
			page.EraseOn = eraseOn(asked)
		}
		return s.page(c, http.StatusGone, locale, page)
	}
	if asked.Answer == akkoord.AnswerPending && asked.Renewal {
		return s.page(c, http.StatusOK, locale, templates.RenewPage{
			Site: s.site(at), Action: at, NotMe: at + "/not-me", Address: asked.Person.Email.Masked(), Purposes: purposes,
		})
	}
	if asked.Answer == akkoord.AnswerPending {
		return s.page(c, http.StatusOK, locale, templates.ConfirmPage{
			Site: s.site(at), Action: at, NotMe: at + "/not-me", Address: asked.Person.Email.Masked(), Purposes: purposes, Tracking: akkoord.TrackingAsked(asked.Subscriptions), EraseOn: eraseOn(asked),
		})
	}
	if asked.Answer == akkoord.AnswerConfirmed {
		return s.showConfirmed(c, locale, asked.Person, purposes)
	}
	site, err := s.personalBy(c.Request().Context(), link, at, asked.Person)
	if err != nil {
		return err
	}
	return s.page(c, http.StatusOK, locale, templates.ConfirmedPage{
		Site: site, Repeat: true, Purposes: purposes, From: s.bareFrom,
	})
}

// eraseOn gives the time at which an unanswered request is erased.
func eraseOn(asked akkoord.Asked) time.Time {
	return asked.Subscriptions[0].Since.Add(akkoord.Limits.PendingWindow)
}

// linkError answers a confirmation link that can't be used. A genuine one past
// its time gets a page from which a new mail can be asked, with no data on it.
func (s *Server) linkError(c echo.Context, link akkoord.Link, err error) error {
	if akkoord.KindOf(err) != akkoord.Expired || wantsJSON(c.Request()) {
		return err
	}
	asked, lookup := s.Consents.Asked(c.Request().Context(), link)
	if lookup != nil {
		return lookup
	}
	at := linkPath(akkoord.LinkConfirm, c)
	page := templates.LinkExpiredPage{Site: s.site(at), Again: "/"}
	if asked.Answer == akkoord.AnswerPending {
		page.Resend = at + "/resend"
		if !asked.Renewal {
			page.EraseOn = eraseOn(asked)
		}
	}
	return s.page(c, http.StatusGone, s.locale(c, asked.Person.Locale, ""), page)
}

// genuine reads the confirmation link of the path, expired or not.
func (s *Server) genuine(c echo.Context) (akkoord.Link, error) {
	link, err := s.link(c, akkoord.LinkConfirm)
	if akkoord.KindOf(err) == akkoord.Expired {
		return link, nil
	}
	return link, err
}

// resend answers POST /confirm/{token}/resend: the mail is sent once more, if
// there is something to confirm and none went out just now. The answer is always the same.
func (s *Server) resend(c echo.Context) error {
	link, err := s.genuine(c)
	if err != nil {
		return err
	}
	if err := s.Consents.Resend(c.Request().Context(), link); err != nil {
		return err
	}
	if wantsJSON(c.Request()) {
		return c.JSONBlob(http.StatusAccepted, accepted)
	}
	asked, err := s.Consents.Asked(c.Request().Context(), link)
	if err != nil {
		return err
	}
	return s.page(c, http.StatusOK, s.locale(c, asked.Person.Locale, ""), templates.CheckMailPage{
		Site: s.site(""), From: s.From, Until: s.Now().Add(akkoord.Limits.ConfirmWindow), Again: "/",
	})
}

// notMe answers POST /confirm/{token}/not-me: what was asked for or confirmed by
// the link ends, and the address gets no further confirmation mail.
func (s *Server) notMe(c echo.Context) error {
	link, err := s.genuine(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	before, err := s.Consents.Standing(ctx, link.Subscriber)
	if err != nil {
		return err
	}
	locale := s.locale(c, before.Subscriber.Locale, "")
	origin, err := s.act(c, "confirm", locale)
	if err != nil {
		return err
	}
	if err := s.Consents.NotMe(ctx, link, origin); err != nil {
		return err
	}
	if wantsJSON(c.Request()) {
		return c.JSON(http.StatusOK, map[string]string{"status": "refused"})
	}
	after, err := s.Consents.Standing(ctx, link.Subscriber)
	if err != nil {
		return err
	}
	return s.showNotMe(c, locale, before, after)
}

// showNotMe says what "not me" came to: who is gone is forgotten, who has more
// with us keeps it.
func (s *Server) showNotMe(c echo.Context, locale string, before, after akkoord.Standing) error {
	erased := after.Subscriber.ID == 0
	page := templates.NotMeDonePage{
		Site: s.personal("", after.Subscriber), Erased: erased,
		Blocked: erased && before.Subscriber.ID != 0 || after.Suppressed(akkoord.SuppressedBlocked),
	}
	still, err := s.asked(c, stillOn(after, 0), locale)
	if err != nil {
		return err
	}
	for _, p := range still {
		page.Still = append(page.Still, p.Name)
	}
	return s.page(c, http.StatusOK, locale, page)
}
