package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// M27: whoever the provider names by a verified address is let in as the user who was
// invited with it; from then on by the name for good that the provider gives
// them, whatever their address is there. Nobody is made by it.
func TestSingleSignOnLetsInWhoIsKnown(t *testing.T) {
	f := newFixture(t)
	p := f.provider()
	u := f.invited("Femke@zonvaart.example", akkoord.RoleOwner)
	f.invited("eva@zonvaart.example", akkoord.RoleEditor)
	users, err := f.store.Users(t.Context())
	f.check(err)
	older := f.browser()
	older.send("POST", f.linkOf(u), "")
	older.get("/admin", "Femke@")
	b := f.browser()
	has(t, b.get("/admin/login"), "Log in with Zonvaart ID", `action="/admin/login/sso"`)
	if r := b.singleSignOn(); r.status != http.StatusSeeOther || r.header.Get("Location") != "/admin" {
		t.Fatalf("the first time: %d %s", r.status, r.body)
	}
	b.get("/admin", "Femke@")
	has(t, b.get("/admin/privacy/audit?kind=user"), "user.sso_linked", "user.login", "single sign-on")
	has(t, b.get("/admin/account"), "Zonvaart ID", "sso_unlink")
	if r := older.send("GET", "/admin", ""); r.status != http.StatusSeeOther {
		t.Errorf("a session from before the link lives on: %d", r.status)
	}
	p.email, p.verified, p.apart = "eva@zonvaart.example", true, true
	again := f.browser()
	again.singleSignOn()
	again.get("/admin", "Femke@")

	b.get("/admin") // the first session goes on: nothing of its user changed
	for name, who := range map[string]struct {
		subject, email string
		verified       bool
	}{
		"nobody's address":                    {"sub-2", "niemand@zonvaart.example", true},
		"an address that was not verified":    {"sub-3", "eva@zonvaart.example", false},
		"no address":                          {"sub-4", "", true},
		"somebody else with a user's address": {"sub-5", "femke@zonvaart.example", true},
	} {
		p.subject, p.email, p.verified = who.subject, who.email, who.verified
		stranger := f.browser()
		r := stranger.singleSignOn()
		if r.status != http.StatusForbidden || !strings.Contains(r.body, "Nobody here is known by this account") || strings.Contains(r.body, "@") {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
		if r := stranger.send("GET", "/admin", ""); r.status != http.StatusSeeOther {
			t.Errorf("%s: lets in", name)
		}
	}
	p.subject, p.email, p.verified = "sub-6", "EVA@zonvaart.example", true
	evas := f.browser()
	evas.singleSignOn()
	evas.get("/admin", "eva@")
	eva, err := f.store.Credential(t.Context(), "eva@zonvaart.example")
	f.check(err)
	f.check(f.store.EndUser(t.Context(), akkoord.ActorSystem, eva.User.ID, "left"))
	if r := f.browser().singleSignOn(); r.status != http.StatusForbidden {
		t.Errorf("whose access ended: %d", r.status)
	}
	if now, err := f.store.Users(t.Context()); err != nil || len(now) != len(users) {
		t.Errorf("there are %d users, not %d: %v", len(now), len(users), err)
	}
}

// M27: what the provider did not say to this browser, now, and to this site, lets
// nobody in; and where it does not answer the other ways to log in are there.
func TestWhatTheProviderDidNotSayLetsNobodyIn(t *testing.T) {
	f := newFixture(t)
	p := f.provider()
	p.links(f.staff("femke@zonvaart.example", akkoord.RoleOwner))
	back := func(b *browser) string { at, _ := b.away("/admin/login/sso"); return at }
	lie := func(name string, value any) func(*browser) string {
		return func(b *browser) string { p.lies = map[string]any{name: value}; return back(b) }
	}
	const over, wrong = "took too long, or was used already", "did not let you in"
	for _, tt := range []struct {
		name string
		at   func(*browser) string
		says string
	}{
		{"another state", func(b *browser) string { return back(b) + "x" }, over},
		{"no state", func(b *browser) string { at, _, _ := strings.Cut(back(b), "&state="); return at }, over},
		{"nothing was asked", func(*browser) string { return "/admin/login/sso/back?code=x&state=" }, over},
		{"in another browser", func(*browser) string { return back(f.browser()) }, over},
		{"used before", func(b *browser) string {
			at := back(b)
			b.send("GET", at, "")
			b.send("POST", "/admin/logout", "")
			return at
		}, over},
		{"late", func(b *browser) string { at := back(b); f.advance(6 * time.Minute); return at }, over},
		{"refused there", func(b *browser) string {
			_, asked := b.away("/admin/login/sso")
			return "/admin/login/sso/back?error=access_denied&state=" + asked.Get("state")
		}, wrong},
		{"a code of its own", func(b *browser) string {
			_, asked := b.away("/admin/login/sso")
			return "/admin/login/sso/back?code=guess&state=" + asked.Get("state")
		}, wrong},
		{"the code of another login", func(b *browser) string {
			other, _ := url.Parse(back(f.browser()))
			_, asked := b.away("/admin/login/sso")
			return "/admin/login/sso/back?code=" + other.Query().Get("code") + "&state=" + asked.Get("state")
		}, wrong},
		{"another nonce", lie("nonce", "x"), wrong},
		{"for another site", lie("aud", "other"), wrong},
		{"of another provider", lie("iss", "https://evil.example"), wrong},
		{"of yesterday", lie("exp", f.clock().Add(-time.Hour).Unix()), wrong},
		{"an address that is no text", lie("email", 7), wrong},
	} {
		b := f.browser()
		r := b.send("GET", tt.at(b), "")
		if r.status != http.StatusUnauthorized || !strings.Contains(r.body, tt.says) || !strings.Contains(r.body, `id="sso-e"`) || !strings.Contains(r.body, `type="password"`) {
			t.Errorf("%s: %d %s", tt.name, r.status, r.body)
		}
		if r := b.send("GET", "/admin", ""); r.status != http.StatusSeeOther {
			t.Errorf("%s: lets in", tt.name)
		}
		p.lies = nil
	}
	b := f.browser()
	at := back(b)
	if r := b.send("HEAD", at, ""); r.header.Get("Location") != "/admin/login" {
		t.Errorf("HEAD: %d", r.status)
	}
	if r := b.send("GET", at, ""); r.header.Get("Location") != "/admin" {
		t.Errorf("after a HEAD: %d %s", r.status, r.body)
	}
	b = f.browser()
	at = back(b)
	p.server.Close()
	if r := b.send("GET", at, ""); r.status != http.StatusServiceUnavailable || !strings.Contains(r.body, "reached at this moment") {
		t.Errorf("a provider that went down: %d %s", r.status, r.body)
	}
	f.server.Config.Handler = f.signOnSite(p) // which has not asked it yet
	f.browser().get("/admin/login", "Log in with Zonvaart ID")
	if r := f.browser().send("POST", "/admin/login/sso", ""); r.status != http.StatusServiceUnavailable || !strings.Contains(r.body, "reached at this moment") || !strings.Contains(r.body, `type="password"`) {
		t.Errorf("a provider that is down: %d %s", r.status, r.body)
	}
	if r := f.browser().signIn("femke@zonvaart.example", goodPassword); r.status != http.StatusSeeOther {
		t.Errorf("a password meanwhile: %d", r.status)
	}
}

// ASVS 7.5.3: a proof goes through the provider, which is to ask anew: a login from
// before, or of somebody else, proves nothing.
func TestSingleSignOnProvesWhoItIs(t *testing.T) {
	f := newFixture(t)
	p := f.provider()
	u := f.staff("femke@zonvaart.example", akkoord.RoleOwner)
	f.staff("eva@zonvaart.example", akkoord.RoleOwner)
	p.links(u)
	b := f.browser()
	b.singleSignOn()
	b.send("POST", "/admin/users/"+u.PublicID.String(), "act=x")
	f.advance(akkoord.Limits.ProofWindow + time.Minute)
	has(t, b.send("POST", "/admin/proof", "to=/admin/users"), `formaction="/admin/proof/sso"`, `formtarget="_blank"`, "Zonvaart ID")
	prove := func() reply {
		back, asked := b.away("/admin/proof/sso")
		if asked.Get("prompt") != "login" || asked.Get("max_age") != "0" {
			t.Errorf("the provider is asked for %v", asked)
		}
		return b.send("GET", back, "")
	}
	asks := func() bool {
		return strings.Contains(b.send("POST", "/admin/proof", "to=/admin/users").body, asksProof)
	}
	for name, lie := range map[string]func(){
		"an old login":     func() { p.authTime = f.clock().Add(-10 * time.Minute) },
		"no time of login": func() { p.authTime = time.Time{} },
		"somebody else":    func() { p.authTime, p.subject, p.email = f.clock(), "sub-2", "eva@zonvaart.example" },
	} {
		lie()
		if r := prove(); r.status != http.StatusUnauthorized || !asks() {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
		p.subject, p.email = "sub-1", "femke@zonvaart.example"
	}
	p.authTime = f.clock()
	if r := prove(); r.status != http.StatusOK || !strings.Contains(r.body, "Go on in the other tab") || asks() {
		t.Errorf("the right one: %d %s", r.status, r.body)
	}
	if last, _ := f.trail(); !strings.Contains(last, "user.proved") {
		t.Errorf("the audit trail ends with %s", last)
	}
	evas := f.browser()
	evas.signIn("eva@zonvaart.example", goodPassword)
	if r := evas.send("POST", "/admin/proof/sso", ""); r.status != http.StatusNotFound {
		t.Errorf("who is not linked: %d", r.status)
	}

	// The link is undone by its user, but not where it is all that lets them in.
	b.press("/admin/account", url.Values{"act": {"sso_unlink"}})
	if strings.Contains(b.get("/admin/account").body, "sso_unlink") {
		t.Error("the link is there still")
	}
	p.subject, p.email = "sub-9", "bo@zonvaart.example"
	_, err := f.store.AddUser(t.Context(), akkoord.ActorSystem, akkoord.User{Email: p.email, Role: akkoord.RoleOwner, Reason: "test"})
	f.check(err)
	bo := f.browser()
	bo.singleSignOn()
	if r := bo.send("POST", "/admin/account", "act=sso_unlink"); r.status != http.StatusConflict || !strings.Contains(r.body, "the only thing that lets you in") {
		t.Errorf("the last way in: %d %s", r.status, r.body)
	}
}

// P27: an address at the provider goes around no password, second factor or passkey.
// Who has one connects it where they are in, whatever their address is there.
func TestAnAddressAloneLinksNobodyWhoHasAnotherWayIn(t *testing.T) {
	for name, has := range map[string]func(*fixture, *browser, akkoord.User){
		"a password":      func(*fixture, *browser, akkoord.User) {},
		"a second factor": func(_ *fixture, b *browser, _ akkoord.User) { b.secondFactor() },
		"a passkey": func(f *fixture, b *browser, u akkoord.User) {
			b.addPasskey(newAuthenticator(f.t))
			f.check(f.store.SetPassword(f.t.Context(), akkoord.ActorSystem, u, ""))
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := passkeyFixture(t)
			p := f.provider()
			u := f.staff("femke@zonvaart.example", akkoord.RoleOwner)
			b := f.browser()
			b.signIn(u.Email, goodPassword)
			has(f, b, u)
			thief := f.browser()
			r := thief.singleSignOn()
			if r.status != http.StatusForbidden || !strings.Contains(r.body, "connect Zonvaart ID on your account page") || strings.Contains(r.body, "@") {
				t.Errorf("by the address: %d %s", r.status, r.body)
			}
			if r := thief.send("GET", "/admin", ""); r.status != http.StatusSeeOther {
				t.Errorf("lets in: %d", r.status)
			}
			if _, err := f.store.Linked(t.Context(), akkoord.Identity{Issuer: p.server.URL, Subject: p.subject}); akkoord.KindOf(err) != akkoord.NotFound {
				t.Errorf("is linked: %v", err)
			}
		})
	}

	f := newFixture(t)
	p := f.provider()
	u := f.staff("femke@zonvaart.example", akkoord.RoleOwner)
	eva := f.staff("eva@zonvaart.example", akkoord.RoleEditor)
	p.email, p.verified = "f.jansen@elders.example", false
	b, evas := f.browser(), f.browser()
	b.signIn(u.Email, goodPassword)
	evas.signIn(eva.Email, goodPassword)
	at, _ := b.away("/admin/account", "act=sso_link")
	if r := evas.send("GET", at, ""); r.status != http.StatusUnauthorized {
		t.Errorf("in the session of another user: %d", r.status)
	}
	if r := f.browser().send("GET", at, ""); r.status != http.StatusUnauthorized {
		t.Errorf("in no session: %d", r.status)
	}
	f.advance(akkoord.Limits.ProofWindow + time.Minute)
	has(t, b.send("POST", "/admin/account", "act=sso_link"), asksProof)
	b.signIn(u.Email, goodPassword)
	if r := b.connect(); r.status != http.StatusSeeOther || r.header.Get("Location") != "/admin/account" {
		t.Fatalf("connecting: %d %s", r.status, r.body)
	}
	has(t, b.get("/admin/account"), "Single sign-on is connected", "sso_unlink")
	has(t, b.get("/admin/privacy/audit?kind=user"), "user.sso_linked")
	in := f.browser()
	in.singleSignOn()
	in.get("/admin", "femke@")
	evas.signIn(eva.Email, goodPassword)
	if r := evas.connect(); r.status != http.StatusConflict || !strings.Contains(r.body, "connected already") || !strings.Contains(r.body, "eva@") {
		t.Errorf("an account that is another user's: %d %s", r.status, r.body)
	}

	// Whoever forgets what a user lost takes the link along.
	owner := f.as(akkoord.RoleOwner)
	has(t, owner.get("/admin/users"), "Forget second factor and single sign-on")
	owner.send("POST", "/admin/users/"+u.PublicID.String(), "act=forget")
	if r := f.browser().singleSignOn(); r.status != http.StatusForbidden {
		t.Errorf("a link that was forgotten: %d", r.status)
	}
	if r := in.send("GET", "/admin", ""); r.status != http.StatusSeeOther {
		t.Errorf("its session goes on: %d", r.status)
	}
	has(t, owner.get("/admin/privacy/audit?kind=user"), "user.sso_unlinked", "user.second_factor_removed")
}

// P27: questions that nobody answers keep no network out; answers that were refused do
// for an hour, with a sentence of their own, and are logged without a code or token.
func TestOnlyRefusedAnswersOfSingleSignOnAreCounted(t *testing.T) {
	f := newFixture(t)
	p := f.provider()
	p.links(f.staff("femke@zonvaart.example", akkoord.RoleOwner))
	for range akkoord.Limits.NetworkGuesses + 1 {
		f.browser().send("POST", "/admin/login/sso", "")
		f.browser().send("GET", "/admin/login/sso/back?code=x&state=x", "")
	}
	if r := f.browser().singleSignOn(); r.status != http.StatusSeeOther {
		t.Fatalf("after questions that nobody answered: %d %s", r.status, r.body)
	}
	for range akkoord.Limits.NetworkGuesses {
		b := f.browser()
		_, asked := b.away("/admin/login/sso")
		b.send("GET", "/admin/login/sso/back?code=guess&state="+asked.Get("state"), "")
	}
	if r := f.browser().singleSignOn(); r.status != http.StatusTooManyRequests || !strings.Contains(r.body, "Too many logins from your network were refused") {
		t.Errorf("after answers that were refused: %d %s", r.status, r.body)
	}
	f.advance(akkoord.Limits.GuessPause + time.Minute)
	if r := f.browser().singleSignOn(); r.status != http.StatusSeeOther {
		t.Errorf("after an hour: %d %s", r.status, r.body)
	}
}
