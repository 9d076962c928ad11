package server

import (
	"bytes"
	"net/http"

	"github.com/labstack/echo/v4"

	"akkoord"
	"akkoord/templates"
)

// takeOrErase answers the posts of the preferences page that ask for a copy of
// everything (Art. 15 and 20 GDPR, M20) or for its end (Art. 17, M19).
func (s *Server) takeOrErase(c echo.Context, link akkoord.Link, st akkoord.Standing, f fields, o akkoord.Origin) error {
	if format := f.first("export"); format != "" {
		return s.takeAway(c, link, format)
	}
	at := linkPath(link.Kind, c)
	page := templates.ErasePage{Site: s.site(""), Action: at, Address: st.Subscriber.Email.Masked()}
	switch f.first("erase") {
	case "ask":
		return s.page(c, http.StatusOK, o.Locale, page)
	case "yes":
	default:
		return akkoord.Fieldf("erase", "form_invalid", "To erase everything send erase=yes; erase=ask shows what that means.")
	}
	done, err := s.Consents.Erase(c.Request().Context(), link.Subscriber, "", o)
	if err != nil {
		return err
	}
	if wantsJSON(c.Request()) {
		return c.JSON(http.StatusOK, map[string]any{"erased": true, "at": akkoord.Moment{Time: done.At}, "receipt": done.Receipt})
	}
	page.At, page.Receipt = done.At, done.Receipt
	return s.page(c, http.StatusOK, o.Locale, page)
}

// takeAway gives a person all that is stored of them, as a file.
func (s *Server) takeAway(c echo.Context, link akkoord.Link, format string) error {
	if format != "json" && format != "csv" && format != "zip" {
		return akkoord.Fieldf("export", "form_invalid", "The file is json, csv or zip.")
	}
	record, err := s.Consents.ExportPerson(c.Request().Context(), akkoord.ActorPerson, link.Subscriber, "")
	if err != nil {
		return err
	}
	var file bytes.Buffer
	kind := "text/csv; charset=utf-8"
	switch format {
	case "csv":
		err = record.WriteCSV(&file)
	case "zip":
		kind = "application/zip"
		err = record.WriteZIP(&file)
	default:
		kind = echo.MIMEApplicationJSON
		err = record.WriteJSON(&file)
	}
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="akkoord.`+format+`"`)
	return c.Blob(http.StatusOK, kind, file.Bytes())
}
