package store

import (
	"context"
	"strconv"
	"time"

	"akkoord"
)

// Uncertain gives the copies of a mailing of which nobody knows whether they
// arrived.
func (s *Store) Uncertain(ctx context.Context, mailingID int64) (akkoord.LostCopies, error) {
	return lostCopies(s.view(ctx), mailingID)
}

func lostCopies(q querier, mailingID int64) (akkoord.LostCopies, error) {
	var c akkoord.LostCopies
	var last int64
	err := q.queryRow(`SELECT count(*), coalesce(max(updated_at), 0) FROM delivery WHERE mailing_id = $1 AND state = 7`, mailingID).Scan(&c.Count, &last)
	c.Last = fromMicros(last)
	return c, err
}

// SendAgain puts the uncertain copies of a mailing back among those that wait for
// their next attempt, where they are those that somebody saw and decided about.
// They are claimed one by one, which asks the gate, and are the same messages as
// before; a mailing that was sent is being sent until they are done. Errors are
// those of Mailing.CheckAgain: a second press sends nothing.
func (s *Store) SendAgain(ctx context.Context, actor akkoord.Actor, id akkoord.ID, seen akkoord.LostCopies) (akkoord.Mailing, error) {
	var m akkoord.Mailing
	err := s.update(ctx, "send again", func(t *tx) error {
		var err error
		if m, err = loadMailing(t, mailingByPublicID, id[:]); err != nil {
			return err
		}
		have, err := lostCopies(t, m.ID)
		if err != nil {
			return err
		}
		if err := m.CheckAgain(seen, have); err != nil {
			return err
		}
		if err := t.exec(`UPDATE delivery SET state = 3, code = $2, updated_at = $3, next_at = $3, fence = 0 WHERE mailing_id = $1 AND state = 7`,
			m.ID, akkoord.CodeSentAgain, micros(t.now)); err != nil {
			return err
		}
		m.AgainAt, m.FinishedAt = t.now, time.Time{}
		return t.moveNoted(actor, &m, "send_again", strconv.FormatInt(have.Count, 10))
	})
	return m, err
}
