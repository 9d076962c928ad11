package mailer_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
	"akkoord/mailer"
	"akkoord/mailer/mailertest"
)

// measuredWorker starts a worker whose figures a test reads.
func (w *world) measuredWorker() (worker *mailer.Worker, stop func()) {
	w.t.Helper()
	relay, err := mailer.ParseRelay(w.server.URL() + "&connections=2")
	if err != nil {
		w.t.Fatal(err)
	}
	worker = mailer.New(mailer.Config{
		Deliveries: w.store, Outbox: w.store, Press: w.press(), Dialer: &mailer.Dialer{Relay: relay},
		Now: w.clock.Now, Jitter: func() float64 { return .5 }, Log: slog.New(slog.DiscardHandler), Poll: time.Millisecond,
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = worker.Run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	w.t.Cleanup(stop)
	return worker, stop
}

// P36: the figures say what became of each mail, once.
func TestStatsCountEachMailByItsOutcome(t *testing.T) {
	w := newWorld(t, 12)
	w.server.SetRules(
		mailertest.Rule{Stage: mailertest.AtRcpt, Match: "p00003@", Code: 550, Enhanced: [3]int{5, 1, 1}},
		mailertest.Rule{Stage: mailertest.AtRcpt, Match: "p00004@", Code: 450, Enhanced: [3]int{4, 2, 2}},
		mailertest.Rule{Stage: mailertest.AtRcpt, Match: "nooit", Code: 550, Enhanced: [3]int{5, 1, 1}},
		mailertest.Rule{Stage: mailertest.AtRcpt, Match: "later", Code: 450, Enhanced: [3]int{4, 2, 2}},
	)
	for _, a := range []string{"bezoeker@voorbeeld.example", "nooit@voorbeeld.example", "later@voorbeeld.example"} {
		w.signUp(a)
	}
	m := w.start()
	worker, stop := w.measuredWorker()
	w.until("all but one to be done with", func() bool { c := w.counts(m); return c.Open == 0 })
	w.until("the mails of sign-ups", func() bool { n := worker.Stats().Notices; return n.Sent+n.Deferred+n.Failed == 3 })
	stop()

	s := worker.Stats()
	if diff := cmp.Diff(mailer.Mails{Sent: 10, Deferred: 1, Failed: 1}, s.Mailings); diff != "" {
		t.Errorf("mailings: %s", diff)
	}
	if diff := cmp.Diff(mailer.Mails{Sent: 1, Deferred: 1, Failed: 1}, s.Notices); diff != "" {
		t.Errorf("notices: %s", diff)
	}
	if s.Dial.Count == 0 || s.Bodies.Count != 11 || s.Commands.Count != 15 {
		t.Errorf("%d dials, %d transactions, %d bodies", s.Dial.Count, s.Commands.Count, s.Bodies.Count)
	}
	if s.Connections != 0 || s.Limit != 3 || s.RelayFails || s.Beat.IsZero() || s.NoticeBeat.IsZero() {
		t.Errorf("at the end: %+v", s)
	}
}

// P10, P36: a relay that is not there shows, and so does its return.
func TestStatsTellWhenTheRelayFails(t *testing.T) {
	w := newWorld(t, 3)
	w.server.SetRules(mailertest.Rule{Stage: mailertest.AtMail, Code: 421, Enhanced: [3]int{4, 3, 2}})
	m := w.start()
	worker, _ := w.measuredWorker()
	w.until("the relay to be left alone", func() bool { return worker.Stats().RelayFails })
	w.server.SetRules()
	w.clock.Advance(time.Hour)
	w.untilState(m, akkoord.MailingSent)
	if s := worker.Stats(); s.RelayFails || s.Mailings != (mailer.Mails{Sent: 3}) {
		t.Errorf("after its return: %+v", s)
	}
}
