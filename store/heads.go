package store

import (
	"context"
	"database/sql"
	"errors"

	"akkoord"
)

// headsAtOnce is how many signed heads one run hands to a place outside.
const headsAtOnce = 500

// HeadsToSend gives the signed heads that a place outside does not have yet,
// oldest first; of a new place the latest alone, which leads to all before it.
// A place is named by a hash of its setting.
func (s *Store) HeadsToSend(ctx context.Context, place [32]byte) ([]akkoord.Head, error) {
	var sent int64
	q := s.view(ctx)
	err := q.queryRow(`SELECT seq FROM head_sent WHERE place = $1`, place[:]).Scan(&sent)
	if errors.Is(err, sql.ErrNoRows) {
		h, err := latestHead(q)
		if err != nil || h.Seq == 0 {
			return nil, err
		}
		return []akkoord.Head{h}, nil
	}
	if err != nil {
		return nil, err
	}
	var out []akkoord.Head
	rows, err := q.query(`SELECT seq, hash, at, signature FROM ledger_head WHERE seq > $1 ORDER BY seq LIMIT $2`, sent, headsAtOnce)
	err = each(rows, err, func(r row) error {
		var h akkoord.Head
		var hash []byte
		var at int64
		err := r.Scan(&h.Seq, &hash, &at, &h.Signature)
		copy(h.Hash[:], hash)
		h.At = fromMicros(at)
		out = append(out, h)
		return err
	})
	return out, err
}

// HeadsSent tells that a place has all signed heads up to a line.
func (s *Store) HeadsSent(ctx context.Context, place [32]byte, seq int64) error {
	return s.record(ctx, "heads sent", func(t *tx) error {
		return t.exec(`INSERT INTO head_sent (place, seq, at) VALUES ($1, $2, $3)
			ON CONFLICT (place) DO UPDATE SET seq = excluded.seq, at = excluded.at WHERE head_sent.seq < excluded.seq`, place[:], seq, micros(t.now))
	})
}
