package store

import (
	"context"
	"time"

	"akkoord"
)

// PeopleCounts counts the people who are active for at least one purpose, who
// are pending for one, and who withdrew from one since a time. It reads them in the
// order of the primary key, and sorts nothing.
func (s *Store) PeopleCounts(ctx context.Context, since time.Time) (active, pending, left int64, err error) {
	err = s.view(ctx).queryRow(`SELECT count(*) FILTER (WHERE active > 0), count(*) FILTER (WHERE pending > 0), count(*) FILTER (WHERE gone > 0) FROM (
		SELECT count(*) FILTER (WHERE state = $1) AS active, count(*) FILTER (WHERE state = $2) AS pending, count(*) FILTER (WHERE state = $3 AND since >= $4) AS gone
		FROM subscription GROUP BY subscriber_id) AS people`,
		string(akkoord.Active), string(akkoord.Pending), string(akkoord.Withdrawn), micros(since)).Scan(&active, &pending, &left)
	return active, pending, left, err
}

// PurposeCounts counts the subscriptions by purpose and state. Each part of it
// reads an index; only the pending, who are few, are sorted.
func (s *Store) PurposeCounts(ctx context.Context) (map[int64]map[akkoord.State]int64, error) {
	out := map[int64]map[akkoord.State]int64{}
	rows, err := s.view(ctx).query(`SELECT purpose_id, 'active' AS state, count(*) FROM subscription WHERE state = 'active' GROUP BY purpose_id
		UNION ALL SELECT purpose_id, 'pending', count(*) FROM subscription WHERE state = 'pending' GROUP BY purpose_id
		UNION ALL SELECT purpose_id, state, count(*) FROM subscription WHERE state NOT IN ('active', 'pending') GROUP BY purpose_id, state`)
	err = each(rows, err, func(r row) error {
		var purpose, n int64
		var state akkoord.State
		if err := r.Scan(&purpose, &state, &n); err != nil {
			return err
		}
		if out[purpose] == nil {
			out[purpose] = map[akkoord.State]int64{}
		}
		out[purpose][state] = n
		return nil
	})
	return out, err
}
