package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"time"

	"akkoord"
)

// freezeWait is how long whoever starts a mailing waits for its audience: some
// hundred thousand people. The mailing's job freezes the rest, so that the
// request of a start over millions is answered before it times out.
const freezeWait = 5 * time.Second

// StartMailing begins to send a mailing: its state moves and its audience is
// frozen, which for many people goes on in steps after the first commit. A
// second call is a Conflict and starts nothing (P13). Whether the mailing can
// be sent at all, the caller has asked akkoord.Mailing.Sendable.
func (s *Store) StartMailing(ctx context.Context, actor akkoord.Actor, id akkoord.ID) (akkoord.Mailing, error) {
	m, err := s.moveMailing(ctx, actor, id, "send", func(t *tx, m *akkoord.Mailing) error { return t.start(m) })
	if err != nil {
		return m, err
	}
	waiting, stop := context.WithTimeout(ctx, freezeWait)
	err = s.freezeAll(waiting, m)
	stop()
	if err == nil { // there may be nobody
		err = s.update(ctx, "finish mailing", func(t *tx) error { return t.finish(m.ID) })
	}
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		s.cfg.Log.Warn("the audience of a mailing is not frozen to the end; that goes on by itself", "mailing", m.ID, "error", err)
	}
	return s.MailingByID(ctx, m.ID)
}

// ScheduleMailing sets the time at which a mailing is started by itself.
func (s *Store) ScheduleMailing(ctx context.Context, actor akkoord.Actor, id akkoord.ID, at time.Time) (akkoord.Mailing, error) {
	return s.moveMailing(ctx, actor, id, "schedule", func(t *tx, m *akkoord.Mailing) error {
		m.SendAt, m.Why = at, akkoord.Stop{}
		return t.mayBegin(m.CampaignID)
	})
}

// PauseMailing stops sending: no body is begun after its commit (P13). A
// scheduled mailing becomes a draft again.
func (s *Store) PauseMailing(ctx context.Context, actor akkoord.Actor, id akkoord.ID) (akkoord.Mailing, error) {
	return s.moveMailing(ctx, actor, id, "pause", nil)
}

// ResumeMailing goes on exactly where a pause stopped.
func (s *Store) ResumeMailing(ctx context.Context, actor akkoord.Actor, id akkoord.ID) (akkoord.Mailing, error) {
	return s.moveMailing(ctx, actor, id, "resume", func(t *tx, m *akkoord.Mailing) error {
		if m.Trigger != nil && m.Why.Code == akkoord.StopRestored {
			// Who was due since the backup may have had it, and no row tells (P22).
			m.Reach.FromDue, m.Reach.Looked = t.now, t.now
			if err := t.putReach(m); err != nil {
				return err
			}
		}
		m.Why = akkoord.Stop{}
		return t.countAnew(m.ID)
	})
}

// CancelMailing ends a mailing early. Whoever it was not tried for is skipped
// with the code mailing_cancelled, in steps after the first commit.
func (s *Store) CancelMailing(ctx context.Context, actor akkoord.Actor, id akkoord.ID) (akkoord.Mailing, error) {
	return s.moveMailing(ctx, actor, id, "cancel", func(t *tx, m *akkoord.Mailing) error {
		m.Why = akkoord.Stop{}
		return t.exec(`DELETE FROM delivery_chunk WHERE mailing_id = $1 AND state = -1`, m.ID)
	})
}

// PauseForRelay pauses a mailing because the relay, or the mailing itself,
// would fail for everybody (P11). A mailing that is no longer being sent is left as
// it is.
func (s *Store) PauseForRelay(ctx context.Context, mailingID int64, why akkoord.Stop) error {
	return s.update(ctx, "pause for relay", func(t *tx) error {
		m, err := loadMailing(t, mailingByID, mailingID)
		if err != nil || m.State != akkoord.MailingSending {
			return err
		}
		m.Why = why
		return t.move(akkoord.ActorSystem, &m, "pause")
	})
}

func (s *Store) moveMailing(ctx context.Context, actor akkoord.Actor, id akkoord.ID, act string, more func(*tx, *akkoord.Mailing) error) (akkoord.Mailing, error) {
	var m akkoord.Mailing
	err := s.update(ctx, act+" mailing", func(t *tx) error {
		var err error
		if m, err = loadMailing(t, mailingByPublicID, id[:]); err != nil {
			return err
		}
		if more == nil {
			return t.move(actor, &m, act)
		}
		if _, err := m.State.Next(act); err != nil {
			return err
		}
		if err := more(t, &m); err != nil {
			return err
		}
		return t.move(actor, &m, act)
	})
	return m, err
}

// move stores the state that an act leads to, with the mailing's other facts,
// and tells those who are about to send it.
func (t *tx) move(actor akkoord.Actor, m *akkoord.Mailing, act string) error {
	return t.moveNoted(actor, m, act, m.Why.Text)
}

// moveNoted is move with a note for the audit trail.
func (t *tx) moveNoted(actor akkoord.Actor, m *akkoord.Mailing, act, note string) error {
	next, err := m.State.Next(act)
	if err != nil {
		return err
	}
	if next == akkoord.MailingSending {
		if err := t.mayGoOut(m.CampaignID); err != nil {
			return err
		}
		if held, err := t.held(); held || err != nil {
			return cmp.Or(err, error(errHeld))
		}
		if err := t.mayRelay(m.CampaignID); err != nil {
			return err
		}
		if err := t.onlyUsers(m.ID); err != nil {
			return err
		}
	}
	if err := t.announceMove(m, m.State, act, actor); err != nil {
		return err
	}
	if m.State == akkoord.MailingDraft {
		m.ChangedAt = t.now // who has the draft on the screen reads it again before changing what runs
	}
	m.State = next
	about, err := toJSON(m.Why)
	if err != nil {
		return err
	}
	if err := t.exec(`UPDATE mailing SET state = $2, why = $3, why_about = $9, send_at = $4, started_at = $5, finished_at = $6, changed_at = $7, again_at = $8 WHERE id = $1`,
		m.ID, string(m.State), m.Why.Text, micros(m.SendAt), micros(m.StartedAt), micros(m.FinishedAt), micros(m.ChangedAt), micros(m.AgainAt), about); err != nil {
		return err
	}
	t.mailings = append(t.mailings, m.ID)
	t.mailing = t.mailing || next == akkoord.MailingSending
	if err := t.enqueueMailing(m); err != nil {
		return err
	}
	if err := t.audit(actor, "mailing."+act, named("mailing", m.PublicID.String()), note); err != nil {
		return err
	}
	return t.moveNextYear(actor, m, act)
}

func (t *tx) start(m *akkoord.Mailing) error {
	if err := t.mayChoose(m.CampaignID); err != nil {
		return err
	}
	m.StartedAt, m.Why = t.now, akkoord.Stop{}
	if m.Trigger != nil {
		return t.beginSeries(m)
	}
	if err := t.beginFreeze(m.ID); err != nil {
		return err
	}
	if err := t.queryRow(`SELECT segment_id, segment_version FROM mailing WHERE id = $1`, m.ID).Scan(&m.SegmentID, &m.SegmentVersion); err != nil {
		return err
	}
	_, err := t.freeze(*m, freezeStep)
	return err
}

// completeMailing notes that a mailing is complete, where a relay took a copy at least.
// Sorted, the deliveries are looked at by their key until one is found.
const completeMailing = `UPDATE mailing SET completed_at = $2 WHERE id = $1
	AND (SELECT d.subscriber_id FROM delivery d WHERE d.mailing_id = $1 AND d.state IN (2, 5) ORDER BY d.subscriber_id LIMIT 1) IS NOT NULL`

// finish ends a mailing of which nobody is left: all are frozen, none is open
// and none deferred (P07).
func (t *tx) finish(mailingID int64) error {
	var open bool
	err := t.queryRow(`SELECT EXISTS (SELECT 1 FROM delivery_chunk WHERE mailing_id = $1 AND state < 2)
		OR EXISTS (SELECT 1 FROM delivery WHERE mailing_id = $1 AND state = 3 AND next_at > 0)`, mailingID).Scan(&open)
	if err != nil || open {
		return err
	}
	m, err := loadMailing(t, mailingByID, mailingID)
	if err != nil || m.State != akkoord.MailingSending {
		return err
	}
	if goesOn, err := t.goesOn(m); goesOn || err != nil {
		return err
	}
	m.FinishedAt = t.now
	if m.CompletedAt.IsZero() {
		if err := t.exec(completeMailing, m.ID, micros(t.now)); err != nil {
			return err
		}
	}
	return t.move(akkoord.ActorSystem, &m, "finish")
}

func (s *Store) startScheduled(ctx context.Context, id int64) error {
	return s.update(ctx, "start scheduled mailing", func(t *tx) error {
		m, err := loadMailing(t, mailingByID, id)
		if err != nil || m.State != akkoord.MailingScheduled || m.Plan.Begins(m.SendAt).After(t.now) {
			return err
		}
		if held, err := t.held(); held || err != nil {
			return err
		}
		if relays, err := t.carriers(); err != nil || relays.caught {
			return err // a trial is begun by hand
		}
		if why, err := t.routeReasons(m.CampaignID); err != nil || len(why) > 0 {
			return err // it waits for a mail server that it may go by
		}
		switch m.Plan.WhenMissed(m.SendAt, t.now) {
		case akkoord.MissedAsk:
			m.Why = akkoord.MissedAndAsks
			return t.move(akkoord.ActorSystem, &m, "pause")
		case akkoord.MissedSkip:
			m.Why = akkoord.MissedAndSkipped
			return t.move(akkoord.ActorSystem, &m, "cancel")
		}
		if err := t.start(&m); err != nil {
			return err
		}
		return t.move(akkoord.ActorSystem, &m, "send")
	})
}

// freezeAll freezes the audience of a mailing to the end, a step at a time.
func (s *Store) freezeAll(ctx context.Context, m akkoord.Mailing) error {
	if m.Trigger != nil { // its audience comes by and by
		return nil
	}
	mailingID, unfrozen := m.ID, true
	err := s.view(ctx).queryRow(`SELECT EXISTS (SELECT 1 FROM delivery_chunk WHERE mailing_id = $1 AND state = -1)`, mailingID).Scan(&unfrozen)
	for err == nil && unfrozen && ctx.Err() == nil {
		err = s.update(ctx, "freeze audience", func(t *tx) error {
			m, err := loadMailing(t, mailingByID, mailingID)
			if err != nil {
				return err
			}
			unfrozen, err = t.freeze(m, freezeStep)
			t.mailing = true
			return err
		})
	}
	return errors.Join(err, ctx.Err())
}

// sweepAll skips whoever is left of a cancelled mailing, a step at a time.
// Chunks that are still held are swept when they were given back.
func (s *Store) sweepAll(ctx context.Context, mailingID int64) error {
	more := true
	var err error
	for err == nil && more && ctx.Err() == nil {
		err = s.update(ctx, "sweep cancelled mailing", func(t *tx) error {
			more, err = t.sweep(mailingID)
			return err
		})
	}
	return errors.Join(err, ctx.Err())
}

// sweepStep is how many deferred people one step skips.
const sweepStep = 2000

func (t *tx) sweep(mailingID int64) (more bool, err error) {
	var chunk, first, last int64
	err = t.queryRow(`SELECT id, first, last FROM delivery_chunk WHERE mailing_id = $1 AND state = 0 ORDER BY id LIMIT 1`, mailingID).Scan(&chunk, &first, &last)
	if err == nil {
		err = t.exec(`UPDATE delivery SET state = 6, code = 'mailing_cancelled', updated_at = $4
			WHERE mailing_id = $1 AND subscriber_id BETWEEN $2 AND $3 AND state = 0`, mailingID, first, last, micros(t.now))
		return true, errors.Join(err, t.exec(`UPDATE delivery_chunk SET state = 2 WHERE id = $1`, chunk))
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return false, err
	}
	n, err := t.execCount(`UPDATE delivery SET state = 6, code = 'mailing_cancelled', updated_at = $2 WHERE mailing_id = $1 AND subscriber_id IN (
		SELECT subscriber_id FROM delivery WHERE mailing_id = $1 AND state = 3 AND next_at > 0 AND fence = 0 LIMIT $3)`, mailingID, micros(t.now), sweepStep)
	if err != nil || n > 0 {
		return true, err
	}
	var held bool
	err = t.queryRow(`SELECT EXISTS (SELECT 1 FROM delivery_chunk WHERE mailing_id = $1 AND state < 2)
		OR EXISTS (SELECT 1 FROM delivery WHERE mailing_id = $1 AND state = 3 AND next_at > 0)`, mailingID).Scan(&held)
	if err != nil || held {
		return false, err
	}
	return false, t.exec(`UPDATE mailing SET finished_at = $2 WHERE id = $1 AND state = 'cancelled'`, mailingID, micros(t.now))
}
