package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"akkoord"
)

// Stats is how much there is to do, and how far the ledger is: numbers of rows
// and times, for operators. It names nobody.
type Stats struct {
	OutboxDue    int64     // mails of sign-ups that should go out now
	OutboxOldest time.Time // since when the oldest of them should; zero: none is due

	Mailings map[akkoord.MailingState]int64

	JobsWaiting, JobsFailing, JobsGivenUp int64 // failing: the last run did, and there will be another

	LedgerSeq int64     // last line
	SignedSeq int64     // last line that a signed head covers
	SignedAt  time.Time // when that was signed; zero: never
}

// Stats reads the figures of this moment.
func (s *Store) Stats(ctx context.Context) (Stats, error) {
	st := Stats{Mailings: map[akkoord.MailingState]int64{}}
	v := s.view(ctx)
	var oldest, signed int64
	if err := v.queryRow(`SELECT count(*), coalesce(min(due_at), 0) FROM outbox WHERE state = 0 AND due_at <= $1`, micros(s.cfg.Now())).
		Scan(&st.OutboxDue, &oldest); err != nil {
		return st, err
	}
	rows, err := v.query(`SELECT state, count(*) FROM mailing GROUP BY state`)
	err = each(rows, err, func(r row) error {
		var state akkoord.MailingState
		var n int64
		err := r.Scan(&state, &n)
		st.Mailings[state] = n
		return err
	})
	if err != nil {
		return st, err
	}
	if err := v.queryRow(`SELECT count(CASE WHEN state = 0 AND attempts = 0 THEN 1 END), count(CASE WHEN state = 0 AND attempts > 0 THEN 1 END),
		count(CASE WHEN state = 2 THEN 1 END) FROM job WHERE state <> 1`).Scan(&st.JobsWaiting, &st.JobsFailing, &st.JobsGivenUp); err != nil {
		return st, err
	}
	if err := v.queryRow(`SELECT coalesce(max(seq), 0) FROM consent_event`).Scan(&st.LedgerSeq); err != nil {
		return st, err
	}
	err = v.queryRow(`SELECT seq, at FROM ledger_head ORDER BY seq DESC LIMIT 1`).Scan(&st.SignedSeq, &signed)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return st, err
	}
	st.OutboxOldest, st.SignedAt = fromMicros(oldest), fromMicros(signed)
	return st, nil
}

// Writable reports whether a change can be made durable now, by making one
// that changes nothing. Ready asks less: a transaction without a write
// succeeds on a full disk too (P36).
func (s *Store) Writable(ctx context.Context) error {
	return s.update(ctx, "probe", func(t *tx) error {
		return t.exec(`UPDATE instance SET boot = boot WHERE pid = $1`, os.Getpid())
	})
}

// Space is what the database takes, and what is free on the disk of its files,
// or of those that a node on a server keeps beside it, in bytes.
type Space struct{ Database, Log, Free int64 }

// Space looks at what the database takes.
func (s *Store) Space(ctx context.Context) (Space, error) {
	var sp Space
	var err error
	if sp.Database, sp.Log, err = s.dialect.size(s.view(ctx)); err != nil {
		return sp, err
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(s.cfg.File()), &fs); err != nil {
		return sp, err
	}
	sp.Free = int64(fs.Bavail) * fs.Bsize
	return sp, nil
}
