package main

import (
	"context"
	"database/sql"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"akkoord/mailer"
	"akkoord/store"
)

// scraped is a demonstration in this process, with its operator's listener.
type scraped struct {
	t *testing.T
	*demo
	stop func() error
}

func startScraped(t *testing.T) *scraped {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	group, ctx := errgroup.WithContext(ctx)
	d, err := startDemo(ctx, group, t.TempDir(), 0)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	s := &scraped{t: t, demo: d, stop: func() error { cancel(); return group.Wait() }}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *scraped) get(base, path string) (int, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, base+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return a.StatusCode, string(b)
}

func (s *scraped) ops(path string) (int, string) {
	return s.get("http://"+s.demo.app.site.OpsListen, path)
}

// metric gives the value of one series.
func (s *scraped) metric(series string) string {
	_, text := s.ops("/metrics")
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), series+" "); ok {
			return value
		}
	}
	return ""
}

// families gives the names of all metrics of a scrape.
func (s *scraped) families() []string {
	code, text := s.ops("/metrics")
	if code != http.StatusOK {
		s.t.Fatalf("/metrics answers %d: %s", code, text)
	}
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+) `).FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return names
}

// P36: a running server is healthy and ready, and its figures are those of what
// happened, without anything of people in them.
func TestP36MetricsOfARunningServer(t *testing.T) {
	t.Parallel()
	s := startScraped(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		if code, text := s.ops(path); code != http.StatusOK {
			t.Errorf("%s: %d %s", path, code, text)
		}
	}
	p := newPlayer(t.Context(), s.demo)
	if err := p.signUp(); err != nil {
		t.Fatal(err)
	}
	if err := p.receiveConfirmation(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(patience)
	for s.metric(`akkoord_mails_total{kind="mailing",outcome="sent"}`) != "200" || s.metric(`akkoord_mails_total{kind="notice",outcome="sent"}`) != "1" {
		if time.Now().After(deadline) {
			t.Fatal("the mails of the demo are not counted")
		}
	}
	for series, want := range map[string]string{
		`akkoord_store_up`:                                        "1",
		`akkoord_outbox_due`:                                      "0",
		`akkoord_mailings{state="draft"}`:                         "1",
		`akkoord_smtp_connections_limit`:                          "5",
		`akkoord_smtp_relay_failing`:                              "0",
		`akkoord_smtp_seconds_count{step="body"}`:                 "201",
		`akkoord_mails_total{kind="mailing",outcome="uncertain"}`: "0",
	} {
		if got := s.metric(series); got != want {
			t.Errorf("%s is %q, not %q", series, got, want)
		}
	}
	_, text := s.ops("/metrics")
	for _, person := range []string{visitor, "voorbeeld.example", "Anouk", "travel-news", "winter-2027", "/confirm/e"} {
		if strings.Contains(text, person) {
			t.Errorf("the metrics hold %q", person)
		}
	}
}

// P36: what flips readiness.
func TestP36WhatMakesTheServerNotReady(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	busy := mailer.Stats{Limit: 5, Beat: now.Add(-time.Second), NoticeBeat: now.Add(-time.Second)}
	still := mailer.Stats{Limit: 5, Beat: now.Add(-time.Second), NoticeBeat: now.Add(-time.Hour)}
	waiting := store.Stats{OutboxDue: 3, OutboxOldest: now.Add(-time.Hour)}
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"room":               {roomy(store.Space{Free: readyReserve}), ""},
		"a full disk":        {roomy(store.Space{Free: readyReserve - 1}), "make room"},
		"work":               {moving(busy, waiting, now), ""},
		"before the start":   {moving(mailer.Stats{}, store.Stats{}, now), ""},
		"a dead loop":        {moving(mailer.Stats{Beat: now.Add(-31 * time.Second), NoticeBeat: now}, store.Stats{}, now), "looked for work"},
		"a stuck queue":      {moving(still, waiting, now), "3 are due"},
		"nothing is due":     {moving(still, store.Stats{}, now), ""},
		"just due":           {moving(still, store.Stats{OutboxDue: 1, OutboxOldest: now.Add(-time.Minute)}, now), ""},
		"no relay":           {moving(mailer.Stats{Beat: now}, waiting, now), ""},
		"a relay that fails": {moving(mailer.Stats{Limit: 5, Beat: now, NoticeBeat: now.Add(-time.Hour), RelayFails: true}, waiting, now), ""},
	} {
		if got := tt.err; (got == nil) != (tt.want == "") || got != nil && !strings.Contains(got.Error(), tt.want) {
			t.Errorf("%s: %v, not %q", name, got, tt.want)
		}
	}
}

// P36: a database that can't be written flips a running server to not ready and
// back, while the process counts as healthy.
func TestP36ReadyFollowsTheDatabase(t *testing.T) {
	t.Parallel()
	s := startScraped(t)
	path, err := s.demo.app.site.databasePath()
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), `PRAGMA busy_timeout = 30000; BEGIN IMMEDIATE`); err != nil {
		t.Fatal(err)
	}
	code, text := s.ops("/readyz")
	if code != http.StatusServiceUnavailable || !strings.Contains(text, "fail database: ") {
		t.Errorf("while it is locked: %d %s", code, text)
	}
	if code, text := s.ops("/healthz"); code != http.StatusOK {
		t.Errorf("while it is locked: %d %s", code, text)
	}
	if _, err := conn.ExecContext(t.Context(), `ROLLBACK`); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(patience)
	for code != http.StatusOK {
		if code, text = s.ops("/readyz"); time.Now().After(deadline) {
			t.Fatalf("it stays not ready: %s", text)
		}
	}
}
