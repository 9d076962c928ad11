package store

import (
	"context"

	"akkoord"
)

// SetBasis gives a person another basis for the purpose with a slug (M7), as
// akkoord.Standing.SetBasis decides, with a line in the ledger and one in the
// audit trail. Errors: NotFound, Invalid, Conflict.
func (s *Store) SetBasis(ctx context.Context, person akkoord.ID, slug string, b akkoord.BasisChange) error {
	p, err := s.Purpose(ctx, slug)
	if err != nil {
		return err
	}
	b.PurposeID = p.ID
	return s.decide(ctx, "set basis", person, func(st akkoord.Standing, t *tx) (akkoord.Change, error) {
		c, err := st.SetBasis(b, t.now)
		if err != nil || c.IsZero() {
			return c, err
		}
		return c, t.audit(b.Origin.Actor, "subscriber.basis", named("subscriber", person.String()), slug+" "+string(b.Basis))
	})
}
