package admin_test

import (
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"akkoord"
	"akkoord/server/admin"
)

const goodPassword = "vier woorden die ik leuk vind"

// staff makes a user with a password and gives the number.
func (f *fixture) staff(email string, role akkoord.Role) akkoord.User {
	f.t.Helper()
	u := f.invited(email, role)
	hash, err := admin.HashPassword(goodPassword)
	f.check(err)
	f.check(f.store.SetPassword(f.t.Context(), akkoord.ActorSystem, u, hash))
	return u
}

// invited makes a user who has nothing yet to log in with.
func (f *fixture) invited(email string, role akkoord.Role) akkoord.User {
	f.t.Helper()
	u, err := f.store.AddUser(f.t.Context(), akkoord.ActorSystem, akkoord.User{Email: email, Role: role, Reason: "test"})
	f.check(err)
	return u
}

// signIn posts address and password.
func (b *browser) signIn(email, password string) reply {
	b.f.t.Helper()
	return b.send("POST", "/admin/login", url.Values{"email": {email}, "password": {password}}.Encode())
}

var (
	secretShown = regexp.MustCompile(`Type: <code>([A-Z2-7 ]+)</code>`)
	codesShown  = regexp.MustCompile(`<li><code>([a-z2-7 ]+)</code>`)
)

// secondFactor sets one up in the browser, and gives its secret and the codes
// that stand in for it.
func (b *browser) secondFactor() (secret string, codes []string) {
	b.f.t.Helper()
	b.press("/admin/account", url.Values{"act": {"factor"}})
	m := secretShown.FindStringSubmatch(b.get("/admin/account", "qr.png").body)
	if m == nil {
		b.f.t.Fatal("no secret is shown")
	}
	if r := b.send("GET", "/admin/account/qr.png", ""); r.status != http.StatusOK || !strings.HasPrefix(r.body, "\x89PNG") {
		b.f.t.Errorf("the QR code: %d", r.status)
	}
	secret = strings.ReplaceAll(m[1], " ", "")
	if r := b.send("POST", "/admin/account", url.Values{"act": {"confirm"}, "code": {"000000"}}.Encode()); r.status != http.StatusUnauthorized {
		b.f.t.Errorf("a wrong code confirms: %d", r.status)
	}
	r := b.send("POST", "/admin/account", url.Values{"act": {"confirm"}, "code": {b.f.code(secret)}}.Encode())
	for _, m := range codesShown.FindAllStringSubmatch(r.body, -1) {
		codes = append(codes, m[1])
	}
	if r.status != http.StatusOK || len(codes) != 10 {
		b.f.t.Fatalf("confirming: %d %s", r.status, r.body)
	}
	return secret, codes
}

// code is what an authenticator shows.
func (f *fixture) code(secret string) string {
	f.t.Helper()
	code, err := totp.GenerateCode(secret, f.clock())
	f.check(err)
	return code
}

// M27: in by address and password, and by nothing less; an address that nobody
// has is answered alike.
func TestAPasswordLetsIn(t *testing.T) {
	f := newFixture(t)
	f.staff("Femke@zonvaart.example", akkoord.RoleManager)
	b := f.browser()
	b.get("/admin/login", `type="password"`)
	wrong, unknown := b.signIn("femke@zonvaart.example", "iets heel anders"), b.signIn("niemand@zonvaart.example", "iets heel anders")
	if wrong.status != http.StatusUnauthorized || unknown.status != wrong.status || strings.ReplaceAll(unknown.body, "niemand@", "femke@") != wrong.body {
		t.Errorf("a wrong password: %d, an unknown address: %d", wrong.status, unknown.status)
	}
	if r := b.signIn(" femke@zonvaart.example ", goodPassword); r.status != http.StatusSeeOther || r.header.Get("Location") != "/admin" {
		t.Fatalf("the right password: %d %s", r.status, r.body)
	}
	b.get("/admin", "Femke@zonvaart.example")
	if last, _ := f.trail(); !strings.Contains(last, "user.login") {
		t.Errorf("the audit trail ends with %s", last)
	}
	for _, tt := range []struct{ email, password string }{
		{"femke@zonvaart.example", ""}, {"", ""}, {"femke@zonvaart.example", strings.Repeat("x", 100_000)}, {strings.Repeat("x", 100_000), "x"}, {"' OR 1=1 --", "\x00"},
	} {
		if r := f.browser().signIn(tt.email, tt.password); r.status < 400 || r.status >= 500 {
			t.Errorf("%.20q, %.20q: %d", tt.email, tt.password, r.status)
		}
	}
}

// P27: guesses are counted by account, not by session, address of the network
// or order, and no login but a whole one forgets them.
func TestGuessesStopAtTen(t *testing.T) {
	f := newFixture(t)
	f.staff("femke@zonvaart.example", akkoord.RoleOwner)
	for _, email := range []string{"femke@zonvaart.example", "niemand@zonvaart.example"} {
		for i := range akkoord.Limits.Guesses {
			if r := f.browser().signIn(email, "iets heel anders"); r.status != http.StatusUnauthorized {
				t.Fatalf("guess %d at %s: %d", i, email, r.status)
			}
		}
		if r := f.browser().signIn(strings.ToUpper(email), goodPassword); r.status != http.StatusTooManyRequests {
			t.Errorf("after ten guesses at %s: %d", email, r.status)
		}
	}
	f.advance(akkoord.Limits.GuessPause + time.Second)
	if r := f.browser().signIn("femke@zonvaart.example", goodPassword); r.status != http.StatusSeeOther {
		t.Errorf("after an hour: %d", r.status)
	}
}

// P27: one password tried for many addresses, each within its own count, stops by
// network, and other networks don't notice; logins that work count for nothing.
func TestGuessesStopByNetwork(t *testing.T) {
	f := newFixture(t)
	f.staff("femke@zonvaart.example", akkoord.RoleOwner)
	try := func(from, email, password string) int {
		return f.browser().send("POST", "/admin/login", url.Values{"email": {email}, "password": {password}}.Encode(), "Test-From: "+from).status
	}
	for range 3 {
		if got := try("192.0.2.1", "femke@zonvaart.example", goodPassword); got != http.StatusSeeOther {
			t.Errorf("a login that works: %d", got)
		}
	}
	for i := range akkoord.Limits.NetworkGuesses {
		if got := try(fmt.Sprintf("192.0.2.%d", i%200), fmt.Sprintf("naam%d@zonvaart.example", i), "iets heel anders"); got != http.StatusUnauthorized {
			t.Fatalf("guess %d: %d", i, got)
		}
	}
	if got := try("192.0.2.9", "femke@zonvaart.example", goodPassword); got != http.StatusTooManyRequests {
		t.Errorf("one more from there: %d", got)
	}
	if got := try("192.0.3.9", "femke@zonvaart.example", goodPassword); got != http.StatusSeeOther {
		t.Errorf("from another network: %d", got)
	}
	f.advance(akkoord.Limits.GuessPause + time.Second)
	if got := try("192.0.2.9", "femke@zonvaart.example", goodPassword); got != http.StatusSeeOther {
		t.Errorf("an hour later: %d", got)
	}
}

// P27, M27: a second factor is asked after a password and after a link; a code
// works once, in its own session's time; a thousand guesses over fresh logins stop at ten.
func TestASecondFactorIsNeverSkipped(t *testing.T) {
	f := newFixture(t)
	u := f.staff("femke@zonvaart.example", akkoord.RoleOwner)
	b := f.browser()
	b.signIn("femke@zonvaart.example", goodPassword)
	secret, codes := b.secondFactor()
	b.get("/admin/account", "Recovery codes left: 10")
	in := func(b *browser, code string) reply {
		return b.send("POST", "/admin/login/code", url.Values{"code": {code}}.Encode())
	}
	enter := func() *browser {
		t.Helper()
		b := f.browser()
		if r := b.signIn("femke@zonvaart.example", goodPassword); r.header.Get("Location") != "/admin/login/code" {
			t.Fatalf("after the password: %d to %q", r.status, r.header.Get("Location"))
		}
		if r := b.send("GET", "/admin", ""); r.status != http.StatusSeeOther || r.header.Get("Location") != "/admin/login" {
			t.Fatalf("the site without the code: %d", r.status)
		}
		return b
	}
	if r := in(f.browser(), f.code(secret)); r.header.Get("Location") != "/admin/login" {
		t.Errorf("a code without a password: %d", r.status)
	}
	second := enter()
	second.get("/admin/login/code", "One more code")
	if r := in(second, f.code(secret)); r.status != http.StatusUnauthorized {
		t.Errorf("the code that set it up, again: %d", r.status)
	}
	f.advance(time.Minute)
	code := f.code(secret)
	if r := in(second, code[:3]+" "+code[3:]); r.header.Get("Location") != "/admin" {
		t.Fatalf("a fresh code: %d %s", r.status, r.body)
	}
	second.get("/admin", "femke@")
	if r := in(enter(), code); r.status != http.StatusUnauthorized {
		t.Errorf("a code twice: %d", r.status)
	}
	late := enter()
	f.advance(6 * time.Minute)
	if r := in(late, f.code(secret)); r.header.Get("Location") != "/admin/login" {
		t.Errorf("a code long after the password: %d", r.status)
	}
	if r := in(enter(), strings.ToUpper(codes[3])); r.header.Get("Location") != "/admin" {
		t.Errorf("a recovery code: %d %s", r.status, r.body)
	}
	if r := in(enter(), codes[3]); r.status != http.StatusUnauthorized {
		t.Errorf("a recovery code twice: %d", r.status)
	}
	path := f.linkOf(u)
	byLink := f.browser()
	if r := byLink.send("POST", path, ""); r.header.Get("Location") != "/admin/login/code" {
		t.Errorf("a link skips the second factor: %d to %q", r.status, r.header.Get("Location"))
	}
	f.advance(2 * akkoord.Limits.GuessPause)
	stopped := 0
	for range 1000 {
		b := f.browser()
		if r := b.signIn("femke@zonvaart.example", goodPassword); r.status == http.StatusTooManyRequests {
			break
		}
		if r := in(b, "123456"); r.status == http.StatusTooManyRequests {
			break
		}
		stopped++
	}
	if stopped > akkoord.Limits.Guesses {
		t.Errorf("%d codes were guessed over fresh logins", stopped)
	}
}

// P27: whatever changes of a user's credentials, sessions and links begun before
// are dead at once; the one that made the change goes on.
func TestWhatWasBegunBeforeAChangeOfCredentialsIsDead(t *testing.T) {
	named := func(f *fixture, u akkoord.User, act string, more url.Values) url.Values {
		keys, err := f.store.Passkeys(t.Context(), u.ID)
		f.check(err)
		in := url.Values{"act": {act}, "id": {keys[0].ID.String()}}
		maps.Copy(in, more)
		return in
	}
	for _, tt := range []struct {
		name string
		act  func(f *fixture, b *browser, u akkoord.User)
		self bool // the session that does it goes on
	}{
		{"passkey", func(f *fixture, b *browser, _ akkoord.User) { b.addPasskey(newAuthenticator(t)) }, true},
		{"passkey removed", func(f *fixture, b *browser, u akkoord.User) {
			b.press("/admin/account", named(f, u, "passkey_remove", nil))
		}, true},
		{"passkey renamed, which ends nothing", func(f *fixture, b *browser, u akkoord.User) {
			b.press("/admin/account", named(f, u, "passkey_rename", url.Values{"name": {"Another"}}))
		}, true},
		{"single sign-on linked", func(_ *fixture, b *browser, _ akkoord.User) { b.connect() }, true},
		{"single sign-on unlinked", func(_ *fixture, b *browser, _ akkoord.User) {
			b.press("/admin/account", url.Values{"act": {"sso_unlink"}})
		}, true},
		{"factors forgotten by an owner", func(f *fixture, _ *browser, u akkoord.User) {
			f.as(akkoord.RoleOwner).send("POST", "/admin/users/"+u.PublicID.String(), "act=forget")
		}, false},
		{"password", func(f *fixture, b *browser, _ akkoord.User) {
			b.press("/admin/account", url.Values{"act": {"password"}, "now": {goodPassword}, "password": {"heel andere woorden dan die"}, "again": {"heel andere woorden dan die"}})
		}, true},
		{"second factor", func(f *fixture, b *browser, _ akkoord.User) { b.secondFactor() }, true},
		{"all other sessions", func(f *fixture, b *browser, _ akkoord.User) {
			b.press("/admin/account/sessions", url.Values{"act": {"others"}})
		}, true},
		{"password on the machine", func(f *fixture, _ *browser, u akkoord.User) {
			f.check(f.store.SetPassword(t.Context(), akkoord.ActorSystem, u, "x"))
		}, false},
		{"second factor taken away on the machine", func(f *fixture, _ *browser, u akkoord.User) {
			f.check(f.store.SetFactor(t.Context(), akkoord.ActorSystem, u, nil, nil))
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := passkeyFixture(t)
			u := f.staff("femke@zonvaart.example", akkoord.RoleOwner)
			b, other, link := f.browser(), f.browser(), f.browser()
			in := func(b *browser) { b.signIn(u.Email, goodPassword) }
			if strings.HasPrefix(tt.name, "passkey re") {
				first, key := f.browser(), newAuthenticator(t)
				in(first)
				first.addPasskey(key)
				in = func(b *browser) { b.passkeyIn(key) }
			}
			if strings.HasPrefix(tt.name, "single") {
				p := f.provider()
				if tt.name == "single sign-on unlinked" {
					p.links(u)
				}
			}
			if tt.name == "single sign-on unlinked" {
				in = func(b *browser) { b.singleSignOn() }
			}
			ends := tt.name != "passkey renamed, which ends nothing"
			for _, b := range []*browser{b, other} {
				in(b)
				b.get("/admin", "femke@")
			}
			path := f.linkOf(u)
			tt.act(f, b, u)
			if r := other.send("GET", "/admin", ""); (r.status == http.StatusSeeOther) != ends {
				t.Errorf("another session: %d", r.status)
			}
			if r := link.send("POST", path, ""); (r.status == http.StatusGone) != ends {
				t.Errorf("a link: %d", r.status)
			}
			if r := b.send("GET", "/admin", ""); (r.status == http.StatusOK) != tt.self {
				t.Errorf("the session that did it: %d", r.status)
			}
		})
	}
}

// M27: a password is changed by who knows the old one, and only into a good one.
func TestAPasswordIsChangedByWhoKnowsIt(t *testing.T) {
	f := newFixture(t)
	f.staff("femke@zonvaart.example", akkoord.RoleOwner)
	b := f.browser()
	b.signIn("femke@zonvaart.example", goodPassword)
	for _, tt := range []struct{ name, now, password, again, field string }{
		{"wrong", "iets anders dan dat", "heel andere woorden dan die", "heel andere woorden dan die", "now"},
		{"short", goodPassword, "kort", "kort", "password"},
		{"common", goodPassword, "Welkom2026!!", "Welkom2026!!", "password"},
		{"own address", goodPassword, "femke@zonvaart.example", "femke@zonvaart.example", "password"},
		{"not the same", goodPassword, "heel andere woorden dan die", "heel andere woorden dan deze", "again"},
	} {
		r := b.send("POST", "/admin/account", url.Values{"act": {"password"}, "now": {tt.now}, "password": {tt.password}, "again": {tt.again}}.Encode())
		if r.status < 400 || r.status >= 500 || !strings.Contains(r.body, `id="`+tt.field+`-e"`) || strings.Contains(r.body, html.EscapeString(tt.password)+`"`) && tt.name != "own address" {
			t.Errorf("%s: %d %s", tt.name, r.status, r.body)
		}
	}
	first := f.as(akkoord.RoleEditor) // by link, without a password so far
	first.press("/admin/account", url.Values{"act": {"password"}, "password": {"heel andere woorden dan die"}, "again": {"heel andere woorden dan die"}})
	if r := f.browser().signIn("editor@zonvaart.example", "heel andere woorden dan die"); r.header.Get("Location") != "/admin" {
		t.Errorf("the first password: %d", r.status)
	}
}

// P27: who only knows an address can't keep its user from a link and a code; a
// login that waits for its code is over when the password changes; and what was
// begun in a browser passes to nobody who logs in there next.
func TestALoginStandsAlone(t *testing.T) {
	f := newFixture(t)
	u := f.staff("femke@zonvaart.example", akkoord.RoleOwner)
	b := f.browser()
	b.signIn("femke@zonvaart.example", goodPassword)
	secret, _ := b.secondFactor()
	f.advance(time.Minute)
	waiting := f.browser()
	waiting.signIn("femke@zonvaart.example", goodPassword)
	hash, err := admin.HashPassword(goodPassword)
	f.check(err)
	f.check(f.store.SetPassword(t.Context(), akkoord.ActorSystem, u, hash))
	if r := waiting.send("POST", "/admin/login/code", url.Values{"code": {f.code(secret)}}.Encode()); r.header.Get("Location") != "/admin/login" {
		t.Errorf("a login from before the change goes on: %d to %q", r.status, r.header.Get("Location"))
	}
	for range akkoord.Limits.Guesses + 2 {
		f.browser().signIn("femke@zonvaart.example", "iets heel anders")
	}
	path := f.linkOf(u)
	in := f.browser()
	in.send("POST", path, "")
	if r := in.send("POST", "/admin/login/code", url.Values{"code": {f.code(secret)}}.Encode()); r.header.Get("Location") != "/admin" {
		t.Fatalf("a link and a code after somebody's guesses: %d to %q", r.status, r.header.Get("Location"))
	}
	f.staff("eva@zonvaart.example", akkoord.RoleEditor)
	shared := f.browser()
	shared.signIn("eva@zonvaart.example", goodPassword)
	shared.press("/admin/account", url.Values{"act": {"factor"}})
	begun := secretShown.FindStringSubmatch(shared.get("/admin/account").body)[1]
	eva, err := f.store.Credential(t.Context(), "eva@zonvaart.example")
	f.check(err)
	f.check(f.store.EndSessions(t.Context(), akkoord.ActorSystem, eva.User))
	f.staff("bo@zonvaart.example", akkoord.RoleEditor)
	shared.signIn("bo@zonvaart.example", goodPassword)
	if body := shared.get("/admin/account", "bo@").body; strings.Contains(body, begun) {
		t.Error("the second factor that Eva began is offered to Bo")
	}
}
