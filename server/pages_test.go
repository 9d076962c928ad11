package server_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"akkoord"
	"akkoord/server"
	"akkoord/templates"
)

// F.18: what every answer says to the browser, whatever the route and outcome.
func TestSecurityFieldsStandOnEveryAnswer(t *testing.T) {
	s := newSite(t, func(c *server.Config) {
		c.BaseURL = "https://mail.zonvaart.example"
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	link := s.token(s.request("a@voorbeeld.example", "travel-news"))
	for _, route := range []string{
		"GET /", "GET /f/home", "HEAD /f/home", "POST /f/home", "OPTIONS /f/home", "PUT /f/home", "GET /f/other", "GET /f/home/check-your-mail",
		"GET /confirm/" + link, "POST /confirm/" + link, "PUT /confirm/" + link, "GET /confirm/x", "POST /confirm/" + link + "/resend",
		"GET /unsubscribe/x", "POST /unsubscribe/x", "GET /preferences/x", "GET /view/x", "GET /archive/x", "GET /archive/travel-news", "GET /archive/travel-news/feed.xml", "GET /archive/travel-news/x", "GET /privacy", "GET /privacy/9", "GET /embed/home.js", "GET /nothing", "GET //evil.example/%2f..",
	} {
		method, path, _ := strings.Cut(route, " ")
		a := s.do(method, path, "", header{"X-Forwarded-Proto", "https"}, header{"X-Forwarded-Host", "evil.example"}, header{"Host", "evil.example"})
		want := map[string]string{
			"Content-Security-Policy":   "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
			"X-Content-Type-Options":    "nosniff",
			"Referrer-Policy":           "no-referrer",
			"X-Robots-Tag":              "noindex, nofollow",
			"Cache-Control":             "no-store",
			"Strict-Transport-Security": "max-age=31536000",
			"Set-Cookie":                "",
		}
		if path == "/embed/home.js" { // a script for everybody's pages, as those under /static/ are
			want["X-Robots-Tag"], want["Cache-Control"] = "", "public, max-age=60"
		}
		got := map[string]string{}
		for name := range want {
			got[name] = strings.Join(a.Header.Values(name), " | ")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%.40s: %s", route, diff)
		}
		if a.Status >= 500 || strings.Contains(a.Body+a.Header.Get("Location"), "evil.example") { // G.10
			t.Errorf("%.40s: %d, or the Host field came back", route, a.Status)
		}
		if strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") && (a.Header.Get("Content-Language") == "" || !strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Accept-Language")) {
			t.Errorf("%.40s: %v", route, a.Header)
		}
	}
}

// M25: personal data goes over https, or never leaves the machine.
func TestPlainHTTPIsRefusedButOnLoopback(t *testing.T) {
	s := newSite(t, func(c *server.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.1/32")}
	})
	https, http2 := header{"X-Forwarded-Proto", "https"}, header{"X-Forwarded-Proto", "http"}
	for name, tt := range map[string]struct {
		headers []header
		status  int
	}{
		"loopback":                     {[]header{{"peer", "127.0.0.1:1"}}, 200},
		"loopback v6":                  {[]header{{"peer", "[::1]:1"}}, 200},
		"mapped loopback":              {[]header{{"peer", "[::ffff:127.0.0.2]:1"}}, 200},
		"outside":                      {[]header{{"peer", "192.0.2.1:1"}}, 403},
		"outside that claims https":    {[]header{{"peer", "192.0.2.1:1"}, https}, 403},
		"proxy with https":             {[]header{{"peer", "10.0.0.1:1"}, https}, 200},
		"proxy with http":              {[]header{{"peer", "10.0.0.1:1"}, http2}, 403},
		"proxy that does not say":      {[]header{{"peer", "10.0.0.1:1"}}, 403},
		"loopback proxy with http":     {[]header{{"peer", "127.0.0.1:1"}, http2}, 403},
		"loopback proxy with https":    {[]header{{"peer", "127.0.0.1:1"}, https}, 200},
		"a peer without address":       {[]header{{"peer", "@"}}, 403},
		"private but no trusted proxy": {[]header{{"peer", "192.168.0.1:1"}, https}, 403},
	} {
		for _, path := range []string{"/", "/f/home", "/privacy"} {
			if a := s.get(path, tt.headers...); a.Status != tt.status {
				t.Errorf("%s: %s: %d", name, path, a.Status)
			}
		}
		if a := s.get("/static/css/akkoord.css", tt.headers...); a.Status != 200 {
			t.Errorf("%s: style sheet: %d", name, a.Status)
		}
	}
	if a := s.post("/f/home", nil, header{"peer", "192.0.2.1:1"}, asJSON); a.problem(t).Code != "https_required" {
		t.Error(a.Body)
	}
}

func TestStaticFilesAreFoundAgainByTheirHash(t *testing.T) {
	s := newSite(t)
	for path, kind := range map[string]string{
		"/static/css/akkoord.css": "text/css; charset=utf-8", "/static/css/tokens.css": "text/css; charset=utf-8",
		"/static/icons.svg": "image/svg+xml", "/static/img/mark.svg": "image/svg+xml",
	} {
		a := s.get(path)
		if a.Status != 200 || a.Header.Get("Content-Type") != kind || a.Header.Get("Cache-Control") != "public, max-age=3600" || a.Body == "" {
			t.Errorf("%s: %d %v", path, a.Status, a.Header)
		}
		if b := s.get(path, header{"If-None-Match", a.Header.Get("Etag")}); b.Status != 304 || b.Body != "" {
			t.Errorf("%s: again: %d", path, b.Status)
		}
		if b := s.get(path + "?v=" + strings.Trim(a.Header.Get("Etag"), `"`)); !strings.Contains(b.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: by hash: %v", path, b.Header)
		}
	}
	for _, path := range []string{"/static/", "/static/brand.css", "/static/brand-b8400e-0.css", "/static/brand-red-1.css", "/static/brand-b8400e;-1.css", "/static/css", "/static/embed.go", "/static/../server.go", "/static/%2e%2e/go.mod"} {
		if a := s.get(path); a.Status != 404 {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
}

// A change of the brand is on the next page, under names that nobody has kept from
// before (issue 7.3).
func TestABrandIsSeenWithTheNextPage(t *testing.T) {
	var brand atomic.Pointer[templates.Brand]
	brand.Store(&templates.Brand{})
	s := newSite(t, func(c *server.Config) { c.Brand = func() templates.Brand { return *brand.Load() } })
	if page := s.get("/privacy?locale=en").Body; strings.Contains(page, "brand-") {
		t.Error("without a brand a page asks for its style sheet")
	}
	id := akkoord.ID{7}
	for _, accent := range []string{"#b8400e", "#0a6b49"} {
		b := templates.BrandOf(akkoord.Brand{Accent: accent, Logo: akkoord.Logo{Image: id, Width: 288, Height: 144, Alt: "Zonvaart <b>"}})
		brand.Store(&b)
		sheet := "/static/brand-" + accent[1:] + "-1.css"
		for _, path := range []string{"/privacy?locale=en", "/your-data?locale=en", "/f/home?locale=en"} {
			page := s.get(path).Body
			for _, want := range []string{`<link rel="stylesheet" href="` + sheet + `">`, `<img class="logo" src="/media/` + id.String() + `" width="72" height="36" alt="Zonvaart &lt;b&gt;">`} {
				if !strings.Contains(page, want) {
					t.Errorf("%s lacks %s", path, want)
				}
			}
		}
		a := s.get(sheet)
		if a.Status != 200 || !strings.Contains(a.Body, "--accent: "+accent) || a.Header.Get("Content-Type") != "text/css; charset=utf-8" || !strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v %s", sheet, a.Status, a.Header, a.Body)
		}
	}
}

// Who asks for colour after colour keeps no processor busy, and takes the style sheet
// of the brand from nobody.
func TestFewStyleSheetsOfOtherColoursAreWritten(t *testing.T) {
	s := newSite(t, func(c *server.Config) {
		c.Brand = func() templates.Brand { return templates.Brand{Accent: "#b8400e"} }
	})
	answers := map[int]int{}
	for n := range 40 {
		answers[s.get(fmt.Sprintf("/static/brand-%06x-1.css", n)).Status]++
	}
	if answers[200] != 20 || answers[429] != 20 {
		t.Errorf("other colours: %v", answers)
	}
	if a := s.get("/static/brand-b8400e-1.css"); a.Status != 200 {
		t.Errorf("the colour in force: %d", a.Status)
	}
}

func TestMediaIsServedAsWhatItIs(t *testing.T) {
	s := newSite(t)
	img, err := s.store.PutImage(t.Context(), akkoord.ActorSystem, akkoord.Image{ContentType: "image/png", Data: []byte("\x89PNG\r\n\x1a\n<script>")})
	if err != nil {
		t.Fatal(err)
	}
	a := s.get("/media/" + img.PublicID.String())
	if a.Status != 200 || a.Header.Get("Content-Type") != "image/png" || !strings.Contains(a.Header.Get("Cache-Control"), "immutable") || a.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %v", a.Status, a.Header)
	}
	for _, id := range []string{"x", akkoord.ID{1}.String()} {
		if a := s.get("/media/" + id); a.Status != 404 {
			t.Errorf("%s: %d", id, a.Status)
		}
	}
}

// M5: the statement is versioned: a changed purpose makes a new one, and each
// sign-up keeps the one then in force.
func TestThePrivacyStatementIsVersioned(t *testing.T) {
	s := newSite(t)
	if a := s.get("/privacy?locale=en"); a.Status != 200 || !strings.Contains(a.Body, "Zonvaart Reizen B.V.") || !strings.Contains(a.Body, "travel-news") {
		t.Fatalf("%d", a.Status)
	}
	if _, err := s.store.AddPurposeTexts(t.Context(), akkoord.ActorSystem, "travel-news", map[string]akkoord.PurposeText{"nl": {Name: "Nieuws", Explanation: "Anders.", Wording: "Ja!"}}, akkoord.WordingChange{Kind: akkoord.WordingCorrection, Reason: "clearer words"}); err != nil {
		t.Fatal(err)
	}
	s.request("a@voorbeeld.example", "travel-news")
	events, err := s.store.EventsOf(t.Context(), s.standing("a@voorbeeld.example").Subscriber.PublicID)
	if err != nil || events[0].PrivacyVersion != 2 || events[0].WordingVersion != 2 {
		t.Errorf("%+v %v", events, err)
	}
	if a := s.get("/privacy/1?locale=nl"); a.Status != 200 || strings.Contains(a.Body, "Anders.") {
		t.Errorf("the older one: %d", a.Status)
	}
	if a := s.get("/privacy"); a.Status != 200 || !strings.Contains(a.Body, `/privacy/1`) {
		t.Errorf("the newer one: %d", a.Status)
	}
	for _, v := range []string{"0", "-1", "9", "x", "1e9"} {
		if a := s.get("/privacy/" + v); a.Status != 404 {
			t.Errorf("version %s: %d", v, a.Status)
		}
	}
}

// design.md rule 14: a form is public only in languages that have all texts.
func TestAFormIsShownOnlyInLanguagesThatItHas(t *testing.T) {
	s := newSite(t)
	if _, err := s.store.PutPurpose(t.Context(), akkoord.ActorSystem, akkoord.Purpose{Slug: "dutch", Basis: akkoord.BasisConsent,
		Texts: map[string]akkoord.PurposeText{"nl": {Name: "Nieuws", Explanation: "Uitleg.", Wording: "Ja!"}}}); err != nil {
		t.Fatal(err)
	}
	form := akkoord.FormVersion{Purposes: []string{"travel-news", "dutch"}, Challenge: "none"}
	if _, err := s.store.PutForm(t.Context(), akkoord.ActorSystem, akkoord.Form{Slug: "dutch", Version: form}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/f/dutch?locale=en", "/f/dutch?locale=../../etc", "/f/dutch"} {
		if a := s.get(path, header{"Accept-Language", "en"}); a.Status != 200 || a.Header.Get("Content-Language") != "nl" || strings.Contains(a.Body, "?locale=en") {
			t.Errorf("%s: %d %s", path, a.Status, a.Header.Get("Content-Language"))
		}
	}
}

type drawn struct{}

func (drawn) Web(_ context.Context, m akkoord.Mailing, p akkoord.Standing) ([]byte, error) {
	if m.ID == 0 {
		return nil, errors.New("no mailing")
	}
	return []byte("<!doctype html><p>" + m.Content.Subject + " " + p.Subscriber.Name), nil
}

func (drawn) BackIssue(_ context.Context, i akkoord.BackIssue, _ akkoord.Purpose, _, _ string) (akkoord.BackIssuePage, error) {
	return akkoord.BackIssuePage{HTML: []byte("<!doctype html><p>" + i.Content.Subject)}, nil
}

// L4: a mail shown as a page runs nothing and has no origin.
func TestAMailAsAPageIsBoxedIn(t *testing.T) {
	s := newSite(t, func(c *server.Config) { c.View = drawn{} })
	m, err := s.store.PutMailing(t.Context(), akkoord.ActorSystem, akkoord.Mailing{CampaignID: s.campaign.ID, Content: akkoord.Content{Subject: "Sneeuw", Markdown: "Hallo"}})
	if err != nil {
		t.Fatal(err)
	}
	person := s.subscribe("a@voorbeeld.example", "travel-news")
	at := func(mailing int64, id akkoord.ID) string {
		return "/view/" + s.token(akkoord.Link{Kind: akkoord.LinkView, Subscriber: id, Mailing: mailing, Campaign: s.campaign.ID})
	}
	a := s.get(at(m.ID, person.PublicID))
	if policy := a.Header.Get("Content-Security-Policy"); a.Status != 200 || !strings.Contains(a.Body, "Sneeuw") || !strings.Contains(policy, "sandbox") || !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "script") {
		t.Errorf("%d %v", a.Status, a.Header)
	}
	for name, path := range map[string]string{"no such mailing": at(99, person.PublicID), "no such person": at(m.ID, akkoord.ID{7})} {
		if a := s.get(path); a.Status != 404 {
			t.Errorf("%s: %d", name, a.Status)
		}
	}
}

// A client that is gone, a closed store and a handler that panics: an honest
// answer, and a log without tokens and addresses (F.19, P32).
func TestFaultsAreAnsweredAndLoggedWithoutPersonalData(t *testing.T) {
	s := newSite(t, func(c *server.Config) {
		c.API = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("anouk@voorbeeld.example") })
	})
	token := s.token(s.request("anouk@voorbeeld.example", "travel-news"))
	s.get("/confirm/"+token, header{"Authorization", "Bearer akk_secret"})
	a := s.get("/api/v1/people?email=anouk@voorbeeld.example", asJSON)
	if a.Status != 500 || a.problem(t).Code != "internal" || a.Header.Get("X-Request-Id") == "" || strings.Contains(a.Body, "goroutine") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	s.close()
	if a := s.post("/f/home", map[string][]string{"email": {"b@voorbeeld.example"}, "purpose": {"travel-news"}}); a.Status != 503 || a.Header.Get("Retry-After") == "" {
		t.Errorf("closed store: %d %s", a.Status, a.Body)
	}
	for _, secret := range []string{"voorbeeld.example", token, token[:40], "akk_secret"} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log holds %.20s", secret)
		}
	}
	if !strings.Contains(s.log.String(), "route=/confirm/:token") || !strings.Contains(s.log.String(), a.Header.Get("X-Request-Id")) {
		t.Error("the log lacks the route or the id that the visitor saw")
	}
}

// P31: slow clients are cut off.
func TestTheServerHasTimeLimits(t *testing.T) {
	h := newSite(t).HTTP()
	if h.ReadHeaderTimeout <= 0 || h.ReadTimeout <= 0 || h.WriteTimeout <= 0 || h.IdleTimeout <= 0 || h.MaxHeaderBytes > 64<<10 || h.Handler == nil {
		t.Errorf("%+v", h)
	}
}

func TestASettingThatCantWorkIsRefused(t *testing.T) {
	for _, u := range []string{"", "mail.example.org", "ftp://mail.example.org", "https://"} {
		if _, err := server.New(server.Config{BaseURL: u}); err == nil || !strings.Contains(err.Error(), "AKKOORD_URL") {
			t.Errorf("%q: %v", u, err)
		}
	}
}

// Neither site waits for ever for a client that sends slowly (P31).
func TestSlowClientsAreCutOff(t *testing.T) {
	s := newSite(t)
	for name, h := range map[string]*http.Server{"public": s.HTTP(), "ops": s.OpsHTTP()} {
		if h.ReadHeaderTimeout <= 0 || h.ReadTimeout <= 0 || h.WriteTimeout <= 0 || h.IdleTimeout <= 0 {
			t.Errorf("%s: %v %v %v %v", name, h.ReadHeaderTimeout, h.ReadTimeout, h.WriteTimeout, h.IdleTimeout)
		}
	}
}
