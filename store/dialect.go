package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"akkoord"
)

// dialect is one of the two databases. It is all that knows which one is
// spoken to; everything else is one SQL, with parameters $1, $2 … or, in
// statements with very many, a ? for each in order.
type dialect interface {
	place() string // for people, without a secret
	shared() bool  // several processes may have it open and write
	goose() (kind goose.Dialect, folder string)

	prepare(ctx context.Context, create bool) error // so that the schema can be made
	reading(ctx context.Context) (*sql.DB, error)
	writing(ctx context.Context) (*sql.DB, error)
	lock(ctx context.Context) (io.Closer, error)   // keeps out who may not share it (P18)
	accompany(ctx context.Context, s *Store) error // opens what the writer needs beside it
	join(ctx context.Context, s *Store) error      // makes the store one of those that work on it

	session(conn *sql.Conn) (session, error)    // on a connection of the writer
	begin(ctx context.Context, w *writer) error // on a new session of the writer
	enter(w *writer) error                      // in each transaction, before its changes
	leave(w *writer, group []*change) error     // in each transaction, after them

	adopt(ctx context.Context, db *sql.DB) error // after Move filled its tables

	// What Backup and Restore do, and the last proven backups.
	backup(ctx context.Context, cfg Config, to string, progress func(done, total int64)) (Copy, error)
	restore(ctx context.Context, cfg Config, from string, how RestoreOptions, progress func(done, total int64)) (Restored, error)
	marked(q querier) ([]akkoord.Backup, error) // the newest first
	mayProve(q querier) (bool, error)           // whether a backup can be put back beside the database

	size(q querier) (database, log int64, err error) // in bytes; log is what is not in the database's file yet

	query(text string) string // as the driver wants it
	subject() string          // of the variant d.variant of the mailing m in the language of the subscriber s, as an expression
	domain(of string) string  // of an address, as an expression; empty for NULL
	full(err error) bool      // the disk is full: nothing is lost, and writing goes on when there is space (P04)
	lost(err error) bool      // nobody knows what is on the disk: nothing more may be written (P05)
	gone(err error) bool      // the server can't be reached or used now (P34)
	unfit(err error) bool     // a text holds what no text of the database can hold
}

// dialect gives the database that the configuration names.
func (c Config) dialect() (dialect, error) {
	if path, ok := strings.CutPrefix(c.Database, "sqlite:"); ok && path != "" {
		return sqliteFile(path), nil
	}
	if strings.HasPrefix(c.Database, "postgres://") || strings.HasPrefix(c.Database, "postgresql://") {
		return parsePostgres(c.Database)
	}
	return nil, fmt.Errorf("the database must be sqlite:FILE or postgres://USER@HOST/DATABASE")
}

// CheckDatabase reports what is wrong with the name of a database, without
// opening it.
func CheckDatabase(database string) error {
	_, err := Config{Database: database}.dialect()
	return err
}

// File gives the path of a SQLite database; false for another.
func File(database string) (path string, ok bool) { return strings.CutPrefix(database, "sqlite:") }

// File is the path of a SQLite database, and what the files that belong to
// another are named after.
func (c Config) File() string {
	if path, ok := File(c.Database); ok {
		return path
	}
	return "akkoord"
}

//go:embed migrations
var migrations embed.FS

// Migrate brings the schema of a database up to date. A schema that is newer
// than this program is refused and left as it is (P23).
func Migrate(ctx context.Context, database string) error {
	d, err := Config{Database: database}.dialect()
	if err != nil {
		return err
	}
	return migrate(ctx, d)
}

func migrate(ctx context.Context, d dialect) error {
	if err := d.prepare(ctx, true); err != nil {
		return err
	}
	db, err := d.writing(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	p, err := migrator(d, db)
	if err != nil {
		return err
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("%s can't be read as an Akkoord database: %w", d.place(), err)
	}
	if have > want {
		return admitted(ctx, d, db, have, want)
	}
	if have < want {
		if err := stopFirst(ctx, d, db, have, want); err != nil {
			return err
		}
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate %s: %w", d.place(), err)
	}
	return nil
}

// admitted reports whether this program may work on a schema that is newer than
// it knows, as it does while nodes are replaced one after the other. The schema
// itself says from which one on, and one that says nothing admits nobody (P23);
// nothing is changed here.
func admitted(ctx context.Context, d dialect, db *sql.DB, have, want int64) error {
	var oldest int64
	if err := db.QueryRowContext(ctx, `SELECT oldest FROM schema_admits WHERE id = 1 AND schema = $1`, have).Scan(&oldest); err == nil && want >= oldest {
		return nil
	}
	return fmt.Errorf("the database %s has schema %d and this program knows %d; use the newer program, nothing was changed", d.place(), have, want)
}

// SchemaVersions gives the version of a database and the newest that this
// program knows. It changes nothing.
func SchemaVersions(ctx context.Context, database string) (have, want int64, err error) {
	d, err := Config{Database: database}.dialect()
	if err != nil {
		return 0, 0, err
	}
	return schemaVersions(ctx, d)
}

func schemaVersions(ctx context.Context, d dialect) (have, want int64, err error) {
	if err := d.prepare(ctx, false); err != nil {
		return 0, 0, err
	}
	db, err := d.reading(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer db.Close()
	p, err := migrator(d, db)
	if err != nil {
		return 0, 0, err
	}
	for _, s := range p.ListSources() {
		want = max(want, s.Version)
	}
	have, err = schemaVersion(ctx, db)
	return have, want, err
}

func migrator(d dialect, db *sql.DB) (*goose.Provider, error) {
	kind, folder := d.goose()
	dir, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return nil, err
	}
	var options []goose.ProviderOption
	if d.shared() { // of several nodes that start at once one migrates
		l, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 600))
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(l))
	}
	return goose.NewProvider(kind, db, dir, options...)
}

// placeholder gives the n-th parameter of a statement with very many, in
// order. SQLite looks $n up by name, in a time that grows with their number.
func placeholder(int) string { return "?" }
