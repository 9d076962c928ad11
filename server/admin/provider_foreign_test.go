package admin_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"

	"akkoord"
	"akkoord/server/admin"
)

// foreign is a provider that others wrote: the example server of zitadel/oidc, with its
// pages, keys, codes and users. It tells addresses at the userinfo endpoint alone.
type foreign struct {
	f      *fixture
	server *httptest.Server
	people storage.UserStore
}

// newForeign starts the provider, and a site that sends its users there.
func newForeign(f *fixture) *foreign {
	f.t.Helper()
	f.now = time.Now() // its tokens are of this hour
	p := &foreign{f: f}
	p.server = httptest.NewUnstartedServer(nil)
	issuer := "http://" + p.server.Listener.Addr().String()
	p.people = storage.NewUserStore(issuer)
	storage.RegisterClients(storage.WebClient("akkoord", clientSecret, passkeySite+"/admin/login/sso/back"))
	p.server.Config.Handler = exampleop.SetupServer(issuer, storage.NewStorage(p.people), slog.New(slog.DiscardHandler), false)
	p.server.Start()
	f.t.Cleanup(p.server.Close)
	f.server.Config.Handler = f.newSite(passkeySite, func(c *admin.Config) {
		c.SignOn = admin.Provider{Issuer: issuer, ClientID: "akkoord", Secret: clientSecret, Name: "Zonvaart ID", Client: &http.Client{Timeout: 10 * time.Second}}
	})
	return p
}

// login is a user who comes to the provider with a browser of their own, fills in its form, and is
// sent back.
func (p *foreign) login(at *url.URL, user *storage.User) (back string) {
	p.f.t.Helper()
	jar, err := cookiejar.New(nil)
	p.f.check(err)
	site, err := url.Parse(passkeySite)
	p.f.check(err)
	there := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host == site.Host {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	form, err := there.Get(at.String())
	p.f.check(err)
	page, err := io.ReadAll(form.Body)
	p.f.check(err)
	p.f.check(form.Body.Close())
	if form.StatusCode != http.StatusOK || !strings.Contains(string(page), `name="password"`) {
		p.f.t.Fatalf("the provider answers %d: %s", form.StatusCode, page)
	}
	done, err := there.PostForm(form.Request.URL.Scheme+"://"+form.Request.URL.Host+form.Request.URL.Path, url.Values{
		"username": {user.Username}, "password": {user.Password}, "id": {form.Request.URL.Query().Get("authRequestID")},
	})
	p.f.check(err)
	p.f.check(done.Body.Close())
	to, err := done.Location()
	if err != nil || to.Host != site.Host {
		p.f.t.Fatalf("the provider sends nobody back: %d %v", done.StatusCode, err)
	}
	return to.RequestURI()
}

// M27: with a provider that others wrote, a user who was invited logs in, shows again
// who they are, disconnects and connects; whom nobody invited stays out.
func TestSingleSignOnWithAProviderOfOthers(t *testing.T) {
	f := newFixture(t)
	p := newForeign(f)
	femke, stranger := p.people.GetUserByID("id1"), p.people.GetUserByID("id2")
	f.invited(femke.Email, akkoord.RoleOwner)

	out := f.browser()
	if r := out.send("GET", p.login(out.leave("/admin/login/sso"), stranger), ""); r.status != http.StatusForbidden || !strings.Contains(r.body, "Nobody here is known by this account") {
		t.Errorf("whom nobody invited: %d %s", r.status, r.body)
	}
	b := f.browser()
	back := p.login(b.leave("/admin/login/sso"), femke)
	if r := b.send("GET", back, ""); r.status != http.StatusSeeOther || r.header.Get("Location") != "/admin" {
		t.Fatalf("the first time: %d %s", r.status, r.body)
	}
	b.get("/admin", femke.Email)
	if r := b.send("GET", back, ""); r.status != http.StatusUnauthorized {
		t.Errorf("the same code again: %d %s", r.status, r.body)
	}
	again := f.browser()
	again.send("GET", p.login(again.leave("/admin/login/sso"), femke), "")
	again.get("/admin", femke.Email)

	f.advance(akkoord.Limits.ProofWindow + time.Minute)
	has(t, again.send("POST", "/admin/proof", "to=/admin/users"), `formaction="/admin/proof/sso"`)
	f.now = time.Now() // a login there is of the clock on the wall
	if r := again.send("GET", p.login(again.leave("/admin/proof/sso"), stranger), ""); r.status != http.StatusUnauthorized {
		t.Errorf("a proof of somebody else: %d %s", r.status, r.body)
	}
	if r := again.send("GET", p.login(again.leave("/admin/proof/sso"), femke), ""); r.status != http.StatusOK || !strings.Contains(r.body, "Go on in the other tab") {
		t.Errorf("a proof: %d %s", r.status, r.body)
	}
}
