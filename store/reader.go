package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// reader is the pool of connections that only read. A read sees every change
// that was answered before it began.
type reader struct {
	db    *sql.DB
	mu    sync.RWMutex
	stmts map[string]*sql.Stmt
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

func openReader(ctx context.Context, path string) (*reader, error) {
	db, err := sql.Open("sqlite", readDSN(path, readerCacheKiB))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(readers)
	db.SetMaxIdleConns(readers)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &reader{db: db, stmts: map[string]*sql.Stmt{}}, nil
}

func (r *reader) close() error {
	var err error
	for _, s := range r.stmts {
		err = errors.Join(err, s.Close())
	}
	return errors.Join(err, r.db.Close())
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
	if s, ok := r.stmts[query]; ok {
		return s, nil
	}
	s, err := r.db.PrepareContext(ctx, query)
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
	s, err := v.r.stmt(v.ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(v.ctx, args...)
}

func (v view) queryRow(query string, args ...any) row {
	s, err := v.r.stmt(v.ctx, query)
	if err != nil {
		return failedRow{err}
	}
	return s.QueryRowContext(v.ctx, args...)
}

// Ready reports whether the store can be read and written.
func (s *Store) Ready(ctx context.Context) error {
	var one int
	if err := s.view(ctx).queryRow(`SELECT 1`).Scan(&one); err != nil {
		return err
	}
	return s.update(ctx, "ready", func(*tx) error { return nil })
}
