package admin_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"

	"akkoord"
)

// In a browser with JavaScript the number and the words follow what is typed, under the
// policy of the page: an answer that comes late is dropped, what is half typed is said
// beside its condition, and where counting fails the page says so (M15). Nothing is
// stored by it.
func TestASegmentIsCountedWhileItIsTyped(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	f.person("anouk@voorbeeld.example")
	f.person("bram@voorbeeld.example")
	f.staff("femke@zonvaart.example", akkoord.RoleManager)
	var hold, fail atomic.Bool
	held, release := make(chan struct{}), make(chan struct{})
	site := f.served(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost || r.URL.Path != "/admin/segments" {
			return false
		}
		if fail.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return true
		}
		if hold.CompareAndSwap(true, false) {
			close(held)
			<-release
		}
		return false
	})
	_, p := f.opened()
	f.check(proto.EmulationSetScriptExecutionDisabled{}.Call(p))
	loads := func(act func()) {
		t.Helper()
		loaded := p.WaitNavigation(proto.PageLifecycleEventNameLoad)
		act()
		loaded()
	}
	goTo := func(path string) { loads(func() { p.MustNavigate(site + path) }) }
	press := func(selector string) {
		p.MustEval(`s => document.querySelector(s).focus()`, selector)
		loads(func() { p.Keyboard.MustType(input.Enter) })
	}
	add := func(kind string) {
		t.Helper()
		p.MustEval(`kind => { document.getElementById('add').value = kind }`, kind)
		press("button[value=add]")
		p.MustEval(`() => { window.same = true }`)
	}
	choose := func(id, value string) {
		p.MustEval(`(id, value) => { const e = document.getElementById(id); e.value = value; e.dispatchEvent(new Event('input', {bubbles: true})) }`, id, value)
	}
	says := func(part, want string) {
		t.Helper()
		if err := rod.Try(func() {
			p.MustWait(`(part, want) => document.querySelector(part)?.textContent.replaceAll(/\s+/g, ' ').includes(want)`, part, want)
		}); err != nil {
			t.Fatalf("%s does not say %q: %s", part, want, p.MustElement("main").MustText())
		}
	}
	if err := rod.Try(func() {
		goTo("/admin/login")
		for selector, text := range map[string]string{"#email": "femke@zonvaart.example", "#password": goodPassword} {
			p.MustElement(selector).MustFocus()
			p.MustInsertText(text)
		}
		press("main button[type=submit]")
		goTo("/admin/segments/new?purpose=travel-news")
		says("#count", "2 people can be mailed now.")
		add("locale")
		choose("text-0", "de")
		says("#count", "0 people can be mailed now.")
		says("#words", "reads Deutsch")
		says("#as-of", "as of ")

		hold.Store(true)
		choose("text-0", "nl")
		<-held
		says("#count", "Still counting.")
		choose("not-0", "1")
		says("#words", "not: reads Nederlands")
		says("#count", "0 people")
		close(release)
		choose("not-0", "")
		says("#count", "2 people")

		add("active_within_days")
		choose("days-1", "")
		says("#row-1 > legend + .error", "Fill in this condition completely.")
		says("#count", "One of the conditions is not complete yet")
		choose("days-1", "3")
		says("#words", "within the last 3 days")
		says("#count", "0 people")
		if p.MustHas("form .error") {
			t.Error("what was mended is still said to be wrong")
		}
		fail.Store(true)
		choose("days-1", "30")
		says("#count", "Counting did not work just now.")
		if !p.MustEval(`() => window.same === true`).Bool() {
			t.Error("the page was loaded anew")
		}
		if focus := p.MustEval(`() => document.querySelector('#count').getAttribute('role')`).Str(); focus != "status" {
			t.Errorf("the number is a %q: a reader of the screen is not told of it", focus)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if all, _, err := f.store.Segments(t.Context(), akkoord.ArchivedOrNot, akkoord.Page{}); err != nil || len(all) != 0 {
		t.Errorf("typing stored %+v, %v", all, err)
	}
}

// The form of a segment may run our files and ask this server; who has no form gets no
// script, and neither do pages beside it.
func TestTheFormOfASegmentRunsAScriptOfOurs(t *testing.T) {
	f := newFixture(t)
	f.paths()
	const runs = "script-src 'self'; connect-src 'self'"
	for role, want := range map[akkoord.Role]bool{akkoord.RoleManager: true, akkoord.RoleAnalyst: false} {
		b := f.as(role)
		r := b.get("/admin/segments/dutch")
		if got := strings.HasSuffix(r.header.Get("Content-Security-Policy"), "; "+runs) && strings.Contains(r.body, "/static/js/segment.js"); got != want {
			t.Errorf("%s: the form's script may run: %v, %s", role, got, r.header.Get("Content-Security-Policy"))
		}
		for _, path := range []string{"/admin", "/admin/segments"} {
			if r := b.get(path); strings.Contains(r.header.Get("Content-Security-Policy"), "script") || strings.Contains(r.body, "<script") {
				t.Errorf("%s %s runs a script", role, path)
			}
		}
	}
}
