package mailer

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"akkoord"
)

// route is one relay with its circuit, and what it was told of mailbox providers:
// each relay has a reputation of its own with them.
type route struct {
	breaker
	slug      string
	version   int // of its settings
	dialer    *Dialer
	providers providers
	took      atomic.Int64 // when it last took a mail, in nanoseconds since 1970; 0: never
	last      atomic.Pointer[relayFault]
	stop      context.CancelFunc // ends its lines; nil for that of the settings, which end with the worker
}

type relayFault struct {
	at   time.Time
	code string // the stage and the reply's codes, with no word of the relay's
}

// faultCode is how the failure of a relay is shown: "auth 535 5.7.8", "connect".
func faultCode(e *RelayError) string {
	if code := replyCode(e.Outcome); code != string(e.Stage) {
		return string(e.Stage) + " " + code
	}
	return string(e.Stage)
}

// newRoute makes the route of a relay, which is dialled like that of the settings but
// for what its own settings say.
func (w *Worker) newRoute(slug string, version int, relay Relay) *route {
	d := Dialer{}
	if w.Dialer != nil {
		d = *w.Dialer // test mails, which share the caller's, don't count
	}
	d.Relay, d.took = relay, w.took
	return &route{
		breaker: breaker{now: w.Now, jitter: w.Jitter}, slug: slug, version: version, dialer: &d,
		providers: providers{now: w.Now, jitter: w.Jitter, seats: max(relay.Connections, 1), known: map[string]*provider{}},
	}
}

// run starts the lines of the route, which end with ctx.
func (r *route) run(ctx context.Context, w *Worker, all *sync.WaitGroup) {
	for range max(r.dialer.Relay.Connections, 1) {
		l := &lane{line: line{Worker: w, relay: r}}
		all.Go(func() { l.run(ctx) })
	}
	n := &noticeLane{line: line{Worker: w, relay: r, urgent: true}}
	all.Go(func() { n.run(ctx) })
}

func (r *route) accepts(at time.Time) { r.took.Store(at.UnixNano()) }

func (r *route) fault(e *RelayError) { r.last.Store(&relayFault{r.now(), faultCode(e)}) }

// routes are the relays that a Worker sends by.
type routes struct {
	fixed *route // of the settings; nil: there is none

	mu     sync.Mutex
	added  []*route
	unread map[string]int // versions of the settings that can't be read, of which a line of the log says so
}

// all gives them, that of the settings first.
func (rs *routes) all() []*route {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.fixed == nil {
		return slices.Clone(rs.added)
	}
	return append([]*route{rs.fixed}, rs.added...)
}

// limit is how many connections there can be.
func (rs *routes) limit() (n int) {
	for _, r := range rs.all() {
		n += max(r.dialer.Relay.Connections, 1) + 1
	}
	return n
}

// fail reports whether there are relays and none answers.
func (rs *routes) fail() bool {
	all := rs.all()
	return len(all) > 0 && !slices.ContainsFunc(all, func(r *route) bool { return !r.fails() })
}

// carrier is a route as it asks for mail.
func (w *Worker) carrier(of *route) akkoord.Carrier {
	c := akkoord.Carrier{Relay: of.slug, Version: of.version}
	for _, r := range w.routes.all() {
		if r != of && !r.fails() {
			c.Answering = append(c.Answering, r.slug)
		}
	}
	return c
}

// othersAnswer reports whether the circuit of another relay of an order is closed.
func (w *Worker) othersAnswer(order []string, than *route) bool {
	return slices.ContainsFunc(w.carrier(than).Answering, func(slug string) bool { return slices.Contains(order, slug) })
}

// keepTo starts and ends the lines of relays that were added, changed or retired. What
// is on a wire is finished first; a relay whose lines end takes nothing more.
func (w *Worker) keepTo(ctx context.Context, all *sync.WaitGroup) {
	if w.Relays == nil {
		return
	}
	settings, err := w.Relays(ctx)
	if err != nil {
		if ctx.Err() == nil {
			w.Log.Error("the relays can't be read; those that are known go on", "error", err)
		}
		return
	}
	w.routes.mu.Lock()
	defer w.routes.mu.Unlock()
	var kept []*route
	for _, r := range w.routes.added {
		if slices.ContainsFunc(settings, func(s akkoord.RelaySettings) bool { return s.Slug == r.slug && s.Version == r.version }) {
			kept = append(kept, r)
		} else {
			r.stop()
		}
	}
	for _, s := range settings {
		if slices.ContainsFunc(kept, func(r *route) bool { return r.slug == s.Slug }) {
			continue
		}
		relay, err := ParseRelay(string(s.URL))
		if err != nil {
			if w.routes.unread[s.Slug] != s.Version {
				w.Log.Error("the URL of a relay can't be used; give it another", "relay", s.Slug, "error", err)
				w.routes.unread[s.Slug] = s.Version
			}
			continue
		}
		relay.Connections = s.Connections
		r := w.newRoute(s.Slug, s.Version, relay)
		lives, stop := context.WithCancel(ctx)
		r.stop = stop
		r.run(lives, w, all)
		kept = append(kept, r)
	}
	w.routes.added = kept
}

// RelayStates gives how the relays are doing, that of the settings first.
func (w *Worker) RelayStates() []akkoord.RelayState {
	var out []akkoord.RelayState
	for _, r := range w.routes.all() {
		s := akkoord.RelayState{Slug: r.slug, OpenSince: r.open(), LastAccepted: moment(r.took.Load())}
		if f := r.last.Load(); f != nil {
			s.LastFault, s.FaultAt = f.code, f.at
		}
		out = append(out, s)
	}
	return out
}
