package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// This file is the only place that knows which database is spoken to.

//go:embed migrations
var migrations embed.FS

const (
	writerCacheKiB = 16 << 10
	readerCacheKiB = 4 << 10
	readers        = 4
)

// dsn gives the data source name with the pragmas that every connection gets.
// journal_mode and synchronous are read back by openWriter.
func dsn(path string, pragmas ...string) string {
	q := url.Values{"_txlock": {"immediate"}}
	for _, p := range append([]string{
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
		"secure_delete(1)", "temp_store(MEMORY)",
	}, pragmas...) {
		q.Add("_pragma", p)
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

func readDSN(path string, cacheKiB int) string {
	q := url.Values{}
	for _, p := range []string{"busy_timeout(5000)", "query_only(1)", "temp_store(MEMORY)", fmt.Sprintf("cache_size(-%d)", cacheKiB)} {
		q.Add("_pragma", p)
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// allowanceKiB is far above what all caches of a process may hold together.
const allowanceKiB = 1 << 20

// allowance is a connection that reads nothing. This build of SQLite counts
// the pages of all connections together, and while they are as many as all
// bounds allow, a cache drops each page that it lets go, full or not: then a
// change read ten pages from the file instead of none. The bound of this
// connection, never used, keeps the sum out of reach; each cache keeps within
// its own. See docs/adr/0008.
type allowance struct{ db *sql.DB }

func openAllowance(ctx context.Context, path string) (*allowance, error) {
	db, err := sql.Open("sqlite", readDSN(path, allowanceKiB))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	var one int
	if err := db.QueryRowContext(ctx, `SELECT 1`).Scan(&one); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &allowance{db}, nil
}

// Migrate brings the schema of the database at path up to date. A schema that
// is newer than this program is refused and left as it is (P23).
func Migrate(ctx context.Context, path string) error {
	if err := private(path); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	p, err := migrator(db)
	if err != nil {
		return err
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("%s can't be read as an Akkoord database: %w", path, err)
	}
	if have > want {
		return fmt.Errorf("the database %s has schema %d and this program knows %d; use the newer program, nothing was changed", path, have, want)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate %s: %w", path, err)
	}
	return nil
}

// SchemaVersions gives the version of the database at path and the newest
// that this program knows. It changes nothing.
func SchemaVersions(ctx context.Context, path string) (have, want int64, err error) {
	if _, err := os.Stat(path); err != nil {
		return 0, 0, fmt.Errorf("there is no database at %s", path)
	}
	db, err := sql.Open("sqlite", readDSN(path, readerCacheKiB))
	if err != nil {
		return 0, 0, err
	}
	defer db.Close()
	p, err := migrator(db)
	if err != nil {
		return 0, 0, err
	}
	for _, s := range p.ListSources() {
		want = max(want, s.Version)
	}
	err = db.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version`).Scan(&have)
	return have, want, err
}

func migrator(db *sql.DB) (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, db, dir)
}

// private makes the database file readable by its owner alone.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("the database %s can't be written: %w", path, err)
	}
	return f.Close()
}

// checkpoint moves what is committed from the log into the database file.
func checkpoint(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, `PRAGMA wal_checkpoint(PASSIVE)`)
	return err
}

// placeholder gives the n-th parameter of a statement with very many, in
// order. SQLite looks $n up by name, in a time that grows with their number.
func placeholder(int) string { return "?" }

// full reports whether err says that the disk is full: nothing is lost, and
// writing goes on when there is space again (P04).
func full(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == sqlite3.SQLITE_FULL
}

// lost reports whether err leaves unknown what is on the disk: a failed read,
// write or sync, or damage. After it nothing more is written (P05). Anything
// else, such as another program that holds the file, undoes the group alone.
func lost(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return true
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH:
		return false
	}
	return true
}

// bootID tells one start of the machine from another: what a process wrote
// without a sync survives its own death, and not the machine's.
func bootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
