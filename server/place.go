package server

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"
)

// match chooses a language (M24): an explicit choice, else the person's, else
// the browser's, else one of the place that the request comes from, else first,
// else English. With only given, it chooses among these.
func (s *Server) match(c echo.Context, choice, person, first string, only ...string) string {
	if locale := s.Pages.Wish(choice, person, c.Request().Header.Get(byLanguage), only...); locale != "" {
		return locale
	}
	for _, spoken := range spokenIn(s.country(c.Request())) {
		if locale := s.Pages.Wish(spoken, "", "", only...); locale != "" {
			return locale
		}
	}
	return s.Pages.Match("", "", "", first, only...)
}

// country gives the country that a request comes from, or "". The address is
// looked up and forgotten. Where a proxy that nobody vouches for stands between,
// neither its address nor its word says where the visitor is.
func (s *Server) country(r *http.Request) string {
	if s.Country == nil || r.Header.Get(echo.HeaderXForwardedFor) != "" && !s.trusts(peer(r)) {
		return ""
	}
	return s.Country(s.client(r))
}

// spoken lists the languages of a country that pages exist in, the most likely
// first. Elsewhere English is the best guess.
var spoken = map[string][]string{
	"NL": {"nl"}, "SR": {"nl"}, "AW": {"nl"}, "BQ": {"nl"}, "CW": {"nl"}, "SX": {"nl", "en"},
	"BE": {"nl", "fr", "de"}, "LU": {"fr", "de"}, "CH": {"de", "fr"},
	"DE": {"de"}, "AT": {"de"}, "LI": {"de"},
	"FR": {"fr"}, "MC": {"fr"}, "GP": {"fr"}, "MQ": {"fr"}, "GF": {"fr"}, "RE": {"fr"}, "YT": {"fr"}, "PM": {"fr"}, "BL": {"fr"}, "MF": {"fr"},
	"WF": {"fr"}, "PF": {"fr"}, "NC": {"fr"}, "HT": {"fr"}, "SN": {"fr"}, "CI": {"fr"}, "ML": {"fr"}, "BF": {"fr"}, "NE": {"fr"}, "TG": {"fr"},
	"BJ": {"fr"}, "GN": {"fr"}, "CD": {"fr"}, "CG": {"fr"}, "GA": {"fr"}, "CF": {"fr"}, "TD": {"fr"}, "DJ": {"fr"}, "KM": {"fr"}, "MG": {"fr"},
	"CM": {"fr"}, "BI": {"fr"}, "MA": {"fr"}, "DZ": {"fr"}, "TN": {"fr"},
}

// spokenIn gives the languages to try for a country; none for an unknown one.
func spokenIn(country string) []string {
	if country == "" {
		return nil
	}
	return append(slices.Clone(spoken[country]), "en")
}
