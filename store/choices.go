package store

import (
	"context"

	"akkoord"
)

// decide loads a person, asks a rule and records what it decides. A person who
// is gone is NotFound.
func (s *Store) decide(ctx context.Context, what string, person akkoord.ID, rule func(akkoord.Standing, *tx) (akkoord.Change, error)) error {
	return s.update(ctx, what, func(t *tx) error {
		st, err := standing(t, byPublicID, person[:])
		if err != nil {
			return err
		}
		if st.Subscriber.ID == 0 {
			return akkoord.Errorf(akkoord.NotFound, "not_found", "There is no such person.")
		}
		c, err := rule(st, t)
		if err != nil {
			return err
		}
		return t.apply(st, c)
	})
}

// Pause records that a person wants no mail for some months.
func (s *Store) Pause(ctx context.Context, person akkoord.ID, months int, o akkoord.Origin) error {
	return s.decide(ctx, "pause", person, func(st akkoord.Standing, t *tx) (akkoord.Change, error) { return st.Pause(months, o, t.now) })
}

// Resume records that a person ends their pause.
func (s *Store) Resume(ctx context.Context, person akkoord.ID, o akkoord.Origin) error {
	return s.decide(ctx, "resume", person, func(st akkoord.Standing, t *tx) (akkoord.Change, error) { return st.Resume(o, t.now), nil })
}

// Track records whether a person lets clicks be counted for one purpose.
func (s *Store) Track(ctx context.Context, person akkoord.ID, purposeID int64, yes bool, o akkoord.Origin) error {
	return s.decide(ctx, "track", person, func(st akkoord.Standing, t *tx) (akkoord.Change, error) {
		return st.Track(purposeID, yes, o, t.now), nil
	})
}
