package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"akkoord"
)

// never is the time at which a job that runs, or has run, is wanted again when
// nobody asks.
const never = int64(1) << 62

// JobLease is how long a run is believed to live after its last sign of life.
// A node that dies is taken over from after that, and one that froze for longer
// writes no result.
const JobLease = 30 * time.Second

// clockSkew is how far the clocks of nodes may differ.
const clockSkew = time.Minute

// ErrFenced is the error of a run that was taken over by another since.
var ErrFenced = errors.New("the job was taken over by another run")

// enqueue stores a job in this change. Where one with its kind and key is open
// there is no second: that one gets its arguments and runs at the earlier time
// of the two, or, when it is running, again afterwards. A periodic job that is
// open keeps its time, which is a period from now at most.
func (t *tx) enqueue(j akkoord.Job) error {
	return t.exec(`INSERT INTO job (kind, key, args, every, state, run_at, lease_until, fence, attempts, error, started_at, ended_at, created_at)
		VALUES ($1, $2, $3, $4, 0, $5, 0, 0, 0, '', 0, 0, $6)
		ON CONFLICT (kind, key) WHERE state = 0 DO UPDATE SET args = excluded.args, every = excluded.every,
			run_at = CASE WHEN excluded.run_at + excluded.every < job.run_at THEN excluded.run_at + excluded.every ELSE job.run_at END`,
		string(j.Kind), j.Key, j.Args, j.Every.Microseconds(), micros(j.RunAt), micros(t.now))
}

// EnqueueJobs stores jobs, together. Work that a change causes is stored by
// that change itself, so that there is none without the other.
func (s *Store) EnqueueJobs(ctx context.Context, jobs ...akkoord.Job) error {
	return s.record(ctx, "enqueue", func(t *tx) error {
		for _, j := range jobs {
			if err := t.enqueue(j); err != nil {
				return err
			}
		}
		return nil
	})
}

// dueJob selects a job of kind $4 whose time has come, for $1 now, $2 the
// latest time to which any node can have taken a lease and $3 the latest to
// which a failed run can have been put off. What lies beyond those two was put
// down before the clock was set back (P20). Each part has an index of its own.
const dueJob = `coalesce(
	(SELECT id FROM job WHERE kind = $4 AND state = 0 AND lease_until = 0 AND run_at <= $1 ORDER BY run_at LIMIT 1),
	(SELECT id FROM job WHERE kind = $4 AND state = 0 AND lease_until > 0 AND (lease_until <= $1 OR lease_until > $2) LIMIT 1),
	(SELECT id FROM job WHERE kind = $4 AND state = 0 AND lease_until = 0 AND run_at > $3 + every AND (every > 0 OR attempts > 0) LIMIT 1),
	0)`

// jobTimes gives the parameters of dueJob. It reads the clock itself: the time
// of a change goes on where it was when the clock is set back.
func (s *Store) jobTimes(kind akkoord.JobKind) []any {
	now := s.cfg.Now()
	return []any{micros(now), micros(now.Add(JobLease + clockSkew)), micros(now.Add(akkoord.JobBackoff + clockSkew)), string(kind)}
}

// JobDue reports whether there is something for ClaimJob. It writes nothing.
func (s *Store) JobDue(ctx context.Context, kind akkoord.JobKind) (bool, error) {
	var id int64
	err := s.view(ctx).queryRow(`SELECT `+dueJob, s.jobTimes(kind)...).Scan(&id)
	return id != 0, err
}

// ClaimJob gives the caller the run of a due job of a kind, for JobLease from
// now; false when none is due. The run goes on for as long as RenewJob is
// called in time, and ends with SettleJob or ReturnJob.
func (s *Store) ClaimJob(ctx context.Context, kind akkoord.JobKind) (akkoord.Job, bool, error) {
	var j akkoord.Job
	var none bool
	err := s.record(ctx, "claim job", func(t *tx) error {
		// Of two nodes that choose the same job, the second finds it held.
		var err error
		j, err = scanJob(t.queryRow(`UPDATE job SET fence = fence + 1, started_at = $1, run_at = $5, lease_until = $6
			WHERE id = `+dueJob+` AND state = 0 AND (lease_until <= $1 OR lease_until > $2) RETURNING `+jobColumns,
			append(s.jobTimes(kind), never, micros(s.cfg.Now().Add(JobLease)))...))
		if none = errors.Is(err, sql.ErrNoRows); none {
			return nil
		}
		return err
	})
	return j, err == nil && !none, err
}

// RenewJob is a run's sign of life. ErrFenced: another run has taken over.
func (s *Store) RenewJob(ctx context.Context, j akkoord.Job) error {
	return s.ofRun(ctx, "renew job", `UPDATE job SET lease_until = $3 WHERE id = $1 AND fence = $2 AND lease_until > 0`,
		j.ID, j.Fence, micros(s.cfg.Now().Add(JobLease)))
}

// SettleJob stores what became of a run, as akkoord.Job.Ran decided. A job that
// was asked for again meanwhile stays open. ErrFenced: nothing was written,
// since another run has taken over.
func (s *Store) SettleJob(ctx context.Context, j akkoord.Job) error {
	next := never
	if j.State == akkoord.JobOpen {
		next = micros(j.RunAt)
	}
	return s.ofRun(ctx, "settle job", `UPDATE job SET lease_until = 0, attempts = $3, error = $4, ended_at = $5,
			state = CASE WHEN run_at < $6 THEN 0 ELSE $7 END, run_at = CASE WHEN run_at < $6 THEN run_at ELSE $6 END
		WHERE id = $1 AND fence = $2 AND lease_until > 0`,
		j.ID, j.Fence, j.Attempts, j.Error, micros(j.EndedAt), next, int(j.State))
}

// ReturnJob gives a run back that was not finished, through no fault of its
// own: it is due again at once.
func (s *Store) ReturnJob(ctx context.Context, j akkoord.Job) error {
	return s.ofRun(ctx, "return job", `UPDATE job SET lease_until = 0, run_at = $3 WHERE id = $1 AND fence = $2 AND lease_until > 0`,
		j.ID, j.Fence, micros(s.cfg.Now()))
}

// ReclaimJobs makes all runs due anew that a process before this one left. On
// a database that other processes may have open too it does nothing: their
// leases tell who lives.
func (s *Store) ReclaimJobs(ctx context.Context) error {
	if s.dialect.shared() {
		return nil
	}
	return s.record(ctx, "reclaim jobs", func(t *tx) error {
		return t.exec(`UPDATE job SET lease_until = 0, run_at = $1 WHERE state = 0 AND lease_until > 0`, micros(s.cfg.Now()))
	})
}

// ofRun changes the row of a run if that is still the latest one.
func (s *Store) ofRun(ctx context.Context, op, query string, args ...any) error {
	var n int64
	err := s.record(ctx, op, func(t *tx) error {
		var err error
		n, err = t.execCount(query, args...)
		return err
	})
	if err == nil && n == 0 {
		err = ErrFenced
	}
	return err
}

const jobColumns = `id, kind, key, args, every, state, run_at, fence, attempts, error, started_at, ended_at, created_at`

func scanJob(r row) (akkoord.Job, error) {
	var j akkoord.Job
	var every, run, started, ended, created int64
	err := r.Scan(&j.ID, &j.Kind, &j.Key, &j.Args, &every, &j.State, &run, &j.Fence, &j.Attempts, &j.Error, &started, &ended, &created)
	if run != never {
		j.RunAt = fromMicros(run)
	}
	j.Every = time.Duration(every) * time.Microsecond
	j.StartedAt, j.EndedAt, j.CreatedAt = fromMicros(started), fromMicros(ended), fromMicros(created)
	return j, err
}

// Jobs gives a page of jobs, oldest first, and the number after which the next
// page begins; 0 when there is none. Those that are done are kept for 30 days.
func (s *Store) Jobs(ctx context.Context, p akkoord.Page) ([]akkoord.Job, int64, error) {
	rows, err := s.view(ctx).query(`SELECT `+jobColumns+` FROM job WHERE id > $1 ORDER BY id LIMIT $2`, p.After, p.Size()+1)
	out, err := list(rows, err, scanJob)
	out, next := cut(out, p, func(j akkoord.Job) int64 { return j.ID })
	return out, next, err
}
