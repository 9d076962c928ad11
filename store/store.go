// Package store records what the rules of package akkoord decided, and reads
// it back. It is the only place that knows SQL. Every change goes through
// update, which commits it together with the others that wait (group commit)
// and answers after the commit; every read goes through view.
package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"akkoord"
)

// Config says where the database is and where time, randomness and secrets
// come from.
type Config struct {
	Path    string // of the SQLite file; made when missing, mode 0600
	Journal string // of departures; beside the file when empty
	Keyring *akkoord.Keyring
	Now     func() time.Time
	Random  io.Reader
	Log     *slog.Logger
}

// Store is one open database. Its methods may be called from any goroutine.
type Store struct {
	cfg    Config
	hasher akkoord.Hasher
	lock   *fileLock
	writer *writer
	read   *reader
	spare  *allowance
	wiper  *wiper
	moving *checkpointer

	departures *departureFile // nil where the table alone is the journal

	changes changes        // what commits changed lately, for the last question before a mail
	journal *sendJournal   // on-wire marks and outcomes that no commit holds yet
	cached  catalogueCache // purposes and forms, which every sign-up reads

	wakeOutbox  chan struct{} // one slot: something may be due
	wakeMailing chan struct{}
	wakeImport  chan struct{}
	ids         sync.Mutex
}

// Open opens the database for writing, brings its schema up to date and takes
// the lock that keeps other processes out (P18). It fails with one sentence
// that says what to do.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	s := &Store{cfg: cfg, hasher: cfg.Keyring.Hasher(), wakeOutbox: make(chan struct{}, 1), wakeMailing: make(chan struct{}, 1), wakeImport: make(chan struct{}, 1)}
	var err error
	if s.lock, err = lockFile(ctx, cfg.Path); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err = Migrate(ctx, cfg.Path); err != nil {
		return nil, err
	}
	if s.read, err = openReader(ctx, cfg.Path); err != nil {
		return nil, err
	}
	if s.spare, err = openAllowance(ctx, cfg.Path); err != nil {
		return nil, err
	}
	if s.wiper, err = openWiper(cfg.Path); err != nil { // before the writer, which wakes it
		return nil, err
	}
	if s.moving, err = openCheckpointer(cfg.Path); err != nil {
		return nil, err
	}
	if s.writer, err = openWriter(ctx, s); err != nil {
		return nil, err
	}
	if err = openDepartures(ctx, s); err != nil {
		return nil, err
	}
	if s.journal, err = openJournal(ctx, s); err != nil { // before register, which overwrites the boot id
		return nil, err
	}
	if err = s.register(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// OpenReadOnly opens the database beside a running server, for the commands
// that only read (contract: ledger verify, doctor, migrate --status, backup).
func OpenReadOnly(ctx context.Context, cfg Config) (*Store, error) {
	if _, err := os.Stat(cfg.Path); err != nil {
		return nil, fmt.Errorf("there is no database at %s; start the server once, or set AKKOORD_DATABASE", cfg.Path)
	}
	read, err := openReader(ctx, cfg.Path)
	if err != nil {
		return nil, err
	}
	return &Store{cfg: cfg, hasher: cfg.Keyring.Hasher(), read: read}, nil
}

// Close ends the store after the changes in progress are committed.
func (s *Store) Close() error {
	var errs []error
	if s.journal != nil {
		errs = append(errs, s.journal.close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	if s.departures != nil {
		errs = append(errs, s.departures.f.Close())
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
	if s.lock != nil {
		errs = append(errs, s.lock.release())
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
		return t.exec(`INSERT INTO instance (id, pid, host, boot, started_at) VALUES (1, $1, $2, $3, $4)
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
