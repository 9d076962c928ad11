package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"akkoord"
	"akkoord/mailer"
	"akkoord/mailer/outbound"
	"akkoord/server"
	"akkoord/server/api"
	"akkoord/store"
)

// What /readyz asks for (P36).
const (
	// readyReserve is how much must be free on the database's disk: room for a
	// minute's writing at full speed and the copies that a checkpoint makes.
	readyReserve = 256 << 20
	// loopWait is how long no loop of the sender may look for work.
	loopWait = 30 * time.Second
	// noticeWait is how long the mails of sign-ups may stand still while some
	// are due. The longest wait for a relay, for its answer to a final dot, is
	// ten minutes.
	noticeWait = 11 * time.Minute
	// scrapeWait bounds the queries of a scrape.
	scrapeWait = 4 * time.Second
)

// checks are what the process must be able to do to be ready.
func (a *app) checks() []server.Check {
	checks := []server.Check{
		{Name: "database", Run: func(ctx context.Context) error {
			if err := a.store.Ready(ctx); err != nil {
				return err
			}
			return a.store.Writable(ctx)
		}, Vital: true},
		{Name: "disk", Run: func(ctx context.Context) error {
			space, err := a.store.Space(ctx)
			if err != nil {
				return err
			}
			return roomy(space)
		}},
	}
	if a.site.backups > 0 {
		checks = append(checks, server.Check{Name: "backup", Run: func(ctx context.Context) error {
			last, err := a.store.LastBackup(ctx)
			if err != nil {
				return err
			}
			return backedUp(last, a.site.backups, time.Now())
		}})
	}
	return append(checks, server.Check{Name: "sender", Run: func(ctx context.Context) error {
		if !a.mails() {
			return nil // what waits for a mail server is no fault
		}
		st, err := a.store.Stats(ctx)
		if err != nil {
			return err
		}
		return moving(a.sender.Stats(), st, time.Now())
	}})
}

// roomy reports a disk that is nearly full.
func roomy(s store.Space) error {
	if s.Free < readyReserve {
		return fmt.Errorf("%d MiB are free on the disk of the database, and %d must be: make room", s.Free>>20, int64(readyReserve)>>20)
	}
	return nil
}

// backedUp reports a last backup that is too old. Before the first one there is
// nothing to compare with: the doctor says so, and a new installation is ready.
func backedUp(last time.Time, most time.Duration, now time.Time) error {
	if akkoord.BackupLate(last, most, now) {
		return fmt.Errorf("the last backup that proved itself is of %s, %d hours ago: make one (akkoord backup), or see why it fails", last.Format(time.RFC3339), int(now.Sub(last).Hours()))
	}
	return nil
}

// moving reports a sender that does nothing though it should. A relay that
// fails is no such case: sign-ups are kept, and their mails wait.
func moving(m mailer.Stats, s store.Stats, now time.Time) error {
	if idle := now.Sub(m.Beat); !m.Beat.IsZero() && idle > loopWait {
		return fmt.Errorf("no loop of the sender has looked for work for %v: start the process anew", idle.Round(time.Second))
	}
	if m.Limit == 0 { // without a relay they wait
		return nil
	}
	still := now.Sub(m.NoticeBeat)
	if waiting := now.Sub(s.OutboxOldest); !m.RelayFails && !s.OutboxOldest.IsZero() && waiting > noticeWait && still > noticeWait {
		return fmt.Errorf("mails of sign-ups stand still for %v while %d are due: start the process anew", still.Round(time.Second), s.OutboxDue)
	}
	return nil
}

// figures gives the figures of store and mailer to a scrape. They are read
// then; nothing is counted for it on the way of a request but what store and
// mailer count anyway.
type figures struct {
	store  *store.Store
	sender *mailer.Worker // may be nil
	api    *api.API

	outbound *outbound.Sender
}

// describe makes the description of a figure. The names are those of
// docs/operations.md, which a test holds to a scrape.
func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("akkoord_"+name, help, labels, nil)
}

var desc = struct{ build, events, groups, commits, failed, queue, up, outboxDue, outboxOldest, mailings, jobs, requests, notices, ledgerSeq, signedSeq, signedAt, backup, database, log, free, mails, connections, limit, fails, smtp, beat, incoming, reports, webhookTries, webhookMessages, webhooksPaused *prometheus.Desc }{
	build:           describe("build_info", "Always 1; the labels say which program this is.", "revision", "goversion"),
	events:          describe("consent_events_total", "Lines of the consent ledger that this process wrote.", "kind"),
	groups:          describe("writer_group_changes", "Changes that shared a commit."),
	commits:         describe("writer_commit_seconds", "Time to write a group of changes and to commit it."),
	failed:          describe("writer_failed_groups_total", "Groups of changes that were not written."),
	queue:           describe("writer_queue", "Changes that wait for the writer."),
	up:              describe("store_up", "1 when the figures of the store could be read for this scrape."),
	outboxDue:       describe("outbox_due", "Mails of sign-ups that should go out now."),
	outboxOldest:    describe("outbox_oldest_due_seconds", "How long the oldest of them has waited; 0 when none is due."),
	mailings:        describe("mailings", "Mailings by state.", "state"),
	jobs:            describe("jobs", "Background jobs. state: waiting, failing (the last run failed, and there will be another), given_up.", "state"),
	requests:        describe("requests", "Requests of people. state: open, soon (due within 7 days, among the open), overdue (likewise).", "state"),
	notices:         describe("processor_notices", "Tasks to tell processors. state: open, overdue (among the open).", "state"),
	ledgerSeq:       describe("ledger_lines", "Number of the last line of the consent ledger."),
	signedSeq:       describe("ledger_signed_lines", "Number of the last line that a signed head covers."),
	signedAt:        describe("ledger_signed_timestamp_seconds", "When the last head was signed; 0 for never."),
	backup:          describe("backup_timestamp_seconds", "Of when the last backup is that proved itself; 0 for none."),
	database:        describe("database_bytes", "Size of the database."),
	log:             describe("database_log_bytes", "Size of SQLite's write-ahead log."),
	free:            describe("database_disk_free_bytes", "What is free on the disk of the database."),
	mails:           describe("mails_total", "Mails by what became of them. kind: mailing, transactional, or notice for those that sign-ups cause.", "kind", "outcome"),
	connections:     describe("smtp_connections", "Connections to the relay, open now."),
	limit:           describe("smtp_connections_limit", "How many connections to the relay may be open."),
	fails:           describe("smtp_relay_failing", "1 while the relay fails and is left alone, or is being tried again."),
	smtp:            describe("smtp_seconds", "Time that the relay took. step: dial (connect, TLS, login), transaction (MAIL to 354), body (answer to the final dot).", "step"),
	incoming:        describe("incoming_messages_total", "Messages that came in at the address for leaving, by what they came to.", "result"),
	reports:         describe("reports_total", "Bounces and complaints that came in, by what they came to.", "result"),
	webhookTries:    describe("webhook_tries_total", "Requests to endpoints of webhooks, by what came of them.", "result"),
	webhookMessages: describe("webhook_messages", "Messages to endpoints of webhooks. state: waiting, given_up (of the last 30 days).", "state"),
	webhooksPaused:  describe("webhooks_paused", "Endpoints of webhooks that failed for days, or said that they are gone."),
	beat:            describe("sender_beat_timestamp_seconds", "When some loop of the sender last looked for work."),
}

// Describe says nothing, so that the registry takes what Collect gives: without
// a relay there are no figures of the sender.
func (f *figures) Describe(chan<- *prometheus.Desc) {}

// Collect reads all figures.
func (f *figures) Collect(ch chan<- prometheus.Metric) {
	ch <- gauge(desc.build, 1, revision(), runtime.Version())
	collectWriter(ch, f.store.Writes())
	for result, n := range f.api.Incoming() {
		ch <- counter(desc.incoming, n, result)
	}
	for result, n := range f.api.Reported() {
		ch <- counter(desc.reports, n, result)
	}
	delivered, failed := f.outbound.Sent()
	ch <- counter(desc.webhookTries, delivered, "delivered")
	ch <- counter(desc.webhookTries, failed, "failed")
	f.collectStore(ch)
	if f.sender != nil {
		collectSender(ch, f.sender.Stats())
	}
}

func gauge(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func counter(d *prometheus.Desc, v uint64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
}

func histogram(d *prometheus.Desc, r akkoord.TallyReading, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstHistogram(d, r.Count, r.Sum, r.UpTo, labels...)
}

// seconds is a time as Prometheus wants it; the zero time is 0.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMicro()) / 1e6
}

func collectWriter(ch chan<- prometheus.Metric, w store.Writes) {
	for kind, n := range w.Events {
		ch <- counter(desc.events, n, string(kind))
	}
	ch <- histogram(desc.groups, w.Groups)
	ch <- histogram(desc.commits, w.Times)
	ch <- counter(desc.failed, w.Failed)
	ch <- gauge(desc.queue, float64(w.Queue))
}

func (f *figures) collectStore(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeWait)
	defer cancel()
	st, err := f.store.Stats(ctx)
	space, spaceErr := f.store.Space(ctx)
	backup, backupErr := f.store.LastBackup(ctx)
	desk, deskErr := f.store.Desk(ctx)
	hooks, hooksErr := f.store.WebhookFigures(ctx)
	if errors.Join(err, spaceErr, backupErr, deskErr, hooksErr) != nil {
		ch <- gauge(desc.up, 0)
		return
	}
	ch <- gauge(desc.up, 1)
	var waited float64
	if !st.OutboxOldest.IsZero() {
		waited = time.Since(st.OutboxOldest).Seconds()
	}
	ch <- gauge(desc.outboxDue, float64(st.OutboxDue))
	ch <- gauge(desc.outboxOldest, waited)
	for _, state := range []akkoord.MailingState{
		akkoord.MailingDraft, akkoord.MailingScheduled, akkoord.MailingSending, akkoord.MailingPaused, akkoord.MailingSent, akkoord.MailingCancelled,
	} {
		ch <- gauge(desc.mailings, float64(st.Mailings[state]), string(state))
	}
	ch <- gauge(desc.jobs, float64(st.JobsWaiting), "waiting")
	ch <- gauge(desc.jobs, float64(st.JobsFailing), "failing")
	ch <- gauge(desc.jobs, float64(st.JobsGivenUp), "given_up")
	for state, n := range map[string]int64{"open": desk.Open, "soon": desk.Soon, "overdue": desk.Overdue} {
		ch <- gauge(desc.requests, float64(n), state)
	}
	for state, n := range map[string]int64{"open": desk.Notices, "overdue": desk.OverdueNotices} {
		ch <- gauge(desc.notices, float64(n), state)
	}
	ch <- gauge(desc.webhookMessages, float64(hooks.Waiting), "waiting")
	ch <- gauge(desc.webhookMessages, float64(hooks.GivenUp), "given_up")
	ch <- gauge(desc.webhooksPaused, float64(hooks.Paused))
	ch <- gauge(desc.ledgerSeq, float64(st.LedgerSeq))
	ch <- gauge(desc.signedSeq, float64(st.SignedSeq))
	ch <- gauge(desc.signedAt, seconds(st.SignedAt))
	ch <- gauge(desc.backup, seconds(backup))
	ch <- gauge(desc.database, float64(space.Database))
	ch <- gauge(desc.log, float64(space.Log))
	ch <- gauge(desc.free, float64(space.Free))
}

func collectSender(ch chan<- prometheus.Metric, s mailer.Stats) {
	for kind, m := range map[string]mailer.Mails{"mailing": s.Mailings, "notice": s.Notices, "transactional": s.Contracts} {
		ch <- counter(desc.mails, m.Sent, kind, "sent")
		ch <- counter(desc.mails, m.Deferred, kind, "deferred")
		ch <- counter(desc.mails, m.Failed, kind, "failed")
		ch <- counter(desc.mails, m.Uncertain, kind, "uncertain")
		ch <- counter(desc.mails, m.Skipped, kind, "skipped")
	}
	failing := 0.0
	if s.RelayFails {
		failing = 1
	}
	ch <- gauge(desc.connections, float64(s.Connections))
	ch <- gauge(desc.limit, float64(s.Limit))
	ch <- gauge(desc.fails, failing)
	ch <- gauge(desc.beat, seconds(s.Beat))
	ch <- histogram(desc.smtp, s.Dial, "dial")
	ch <- histogram(desc.smtp, s.Commands, "transaction")
	ch <- histogram(desc.smtp, s.Bodies, "body")
}
