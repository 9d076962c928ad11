package store

import (
	"context"
	"fmt"

	"akkoord"
)

// sealIP makes evidence commit to the whole address that came along
// (requirements-mail F.7). An act that ends a purpose, or after which the person is
// forgotten, keeps its network alone.
func (t *tx) sealIP(e *akkoord.Event, forget bool) error {
	if e.Evidence.Whole.Address == "" {
		return nil
	}
	if forget || e.Kind.Ends() {
		e.Evidence.Whole = akkoord.WholeIP{}
		return nil
	}
	nonce, err := t.store.random(akkoord.NonceSize)
	e.Evidence = e.Evidence.Sealed(nonce)
	return err
}

// keepIP keeps the whole address beside the evidence that commits to it.
func (t *tx) keepIP(e *akkoord.Event) error {
	w := e.Evidence.Whole
	if w.Address == "" {
		return nil
	}
	t.keptIP = true
	return t.exec(`INSERT INTO evidence_ip (seq, subscriber_id, purpose_id, at, address, nonce, reduced_at) VALUES ($1, $2, $3, $4, $5, $6, 0)`,
		e.Seq, e.SubscriberID, e.PurposeID, micros(e.At), w.Address, w.Nonce)
}

// reducible selects whole addresses of people whose data need not be kept as they
// are (Art. 18 GDPR).
const reducible = `reduced_at = 0 AND NOT EXISTS (SELECT 1 FROM subscriber s JOIN suppression y ON y.hash = s.email_hash WHERE s.id = evidence_ip.subscriber_id AND y.kind = 'restricted')`

// reduceIPs empties the whole addresses that acts of a person for a purpose left,
// since what they were to prove is over. Under restriction nothing is reduced.
func (t *tx) reduceIPs(person, purpose int64) error {
	n, err := t.execCount(`UPDATE evidence_ip SET address = '', nonce = '', reduced_at = $3 WHERE subscriber_id = $1 AND purpose_id = $2 AND reduced_at = 0`, person, purpose, micros(t.now))
	t.wipe = t.wipe || n > 0
	return err
}

// reduceOldIPs empties whole addresses that were kept for Limits.WholeIP.
func (s *Store) reduceOldIPs(ctx context.Context) error {
	for n := int64(purgeGroup); n == purgeGroup && ctx.Err() == nil; {
		err := s.update(ctx, "reduce ip addresses", func(t *tx) error {
			var err error
			n, err = t.execCount(`UPDATE evidence_ip SET address = '', nonce = '', reduced_at = $1 WHERE seq IN
				(SELECT seq FROM evidence_ip WHERE at <= $2 AND `+reducible+` ORDER BY at LIMIT $3)`,
				micros(t.now), micros(t.now.Add(-akkoord.Limits.WholeIP)), purgeGroup)
			if err != nil || n == 0 {
				return err
			}
			t.wipe = true
			return t.audit(akkoord.ActorSystem, "retention.reduce", "", fmt.Sprintf("%d IP addresses", n))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// wholeIPs gives the addresses beside a person's evidence, by line.
func wholeIPs(q querier, person int64) (map[int64]akkoord.WholeIP, error) {
	out := map[int64]akkoord.WholeIP{}
	rows, err := q.query(`SELECT seq, address, nonce, reduced_at FROM evidence_ip WHERE subscriber_id = $1`, person)
	return out, each(rows, err, func(r row) error {
		var seq, reduced int64
		var w akkoord.WholeIP
		err := r.Scan(&seq, &w.Address, &w.Nonce, &reduced)
		if reduced != 0 {
			w.Reduced = moment(reduced)
		}
		out[seq] = w
		return err
	})
}
