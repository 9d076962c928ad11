package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"akkoord"
	"akkoord/store"
	"akkoord/store/pgtest"
	"akkoord/store/storetest"
)

// P22: an installation moves to the other database and back, whole: links in
// mails that went out, the ledger, who left, a mailing half sent.
func TestAnInstallationMovesToPostgreSQLAndBack(t *testing.T) {
	tr := newTravellers(t, 30)
	tr.leave(t, 0, akkoord.ScopePurpose)
	tr.leave(t, 1, akkoord.ScopeAll)
	if _, err := tr.StartMailing(t.Context(), storetest.Admin, tr.Mailing.PublicID); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Move(t.Context(), tr.cfg, store.Config{Database: pgtest.New(t, store.Migrate), Keyring: tr.cfg.Keyring, Now: tr.cfg.Now, Random: tr.cfg.Random, Log: tr.cfg.Log}, nil); err == nil {
		t.Error("an installation was moved under a running server")
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	file, server, back := tr.cfg, tr.cfg, tr.cfg
	server.Database = pgtest.New(t, store.Migrate)
	back.Database = "sqlite:" + filepath.Join(t.TempDir(), "back.db")
	for _, leg := range []struct{ from, to store.Config }{{file, server}, {server, back}} {
		var seen []string
		did, err := store.Move(t.Context(), leg.from, leg.to, func(table string, done, total int64) {
			if done > total {
				t.Errorf("%d of %d rows of %s", done, total, table)
			}
			if !slices.Contains(seen, table) {
				seen = append(seen, table)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if did.Rows["subscriber"] < 30 || did.Ledger.Seq < 120 || did.Sampled == 0 || len(seen) < 20 {
			t.Errorf("moved %+v, told of %d tables", did, len(seen))
		}
		old := reopen(t, leg.from)
		if h, err := old.Hold(t.Context()); err != nil || h.Reason != akkoord.HoldMoved {
			t.Errorf("the old database is held by %q (%v)", h.Reason, err)
		}
		if err := old.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Move(t.Context(), leg.from, leg.to, nil); err == nil || !strings.Contains(err.Error(), "not empty") {
			t.Errorf("moving once more gave %v", err)
		}
		tr.cfg = leg.to
		tr.reopened(t)
		if h, err := tr.Hold(t.Context()); err != nil || h.Reason != "" {
			t.Errorf("the new database is held by %q (%v)", h.Reason, err)
		}
		if tr.standing(t, 0).Subscription(tr.News.ID).State != akkoord.Withdrawn || !tr.standing(t, 1).Suppressed(akkoord.SuppressedUnsubscribed) {
			t.Error("somebody who left is back")
		}
		next := len(tr.links)
		tr.leave(t, next-1, akkoord.ScopeCampaign) // by the link of an old mail
		tr.join(t, next)
		if !tr.standing(t, next-1).HasLeft(tr.Campaign.ID) || tr.standing(t, next).Subscription(tr.Ski.ID).State != akkoord.Active {
			t.Error("the new database does not go on")
		}
		if _, err := tr.PutCampaign(t.Context(), storetest.Admin, akkoord.Campaign{Slug: "z" + leg.to.Database[:4], Name: "Zomer", PurposeID: tr.News.ID}); err != nil {
			t.Errorf("a new row: %v", err)
		}
		if _, err := tr.VerifyLedger(t.Context(), nil); err != nil {
			t.Error(err)
		}
		if err := tr.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// cutAfter ends a move when a table was copied.
func cutAfter(t *testing.T, table string) (context.Context, func(string, int64, int64)) {
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	return ctx, func(name string, _, _ int64) {
		if name == table {
			stop()
		}
	}
}

// An interrupted move goes on where it stopped, unless the old database went
// on in the meantime.
func TestAnInterruptedMoveGoesOn(t *testing.T) {
	tr := newTravellers(t, 10)
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	to := tr.cfg
	to.Database = pgtest.New(t, store.Migrate)
	ctx, cut := cutAfter(t, "consent_event")
	if _, err := store.Move(ctx, tr.cfg, to, cut); err == nil {
		t.Fatal("a move that was cut succeeded")
	}
	if _, err := store.Move(t.Context(), tr.cfg, to, nil); err != nil {
		t.Errorf("it did not go on: %v", err)
	}

	to.Database = pgtest.New(t, store.Migrate)
	ctx, cut = cutAfter(t, "subscriber")
	other := newTravellers(t, 10)
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	to.Keyring = other.cfg.Keyring
	if _, err := store.Move(ctx, other.cfg, to, cut); err == nil {
		t.Fatal("a move that was cut succeeded")
	}
	other.reopened(t)
	other.leave(t, 0, akkoord.ScopePurpose)
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Move(t.Context(), other.cfg, to, nil); err == nil || !strings.Contains(err.Error(), "changed since") {
		t.Errorf("a move from a database that changed: %v", err)
	}
}

// Every table is moved, or left behind on purpose.
func TestNoTableIsForgottenByAMove(t *testing.T) {
	cfg, _ := storetest.Config(t)
	path := filepath.Join(t.TempDir(), "akkoord.db")
	cfg.Database = "sqlite:" + path
	reopen(t, cfg)
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	left := []string{"backup", "proven_backup", "schema_admits", "goose_db_version", "instance", "sending_hold"}
	moved := store.MovedTables()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(moved, name) && !slices.Contains(left, name) {
			t.Errorf("the table %s is not moved", name)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// P17 on PostgreSQL, where the journal is a table: an exported one does again
// what a restored database lacks, and holds the mail back.
func TestAnExportedJournalIsRepeatedInARestoredDatabase(t *testing.T) {
	tr := newTravellers(t, 3)
	tr.leave(t, 0, akkoord.ScopePurpose)
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	old := tr.cfg
	old.Database = pgtest.New(t, store.Migrate)
	if _, err := store.Move(t.Context(), tr.cfg, old, nil); err != nil {
		t.Fatal(err)
	}
	tr.reopened(t)
	tr.leave(t, 1, akkoord.ScopeAll)
	ds, err := tr.Departures(t.Context(), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	var text []byte
	for _, d := range ds {
		text = d.AppendText(text)
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	tr.cfg = old
	tr.reopened(t)
	n, err := tr.RepeatDepartures(t.Context(), bytes.NewReader(text))
	if err != nil || n != int64(len(ds)-1) {
		t.Errorf("%d of %d departures were done again (%v)", n, len(ds), err)
	}
	if h, err := tr.Hold(t.Context()); err != nil || h.Reason != akkoord.HoldRestored {
		t.Errorf("held by %q (%v)", h.Reason, err)
	}
	if tr.standing(t, 1).Subscription(tr.News.ID).State != akkoord.Withdrawn || tr.standing(t, 2).Subscription(tr.News.ID).State != akkoord.Active {
		t.Error("not those who left are out")
	}
	if n, err := tr.RepeatDepartures(t.Context(), bytes.NewReader(text)); err != nil || n != 0 {
		t.Errorf("once more: %d (%v)", n, err)
	}
	if _, err := tr.RepeatDepartures(t.Context(), strings.NewReader("nonsense")); err == nil {
		t.Error("nonsense is taken for a journal")
	}
}
