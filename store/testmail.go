package store

import (
	"context"

	"akkoord"
)

// actTest is how the audit trail calls a test of a mailing.
const actTest = "mailing.test"

// BeginTest notes in the audit trail that an actor sends a test of a mailing,
// without the address, where akkoord.MayTest allows it; its errors are those.
// Copies say what each copy is of (Mailing.TestCopies), and are allowed
// together. A test counts whatever becomes of it.
func (s *Store) BeginTest(ctx context.Context, actor akkoord.Actor, mailing akkoord.ID, to akkoord.Email, copies []string) error {
	return s.beginTest(ctx, actor, named("mailing", mailing.String()), to, copies, func(t *tx) error {
		m, err := loadMailing(t, mailingByPublicID, mailing[:])
		if err != nil {
			return err
		}
		return t.mayGoOut(m.CampaignID)
	})
}

// BeginRelayTest is BeginTest for a relay; an empty slug is that of the settings.
func (s *Store) BeginRelayTest(ctx context.Context, actor akkoord.Actor, slug string, to akkoord.Email) error {
	object := "relay"
	if slug != "" {
		object = named("relay", slug)
	}
	return s.beginTest(ctx, actor, object, to, []string{""}, func(*tx) error { return nil })
}

func (s *Store) beginTest(ctx context.Context, actor akkoord.Actor, object string, to akkoord.Email, copies []string, may func(*tx) error) error {
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
		if err := akkoord.MayTest(kinds, recent, len(copies)); err != nil {
			return err
		}
		if err := may(t); err != nil {
			return err
		}
		for _, of := range copies {
			if err := t.audit(actor, actTest, object, of); err != nil {
				return err
			}
		}
		return nil
	})
}
