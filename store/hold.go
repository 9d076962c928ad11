package store

import (
	"context"
	"database/sql"
	"errors"

	"akkoord"
)

// Hold gives what keeps the program from sending, if something does.
func (s *Store) Hold(ctx context.Context) (akkoord.Hold, error) {
	var h akkoord.Hold
	var backup, at int64
	v := s.view(ctx)
	err := v.queryRow(`SELECT reason, backup_at, at FROM sending_hold WHERE id = 1`).Scan(&h.Reason, &backup, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return h, nil
	}
	if err != nil {
		return h, err
	}
	h.BackupAt, h.At = fromMicros(backup), fromMicros(at)
	if err := v.queryRow(`SELECT count(*) FROM mailing WHERE state IN ('sending', 'paused')`).Scan(&h.Mailings); err != nil {
		return h, err
	}
	if err := v.queryRow(`SELECT count(*) FROM delivery d JOIN mailing m ON m.id = d.mailing_id
		WHERE m.state IN ('sending', 'paused') AND d.state IN (0, 3)`).Scan(&h.Twice); err != nil {
		return h, err
	}
	return h, v.queryRow(`SELECT count(*) FROM outbox WHERE state = 0`).Scan(&h.System)
}

// EndHold ends a hold: an owner has seen what may be sent twice. Mailings that
// were being sent stay paused, so that each is resumed by a decision of its own.
func (s *Store) EndHold(ctx context.Context, actor akkoord.Actor) error {
	return s.update(ctx, "end hold", func(t *tx) error {
		n, err := t.execCount(`DELETE FROM sending_hold WHERE id = 1`)
		if err != nil || n == 0 {
			return err
		}
		if err := t.exec(`UPDATE restoration SET released_at = $1, released_by = $2 WHERE released_at = 0`, micros(t.now), string(actor)); err != nil {
			return err
		}
		t.outbox, t.mailing = true, true
		if err := t.enqueueWebhooks(); err != nil {
			return err
		}
		return t.audit(actor, "sending.release", "", "")
	})
}

// hold keeps the program from sending, and ends what was to be done to many people: since
// the backup it may have been stopped, and they may have said otherwise.
func (s *Store) hold(ctx context.Context, why akkoord.HoldReason) error {
	return s.update(ctx, "hold", func(t *tx) error {
		var at int64
		if err := t.queryRow(`SELECT coalesce((SELECT at FROM backup WHERE id = 1), 0)`).Scan(&at); err != nil {
			return err
		}
		if err := t.exec(`INSERT INTO sending_hold (id, reason, backup_at, at) VALUES (1, $1, $2, $3) ON CONFLICT (id) DO NOTHING`, string(why), at, micros(t.now)); err != nil {
			return err
		}
		if err := t.exec(`INSERT INTO restoration (at, backup_at, reason, released_at, released_by) SELECT $1, $2, $3, 0, ''
			WHERE NOT EXISTS (SELECT 1 FROM restoration WHERE released_at = 0 AND backup_at = $2)`, micros(t.now), at, string(why)); err != nil {
			return err
		}
		if why == akkoord.HoldJournalLost { // worse than the restore that it came with, which is one
			if err := t.holdAs(why, akkoord.HoldRestored); err != nil {
				return err
			}
		}
		if err := t.pauseAll(akkoord.StoppedByRestore); err != nil {
			return err
		}
		if err := t.stopBulkActs(string(why), `state IN ('collecting', 'prepared', 'running')`); err != nil {
			return err
		}
		return t.audit(akkoord.ActorSystem, "sending.hold", "", string(why))
	})
}

// holdAs gives a restore that is held for one reason the other one.
func (t *tx) holdAs(why, before akkoord.HoldReason) error {
	if err := t.exec(`UPDATE sending_hold SET reason = $1 WHERE reason = $2`, string(why), string(before)); err != nil {
		return err
	}
	return t.exec(`UPDATE restoration SET reason = $1 WHERE released_at = 0 AND reason = $2`, string(why), string(before))
}

// pauseAll pauses what is being sent.
func (t *tx) pauseAll(why akkoord.Stop) error {
	live, err := t.sending()
	if err != nil {
		return err
	}
	for _, l := range live {
		if err := t.pauseFor(l.mailing, why); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) pauseFor(mailingID int64, why akkoord.Stop) error {
	m, err := loadMailing(t, mailingByID, mailingID)
	if err != nil {
		return err
	}
	m.Why = why
	return t.move(akkoord.ActorSystem, &m, "pause")
}

var errHeld = akkoord.Errorf(akkoord.Conflict, "sending_held", "Nothing is sent since the database was put back from a backup, until an owner agrees on the start page of the admin site.")

// held reports whether nothing may be sent.
func (t *tx) held() (held bool, err error) {
	err = t.queryRow(`SELECT EXISTS (SELECT 1 FROM sending_hold)`).Scan(&held)
	return held, err
}
