package store

import (
	"context"
	"errors"
	"time"

	"akkoord"
)

const (
	mailBudgetKept = 30 * 24 * time.Hour
	outboxKept     = 30 * 24 * time.Hour
	importRowsKept = 30 * 24 * time.Hour // refused rows, and examples of dry runs
	jobsKept       = 30 * 24 * time.Hour
	erasuresKept   = 30 * 24 * time.Hour // for requests that come again; the ledger's line stays
	expiryGroup    = 100                 // people per change, so that others wait little
	purgeGroup     = 1000
)

// ExpirePending ends sign-ups that nobody confirmed within
// Limits.PendingWindow (M18, requirements-mail F.12), of at most limit people,
// and deletes what is kept for a time only. It gives the number of people; a
// caller goes on while that is limit.
func (s *Store) ExpirePending(ctx context.Context, limit int) (int, error) {
	people, err := s.overdue(ctx, limit)
	if err != nil {
		return 0, err
	}
	done := 0
	for len(people) > 0 {
		n := min(expiryGroup, len(people))
		var expired int
		err := s.update(ctx, "expire pending", func(t *tx) error {
			var err error
			expired, err = t.expire(people[:n])
			return err
		})
		if err != nil {
			return done, err
		}
		done, people = done+expired, people[n:]
	}
	return done, s.purge(ctx)
}

func (s *Store) overdue(ctx context.Context, limit int) ([]int64, error) {
	return numbers(s.view(ctx), `SELECT DISTINCT subscriber_id FROM subscription WHERE state = 'pending' AND since <= $1 LIMIT $2`,
		micros(s.cfg.Now().Add(-akkoord.Limits.PendingWindow)), limit)
}

// expire asks the rule about each person and records what it decides.
func (t *tx) expire(people []int64) (int, error) {
	n, forgotten := 0, 0
	left, err := t.leavers(people)
	if err != nil {
		return 0, err
	}
	for _, id := range people {
		st, err := standing(t, byID, id)
		if err != nil {
			return 0, err
		}
		c := st.Expire(left[id], t.now)
		if st.Subscriber.ID == 0 || c.IsZero() {
			continue
		}
		if err := t.apply(st, c); err != nil {
			return 0, err
		}
		n++
		if c.Forget {
			forgotten++
		}
	}
	if n == 0 {
		return 0, nil
	}
	return n, t.audit(akkoord.ActorSystem, "retention.expire", "", expiryNote(n, forgotten))
}

// leavers gives those of some people who left a purpose once, by the ledger: a
// later sign-up that nobody confirmed hides it from their subscriptions.
func (t *tx) leavers(people []int64) (map[int64]bool, error) {
	args := make([]any, len(people))
	for i, id := range people {
		args[i] = id
	}
	ids, err := numbers(t, `SELECT DISTINCT subscriber_id FROM consent_event WHERE kind IN ('withdrawn', 'objected') AND subscriber_id IN (`+parameters(1, len(people))+`)`, args...)
	left := make(map[int64]bool, len(ids))
	for _, id := range ids {
		left[id] = true
	}
	return left, err
}

// Both select people of whom nothing is alive and nothing has to be kept: $1 is
// the time before which what they never agreed to ended, $2 what they did.
const (
	outlived = `x.state IN ('withdrawn', 'expired') AND NOT EXISTS (SELECT 1 FROM subscription y WHERE y.subscriber_id = x.subscriber_id
		AND (y.state NOT IN ('withdrawn', 'expired') OR y.agreed = 0 AND y.since > $1 OR y.agreed > 0 AND y.since >= $2)) LIMIT $3`
	unagreedOver = `SELECT DISTINCT x.subscriber_id FROM subscription x WHERE x.agreed = 0 AND x.since <= $1 AND ` + outlived
	proofsOver   = `SELECT DISTINCT x.subscriber_id FROM subscription x WHERE x.agreed > 0 AND x.since < $2 AND ` + outlived
)

// ForgetOutlived forgets people whose every purpose ended so long ago that
// nothing of it has to be kept, at most limit of those who agreed to something
// once and of those who never did. It gives their number.
func (s *Store) ForgetOutlived(ctx context.Context, limit int) (int, error) {
	done := 0
	for _, query := range []string{unagreedOver, proofsOver} {
		people, err := numbers(s.view(ctx), query, micros(s.cfg.Now().Add(-akkoord.Limits.PendingWindow)), micros(akkoord.ProofsUntil(s.cfg.Now())), limit)
		if err != nil {
			return done, err
		}
		for len(people) > 0 {
			n, gone := min(expiryGroup, len(people)), 0
			if err := s.update(ctx, "forget outlived", func(t *tx) error {
				var err error
				gone, err = t.forgetOutlived(people[:n])
				return err
			}); err != nil {
				return done, err
			}
			done, people = done+gone, people[n:]
		}
	}
	return done, nil
}

func (t *tx) forgetOutlived(people []int64) (int, error) {
	n := 0
	left, err := t.leavers(people)
	if err != nil {
		return 0, err
	}
	for _, id := range people {
		st, err := standing(t, byID, id)
		if err != nil {
			return 0, err
		}
		c := st.Outlive(left[id], t.now)
		if c.IsZero() {
			continue
		}
		if err := t.apply(st, c); err != nil {
			return 0, err
		}
		n++
	}
	if n == 0 {
		return 0, nil
	}
	return n, t.audit(akkoord.ActorSystem, "retention.forget", "", peopleNote(n))
}

// clocksApart is how far the clocks of nodes may be from each other.
const clocksApart = 10 * time.Minute

// purges are what is kept for a time only: $1 is the time before which it
// goes, and $2 how many rows at once.
var purges = []struct {
	query string
	kept  time.Duration
}{
	{`DELETE FROM mail_budget WHERE (mailbox, at) IN (SELECT mailbox, at FROM mail_budget WHERE at <= $1 AND mail <> 'after_complaint' LIMIT $2)`, mailBudgetKept},
	{`DELETE FROM mail_budget WHERE (mailbox, at) IN (SELECT mailbox, at FROM mail_budget WHERE at <= $1 AND mail = 'after_complaint' LIMIT $2)`, akkoord.Limits.ComplaintPause},
	{`DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency WHERE at <= $1 LIMIT $2)`, idempotencyWindow},
	{`DELETE FROM session WHERE hash IN (SELECT hash FROM session WHERE expires_at <= $1 LIMIT $2)`, 0},
	{`DELETE FROM user_session WHERE public_id IN (SELECT public_id FROM user_session WHERE expires_at <= $1 LIMIT $2)`, 0},
	{`DELETE FROM login_token WHERE hash IN (SELECT hash FROM login_token WHERE expires_at <= $1 LIMIT $2)`, 0},
	{`DELETE FROM login_challenge WHERE hash IN (SELECT hash FROM login_challenge WHERE expires_at <= $1 LIMIT $2)`, 0},
	{`DELETE FROM solved_challenge WHERE signature IN (SELECT signature FROM solved_challenge WHERE expires_at <= $1 LIMIT $2)`, clocksApart},
	{`DELETE FROM login_guess WHERE hash IN (SELECT hash FROM login_guess WHERE since <= $1 LIMIT $2)`, akkoord.Limits.GuessPause},
	{`DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE state = 1 AND about <> 'transactional' AND done_at <= $1 LIMIT $2)`, outboxKept},
	{`DELETE FROM address_change WHERE request IN (SELECT request FROM address_change WHERE at <= $1 LIMIT $2)`, outboxKept},
	{`DELETE FROM import_row WHERE (import_id, outcome, line) IN (SELECT import_id, outcome, line FROM import_row WHERE at <= $1 LIMIT $2)`, importRowsKept},
	{`DELETE FROM job WHERE id IN (SELECT id FROM job WHERE state <> 0 AND ended_at <= $1 LIMIT $2)`, jobsKept},
	{`DELETE FROM request_detail WHERE request_id IN (SELECT d.request_id FROM request_detail d JOIN person_request r ON r.id = d.request_id WHERE r.state <> 'open' AND r.closed_at <= $1 LIMIT $2)`, requestDetailKept},
	{`DELETE FROM signup_value WHERE (subscriber_id, attribute_id) IN (SELECT v.subscriber_id, v.attribute_id FROM signup_value v WHERE v.at <= $1
		AND NOT EXISTS (SELECT 1 FROM subscription x WHERE x.subscriber_id = v.subscriber_id AND x.request = v.request AND x.state = 'pending') LIMIT $2)`, 0},
	{`DELETE FROM pace WHERE (scope, slot) IN (SELECT scope, slot FROM pace WHERE slot * 300000000 <= $1 LIMIT $2)`, paceKept},
	{`DELETE FROM webhook_message WHERE id IN (SELECT id FROM webhook_message WHERE at <= $1 AND (state <> 0 OR event <> 'person.erased') LIMIT $2)`, akkoord.WebhookKept},
	{`UPDATE webhook SET old_secret = '', old_until = 0 WHERE id IN (SELECT id FROM webhook WHERE old_until > 0 AND old_until <= $1 LIMIT $2)`, 0},
	{`DELETE FROM erasure WHERE person IN (SELECT person FROM erasure WHERE at <= $1 LIMIT $2)`, erasuresKept},
}

func (s *Store) purge(ctx context.Context) error {
	for _, p := range purges {
		for {
			var n int64
			err := s.update(ctx, "purge", func(t *tx) error {
				var err error
				n, err = t.execCount(p.query, micros(t.now.Add(-p.kept)), purgeGroup)
				return err
			})
			if err != nil {
				return err
			}
			if n < purgeGroup || ctx.Err() != nil {
				break
			}
		}
	}
	return errors.Join(s.reduceOldIPs(ctx), s.purgeContracts(ctx), s.endPreviews(ctx), s.dropBulkActs(ctx), ctx.Err())
}
