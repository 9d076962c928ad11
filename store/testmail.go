package store

import (
	"context"

	"akkoord"
)

// actTest is how the audit trail calls a test of a mailing.
const actTest = "mailing.test"

// BeginTest notes in the audit trail that an actor sends a test of a mailing,
// without the address, where akkoord.MayTest allows it; its errors are those.
// A test counts whatever becomes of it.
func (s *Store) BeginTest(ctx context.Context, actor akkoord.Actor, mailing akkoord.ID, to akkoord.Email) error {
	return s.update(ctx, "begin test", func(t *tx) error {
		kinds, err := suppressions(t, s.hasher.Person(to))
		if err != nil {
			return err
		}
		var recent int
		if err := t.queryRow(`SELECT count(*) FROM audit WHERE action = $1 AND actor = $2
			AND seq > coalesce((SELECT seq FROM audit WHERE at <= $3 ORDER BY seq DESC LIMIT 1), 0)`,
			actTest, string(actor), micros(t.now.Add(-akkoord.TestMailHour))).Scan(&recent); err != nil {
			return err
		}
		if err := akkoord.MayTest(kinds, recent); err != nil {
			return err
		}
		object := "relay"
		if !mailing.IsZero() {
			m, err := loadMailing(t, mailingByPublicID, mailing[:])
			if err != nil {
				return err
			}
			if err := t.mayGoOut(m.CampaignID); err != nil {
				return err
			}
			object = named("mailing", mailing.String())
		}
		return t.audit(actor, actTest, object, "")
	})
}
