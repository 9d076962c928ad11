package store

import (
	"context"
	"database/sql"
	"errors"

	"akkoord"
)

// putLeaving notes a leaving by a link for the figures of its mailing (M11).
func (t *tx) putLeaving(person int64, link akkoord.Link, scope akkoord.Scope, place string) error {
	return t.exec(`INSERT INTO leaving (mailing_id, subscriber_id, scope, place, reason, at) VALUES ($1, $2, $3, $4, '', $5)
		ON CONFLICT (mailing_id, subscriber_id, scope) DO UPDATE SET place = excluded.place, reason = '', at = excluded.at`,
		link.Mailing, person, string(scope), place, micros(t.now))
}

// Explain records why somebody left by a link (M12): the reason for the figures
// of the mailing, and both as evidence, which can be erased. Whoever did not
// leave by it, or is gone, explains nothing; that is no error.
func (s *Store) Explain(ctx context.Context, link akkoord.Link, reason, note string, o akkoord.Origin) error {
	return s.update(ctx, "explain", func(t *tx) error {
		st, err := standing(t, byPublicID, link.Subscriber[:])
		if err != nil || st.Subscriber.ID == 0 {
			return err
		}
		n, err := t.execCount(`UPDATE leaving SET reason = $3 WHERE mailing_id = $1 AND subscriber_id = $2 AND reason <> $3
			AND at = (SELECT max(at) FROM leaving WHERE mailing_id = $1 AND subscriber_id = $2)`, link.Mailing, st.Subscriber.ID, reason)
		if err != nil || n == 0 {
			return err
		}
		o.Campaign, o.MailingID = link.Campaign, link.Mailing
		return t.apply(st, st.Explain(reason, note, link.Purpose, o, t.now))
	})
}

// LeaveByMail records that a person leaves the purpose of a mailing by the address
// that their copy of it named (C.12). Whoever is gone, and a mailing that is,
// leave nothing; that is no error.
func (s *Store) LeaveByMail(ctx context.Context, in akkoord.IncomingMail) (akkoord.LeftByMail, error) {
	out := akkoord.LeftByMail{Code: in.Code}
	if in.Code != akkoord.IncomingLeave {
		return out, nil
	}
	err := s.update(ctx, "leave by mail", func(t *tx) error {
		link := akkoord.Link{Mailing: in.Mailing}
		err := t.queryRow(`SELECT c.id, c.purpose_id FROM mailing m JOIN campaign c ON c.id = m.campaign_id WHERE m.id = $1`, in.Mailing).Scan(&link.Campaign, &link.Purpose)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		st, err := standing(t, byID, in.Subscriber)
		if err != nil || st.Subscriber.ID == 0 {
			return err
		}
		link.Subscriber = st.Subscriber.PublicID
		o := akkoord.Origin{Source: "mail", Actor: akkoord.ActorPerson, Evidence: akkoord.Evidence{Zone: in.Zone}}
		left, err := t.leave(st, link, akkoord.ScopePurpose, o)
		out.At, out.New = left.At, left.New
		return err
	})
	return out, err
}

// Leavings counts the leavings by the links of a mailing.
func (s *Store) Leavings(ctx context.Context, mailingID int64) (akkoord.Leavings, error) {
	l := akkoord.Leavings{Scopes: map[string]int64{}, Places: map[string]int64{}, Reasons: map[string]int64{}}
	rows, err := s.view(ctx).query(`SELECT scope, place, reason, count(*) FROM leaving WHERE mailing_id = $1 AND mailing_id <> 0 GROUP BY scope, place, reason`, mailingID)
	return l, each(rows, err, func(r row) error {
		var scope, place, reason string
		var n int64
		err := r.Scan(&scope, &place, &reason, &n)
		l.Scopes[scope] += n
		l.Places[place] += n
		if reason != "" {
			l.Reasons[reason] += n
		}
		return err
	})
}

// Withdraw records that staff end a purpose for somebody who asked them to, or
// everything where purposeID is 0. The reason stands in the audit trail.
// Errors: NotFound, and those of akkoord.CheckErasureReason.
func (s *Store) Withdraw(ctx context.Context, person akkoord.ID, purposeID int64, reason string, o akkoord.Origin) error {
	return s.decide(ctx, "withdraw", person, func(st akkoord.Standing, t *tx) (akkoord.Change, error) { return t.withdraw(st, purposeID, reason, o) })
}

func (t *tx) withdraw(st akkoord.Standing, purposeID int64, reason string, o akkoord.Origin) (akkoord.Change, error) {
	scope := akkoord.ScopePurpose
	if purposeID == 0 {
		scope = akkoord.ScopeAll
	}
	err := akkoord.CheckErasureReason(reason, st.Subscriber)
	if err == nil {
		err = t.audit(o.Actor, "subscriber.withdraw", named("subscriber", st.Subscriber.PublicID.String()), reason)
	}
	return st.Leave(scope, purposeID, 0, o, t.now), err
}

// LeaveCampaign records that staff end a campaign for somebody who asked them
// to. Errors are those of Withdraw; whoever left it already stays so.
func (s *Store) LeaveCampaign(ctx context.Context, person akkoord.ID, c akkoord.Campaign, reason string, o akkoord.Origin) error {
	o.Campaign = c.ID
	return s.decide(ctx, "leave campaign", person, func(st akkoord.Standing, t *tx) (akkoord.Change, error) {
		err := akkoord.CheckErasureReason(reason, st.Subscriber)
		if err == nil {
			err = t.audit(o.Actor, "subscriber.withdraw", named("subscriber", st.Subscriber.PublicID.String()), reason)
		}
		return st.Leave(akkoord.ScopeCampaign, c.PurposeID, c.ID, o, t.now), err
	})
}
