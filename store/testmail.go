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
	if mailing.IsZero() {
		return s.beginTest(ctx, actor, "relay", to, func(*tx) error { return nil })
	}
	return s.beginTest(ctx, actor, named("mailing", mailing.String()), to, func(t *tx) error {
		m, err := loadMailing(t, mailingByPublicID, mailing[:])
		if err != nil {
			return err
		}
		return t.mayGoOut(m.CampaignID)
	})
}

// BeginRelayTest is BeginTest for a relay.
func (s *Store) BeginRelayTest(ctx context.Context, actor akkoord.Actor, slug string, to akkoord.Email) error {
	return s.beginTest(ctx, actor, named("relay", slug), to, func(*tx) error { return nil })
}

func (s *Store) beginTest(ctx context.Context, actor akkoord.Actor, object string, to akkoord.Email, may func(*tx) error) error {
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
		if err := may(t); err != nil {
			return err
		}
		return t.audit(actor, actTest, object, "")
	})
}
