package admin_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"akkoord"
)

const (
	firefox = "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
	phone   = "User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)

var sessionShown = regexp.MustCompile(`name="id" value="([0-9a-f-]{36})"`)

// P27: a user sees where they are logged in, by browser and time, which session
// this is, and ends another one or all others; nobody ends somebody else's.
func TestAUserSeesAndEndsTheirSessions(t *testing.T) {
	f := newFixture(t)
	f.staff("femke@zonvaart.example", akkoord.RoleManager)
	in := url.Values{"email": {"femke@zonvaart.example"}, "password": {goodPassword}}.Encode()
	login := func(agent string) *browser {
		b := f.browser()
		if r := b.send("POST", "/admin/login", in, agent); r.status != http.StatusSeeOther {
			t.Fatalf("login: %d", r.status)
		}
		return b
	}
	here, there := login(firefox), login(phone)
	f.advance(3 * time.Hour)
	there.get("/admin")
	third := login("User-Agent: something else")
	f.as(akkoord.RoleEditor)
	has(t, here.get("/admin/account"), `href="/admin/account/sessions"`)
	page := here.get("/admin/account/sessions", "Firefox, Windows", "Safari, iPhone", "Unknown browser")
	if n := strings.Count(page.body, ">This one<"); n != 1 || !regexp.MustCompile(`(?s)Firefox, Windows</h2><span[^>]*>This one`).MatchString(page.body) {
		t.Errorf("%d sessions are this one: %s", n, page.body)
	}
	ids := sessionShown.FindAllStringSubmatch(page.body, -1)
	if len(ids) != 2 {
		t.Fatalf("%d sessions can be ended, of two others: %s", len(ids), page.body)
	}
	phoneID := ids[1][1] // the newest is first
	has(t, here.press("/admin/account/sessions", url.Values{"act": {"end"}, "id": {phoneID}}), `role="status"`)
	if r := there.send("GET", "/admin", ""); r.status != http.StatusSeeOther {
		t.Errorf("the session that was ended: %d", r.status)
	}
	if last, _ := f.trail(); !strings.Contains(last, "user.session_ended user:") {
		t.Errorf("the audit trail ends with %s", last)
	}
	here.press("/admin/account/sessions", url.Values{"act": {"end"}, "id": {phoneID}}) // twice is harmless
	third.get("/admin")
	editor := f.browser()
	f.staff("bo@zonvaart.example", akkoord.RoleEditor)
	editor.signIn("bo@zonvaart.example", goodPassword)
	editor.press("/admin/account/sessions", url.Values{"act": {"end"}, "id": {ids[0][1]}})
	third.get("/admin")
	has(t, here.press("/admin/account/sessions", url.Values{"act": {"others"}}), `role="status"`)
	if r := third.send("GET", "/admin", ""); r.status != http.StatusSeeOther {
		t.Errorf("all others were ended: %d", r.status)
	}
	editor.get("/admin")
	if body := here.get("/admin/account/sessions").body; strings.Count(body, "<section") != 1 || sessionShown.MatchString(body) {
		t.Errorf("the only session offers to end others: %s", body)
	}
	for _, wrong := range []url.Values{{}, {"act": {"x"}}, {"act": {"end"}, "id": {"17"}}, {"act": {"end"}}} {
		if r := here.send("POST", "/admin/account/sessions", wrong.Encode()); r.status >= 500 || r.status == http.StatusOK {
			t.Errorf("%v: %d", wrong, r.status)
		}
	}
	here.send("POST", "/admin/logout", "")
	again := login(firefox)
	if body := again.get("/admin/account/sessions").body; strings.Count(body, "<section") != 1 {
		t.Errorf("a session that was logged out of is still there: %s", body)
	}
}

// Owners are asked for a second factor on every page until they have one; nobody
// else is.
func TestAnOwnerIsAskedForASecondFactor(t *testing.T) {
	const ask = `href="/admin/account#factor"`
	f := newFixture(t)
	b := f.as(akkoord.RoleOwner)
	for _, path := range []string{"/admin", "/admin/purposes", "/admin/account", "/admin/privacy"} {
		b.get(path, ask)
	}
	b.secondFactor()
	for _, b := range []*browser{b, f.as(akkoord.RoleManager), f.as(akkoord.RoleDPO)} {
		if strings.Contains(b.get("/admin").body, ask) {
			t.Error("somebody is asked who has one, or need not")
		}
	}
}
