package store

import (
	"context"

	"akkoord"
)

// Learn records whether a person lets interests be learned from their clicks under
// one purpose, with the words that they agreed to. Errors: NotFound, Invalid.
func (s *Store) Learn(ctx context.Context, person akkoord.ID, purposeID int64, yes bool, words string, o akkoord.Origin) error {
	return s.decide(ctx, "learn", person, func(st akkoord.Standing, t *tx) (akkoord.Change, error) {
		p, err := purposeNumbered(t, purposeID)
		if err != nil {
			return akkoord.Change{}, err
		}
		return st.Learn(p, yes, words, o, t.now)
	})
}

// Learned gives what was learned of a person under the purposes of a standing, by
// purpose and topic. There is no table of it: it is what the clicks come to now.
func (s *Store) Learned(ctx context.Context, st akkoord.Standing) ([]akkoord.LearnedInterest, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	return s.learned(s.view(ctx), c, st)
}

func (s *Store) learned(q querier, c *catalogue, st akkoord.Standing) ([]akkoord.LearnedInterest, error) {
	var out []akkoord.LearnedInterest
	for _, sub := range st.Subscriptions {
		p := c.purpose(sub.PurposeID)
		if !p.Learns() || !sub.Learnable() {
			continue
		}
		rows, err := q.query(`SELECT l.topic, k.last_at FROM click k JOIN link l ON l.id = k.link_id
			WHERE k.subscriber_id = $1 AND l.purpose_id = $2 AND l.topic <> '' AND k.machine = 0`, st.Subscriber.ID, p.ID)
		clicks, err := list(rows, err, func(r row) (akkoord.PersonClick, error) {
			var k akkoord.PersonClick
			var at int64
			err := r.Scan(&k.Topic, &at)
			k.At = fromMicros(at)
			return k, err
		})
		if err != nil {
			return nil, err
		}
		out = append(out, p.Learned(sub, clicks, s.cfg.Now())...)
	}
	return out, nil
}

// ForgetLearned deletes a person's clicks on links of a topic under one purpose, so
// that it is learned anew from later clicks alone. The ledger's line names no topic:
// it would keep what is to be forgotten. What was not there changes nothing.
func (s *Store) ForgetLearned(ctx context.Context, person akkoord.ID, purposeID int64, topic string, o akkoord.Origin) error {
	return s.update(ctx, "forget learned", func(t *tx) error {
		st, err := known(t, person)
		if err != nil {
			return err
		}
		n, err := t.execCount(`DELETE FROM click WHERE subscriber_id = $1 AND purpose_id = $2 AND link_id IN (SELECT id FROM link WHERE purpose_id = $2 AND topic = $3)`,
			st.Subscriber.ID, purposeID, topic)
		if err != nil || n == 0 {
			return err
		}
		return t.apply(st, st.Rectify(o, t.now))
	})
}
