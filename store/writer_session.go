package store

import (
	"context"
	"database/sql"
)

// session is the writer's connection. One goroutine uses it.
type session interface {
	// exec runs a statement. It may wait for the next question or for sync,
	// which then gives its error.
	exec(query string, args ...any) error
	// count runs a statement and gives the number of rows affected.
	count(query string, args ...any) (int64, error)
	query(query string, args ...any) (rows, error)
	queryRow(query string, args ...any) row
	// stream writes rows of a table, given one after the other, as one stream;
	// false where the database takes none: then nothing was written.
	stream(table string, columns []string, values []any) (bool, error)
	sync() error // runs what waits
	begin() error
	commit() error
	rollback()
	written() int // statements so far that were no SELECT
	close() error
}

// fileSession speaks to SQLite, where nothing has to wait.
type fileSession struct {
	*direct
	conn *sql.Conn
	tx   *sql.Tx
}

func openFileSession(conn *sql.Conn) (session, error) {
	d, err := pinned(conn)
	return &fileSession{direct: d, conn: conn}, err
}

func (s *fileSession) exec(query string, args ...any) error {
	_, err := s.direct.exec(query, args...)
	return err
}

func (s *fileSession) count(query string, args ...any) (int64, error) {
	res, err := s.direct.exec(query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (s *fileSession) stream(string, []string, []any) (bool, error) { return false, nil }

func (s *fileSession) sync() error { return nil }

func (s *fileSession) written() int { return s.writes }

func (s *fileSession) begin() (err error) {
	s.tx, err = s.conn.BeginTx(context.Background(), nil)
	return err
}

func (s *fileSession) commit() error { return s.tx.Commit() }

func (s *fileSession) rollback() { _ = s.tx.Rollback() }
