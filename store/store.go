// Package store records what the rules of package akkoord decided, and reads
// it back. It is the only place that knows SQL. Every change goes through
// update, which commits it together with the others that wait (group commit)
// and answers after the commit; every read goes through view.
package store

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"akkoord"
)

// Config says where the database is and where time, randomness and secrets
// come from.
type Config struct {
	Database string // sqlite:FILE, made when missing with mode 0600, or postgres://…
	Journal  string // of departures; beside a SQLite file when empty
	Keyring  *akkoord.Keyring
	Officer  akkoord.Email // of the settings: who is told of break-glass too; zero: nobody
	Relay    string        // slug of the party that runs the relay; empty or own: nobody else (M28)
	Catches  bool          // there is no mail server: while mails are caught those to users are handed out, and no others (ADR 59)
	Now      func() time.Time
	Random   io.Reader
	Log      *slog.Logger

	Pace Pace // how fast mailings may be sent

	MailCopies akkoord.MailCopies // of mails that ask for a yes; empty: whole

	TwoPersons   bool          // a file about many people, and many erasures, take a second person
	ContractKept time.Duration // how long the log has a transactional mail; default 90 days

	FewPeople int // of a purpose, among whom the database counts while somebody edits a segment; default 20,000
}

// Store is one open database. Its methods may be called from any goroutine.
type Store struct {
	cfg     Config
	hasher  akkoord.Hasher
	dialect dialect
	holds   io.Closer // the lock on a database that can't be shared; nil otherwise
	writer  *writer
	read    *reader
	wiper   *wiper

	spare      *allowance     // of SQLite
	moving     *checkpointer  // of SQLite
	departures *departureFile // nil where the table alone is the journal
	nodes      *nodes         // the other processes; nil where there can be none
	nodeNumber atomic.Int64   // number of this process among those that have the database open
	nodeCount  atomic.Int64   // of these, as of the last commit or sign of life

	changes  changes        // what commits changed lately, for the last question before a mail
	journal  *sendJournal   // on-wire marks and outcomes that no commit holds yet
	cached   catalogueCache // purposes and forms, which every sign-up reads
	counting sync.Mutex     // held while a page counts what the figures of growth lack
	sets     *sets          // of whom conditions of segments hold, for counts while editing

	relays relayBook // which relays there are, and what forbids using them

	wakeOutbox  chan struct{} // one slot: something may be due
	wakeMailing chan struct{}
	ids         sync.Mutex
}

// Open opens the database for writing, brings its schema up to date and takes
// the lock that keeps other processes out (P18). It fails with one sentence
// that says what to do.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	s := &Store{cfg: cfg, hasher: cfg.Keyring.Hasher(), wakeOutbox: make(chan struct{}, 1), wakeMailing: make(chan struct{}, 1)}
	s.remember()
	var err error
	if s.dialect, err = cfg.dialect(); err != nil {
		return nil, err
	}
	if err = s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) (err error) {
	if s.holds, err = s.dialect.lock(ctx); err != nil {
		return err
	}
	if err := migrate(ctx, s.dialect); err != nil {
		return err
	}
	if s.read, err = newReader(ctx, s.dialect); err != nil {
		return err
	}
	if err := s.recognise(ctx); err != nil {
		return err
	}
	if err := s.dialect.accompany(ctx, s); err != nil {
		return err
	}
	if s.writer, err = openWriter(ctx, s); err != nil {
		return err
	}
	if err := s.claimInstallation(ctx); err != nil {
		return err
	}
	return s.dialect.join(ctx, s)
}

// OpenReadOnly opens the database beside a running server, for the commands
// that only read (contract: ledger verify, doctor, migrate --status, backup).
func OpenReadOnly(ctx context.Context, cfg Config) (*Store, error) {
	d, err := cfg.dialect()
	if err != nil {
		return nil, err
	}
	if err := d.prepare(ctx, false); err != nil {
		return nil, err
	}
	read, err := newReader(ctx, d)
	if err != nil {
		return nil, err
	}
	s := &Store{cfg: cfg, dialect: d, hasher: cfg.Keyring.Hasher(), read: read}
	s.remember()
	if err := s.recognise(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) remember() {
	if s.cfg.FewPeople == 0 {
		s.cfg.FewPeople = fewPeople
	}
	s.sets = newSets(s.cfg.Now, s.changes.alteredSoFar)
}

// Close ends the store after the changes in progress are committed.
func (s *Store) Close() error {
	var errs []error
	s.sets.close()
	if s.journal != nil {
		errs = append(errs, s.journal.close())
	}
	if s.nodes != nil {
		errs = append(errs, s.nodes.close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	if s.departures != nil {
		errs = append(errs, s.departures.close())
	}
	if s.moving != nil {
		errs = append(errs, s.moving.close())
	}
	if s.wiper != nil {
		errs = append(errs, s.wiper.close())
	}
	if s.read != nil {
		errs = append(errs, s.read.close())
	}
	if s.spare != nil {
		errs = append(errs, s.spare.db.Close())
	}
	if s.holds != nil {
		errs = append(errs, s.holds.Close())
	}
	return errors.Join(errs...)
}

// Failed is closed when a write could not be made durable. Nothing is written
// after it; the process should end and be started anew (P05).
func (s *Store) Failed() <-chan struct{} { return s.writer.failed }

// register leaves in the file who holds it. It must stand in the file itself:
// who comes by another hard link does not see the log beside it.
func (s *Store) register(ctx context.Context) error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	err = s.update(ctx, "register instance", func(t *tx) error {
		return t.exec(`INSERT INTO instance (id, pid, host, boot, started_at, beat) VALUES (1, $1, $2, $3, $4, 0)
			ON CONFLICT (id) DO UPDATE SET pid = excluded.pid, host = excluded.host, boot = excluded.boot, started_at = excluded.started_at`,
			os.Getpid(), host, bootID(), micros(t.now))
	})
	if err != nil {
		return err
	}
	return checkpoint(ctx, s.read.db)
}

// newID makes a public id. The source of randomness may not be safe for
// concurrent use.
func (s *Store) newID(now time.Time) (akkoord.ID, error) {
	s.ids.Lock()
	defer s.ids.Unlock()
	return akkoord.NewID(now, s.cfg.Random)
}

func (s *Store) random(n int) ([]byte, error) {
	s.ids.Lock()
	defer s.ids.Unlock()
	b := make([]byte, n)
	_, err := io.ReadFull(s.cfg.Random, b)
	return b, err
}

// wake tells a loop that something may be due, without waiting for it.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// OutboxReady is signalled after a commit that put something into the outbox.
// Polling is the safety net.
func (s *Store) OutboxReady() <-chan struct{} { return s.wakeOutbox }

// MailingReady is signalled after a commit that started or resumed a mailing.
func (s *Store) MailingReady() <-chan struct{} { return s.wakeMailing }

// micros gives a time as it is stored; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// fromMicros reads a stored time.
func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// id16 reads a stored public id.
func id16(b []byte) (id akkoord.ID) {
	copy(id[:], b)
	return id
}

// each scans all rows with f and closes them.
func each(rows rows, err error, f func(row) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// list reads a row into each item.
func list[T any](rows rows, err error, scan func(row) (T, error)) (out []T, _ error) {
	err = each(rows, err, func(r row) error {
		item, err := scan(r)
		out = append(out, item)
		return err
	})
	return out, err
}

// numbers reads a column of numbers.
func numbers(q querier, query string, args ...any) ([]int64, error) {
	return column[int64](q, query, args)
}

// names reads a column of names.
func names(q querier, query string, args ...any) ([]string, error) {
	return column[string](q, query, args)
}

func column[T any](q querier, query string, args []any) ([]T, error) {
	rows, err := q.query(query, args...)
	return list(rows, err, func(r row) (value T, err error) {
		err = r.Scan(&value)
		return value, err
	})
}
