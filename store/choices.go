package store

import (
	"context"
	"math"

	"akkoord"
)

// decide loads a person, asks a rule and records what it decides. A person who
// is gone is NotFound.
func (s *Store) decide(ctx context.Context, what string, person akkoord.ID, rule func(akkoord.Standing, *tx) (akkoord.Change, error)) error {
	return s.update(ctx, what, func(t *tx) error {
		st, err := known(t, person)
		if err != nil {
			return err
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

// MailsTo gives the mailings that were sent to a person or may have reached
// them, newest first: those numbered under before, or all when that is 0.
func (s *Store) MailsTo(ctx context.Context, subscriberID, before int64, limit int) ([]akkoord.SentMail, error) {
	if before <= 0 {
		before = math.MaxInt64
	}
	var out []akkoord.SentMail
	rows, err := s.view(ctx).query(`SELECT m.id, c.id, c.name, `+s.dialect.subject()+`, d.first_at FROM delivery d JOIN mailing m ON m.id = d.mailing_id
		JOIN campaign c ON c.id = m.campaign_id JOIN subscriber s ON s.id = d.subscriber_id WHERE d.subscriber_id = $1 AND d.mailing_id < $2 AND d.state IN (2, 5, 7) ORDER BY d.mailing_id DESC LIMIT $3`, subscriberID, before, limit)
	err = each(rows, err, func(r row) error {
		var sent akkoord.SentMail
		var at int64
		err := r.Scan(&sent.Mailing, &sent.CampaignID, &sent.Campaign, &sent.Subject, &at)
		sent.At = fromMicros(at)
		out = append(out, sent)
		return err
	})
	return out, err
}
