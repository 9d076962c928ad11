package server

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"akkoord"
	"akkoord/templates"
)

var (
	errAddressTaken = akkoord.Errorf(akkoord.Conflict, "address_taken", "Somebody is signed up with this address already, so nothing was changed. Use the links in the mails to that address.")
	errAddressOver  = akkoord.Errorf(akkoord.NotFound, "link_used", "There is nothing left to confirm with this link.")
)

// addressPage answers GET /address/{token}: a new address and one button. It
// changes nothing (M21, requirements-mail F.8).
func (s *Server) addressPage(c echo.Context) error {
	link, err := s.link(c, akkoord.LinkAddress)
	if err != nil {
		return err
	}
	change, err := s.Consents.AddressChange(c.Request().Context(), link)
	if err != nil {
		return err
	}
	return s.showAddress(c, change)
}

// address answers POST /address/{token}: from now on the person has the new
// address. A second press changes nothing.
func (s *Server) address(c echo.Context) error {
	link, err := s.link(c, akkoord.LinkAddress)
	if err != nil {
		return err
	}
	origin, err := s.act(c, "address", "")
	if err != nil {
		return err
	}
	change, err := s.Consents.ChangeAddress(c.Request().Context(), link, origin)
	if err != nil {
		return err
	}
	return s.showAddress(c, change)
}

func (s *Server) showAddress(c echo.Context, change akkoord.AddressChange) error {
	switch {
	case change.Answer == akkoord.AnswerNone:
		return errAddressOver
	case change.Answer == akkoord.AnswerSuperseded:
		return errLinkOld
	case change.Taken:
		return errAddressTaken
	}
	if wantsJSON(c.Request()) {
		return c.JSON(http.StatusOK, map[string]string{"status": string(change.Answer)})
	}
	at := linkPath(akkoord.LinkAddress, c)
	page := templates.AddressPage{
		Site: s.site(at), Action: at, From: change.Person.Email.Masked(), To: change.To.Masked(), Done: change.Answer != akkoord.AnswerPending, Left: change.Left,
	}
	if page.Done {
		page.Site = s.personal(at, change.Person)
	}
	return s.page(c, http.StatusOK, s.locale(c, change.Person.Locale, ""), page)
}
