// Package admin is the small site under /admin: campaigns with their progress,
// people, purposes. Users log in by a one-time link; routes.go lists every
// route with the right that it needs.
package admin

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"akkoord"
	"akkoord/server/deliver"
	"akkoord/server/figures"
	"akkoord/server/sight"
	"akkoord/templates"

	"github.com/alexedwards/scs/v2"
	"github.com/go-webauthn/webauthn/webauthn"
)

// Prefix is where the handler expects to be mounted; it sees whole paths.
const Prefix = "/admin"

// Config says what the site works on.
type Config struct {
	Store          Store
	Sessions       scs.Store
	Mail           Mail
	Sender         func() akkoord.Sender // the sender facts in force
	Settings       akkoord.Organisation  // what the settings say of the organisation, which wins over what is stored
	Brand          func() akkoord.Brand  // its look in force; nil: Akkoord's own
	BrandColour    string                // what the settings say of it, which wins too
	Set            []Setting             // what the settings say of all else
	Relay          Relay
	Inbox          Inbox                       // takes mails in the place of a mail server; nil where there is one
	RelayStates    func() []akkoord.RelayState // how relays are doing; nil: nobody knows
	Delivering     deliver.Desk
	Figures        *figures.Reader // shared with the API: what is costly is counted once
	Watcher        Watcher         // nil: nobody is noted
	Pages          *templates.Set
	Setup          akkoord.Setup                                 // what the settings say about guarding and keeping data (M29)
	KeyFingerprint string                                        // of the key that signs the ledger
	Dossier        func(locale string) akkoord.BundlePages       // what people read in evidence; nil: nothing
	Seal           akkoord.Sealer                                // keeps the secrets of second factors
	NewKey         func() (key string, hash [32]byte, err error) // makes the secret of an API key
	SignOn         Provider                                      // where users log in by single sign-on
	GuessKey       []byte                                        // hashes the addresses that passwords are tried for
	Network        func(*http.Request) netip.Prefix              // that a request comes from: what guesses are counted for, besides accounts
	BaseURL        string                                        // AKKOORD_URL: with https the session cookie is Secure
	Now            func() time.Time
	Log            *slog.Logger
}

// Site answers requests under Prefix.
type Site struct {
	cfg      Config
	sessions *scs.SessionManager
	mux      http.Handler // routes without what is around them
	handler  http.Handler
	pace     pace
	passkeys *webauthn.WebAuthn // nil: browsers keep none for this address
	signOn   *signOn            // nil: there is none
	hashing  chan struct{}
	home     *time.Location // that pages show times in, and fields of forms mean
	sight    *sight.Guard   // what the user may see of people; cfg.Store asks it too

	census        *figures.Memory[struct{}, census]
	subscriptions *figures.Memory[struct{}, map[int64]map[akkoord.State]int64]
}

// guarded is the store as the user of a page may see it (M26): what is about
// people comes through the guard, since its methods are nearer.
type guarded struct {
	plain
	*sight.Guard
}

type plain struct{ Store }

// sessionLife is how long a login lasts, used or not.
const sessionLife = 12 * time.Hour

// contentPolicy lets pages load only what is ours, and frame a mail.
const contentPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// scriptPolicy lets the pages that can ask for a passkey, the form of a segment and the
// editor of mailings run our own scripts, which ask our own server.
const scriptPolicy = "; script-src 'self'; connect-src 'self'"

// New makes the handler. It fails when a route declares no right (P28).
func New(cfg Config) (*Site, error) {
	home, err := akkoord.LoadZone("")
	if err != nil {
		return nil, err
	}
	if cfg.Brand == nil {
		cfg.Brand = func() akkoord.Brand { return akkoord.Brand{} }
	}
	guard := sight.New(cfg.Store)
	cfg.Store = guarded{plain{cfg.Store}, guard}
	s := &Site{
		cfg: cfg, home: home, sight: guard, sessions: scs.New(), hashing: make(chan struct{}, hashesAtOnce),
		census:        figures.NewMemory[struct{}, census](cfg.Now, censusShare),
		subscriptions: figures.NewMemory[struct{}, map[int64]map[akkoord.State]int64](cfg.Now, censusShare),
	}
	if s.passkeys, err = relyingParty(cfg.BaseURL); err != nil {
		return nil, err
	}
	if cfg.SignOn.Issuer != "" {
		s.signOn = &signOn{Provider: cfg.SignOn}
	}
	s.sessions.Store, s.sessions.Lifetime = cfg.Sessions, sessionLife
	s.sessions.Cookie.Name = "akkoord"
	if strings.HasPrefix(cfg.BaseURL, "https://") {
		s.sessions.Cookie.Name, s.sessions.Cookie.Secure = "__Host-akkoord", true
	}
	s.sessions.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) { s.fail(w, r, visit{}, err) }
	mux := http.NewServeMux()
	for _, route := range s.routes() {
		if route.right == "" {
			return nil, fmt.Errorf("admin route %s declares no right", route.pattern)
		}
		mux.HandleFunc(route.pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, route) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, route{right: loggedIn, handle: s.nothing}) })
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.fail(w, r, visit{}, errCrossSite) }))
	s.mux, s.handler = mux, origins.Handler(s.sessions.LoadAndSave(mux))
	return s, nil
}

var errCrossSite = akkoord.Errorf(akkoord.Forbidden, "cross_site", "This request came from another site and was refused. Open the admin site and try again there.")

// ServeHTTP answers one request.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	s.handler.ServeHTTP(w, r)
}
