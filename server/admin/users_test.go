package admin_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/server/admin"
	"akkoord/server/api"
)

var linkShown = regexp.MustCompile(`<code>http://127\.0\.0\.1:8080(/admin/login/[A-Za-z0-9_-]{43})</code>`)

// M26, P27: an owner invites somebody, who gets in once by the link; gives them
// another role, ends their sessions, forgets their second factor and ends their
// access, each at once and with a line in the trail; and gives it back.
func TestAnOwnerKeepsTheUsers(t *testing.T) {
	f := newFixture(t)
	b := f.as(akkoord.RoleOwner)
	has(t, b.get("/admin/account"), `href="/admin/users"`, `href="/admin/keys"`)
	r := b.send("POST", "/admin/users", url.Values{"email": {"femke@zonvaart.example"}, "role": {"editor"}, "reason": {"Writes the news."}}.Encode())
	link := linkShown.FindStringSubmatch(r.body)
	if r.status != http.StatusOK || link == nil {
		t.Fatalf("inviting: %d %s", r.status, r.body)
	}
	if linkShown.MatchString(b.get("/admin/users", "femke@zonvaart.example", "Writes the news.", "by one-time link, without a second factor").body) {
		t.Error("the link is shown twice")
	}
	femke := f.browser()
	if r := femke.send("POST", link[1], ""); r.header.Get("Location") != "/admin" {
		t.Fatalf("the link: %d", r.status)
	}
	_, codes := femke.secondFactor()
	u, err := f.store.Credential(t.Context(), "femke@zonvaart.example")
	f.check(err)
	at := "/admin/users/" + u.User.PublicID.String()
	in := func(how url.Values) {
		t.Helper()
		has(t, b.after(at, how), `role="status"`)
	}
	enter := func() *browser {
		t.Helper()
		r := b.send("POST", at, "act=link")
		link := linkShown.FindStringSubmatch(r.body)
		if link == nil {
			t.Fatalf("a new link: %d %s", r.status, r.body)
		}
		out := f.browser()
		if r := out.send("POST", link[1], ""); r.header.Get("Location") == "/admin/login/code" {
			out.send("POST", "/admin/login/code", url.Values{"code": {codes[0]}}.Encode())
			codes = codes[1:]
		}
		out.get("/admin/account")
		return out
	}
	dead := func(what string, b *browser) {
		t.Helper()
		if r := b.send("GET", "/admin/account", ""); r.status != http.StatusSeeOther {
			t.Errorf("after %s a session lives on: %d", what, r.status)
		}
	}
	in(url.Values{"act": {"role"}, "role": {"manager"}, "reason": {"Sends them too."}})
	dead("another role", femke)
	femke = enter()
	femke.get("/admin/people")
	in(url.Values{"act": {"sessions"}})
	dead("ending all", femke)
	femke = enter()
	in(url.Values{"act": {"forget"}})
	dead("forgetting the second factor", femke)
	femke = enter()
	waiting := linkShown.FindStringSubmatch(b.send("POST", at, "act=link").body)[1]
	in(url.Values{"act": {"end"}, "reason": {"Left the agency."}})
	dead("the end", femke)
	if r := f.browser().send("POST", waiting, ""); r.status != http.StatusGone {
		t.Errorf("a link from before the end: %d", r.status)
	}
	for _, how := range []url.Values{{"act": {"link"}}, {"act": {"role"}, "role": {"owner"}, "reason": {"x"}}} {
		has(t, b.after(at, how), `role="alert"`, "Invite them again")
	}
	if grants, err := f.store.CurrentGrants(t.Context()); err != nil || len(grants) != 1 {
		t.Errorf("after the end there are %d grants, %v", len(grants), err)
	}
	r = b.send("POST", "/admin/users", url.Values{"email": {"Femke@zonvaart.example"}, "role": {"dpo"}, "reason": {"Came back."}}.Encode())
	femke = f.browser()
	if r := femke.send("POST", linkShown.FindStringSubmatch(r.body)[1], ""); r.header.Get("Location") != "/admin" {
		t.Errorf("somebody who came back: %d to %q", r.status, r.header.Get("Location"))
	}
	femke.get("/admin/people")
	has(t, b.get("/admin/privacy/audit?kind=user"), "user.list", "user.create", "user.role", "user.sessions_ended", "user.second_factor_removed", "user.end", "user.login_link", "Left the agency.")
}

// M26: whatever is typed wrongly is said at its field, and kept; the last owner
// stays; whoever is no owner sees nothing of it.
func TestUsersAreKeptWithCare(t *testing.T) {
	f := newFixture(t)
	b := f.as(akkoord.RoleOwner)
	users, err := f.store.Users(t.Context())
	f.check(err)
	own := "/admin/users/" + users[0].PublicID.String()
	for _, how := range []url.Values{{"act": {"end"}, "reason": {"x"}}, {"act": {"role"}, "role": {"editor"}, "reason": {"x"}}} {
		has(t, b.after(own, how), `role="alert"`, "This is the last owner")
	}
	f.as(akkoord.RoleManager)
	for field, typed := range map[string]url.Values{
		"email":  {"email": {"manager@zonvaart.example"}, "role": {"editor"}, "reason": {"twice"}},
		"reason": {"email": {"bo@zonvaart.example"}, "role": {"editor"}},
		"role":   {"email": {"bo@zonvaart.example"}, "role": {"mail"}, "reason": {"a program"}},
	} {
		r := b.send("POST", "/admin/users", typed.Encode())
		if r.status < 400 || r.status >= 500 || !strings.Contains(r.body, `id="`+field+`-e"`) || !strings.Contains(r.body, `value="`+typed.Get("email")+`"`) {
			t.Errorf("%s: %d %s", field, r.status, r.body)
		}
	}
	for _, how := range []url.Values{{"act": {"role"}, "role": {"king"}, "reason": {"x"}}, {"act": {"role"}, "role": {"editor"}}, {"act": {"end"}}, {"act": {"x"}}, {}} {
		has(t, b.after(own, how), `role="alert"`)
	}
	for _, at := range []string{"/admin/users/17", "/admin/users/01890000-0000-7000-8000-000000000000", "/admin/keys/01890000-0000-7000-8000-000000000000"} {
		if r := b.send("POST", at, "act=end&reason=x"); r.status != http.StatusNotFound {
			t.Errorf("%s: %d", at, r.status)
		}
	}
	second, err := f.store.AddUser(t.Context(), akkoord.ActorSystem, akkoord.User{Email: "eva@zonvaart.example", Role: akkoord.RoleOwner, Reason: "test"})
	f.check(err)
	if r := b.send("POST", own, url.Values{"act": {"role"}, "role": {"editor"}, "reason": {"Less to do."}}.Encode()); r.header.Get("Location") != "/admin/account" {
		t.Errorf("an owner of two steps down: %d to %q", r.status, r.header.Get("Location"))
	}
	b.get("/admin/account", "Editor")
	if r := b.send("GET", "/admin/users", ""); r.status != http.StatusNotFound {
		t.Errorf("who is owner no more: %d", r.status)
	}
	if err := f.store.EndUser(t.Context(), akkoord.ActorSystem, second.ID, "x"); akkoord.CodeOf(err) != "last_owner" {
		t.Errorf("the other owner: %v", err)
	}
}

// M26, P32: an owner makes a key, which is shown once, for some purposes and until a
// day; sees when it was used; and ends it.
func TestAnOwnerKeepsTheKeys(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	b := f.as(akkoord.RoleOwner)
	b.get("/admin/keys", "No program has a key yet")
	day := f.clock().AddDate(0, 0, 10).Format(time.DateOnly)
	r := b.send("POST", "/admin/keys", url.Values{"name": {"crm"}, "role": {"manager"}, "reason": {"Copies customers."}, "purpose": {"travel-news"}, "last_day": {day}}.Encode())
	secret := regexp.MustCompile(`<code>(akk_[a-z2-7]{52})</code>`).FindStringSubmatch(r.body)
	if r.status != http.StatusOK || secret == nil {
		t.Fatalf("making a key: %d %s", r.status, r.body)
	}
	page := b.get("/admin/keys", "crm", "Copies customers.", "People of Travel news", "never", "Manager")
	if strings.Contains(page.body, secret[1]) {
		t.Error("the key is shown twice")
	}
	k, err := f.store.KeyByHash(t.Context(), api.HashKey(secret[1]))
	f.check(err)
	access, err := f.store.Access(t.Context(), k.Actor())
	f.check(err)
	if purposes, all := access.Scope(); all || len(purposes) != 1 {
		t.Errorf("it sees %v, all %v", purposes, all)
	}
	f.check(f.store.UsedKey(t.Context(), k.ID))
	if strings.Contains(b.get("/admin/keys").body, "never") {
		t.Error("a key that was used was never used")
	}
	at := "/admin/keys/" + k.PublicID.String()
	if r := b.send("POST", at, "act=end"); r.header.Get("Location") != "/admin/keys" {
		t.Errorf("ending it: %d", r.status)
	}
	has(t, b.get("/admin/keys"), `role="status"`, "Ended")
	if _, err := f.store.KeyByHash(t.Context(), api.HashKey(secret[1])); akkoord.KindOf(err) != akkoord.Unauthorized {
		t.Errorf("an ended key: %v", err)
	}
	_, hash, err := api.NewKey(strings.NewReader(strings.Repeat("x", 32)))
	f.check(err)
	_, err = f.store.AddKey(t.Context(), akkoord.ActorSystem, akkoord.APIKey{Name: "short", Role: akkoord.RoleMail, Reason: "r", ExpiresAt: f.clock().Add(time.Hour)}, hash)
	f.check(err)
	f.advance(time.Hour)
	b = f.browser()
	b.send("POST", f.linkOf(akkoord.User{ID: 1}), "")
	b.get("/admin/keys", "Expired")
	if _, err := f.store.KeyByHash(t.Context(), hash); akkoord.KindOf(err) != akkoord.Unauthorized {
		t.Errorf("an expired key: %v", err)
	}
	for field, typed := range map[string]url.Values{
		"name":     {"role": {"mail"}, "reason": {"x"}},
		"role":     {"name": {"n"}, "role": {"king"}, "reason": {"x"}},
		"reason":   {"name": {"n"}, "role": {"mail"}},
		"last_day": {"name": {"n"}, "role": {"mail"}, "reason": {"x"}, "last_day": {"2020-01-01"}},
		"purpose":  {"name": {"n"}, "role": {"manager"}, "reason": {"x"}, "purpose": {"none"}},
	} {
		if r := b.send("POST", "/admin/keys", typed.Encode()); r.status < 400 || r.status >= 500 || !strings.Contains(r.body, `id="`+field+`-e"`) {
			t.Errorf("%s: %d %s", field, r.status, r.body)
		}
	}
	has(t, b.get("/admin/privacy/audit?kind=key"), "key.list", "key.create", "key.revoke")
	if admin.LoginLife != 24*time.Hour {
		t.Error("the pages say that a link lasts 24 hours")
	}
}
