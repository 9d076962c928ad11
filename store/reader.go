package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"akkoord"
)

// reader is the pool of connections that only read. A read sees every change
// that was answered before it began.
type reader struct {
	dialect dialect
	db      *sql.DB
	mu      sync.RWMutex
	stmts   map[string]*sql.Stmt
	closed  bool
}

// querier is what loading code needs: a tx or a view.
type querier interface {
	query(query string, args ...any) (rows, error)
	queryRow(query string, args ...any) row
}

type row interface{ Scan(dest ...any) error }

// rows are the rows of a result, as of package sql or direct.
type rows interface {
	row
	Next() bool
	Err() error
	Close() error
}

type failedRow struct{ err error }

func (r failedRow) Scan(...any) error { return r.err }

// openReader opens a SQLite file for reading.
func openReader(ctx context.Context, path string) (*reader, error) {
	return newReader(ctx, sqliteFile(path))
}

func newReader(ctx context.Context, d dialect) (*reader, error) {
	db, err := d.reading(ctx)
	if err != nil {
		return nil, err
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &reader{dialect: d, db: db, stmts: map[string]*sql.Stmt{}}, nil
}

func (r *reader) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	var err error
	for _, s := range r.stmts {
		err = errors.Join(err, s.Close())
	}
	return errors.Join(err, r.db.Close())
}

func (r *reader) isClosed() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.closed
}

func (r *reader) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	r.mu.RLock()
	s, ok := r.stmts[query]
	r.mu.RUnlock()
	if ok {
		return s, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errUnreachable
	}
	if s, ok := r.stmts[query]; ok {
		return s, nil
	}
	s, err := r.db.PrepareContext(ctx, r.dialect.query(query))
	if err != nil {
		return nil, err
	}
	r.stmts[query] = s
	return s, nil
}

// view is what a read goes through.
type view struct {
	ctx context.Context
	r   *reader
}

func (s *Store) view(ctx context.Context) view { return view{ctx, s.read} }

func (v view) query(query string, args ...any) (rows, error) {
	rows, err := v.ask(query, args)
	if err != nil && v.r.dialect.gone(err) { // perhaps it is back; reading twice harms nobody
		rows, err = v.ask(query, args)
	}
	if err != nil && v.r.isClosed() { // a statement or a connection that was closed meanwhile
		err = errUnreachable
	}
	if err != nil {
		return nil, told(v.r.dialect, err)
	}
	return rows, nil
}

func (v view) ask(query string, args []any) (*sql.Rows, error) {
	s, err := v.r.stmt(v.ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(v.ctx, args...)
}

func (v view) queryRow(query string, args ...any) row {
	r, err := v.query(query, args...)
	if err != nil {
		return failedRow{err}
	}
	return onlyRow{r}
}

// once is queryRow for a statement that few others will ask: it is not kept.
func (v view) once(query string, args ...any) row {
	r, err := v.askOnce(query, args)
	if err != nil {
		return failedRow{err}
	}
	return onlyRow{r}
}

func (v view) askOnce(query string, args []any) (rows, error) {
	r, err := v.r.db.QueryContext(v.ctx, v.r.dialect.query(query), args...)
	if err != nil && v.r.isClosed() {
		err = errUnreachable
	}
	if err != nil {
		return nil, told(v.r.dialect, err)
	}
	return r, nil
}

// told gives an error as callers get it: that the database can't be reached,
// or can't hold a text, is something that people are told (P30, P34).
func told(d dialect, err error) error {
	switch {
	case err == nil:
		return nil
	case d.gone(err):
		return fmt.Errorf("%w (%w)", errUnreachable, err)
	case d.unfit(err):
		return errUnfit
	}
	return err
}

var errUnfit = akkoord.Errorf(akkoord.Invalid, "text_invalid", "A text holds characters that can't be stored. Please type it again.")

var errUnreachable = akkoord.Errorf(akkoord.Unavailable, "unavailable", "The server can't read anything right now. Please try again in a minute.")

// Ready reports whether the store can be read and written.
func (s *Store) Ready(ctx context.Context) error {
	var one int
	if err := s.view(ctx).queryRow(`SELECT 1`).Scan(&one); err != nil {
		return err
	}
	return s.update(ctx, "ready", func(*tx) error { return nil })
}
