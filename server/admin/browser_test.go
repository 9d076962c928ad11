package admin_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/proto"

	"akkoord"
	"akkoord/static"
)

// opened gives a tab of a real browser, without JavaScript.
func (f *fixture) opened() (*rod.Browser, *rod.Page) {
	f.t.Helper()
	l := launcher.New().Bin("/usr/bin/chromium").Headless(true).NoSandbox(true).Leakless(false).UserDataDir(f.t.TempDir()).
		Set("disable-gpu").Set("disable-quic").Set("no-first-run").Set("disable-background-networking").Set("disable-component-update").Set("disable-sync")
	u, err := l.Launch()
	f.check(err)
	b := rod.New().ControlURL(u)
	f.check(b.Connect())
	f.t.Cleanup(func() {
		f.check(b.Close())
		l.Kill()
		l.Cleanup()
	})
	p, err := b.Page(proto.TargetCreateTarget{})
	f.check(err)
	p = p.Timeout(5 * time.Minute)
	f.check(proto.EmulationSetScriptExecutionDisabled{Value: true}.Call(p))
	return b, p
}

// served gives the address of the site with the files that its pages load; between
// looks at what is asked first, and reports whether it answered.
func (f *fixture) served(between func(http.ResponseWriter, *http.Request) bool) string {
	f.t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/static/", http.StripPrefix("/static/", http.FileServerFS(static.FS)))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if between == nil || !between(w, r) {
			f.site.ServeHTTP(w, r)
		}
	})
	server := httptest.NewServer(mux)
	f.t.Cleanup(server.Close)
	return server.URL
}

// In a browser without JavaScript: somebody who logged in a while ago takes a
// person's data away, shows the password again, of which a wrong one is refused at its
// field, and has the file with what they had typed; then sees the session of another
// browser and ends it (P27, ASVS 7.5.3).
func TestAProofAndASessionInABrowserWithoutJavaScript(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	person := f.person("kanarie@voorbeeld.example").PublicID.String()
	f.staff("femke@zonvaart.example", akkoord.RoleDPO)
	other := f.browser()
	other.send("POST", "/admin/login", "email=femke%40zonvaart.example&password="+strings.ReplaceAll(goodPassword, " ", "+"), phone)
	other.get("/admin")
	site := f.served(nil)
	b, p := f.opened()
	focus := func(selector string) { p.MustEval(`s => document.querySelector(s).focus()`, selector) }
	loads := func(act func()) {
		t.Helper()
		loaded := p.WaitNavigation(proto.PageLifecycleEventNameLoad)
		act()
		loaded()
	}
	goTo := func(path string) { loads(func() { p.MustNavigate(site + path) }) }
	fill := func(selector, text string) { focus(selector); p.MustInsertText(text) }
	press := func(selector string) {
		focus(selector)
		loads(func() { p.Keyboard.MustType(input.Enter) })
	}
	if err := rod.Try(func() {
		goTo("/admin/login")
		fill("#email", "femke@zonvaart.example")
		fill("#password", goodPassword)
		press("main button[type=submit]")
		goTo("/admin/people/" + person)
		f.advance(akkoord.Limits.ProofWindow + time.Minute)
		fill("#take-reason", `She asked for "all" by phone.`)
		press("button[name=what][value=json]")
		fill("#proof", "iets heel anders")
		press("main button[type=submit]")
		if !p.MustHas("#proof-e") {
			t.Errorf("a wrong password is not refused at its field: %s", p.MustHTML())
		}
		fill("#proof", goodPassword)
		taken := b.MustWaitDownload()
		focus("main button[type=submit]")
		p.Keyboard.MustType(input.Enter)
		if got := string(taken()); !strings.Contains(got, "kanarie@voorbeeld.example") {
			t.Errorf("what was taken is %.200s", got)
		}
		goTo("/admin/account/sessions")
		if text := p.MustElement("main").MustText(); !strings.Contains(text, "Safari, iPhone") || !strings.Contains(text, "Chrome, ") {
			t.Errorf("the sessions are %s", text)
		}
		press("button[value=end]")
		if n := len(p.MustElements("main section")); n != 1 {
			t.Errorf("%d cards are left: %s", n, p.MustElement("main").MustText())
		}
	}); err != nil {
		t.Fatal(err)
	}
	if r := other.send("GET", "/admin", ""); r.status != http.StatusSeeOther {
		t.Errorf("the session that was ended: %d", r.status)
	}
	entries, _, err := f.store.AuditTrail(t.Context(), akkoord.Page{})
	f.check(err)
	said := false
	for _, e := range entries {
		said = said || e.Action == "subscriber.export" && strings.Contains(e.Note, `She asked for "all" by phone.`)
	}
	if !said {
		t.Error("the reason that was typed before the proof is not in the trail")
	}
}
