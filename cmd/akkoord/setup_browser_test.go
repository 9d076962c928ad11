package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-rod/rod/lib/input"

	"akkoord/mailer/mailertest"
	"akkoord/store"
	"akkoord/store/pgtest"
)

var setupLink = regexp.MustCompile(`(?m)^(http://\S+/admin/setup\?code=\S+)$`)

// fresh is a server on an empty database that says nothing of its organisation,
// with a mail server.
func fresh(t *testing.T) (in *installation, server *mailertest.Server, link string) {
	t.Helper()
	server = relay(t)
	site, ops, inbox, err := freePorts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	address := site.Addr().String()
	for _, l := range []io.Closer{site, ops, inbox} {
		l.Close()
	}
	in = &installation{t: t, dir: t.TempDir(), where: ownFile, only: []string{
		"AKKOORD_LISTEN=" + address, "AKKOORD_URL=http://" + address, "AKKOORD_OPS_LISTEN=127.0.0.1:0", "AKKOORD_SIGNUPS_PER_IP=0",
		"AKKOORD_SMTP=" + server.URL(), "AKKOORD_FROM=" + demoFrom,
	}}
	in.start()
	return in, server, in.setupLink()
}

// setupLink waits for the link that a server prints while it has no user.
func (in *installation) setupLink() string {
	in.t.Helper()
	ctx, cancel := context.WithTimeout(in.t.Context(), patience)
	defer cancel()
	m, err := in.console.await(ctx, setupLink)
	if err != nil {
		in.t.Fatal(err)
	}
	return m[1]
}

// mailTo waits for the n-th mail to somebody and gives its text.
func (in *installation) mailTo(server *mailertest.Server, to string, n int) string {
	in.t.Helper()
	ctx, cancel := context.WithTimeout(in.t.Context(), patience)
	defer cancel()
	mails, err := server.Wait(ctx, to, n)
	in.must(err)
	raw := bytes.ReplaceAll(mails[n-1].Raw, []byte("=\r\n"), nil)
	return strings.ReplaceAll(string(raw), "=3D", "=")
}

// The first five minutes in a browser, by keyboard, with every page of them for
// everybody: from the link that the server printed to a campaign on its way
// (issue 7, WCAG 2.2 AA).
func TestTheFirstFiveMinutesInABrowser(t *testing.T) {
	t.Parallel()
	const eva, password = "eva@zonvaart.example", "vier woorden die ik leuk vind"
	in, server, link := fresh(t)
	d := &demonstration{t: t, site: in.base()}
	v := open(t, openBrowser(t), d)
	shot := func(name string) { v.shoot(name) }
	write := func(field, text string) {
		t.Helper()
		v.tabTo("#" + field)
		v.Keyboard.MustType(input.End)
		v.MustInsertText(text)
	}

	v.goTo(link + "&locale=nl")
	v.looks("Akkoord inrichten")
	shot("owner")
	write("email", eva)
	write("password", password)
	write("again", password)
	v.press("main button[type=submit]")
	v.goTo(d.site + "/admin/setup/who?locale=nl")
	v.looks("Wie")
	shot("who")
	write("controller", demoController)
	write("postal_address", demoAddress)
	write("contact", demoContact)
	v.press("main form button")

	v.looks("Mail")
	v.press("main form button")
	v.looks("Mail")
	if text := v.MustElement("main").MustText(); !strings.Contains(text, "Alles werkt") {
		t.Errorf("the test of the mail server says: %s", text)
	}
	shot("mail")
	in.mailTo(server, eva, 1)
	v.goTo(d.site + "/admin/setup/mail?dns=1")
	v.looks("Mail")
	shot("dns")

	v.goTo(d.site + "/admin/setup")
	v.looks("Eerste doel")
	shot("purpose")
	v.press("main form button")
	v.looks("Eerste doel")
	shot("path")

	v.goTo(d.site + "/admin/setup")
	v.looks("Probeer het")
	if n := len(v.MustElements(".lit")); n != 0 {
		t.Errorf("%d lamps are lit before anybody signed up", n)
	}
	v.goTo(d.site + "/f/home?locale=nl")
	write("email", eva)
	v.tabTo("input[name=purpose]")
	v.Keyboard.MustType(input.Space)
	v.takeTime()
	v.press("main button[type=submit]")
	confirm := confirmLink.FindString(in.mailTo(server, eva, 2))
	v.lit(in, 3)
	v.goTo(confirm)
	v.lit(in, 4)
	shot("strip")
	v.goTo(confirm)
	v.press("form.ask button")
	v.lit(in, 5)
	v.looks("Probeer het")
	shot("tried")
	v.press("main .notice a[href^='/admin/people/']")
	if text := v.MustElement("main").MustText(); !strings.Contains(text, eva) {
		t.Errorf("the person's page: %s", text)
	}

	v.goTo(d.site + "/admin")
	v.looks("Campagnes")
	shot("dashboard")
	v.goTo(d.site + "/admin/setup")
	v.press("main form button")
	v.press("main form button") // a draft in the new campaign
	write("subject", "Sneeuw")
	write("body", "De sneeuw ligt er.")
	v.press("button[name=act][value=done]")
	v.looks("Sneeuw")
	shot("ticks")
	if n := len(v.MustElements("#ticks ~ .ticked .ok")); n != 4 {
		t.Errorf("%d of four ticks are there", n)
	}
	if text := v.MustElement("button[value=send]").MustText(); text != "Verstuur aan 1 persoon" {
		t.Errorf("the button says %q", text)
	}
	v.press("button[name=act][value=send]")
	if mail := in.mailTo(server, eva, 3); !strings.Contains(mail, demoAddress) || !strings.Contains(mail, "Sneeuw") {
		t.Errorf("the campaign's mail: %s", mail)
	}
	v.goTo(d.site + "/admin")
	if v.MustHas("#setup") {
		t.Error("the first steps are still on the start page")
	}
}

// shoot keeps pictures of a page, in light at a desk and in dark on a phone, where
// AKKOORD_TEST_SHOTS names a folder.
func (v *visit) shoot(name string) {
	v.t.Helper()
	folder := os.Getenv("AKKOORD_TEST_SHOTS")
	if folder == "" {
		return
	}
	for _, as := range []struct {
		scheme string
		width  int
	}{{"light", 1280}, {"dark", 1280}, {"light", 320}, {"dark", 320}} {
		v.emulate(as.scheme, as.width)
		file := filepath.Join(folder, name+"-"+as.scheme+"-"+map[bool]string{true: "wide", false: "narrow"}[as.width > 400]+".png")
		if err := os.WriteFile(file, v.MustScreenshotFullPage(), 0o600); err != nil {
			v.t.Fatal(err)
		}
	}
}

// The link of a server that was killed before anybody used it is as good as that
// of the next start; once there is an owner no start prints one. All of it works
// without JavaScript, and no line of the log has the code.
func TestTheLinkIsPrintedUntilThereIsAnOwner(t *testing.T) {
	t.Parallel()
	in, server, first := fresh(t)
	in.kill()
	in.start()
	second := in.setupLink()
	if first == second {
		t.Error("a new start prints the old code")
	}
	jar, err := cookiejar.New(nil)
	in.must(err)
	client := &http.Client{Jar: jar}
	get := func(path string) (int, string) {
		t.Helper()
		resp, err := client.Get(path)
		in.must(err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		in.must(err)
		return resp.StatusCode, string(body)
	}
	if status, body := get(first); status != http.StatusOK {
		t.Fatalf("the page of the first owner: %d %s", status, body)
	}
	u, err := url.Parse(first)
	in.must(err)
	resp, err := client.PostForm(in.base()+"/admin/setup", url.Values{"code": u.Query()["code"], "email": {"eva@zonvaart.example"}, "password": {"vier woorden die ik leuk vind"}, "again": {"vier woorden die ik leuk vind"}})
	in.must(err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Request.URL.Path != "/admin/setup/who" {
		t.Fatalf("the first owner: %d at %s", resp.StatusCode, resp.Request.URL)
	}
	for path, want := range map[string]int{first: http.StatusNotFound, second: http.StatusNotFound, in.base() + "/admin/setup/mail": http.StatusOK, in.base() + "/admin/setup/try": http.StatusOK} {
		if status, _ := get(path); status != want {
			t.Errorf("%s: %d", path, status)
		}
	}
	post := func(path string, values url.Values) {
		t.Helper()
		resp, err := client.PostForm(in.base()+path, values)
		in.must(err)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("POST %s: %d", path, resp.StatusCode)
		}
	}
	called := func(name string) {
		post("/admin/setup/who", url.Values{"controller": {name}, "postal_address": {demoAddress}, "contact": {demoContact}})
		if _, body := get(in.base() + "/privacy"); !strings.Contains(body, name) {
			t.Errorf("the privacy statement does not name %s", name)
		}
	}
	called("Zonvaart Eerst")
	post("/admin/setup/purpose", url.Values{"language": {"nl"}, "name-nl": {"Nieuws"}, "wording-nl": {"Ja, mail mij."}, "explanation-nl": {"Om het te sturen."}})
	for i, name := range []string{"Zonvaart Eerst", "Zonvaart Anders"} {
		called(name) // what was drawn ahead is drawn anew
		who := fmt.Sprintf("bezoeker%d@voorbeeld.example", i)
		post("/f/home", url.Values{"email": {who}, "purpose": {"nieuws"}, "locale": {"nl"}})
		mail := in.mailTo(server, who, 1)
		if !strings.Contains(mail, name) {
			t.Errorf("the mail does not name %s: %s", name, mail)
		}
		post(strings.TrimPrefix(confirmLink.FindString(mail), in.base()), nil)
		if _, body := get(confirmLink.FindString(mail)); !strings.Contains(body, name) {
			t.Errorf("the page after confirming does not name %s", name)
		}
	}
	if _, body := get(in.base() + "/admin/setup/try"); !strings.Contains(body, `class="strip"`) {
		t.Errorf("the strip: %s", body)
	}
	if out, _ := in.command(t.Context(), "doctor").Output(); !bytes.Contains(out, []byte("sender    ok")) {
		t.Errorf("the doctor does not know who it is: %s", out)
	}
	code := u.Query().Get("code")
	for line := range strings.Lines(in.console.String()) {
		if strings.Contains(line, "level=") && strings.Contains(line, code) {
			t.Errorf("the log has the code: %s", line)
		}
	}
	in.kill()
	in.start()
	if strings.Contains(in.console.String(), "/admin/setup") {
		t.Errorf("with an owner a start prints: %s", in.console)
	}
}

// Each of two nodes prints a link, and any node takes either; one makes the owner,
// and who it is is in force on both with the next page.
func TestNodesAreSetUpTogether(t *testing.T) {
	t.Parallel()
	database := pgtest.New(t, store.Migrate)
	a := &installation{t: t, dir: t.TempDir(), where: database, only: []string{"AKKOORD_DATABASE=" + database, "AKKOORD_LISTEN=127.0.0.1:0", "AKKOORD_OPS_LISTEN=127.0.0.1:0"}}
	a.start()
	b := a.another()
	b.only = a.only
	b.start()
	query := func(link string) string { _, q, _ := strings.Cut(link, "?"); return q }
	codes := []string{query(a.setupLink()), query(b.setupLink())}
	for i, code := range codes {
		for _, node := range []*installation{a, b} {
			if status, _ := node.visit("GET", "/admin/setup?"+code, ""); status != http.StatusOK {
				t.Errorf("code %d: %d", i, status)
			}
		}
	}
	values, err := url.ParseQuery(codes[0])
	a.must(err)
	jar, err := cookiejar.New(nil)
	a.must(err)
	client := &http.Client{Jar: jar}
	resp, err := client.PostForm(b.base()+"/admin/setup", url.Values{"code": values["code"], "email": {"eva@zonvaart.example"}, "password": {"vier woorden die ik leuk vind"}, "again": {"vier woorden die ik leuk vind"}})
	a.must(err)
	resp.Body.Close()
	for i, code := range codes {
		for _, node := range []*installation{a, b} {
			if status, _ := node.visit("GET", "/admin/setup?"+code, ""); status != http.StatusNotFound {
				t.Errorf("code %d after there is an owner: %d", i, status)
			}
		}
	}
	for _, name := range []string{"Zonvaart Eerst", "Zonvaart Anders"} {
		resp, err := client.PostForm(b.base()+"/admin/setup/who", url.Values{"controller": {name}, "postal_address": {demoAddress}, "contact": {demoContact}})
		a.must(err)
		resp.Body.Close()
		for _, node := range []*installation{b, a} {
			a.until("the name on a node", func() bool {
				resp, err := http.Get(node.base() + "/privacy")
				a.must(err)
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				a.must(err)
				return strings.Contains(string(body), name)
			})
		}
	}
}

// lit waits until so many lamps of the strip are lit.
func (v *visit) lit(in *installation, n int) {
	v.t.Helper()
	in.until("the strip", func() bool {
		v.goTo(in.base() + "/admin/setup/try")
		return len(v.MustElements(".lit")) == n
	})
}
