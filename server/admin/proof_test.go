package admin_test

import (
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"akkoord"
)

var carried = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// held gives what a page would post, and where to.
func held(page string) (action string, fields url.Values) {
	if m := regexp.MustCompile(`<form method="post" action="([^"]+)">(?:<input type="hidden" name="csrf"[^>]*>)?(?:<input type="hidden" name="[^"]+" value="|\s*<p)`).FindStringSubmatch(page); m != nil {
		action = html.UnescapeString(m[1])
	}
	fields = url.Values{}
	for _, m := range carried.FindAllStringSubmatch(page, -1) {
		fields.Add(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	return action, fields
}

const asksProof = "Is it you?"

// sensitive are the routes, with what is posted to them, that ask who logged in over
// a quarter of an hour ago to show who they are. Routes that are not here never ask.
var sensitive = map[string][]string{
	"GET /admin/privacy/audit.csv":          {""},
	"GET /admin/privacy/breaches/{id}/pack": {""},
	"POST /admin/account":                   {"act=factor", "act=confirm&code=1", "act=password&password=a&again=a", "act=passkey_add&name=x&passkey=x", "act=passkey_rename&id=x&name=x", "act=passkey_remove&id=x", "act=sso_link", "act=sso_unlink"},
	"POST /admin/account/passkey":           {""},
	"POST /admin/users":                     {"email=x&role=owner&reason=y"},
	"POST /admin/users/{id}":                {"act=role&role=editor&reason=y", "act=end&reason=y", "act=forget", "act=sessions", "act=link"},
	"POST /admin/keys":                      {"name=x&role=king&reason=y"},
	"POST /admin/keys/{id}":                 {"act=end"},
	"POST /admin/webhooks":                  {"url=x&processor=y"},
	"POST /admin/webhooks/{id}":             {"act=save&url=x", "act=rotate", "act=on"},
	"POST /admin/deliverability/keys":       {"kind=rsa"},
	"POST /admin/deliverability/keys/{id}":  {"act=sign", "act=sign&insist=yes", "act=retire", "act=remove"},
	"POST /admin/setup/mail/catch":          {"act=catch", "act=leave"},
	"POST /admin/settings/brand":            {"act=save"},
	"POST /admin/settings/relays":           {"act=relay&slug=x", "act=sender&slug=x"},
	"POST /admin/settings/relays/{slug}":    {"act=save", "act=retire"},
	"POST /admin/settings/senders/{slug}":   {"act=save", "act=retire"},
	"POST /admin/settings/routes/{slug}":    {"sender=x"},
	"POST /admin/imports/{id}":              {"act=import"},
	"GET /admin/imports/{id}/rejects.csv":   {""},
	"POST /admin/bulk-acts/{id}":            {"act=confirm&people=2"},
	"POST /admin/setup/who":                 {"controller=x"},
	"POST /admin/proof":                     {"to=/admin/privacy/audit.csv"},
	"POST /admin/people/{id}/erase":         {"reason=asked"},
	"POST /admin/people/{id}/take":          {"what=evidence&reason=asked", "what=zip&reason=asked", "what=csv&reason=asked", "what=json&reason=asked"},
	"POST /admin/privacy/approvals/{id}":    {"act=agree&text=yes"},
	"POST /admin/access":                    {"reason=short"},
	"POST /admin/privacy/access":            {"reason=short"},
	"POST /admin/privacy/access/{id}":       {"act=end"},
}

// P28, ASVS 7.5.3: over all routes, roles and ages of a session: what takes data
// away or changes access asks once more, the rest never does, and what a role may
// not see is not there, old session or new.
func TestWhatIsHardToTakeBackAsksOnceMoreWhoItIs(t *testing.T) {
	f := newFixture(t)
	path := f.paths()
	browsers := map[akkoord.Role]*browser{}
	for _, role := range akkoord.Roles {
		browsers[role] = f.as(role)
	}
	for _, pattern := range slices.Sorted(maps.Keys(sensitive)) {
		if _, there := f.site.Rights()[pattern]; !there {
			t.Errorf("there is no route %s", pattern)
		}
	}
	for _, age := range []struct {
		name  string
		by    time.Duration
		stale bool
	}{{"fresh", 0, false}, {"just fresh", akkoord.Limits.ProofWindow - time.Minute, false}, {"stale", 2 * time.Minute, true}, {"clock set back", -2 * time.Hour, true}} {
		f.advance(age.by)
		for pattern, right := range f.site.Rights() {
			method, at := path(pattern)
			if right == "anyone" || pattern == "POST /admin/logout" {
				continue
			}
			bodies, asks := sensitive[pattern]
			if !asks {
				bodies = []string{"act=test"}
			}
			for _, body := range bodies {
				for role, b := range browsers {
					may := right == "logged in" || role.May(right)
					if !may && role != akkoord.RoleAnalyst && role != akkoord.RoleMail {
						continue // each right is denied to one of these two: TestRights tries them all
					}
					if may && !asks && age.by != 2*time.Minute {
						continue
					}
					if may && asks && !age.stale && (strings.Contains(body, "act=factor") || strings.HasPrefix(pattern, "POST /admin/users/")) {
						continue // it would change who is logged in how
					}
					r := b.send(method, at, body)
					switch asked := strings.Contains(r.body, asksProof); {
					case !may && r.status != http.StatusNotFound:
						t.Errorf("%s: %s %s as %s: %d", age.name, pattern, body, role, r.status)
					case may && asked != (asks && age.stale):
						t.Errorf("%s: %s %s as %s: asked %v: %d", age.name, pattern, body, role, asked, r.status)
					case may && asked && r.status != http.StatusForbidden:
						t.Errorf("%s: %s %s as %s: %d", age.name, pattern, body, role, r.status)
					}
				}
			}
		}
	}
}

// ASVS 7.5.3: a refused act comes back with its content, and is done by one more
// press with the password; with a second factor it takes its code; with neither a
// new login link. What proves too little does nothing, and guesses stop at ten.
func TestAnActWaitsForItsProof(t *testing.T) {
	for _, by := range []string{"password", "code", "link"} {
		t.Run(by, func(t *testing.T) {
			f := newFixture(t)
			f.mailing()
			p := f.person("kanarie@voorbeeld.example")
			at := "/admin/people/" + p.PublicID.String() + "/take"
			var b *browser
			var secret string
			if by == "link" {
				b = f.as(akkoord.RoleDPO)
			} else {
				f.staff("femke@zonvaart.example", akkoord.RoleDPO)
				b = f.browser()
				b.signIn("femke@zonvaart.example", goodPassword)
			}
			if by == "code" {
				secret, _ = b.secondFactor()
			}
			f.advance(akkoord.Limits.ProofWindow + time.Minute)
			sent := url.Values{"what": {"json"}, "reason": {"She asked for \"it\" <b>,\r\nby phone."}}
			_, before := f.trail()
			r := b.send("POST", at, sent.Encode())
			action, fields := held(r.body)
			fields.Del("username")
			if r.status != http.StatusForbidden || action != at || fields.Encode() != sent.Encode() {
				t.Fatalf("%d: the page holds %v for %s: %s", r.status, fields, action, r.body)
			}
			if _, n := f.trail(); n != before {
				t.Error("something was done before the proof")
			}
			if by == "link" {
				if r := b.send("POST", at, fields.Encode()+"&proof=x"); r.status != http.StatusUnauthorized {
					t.Errorf("something typed: %d", r.status)
				}
				users, err := f.store.Users(t.Context())
				f.check(err)
				b.send("POST", f.linkOf(users[len(users)-1]), "")
			} else {
				good := goodPassword
				if by == "code" {
					if r := b.send("POST", at, url.Values{"what": {"json"}, "reason": {"x"}, "proof": {goodPassword}}.Encode()); r.status != http.StatusUnauthorized {
						t.Errorf("a password where there is a second factor: %d", r.status)
					}
					good = f.code(secret)
				}
				fields.Set("proof", "iets heel anders")
				r := b.send("POST", at, fields.Encode())
				if _, again := held(r.body); r.status != http.StatusUnauthorized || again.Get("reason") != sent.Get("reason") || !strings.Contains(r.body, `id="proof-e"`) || again.Has("proof") {
					t.Errorf("a wrong one: %d, holds %v: %s", r.status, again, r.body)
				}
				fields.Set("proof", good)
			}
			if r := b.send("POST", at, fields.Encode()); r.status != http.StatusOK || !strings.Contains(r.header.Get("Content-Disposition"), ".json") || !strings.Contains(r.body, "kanarie@voorbeeld.example") {
				t.Fatalf("with the proof: %d %s", r.status, r.body)
			}
			if r := b.send("POST", at, sent.Encode()); r.status != http.StatusOK {
				t.Errorf("a minute later: %d", r.status)
			}
			f.advance(akkoord.Limits.ProofWindow + time.Second)
			if by == "link" {
				return
			}
			for range akkoord.Limits.Guesses + 1 {
				r = b.send("POST", at, "what=json&reason=x&proof=123456")
			}
			if r.status != http.StatusTooManyRequests {
				t.Errorf("after ten guesses: %d", r.status)
			}
		})
	}
}

// What is read goes on by a redirect to itself, and to no other site.
func TestAProofLeadsBackToWhatWasRead(t *testing.T) {
	f := newFixture(t)
	f.staff("femke@zonvaart.example", akkoord.RoleDPO)
	b := f.browser()
	b.signIn("femke@zonvaart.example", goodPassword)
	f.advance(akkoord.Limits.ProofWindow + time.Minute)
	const csv = "/admin/privacy/audit.csv?kind=user&from=&to="
	action, fields := held(b.send("GET", csv, "").body)
	if fields.Get("to") != csv || action != "/admin/proof" {
		t.Fatalf("%s holds %v", action, fields)
	}
	fields.Set("proof", goodPassword)
	if r := b.send("POST", action, fields.Encode()); r.status != http.StatusSeeOther || r.header.Get("Location") != csv {
		t.Errorf("%d to %q", r.status, r.header.Get("Location"))
	}
	has(t, b.get(csv), "user.proved")
	for _, evil := range []string{"https://evil.example/admin/", "//evil.example/admin/", "/\\evil.example", "/administer", "javascript:alert(1)", "", "admin/x", "https:/admin/x", "%zz"} {
		if r := b.send("POST", "/admin/proof", url.Values{"to": {evil}}.Encode()); r.status != http.StatusSeeOther || r.header.Get("Location") != "/admin" {
			t.Errorf("%q leads to %q", evil, r.header.Get("Location"))
		}
	}
}

// What was sent when the session was over is kept by the page, but for passwords,
// and sent again after a login in another tab.
func TestALostSessionLosesNothing(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	u := f.staff("femke@zonvaart.example", akkoord.RoleOwner)
	b := f.browser()
	b.signIn("femke@zonvaart.example", goodPassword)
	f.check(f.store.EndSessions(t.Context(), akkoord.ActorSystem, u))
	sent := url.Values{"slug": {"zomer"}, "name": {"Zomer 2027"}, "purpose": {"travel-news"}}
	r := b.send("POST", "/admin/campaigns", sent.Encode())
	action, fields := held(r.body)
	sent.Set("lost", "1")
	if r.status != http.StatusUnauthorized || action != "/admin/campaigns" || fields.Encode() != sent.Encode() {
		t.Fatalf("%d: the page holds %v for %s: %s", r.status, fields, action, r.body)
	}
	has(t, reply{body: r.body}, `href="/admin/login" target="_blank" rel="noopener"`)
	if r := b.send("POST", action, fields.Encode()); r.status != http.StatusUnauthorized {
		t.Errorf("sent again too early: %d", r.status)
	}
	b.signIn("femke@zonvaart.example", goodPassword)
	if r := b.send("POST", action, fields.Encode()); r.status != http.StatusSeeOther {
		t.Errorf("sent again: %d %s", r.status, r.body)
	}
	b.get("/admin", "Zomer 2027")

	// Somebody else may have left it for an owner to send: the login is no proof.
	r = f.browser().send("POST", "/admin/users", url.Values{"email": {"eva@zonvaart.example"}, "role": {"owner"}, "reason": {"x"}}.Encode())
	action, fields = held(r.body)
	if r = b.send("POST", action, fields.Encode()); r.status != http.StatusForbidden || !strings.Contains(r.body, `name="proof"`) || strings.Contains(r.body, `name="lost"`) {
		t.Errorf("an act that was left for somebody: %d %s", r.status, r.body)
	}
	r = f.browser().send("POST", "/admin/account", url.Values{"act": {"password"}, "now": {"s3cret-now"}, "password": {"s3cret-new"}, "again": {"s3cret-new"}}.Encode())
	if strings.Contains(r.body, "s3cret") || !strings.Contains(r.body, "Passwords are not kept") {
		t.Errorf("passwords: %s", r.body)
	}
	if r := f.browser().send("POST", "/admin/logout", ""); r.header.Get("Location") != "/admin/login" {
		t.Errorf("a logout without a session: %d", r.status)
	}
	if r := f.browser().send("POST", "/admin/campaigns", "name=x", "Sec-Fetch-Site: cross-site"); r.status != http.StatusForbidden {
		t.Errorf("another site fills such a page: %d", r.status)
	}
}
