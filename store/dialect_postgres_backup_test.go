package store_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"akkoord"
	"akkoord/store"
	"akkoord/store/pgtest"
	"akkoord/store/storetest"
)

// newServerTravellers is newTravellers on PostgreSQL.
func newServerTravellers(t *testing.T, n int) *travellers {
	t.Helper()
	cfg, clock := storetest.Config(t)
	cfg.Database = pgtest.New(t, store.Migrate)
	tr := &travellers{Agency: storetest.NewAgency(t, reopen(t, cfg), clock), cfg: cfg}
	for i := range n {
		tr.join(t, i)
	}
	return tr
}

func queryText(t *testing.T, database, query string) (text string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background()) //nolint:errcheck // the test is over
	if err := c.QueryRow(t.Context(), query).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

// P17, P21, P22, P36 on PostgreSQL: a backup made while people sign up proves
// itself and is remembered; put back it brings nobody back and sends nothing.
func TestABackupOfPostgreSQLProvesItselfAndIsPutBack(t *testing.T) {
	tr := newServerTravellers(t, 5)
	if _, err := tr.StartMailing(t.Context(), storetest.Admin, tr.Mailing.PublicID); err != nil {
		t.Fatal(err)
	}
	if at, err := tr.LastBackup(t.Context()); err != nil || !at.IsZero() {
		t.Errorf("a backup of %v is known before there is one (%v)", at, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var crowd sync.WaitGroup
	crowd.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			e, err := akkoord.ParseEmail(fmt.Sprintf("w%d@voorbeeld.example", i))
			if err == nil {
				err = tr.SignUp(t.Context(), akkoord.SignUp{Email: e, Locale: "nl", Purposes: []akkoord.Purpose{tr.News}, Origin: akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson}})
			}
			if err != nil {
				t.Error(err)
				return
			}
		}
	})
	file := filepath.Join(t.TempDir(), "akkoord.dump")
	made, err := store.Backup(t.Context(), tr.cfg, file, nil)
	stop()
	crowd.Wait()
	if err != nil || made.Unproven != "" || made.People < 5 || made.Ledger.Seq < 20 {
		t.Fatalf("Backup() = %+v, %v", made, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup is %v (%v)", info, err)
	}
	if all, err := tr.Backups(t.Context()); err != nil || len(all) != 1 || all[0].People != made.People || all[0].Lines != made.Ledger.Seq {
		t.Errorf("remembered: %+v, %v", all, err)
	}
	if at, err := tr.LastBackup(t.Context()); err != nil || !at.Equal(made.At) {
		t.Errorf("the last backup is of %v, want %v (%v)", at, made.At, err)
	}
	if n := queryText(t, tr.cfg.Database, `SELECT count(*)::text FROM pg_database WHERE datname LIKE 'akkoord_proof_%'`); n != "0" {
		t.Errorf("%s databases of proofs are left", n)
	}

	tr.leave(t, 0, akkoord.ScopeCampaign)
	tr.leave(t, 1, akkoord.ScopePurpose)
	tr.leave(t, 2, akkoord.ScopeAll)
	var journal []byte
	ds, err := tr.Departures(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range ds {
		journal = d.AppendText(journal)
	}
	if _, err := store.Restore(t.Context(), tr.cfg, file, store.RestoreOptions{Replace: true}, nil); !errors.Is(err, store.ErrInUse) {
		t.Errorf("restoring under a running server: %v", err)
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restore(t.Context(), tr.cfg, file, store.RestoreOptions{}, nil); err == nil || !strings.Contains(err.Error(), "--replace") {
		t.Errorf("restoring over what stands there: %v", err)
	}
	empty, lost := emptied(t, tr.cfg), emptied(t, tr.cfg)
	for name, c := range map[string]struct {
		cfg store.Config
		how store.RestoreOptions
	}{
		"over what stood there":                    {tr.cfg, store.RestoreOptions{Replace: true}},
		"into an empty one, with exported journal": {empty, store.RestoreOptions{Departures: strings.NewReader(string(journal))}},
	} {
		t.Run(name, func(t *testing.T) {
			did, err := store.Restore(t.Context(), c.cfg, file, c.how, nil)
			if err != nil {
				t.Fatal(err)
			}
			if did.People != made.People || did.Ledger.Seq != made.Ledger.Seq || did.Repeated < 3 || did.Hold.Reason != akkoord.HoldRestored ||
				did.Hold.Mailings != 1 || !did.Hold.BackupAt.Equal(made.At) || (did.Aside != "") != c.how.Replace {
				t.Errorf("restored: %+v of %+v", did, made)
			}
			back := &travellers{Agency: tr.Agency, cfg: c.cfg, links: tr.links}
			back.reopened(t)
			if on, _, err := back.Restorations(t.Context(), akkoord.Page{}); err != nil || len(on) != 1 || !on[0].BackupAt.Equal(made.At) || !on[0].ReleasedAt.IsZero() {
				t.Errorf("on record: %+v, %v", on, err)
			}
			if !back.standing(t, 0).HasLeft(tr.Campaign.ID) || back.standing(t, 1).Subscription(tr.News.ID).State != akkoord.Withdrawn ||
				!back.standing(t, 2).Suppressed(akkoord.SuppressedUnsubscribed) || back.standing(t, 4).Subscription(tr.News.ID).State != akkoord.Active {
				t.Error("not those who left are out")
			}
			if due, err := back.ClaimSystem(t.Context(), 10); len(due) > 0 || err != nil {
				t.Errorf("mail goes out: %v, %v", due, err)
			}
			if m, err := back.MailingByID(t.Context(), tr.Mailing.ID); err != nil || m.State != akkoord.MailingPaused {
				t.Errorf("the mailing is %s, %v", m.State, err)
			}
			if _, err := back.VerifyLedger(t.Context(), nil); err != nil {
				t.Error(err)
			}
			if err := back.Close(); err != nil {
				t.Error(err)
			}
		})
	}

	// Without its journal nobody knows who left since, until it is found.
	did, err := store.Restore(t.Context(), lost, file, store.RestoreOptions{}, nil)
	if err != nil || did.Hold.Reason != akkoord.HoldJournalLost {
		t.Fatalf("restored without its journal: %+v, %v", did, err)
	}
	back := reopen(t, lost)
	if n, err := back.RepeatDepartures(t.Context(), strings.NewReader(string(journal))); err != nil || n < 3 {
		t.Errorf("repeated: %d, %v", n, err)
	}
	if h, err := back.Hold(t.Context()); err != nil || h.Reason != akkoord.HoldRestored {
		t.Errorf("with its journal: %+v, %v", h, err)
	}
	if on, _, err := back.Restorations(t.Context(), akkoord.Page{}); err != nil || len(on) != 1 || on[0].Reason != akkoord.HoldRestored {
		t.Errorf("on record: %+v, %v", on, err)
	}
}

// emptied is a configuration with an empty database.
func emptied(t *testing.T, cfg store.Config) store.Config {
	t.Helper()
	cfg.Database = pgtest.New(t, store.Migrate)
	c, err := pgx.Connect(t.Context(), cfg.Database)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Exec(t.Context(), `DROP SCHEMA public CASCADE; CREATE SCHEMA public`); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// P21, P32: without the right to make a database a backup says that it is not
// proven; what is no whole backup changes nothing; no argument holds a password.
func TestWhatIsNoWholeBackupOfPostgreSQLIsNotPutBack(t *testing.T) {
	tr := newServerTravellers(t, 3)
	file := filepath.Join(t.TempDir(), "akkoord.dump")
	role := "r" + queryText(t, tr.cfg.Database, `SELECT substr(md5(random()::text), 1, 12)`)
	queryText(t, tr.cfg.Database, `SELECT set_config('x.y', 'z', false)`)
	c, err := pgx.Connect(t.Context(), tr.cfg.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background()) //nolint:errcheck // the test is over
	for _, q := range []string{
		`CREATE ROLE ` + role + ` LOGIN PASSWORD 'geheim'`, `GRANT ALL ON ALL TABLES IN SCHEMA public TO ` + role, `GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ` + role,
	} {
		if _, err := c.Exec(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		c, err := pgx.Connect(context.Background(), tr.cfg.Database)
		if err == nil {
			_, err = c.Exec(context.Background(), `DROP OWNED BY `+role+`; DROP ROLE `+role)
			err = errors.Join(err, c.Close(context.Background()))
		}
		if err != nil {
			t.Error(err)
		}
	})
	weak := tr.cfg
	u, err := url.Parse(weak.Database)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, "geheim")
	weak.Database = u.String()
	made, err := store.Backup(t.Context(), weak, file, nil)
	if err != nil || !strings.Contains(made.Unproven, "CREATEDB") {
		t.Fatalf("Backup() by a user who may make no database = %+v, %v", made, err)
	}
	if at, err := tr.LastBackup(t.Context()); err != nil || !at.IsZero() {
		t.Errorf("a backup that did not prove itself counts as one of %v (%v)", at, err)
	}
	weakly, err := store.OpenReadOnly(t.Context(), weak)
	if err != nil {
		t.Fatal(err)
	}
	for s, want := range map[*store.Store]bool{tr.Store: true, weakly: false} {
		if may, err := s.MayProveBackups(t.Context()); may != want || err != nil {
			t.Errorf("MayProveBackups() = %v, %v, want %v", may, err, want)
		}
	}
	weakly.Close()
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before := queryText(t, tr.cfg.Database, `SELECT encode(hash, 'hex') FROM consent_event ORDER BY seq DESC LIMIT 1`)
	for name, text := range map[string]string{"cut short": string(good[:len(good)/2]), "no dump": strings.Repeat("x", 5000), "empty": ""} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := store.Restore(t.Context(), tr.cfg, file, store.RestoreOptions{Replace: true}, nil); err == nil || strings.Contains(err.Error(), "geheim") {
				t.Errorf("Restore() = %v", err)
			}
			if after := queryText(t, tr.cfg.Database, `SELECT encode(hash, 'hex') FROM consent_event ORDER BY seq DESC LIMIT 1`); after != before {
				t.Error("the database that stood there is changed")
			}
		})
	}
}
