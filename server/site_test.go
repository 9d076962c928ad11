package server_test

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"akkoord"
	"akkoord/server"
	"akkoord/store"
	"akkoord/store/sqlitetest"
	"akkoord/templates"
)

// site is a server on a real store, with a clock that tests move.
type site struct {
	*server.Server
	t        testing.TB
	store    *store.Store
	links    *akkoord.Links
	keys     *akkoord.Keyring
	clock    *clock
	log      *lines
	purposes map[string]akkoord.Purpose
	campaign akkoord.Campaign
	close    func() // of the store
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

// Now moves on by a microsecond, so that no two acts have one time.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Microsecond)
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var pages = sync.OnceValues(templates.New)

func newSite(t testing.TB, change ...func(*server.Config)) *site {
	t.Helper()
	s := &site{t: t, clock: &clock{at: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}, log: &lines{}, purposes: map[string]akkoord.Purpose{}}
	var err error
	if s.keys, err = akkoord.NewKeyring(s.clock.Now(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	s.links = s.keys.Links()
	log := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if s.store, err = store.Open(t.Context(), store.Config{
		Database: sqlitetest.New(t, store.Migrate), Keyring: s.keys, Now: s.clock.Now, Random: rand.Reader, Log: log,
	}); err != nil {
		t.Fatal(err)
	}
	s.close = sync.OnceFunc(func() {
		if err := s.store.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(s.close)
	s.fill()
	set, err := pages()
	if err != nil {
		t.Fatal(err)
	}
	cfg := server.Config{
		Consents: s.store, Catalog: s.store, Links: s.links, Pages: set, BaseURL: "http://127.0.0.1:8080",
		From: `"Zonvaart Reizen" <reisnieuws@zonvaart.example>`, Organisation: func() akkoord.Organisation {
			return akkoord.Organisation{Controller: "Zonvaart Reizen B.V.", PostalAddress: "Kade 1, Utrecht", Contact: "privacy@zonvaart.example"}
		},
		Now: s.clock.Now, Random: rand.Reader, Log: log,
	}
	for _, f := range change {
		f(&cfg)
	}
	if s.Server, err = server.New(cfg); err != nil {
		t.Fatal(err)
	}
	return s
}

// fill stores the travel agency: two purposes, a form and a campaign.
func (s *site) fill() {
	s.t.Helper()
	for slug, name := range map[string]string{"travel-news": "Reisnieuws", "ski-offers": "Ski-aanbiedingen"} {
		p, err := s.store.PutPurpose(s.t.Context(), akkoord.ActorSystem, akkoord.Purpose{Slug: slug, Basis: akkoord.BasisConsent, Texts: map[string]akkoord.PurposeText{
			"nl": {Name: name, Explanation: "Hiervoor gebruiken wij uw adres.", Wording: "Ja, mail mij " + name + "."},
			"en": {Name: slug, Explanation: "We use your address for this.", Wording: "Yes, mail me " + slug + "."},
		}})
		if err != nil {
			s.t.Fatal(err)
		}
		s.purposes[slug] = p
	}
	_, err := s.store.PutForm(s.t.Context(), akkoord.ActorSystem, akkoord.Form{Slug: "home", Version: akkoord.FormVersion{
		Purposes: []string{"travel-news", "ski-offers"}, Interests: []string{"wintersport", "stedentrip"}, Challenge: "none", Origins: []string{"https://www.zonvaart.example"},
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	if s.campaign, err = s.store.PutCampaign(s.t.Context(), akkoord.ActorSystem, akkoord.Campaign{Slug: "winter", Name: "Winter 2027", PurposeID: s.purposes["travel-news"].ID}); err != nil {
		s.t.Fatal(err)
	}
}

// answer is what a client saw.
type answer struct {
	Status int
	Header http.Header
	Body   string
}

func (a answer) problem(t testing.TB) (p struct{ Code, Field, Detail string }) {
	t.Helper()
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("%d answered %s: %.200s", a.Status, got, a.Body)
	}
	if err := json.Unmarshal([]byte(a.Body), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// header is a name and a value of a request.
type header [2]string

var (
	asJSON   = header{"Accept", "application/json"}
	sendJSON = header{"Content-Type", "application/json"}
	sendForm = header{"Content-Type", "application/x-www-form-urlencoded"}
)

func (s *site) do(method, target, body string, headers ...header) answer {
	s.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:4000"
	for _, h := range headers {
		switch h[0] {
		case "peer":
			r.RemoteAddr = h[1]
		case "Host":
			r.Host = h[1]
		default:
			r.Header.Add(h[0], h[1])
		}
	}
	return s.answer(r)
}

func (s *site) answer(r *http.Request) answer {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	res := w.Result()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

func (s *site) get(target string, headers ...header) answer {
	s.t.Helper()
	return s.do(http.MethodGet, target, "", headers...)
}

func (s *site) post(target string, values url.Values, headers ...header) answer {
	s.t.Helper()
	return s.do(http.MethodPost, target, values.Encode(), append([]header{sendForm}, headers...)...)
}

// standing reads where an address stands.
func (s *site) standing(address string) akkoord.Standing {
	s.t.Helper()
	e, err := akkoord.ParseEmail(address)
	if err != nil {
		s.t.Fatal(err)
	}
	st, err := s.store.StandingByEmail(s.t.Context(), e)
	if err != nil {
		s.t.Fatal(err)
	}
	return st
}

// events counts all lines of the ledger, which holds a line for every change.
func (s *site) events() int64 {
	s.t.Helper()
	head, err := s.store.VerifyLedger(s.t.Context(), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return head.Seq
}

// request signs an address up and gives its confirmation link.
func (s *site) request(address string, purposes ...string) akkoord.Link {
	s.t.Helper()
	if a := s.post("/f/home", url.Values{"email": {address}, "purpose": purposes}, asJSON); a.Status != http.StatusAccepted {
		s.t.Fatalf("sign-up: %d %s", a.Status, a.Body)
	}
	st := s.standing(address)
	return akkoord.Link{Kind: akkoord.LinkConfirm, Subscriber: st.Subscriber.PublicID, Request: st.Subscription(s.purposes[purposes[0]].ID).Request}
}

func (s *site) token(link akkoord.Link) string { return s.links.Sign(link, s.clock.Now()) }

// subscribe signs an address up and confirms it.
func (s *site) subscribe(address string, purposes ...string) akkoord.Subscriber {
	s.t.Helper()
	if a := s.do(http.MethodPost, "/confirm/"+s.token(s.request(address, purposes...)), ""); a.Status != http.StatusOK {
		s.t.Fatalf("confirm: %d %s", a.Status, a.Body)
	}
	return s.standing(address).Subscriber
}

// leaveLink is the link of a campaign mail about travel news.
func (s *site) leaveLink(p akkoord.Subscriber) akkoord.Link {
	return akkoord.Link{Kind: akkoord.LinkUnsubscribe, Subscriber: p.PublicID, Purpose: s.purposes["travel-news"].ID, Campaign: s.campaign.ID, Mailing: 1}
}

func (s *site) state(address, purpose string) akkoord.State {
	s.t.Helper()
	return s.standing(address).Subscription(s.purposes[purpose].ID).State
}
