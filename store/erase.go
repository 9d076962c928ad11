package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"akkoord"
)

// Erase erases a person (Art. 17 GDPR, M19). It can't be taken back: all that
// is stored of them goes in one commit, and from the files within a minute of
// it (P16). Whoever is erased already gets the same receipt for a month.
// Anybody but the person gives a reason, which stands in the audit trail
// beside the line of the ledger, so that the trail does not name the person
// either. Errors: NotFound, and those of akkoord.CheckErasureReason.
func (s *Store) Erase(ctx context.Context, person akkoord.ID, reason string, o akkoord.Origin) (akkoord.Erasure, error) {
	var out akkoord.Erasure
	err := s.update(ctx, "erase", func(t *tx) error {
		st, err := standing(t, byPublicID, person[:])
		if err != nil {
			return err
		}
		if st.Subscriber.ID != 0 {
			out, err = t.erase(st, reason, o)
			return err
		}
		if o.Actor != akkoord.ActorPerson {
			if err := akkoord.CheckErasureReason(reason, st.Subscriber); err != nil {
				return err
			}
		}
		out, err = erased(t, s.hasher.Text("erased", person.String()))
		return err
	})
	if err != nil {
		return akkoord.Erasure{}, err
	}
	return out.Sign(s.cfg.Keyring.LedgerKey()), nil
}

// erase erases somebody who is there.
func (t *tx) erase(st akkoord.Standing, reason string, o akkoord.Origin) (akkoord.Erasure, error) {
	if o.Actor != akkoord.ActorPerson {
		if err := akkoord.CheckErasureReason(reason, st.Subscriber); err != nil {
			return akkoord.Erasure{}, err
		}
	}
	if err := t.apply(st, st.Erase(o, t.now)); err != nil {
		return akkoord.Erasure{}, err
	}
	out := akkoord.Erasure{Line: t.ledger.Seq, Hash: t.ledger.Hash, At: t.now}
	key := t.store.hasher.Text("erased", st.Subscriber.PublicID.String())
	if err := t.unlink(st.Subscriber.ID, key, out); err != nil || o.Actor == akkoord.ActorPerson {
		return out, err
	}
	return out, t.audit(o.Actor, "subscriber.erase", fmt.Sprintf("ledger:%d", out.Line), reason)
}

// unlink deletes what forget leaves of an erased person: the words of relays
// about them. The deliveries themselves stay for the figures of mailings, by a
// number that leads to nobody.
func (t *tx) unlink(subscriberID int64, key akkoord.AddressHash, e akkoord.Erasure) error {
	return errors.Join(
		t.exec(`UPDATE delivery SET reply = '' WHERE subscriber_id = $1 AND reply <> ''`, subscriberID),
		t.exec(`INSERT INTO erasure (person, line, hash, at) VALUES ($1, $2, $3, $4)`, key[:], e.Line, e.Hash[:], micros(e.At)),
	)
}

// erased gives the erasure of a person who is gone, or NotFound.
func erased(q querier, key akkoord.AddressHash) (akkoord.Erasure, error) {
	var e akkoord.Erasure
	var hash []byte
	var at int64
	err := q.queryRow(`SELECT line, hash, at FROM erasure WHERE person = $1`, key[:]).Scan(&e.Line, &hash, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return e, akkoord.Errorf(akkoord.NotFound, "not_found", "There is no such person.")
	}
	copy(e.Hash[:], hash)
	e.At = fromMicros(at)
	return e, err
}
