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

// reachable notes what of a page Tab must reach, in the order in which it stands: all that
// is shown and works; of radio buttons of one name the chosen one, or the first.
const reachable = `() => {
	document.activeElement.blur()
	scrollTo(0, 0)
	window.last = null
	window.reachable = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, iframe, [tabindex], [contenteditable]')].filter(el => {
		if (el.matches(':disabled') || el.closest('[inert], [aria-hidden=true]') || !el.checkVisibility({ visibilityProperty: true })) { return false }
		if (el.tabIndex < 0 && !el.matches('a, button, input, select, textarea, iframe')) { return false }
		if (el.type !== 'radio') { return true }
		const group = [...document.getElementsByName(el.name)].filter(o => o.form === el.form && o.type === 'radio' && !o.disabled)
		return el === (group.find(o => o.checked) || group[0])
	})
	return window.reachable.map(el => el.outerHTML.replace(/\s+/g, ' ').slice(0, 120))
}`

// focused says what has the focus, which of the reachable things it is and whether Tab
// stops in it more than once, and what is wrong with it: that it cannot be seen, that it
// lies outside the window, or that it stands before what had the focus last: above it,
// and not in a column to its right.
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
	const parts = el.matches('iframe, input[type^=date], input[type=time], input[type=month], input[type=week]')
	return { name: el.outerHTML.replace(/\s+/g, ' ').slice(0, 120), place: window.reachable.indexOf(el), parts, wrong: wrong.join(', ') }
}`

// focus is what focused says.
type focus struct {
	Name, Wrong string
	Place       int
	Parts       bool
}

// mostTabs is how often Tab is pressed at most before it must have left a page.
const mostTabs = 400

// tabs goes over the whole page with Tab, and back a few steps with Shift and Tab: each
// thing has the focus once, in the order in which it stands, and is seen to have it, and
// Tab stays nowhere: after the last thing it leaves the page, or begins it anew.
func (v *visit) tabs(least int) {
	v.t.Helper()
	url := v.MustInfo().URL
	var all []string
	if err := v.MustEval(reachable).Unmarshal(&all); err != nil {
		v.t.Fatal(err)
	}
	if len(all) < least {
		v.t.Fatalf("only %d things of %s can be reached: %q", len(all), url, all)
	}
	step := func(back bool) (at focus) {
		v.t.Helper()
		if back {
			v.KeyActions().Press(input.ShiftLeft).Type(input.Tab).MustDo()
		} else {
			v.Keyboard.MustType(input.Tab)
		}
		if err := v.MustEval(focused, back).Unmarshal(&at); err != nil {
			v.t.Fatal(err)
		}
		if at.Wrong != "" {
			v.t.Errorf("%s, %s: %s", url, at.Name, at.Wrong)
		}
		return at
	}
	var walked []focus
	next := 0 // of all
	for at := step(false); at.Name != "" && (at.Place != 0 || next < len(all)); at = step(false) {
		switch again := len(walked) > 0 && walked[len(walked)-1].Place == at.Place; {
		case len(walked) == mostTabs:
			v.t.Fatalf("%s: after %d times Tab the focus is still in the page, on %s", url, mostTabs, at.Name)
		case at.Place < 0:
			v.t.Errorf("%s: Tab reaches %s, which nobody expects to reach", url, at.Name)
		case again && at.Parts: // its next part
		case at.Place < next:
			v.t.Fatalf("%s: Tab goes back to %s, and has not been to %q", url, at.Name, all[next:])
		case at.Place > next:
			v.t.Errorf("%s: Tab passes by %q", url, all[next:at.Place])
			fallthrough
		default:
			next = at.Place + 1
		}
		walked = append(walked, at)
	}
	if next < len(all) {
		v.t.Fatalf("%s: Tab never reaches %q", url, all[next:])
	}
	if v.MustHas("#main") && !strings.Contains(walked[0].Name, `class="skip"`) {
		v.t.Errorf("the first thing of %s is %s, not the link to the content", url, walked[0].Name)
	}
	for i := len(walked) - 1; i >= max(0, len(walked)-5); i-- {
		at := step(true)
		if at.Name == "" && i == len(walked)-1 { // it was on the first thing: out of the page, then in again
			at = step(true)
		}
		if at.Name != walked[i].Name {
			v.t.Errorf("%s: back from the end Shift and Tab reach %s, not %s", url, at.Name, walked[i].Name)
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
	v.at("#b2-up")
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
