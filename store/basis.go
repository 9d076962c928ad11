package store

import (
	"context"
	"database/sql"

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
	return s.update(ctx, "set basis", func(t *tx) error {
		st, err := standing(t, byPublicID, person[:])
		if err != nil {
			return err
		}
		if st.Subscriber.ID == 0 {
			return missing(sql.ErrNoRows, "person")
		}
		c, err := st.SetBasis(b, t.now)
		if err != nil || c.IsZero() {
			return err
		}
		if err := t.apply(st, c); err != nil {
			return err
		}
		return t.audit(b.Origin.Actor, "subscriber.basis", named("subscriber", person.String()), slug+" "+string(b.Basis))
	})
}
