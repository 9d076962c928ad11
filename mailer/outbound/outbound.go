// Package outbound tells endpoints of other parties of events, as Standard
// Webhooks wants it. What comes in by webhook is another package's:
// mailer/webhook.
package outbound

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"akkoord"
	"akkoord/mailer"
)

// What one request may cost, and one run for one endpoint.
const (
	patience  = 10 * time.Second // where nothing else is set
	maxAnswer = 4 << 10
	maxHeader = 64 << 10
	turn      = 20 * time.Second // after which a run ends, so that new endpoints are seen
	rest      = 5 * time.Second  // before the next message to an endpoint that failed
	atOnce    = 10               // endpoints
)

// Messages hands out what is to be sent, and takes what became of it.
type Messages interface {
	// WebhookQueues gives the endpoints that something is due for, and when to
	// look again for the others; zero: when somebody asks.
	WebhookQueues(ctx context.Context) (queues []akkoord.Webhook, next time.Time, err error)
	// NextWebhookMessage gives the first message that is due for an endpoint;
	// false when there is none.
	NextWebhookMessage(ctx context.Context, webhook int64) (akkoord.WebhookSend, akkoord.WebhookMessage, bool, error)
	SettleWebhook(ctx context.Context, m akkoord.WebhookMessage) (akkoord.Webhook, error)
}

// Config says where messages come from and what may be reached.
type Config struct {
	Messages Messages
	Loopback bool          // endpoints on this machine may be told too
	Patience time.Duration // for one request; 0: 10 seconds
	Resolve  *net.Resolver
	TLS      *tls.Config // nil: what is trusted by the machine
	Now      func() time.Time
	Jitter   func() float64
	Log      *slog.Logger
}

// Sender sends messages. Its Run is the run of a job of the kind
// akkoord.JobWebhook.
type Sender struct {
	cfg               Config
	client            *http.Client
	delivered, failed atomic.Uint64
}

var errPrivate = errors.New("not an address of the internet")

// New makes a Sender.
func New(cfg Config) *Sender {
	cfg.Patience = cmp.Or(cfg.Patience, patience)
	s := &Sender{cfg: cfg}
	trust := &tls.Config{}
	if cfg.TLS != nil {
		trust = cfg.TLS.Clone()
	}
	trust.MinVersion = tls.VersionTLS12
	dialer := net.Dialer{Timeout: cfg.Patience, Resolver: cfg.Resolve, Control: s.control}
	s.client = &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: trust, TLSHandshakeTimeout: cfg.Patience, ForceAttemptHTTP2: true,
			MaxResponseHeaderBytes: maxHeader, DisableCompression: true, MaxIdleConnsPerHost: 1, IdleConnTimeout: 30 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s
}

// control looks at each address that is about to be dialled, after its name
// was resolved (SSRF): a name that leads elsewhere the second time gains nothing.
func (s *Sender) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return errPrivate
	}
	ip := at.Addr().Unmap()
	if mailer.PublicAddress(ip) || s.cfg.Loopback && ip.IsLoopback() {
		return nil
	}
	return errPrivate
}

// Sent gives how many requests were answered well, and how many were not,
// since the process started.
func (s *Sender) Sent() (delivered, failed uint64) { return s.delivered.Load(), s.failed.Load() }

// Run sends what is due, to each endpoint in order and to all at once, and
// gives when to run again; zero: when somebody asks.
func (s *Sender) Run(ctx context.Context, _ akkoord.Job) (time.Time, error) {
	queues, next, err := s.cfg.Messages.WebhookQueues(ctx)
	if err != nil {
		return time.Time{}, err
	}
	turns := make(chan struct{}, atOnce)
	again, errs := make([]time.Time, len(queues)), make([]error, len(queues))
	var all sync.WaitGroup
	for i, w := range queues {
		all.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			again[i], errs[i] = s.serve(ctx, w)
		})
	}
	all.Wait()
	for _, at := range again {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if err := errors.Join(errs...); err != nil {
		return time.Time{}, err
	}
	if len(queues) > 0 && next.IsZero() { // what failed may be due before anybody asks
		_, next, err = s.cfg.Messages.WebhookQueues(ctx)
	}
	return next, errors.Join(err, ctx.Err())
}

// serve sends what is due to one endpoint, and gives when to go on with it;
// zero: nothing is due.
func (s *Sender) serve(ctx context.Context, w akkoord.Webhook) (time.Time, error) {
	for began := s.cfg.Now(); ctx.Err() == nil; {
		if now := s.cfg.Now(); now.Sub(began) > turn {
			return now, nil
		}
		to, m, ok, err := s.cfg.Messages.NextWebhookMessage(ctx, w.ID)
		if err != nil || !ok {
			return time.Time{}, err
		}
		try, err := s.send(ctx, to, m)
		if err != nil || ctx.Err() != nil { // told to stop: no fault of the endpoint's
			return time.Time{}, errors.Join(err, ctx.Err())
		}
		now, err := s.settle(ctx, m.Tried(try, s.cfg.Jitter()))
		if err != nil || now.State != akkoord.WebhookOn {
			return time.Time{}, err
		}
		if !try.Delivered() {
			return s.cfg.Now().Add(rest), nil
		}
	}
	return time.Time{}, ctx.Err()
}

func (s *Sender) settle(ctx context.Context, m akkoord.WebhookMessage) (akkoord.Webhook, error) {
	w, err := s.cfg.Messages.SettleWebhook(ctx, m)
	if m.Last.Delivered() {
		s.delivered.Add(1)
	} else {
		s.failed.Add(1)
	}
	if err == nil && w.State != akkoord.WebhookOn && w.State != akkoord.WebhookOff {
		s.cfg.Log.Warn("an endpoint of a webhook was paused", "webhook", w.PublicID, "state", string(w.State))
	}
	return w, err
}

// send makes one request. An error is of ours; what goes wrong with the
// endpoint is in the try.
func (s *Sender) send(ctx context.Context, to akkoord.WebhookSend, m akkoord.WebhookMessage) (akkoord.WebhookTry, error) {
	try := akkoord.WebhookTry{At: s.cfg.Now()}
	body, err := m.Body()
	if err != nil {
		return try, err
	}
	signature, err := sign(to.Secrets, m.Name(), try.At, body)
	if err != nil {
		return try, err
	}
	limited, stop := context.WithTimeout(ctx, s.cfg.Patience)
	defer stop()
	r, err := http.NewRequestWithContext(limited, http.MethodPost, to.URL, bytes.NewReader(body))
	if err != nil {
		return try, fmt.Errorf("address of webhook %s is no address", to.PublicID) // the cause would name it
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Akkoord")
	r.Header.Set(standard.HeaderWebhookID, m.Name())
	r.Header.Set(standard.HeaderWebhookTimestamp, strconv.FormatInt(try.At.Unix(), 10))
	r.Header.Set(standard.HeaderWebhookSignature, signature)
	began := time.Now()
	resp, err := s.client.Do(r)
	if err != nil {
		try.Took, try.Fault = time.Since(began), fault(err)
		return try, nil
	}
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // what was read tells; the status decides
	_ = resp.Body.Close()
	try.Took, try.Status, try.Answer = time.Since(began), resp.StatusCode, akkoord.WebhookAnswer(answer)
	switch {
	case try.Delivered():
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		try.Fault = akkoord.WebhookRedirects
	default:
		try.Fault = akkoord.WebhookRefused
	}
	return try, nil
}

// sign gives the signatures by all secrets, the one in force first.
func sign(secrets [][]byte, name string, at time.Time, body []byte) (string, error) {
	var all []string
	for _, secret := range secrets {
		hook, err := standard.NewWebhookRaw(secret)
		if err != nil {
			return "", err
		}
		signature, err := hook.Sign(name, at, body)
		if err != nil {
			return "", err
		}
		all = append(all, signature)
	}
	return strings.Join(all, " "), nil
}

func fault(err error) akkoord.WebhookFault {
	failed, ok := errors.AsType[*url.Error](err)
	switch {
	case errors.Is(err, errPrivate):
		return akkoord.WebhookPrivate
	case ok && failed.Timeout():
		return akkoord.WebhookSlow
	}
	return akkoord.WebhookUnreachable
}
