package mailer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"akkoord"
)

// Deliveries hands out the deliveries of mailings and records what becomes of
// them. Package store documents each method.
type Deliveries interface {
	ClaimBy(ctx context.Context, by akkoord.Carrier) (*akkoord.Window, error)
	Ask(ctx context.Context, w *akkoord.Window, i int) (akkoord.Verdict, error)
	Mark(w *akkoord.Window, i int, at time.Time) error
	Note(w *akkoord.Window, i int, r akkoord.Result)
	Release(ctx context.Context, w *akkoord.Window) error
	PauseForRelay(ctx context.Context, mailingID int64, why akkoord.Stop) error
	MailingReady() <-chan struct{}
}

// Outbox hands out the mails that sign-ups cause and records what becomes of
// them. Package store documents each method.
type Outbox interface {
	ClaimSystemBy(ctx context.Context, by akkoord.Carrier, n int) ([]akkoord.SystemDelivery, error)
	NoteSystem(r akkoord.SystemResult)
	SettleSystem(ctx context.Context, results ...akkoord.SystemResult) error
	OutboxReady() <-chan struct{}
}

// Config is what a Worker works with.
type Config struct {
	Deliveries Deliveries
	Outbox     Outbox
	Press      *Press
	Dialer     *Dialer // of the relay of the settings; without a host in its Relay there is none
	// Relays gives the relays beside that one, as they are at this moment; nil: there are
	// none.
	Relays      func(context.Context) ([]akkoord.RelaySettings, error)
	Signer      *Signer     // nil, or without keys: mails go unsigned
	ReturnPath  *ReturnPath // nil: the From address
	ReportField ReportField // of each mail; goes with ReturnPath
	Now         func() time.Time
	Jitter      func() float64 // in [0, 1), safe for concurrent use
	Log         *slog.Logger

	Poll time.Duration // how often to look for work that nobody announced; default 1 s
	Idle time.Duration // after which an unused connection is closed; default 30 s (M.6)
	Stop time.Duration // given to messages on the wire at the end; default 20 s (P24)
}

// Worker sends what there is to send, by the relays that there are: mailings over
// as many connections as each one's setting allows, and the mails of sign-ups over one
// of their own, so that no mailing delays them (M.13).
type Worker struct {
	Config
	routes routes
	*tallies

	mu      sync.Mutex
	bell    chan struct{} // closed and replaced when there may be work
	strikes map[int64]int // refusals about us in a row, by mailing
}

// New makes a Worker.
func New(c Config) *Worker {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&c.Poll, time.Second)
	def(&c.Idle, 30*time.Second)
	def(&c.Stop, 20*time.Second)
	w := &Worker{Config: c, routes: routes{unread: map[string]int{}}, tallies: newTallies(), bell: make(chan struct{}), strikes: map[int64]int{}}
	if c.Dialer != nil && c.Dialer.Relay.Host != "" {
		w.routes.fixed = w.newRoute(akkoord.DefaultRelay, 0, c.Dialer.Relay)
	}
	return w
}

// Run sends until ctx ends. Then it takes nothing more, finishes the messages
// on the wire, for at most Stop, and gives everything back (P24).
func (w *Worker) Run(ctx context.Context) error {
	var all sync.WaitGroup
	w.keepTo(ctx, &all) // first: who goes before whom is known to all
	if r := w.routes.fixed; r != nil {
		r.run(ctx, w, &all)
	}
	w.tend(ctx, &all)
	all.Wait()
	return nil
}

// tend rings when there may be work, and keeps to the relays that there are.
func (w *Worker) tend(ctx context.Context, all *sync.WaitGroup) {
	tick := time.NewTicker(w.Poll)
	defer tick.Stop()
	for ctx.Err() == nil {
		w.beats(&w.beat)
		w.ring()
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-w.Deliveries.MailingReady():
		}
		w.keepTo(ctx, all)
	}
}

func (w *Worker) ring() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.bell)
	w.bell = make(chan struct{})
}

// rung is closed the next time that there may be work.
func (w *Worker) rung() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bell
}

// strike counts a refusal about us by the words of one recipient's server. It
// reports whether there are now so many in a row that it is no single
// recipient's whim.
func (w *Worker) strike(mailing int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.strikes[mailing]++
	return w.strikes[mailing] >= maxStrikes
}

const maxStrikes = 3

func (w *Worker) noStrike(mailing int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.strikes, mailing)
}

// pause stops a mailing that would fail for everybody (P11).
func (w *Worker) pause(mailing int64, why akkoord.Stop) {
	w.Log.Error("a mailing was paused", "mailing", mailing, "why", why.Text)
	w.noStrike(mailing)
	if err := w.Deliveries.PauseForRelay(context.Background(), mailing, why); err != nil {
		w.Log.Error("a mailing was not paused", "mailing", mailing, "error", err)
	}
}

// line is a connection to a relay that is kept while it is of use.
type line struct {
	*Worker
	relay   *route
	session *Session
	unguard func() bool
	used    time.Time
	alone   pause // after its own failures
	working bool  // the breaker counts it
	urgent  bool  // others make room for it
}

// open gives the kept session, or a new one.
func (l *line) open(ctx context.Context) (*Session, error) {
	if l.session != nil {
		return l.session, nil
	}
	s, err := l.relay.dialer.Dial(ctx)
	if err != nil {
		return nil, err
	}
	l.session = s
	l.connections.Add(1)
	l.unguard = context.AfterFunc(ctx, func() { time.AfterFunc(l.Stop, s.Abort) })
	return s, nil
}

// back reports whether a relay that asks for mail may do so: one whose circuit is half
// open and beside which another answers is dialled first, so that nothing waits for it.
func (l *line) back(ctx context.Context, by akkoord.Carrier) bool {
	if len(by.Answering) == 0 || !l.relay.fails() {
		return true
	}
	err := l.guard(func() error { _, err := l.open(ctx); return err })
	if err == nil {
		return true
	}
	if l.failed(ctx, err); errors.Is(err, errFault) {
		l.drop()
	}
	return false
}

// hangUp ends the session, for now.
func (l *line) hangUp() {
	l.close()
	l.relay.gone(l)
}

func (l *line) close() {
	if l.session != nil {
		l.session.Close()
		l.unguard()
		l.session = nil
		l.connections.Add(-1)
	}
}

// rest waits for work, and hangs up when none came for long.
func (l *line) rest(ctx context.Context, work <-chan struct{}) {
	if (l.session != nil || l.working) && l.Now().Sub(l.used) >= l.Idle {
		l.hangUp()
	}
	timer := time.NewTimer(l.Poll)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-work:
	case <-timer.C:
	}
}

// source is a Source that knows whether it has more.
type source interface {
	Source
	more() bool
}

// converse sends all that src has, over a new connection where one is used up.
// It gives the relay's failure, or a fault of ours.
func (l *line) converse(ctx context.Context, src source) error {
	for ctx.Err() == nil && src.more() {
		s, err := l.open(ctx)
		if err != nil {
			return err
		}
		err = s.Run(ctx, src)
		l.used = l.Now()
		if err == nil {
			break
		}
		if !errors.Is(err, ErrSpent) {
			l.hangUp()
			return err
		}
		l.close()
	}
	if ctx.Err() == nil && l.session != nil {
		l.relay.works(l)
	}
	return ctx.Err()
}

// failed notes what a failure means for the relay. It reports whether the
// relay refuses us for good.
func (l *line) failed(ctx context.Context, err error) (stop bool) {
	e, ok := errors.AsType[*RelayError](err)
	if !ok || ctx.Err() != nil || e.Relay == RelayFine {
		l.relay.unused(l)
		return false
	}
	if e.Relay == RelayStop && (e.Stage == StageRcpt || e.Stage == StageData || e.Stage == StageBody) {
		l.relay.talks(l) // it is the mail that it refuses
		return false
	}
	l.relay.fault(e)
	l.Log.Warn("a connection to the relay is left alone for a while", "relay", l.relay.slug, "pause", l.relay.bad(l).Round(time.Second), "error", e)
	return e.Relay == RelayStop
}

func refusal(o Outcome) akkoord.Stop {
	return akkoord.StopRefused(fmt.Sprintf("%s at %s", replyCode(o), o.Stage))
}

// replyCode is how an outcome's codes are stored: "550 5.1.1".
func replyCode(o Outcome) string {
	switch {
	case o.Code == 0:
		return string(o.Stage)
	case o.Enhanced == "":
		return strconv.Itoa(o.Code)
	}
	return strconv.Itoa(o.Code) + " " + o.Enhanced
}
