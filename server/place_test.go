package server_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"akkoord"
	"akkoord/server"
)

// M24: where neither the person nor the browser names a language, the place
// that a request comes from does, among those that the form has in full.
func TestThePlaceSaysTheLanguageLast(t *testing.T) {
	asked := 0
	s := newSite(t, func(c *server.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
		c.Country = func(a netip.Addr) string {
			asked++
			for network, country := range map[string]string{
				"192.0.2.0/26": "NL", "192.0.2.64/26": "BE", "192.0.2.128/26": "CH", "192.0.2.192/26": "LU", "198.51.100.0/25": "FR", "198.51.100.128/25": "ES", "203.0.113.0/24": "AT", "2001:db8::/32": "DE",
			} {
				if netip.MustParsePrefix(network).Contains(a) {
					return country
				}
			}
			return ""
		}
	})
	all := map[string]akkoord.PurposeText{}
	for _, locale := range akkoord.Locales {
		all[locale] = akkoord.PurposeText{Name: "News " + locale, Explanation: "We use your address for this.", Wording: "Yes, mail me news, " + locale + "."}
	}
	french := map[string]akkoord.PurposeText{"nl": all["nl"], "fr": all["fr"]}
	for slug, texts := range map[string]map[string]akkoord.PurposeText{"everywhere": all, "north": french} {
		if _, err := s.store.PutPurpose(t.Context(), akkoord.ActorSystem, akkoord.Purpose{Slug: slug, Basis: akkoord.BasisConsent, Texts: texts}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.store.PutForm(t.Context(), akkoord.ActorSystem, akkoord.Form{Slug: slug, Version: akkoord.FormVersion{Purposes: []string{slug}, Challenge: "none"}}); err != nil {
			t.Fatal(err)
		}
	}
	dutch := s.subscribe("a@voorbeeld.example", "travel-news")
	for name, tt := range map[string]struct {
		from, path, browser, forwarded string
		want                           string
		unasked                        bool // the place isn't looked up
	}{
		"the Netherlands":                  {from: "192.0.2.1", path: "/f/everywhere", want: "nl"},
		"France":                           {from: "198.51.100.1", path: "/f/everywhere", want: "fr"},
		"Germany, over IPv6":               {from: "2001:db8::1", path: "/f/everywhere", want: "de"},
		"Austria":                          {from: "203.0.113.1", path: "/f/everywhere", want: "de"},
		"Switzerland":                      {from: "192.0.2.129", path: "/f/everywhere", want: "de"},
		"Switzerland, a form without":      {from: "192.0.2.129", path: "/f/north", want: "fr"},
		"Luxembourg":                       {from: "192.0.2.193", path: "/f/everywhere", want: "fr"},
		"Belgium":                          {from: "192.0.2.65", path: "/f/everywhere", want: "nl"},
		"Belgium, by the browser":          {from: "192.0.2.65", path: "/f/everywhere", browser: "fr-BE", want: "fr", unasked: true},
		"a browser of no use":              {from: "198.51.100.1", path: "/f/everywhere", browser: "sv", want: "fr"},
		"Spain":                            {from: "198.51.100.200", path: "/f/everywhere", want: "en"},
		"Spain, a form without English":    {from: "198.51.100.200", path: "/f/north", want: "nl"},
		"France, a form without French":    {from: "198.51.100.1", path: "/f/home", want: "en"},
		"nowhere":                          {from: "127.0.0.1", path: "/f/everywhere", want: "nl"},
		"the choice":                       {from: "198.51.100.1", path: "/f/everywhere?locale=de", want: "de", unasked: true},
		"the person's":                     {from: "198.51.100.1", path: "/preferences/" + s.token(akkoord.Link{Kind: akkoord.LinkPreferences, Subscriber: dutch.PublicID}), want: "nl", unasked: true},
		"a page of no form":                {from: "198.51.100.1", path: "/privacy", want: "fr"},
		"an error":                         {from: "203.0.113.1", path: "/f/none", want: "de"},
		"by a trusted proxy":               {from: "10.0.0.1", path: "/f/everywhere", forwarded: "198.51.100.1", want: "fr"},
		"by a trusted proxy, from nowhere": {from: "10.0.0.1", path: "/f/everywhere", forwarded: "what", want: "nl"},
		"by nobody's proxy":                {from: "198.51.100.1", path: "/f/everywhere", forwarded: "203.0.113.1", want: "nl", unasked: true},
	} {
		t.Run(name, func(t *testing.T) {
			asked = 0
			r := httptest.NewRequest(http.MethodGet, tt.path, nil)
			r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(tt.from), 4711).String()
			for field, value := range map[string]string{"Accept-Language": tt.browser, "X-Forwarded-For": tt.forwarded} {
				if value != "" {
					r.Header.Set(field, value)
				}
			}
			if r.TLS = new(tls.ConnectionState); tt.from == "10.0.0.1" {
				r.TLS = nil
				r.Header.Set("X-Forwarded-Proto", "https")
			}
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if got := w.Header().Get("Content-Language"); got != tt.want {
				t.Errorf("%d in %q, not %q", w.Code, got, tt.want)
			}
			if tt.unasked && asked > 0 {
				t.Error("the place was looked up for nothing")
			}
			if strings.Contains(s.log.String(), tt.from) && tt.from != "127.0.0.1" {
				t.Error("the log holds the address")
			}
		})
	}
	// The mail that follows is in that language too.
	r := httptest.NewRequest(http.MethodPost, "/f/everywhere", strings.NewReader(url.Values{"email": {"luc@voorbeeld.example"}, "purpose": {"everywhere"}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.RemoteAddr, r.TLS = "198.51.100.1:4711", new(tls.ConnectionState)
	s.ServeHTTP(httptest.NewRecorder(), r)
	if got := s.standing("luc@voorbeeld.example").Subscriber.Locale; got != "fr" {
		t.Errorf("the person's language is %q", got)
	}
}
