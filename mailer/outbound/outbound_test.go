package outbound_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"golang.org/x/net/dns/dnsmessage"

	"akkoord"
	"akkoord/mailer/outbound"
	"akkoord/store"
	"akkoord/store/sqlitetest"
)

const owner = akkoord.Actor("user:1")

// receiver is an endpoint that verifies what it gets.
type receiver struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	secrets []string // each has to verify
	got     []string // name and body of each request
	answer  func(w http.ResponseWriter, r *http.Request)
}

func receive(t *testing.T) *receiver {
	r := &receiver{t: t}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		r.t.Error(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, secret := range r.secrets {
		hook, err := standard.NewWebhook(secret)
		if err == nil {
			err = hook.Verify(body, q.Header)
		}
		if err != nil {
			r.t.Errorf("a request does not verify: %v", err)
		}
	}
	r.got = append(r.got, q.Header.Get(standard.HeaderWebhookID)+" "+string(body))
	if r.answer != nil {
		r.answer(w, q)
	}
}

func (r *receiver) requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.got...)
}

// desk is a store with a party and one endpoint of it.
type desk struct {
	*store.Store
	t      *testing.T
	cfg    store.Config
	hook   akkoord.Webhook
	secret string
	ahead  time.Duration
}

func (d *desk) now() time.Time { return time.Now().Add(d.ahead) }

func newDesk(t *testing.T, url string) *desk {
	t.Helper()
	d := &desk{t: t}
	keys, err := akkoord.NewKeyring(time.Now(), rand.Reader)
	d.check(err)
	d.cfg = store.Config{Database: sqlitetest.New(t, store.Migrate), Keyring: keys, Now: d.now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler)}
	d.open()
	t.Cleanup(func() { d.check(d.Close()) })
	_, err = d.AddProcessor(t.Context(), owner, akkoord.Processor{Slug: "crm", Name: "CRM B.V.", Role: "webhook", Agreement: akkoord.Agreement{SignedOn: time.Now().AddDate(0, 0, -1)}})
	d.check(err)
	d.hook, d.secret, err = d.AddWebhook(t.Context(), owner, akkoord.Webhook{URL: url, Processor: "crm", Events: akkoord.WebhookEvents})
	d.check(err)
	return d
}

func (d *desk) open() {
	d.t.Helper()
	var err error
	d.Store, err = store.Open(d.t.Context(), d.cfg)
	d.check(err)
}

func (d *desk) check(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) test() {
	d.t.Helper()
	d.check(d.TestWebhook(d.t.Context(), owner, d.hook.PublicID))
}

func (d *desk) sender(change ...func(*outbound.Config)) *outbound.Sender {
	cfg := outbound.Config{Messages: d, Loopback: true, Now: d.now, Jitter: func() float64 { return 0 }, Log: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&cfg)
	}
	return outbound.New(cfg)
}

// run does one run, and gives when the next is.
func (d *desk) run(s *outbound.Sender) time.Time {
	d.t.Helper()
	next, err := s.Run(d.t.Context(), akkoord.Job{})
	d.check(err)
	return next
}

// last gives the newest message to the endpoint.
func (d *desk) last() akkoord.WebhookMessage {
	d.t.Helper()
	page, _, err := d.WebhookMessages(d.t.Context(), d.hook.ID, akkoord.Page{Limit: 1})
	d.check(err)
	if len(page) == 0 {
		d.t.Fatal("there is no message")
	}
	return page[0]
}

// Each message goes once, in order, and verifies by the library of Standard
// Webhooks; for a day after a new secret by the old one too.
func TestMessagesVerifyByTheLibrary(t *testing.T) {
	r := receive(t)
	d := newDesk(t, r.URL)
	r.secrets = []string{d.secret}
	s := d.sender()
	for range 3 {
		d.test()
	}
	d.run(s)
	_, fresh, err := d.RotateWebhook(t.Context(), owner, d.hook.PublicID)
	d.check(err)
	r.secrets = append(r.secrets, fresh)
	d.test()
	d.run(s)
	got := r.requests()
	if len(got) != 4 || !strings.Contains(got[0], `"type":"webhook.test"`) {
		t.Fatalf("the endpoint got %q", got)
	}
	page, _, err := d.WebhookMessages(t.Context(), d.hook.ID, akkoord.Page{})
	d.check(err)
	for i, m := range page {
		if m.State != akkoord.WebhookDelivered || !strings.HasPrefix(got[len(got)-1-i], m.Name()) {
			t.Errorf("message %d is %v, and the endpoint got %s in its place", i, m.State, got[len(got)-1-i])
		}
	}
	if delivered, failed := s.Sent(); delivered != 4 || failed != 0 {
		t.Errorf("%d were delivered and %d failed", delivered, failed)
	}
}

// Whatever an endpoint does, it is put down in words that owners can read, and
// nothing is followed anywhere.
func TestWhatEndpointsAnswerIsPutDown(t *testing.T) {
	elsewhere := receive(t)
	silent := make(chan struct{})
	t.Cleanup(func() { close(silent) })
	for name, tt := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		status int
		fault  akkoord.WebhookFault
		state  akkoord.WebhookState
		text   string
	}{
		"an error": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no\nroom", http.StatusServiceUnavailable) }, 503, akkoord.WebhookRefused, akkoord.WebhookOn, "no room"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, 307, akkoord.WebhookRedirects, akkoord.WebhookOn, ""},
		"gone": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) }, 410, akkoord.WebhookRefused, akkoord.WebhookGone, ""},
		"silence": {func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-silent:
			case <-r.Context().Done():
			}
		}, 0, akkoord.WebhookSlow, akkoord.WebhookOn, ""},
		"no answer": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, akkoord.WebhookUnreachable, akkoord.WebhookOn, ""},
		"a flood":   {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat("x", 1<<20)) }, 200, "", akkoord.WebhookOn, strings.Repeat("x", 200)},
	} {
		t.Run(name, func(t *testing.T) {
			r := receive(t)
			r.answer = tt.answer
			d := newDesk(t, r.URL)
			d.test()
			before := d.now()
			next := d.run(d.sender(func(c *outbound.Config) {
				if tt.fault == akkoord.WebhookSlow {
					c.Patience = 50 * time.Millisecond
				}
			}))
			m := d.last()
			if m.Last.Status != tt.status || m.Last.Fault != tt.fault || !strings.HasPrefix(m.Last.Answer, tt.text) || len(m.Last.Answer) > 200 {
				t.Errorf("what is put down: %+v", m.Last)
			}
			w, err := d.Webhook(t.Context(), d.hook.PublicID)
			d.check(err)
			if w.State != tt.state {
				t.Errorf("the endpoint is %s, want %s", w.State, tt.state)
			}
			if retries := tt.fault != "" && tt.state == akkoord.WebhookOn; retries != !next.IsZero() || retries && next.Before(before.Add(5*time.Second)) {
				t.Errorf("the next run is at %v, and it was %v", next, before)
			}
		})
	}
	if got := elsewhere.requests(); len(got) != 0 {
		t.Errorf("a redirect was followed: %q", got)
	}
}

// What fails is tried again when its time has come, by the same name.
func TestWhatFailsIsTriedAgainByTheSameName(t *testing.T) {
	r := receive(t)
	r.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }
	d := newDesk(t, r.URL)
	d.test()
	s := d.sender()
	for pause := range 3 {
		next := d.run(s)
		if d.run(s); len(r.requests()) != pause+1 {
			t.Fatalf("before its time it is tried again: %q", r.requests())
		}
		d.ahead += next.Sub(d.now()) + time.Second
		if m := d.last(); m.DueAt.After(d.now()) {
			d.ahead += m.DueAt.Sub(d.now()) + time.Second
		}
	}
	r.answer = nil
	d.run(s)
	got := r.requests()
	if len(got) != 4 || d.last().State != akkoord.WebhookDelivered {
		t.Fatalf("it was tried %d times and is %s", len(got), d.last().State)
	}
	for _, line := range got {
		if line != got[0] {
			t.Errorf("it was told %q and %q", got[0], line)
		}
	}
}

// A process that dies between the commit and the request, or between the
// answer and its commit, loses nothing: the next one tells it, by the same name.
func TestNothingIsLostWhenAProcessDies(t *testing.T) {
	r := receive(t)
	d := newDesk(t, r.URL)
	d.test()
	d.check(d.Close())
	d.open()
	dying, stop := context.WithCancel(t.Context())
	r.answer = func(http.ResponseWriter, *http.Request) { stop() }
	if _, err := d.sender().Run(dying, akkoord.Job{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("a run that is stopped gave %v", err)
	}
	if m := d.last(); m.State != akkoord.WebhookWaiting || m.Attempts != 0 {
		t.Fatalf("then the message is %s after %d attempts", m.State, m.Attempts)
	}
	d.check(d.Close())
	d.open()
	r.answer = nil
	d.run(d.sender())
	if got := r.requests(); len(got) != 2 || got[0] != got[1] || d.last().State != akkoord.WebhookDelivered {
		t.Errorf("the endpoint got %q", got)
	}
}

// An endpoint that hangs holds up no other.
func TestAnEndpointThatHangsHoldsUpNoOther(t *testing.T) {
	quick, slow := receive(t), receive(t)
	told := make(chan struct{})
	quick.answer = func(http.ResponseWriter, *http.Request) { close(told) }
	slow.answer = func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-told: // only when the other was told is this one answered
		case <-r.Context().Done():
		}
	}
	d := newDesk(t, slow.URL)
	d.test()
	other, _, err := d.AddWebhook(t.Context(), owner, akkoord.Webhook{URL: quick.URL, Processor: "crm", Events: akkoord.WebhookEvents})
	d.check(err)
	d.check(d.TestWebhook(t.Context(), owner, other.PublicID))
	d.run(d.sender())
	if m := d.last(); m.State != akkoord.WebhookDelivered {
		t.Errorf("the slow one is %s: %+v", m.State, m.Last)
	}
}

// L14, SSRF: no request reaches a machine of our own network, whatever name it
// has and wherever that name leads when it is dialled.
func TestNoRequestGoesInwards(t *testing.T) {
	r := receive(t)
	_, port, err := net.SplitHostPort(r.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, inward := range []string{"127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "fe80::1", "::ffff:192.168.0.1", "64:ff9b::a00:1"} {
		t.Run(inward, func(t *testing.T) {
			d := newDesk(t, "https://crm.example:"+port+"/")
			d.test()
			d.run(d.sender(func(c *outbound.Config) { c.Loopback, c.Resolve = false, leadsTo(t, inward) }))
			if m := d.last(); m.Last.Fault != akkoord.WebhookPrivate || m.Last.Status != 0 {
				t.Errorf("what is put down: %+v", m.Last)
			}
		})
	}
	d := newDesk(t, r.URL)
	d.test()
	d.run(d.sender(func(c *outbound.Config) { c.Loopback = false }))
	if m := d.last(); m.Last.Fault != akkoord.WebhookPrivate || len(r.requests()) != 0 {
		t.Errorf("an endpoint on this machine got %q: %+v", r.requests(), m.Last)
	}
}

// leadsTo is a resolver by which every name leads to one address.
func leadsTo(t *testing.T, address string) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	ip := net.ParseIP(address)
	go func() {
		buf := make([]byte, 512)
		for {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return // the test is over
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) == 0 {
				continue
			}
			m.Response, m.Additionals = true, nil
			q := m.Questions[0]
			h := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
			v4 := ip.To4() != nil && !strings.Contains(address, ":")
			switch {
			case q.Type == dnsmessage.TypeA && v4:
				m.Answers = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.AResource{A: [4]byte(ip.To4())}}}
			case q.Type == dnsmessage.TypeAAAA && !v4:
				m.Answers = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.AAAAResource{AAAA: [16]byte(ip.To16())}}}
			}
			if out, err := m.Pack(); err == nil {
				_, _ = server.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}
