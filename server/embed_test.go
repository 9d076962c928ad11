package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"

	"akkoord"
	"akkoord/server"
)

// A page of somebody else's places the form by one line (M10). A browser shows it there in
// the page's language with no box ticked, says what is wrong at its field, and signs up;
// a page that is not among the form's sites is told where the form stands.
func TestAFormInAPageOfTheOwnersOwnSignsUpM10(t *testing.T) {
	product := httptest.NewUnstartedServer(nil)
	base := "http://" + product.Listener.Addr().String()
	s := newSite(t, func(c *server.Config) { c.BaseURL = base })
	product.Config.Handler = s.Server
	product.Start()
	t.Cleanup(product.Close)
	page := func(form string) *httptest.Server {
		host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Security-Policy", fmt.Sprintf("default-src 'none'; script-src %s; style-src %s; connect-src %s", base, base, base))
			fmt.Fprintf(w, `<!doctype html><html lang="en-GB"><title>Ours</title><h1>Ours</h1><script async src="%s/embed/%s.js"></script>`, base, form)
		}))
		t.Cleanup(host.Close)
		return host
	}
	ours, theirs := page("ours"), page("home")
	hostile := `<img src=x onerror="document.title='ran'"></script><script>document.title='ran'</script>`
	if _, err := s.store.PutForm(t.Context(), akkoord.ActorSystem, akkoord.Form{Slug: "ours", Version: akkoord.FormVersion{
		Purposes: []string{"travel-news", "ski-offers"}, Challenge: "none", Origins: []string{ours.URL}, Texts: map[string]akkoord.FormText{"en": {Title: "Write me", Intro: hostile}},
	}}); err != nil {
		t.Fatal(err)
	}

	l := launcher.New().Bin("/usr/bin/chromium").Headless(true).NoSandbox(true).Leakless(false).UserDataDir(t.TempDir()).
		Set("disable-gpu").Set("disable-quic").Set("no-first-run").Set("disable-background-networking").Set("disable-component-update").Set("disable-sync")
	control, err := l.Launch()
	if err != nil {
		t.Fatal(err)
	}
	browser := rod.New().ControlURL(control).MustConnect()
	t.Cleanup(func() { browser.MustClose(); l.Kill(); l.Cleanup() })
	p := browser.MustPage(ours.URL).Timeout(time.Minute)
	const root = `document.querySelector('script ~ div').shadowRoot`
	p.MustWait(`() => !!document.querySelector('script ~ div')?.shadowRoot.querySelector('form')`)
	in := func(js string) string { return p.MustEval(`() => String(` + root + js + `)`).Str() }
	if got := in(`.querySelector('h2').textContent`); got != "Write me" {
		t.Errorf("the title is %q", got)
	}
	if got := in(`.querySelectorAll(':checked').length`); got != "0" {
		t.Errorf("%s boxes are ticked", got)
	}
	if got := in(`.textContent`); !strings.Contains(got, "Yes, mail me travel-news.") || !strings.Contains(got, hostile) {
		t.Errorf("the form says %q", got)
	}
	for _, href := range p.MustEval(`() => [...` + root + `.querySelectorAll('a')].map(a => a.getAttribute('href'))`).Arr() {
		if !strings.HasPrefix(href.Str(), base+"/") {
			t.Errorf("a link leads to %s", href)
		}
	}

	p.MustEval(`() => { ` + root + `.querySelector('[name=email]').value = 'noor@voorbeeld.example' }`)
	p.MustEval(`() => ` + root + `.querySelector('form').requestSubmit()`)
	p.MustWait(`() => !` + root + `.querySelector('.summary').hidden`)
	if got := in(`.querySelector('.summary').textContent`); !strings.Contains(got, "Tick at least one box") {
		t.Errorf("without a box: %q", got)
	}
	if got := in(`.querySelector('[name=purpose]').ariaInvalid`); got != "true" {
		t.Errorf("the boxes are marked %q", got)
	}
	if got := in(`.querySelector('[name=email]').value`); got != "noor@voorbeeld.example" {
		t.Errorf("what was typed became %q", got)
	}
	p.MustEval(`() => ` + root + `.querySelector('[value=travel-news]').click()`)
	p.MustEval(`() => ` + root + `.querySelector('form').requestSubmit()`)
	p.MustWait(`() => !` + root + `.querySelector('.sent').hidden`)
	if got := p.MustInfo().Title; got != "Ours" {
		t.Errorf("a text of the form ran: %s", got)
	}
	email, err := akkoord.ParseEmail("noor@voorbeeld.example")
	if err != nil {
		t.Fatal(err)
	}
	st, err := s.store.StandingByEmail(t.Context(), email)
	if err != nil || len(st.Subscriptions) != 1 || st.Subscriptions[0].State != akkoord.Pending || st.Subscriptions[0].Locale != "en" {
		t.Errorf("stored: %+v %v", st.Subscriptions, err)
	}

	p.MustNavigate(theirs.URL)
	p.MustWait(`() => !!document.querySelector('script ~ div')?.shadowRoot.querySelector('form')`)
	p.MustEval(`() => { ` + root + `.querySelector('[name=email]').value = 'mo@voorbeeld.example'; ` + root + `.querySelector('[value=travel-news]').click(); ` + root + `.querySelector('form').requestSubmit() }`)
	p.MustWait(`() => !` + root + `.querySelector('.unsent').hidden`)
	if got := in(`.querySelector('.unsent a').href`); got != base+"/f/home" {
		t.Errorf("a site that is not listed is sent to %s", got)
	}
}

// The script of a form that there is not, and a name that is no script, are told so.
func TestAScriptOfNoFormIsNotFound(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/embed/none.js", "/embed/home", "/embed/.js", "/embed/home.js.js", "/embed/" + strings.Repeat("a", 300) + ".js"} {
		if a := s.do("GET", path, ""); a.Status != http.StatusNotFound {
			t.Errorf("GET %s answers %d", path, a.Status)
		}
	}
	a := s.do("GET", "/embed/home.js", "")
	if a.Status != http.StatusOK || a.Header.Get("Content-Type") != "text/javascript; charset=utf-8" || a.Header.Get("Set-Cookie") != "" {
		t.Errorf("the script: %d %v", a.Status, a.Header)
	}
	if again := s.do("GET", "/embed/home.js", "", header{"If-None-Match", a.Header.Get("Etag")}); again.Status != http.StatusNotModified {
		t.Errorf("asked again it answers %d", again.Status)
	}
}
