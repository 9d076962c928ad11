package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// serverSession speaks to PostgreSQL. Statements whose answer nobody needs wait
// and go out with the next question, so that a change costs as many journeys to
// the server as it asks questions.
type serverSession struct {
	dialect *postgres
	conn    *pgx.Conn
	batch   *pgx.Batch
	texts   map[string]string // of queries, as the server wants them
	writes  int
	open    bool // a transaction
}

func openServerSession(p *postgres, conn *sql.Conn) (session, error) {
	s := &serverSession{dialect: p, batch: &pgx.Batch{}, texts: map[string]string{}}
	return s, conn.Raw(func(c any) error {
		s.conn = c.(*stdlib.Conn).Conn()
		return nil
	})
}

func (s *serverSession) text(query string) string {
	text, ok := s.texts[query]
	if !ok {
		text = s.dialect.query(query)
		s.texts[query] = text
	}
	if !strings.HasPrefix(strings.TrimSpace(query), "SELECT") {
		s.writes++
	}
	return text
}

// maxWaiting is how many statements wait at most, so that the server works
// meanwhile and neither side's buffers fill.
const maxWaiting = 64

func (s *serverSession) exec(query string, args ...any) error {
	s.batch.Queue(s.text(query), slices.Clone(args)...) // the caller may use its list again
	if s.batch.Len() >= maxWaiting {
		return s.sync()
	}
	return nil
}

func (s *serverSession) sync() error {
	if s.batch.Len() == 0 {
		return nil
	}
	return s.late(s.send().Close())
}

// stream writes rows by COPY, after what waits.
func (s *serverSession) stream(table string, columns []string, values []any) (bool, error) {
	s.writes++
	if err := s.sync(); err != nil {
		return true, err
	}
	width := len(columns)
	_, err := s.conn.CopyFrom(context.Background(), pgx.Identifier{table}, columns, pgx.CopyFromSlice(len(values)/width, func(i int) ([]any, error) {
		return values[i*width : (i+1)*width], nil
	}))
	return true, err
}

// send sends what waits.
func (s *serverSession) send() pgx.BatchResults {
	b := s.batch
	s.batch = &pgx.Batch{}
	return s.conn.SendBatch(context.Background(), b)
}

// late is the error of a statement that waited: it may be of a change before
// this one, so all are run again, each by itself.
func (s *serverSession) late(err error) error {
	if err == nil || s.dialect.gone(err) || s.dialect.full(err) {
		return err
	}
	return fmt.Errorf("%w: %w", errReplay, err)
}

// ask sends what waits and a question, and gives the results from that on.
func (s *serverSession) ask(query string, args []any) (pgx.BatchResults, error) {
	before := s.batch.Len()
	s.batch.Queue(s.text(query), args...)
	res := s.send()
	for range before {
		if _, err := res.Exec(); err != nil {
			return nil, errors.Join(s.late(err), closed(res))
		}
	}
	return res, nil
}

// closed ends results of which an error is known already.
func closed(res pgx.BatchResults) error {
	_ = res.Close()
	return nil
}

func (s *serverSession) count(query string, args ...any) (int64, error) {
	res, err := s.ask(query, args)
	if err != nil {
		return 0, err
	}
	tag, err := res.Exec()
	if err != nil {
		return 0, errors.Join(err, closed(res))
	}
	return tag.RowsAffected(), res.Close()
}

func (s *serverSession) query(query string, args ...any) (rows, error) {
	res, err := s.ask(query, args)
	if err != nil {
		return nil, err
	}
	r, err := res.Query()
	if err != nil {
		return nil, errors.Join(err, closed(res))
	}
	return &serverRows{Rows: r, res: res}, nil
}

func (s *serverSession) queryRow(query string, args ...any) row {
	r, err := s.query(query, args...)
	if err != nil {
		return failedRow{err}
	}
	return onlyRow{r}
}

func (s *serverSession) written() int { return s.writes }

func (s *serverSession) begin() error {
	s.batch, s.open = &pgx.Batch{}, true
	s.batch.Queue("BEGIN")
	return nil
}

// commit commits with what waits, in one journey. A transaction in which
// something failed is rolled back by the server, and says so.
func (s *serverSession) commit() error {
	waiting := s.batch.Len()
	s.batch.Queue("COMMIT")
	res := s.send()
	for range waiting {
		if _, err := res.Exec(); err != nil {
			return errors.Join(s.late(err), closed(res))
		}
	}
	tag, err := res.Exec()
	if err := cmp.Or(err, res.Close()); err != nil {
		return err
	}
	s.open = false
	if tag.String() != "COMMIT" {
		return errors.New("the transaction was rolled back")
	}
	return nil
}

func (s *serverSession) rollback() {
	if !s.open || s.conn.IsClosed() {
		return
	}
	s.open, s.batch = false, &pgx.Batch{}
	if s.conn.PgConn().TxStatus() != 'I' {
		_, _ = s.conn.Exec(context.Background(), "ROLLBACK")
	}
}

func (s *serverSession) close() error { return nil }

// serverRows are the rows of the last question of a batch.
type serverRows struct {
	pgx.Rows
	res  pgx.BatchResults
	done bool
}

func (r *serverRows) Close() error {
	r.Rows.Close()
	if r.done {
		return nil
	}
	r.done = true
	return cmp.Or(r.Rows.Err(), r.res.Close())
}
