package store_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/store"
	"akkoord/store/sqlitetest"
	"akkoord/store/storetest"
)

// raw runs SQL on a database file past the store.
func raw(t *testing.T, path string, statements ...string) error {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// filled makes a database file with a ledger of some people whose last line
// is signed, and closes it.
func filled(t *testing.T) store.Config {
	t.Helper()
	cfg, clock := storetest.Config(t)
	cfg.Database = sqlitetest.New(t, store.Migrate)
	s := reopen(t, cfg)
	a := storetest.NewAgency(t, s, clock)
	var seeds []store.Seed
	for i := range 4 {
		e, err := akkoord.ParseEmail(fmt.Sprintf("p%d@voorbeeld.example", i))
		if err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, store.Seed{
			Email: e, Name: "P", Locale: "nl", Purposes: []akkoord.Purpose{a.News}, RequestedAt: storetest.Start, ConfirmedAt: storetest.Start.Add(time.Hour),
			Origin: akkoord.Origin{Source: "form:home", FormID: a.Form.Version.ID, Privacy: 1, Campaign: 7, MailingID: 8, Evidence: akkoord.Evidence{IP: "192.0.2.0/24"}},
		})
	}
	if err := s.SeedPeople(t.Context(), seeds); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SignHead(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestVerifyFindsAnyAlteredByteOfTheLedger(t *testing.T) { // P25
	const unlock = `DROP TRIGGER consent_event_update; DROP TRIGGER consent_event_delete;`
	altered := map[string]string{ // what is told to whoever reads the failure → SQL
		"at":                `UPDATE consent_event SET at = at + 1 WHERE seq = 7`,
		"kind":              `UPDATE consent_event SET kind = 'confirmed' WHERE seq = 7`,
		"subscriber":        `UPDATE consent_event SET subscriber_id = subscriber_id + 1 WHERE seq = 7`,
		"purpose":           `UPDATE consent_event SET purpose_id = 2 WHERE seq = 7`,
		"campaign":          `UPDATE consent_event SET campaign_id = 9 WHERE seq = 7`,
		"mailing":           `UPDATE consent_event SET mailing_id = 9 WHERE seq = 7`,
		"request":           `UPDATE consent_event SET request = (SELECT request FROM consent_event WHERE seq = 5) WHERE seq = 7`,
		"form version":      `UPDATE consent_event SET form_version_id = 9 WHERE seq = 7`,
		"wording version":   `UPDATE consent_event SET wording_version = 9 WHERE seq = 7`,
		"privacy version":   `UPDATE consent_event SET privacy_version = 9 WHERE seq = 7`,
		"locale":            `UPDATE consent_event SET locale = 'en' WHERE seq = 7`,
		"source":            `UPDATE consent_event SET source = 'form:hom' WHERE seq = 7`,
		"source and locale": `UPDATE consent_event SET source = 'lform:home', locale = 'n' WHERE seq = 7`,
		"actor":             `UPDATE consent_event SET actor = 'system' WHERE seq = 7`,
		"commitment":        `UPDATE consent_event SET commitment = (SELECT commitment FROM consent_event WHERE seq = 5) WHERE seq = 7`,
		"hash":              `UPDATE consent_event SET hash = (SELECT hash FROM consent_event WHERE seq = 5) WHERE seq = 7`,
		"hash of the last":  `UPDATE consent_event SET hash = zeroblob(32) WHERE seq = 12`,
		"a line gone":       `DELETE FROM consent_event WHERE seq = 7`,
		"first line gone":   `DELETE FROM consent_event WHERE seq = 5`,
		"last line gone":    `DELETE FROM consent_event WHERE seq = 12`,
		"all lines gone":    `DELETE FROM consent_event`,
		"two lines swapped": `UPDATE consent_event SET seq = 99 WHERE seq = 7; UPDATE consent_event SET seq = 7 WHERE seq = 8; UPDATE consent_event SET seq = 8 WHERE seq = 99`,
		"a line added": `INSERT INTO consent_event SELECT 13, at, kind, subscriber_id, purpose_id, campaign_id, mailing_id, request, form_version_id,
			wording_version, privacy_version, locale, source, actor, commitment, hash FROM consent_event WHERE seq = 12`,
		"salt":                `UPDATE subscriber SET salt = zeroblob(16) WHERE id = 2`,
		"evidence":            `UPDATE consent_evidence SET data = replace(data, '192.0.2', '192.0.3') WHERE seq = 7`,
		"evidence's spelling": `UPDATE consent_evidence SET data = replace(data, '"ip"', '"IP"') WHERE seq = 7`,
		"evidence gone":       `DELETE FROM consent_evidence WHERE seq = 7`,
		"an IP address":       `INSERT INTO evidence_ip VALUES (7, 2, 1, 0, '192.0.2.77', '00112233445566778899aabbccddeeff', 0)`,
		"wording":             `DROP TRIGGER purpose_text_update; UPDATE purpose_text SET wording = 'Yes to all' WHERE locale = 'nl'`,
		"a text added":        `INSERT INTO purpose_text SELECT purpose_id, 2, locale, name, explanation, 'Yes to all', frequency, created_at FROM purpose_text`,
		"standing":            `UPDATE subscription SET state = 'withdrawn' WHERE subscriber_id = 2`,
		"standing past thousands of people without one": `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2100)
			INSERT INTO subscriber (public_id, email_hash, email, name, locale, salt, created_at) SELECT randomblob(16), randomblob(32), '', '', 'nl', randomblob(16), 0 FROM n;
			UPDATE subscription SET subscriber_id = (SELECT max(id) FROM subscriber) WHERE subscriber_id = 4`,
		"standing's spelling":       `UPDATE subscription SET purpose_id = 'x' WHERE subscriber_id = 2`,
		"a wording that is no text": `DROP TRIGGER purpose_text_update; UPDATE purpose_text SET version = 'x' WHERE locale = 'nl'`,
		"a trail that is no trail":  `DROP TRIGGER audit_update; UPDATE audit SET at = 'x' WHERE seq = 2`,
		"signed hash":               `UPDATE ledger_head SET hash = zeroblob(32)`,
		"signed time":               `UPDATE ledger_head SET at = at + 1`,
		"signature":                 `UPDATE ledger_head SET signature = zeroblob(64)`,
	}
	cfg := filled(t)
	data, err := os.ReadFile(cfg.File())
	if err != nil {
		t.Fatal(err)
	}
	verify := func(t *testing.T, statement string) error {
		t.Helper()
		cfg := cfg
		cfg.Database = "sqlite:" + filepath.Join(t.TempDir(), "copy.db")
		if err := os.WriteFile(cfg.File(), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := raw(t, cfg.File(), unlock, statement); err != nil {
			t.Fatal(err)
		}
		s, err := store.OpenReadOnly(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		_, err = s.VerifyLedger(t.Context(), nil)
		return err
	}
	if err := verify(t, `SELECT 1`); err != nil {
		t.Fatalf("an unaltered ledger: %v", err)
	}
	if err := verify(t, `DELETE FROM subscriber WHERE id = 2; DELETE FROM consent_evidence WHERE seq IN (7, 8)`); err != nil {
		t.Errorf("M19: after a person was erased: %v", err)
	}
	for what, statement := range altered {
		if err := verify(t, statement); !errors.Is(err, akkoord.ErrLedger) {
			t.Errorf("%s: verifying gave %v", what, err)
		}
	}
}

// P25: a check that can't be done is begun anew twice, and then says so in its state and in
// the audit trail instead of running on.
func TestACheckThatFailsAgainAndAgainIsStoppedP25(t *testing.T) {
	cfg := filled(t)
	s := reopen(t, cfg)
	if err := raw(t, cfg.File(), `ALTER TABLE purpose_text RENAME TO elsewhere`); err != nil {
		t.Fatal(err)
	}
	c, err := s.CheckLedger(t.Context(), akkoord.ActorSystem)
	if err == nil || c.State != akkoord.LedgerChecking {
		t.Fatalf("asked for: %+v, %v", c, err)
	}
	job, err := akkoord.NewJob(akkoord.JobLedger, strconv.FormatInt(c.ID, 10), cfg.Now(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if next, err := s.RunLedgerCheck(t.Context(), akkoord.Job{Kind: akkoord.JobLedger}); err != nil || !next.IsZero() { // of a version before
		t.Errorf("a job of no check: %v, %v", next, err)
	}
	for run := range 3 {
		if got, err := s.LedgerCheck(t.Context(), c.PublicID); err != nil || got.State != akkoord.LedgerChecking {
			t.Errorf("after %d runs: %+v, %v", run, got, err)
		}
		next, err := s.RunLedgerCheck(t.Context(), job)
		if err == nil {
			t.Fatalf("run %d succeeds", run+1)
		}
		job = job.Ran(next, err, cfg.Now())
	}
	if got, err := s.LedgerCheck(t.Context(), c.PublicID); err != nil || got.State != akkoord.LedgerStopped || got.EndedAt.IsZero() {
		t.Errorf("at last: %+v, %v", got, err)
	}
	lines, _, err := s.SearchAudit(t.Context(), akkoord.AuditFilter{Action: "ledger.verify"}, akkoord.Page{})
	if err != nil || len(lines) != 2 || lines[1].Note != "stopped" {
		t.Errorf("the trail: %+v, %v", lines, err)
	}
	if err := raw(t, cfg.File(), `ALTER TABLE elsewhere RENAME TO purpose_text`); err != nil {
		t.Fatal(err)
	}
	if again, err := s.CheckLedger(t.Context(), akkoord.ActorSystem); err != nil || again.State != akkoord.LedgerVerified {
		t.Errorf("another: %+v, %v", again, err)
	}
}

// P25: a check that finds a fault keeps which line it is, and another may be begun.
func TestACheckKeepsTheFaultThatItFindsP25(t *testing.T) {
	cfg := filled(t)
	if err := raw(t, cfg.File(), `UPDATE consent_evidence SET data = replace(data, '192.0.2', '192.0.3') WHERE seq = 7`); err != nil {
		t.Fatal(err)
	}
	s := reopen(t, cfg)
	for n := range 2 {
		c, err := s.CheckLedger(t.Context(), akkoord.ActorSystem)
		if err != nil || c.State != akkoord.LedgerBroken || !strings.Contains(c.Problem, "line 7") || c.Head.Seq != 0 || c.EndedAt.IsZero() {
			t.Errorf("check %d: %+v, %v", n+1, c, err)
		}
	}
	lines, _, err := s.SearchAudit(t.Context(), akkoord.AuditFilter{Action: "ledger.verify"}, akkoord.Page{})
	if err != nil || len(lines) != 4 || lines[3].Note != "does not verify" {
		t.Errorf("the trail: %+v, %v", lines, err)
	}
}

func TestWhatIsAppendOnlyRefusesOtherChanges(t *testing.T) { // P25, M27
	cfg := filled(t)
	for statement, want := range map[string]string{
		`UPDATE consent_event SET at = at + 1`:      "append-only",
		`DELETE FROM consent_event WHERE seq = 1`:   "append-only",
		`UPDATE audit SET actor = 'system'`:         "append-only",
		`DELETE FROM audit`:                         "append-only",
		`UPDATE purpose_text SET wording = 'Other'`: "never changed",
		`DELETE FROM purpose_text`:                  "never deleted",
		`UPDATE form_version SET spec = '{}'`:       "never change",
		`DELETE FROM form_version`:                  "never deleted",
	} {
		if err := raw(t, cfg.File(), statement); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gave %v", statement, err)
		}
	}
}

func TestASchemaNewerThanTheProgramIsRefusedUnchanged(t *testing.T) { // P23
	cfg := filled(t)
	if err := raw(t, cfg.File(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(cfg.File())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a refusal leaves no lock behind either
		if s, err := store.Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "99999") {
			if s != nil {
				s.Close()
			}
			t.Fatalf("opening gave %v", err)
		}
	}
	after, err := os.ReadFile(cfg.File())
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("a refused database was changed (%v)", err)
	}
	if have, want, err := store.SchemaVersions(t.Context(), cfg.Database); have != 99999 || want >= have || err != nil {
		t.Errorf("the versions are %d and %d, %v", have, want, err)
	}
}

func TestEverySignUpLeavesOneRowInTheOutbox(t *testing.T) {
	cfg, clock := storetest.Config(t)
	cfg.Database = sqlitetest.New(t, store.Migrate)
	s := reopen(t, cfg)
	a := storetest.NewAgency(t, s, clock)
	e, err := akkoord.ParseEmail("anouk@voorbeeld.example")
	if err != nil {
		t.Fatal(err)
	}
	in := akkoord.SignUp{Email: e, Locale: "nl", Purposes: []akkoord.Purpose{a.News}, Origin: akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson, Locale: "nl"}}
	link := func() akkoord.Link {
		st, err := s.StandingByEmail(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		return akkoord.Link{Subscriber: st.Subscriber.PublicID, Request: st.Subscription(a.News.ID).Request}
	}
	for i, tt := range []struct {
		standing string
		become   func() error
	}{
		{"unknown", func() error { return nil }},
		{"pending", func() error { return nil }},
		{"active", func() error { _, err := s.Confirm(t.Context(), link(), akkoord.Origin{}); return err }},
		{"suppressed", func() error { _, err := s.Leave(t.Context(), link(), akkoord.ScopeAll, akkoord.Origin{}); return err }},
		{"gone and blocked", func() error { return s.NotMe(t.Context(), link(), akkoord.Origin{}) }},
	} {
		if err := tt.become(); err != nil {
			t.Fatal(err)
		}
		if err := s.SignUp(t.Context(), in); err != nil {
			t.Errorf("%s: %v", tt.standing, err)
		}
		if n := count(t, cfg.File(), `SELECT count(*) FROM outbox`); n != i+1 {
			t.Errorf("after the sign-up of somebody %s the outbox has %d rows, want %d", tt.standing, n, i+1)
		}
	}
}

func count(t *testing.T, path, query string) int {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n int
	if err := db.QueryRow(query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWhatIsKeptForATimeGoesAfterIt(t *testing.T) {
	cfg := filled(t)
	if err := raw(t, cfg.File(),
		fmt.Sprintf(`INSERT INTO mail_budget (mailbox, at, mail) VALUES (x'01', %d, 'confirm'), (x'02', %d, 'confirm')`, ago(31), ago(29)),
		fmt.Sprintf(`INSERT INTO outbox (subscriber_id, request, locale, at, due_at, state, fence, attempts, first_at, mail, code, done_at)
			VALUES (1, x'', 'nl', 0, 0, 1, 0, 0, 0, '', '', %d), (1, x'', 'nl', 0, 0, 1, 0, 0, 0, '', '', %d), (1, x'', 'nl', 0, 0, 0, 0, 0, 0, '', '', 0)`, ago(31), ago(29)),
		fmt.Sprintf(`INSERT INTO login_token (hash, user_id, expires_at) VALUES (x'01', 1, %d), (x'02', 1, %d)`, ago(1), ago(-1)),
		fmt.Sprintf(`INSERT INTO login_challenge (hash, data, expires_at) VALUES (x'01', x'', %d), (x'02', x'', %d)`, ago(1), ago(-1)),
		fmt.Sprintf(`INSERT INTO solved_challenge (signature, expires_at) VALUES (x'01', %d), (x'02', %d)`, ago(1), ago(-1)),
		fmt.Sprintf(`INSERT INTO login_guess (hash, count, since) VALUES (x'01', 9, %d), (x'02', 9, %d)`, ago(1), ago(-1)),
		fmt.Sprintf(`INSERT INTO session (hash, data, expires_at) VALUES (x'01', x'', %d), (x'02', x'', %d)`, ago(1), ago(-1)),
		fmt.Sprintf(`INSERT INTO user_session (public_id, user_id, begun_at, seen_at, expires_at, client) VALUES (x'01', 1, 0, 0, %d, ''), (x'02', 1, 0, 0, %d, '')`, ago(1), ago(-1)),
		fmt.Sprintf(`INSERT INTO idempotency (key, request, status, body, at) VALUES (x'01', x'', 1, x'', %d), (x'02', x'', 1, x'', %d)`, ago(2), ago(0)),
	); err != nil {
		t.Fatal(err)
	}
	s := reopen(t, cfg)
	if _, err := s.ExpirePending(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	for table, want := range map[string]int{"mail_budget": 1, "outbox": 2, "login_token": 1, "login_challenge": 1, "solved_challenge": 1, "login_guess": 1, "session": 1, "user_session": 1, "idempotency": 1} {
		if n := count(t, cfg.File(), `SELECT count(*) FROM `+table); n != want {
			t.Errorf("%s has %d rows, want %d", table, n, want)
		}
	}
}

// ago gives the time some days before the start of the tests, as it is stored.
func ago(days int) int64 { return storetest.Start.AddDate(0, 0, -days).UnixMicro() }

func TestSecretsOfAccessAreStoredOnlyAsHashes(t *testing.T) { // P32
	cfg, clock := storetest.Config(t)
	cfg.Database = sqlitetest.New(t, store.Migrate)
	s := reopen(t, cfg)
	storetest.NewAgency(t, s, clock)
	if err := s.Sessions().CommitCtx(t.Context(), "SECRET-SESSION-TOKEN", []byte("x"), storetest.Start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(cfg.File() + "*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil || bytes.Contains(data, []byte("SECRET-SESSION-TOKEN")) {
			t.Errorf("%s holds the session's token (%v)", filepath.Base(f), err)
		}
	}
}
