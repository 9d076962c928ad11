package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"
)

// focused says what has the focus, and what is wrong with it: that it is lost, that it
// cannot be seen, that it lies outside the window, or that it stands before what had the
// focus last: above it, and not in a column to its right.
const focused = `back => {
	const el = document.activeElement
	if (!el || el === document.body || el === document.documentElement) { return { name: '', wrong: '' } }
	const seen = el.matches('.sr') && el.labels && el.labels.length ? el.labels[0] : el // what is drawn for it
	const s = getComputedStyle(seen), r = seen.getBoundingClientRect(), wrong = []
	if (el.tagName !== 'IFRAME' && (s.outlineStyle === 'none' || parseFloat(s.outlineWidth) === 0) && s.boxShadow === 'none') { wrong.push('its focus cannot be seen') } // what has it in a frame, the frame shows
	if (r.bottom <= 0 || r.top >= innerHeight || r.right <= 0 || r.left >= innerWidth) { wrong.push('it lies outside the window') }
	const at = { top: r.top + scrollY, bottom: r.bottom + scrollY, left: r.left, right: r.right }, last = window.last
	if (last && !back && !el.matches('.skip') && at.bottom <= last.top + 1 && at.left < last.right - 1) { wrong.push('it stands before what had the focus last') }
	window.last = el.matches('.skip') ? null : at
	return { name: el.outerHTML.replace(/\s+/g, ' ').slice(0, 120), wrong: wrong.join(', ') }
}`

// tabs goes over the whole page with Tab, and back a few steps with Shift and Tab: each
// thing has the focus once, in the order in which it stands, and is seen to have it.
func (v *visit) tabs(least int) {
	v.t.Helper()
	v.MustEval(`() => { document.activeElement.blur(); window.last = null; scrollTo(0, 0) }`)
	var names []string
	step := func(back bool, keys ...input.Key) string {
		v.t.Helper()
		if back {
			v.KeyActions().Press(input.ShiftLeft).Type(input.Tab).MustDo()
		} else {
			v.Keyboard.MustType(keys...)
		}
		at := v.MustEval(focused, back)
		if wrong := at.Get("wrong").Str(); wrong != "" {
			v.t.Errorf("%s, %s: %s", v.MustInfo().URL, at.Get("name"), wrong)
		}
		return at.Get("name").Str()
	}
	for range 400 {
		name := step(false, input.Tab)
		if name == "" { // past the last
			break
		}
		names = append(names, name)
	}
	if len(names) < least {
		v.t.Errorf("Tab reaches only %d things of %s: %q", len(names), v.MustInfo().URL, names)
	}
	if v.MustHas("#main") && !strings.Contains(names[0], `class="skip"`) {
		v.t.Errorf("the first thing of %s is %s, not the link to the content", v.MustInfo().URL, names[0])
	}
	for i := len(names) - 1; i >= max(0, len(names)-5); i-- {
		if name := step(true); name != names[i] {
			v.t.Errorf("%s: back from the end Shift and Tab reach %s, not %s", v.MustInfo().URL, name, names[i])
		}
	}
}

// at demands that the focus is on an element, within what a page needs.
func (v *visit) at(selector string) {
	v.t.Helper()
	if err := v.Timeout(patience).Wait(rod.Eval(`s => document.activeElement && document.activeElement.matches(s)`, selector)); err != nil {
		v.t.Fatalf("%s: the focus is not on %s but on %s", v.MustInfo().URL, selector, v.MustEval(`() => document.activeElement.outerHTML.slice(0, 200)`))
	}
}

// The main paths by keyboard: Tab goes over each page in the order in which it is read,
// the focus is always seen, is never lost by what was pressed, and goes to what is wrong
// in a form that was refused (WCAG 2.1.1, 2.4.3, 2.4.7, 2.4.11).
func TestTheFocusIsSeenAndInOrderOnTheMainPaths(t *testing.T) {
	t.Parallel()
	const who = "toetsen@voorbeeld.example"
	d := startDemonstration(t)
	v := open(t, openBrowser(t), d)
	v.MustSetViewport(1280, 800, 1, false)

	v.goTo(d.site + "/f/home?locale=nl")
	v.tabs(12)
	v.tabTo("#email")
	v.MustInsertText(who)
	v.takeTime()
	v.enter() // no box is ticked
	v.at(".summary")
	v.Keyboard.MustType(input.Tab)
	v.at(".summary a")
	v.Keyboard.MustType(input.Enter)
	v.at("main input")
	v.forgive("/f/home") // 422
	v.tabTo("input[name=purpose][value=travel-news]")
	v.Keyboard.MustType(input.Space)
	v.takeTime()
	v.press("main button[type=submit]")
	v.goTo(confirmLink.FindString(d.newest(who, 1).Text))
	v.tabs(4)
	v.press("form.ask button")
	v.press("a[href^='/preferences/']")
	v.tabs(20)

	v.goTo(d.site + "/admin/login?locale=nl")
	v.tabs(4)
	v.goTo(d.login)
	v.tabs(3)
	v.press("main button[type=submit]")
	v.goTo(d.site + "/admin")
	v.tabs(15)
	v.MustEval(`() => document.activeElement.blur()`)
	v.goTo(d.site + "/admin")
	v.Keyboard.MustType(input.Tab)
	v.at(".skip")
	v.Keyboard.MustType(input.Enter)
	v.Keyboard.MustType(input.Tab)
	v.at("main *")

	v.goTo(d.site + "/admin/people")
	v.tabs(20)
	v.tabTo("details > summary")
	for _, open := range []bool{true, false} {
		v.Keyboard.MustType(input.Space)
		if v.MustElement("main details").MustProperty("open").Bool() != open {
			t.Errorf("Space does not turn the fold: open should be %v", open)
		}
		v.at("details > summary")
	}

	var mailings struct{ Items []struct{ ID, State string } }
	d.call("GET", "/campaigns/winter-2027/mailings", &mailings)
	draft := d.site + "/admin/mailings/" + mailings.Items[slices.IndexFunc(mailings.Items, func(m struct{ ID, State string }) bool { return m.State == "draft" })].ID
	v.goTo(draft + "/edit")
	v.tabTo("button[value='kind:blocks']")
	v.Keyboard.MustType(input.Enter)
	v.MustElement("#b1-text")
	v.tabTo("button[value='add:heading:main:0']")
	v.Keyboard.MustType(input.Enter)
	v.MustElement(".block [name=block][value*=':heading:']")
	v.at(".block textarea, .block input")
	v.MustInsertText("Met toetsen")
	for range 10 { // back over its buttons
		if v.KeyActions().Press(input.ShiftLeft).Type(input.Tab).MustDo(); v.MustEval(`() => document.activeElement.id === 'b2-up'`).Bool() {
			break
		}
	}
	v.Keyboard.MustType(input.Enter)
	if err := v.Timeout(20 * time.Second).Wait(rod.Eval(`() => !document.querySelector('#blocks-main > .block:last-child [name=block]').value.includes(':heading:')`)); err != nil {
		t.Fatalf("the heading stays the last block: %v", err)
	}
	v.at("#b2-up")
	v.tabTo("button[name=act][value=done]")
	v.enter()
	v.forgive("/preview") // of what had no text yet: 422
	v.goTo(draft)
	v.tabs(15)
	v.tabTo("button[value=send]")
	wait := v.WaitNavigation(proto.PageLifecycleEventNameLoad)
	v.Keyboard.MustType(input.Space)
	wait()
	v.settled()
	v.tabTo("button[value=pause]")
}
