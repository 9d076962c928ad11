package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/proto"
)

// demonstration is a running `akkoord demo`, known by what it prints.
type demonstration struct {
	t                        *testing.T
	site, inbox, login, bear string
}

var demoLines = regexp.MustCompile(`(?s)Form +(http://[^/]+)/f/home\s+Inbox +(\S+)/\s+Admin +(\S+).*Bearer (\S+)`)

func startDemonstration(t *testing.T) *demonstration {
	t.Helper()
	out := newConsole()
	cmd := exec.Command(binary(t), "demo")
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = t.TempDir(), cleanEnv("TMPDIR="+t.TempDir()), out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the demo ends with: %v %s", err, out)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	m, err := out.await(ctx, demoLines)
	if err != nil {
		t.Fatal(err)
	}
	return &demonstration{t, m[1], m[2], m[3], m[4]}
}

// call calls the JSON API of the demo.
func (d *demonstration) call(method, path string, out any) {
	d.t.Helper()
	req, err := http.NewRequest(method, d.site+"/api/v1"+path, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+d.bear)
	d.answer(req, out)
}

func (d *demonstration) answer(req *http.Request, out any) {
	d.t.Helper()
	res, err := client.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode/100 != 2 {
		err = statusError{res.StatusCode, string(b)}
	}
	if err == nil {
		err = json.Unmarshal(b, out)
	}
	if err != nil {
		d.t.Fatalf("%s %s: %v", req.Method, req.URL.Path, err)
	}
}

// state gives the state of somebody's consent to travel-news.
func (d *demonstration) state(who string) string {
	d.t.Helper()
	var list struct{ Items []apiPerson }
	d.call("GET", "/subscribers?email="+url.QueryEscape(who), &list)
	for _, p := range list.Items {
		for _, c := range p.Consents {
			if c.Purpose == "travel-news" {
				return c.State
			}
		}
	}
	return "none"
}

// inboxMail is a mail as the inbox's API shows it.
type inboxMail struct {
	ID      string
	Text    string
	Headers map[string][]string
}

// newest waits for the n-th mail to somebody and gives the newest.
func (d *demonstration) newest(who string, n int) inboxMail {
	d.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for {
		var list struct{ Items []inboxMail }
		req, err := http.NewRequest("GET", d.inbox+"/api/messages?to="+url.QueryEscape(who), nil)
		if err != nil {
			d.t.Fatal(err)
		}
		d.answer(req, &list)
		if len(list.Items) >= n {
			var m inboxMail
			if req, err = http.NewRequest("GET", d.inbox+"/api/messages/"+list.Items[0].ID, nil); err != nil {
				d.t.Fatal(err)
			}
			d.answer(req, &m)
			return m
		}
		select {
		case <-tick.C:
		case <-end:
			d.t.Fatalf("%d mails to %s, not %d", len(list.Items), who, n)
		}
	}
}

// visit is a tab of a real browser that writes down what it should not do.
type visit struct {
	*rod.Page
	t      *testing.T
	axe    string
	opened time.Time // the page

	mu    sync.Mutex // guards what follows
	wrong []string
}

const axeSum = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"

func openBrowser(t *testing.T) *rod.Browser {
	t.Helper()
	l := launcher.New().Bin("/usr/bin/chromium").Headless(true).NoSandbox(true).Leakless(false).UserDataDir(t.TempDir()).
		Set("disable-gpu").Set("disable-quic").Set("no-first-run").Set("disable-background-networking").Set("disable-component-update").Set("disable-sync")
	u, err := l.Launch()
	if err != nil {
		t.Fatal("Chromium does not start; `make test` installs it: ", err)
	}
	b := rod.New().ControlURL(u).WithPanic(func(x any) { t.Helper(); t.Fatal(x) }).MustConnect()
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		l.Cleanup() // waits for the process to end
	})
	return b.Timeout(2 * time.Minute)
}

// open opens a tab. Whatever it asks of another host, or complains about, is
// an error of the test.
func open(t *testing.T, b *rod.Browser, d *demonstration) *visit {
	t.Helper()
	script, err := os.ReadFile("testdata/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(script); hex.EncodeToString(sum[:]) != axeSum {
		t.Fatal("testdata/axe/axe.min.js is not the file that its README names")
	}
	v := &visit{Page: b.MustPage(), t: t, axe: string(script)}
	go v.EachEvent(
		func(e *proto.NetworkRequestWillBeSent) {
			if u, err := url.Parse(e.Request.URL); err != nil || u.Scheme != "data" && u.Scheme != "about" && "http://"+u.Host != d.site && "http://"+u.Host != d.inbox {
				v.note("asks another host: " + e.Request.URL)
			}
		},
		func(e *proto.RuntimeConsoleAPICalled) { v.note(fmt.Sprintf("console %s: %v", e.Type, e.Args)) },
		func(e *proto.RuntimeExceptionThrown) { v.note("exception: " + e.ExceptionDetails.Text) },
		func(e *proto.LogEntryAdded) {
			if e.Entry.Level == proto.LogLogEntryLevelError || e.Entry.Level == proto.LogLogEntryLevelWarning {
				v.note(fmt.Sprintf("%s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL))
			}
		},
	)()
	t.Cleanup(func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		for _, w := range v.wrong {
			t.Error(w)
		}
	})
	return v
}

func (v *visit) note(what string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.wrong = append(v.wrong, what)
}

// goTo opens an address and waits for the page. It needs no script of the page.
func (v *visit) goTo(link string) {
	v.t.Helper()
	wait := v.WaitNavigation(proto.PageLifecycleEventNameLoad)
	v.opened = time.Now()
	v.MustNavigate(link)
	wait()
	v.settled()
}

// formTime is what a person needs at least to fill in the form. What comes
// sooner is taken for a program, and is asked to press the button again.
const formTime = 2 * time.Second

func (v *visit) takeTime() { <-time.After(time.Until(v.opened.Add(formTime))) }

// settled waits until the page is whole. The events of the blank page before
// it may have come late.
func (v *visit) settled() {
	v.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !v.MustEval(`() => document.readyState === 'complete'`).Bool() {
		<-tick.C
	}
}

// looks checks the page that is open: its heading, no violation of WCAG 2.2 AA
// in light at a desk and in dark on a phone, and no sideways scrolling at 320
// pixels (WCAG 1.4.10).
func (v *visit) looks(heading string) {
	v.t.Helper()
	if h := v.MustElement("h1").MustText(); !strings.Contains(h, heading) {
		v.t.Errorf("the heading of %s is %q, not %q", v.MustInfo().URL, h, heading)
	}
	for _, as := range []struct {
		scheme string
		width  int
	}{{"light", 1200}, {"dark", 320}} {
		v.emulate(as.scheme, as.width)
		if w := v.MustEval(`() => document.documentElement.scrollWidth`).Int(); w > as.width {
			v.t.Errorf("%q is %d pixels wide on a screen of %d", heading, w, as.width)
		}
		for _, problem := range v.violations() {
			v.t.Errorf("%q, %s, %d pixels: %s", heading, as.scheme, as.width, problem)
		}
	}
}

// emulate shows the page in light or dark at a width.
func (v *visit) emulate(scheme string, width int) {
	v.t.Helper()
	v.MustSetViewport(width, 800, 1, false)
	if err := (proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}).Call(v); err != nil {
		v.t.Fatal(err)
	}
	v.MustEval(`async () => { // colours may fade in
		await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
		await Promise.allSettled(document.getAnimations().map(a => a.finished))
	}`)
}

// violations runs axe-core.
func (v *visit) violations() []string {
	v.t.Helper()
	v.MustEval(`script => { if (!window.axe) { (0, eval)(script) } }`, v.axe)
	found := v.MustEval(`async () => {
		const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
		const result = await axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations'], iframes: false})
		if (result.passes.length === 0) { return ['axe checked nothing'] }
		return result.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html + ' ' + n.failureSummary).join(' | '))
	}`).Arr()
	out := make([]string, len(found))
	for i := range found {
		out[i] = found[i].Str()
	}
	return out
}

// tabTo presses Tab until the element that matches has the focus, as people do
// who have no mouse.
func (v *visit) tabTo(selector string) {
	v.t.Helper()
	for range 60 {
		v.Keyboard.MustType(input.Tab)
		if v.MustEval(`s => document.activeElement.matches(s)`, selector).Bool() {
			return
		}
	}
	v.t.Fatalf("Tab does not reach %s", selector)
}

// enter presses Enter and waits for the page that follows.
func (v *visit) enter() {
	v.t.Helper()
	wait := v.WaitNavigation(proto.PageLifecycleEventNameLoad)
	v.Keyboard.MustType(input.Enter)
	wait()
	v.settled()
}

// press tabs to a button of main, and presses Enter.
func (v *visit) press(selector string) { v.t.Helper(); v.tabTo(selector); v.enter() }

// The visitor's whole path in a browser, by keyboard alone, and every page of
// it for everybody (M7, M14, WCAG 2.2 AA): sign up, confirm, choose, leave,
// come back.
func TestVisitorsPathInABrowserMeetsWCAG(t *testing.T) {
	t.Parallel()
	const who = "bezoeker@voorbeeld.example"
	d := startDemonstration(t)
	v := open(t, openBrowser(t), d)

	v.goTo(d.site + "/f/home?locale=nl")
	v.looks("Reisnieuws in uw mailbox")
	v.tabTo("input[name=email]")
	v.MustInsertText(who)
	v.tabTo("input[name=name]")
	v.MustInsertText("Zoë")
	v.tabTo("input[name=purpose][value=travel-news]")
	v.Keyboard.MustType(input.Space)
	v.tabTo("input[name=interest][value=stedentrip]")
	v.Keyboard.MustType(input.Space)
	v.takeTime()
	v.press("main button[type=submit]")
	v.looks("Kijk nu in uw mailbox")

	v.goTo(d.inbox + "/")
	v.looks("")
	mail := d.newest(who, 1)
	v.goTo(d.inbox + "/m/" + mail.ID)
	v.looks("")

	// Opening the page, with scripts running, confirms nothing (P33).
	v.goTo(confirmLink.FindString(mail.Text))
	v.looks("Reisnieuws")
	if s := d.state(who); s != "pending" {
		t.Fatalf("after looking at the confirm page the consent is %s", s)
	}
	v.press("form.ask button")
	v.looks("U bent ingeschreven")
	if s := d.state(who); s != "active" {
		t.Fatalf("after pressing the button the consent is %s", s)
	}
	v.goTo(v.MustInfo().URL) // later, the same link
	v.looks("")

	v.press("a[href^='/preferences/']")
	v.looks("Uw gegevens")
	own, _, _ := strings.Cut(v.MustInfo().URL, "?")
	v.press("button[name=save][value=interests]")
	v.looks("Uw gegevens")

	var mailings struct{ Items []struct{ ID, State string } }
	d.call("GET", "/campaigns/winter-2027/mailings", &mailings)
	draft := slices.IndexFunc(mailings.Items, func(m struct{ ID, State string }) bool { return m.State == "draft" })
	d.call("POST", "/mailings/"+mailings.Items[draft].ID+"/send", &struct{}{})
	mail = d.newest(who, 2)
	v.goTo(strings.Trim(oneClickLink.FindString(mail.Headers["List-Unsubscribe"][0]), "<>"))
	v.looks("")
	v.tabTo("input[name=scope]")
	for !v.MustEval(`() => document.activeElement.value === 'purpose' && document.activeElement.checked`).Bool() {
		v.Keyboard.MustType(input.ArrowDown)
	}
	v.press("main button[type=submit]")
	v.looks("")
	if s := d.state(who); s != "withdrawn" {
		t.Fatalf("after leaving the consent is %s", s)
	}
	v.press("button[name=undo]")
	v.looks("")
	if s := d.state(who); s != "active" {
		t.Fatalf("after taking it back the consent is %s", s)
	}
	for _, path := range []string{"/", "/privacy", "/f/home?locale=en"} {
		v.goTo(d.site + path)
		v.looks("")
	}
	v.ownPages(d, own)
}

var ownLink = regexp.MustCompile(`http://\S+/(your-data|address)/\S+`)

// ownPages goes through all that people can do on the page of their own, to the
// end: pause, see what was, move to another address, ask for the link, be erased
// (M14, M19–M21). Each way stands on the page itself and needs no mouse.
func (v *visit) ownPages(d *demonstration, own string) {
	v.t.Helper()
	const moved = "verhuisd@voorbeeld.example"
	v.goTo(own)
	v.press("button[name=track]")
	v.press("button[name=pause][value='1']")
	v.looks("Uw gegevens")
	v.press("button[name=resume]")
	for _, show := range []string{"mails", "history"} {
		v.goTo(own + "?show=" + show)
		v.looks("")
	}
	v.goTo(own)
	v.tabTo("input[name=email]")
	v.MustInsertText(moved)
	v.enter()
	v.goTo(ownLink.FindString(d.newest(moved, 1).Text))
	v.looks("nieuwe adres")
	v.press("form.ask button")
	v.looks("")
	if s := d.state(moved); s != "active" {
		v.t.Fatalf("at the new address the consent is %s", s)
	}

	v.goTo(d.site + "/your-data?locale=nl")
	v.looks("")
	v.tabTo("input[name=email]")
	v.MustInsertText(moved)
	v.enter()
	v.looks("")
	v.goTo(ownLink.FindString(d.newest(moved, 2).Text))
	v.looks("Uw gegevens")
	v.press("button[name=erase]")
	v.looks("")
	v.press("button[name=erase][value=yes]")
	v.looks("gewist")
	if s := d.state(moved); s != "none" {
		v.t.Fatalf("after being erased the consent is %s", s)
	}
}

// The admin site in a browser: the login link, the dashboard and what it leads
// to (WCAG 2.2 AA).
func TestAdminInABrowserMeetsWCAG(t *testing.T) {
	t.Parallel()
	d := startDemonstration(t)
	v := open(t, openBrowser(t), d)
	v.goTo(d.login)
	v.looks("")
	v.press("main button[type=submit]")
	v.looks("")
	seen := map[string]bool{}
	for _, a := range v.MustElements("nav a[href^='/admin']") {
		seen[a.MustProperty("href").Str()] = true
	}
	for _, a := range v.MustElements("main a[href^='/admin/mailings/']") {
		seen[a.MustProperty("href").Str()] = true
	}
	if len(seen) < 3 {
		t.Fatalf("the dashboard leads to %v only", seen)
	}
	for link := range seen {
		v.goTo(link)
		v.looks("")
	}
}

// Staff take a person's proof and record away by button, without JavaScript,
// once they say why (M20, M26, M30).
func TestAProofIsTakenByButtonWithoutJavaScript(t *testing.T) {
	t.Parallel()
	d := startDemonstration(t)
	b := openBrowser(t)
	v := open(t, b, d)
	if err := (proto.EmulationSetScriptExecutionDisabled{Value: true}).Call(v); err != nil {
		t.Fatal(err)
	}
	v.goTo(d.login)
	v.press("main button[type=submit]")
	v.goTo(d.site + "/admin/people")
	v.press("main tbody a[href^='/admin/people/']")
	for what, member := range map[string]string{"evidence": "dossier.pdf", "zip": "data.json"} {
		v.goTo(v.MustInfo().URL)
		v.tabTo("#take-reason")
		v.MustInsertText("asked for by phone")
		v.tabTo("button[name=what][value=" + what + "]")
		taken := b.MustWaitDownload()
		v.Keyboard.MustType(input.Enter)
		file := taken()
		z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if !slices.ContainsFunc(z.File, func(f *zip.File) bool { return f.Name == member }) {
			t.Errorf("%s has no %s", what, member)
		}
	}
}
