package admin_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"time"

	"akkoord"
	"akkoord/server/admin"

	"github.com/golang-jwt/jwt/v5"
)

// provider is a provider of single sign-on (OpenID Connect Core 1.0, discovery, PKCE)
// over real HTTP, which lets in whom a test says, and lies on demand: unverified
// addresses, other nonces, old logins. It asks for what the standard asks of this site.
type provider struct {
	f      *fixture
	server *httptest.Server
	key    *rsa.PrivateKey
	codes  map[string]url.Values

	subject, email string
	verified       bool
	authTime       time.Time      // zero: it does not say
	apart          bool           // tells the address at the userinfo endpoint alone
	lies           map[string]any // claims in place of the true ones
}

const clientSecret = "s3cret & öther"

func (f *fixture) provider() *provider {
	f.t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	f.check(err)
	p := &provider{f: f, key: key, codes: map[string]url.Values{}, subject: "sub-1", email: "femke@zonvaart.example", verified: true}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /userinfo", p.userinfo)
	mux.HandleFunc("GET /keys", p.keys)
	p.server = httptest.NewServer(mux)
	f.t.Cleanup(p.server.Close)
	f.server.Config.Handler = f.signOnSite(p)
	return p
}

// signOnSite is the site with a provider.
func (f *fixture) signOnSite(p *provider) *admin.Site {
	return f.newSite(passkeySite, func(c *admin.Config) {
		c.SignOn = admin.Provider{Issuer: p.server.URL, ClientID: "akkoord", Secret: clientSecret, Name: "Zonvaart ID", Client: &http.Client{Timeout: 10 * time.Second}}
	})
}

func (p *provider) say(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		p.f.t.Error(err)
	}
}

func (p *provider) discovery(w http.ResponseWriter, _ *http.Request) {
	at := p.server.URL
	p.say(w, map[string]any{
		"issuer": at, "authorization_endpoint": at + "/authorize", "token_endpoint": at + "/token", "jwks_uri": at + "/keys", "userinfo_endpoint": at + "/userinfo",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"},
	})
}

func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	for name, want := range map[string]string{"response_type": "code", "client_id": "akkoord", "code_challenge_method": "S256", "redirect_uri": passkeySite + "/admin/login/sso/back", "scope": "openid email"} {
		if q.Get(name) != want {
			p.f.t.Errorf("%s is %q, want %q", name, q.Get(name), want)
		}
	}
	code := rand.Text()
	p.codes[code] = q
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	asked, there := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if id != "akkoord" || secret != url.QueryEscape(clientSecret) || !there || asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
		return
	}
	now := p.f.clock()
	claims := jwt.MapClaims{"iss": p.server.URL, "sub": p.subject, "aud": "akkoord", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "nonce": asked.Get("nonce")}
	if !p.apart {
		claims["email"], claims["email_verified"] = p.email, p.verified
	}
	if !p.authTime.IsZero() {
		claims["auth_time"] = p.authTime.Unix()
	}
	maps.Copy(claims, p.lies)
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	t.Header["kid"] = "k1"
	raw, err := t.SignedString(p.key)
	if err != nil {
		p.f.t.Error(err)
	}
	p.say(w, map[string]any{"access_token": "at-" + p.subject, "token_type": "Bearer", "expires_in": 60, "id_token": raw})
}

func (p *provider) userinfo(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer at-"+p.subject {
		p.f.t.Errorf("userinfo is asked with %q", r.Header.Get("Authorization"))
	}
	p.say(w, map[string]any{"sub": p.subject, "email": p.email, "email_verified": p.verified})
}

func (p *provider) keys(w http.ResponseWriter, _ *http.Request) {
	b64 := base64.RawURLEncoding.EncodeToString
	p.say(w, map[string]any{"keys": []any{map[string]string{
		"kty": "RSA", "kid": "k1", "use": "sig", "alg": "RS256", "n": b64(p.key.N.Bytes()), "e": b64(big.NewInt(int64(p.key.E)).Bytes()),
	}}})
}

var leaves = regexp.MustCompile(`<a class="btn btn-main[^"]*" href="([^"]+)"`)

// leave goes to the page that leads to the provider by a button, and gives where it leads.
func (b *browser) leave(path string, in ...string) *url.URL {
	b.f.t.Helper()
	r := b.send("POST", path, strings.Join(in, "&"))
	m := leaves.FindStringSubmatch(r.body)
	if r.status != http.StatusOK || m == nil {
		b.f.t.Fatalf("%s: %d %s", path, r.status, r.body)
	}
	at, err := url.Parse(html.UnescapeString(m[1]))
	if by := r.header.Get("Refresh"); err == nil && by != "0; url="+at.String() {
		b.f.t.Errorf("the page goes on to %q, its link to %s", by, at)
	}
	b.f.check(err)
	return at
}

// away goes to the provider by a button, logs in there, and gives where it sends back
// to, and what it was asked.
func (b *browser) away(path string, in ...string) (back string, asked url.Values) {
	b.f.t.Helper()
	at := b.leave(path, in...)
	there := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := there.Get(at.String())
	b.f.check(err)
	b.f.check(resp.Body.Close())
	to, err := resp.Location()
	b.f.check(err)
	return to.RequestURI(), at.Query()
}

// links links the account of the provider to a user.
func (p *provider) links(u akkoord.User) {
	p.f.t.Helper()
	p.f.check(p.f.store.Link(p.f.t.Context(), akkoord.ActorSystem, u, akkoord.Identity{Issuer: p.server.URL, Subject: p.subject}))
}

// connect links whoever is in, by the button of their account's page.
func (b *browser) connect() reply {
	b.f.t.Helper()
	back, _ := b.away("/admin/account", "act=sso_link")
	return b.send("GET", back, "")
}

// singleSignOn logs in at the provider and comes back.
func (b *browser) singleSignOn() reply {
	b.f.t.Helper()
	back, _ := b.away("/admin/login/sso")
	return b.send("GET", back, "")
}
