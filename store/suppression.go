package store

import (
	"context"
	"database/sql"

	"akkoord"
)

// Suppressions gives a page of the do-not-mail list, newest first: what follows
// the entry after, or the beginning where its At is zero. kind "" is all kinds.
// more reports whether another page follows.
func (s *Store) Suppressions(ctx context.Context, kind akkoord.SuppressionKind, after akkoord.Suppression, limit int) (out []akkoord.SuppressionEntry, more bool, err error) {
	at := micros(after.At)
	if after.At.IsZero() {
		at = 1 << 62
	}
	rows, err := s.view(ctx).query(`SELECT k.hash, k.kind, k.at, `+entryColumns+` FROM suppression k `+entryJoins+`
		WHERE (k.at, k.hash, k.kind) < ($1, $2, $3) AND ($4 = '' OR k.kind = $4) ORDER BY k.at DESC, k.hash DESC, k.kind DESC LIMIT $5`,
		at, after.Hash[:], string(after.Kind), string(kind), limit+1)
	out, err = list(rows, err, scanEntry)
	if more = len(out) > limit; more {
		out = out[:limit]
	}
	return out, more, err
}

// SuppressionsOf gives all that stands against an address.
func (s *Store) SuppressionsOf(ctx context.Context, e akkoord.Email) (out []akkoord.SuppressionEntry, err error) {
	hash := s.hasher.Person(e)
	rows, err := s.view(ctx).query(`SELECT k.hash, k.kind, k.at, `+entryColumns+` FROM suppression k `+entryJoins+` WHERE k.hash = $1 ORDER BY k.at DESC, k.kind DESC`, hash[:])
	return list(rows, err, scanEntry)
}

// entryJoins find whom an entry is about and the report of its change.
const (
	entryColumns = `coalesce(p.id, 0), p.public_id, coalesce(p.email, ''), coalesce(x.kind, ''), coalesce(x.class, ''), coalesce(x.status, ''), coalesce(x.source, ''), m.public_id`
	entryJoins   = `LEFT JOIN subscriber p ON p.email_hash = k.hash
		LEFT JOIN report x ON x.subscriber_id = p.id AND x.at = k.at AND x.kind = CASE k.kind WHEN 'hard_bounce' THEN 'bounce' ELSE k.kind END
		LEFT JOIN mailing m ON m.id = x.mailing_id`
)

func scanEntry(r row) (akkoord.SuppressionEntry, error) {
	var e akkoord.SuppressionEntry
	var hash, person, mailing []byte
	var at int64
	var email string
	err := r.Scan(&hash, &e.Kind, &at, &e.Person.ID, &person, &email, &e.Report.Kind, &e.Report.Class, &e.Report.Status, &e.Report.Source, &mailing)
	if err != nil {
		return e, err
	}
	copy(e.Hash[:], hash)
	e.At, e.Person.PublicID, e.Mailing = fromMicros(at), id16(person), id16(mailing)
	if email != "" {
		e.Person.Email, err = akkoord.ParseEmail(email)
	}
	return e, err
}

// LiftSuppression takes an entry of the do-not-mail list back, for a reason that
// stands in the audit trail. Errors: NotFound, those of CheckErasureReason, and
// Conflict with the code confirmation_needed for what only the person's own new
// confirmation ends (P15).
func (s *Store) LiftSuppression(ctx context.Context, hash akkoord.AddressHash, kind akkoord.SuppressionKind, reason string, o akkoord.Origin) error {
	return s.update(ctx, "lift suppression", func(t *tx) error {
		var there bool
		if err := t.queryRow(`SELECT EXISTS (SELECT 1 FROM suppression WHERE hash = $1 AND kind = $2)`, hash[:], string(kind)).Scan(&there); err != nil {
			return err
		}
		if !there {
			return missing(sql.ErrNoRows, "entry of the do-not-mail list")
		}
		if !kind.Liftable() {
			return akkoord.Errorf(akkoord.Conflict, "confirmation_needed", "Only the person can end this, by signing up again and confirming it.")
		}
		st, err := standing(t, byHash, hash[:])
		if err != nil {
			return err
		}
		if err := akkoord.CheckErasureReason(reason, st.Subscriber); err != nil {
			return err
		}
		object := "suppression"
		if st.Subscriber.ID == 0 {
			err = t.exec(`DELETE FROM suppression WHERE hash = $1 AND kind = $2`, hash[:], string(kind))
		} else {
			object = named("subscriber", st.Subscriber.PublicID.String())
			err = t.apply(st, st.Unbar(o, t.now))
		}
		if err != nil {
			return err
		}
		return t.audit(o.Actor, "suppression.lift", object, reason)
	})
}
