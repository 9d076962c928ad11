// Package server speaks HTTP: the public pages, the errors of all routes and
// the health of the process. The JSON API and the admin site are handlers of
// their own, mounted beside the pages. It decides nothing about consent: every
// handler makes one call to the store.
package server

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"akkoord"
	"akkoord/templates"
)

// Config says who the server speaks for and what it stands on.
type Config struct {
	Consents Consents
	Catalog  Catalog
	Links    *akkoord.Links
	Pages    *templates.Set
	View     WebView      // draws mails as web pages; nil: /view and /archive answer 404
	API      http.Handler // /api/v1; declares its own rights; nil: 404
	Admin    http.Handler // /admin; declares its own rights; nil: 404
	Hooks    Hooks        // what the sending service tells; nil: /hooks answers 404

	BaseURL        string                  // AKKOORD_URL; links and the own origin come from it, never from a Host field
	TrustedProxies []netip.Prefix          // whose X-Forwarded-* fields are believed
	Country        func(netip.Addr) string // ISO 3166-1 code of where an address is, or ""; nil: the place says nothing about the language
	IPPolicy       akkoord.IPPolicy        // what evidence keeps of the address of a request
	SignUps        Rate                    // of one client's sign-ups, over all nodes; the zero Rate turns the limits off
	Nodes          func() int              // how many processes share the visitors; nil: this one alone
	StampKey       []byte                  // signs the time at which a form was shown; nil: forms carry no stamp
	ChallengeKey   []byte                  // signs what a form asks a browser to work out; nil: no form asks

	Brand        func() templates.Brand      // its look at this moment; without a name: that of the organisation. nil: Akkoord's own
	From         string                      // sender of the mails as people read it: Name <a@b>
	Organisation func() akkoord.Organisation // who is behind the mails at this moment
	LedgerKey    string                      // fingerprint of the key that signs heads and evidence (M30)
	Relay        string                      // slug of the party that delivers the mail; empty: the controller itself; akkoord.UnknownRelay: not said

	Showings *Showings // counts what is shown; nil: nothing is counted
	Domains  Domains   // says which domains take mail; nil: nobody asks (AKKOORD_CHECK_MX)
	// Opened is told whose page behind a confirmation link is shown; nil: nobody is.
	Opened func(person akkoord.ID)

	Now    func() time.Time
	Random io.Reader
	Log    *slog.Logger
	Tracer Tracer // follows requests; may be nil
}

// Server answers the public routes. It is safe for concurrent use.
type Server struct {
	Config
	echo      *echo.Echo
	https     bool   // the base URL is https
	origin    string // of the base URL
	bareFrom  string // address alone of From
	privacy   atomic.Pointer[statement]
	confirmed atomic.Pointer[confirmedPage]
	rooms     sync.Pool // of *[]byte, for pages that are spliced
	feeds     *feedShelf
	signUps   *limiter
	assets    map[string]asset
	lastStyle atomic.Pointer[style] // of the brand in force, when it was last asked for
	styles    *limiter              // of other colours
	metrics   *metrics
	request   requestIDs
}

// New makes a server and reads all of its assets. It fails on a setting that
// can't work and on a route that declares no right (P28).
func New(cfg Config) (*Server, error) {
	base, err := url.Parse(cfg.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, fmt.Errorf("AKKOORD_URL is %q; it must be a URL like https://mail.example.org", cfg.BaseURL)
	}
	s := &Server{
		Config: cfg, https: base.Scheme == "https", origin: base.Scheme + "://" + base.Host, bareFrom: templates.BareAddress(cfg.From),
		signUps: newLimiter(), styles: newLimiter(), metrics: newMetrics(), feeds: newFeedShelf(),
	}
	if s.Brand == nil {
		s.Brand = func() templates.Brand { return templates.Brand{} }
	}
	s.BaseURL = strings.TrimSuffix(cfg.BaseURL, "/")
	if s.Random == nil {
		s.Random = rand.Reader
	}
	if s.request, err = newRequestIDs(s.Random); err != nil {
		return nil, err
	}
	if s.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	s.echo = echo.New()
	s.echo.HideBanner, s.echo.HidePort = true, true
	s.echo.HTTPErrorHandler = func(err error, c echo.Context) { s.fail(c, err) }
	s.echo.IPExtractor = func(r *http.Request) string { return s.client(r).String() }
	s.echo.Use(s.guard)
	if err := s.register(s.routes()); err != nil {
		return nil, err
	}
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// HTTP gives the http.Server for the public site, with times and sizes that
// slow or hostile connections can't stretch (P31). Handlers that stream longer
// set deadlines of their own by http.ResponseController.
func (s *Server) HTTP() *http.Server { return s.timed(s) }

// OpsHTTP gives the http.Server for AKKOORD_OPS_LISTEN, with the same limits.
func (s *Server) OpsHTTP(checks ...Check) *http.Server { return s.timed(s.Ops(checks...)) }

func (s *Server) timed(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
}
