package store

import (
	"context"
	"time"

	"akkoord"
)

// PeopleCounts counts the people who are active for at least one purpose, who
// are pending for one, and who withdrew from one since a time.
func (s *Store) PeopleCounts(ctx context.Context, since time.Time) (active, pending, left int64, err error) {
	err = s.view(ctx).queryRow(`SELECT count(DISTINCT CASE WHEN state = $1 THEN subscriber_id END),
		count(DISTINCT CASE WHEN state = $2 THEN subscriber_id END),
		count(DISTINCT CASE WHEN state = $3 AND since >= $4 THEN subscriber_id END) FROM subscription`,
		string(akkoord.Active), string(akkoord.Pending), string(akkoord.Withdrawn), micros(since)).Scan(&active, &pending, &left)
	return active, pending, left, err
}

// PurposeCounts counts the subscriptions by purpose and state.
func (s *Store) PurposeCounts(ctx context.Context) (map[int64]map[akkoord.State]int64, error) {
	out := map[int64]map[akkoord.State]int64{}
	rows, err := s.view(ctx).query(`SELECT purpose_id, state, count(*) FROM subscription GROUP BY purpose_id, state`)
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
