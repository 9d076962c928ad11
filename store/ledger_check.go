package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"math"
	"strconv"
	"time"

	"akkoord"
)

const (
	checkAs   = 8               // how many people are looked at in the time of a line, about
	checkTold = time.Second     // how often a check says how far it is
	checkOwn  = 2 * time.Minute // how long whoever waits for a small check has to themselves, before a job does it
	checkRuns = 3               // how often a check that fails is begun anew

	// checkLines counts the lines that a check reads.
	checkLines = `coalesce((SELECT max(seq) FROM consent_event), 0) + coalesce((SELECT max(seq) FROM audit), 0)`
)

// CheckLedger checks the whole ledger for somebody: a small one at once, one of
// many lines by a job. One check runs at a time: it is given to whoever asks
// meanwhile.
func (s *Store) CheckLedger(ctx context.Context, actor akkoord.Actor) (akkoord.LedgerCheck, error) {
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return akkoord.LedgerCheck{}, err
	}
	var lines int64
	if err := s.view(ctx).queryRow(`SELECT ` + checkLines).Scan(&lines); err != nil {
		return akkoord.LedgerCheck{}, err
	}
	var c akkoord.LedgerCheck
	var begun bool
	if err := s.update(ctx, "check ledger", func(t *tx) (err error) {
		c, begun, err = t.beginCheck(id, actor, lines <= akkoord.LedgerAtOnce)
		return err
	}); err != nil {
		return akkoord.LedgerCheck{}, err
	}
	if !begun || lines > akkoord.LedgerAtOnce {
		return c, nil
	}
	if err := s.runCheck(context.WithoutCancel(ctx), c); err != nil {
		return c, err
	}
	return s.LedgerCheck(ctx, id)
}

// beginCheck notes a check and has a job do it; where whoever asked does it, the
// job is what begins anew if that dies.
func (t *tx) beginCheck(id akkoord.ID, actor akkoord.Actor, own bool) (c akkoord.LedgerCheck, begun bool, err error) {
	open, err := openChecks(t)
	if err != nil {
		return c, false, err
	}
	for _, c := range open {
		if c.State == akkoord.LedgerChecking {
			return c, false, t.audit(actor, "ledger.verify", "ledger", "joined")
		}
		if err := t.endCheck(c); err != nil {
			return c, false, err
		}
	}
	at := t.now
	if own {
		at = at.Add(checkOwn)
	}
	c = akkoord.LedgerCheck{PublicID: id, Actor: actor, State: akkoord.LedgerChecking, CreatedAt: t.now, UpdatedAt: t.now}
	if err := t.queryRow(`INSERT INTO ledger_check (public_id, actor, state, done, total, seq, hash, problem, created_at, updated_at, run_at, ended_at)
		VALUES ($1, $2, $3, 0, 0, 0, $4, '', $5, $5, 0, 0) RETURNING id`, id[:], string(actor), string(c.State), c.Head.Hash[:], micros(t.now)).Scan(&c.ID); err != nil {
		return c, false, err
	}
	j, err := akkoord.NewJob(akkoord.JobLedger, checkKey(c.ID), at, nil)
	if err != nil {
		return c, false, err
	}
	if err := t.enqueue(j); err != nil {
		return c, false, err
	}
	return c, true, t.audit(actor, "ledger.verify", "ledger", "begun")
}

// checkKey is the key of the job of a check.
func checkKey(id int64) string { return strconv.FormatInt(id, 10) }

// endCheck stores what a check came to, unless another run was first. The job of a small
// one, which was done at once, has nothing to do any more.
func (t *tx) endCheck(c akkoord.LedgerCheck) error {
	n, err := t.execCount(`UPDATE ledger_check SET state = $2, done = $3, total = $4, seq = $5, hash = $6, problem = $7, updated_at = $8, ended_at = $8 WHERE id = $1 AND state = 'running'`,
		c.ID, string(c.State), c.Done, c.Total, c.Head.Seq, c.Head.Hash[:], c.Problem, micros(t.now))
	if err != nil || n == 0 {
		return err
	}
	if err := t.exec(`UPDATE job SET state = $3, ended_at = $4 WHERE kind = $1 AND key = $2 AND state = 0 AND lease_until = 0`,
		string(akkoord.JobLedger), checkKey(c.ID), int(akkoord.JobDone), micros(t.now)); err != nil {
		return err
	}
	return t.audit(c.Actor, "ledger.verify", "ledger", c.Result())
}

// RunLedgerCheck does the check of a job, if it is open. One that died with its node
// begins anew; one that fails again and again is stopped.
func (s *Store) RunLedgerCheck(ctx context.Context, j akkoord.Job) (time.Time, error) {
	id, err := strconv.ParseInt(j.Key, 10, 64)
	if err != nil {
		return time.Time{}, nil // of a version whose jobs named no check: it is stopped
	}
	c, err := scanCheck(s.view(ctx).queryRow(checkQuery+` WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) || err == nil && c.State != akkoord.LedgerChecking {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	err = s.runCheck(ctx, c)
	if err != nil && ctx.Err() == nil && j.Attempts+1 >= checkRuns {
		c.State = akkoord.LedgerStopped
		err = errors.Join(err, s.update(ctx, "stop ledger check", func(t *tx) error { return t.endCheck(c) }))
	}
	return time.Time{}, err
}

// runCheck checks the ledger from its first line, says now and then how far it
// is, and stores what it came to.
func (s *Store) runCheck(ctx context.Context, c akkoord.LedgerCheck) error {
	c.Done, c.Total, c.RunAt = 0, 0, s.cfg.Now()
	if err := s.view(ctx).queryRow(`SELECT `+checkLines+` + (SELECT count(*) FROM subscriber) / $1`, checkAs).Scan(&c.Total); err != nil {
		return err
	}
	if err := s.tellCheck(ctx, c); err != nil {
		return err
	}
	told := c.RunAt
	head, err := s.verify(ctx, func(done looked) error {
		c.Done = min(done.lines+done.people/checkAs+done.trail, c.Total)
		if now := s.cfg.Now(); now.Sub(told) >= checkTold {
			told = now
			return s.tellCheck(ctx, c)
		}
		return ctx.Err()
	})
	switch {
	case errors.Is(err, akkoord.ErrLedger):
		c.State, c.Problem = akkoord.LedgerBroken, err.Error()
	case err != nil:
		return err
	default:
		c.State, c.Head, c.Done = akkoord.LedgerVerified, head, c.Total
	}
	return s.update(ctx, "end ledger check", func(t *tx) error { return t.endCheck(c) })
}

// tellCheck stores how far a check is.
func (s *Store) tellCheck(ctx context.Context, c akkoord.LedgerCheck) error {
	return s.record(ctx, "tell ledger check", func(t *tx) error {
		return t.exec(`UPDATE ledger_check SET done = $2, total = $3, run_at = $4, updated_at = $5 WHERE id = $1 AND state = 'running'`,
			c.ID, c.Done, c.Total, micros(c.RunAt), micros(s.cfg.Now()))
	})
}

// checkQuery reads checks. One whose job was given up is stopped.
const checkQuery = `SELECT id, public_id, actor, CASE WHEN state = 'running' AND NOT EXISTS (SELECT 1 FROM job WHERE kind = 'ledger' AND key = CAST(ledger_check.id AS TEXT) AND state = 0) THEN 'stopped' ELSE state END,
	done, total, seq, hash, problem, created_at, updated_at, run_at, ended_at FROM ledger_check`

func openChecks(q querier) ([]akkoord.LedgerCheck, error) {
	rows, err := q.query(checkQuery + ` WHERE state = 'running' ORDER BY id`)
	return list(rows, err, scanCheck)
}

func scanCheck(r row) (akkoord.LedgerCheck, error) {
	var c akkoord.LedgerCheck
	var id, hash []byte
	var created, updated, run, ended int64
	err := r.Scan(&c.ID, &id, &c.Actor, &c.State, &c.Done, &c.Total, &c.Head.Seq, &hash, &c.Problem, &created, &updated, &run, &ended)
	copy(c.Head.Hash[:], hash)
	c.PublicID, c.CreatedAt, c.UpdatedAt, c.RunAt, c.EndedAt = id16(id), fromMicros(created), fromMicros(updated), fromMicros(run), fromMicros(ended)
	return c, err
}

// LedgerCheck gives a check of the ledger, or NotFound.
func (s *Store) LedgerCheck(ctx context.Context, id akkoord.ID) (akkoord.LedgerCheck, error) {
	c, err := scanCheck(s.view(ctx).queryRow(checkQuery+` WHERE public_id = $1`, id[:]))
	return c, missing(err, "check of the ledger")
}

// LedgerChecks gives a page of the checks of the ledger, newest first, and the
// number after which the next page begins; 0 when there is none.
func (s *Store) LedgerChecks(ctx context.Context, p akkoord.Page) ([]akkoord.LedgerCheck, int64, error) {
	rows, err := s.view(ctx).query(checkQuery+` WHERE id < $1 ORDER BY id DESC LIMIT $2`, cmp.Or(p.After, math.MaxInt64), p.Size()+1)
	out, err := list(rows, err, scanCheck)
	out, next := cut(out, p, func(c akkoord.LedgerCheck) int64 { return c.ID })
	return out, next, err
}
