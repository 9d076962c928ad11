package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	writerCacheKiB = 16 << 10
	readerCacheKiB = 1 << 10
	fileReaders    = 4
)

// sqliteFile is a SQLite database by the path of its file.
type sqliteFile string

func (f sqliteFile) place() string { return string(f) }

func (f sqliteFile) shared() bool { return false }

func (f sqliteFile) goose() (goose.Dialect, string) { return goose.DialectSQLite3, "sqlite" }

func (f sqliteFile) prepare(_ context.Context, create bool) error {
	if create {
		return private(string(f))
	}
	if _, err := os.Stat(string(f)); err != nil {
		return fmt.Errorf("there is no database at %s; start the server once, or set AKKOORD_DATABASE", string(f))
	}
	return nil
}

func (f sqliteFile) reading(context.Context) (*sql.DB, error) {
	db, err := sql.Open("sqlite", readDSN(string(f), readerCacheKiB))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(fileReaders)
	db.SetMaxIdleConns(fileReaders)
	return db, nil
}

func (f sqliteFile) writing(context.Context) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn(string(f), fmt.Sprintf("cache_size(-%d)", writerCacheKiB), fmt.Sprintf("wal_autocheckpoint(%d)", longestLog)))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

func (f sqliteFile) lock(ctx context.Context) (io.Closer, error) {
	l, err := lockFile(ctx, string(f))
	if err != nil {
		return nil, err
	}
	return l, nil
}

func (f sqliteFile) accompany(ctx context.Context, s *Store) (err error) {
	if s.spare, err = openAllowance(ctx, string(f)); err != nil {
		return err
	}
	wiping, err := sql.Open("sqlite", dsn(string(f), "busy_timeout("+wipeWait+")"))
	if err != nil {
		return err
	}
	s.wiper = openWiper(wiping, wipePause, emptyLog) // before the writer, which wakes it
	s.moving, err = openCheckpointer(string(f))
	return err
}

// join settles what an earlier process left, then registers.
func (f sqliteFile) join(ctx context.Context, s *Store) error {
	s.nodeNumber.Store(1)
	if err := openDepartures(ctx, s); err != nil {
		return err
	}
	marks, err := openFileWire(ctx, s) // before register, which overwrites the boot id
	if err != nil {
		return err
	}
	s.journal = openJournal(s, marks)
	return s.register(ctx)
}

// emptyLog moves the log into the database file and cuts it to nothing. It can
// only begin between two commits, so what was deleted before the call is gone
// after it.
func emptyLog(ctx context.Context, db *sql.DB) bool {
	var busy, pages, moved int
	err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &moved)
	return err == nil && busy == 0
}

// begin reads back the settings that durability rests on, and where the
// ledger and the audit trail stand.
func (f sqliteFile) begin(ctx context.Context, w *writer) error {
	var mode string
	var sync int
	if err := w.conn.QueryRowContext(ctx, `PRAGMA journal_mode`).Scan(&mode); err != nil {
		return err
	}
	if err := w.conn.QueryRowContext(ctx, `PRAGMA synchronous`).Scan(&sync); err != nil {
		return err
	}
	if mode != "wal" || sync != 2 {
		return fmt.Errorf("the database can't be opened with WAL and full synchronisation (it says %s, %d); put it on a local disk", mode, sync)
	}
	return w.readTail()
}

func (f sqliteFile) session(conn *sql.Conn) (session, error) { return openFileSession(conn) }

func (f sqliteFile) enter(*writer) error { return nil }

func (f sqliteFile) leave(*writer, []*change) error { return nil }

func (f sqliteFile) query(text string) string { return text }

func (f sqliteFile) gone(error) bool { return false }

func (f sqliteFile) unfit(error) bool { return false }

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

// readDSN is dsn for reading. What is sorted goes to a file, unlinked as soon as it is
// open, once it outgrows the cache: an account of millions of rows takes no memory.
func readDSN(path string, cacheKiB int) string {
	q := url.Values{}
	for _, p := range []string{"busy_timeout(5000)", "query_only(1)", "temp_store(FILE)", fmt.Sprintf("cache_size(-%d)", cacheKiB)} {
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

// private makes the database file readable by its owner alone.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("the database %s can't be written: %w", path, err)
	}
	return f.Close()
}

// checkpoint moves what is committed from the log into the database file, after
// another that is at it.
func checkpoint(ctx context.Context, db *sql.DB) error {
	pause := time.NewTicker(5 * time.Millisecond)
	defer pause.Stop()
	for range 1000 {
		var busy, pages, moved int
		if err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(FULL)`).Scan(&busy, &pages, &moved); err != nil {
			return err
		}
		if busy == 0 && moved >= pages {
			return nil
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil // somebody reads; who comes by another link is told less
}

func (f sqliteFile) full(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == sqlite3.SQLITE_FULL
}

// lost is a failed read, write or sync, or damage. Anything else, such as
// another program that holds the file, undoes the group alone.
func (f sqliteFile) lost(err error) bool {
	if errors.Is(err, syscall.ENOSPC) { // of the journal of departures
		return false
	}
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

func (f sqliteFile) adopt(context.Context, *sql.DB) error { return nil }

func (f sqliteFile) size(querier) (database, log int64, err error) {
	for suffix, size := range map[string]*int64{"": &database, "-wal": &log} {
		info, err := os.Stat(string(f) + suffix)
		if err == nil {
			*size = info.Size()
		} else if !errors.Is(err, os.ErrNotExist) {
			return database, log, err
		}
	}
	return database, log, nil
}

func (f sqliteFile) domain(of string) string {
	return `coalesce(substr(` + of + `, instr(` + of + `, '@') + 1), '')`
}

func (f sqliteFile) subject() string {
	own, translated := `json_extract(m.variants, '$[' || (`+winnerOf+`) || ']`, `.languages."' || s.locale || '".subject')`
	return `coalesce(nullif(` + own + translated + `, ''), CASE WHEN m.trigger_on = '' THEN nullif(json_extract(m.content, '$` + translated + `, '') END,
		nullif(` + own + `.subject'), ''), json_extract(m.content, '$.subject'), '')`
}
