package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"akkoord"
)

const (
	contractKept  = 90 * 24 * time.Hour // where the configuration says nothing
	contractGroup = 100                 // mails per commit of a purge
)

// eraseAddresses ends and empties the transactional mails to a person who is
// erased, also to their former addresses, and what is personal in what they
// asked for. Being forgotten for another reason touches none: a stranger's
// sign-up that nobody confirmed ends no contract.
func (t *tx) eraseAddresses(p akkoord.Subscriber) error {
	hashes := []akkoord.AddressHash{t.store.hasher.Person(p.Email)}
	rows, err := t.query(`SELECT hash FROM former_address WHERE subscriber_id = $1`, p.ID)
	if err := each(rows, err, func(r row) error {
		var hash []byte
		err := r.Scan(&hash)
		hashes = append(hashes, akkoord.AddressHash(hash))
		return err
	}); err != nil {
		return err
	}
	for _, h := range hashes {
		if err := t.eraseAddress(h); err != nil {
			return err
		}
	}
	return t.exec(`DELETE FROM request_detail WHERE subscriber_id = $1`, p.ID)
}

// eraseAddress is eraseAddresses by one. The rows stay for the figures;
// nothing leads from them to anybody.
func (t *tx) eraseAddress(hash akkoord.AddressHash) error {
	t.wipe = true
	return errors.Join(
		t.exec(`DELETE FROM request_detail WHERE hash = $1`, hash[:]),
		t.exec(`UPDATE outbox SET mail = CASE WHEN state = 0 THEN '' ELSE mail END, code = CASE WHEN state = 0 THEN 'erased' ELSE code END,
			done_at = CASE WHEN state = 0 THEN $2 ELSE done_at END, state = 1, fence = 0, reply = ''
			WHERE id IN (SELECT id FROM contract_mail WHERE hash = $1)`, hash[:], micros(t.now)),
		t.exec(`UPDATE contract_mail SET email = '', fields = '', request = $2, hash = $2 WHERE hash = $1`, hash[:], []byte{}),
	)
}

// EraseContracts erases an address that nobody on record has from the log of
// transactional mail and from the request desk (Art. 17 GDPR), and keeps its
// keyed hash, so that no import brings it into a mailing. It gives how many mails
// there were. Errors are those of akkoord.CheckErasureReason, and Conflict with
// code person_known where somebody has the address: erase that person.
func (s *Store) EraseContracts(ctx context.Context, actor akkoord.Actor, e akkoord.Email, reason string) (n int64, err error) {
	if err := akkoord.CheckErasureReason(reason, akkoord.Subscriber{Email: e}); err != nil {
		return 0, err
	}
	hash := s.hasher.Person(e)
	err = s.update(ctx, "erase contracts", func(t *tx) error {
		var known bool
		if err := t.queryRow(`SELECT EXISTS (SELECT 1 FROM subscriber WHERE email_hash = $1)`, hash[:]).Scan(&known); err != nil {
			return err
		}
		if known {
			return akkoord.Errorf(akkoord.Conflict, "person_known", "Somebody on record has this address; erase that person, and their transactional mails go too.")
		}
		var asked int64
		if err := t.queryRow(`SELECT (SELECT count(*) FROM contract_mail WHERE hash = $1), (SELECT count(*) FROM request_detail WHERE hash = $1)`, hash[:]).Scan(&n, &asked); err != nil || n+asked == 0 {
			return err
		}
		c := akkoord.Change{Suppress: []akkoord.SuppressionKind{akkoord.SuppressedErased}}
		t.note(c.Departures(hash, t.now))
		if err := t.exec(`INSERT INTO suppression (hash, kind, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, hash[:], string(akkoord.SuppressedErased), micros(t.now)); err != nil {
			return err
		}
		if err := t.eraseAddress(hash); err != nil {
			return err
		}
		return t.audit(actor, "transactional.erase", "transactional", fmt.Sprintf("%d mails: %s", n, reason))
	})
	return n, err
}

// purgeContracts deletes the fields of mails that are done, and mails that the
// log has had for its time.
func (s *Store) purgeContracts(ctx context.Context) error {
	kept := s.cfg.ContractKept
	if kept == 0 {
		kept = contractKept
	}
	for n := int64(purgeGroup); n == purgeGroup && ctx.Err() == nil; {
		err := s.update(ctx, "purge", func(t *tx) (err error) {
			n, err = t.execCount(`UPDATE contract_mail SET fields = '' WHERE fields <> '' AND id IN (
				SELECT m.id FROM contract_mail m JOIN outbox o ON o.id = m.id WHERE m.fields <> '' AND o.state = 1 LIMIT $1)`, purgeGroup)
			return err
		})
		if err != nil {
			return err
		}
	}
	for n := contractGroup; n == contractGroup && ctx.Err() == nil; {
		err := s.update(ctx, "purge", func(t *tx) (err error) {
			n, err = t.purgeContracts(t.now.Add(-kept))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// purgeContracts deletes some of the mails that were asked for before a time.
func (t *tx) purgeContracts(before time.Time) (int, error) {
	ids, err := numbers(t, `SELECT m.id FROM contract_mail m JOIN outbox o ON o.id = m.id WHERE m.at <= $1 AND o.state = 1 ORDER BY m.at LIMIT $2`, micros(before), contractGroup)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		err = errors.Join(err, t.exec(`DELETE FROM contract_mail WHERE id = $1`, id), t.exec(`DELETE FROM outbox WHERE id = $1`, id))
	}
	return len(ids), err
}
