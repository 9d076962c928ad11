package store_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"akkoord/store"
	"akkoord/store/pgtest"
	"akkoord/store/sqlitetest"
	"akkoord/store/storetest"
)

// P15, P17: neither a backup of the time before nor a move to the other
// database brings anybody back, however they went away.
func TestNobodyComesBackByARestoreOrAMoveP15(t *testing.T) {
	cfg, clock := storetest.Config(t)
	cfg.Database = sqlitetest.New(t, store.Migrate)
	a := storetest.NewAgency(t, reopen(t, cfg), clock)
	gone := map[string]*storetest.Gone{}
	for i, way := range slices.Sorted(maps.Keys(storetest.Ways)) {
		gone[way] = a.Here(t, fmt.Sprintf("p%d@voorbeeld.example", i))
	}
	stayed := a.Here(t, "gebleven@voorbeeld.example")
	backup := filepath.Join(t.TempDir(), "backup.db")
	if _, err := store.Backup(t.Context(), cfg, backup, nil); err != nil {
		t.Fatal(err)
	}
	for way, g := range gone {
		storetest.Ways[way](t, a, g)
	}
	look := func(after string) {
		t.Helper()
		a.Store = reopen(t, cfg)
		for way, g := range gone {
			if a.MayBeMailed(t, g.Address) {
				t.Errorf("somebody who %s may be mailed after %s", way, after)
			}
		}
		if !a.MayBeMailed(t, stayed.Address) {
			t.Errorf("who stayed may not be mailed after %s", after)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	look("a restart")
	if _, err := store.Restore(t.Context(), cfg, backup, store.RestoreOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	look("a restore")
	to := cfg
	to.Database = pgtest.New(t, store.Migrate)
	if _, err := store.Move(t.Context(), cfg, to, nil); err != nil {
		t.Fatal(err)
	}
	cfg = to
	look("a move")
}
