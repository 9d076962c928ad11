package store_test

import (
	"testing"

	"akkoord/store"
	"akkoord/store/pgtest"
	"akkoord/store/sqlitetest"
	"akkoord/store/storetest"
)

// openFile opens a store on a new SQLite file.
func openFile(t *testing.T, cfg store.Config) *store.Store {
	t.Helper()
	cfg.Database = sqlitetest.New(t, store.Migrate)
	return reopen(t, cfg)
}

func reopen(t *testing.T, cfg store.Config) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// openServer opens a store on a new PostgreSQL database.
func openServer(t *testing.T, cfg store.Config) *store.Store {
	t.Helper()
	cfg.Database = pgtest.New(t, store.Migrate)
	return reopen(t, cfg)
}

func TestPostgreSQLKeepsTheContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, openServer)
}

func TestSQLiteKeepsTheContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, openFile)
}

// A change may be run again after what it wrote was undone: nobody may see it.
func TestSQLiteKeepsTheContractWhenGroupsAreWrittenAgain(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, cfg store.Config) *store.Store {
		s := openFile(t, cfg)
		s.Rehearse()
		return s
	})
}
