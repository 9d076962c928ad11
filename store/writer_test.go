package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"akkoord"
	"akkoord/store/sqlitetest"
)

func openForTest(t *testing.T) *Store {
	t.Helper()
	keys, err := akkoord.NewKeyring(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), Config{
		Database: sqlitetest.New(t, Migrate), Keyring: keys, Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// note is a change that leaves one line in the audit trail.
func note(text string) func(*tx) error {
	return func(t *tx) error { return t.audit(akkoord.ActorSystem, "test", text, "") }
}

func TestAChangeThatFailsOrPanicsHarmsNoNeighbour(t *testing.T) {
	s := openForTest(t)
	var wg sync.WaitGroup
	for i := range 20 {
		for j, tt := range []struct {
			do   func(*tx) error
			want string // part of the error; empty: none
		}{
			{note(fmt.Sprintf("kept %d a", i)), ""},
			{func(t *tx) error { return errors.Join(note("failed")(t), errors.New("it failed")) }, "it failed"},
			{func(t *tx) error {
				if err := note("panicked")(t); err != nil {
					return err
				}
				panic("a mistake")
			}, "a mistake"},
			{func(t *tx) error { return errors.Join(note("bad SQL")(t), t.exec(`INSERT INTO nowhere VALUES (1)`)) }, "nowhere"},
			{func(t *tx) error { // rows left open by a panic in their middle
				rows, err := t.query(`SELECT seq FROM audit UNION SELECT 1 UNION SELECT 2`)
				return each(rows, err, func(row) error { panic("in the rows") })
			}, "in the rows"},
			{note(fmt.Sprintf("kept %d b", i)), ""},
		} {
			wg.Go(func() {
				err := s.update(t.Context(), "test", tt.do)
				if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
					t.Errorf("change %d gave %v, want %q", j, err, tt.want)
				}
			})
		}
	}
	wg.Wait()
	entries, _, err := s.AuditTrail(t.Context(), akkoord.Page{})
	if err != nil || len(entries) != 40 {
		t.Fatalf("the audit trail has %d lines, %v; want the 40 of the changes that succeeded", len(entries), err)
	}
	for i, e := range entries {
		if e.Seq != int64(i+1) || !strings.HasPrefix(e.Object, "kept") {
			t.Errorf("line %d is %d %s", i, e.Seq, e.Object)
		}
	}
}

func TestTimeNeverStandsStillOrGoesBackBetweenChanges(t *testing.T) {
	s := openForTest(t)
	clock := time.Date(2027, 1, 15, 9, 0, 0, 0, time.UTC)
	s.cfg.Now = func() time.Time { clock = clock.Add(-time.Hour); return clock } // P20
	var last time.Time
	for range 5 {
		if err := s.update(t.Context(), "test", func(t *tx) error {
			if !t.now.After(last) && !last.IsZero() {
				return fmt.Errorf("%s after %s", t.now, last)
			}
			last = t.now
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}
