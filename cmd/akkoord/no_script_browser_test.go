package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"
)

// openPlain opens a tab in which no script of a page runs, with cookies of its own.
func openPlain(t *testing.T, b *rod.Browser, d *demonstration) *visit {
	t.Helper()
	v := open(t, b.MustIncognito(), d)
	if err := (proto.EmulationSetScriptExecutionDisabled{Value: true}).Call(v); err != nil {
		t.Fatal(err)
	}
	return v
}

// has demands that the page has an element.
func (v *visit) has(selector string) {
	v.t.Helper()
	if !v.MustHas(selector) {
		v.t.Fatalf("%s has no %s: %s", v.MustInfo().URL, selector, v.MustElement("main").MustText())
	}
}

// act presses the first button that matches, and waits for the page that follows.
func (v *visit) act(selector string) {
	v.t.Helper()
	v.has(selector)
	v.focus(selector)
	v.enter()
}

// fill types in a field, in the place of what is in it.
func (v *visit) fill(selector, text string) {
	v.t.Helper()
	v.has(selector)
	v.MustEval(`s => { const field = document.querySelector(s); field.focus(); field.select() }`, selector)
	v.MustInsertText(text)
}

// choose sets a list, or a field of a date, of which the browser shows a window of its own.
func (v *visit) choose(selector, value string) {
	v.t.Helper()
	v.has(selector)
	if got := v.MustEval(`(s, value) => { const field = document.querySelector(s); field.value = value; return field.value }`, selector, value).Str(); got != value {
		v.t.Fatalf("%s takes no %q", selector, value)
	}
}

// tick ticks a box.
func (v *visit) tick(selector string) {
	v.t.Helper()
	v.has(selector)
	v.focus(selector)
	v.Keyboard.MustType(input.Space)
	if !v.MustEval(`s => document.querySelector(s).checked`, selector).Bool() {
		v.t.Fatalf("%s is not ticked", selector)
	}
}

// unfold opens what stands behind a line.
func (v *visit) unfold(within string) {
	v.t.Helper()
	v.has(within + " > summary")
	v.focus(within + " > summary")
	v.Keyboard.MustType(input.Enter)
	if !v.MustEval(`s => document.querySelector(s).open`, within).Bool() {
		v.t.Fatalf("%s does not open", within)
	}
}

// says demands that the page has words in its main part.
func (v *visit) says(words ...string) {
	v.t.Helper()
	main := v.MustElement("main").MustText()
	for _, w := range words {
		if !strings.Contains(main, w) {
			v.t.Fatalf("%s does not say %q: %s", v.MustInfo().URL, w, main)
		}
	}
}

// await opens the page anew until an element is there.
func (v *visit) await(selector string) {
	v.t.Helper()
	for end := time.Now().Add(patience); !v.MustHas(selector); {
		if time.Now().After(end) {
			v.t.Fatalf("%s never has %s: %s", v.MustInfo().URL, selector, v.MustElement("main").MustText())
		}
		v.goTo(v.MustInfo().URL)
	}
}

// Without JavaScript everything essential can be done in a browser: a visitor signs up,
// chooses, leaves and comes back; the administrator goes from a purpose to the results
// of a campaign, and imports; the desk answers a request (M5, M7, issue 7).
func TestAllThatIsEssentialWorksWithoutJavaScript(t *testing.T) {
	t.Parallel()
	d := startDemonstration(t)
	b := openBrowser(t)
	t.Run("visitor", func(t *testing.T) { visitsWithoutScript(openPlain(t, b, d), d) })
	v := openPlain(t, b, d)
	v.goTo(d.login)
	v.act("main button[type=submit]")
	for _, story := range []struct {
		name string
		play func(*visit, *demonstration)
	}{
		{"purpose, form and campaign", campaignWithoutScript}, {"people", peopleWithoutScript}, {"import", importWithoutScript}, {"segment", segmentWithoutScript}, {"request", requestWithoutScript},
	} {
		t.Run(story.name, func(t *testing.T) {
			v.t = t
			story.play(v, d)
		})
	}
	v.t = t
}

func visitsWithoutScript(v *visit, d *demonstration) {
	const who = "zonder@voorbeeld.example"
	v.t.Helper()
	v.goTo(d.site + "/f/home?locale=nl")
	v.fill("#email", who)
	v.tick("input[name=purpose][value=travel-news]")
	v.takeTime()
	v.act("main button[type=submit]")
	if s := d.state(who); s != "pending" {
		v.t.Fatalf("after signing up the consent is %s", s)
	}
	v.goTo(confirmLink.FindString(d.newest(who, 1).Text))
	v.act("form.ask button")
	if s := d.state(who); s != "active" {
		v.t.Fatalf("after confirming the consent is %s", s)
	}
	v.act("a[href^='/preferences/']")
	own, _, _ := strings.Cut(v.MustInfo().URL, "?")
	v.tick("input[name=interest][value=wintersport]")
	v.act("button[name=save][value=interests]")
	v.fill("#name", "Zoë")
	v.act("button[name=save][value=person]")
	v.goTo(own)
	if v.MustElement("#name").MustProperty("value").Str() != "Zoë" || !v.MustElement("input[name=interest][value=wintersport]").MustProperty("checked").Bool() {
		v.t.Errorf("the preferences are not kept: %s", v.MustElement("main").MustHTML())
	}
	var mailings struct{ Items []struct{ ID, State string } }
	d.call("GET", "/campaigns/winter-2027/mailings", &mailings)
	draft := slices.IndexFunc(mailings.Items, func(m struct{ ID, State string }) bool { return m.State == "draft" })
	d.call("POST", "/mailings/"+mailings.Items[draft].ID+"/send", &struct{}{})
	v.goTo(strings.Trim(oneClickLink.FindString(d.newest(who, 2).Headers["List-Unsubscribe"][0]), "<>"))
	v.tick("#scope-purpose")
	v.act("main button[type=submit]")
	if s := d.state(who); s != "withdrawn" {
		v.t.Fatalf("after leaving the consent is %s", s)
	}
	v.act("button[name=undo]")
	if s := d.state(who); s != "active" {
		v.t.Fatalf("after taking it back the consent is %s", s)
	}
	v.goTo(own)
	v.act("button[name=stop][value=travel-news]")
	if s := d.state(who); s != "withdrawn" {
		v.t.Fatalf("after stopping it the consent is %s", s)
	}
}

func campaignWithoutScript(v *visit, d *demonstration) {
	v.t.Helper()
	v.goTo(d.site + "/admin/purposes/new?ready=1&locale=nl")
	v.fill("#slug", "zonder")
	v.act("main form .btn-main")
	v.goTo(d.site + "/admin/purposes/zonder")
	v.has("main form .btn-main")

	v.goTo(d.site + "/admin/forms/new")
	v.tick("input[name=purposes][value=zonder]")
	v.fill("#slug", "zonder")
	v.act("button[name=act][value=save]")
	v.goTo(d.site + "/f/zonder")
	v.has("input[name=purpose][value=zonder]")

	v.goTo(d.site + "/admin/campaigns/new")
	v.fill("#name", "Zonder script")
	v.choose("#purpose", "travel-news")
	v.act("main form .btn-main")
	v.act("form[action$='/mailings'] button:not(.small)")
	v.fill("#subject", "Sneeuw zonder script")
	v.act("button[value='kind:blocks']")
	v.act("button[value='add:text:main:0']")
	v.fill("#b1-text", "De sneeuw ligt er.")
	v.act("button[value='add:heading:main:0']")
	v.fill("#b2-text", "Sneeuw in Tirol")
	v.act("#b2-up")
	v.act("button[value='add:button:main:0']")
	v.act("#b3-remove")
	v.act("button[name=act][value=done]")
	mailing := v.MustInfo().URL
	if !v.MustHas("#checks") {
		v.t.Fatalf("no checks: %s", v.MustElement("main").MustText())
	}
	v.fill("#email", "proef@voorbeeld.example")
	v.act("button[value=test]")
	text := d.newest("proef@voorbeeld.example", 1).Text
	if heading, body := strings.Index(text, "Sneeuw in Tirol"), strings.Index(text, "De sneeuw ligt er."); heading < 0 || body < heading {
		v.t.Errorf("the test mail is %s", text)
	}

	v.goTo(mailing + "/edit")
	v.unfold("details:has(> .pair #send_at)")
	v.choose("#send_at", time.Now().AddDate(0, 0, 2).Format("2006-01-02T15:04"))
	v.act("button[name=act][value=done]")
	v.act("button[value=send]")
	v.says("Gepland")
	v.act("button[value=cancel]")

	v.goTo(v.MustElement(".crumbs a[href^='/admin/campaigns/']").MustProperty("href").Str())
	v.act("form:has([name=copy]) button")
	v.goTo(strings.TrimSuffix(v.MustInfo().URL, "/edit"))
	v.act("button[value=send]")
	v.act("button[value=pause]")
	v.says("Gepauzeerd")
	v.act("button[value=resume]")
	v.await("a[href$='/results']")
	v.act("a[href$='/results']")
	const sent = ".outcomes tr:has(a[href*='?state=sent#']) td"
	v.has(sent)
	for end := time.Now().Add(patience); v.MustElement(sent).MustText() != "200"; {
		if time.Now().After(end) {
			v.t.Fatalf("not all of 200 are sent: %s", v.MustElement("main").MustText())
		}
		v.goTo(v.MustInfo().URL)
	}
	v.forgive("/admin/forms/new/preview") // has no box yet
}

func peopleWithoutScript(v *visit, d *demonstration) {
	v.t.Helper()
	const who, why = "reiziger007@voorbeeld.example", "Vroeg het aan de telefoon."
	v.goTo(d.site + "/admin/people")
	v.fill("#q", who)
	v.act("form[role=search] button")
	v.act("main tbody a[href^='/admin/people/']")
	v.act("#acts ~ ul a[href$='/withdraw']")
	v.choose("#what", "purpose:travel-news")
	v.fill("#reason", why)
	v.act("#act button")
	if s := d.state(who); s != "withdrawn" {
		v.t.Fatalf("after withdrawing for them the consent is %s", s)
	}
	v.goTo(d.site + "/admin/privacy/audit")
	v.says(why)
}

func importWithoutScript(v *visit, d *demonstration) {
	v.t.Helper()
	file := filepath.Join(v.t.TempDir(), "mensen.csv")
	if err := os.WriteFile(file, []byte("email,name\ningevoerd@voorbeeld.example,Ida\n"), 0o600); err != nil {
		v.t.Fatal(err)
	}
	v.goTo(d.site + "/admin/imports")
	v.choose("#purpose", "travel-news")
	v.fill("#evidence", "Kaartjes van de beurs, in een map op kantoor.")
	v.MustElement("#file").MustSetFiles(file)
	v.act("form[enctype] button[type=submit]")
	v.await("button[value=import]")
	v.act("button[value=import]")
	v.await("main .badge.ok")
	if s := d.state("ingevoerd@voorbeeld.example"); s == "none" {
		v.t.Error("nobody is imported")
	}
}

func segmentWithoutScript(v *visit, d *demonstration) {
	v.t.Helper()
	v.goTo(d.site + "/admin/segments/new?purpose=travel-news")
	v.choose("#add", "interest")
	v.act("button[value=add]")
	v.choose("[name^=text-]", "wintersport")
	v.act("button[value=count]:not(.sr)")
	v.await("#count .num")
	v.fill("#name", "Wintersporters")
	v.act("button[value=save]")
	v.goTo(d.site + "/admin/segments")
	v.says("Wintersporters")
}

func requestWithoutScript(v *visit, d *demonstration) {
	v.t.Helper()
	v.goTo(d.site + "/admin/privacy/requests")
	v.fill("#email", "reiziger008@voorbeeld.example")
	v.fill("#note", "Belde.")
	v.act("details form .btn-main")
	v.goTo(d.site + "/admin/privacy/requests")
	v.act("main tbody a")
	v.says("dagen") // that are left
	v.act("button[value=take]")
	v.act("dd a[href^='/admin/people/']")
	v.fill("#take-reason", "Vroeg om inzage.")
	v.focus("button[name=what][value=zip]")
	taken := v.Browser().MustWaitDownload()
	v.Keyboard.MustType(input.Enter)
	if file := taken(); !bytes.Contains(file, []byte("data.json")) {
		v.t.Errorf("what is taken has %d bytes and no data.json", len(file))
	}
	v.goTo(d.site + "/admin/privacy/requests")
	v.act("main tbody a")
	v.fill("#text", "Alles is gestuurd.")
	v.act("button[value=done]")
	v.says("Alles is gestuurd.")
}

// forgive forgets what was written down about a part of an address, where it is as it should be.
func (v *visit) forgive(part string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.wrong = slices.DeleteFunc(v.wrong, func(w string) bool { return strings.Contains(w, part) })
}
