package store

import (
	"cmp"
	"context"
	"errors"
	"time"

	"akkoord"
)

// AskAddress records that a person wants mail at another address. Nothing
// changes before that is confirmed there (M21). It does the same whether or
// not somebody has the new address. The mail is in the language of the origin,
// else in the person's.
// Anybody but the person gives a reason, which stands in the audit trail.
// Errors: NotFound for a person who is gone, Invalid for the address they have,
// TooMany after Limits.AddressAsks in a day, and those of
// akkoord.CheckErasureReason.
func (s *Store) AskAddress(ctx context.Context, person akkoord.ID, to akkoord.Email, reason string, o akkoord.Origin) error {
	request, err := s.newID(s.cfg.Now())
	if err != nil {
		return err
	}
	return s.update(ctx, "ask address", func(t *tx) error {
		st, err := known(t, person)
		if err != nil {
			return err
		}
		p := st.Subscriber
		if o.Actor != akkoord.ActorPerson {
			if err := akkoord.CheckErasureReason(reason, p); err != nil {
				return err
			}
			if err := t.audit(o.Actor, "subscriber.address", named("subscriber", p.PublicID.String()), reason); err != nil {
				return err
			}
		}
		if p.Email == to {
			return akkoord.Fieldf("email", "address_same", "This is the address that we mail already.")
		}
		var asks int
		if err := t.queryRow(`SELECT count(*) FROM address_change WHERE subscriber_id = $1 AND at > $2 AND state <> $3`,
			p.ID, micros(t.now.Add(-akkoord.Limits.ConfirmMailDay)), addressTold).Scan(&asks); err != nil {
			return err
		}
		if asks >= akkoord.Limits.AddressAsks {
			return akkoord.Errorf(akkoord.TooMany, "address_asks", "Several new addresses were asked for today. Try again tomorrow.")
		}
		return errors.Join(t.putAddressChange(request, p.ID, to, addressAsked), t.errand(p.ID, request, cmp.Or(o.Locale, p.Locale), akkoord.MailAddress))
	})
}

func (t *tx) putAddressChange(request akkoord.ID, person int64, e akkoord.Email, state int) error {
	return t.exec(`INSERT INTO address_change (request, subscriber_id, email, state, at) VALUES ($1, $2, $3, $4, $5)`, request[:], person, e.Address(), state, micros(t.now))
}

// AddressChange reads what the link that was mailed to a new address is about.
// It changes nothing.
func (s *Store) AddressChange(ctx context.Context, link akkoord.Link) (akkoord.AddressChange, error) {
	c, _, err := s.addressChange(s.view(ctx), link)
	return c, err
}

func (s *Store) addressChange(q querier, link akkoord.Link) (akkoord.AddressChange, akkoord.Standing, error) {
	none := akkoord.AddressChange{Answer: akkoord.AnswerNone}
	st, err := standing(q, byPublicID, link.Subscriber[:])
	if err != nil || st.Subscriber.ID == 0 {
		return none, st, err
	}
	row, err := addressChange(q, link.Request)
	if err != nil || row.subscriber != st.Subscriber.ID {
		return none, st, err
	}
	c := akkoord.AddressChange{Person: st.Subscriber, To: row.email}
	hash := s.hasher.Person(row.email)
	open, err := row.open(q)
	if err != nil {
		return none, st, err
	}
	switch {
	case row.state == addressConfirmed && st.Subscriber.Email == row.email:
		c.Answer = akkoord.AnswerAlready
		return c, st, nil
	case row.state == addressAsked && !open:
		c.Answer = akkoord.AnswerSuperseded
		return c, st, nil
	case !open:
		return none, st, nil
	}
	c.Answer = akkoord.AnswerPending
	kinds, err := suppressions(q, hash)
	if err != nil {
		return none, st, err
	}
	c.Left = len(akkoord.Carried(kinds)) > 0
	c.Taken, err = addressTaken(q, hash, row.subscriber)
	return c, st, err
}

// ChangeAddress records that the holder of a new address agreed to it: from now
// on the person has that one, and the old address is told. Where somebody else
// has the new address nothing changes; Taken says so.
func (s *Store) ChangeAddress(ctx context.Context, link akkoord.Link, o akkoord.Origin) (akkoord.AddressChange, error) {
	var out akkoord.AddressChange
	told, err := s.newID(s.cfg.Now())
	if err != nil {
		return out, err
	}
	err = s.update(ctx, "change address", func(t *tx) error {
		c, st, err := s.addressChange(t, link)
		if out = c; err != nil || c.Answer != akkoord.AnswerPending || c.Taken {
			return err
		}
		change := st.Readdress(c.To, o, t.now)
		if err := t.apply(st, change); err != nil || change.IsZero() {
			return err
		}
		out.Answer = akkoord.AnswerConfirmed
		return errors.Join(
			t.exec(`UPDATE address_change SET state = $2 WHERE request = $1`, link.Request[:], addressConfirmed),
			t.putAddressChange(told, st.Subscriber.ID, st.Subscriber.Email, addressTold),
			t.errand(st.Subscriber.ID, told, st.Subscriber.Locale, akkoord.MailMoved),
		)
	})
	return out, err
}

// AddressSince gives when a person got their present address by changing it; zero
// for whoever never did, or is not there. Links that were mailed before it lie in
// another mailbox.
func (s *Store) AddressSince(ctx context.Context, person akkoord.ID) (time.Time, error) {
	var at int64
	err := s.view(ctx).queryRow(`SELECT coalesce(max(f.at), 0) FROM former_address f JOIN subscriber p ON p.id = f.subscriber_id WHERE p.public_id = $1`, person[:]).Scan(&at)
	return fromMicros(at), err
}

// readdress gives a person another address, and remembers the keyed hash of
// the old one. Rows of imports that hold the old one are found by the new, so
// that an erasure finds them.
func (t *tx) readdress(p akkoord.Subscriber, to akkoord.Email) error {
	old, hash := t.store.hasher.Person(p.Email), t.store.hasher.Person(to)
	return errors.Join(
		t.exec(`UPDATE subscriber SET email = $2, email_hash = $3 WHERE id = $1`, p.ID, to.Address(), hash[:]),
		t.exec(`INSERT INTO former_address (subscriber_id, hash, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, p.ID, old[:], micros(t.now)),
		t.exec(`DELETE FROM former_address WHERE subscriber_id = $1 AND hash = $2`, p.ID, hash[:]),
		t.exec(`UPDATE import_row SET hash = $2 WHERE hash = $1`, old[:], hash[:]),
	)
}

// former are the keyed hashes of a person's former addresses that nobody else
// has by now.
const former = `FROM former_address f WHERE f.subscriber_id = $1 AND NOT EXISTS (SELECT 1 FROM subscriber s WHERE s.email_hash = f.hash)`

// suppressFormer puts kinds of suppressions against a person's former addresses
// too.
func (t *tx) suppressFormer(person int64, kinds []akkoord.SuppressionKind) error {
	for _, k := range kinds {
		if err := t.exec(`INSERT INTO suppression (hash, kind, at) SELECT f.hash, $2, $3 `+former+` ON CONFLICT DO NOTHING`, person, string(k), micros(t.now)); err != nil {
			return err
		}
	}
	return nil
}

// departFormer notes for a person's former addresses what their present one
// departs from, since a backup may know the person by one of them (P17).
func (t *tx) departFormer(person int64, c akkoord.Change) error {
	c = akkoord.Change{Suppress: akkoord.Carried(c.Suppress), Lift: c.Lift, Forget: c.Forget, Events: c.Events}
	if person == 0 || !c.Departs() {
		return nil
	}
	var hashes []akkoord.AddressHash
	rows, err := t.query(`SELECT f.hash `+former, person)
	if err := each(rows, err, func(r row) error {
		var b []byte
		err := r.Scan(&b)
		hashes = append(hashes, hash32(b))
		return err
	}); err != nil {
		return err
	}
	for _, h := range hashes {
		t.note(c.Departures(h, t.now))
	}
	return nil
}

func hash32(b []byte) (h akkoord.AddressHash) {
	copy(h[:], b)
	return h
}
