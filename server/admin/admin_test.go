package admin_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/server/admin"
)

// TestLoginOnce uses a login link up by its button alone, and once.
func TestLoginOnce(t *testing.T) {
	f := newFixture(t)
	path := f.link(akkoord.RoleOwner)
	scanner := f.browser()
	for range 3 {
		scanner.get(path, `action="`+path+`"`)
		if r := scanner.send("HEAD", path, ""); r.status != http.StatusOK {
			t.Errorf("HEAD: %d", r.status)
		}
	}
	if r := scanner.send("GET", "/admin", ""); r.status != http.StatusSeeOther || r.header.Get("Location") != "/admin/login" {
		t.Errorf("before pressing the button: %d %s", r.status, r.header.Get("Location"))
	}
	b := f.browser()
	r := b.send("POST", path, "")
	cookie := r.header.Get("Set-Cookie")
	if r.status != http.StatusSeeOther || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") || !strings.Contains(cookie, "Path=/;") {
		t.Errorf("login: %d %s", r.status, cookie)
	}
	b.get("/admin", "owner@zonvaart.example")
	if r := f.browser().send("POST", path, ""); r.status != http.StatusGone || r.header.Get("Set-Cookie") != "" {
		t.Errorf("the link again: %d %s", r.status, r.body)
	}
	if r := f.browser().send("POST", admin.LoginPath("guess"), ""); r.status != http.StatusGone {
		t.Errorf("a guess: %d", r.status)
	}
	if r := b.send("POST", "/admin/logout", ""); r.status != http.StatusSeeOther {
		t.Errorf("logout: %d", r.status)
	}
	if r := b.send("GET", "/admin", ""); r.status != http.StatusSeeOther {
		t.Errorf("after logging out: %d", r.status)
	}
}

// TestLoginButtonPostsToItsOwnPage never posts a logged-in browser to another
// page of the site, whatever the link says.
func TestLoginButtonPostsToItsOwnPage(t *testing.T) {
	f := newFixture(t)
	b := f.as(akkoord.RoleOwner)
	b.get("/admin/login/..%2F..%2Fconfirm%2Fx", `action="/admin/login/..%2F..%2Fconfirm%2Fx"`)
	b.get("/admin/login/..%2Flogout%3Fx", `action="/admin/login/..%2Flogout%3Fx"`)
}

// TestLogoutEverywhere ends the session itself, not only the cookie (P27).
func TestLogoutEverywhere(t *testing.T) {
	f := newFixture(t)
	b := f.as(akkoord.RoleOwner)
	base, err := url.Parse(f.server.URL)
	f.check(err)
	stolen := f.browser()
	stolen.client.Jar.SetCookies(base, b.client.Jar.Cookies(base))
	stolen.get("/admin")
	b.send("POST", "/admin/logout", "")
	if r := stolen.send("GET", "/admin", ""); r.status != http.StatusSeeOther {
		t.Errorf("a copy of the cookie still works: %d", r.status)
	}
}

// TestOldLink is late by a second.
func TestOldLink(t *testing.T) {
	f := newFixture(t)
	path := f.link(akkoord.RoleOwner)
	f.advance(time.Hour + time.Second)
	if r := f.browser().send("POST", path, ""); r.status != http.StatusGone {
		t.Errorf("status %d", r.status)
	}
}

// TestSecureCookie binds the session to https where the site is served so.
func TestSecureCookie(t *testing.T) {
	f := newFixture(t)
	w := httptest.NewRecorder()
	f.newSite("https://mail.zonvaart.example").ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", f.link(akkoord.RoleOwner), nil))
	if cookie := w.Header().Get("Set-Cookie"); !strings.HasPrefix(cookie, "__Host-akkoord=") || !strings.Contains(cookie, "Secure") {
		t.Errorf("cookie %s", cookie)
	}
}

// TestRights opens every route as every role and as nobody (P28).
func TestRights(t *testing.T) {
	f := newFixture(t)
	path := f.paths()
	browsers := map[akkoord.Role]*browser{}
	for _, role := range akkoord.Roles {
		browsers[role] = f.as(role)
	}
	for pattern, right := range f.site.Rights() {
		method, path := path(pattern)
		if right == "logged in" {
			continue // tried by the login tests
		}
		nobody := f.browser().send(method, path, "act=test")
		asksFirst := strings.HasSuffix(pattern, "/admin/login/code") // for the password that comes before the code
		turnedAway := nobody.header.Get("Location") == "/admin/login" || nobody.status == http.StatusUnauthorized && strings.Contains(nobody.body, "Your session was over")
		if open := !turnedAway; open != (right == "anyone" && !asksFirst) {
			t.Errorf("%s as nobody: %d to %q", pattern, nobody.status, nobody.header.Get("Location"))
		}
		if right == "anyone" {
			continue
		}
		for role, b := range browsers {
			r := b.send(method, path, "act=test")
			if found := r.status != http.StatusNotFound; found != role.May(right) {
				t.Errorf("%s as %s: %d", pattern, role, r.status)
			}
		}
	}
	if r := browsers[akkoord.RoleOwner].send("GET", "/admin/nothing", ""); r.status != http.StatusNotFound {
		t.Errorf("no such page: %d", r.status)
	}
}

// TestActRights lets an editor test a mailing but not send it.
func TestActRights(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	b := f.as(akkoord.RoleEditor)
	for _, act := range []string{"send", "pause", "resume", "cancel", "drop"} {
		if r := b.send("POST", path, "act="+act); r.status != http.StatusNotFound {
			t.Errorf("%s: %d", act, r.status)
		}
	}
	b.press(path, url.Values{"act": {"test"}, "email": {"femke@zonvaart.example"}})
	if len(f.mail.sent) != 1 || f.mail.sent[0] != "Sneeuw <b>|en|femke@zonvaart.example" {
		t.Errorf("sent %q", f.mail.sent)
	}
}

// TestCrossSite refuses posts that another site's page makes.
func TestCrossSite(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	b := f.as(akkoord.RoleOwner)
	for _, header := range []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site", "Origin: https://evil.example", "Origin: null"} {
		for _, path := range []string{path, "/admin/logout", f.link(akkoord.Roles[len(f.mail.sent)+1])} {
			if r := b.send("POST", path, "act=send", header); r.status != http.StatusForbidden {
				t.Errorf("POST %s with %s: %d", path, header, r.status)
			}
		}
		f.mail.sent = append(f.mail.sent, header) // a new role for the next link
	}
	b.get(path, "Sneeuw &lt;b&gt;", "Draft")
}

// TestMailing sends a mailing by its buttons, shows
// its counts, and says why something can't be done.
func TestMailing(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	f.person("pim@voorbeeld.example")
	f.person("zoe@voorbeeld.example")
	b := f.as(akkoord.RoleManager)
	b.get("/admin", "Winter 2027", "Travel news", "Sneeuw &lt;b&gt;")
	b.get(path, "Draft", `sandbox`, `value="send"`)
	page := b.press(path, url.Values{"act": {"send"}})
	for _, want := range []string{"The mailing has started.", "Sending", "p•••••@voorbeeld.example", "<td>Zoë</td>", `href="?live=1"`} {
		if !strings.Contains(page.body, want) {
			t.Errorf("after sending, the page lacks %q", want)
		}
	}
	if strings.Contains(b.get(path).body, "The mailing has started.") {
		t.Error("the notice stands there twice")
	}
	if last, _ := f.trail(); !strings.HasSuffix(last, " mailing.deliveries mailing:"+strings.TrimPrefix(path, "/admin/mailings/")) {
		t.Errorf("the list of people left %q", last)
	}
	_, before := f.trail()
	b.get(path)
	if _, n := f.trail(); n != before {
		t.Errorf("a page that reloads itself left %d more lines", n-before)
	}
	for _, path := range []string{"/admin", path} { // WCAG 2.2.1: only for who asked, and who can stop it
		if page := b.get(path, `href="?live=1"`); strings.Contains(page.body, `http-equiv="refresh"`) {
			t.Errorf("%s reloads itself unasked", path)
		}
		b.get(path+"?live=1", `http-equiv="refresh"`, `<a href="?">`)
	}
	b.get(path+"?state=open", "z•••••@voorbeeld.example")
	b.get(path + "?state=sent")
	for _, step := range []struct{ act, want string }{
		{"pause", "Paused"}, {"pause", `role="alert"`}, {"resume", "Sending"}, {"cancel", "Stopped"},
	} {
		if page := b.press(path, url.Values{"act": {step.act}}); !strings.Contains(page.body, step.want) {
			t.Errorf("%s: the page lacks %q:\n%s", step.act, step.want, page.body)
		}
	}
	analyst := f.as(akkoord.RoleAnalyst)
	if page := analyst.get(path); strings.Contains(page.body, "voorbeeld.example") || strings.Contains(page.body, `value="cancel"`) || strings.Contains(page.body, "/admin/people") {
		t.Error("an analyst sees people, a way to them, or buttons")
	}
	b.get(path, `href="/admin/people"`)
}

// TestBlocked shows all that stands in the way before somebody presses send.
func TestBlocked(t *testing.T) {
	f := newFixture(t)
	f.sender = akkoord.Sender{Controller: "Zonvaart Reizen B.V."}
	path := f.mailing()
	b := f.as(akkoord.RoleOwner)
	if strings.Contains(b.get(path).body, `value="send"`) {
		t.Error("there is a button to send")
	}
	f.as(akkoord.RoleManager).get("/admin", "AKKOORD_SMTP", "AKKOORD_FROM", "AKKOORD_POSTAL_ADDRESS", "AKKOORD_PRIVACY_CONTACT")
	b.press(path, url.Values{"act": {"send"}})
	b.get(path, "Draft")
}

// TestPreview frames a mail that can run nothing and load pictures only.
func TestPreview(t *testing.T) {
	f := newFixture(t)
	r := f.as(akkoord.RoleAnalyst).get(f.mailing()+"/preview?variant=-1", "De sneeuw ligt er.</p>")
	if csp := r.header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, "sandbox") || !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("policy %s", csp)
	}
}

// TestPeople finds people, shows their history, and leaves a line for each
// look (M27).
func TestPeople(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	p := f.person("pim@voorbeeld.example")
	for i := range 60 {
		f.person(fmt.Sprintf("p%d@voorbeeld.example", i))
	}
	b := f.as(akkoord.RoleDPO)
	object := "subscriber:" + p.PublicID.String()
	path := "/admin/people/" + p.PublicID.String()
	for _, tt := range []struct{ path, want, audit string }{
		{"/admin/people", "pim@voorbeeld.example</a></th><td>Zoë</td>", "subscriber.list subscriber"},
		{"/admin/people?after=50", "p59@voorbeeld.example", "subscriber.list subscriber"},
		{"/admin/people?email=PIM@voorbeeld.example", path, "subscriber.search " + object},
		{"/admin/people?email=nobody@voorbeeld.example", "Nobody", "subscriber.search subscriber"},
		{path, "Ja, mail mij.", "subscriber.read " + object},
	} {
		_, before := f.trail()
		b.get(tt.path, tt.want)
		if last, n := f.trail(); n != before+1 || !strings.HasSuffix(last, tt.audit) {
			t.Errorf("%s left %q, want %q", tt.path, last, tt.audit)
		}
	}
	b.get("/admin/people", "after=")
	b.get(path, "form:home", "Travel news", "pim@voorbeeld.example")
	b.get("/admin/people?email=a@b@c.example", `role="alert"`)
	for _, bad := range []string{"/admin/people/17", "/admin/people/01890000-0000-7000-8000-000000000000"} {
		if r := b.send("GET", bad, ""); r.status != http.StatusNotFound {
			t.Errorf("%s: %d", bad, r.status)
		}
	}
	if page := b.get("/admin/purposes", "Yes, mail me.", "Ja, mail mij.", "/f/home", "61"); strings.Contains(page.body, "365") {
		t.Error("the page promises what is not done")
	}
	b.get("/admin", "61")
}

// TestLanguage keeps the language that a user chose.
func TestLanguage(t *testing.T) {
	f := newFixture(t)
	b := f.as(akkoord.RoleOwner)
	b.get("/admin", `<html lang="en">`)
	b.get("/admin?locale=nl", `<html lang="nl">`)
	b.get("/admin", `<html lang="nl">`)
	b.get("/admin?locale=xx", `<html lang="nl">`)
}

// TestLargeForm refuses a body over the limit (P30).
func TestLargeForm(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	r := f.as(akkoord.RoleOwner).send("POST", path, "act="+strings.Repeat("a", int(akkoord.Limits.FormBody)))
	if r.status != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", r.status)
	}
}

// TestHeaders are on every answer.
func TestHeaders(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{"/admin", "/admin/login", "/admin/login/x", "/admin/nothing"} {
		h := f.browser().send("GET", path, "").header
		if h.Get("Cache-Control") == "" || h.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s: %v", path, h)
		}
	}
}
