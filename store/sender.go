package store

import (
	"context"
	"fmt"
	"time"

	"akkoord"
)

// AddSender stores an address that mailings can come from. Errors: those of
// akkoord.SendingAddress.Check, and Conflict with codes slug_taken and
// too_many_senders.
func (s *Store) AddSender(ctx context.Context, actor akkoord.Actor, a akkoord.SendingAddress) (akkoord.SendingAddress, error) {
	if err := a.Check(); err != nil {
		return a, err
	}
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return a, err
	}
	var out akkoord.SendingAddress
	err = s.update(ctx, "add sender", func(t *tx) error {
		out = a
		out.PublicID, out.CreatedAt, out.RetiredAt = id, t.now, time.Time{}
		var have int
		if err := t.queryRow(`SELECT count(*) FROM sender WHERE retired_at = 0`).Scan(&have); err != nil {
			return err
		}
		if have >= akkoord.MaxSendingAddresses {
			return akkoord.Errorf(akkoord.Conflict, "too_many_senders", "There are %d senders already, which are the most; retire one first.", have)
		}
		if err := t.queryRow(`INSERT INTO sender (public_id, slug, name, address, created_at, retired_at) VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT (slug) DO NOTHING RETURNING id`,
			id[:], a.Slug, a.Name, a.Address.Address(), micros(t.now)).Scan(&out.ID); err != nil {
			return taken(err, "sender", a.Slug)
		}
		t.catalogue = true
		return t.audit(actor, "sender.create", named("sender", a.Slug), "at "+a.Address.Domain())
	})
	return out, err
}

// EditSender changes a sender from what it is at that moment; edit may be called
// more than once. What goes out from then on comes from it as it is now. Errors:
// NotFound, and those of akkoord.SendingAddress.Check.
func (s *Store) EditSender(ctx context.Context, actor akkoord.Actor, slug string, edit func(*akkoord.SendingAddress)) (akkoord.SendingAddress, error) {
	return s.changeSender(ctx, actor, slug, "sender.change", func(t *tx, a *akkoord.SendingAddress) (string, error) {
		edit(a)
		return "at " + a.Address.Domain(), a.Check()
	})
}

// RetireSender takes a sender out of what can be chosen. It is a Conflict with code
// sender_in_use while a purpose names it.
func (s *Store) RetireSender(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.SendingAddress, error) {
	return s.changeSender(ctx, actor, slug, "sender.retire", func(t *tx, a *akkoord.SendingAddress) (string, error) {
		purposes, err := loadPurposes(t)
		if err != nil {
			return "", err
		}
		for _, p := range purposes {
			if p.Sender == slug {
				return "", akkoord.Errorf(akkoord.Conflict, "sender_in_use", "Mailings of the purpose %s come from this sender; give it another first.", p.Slug)
			}
		}
		a.RetiredAt = t.now
		return "", nil
	})
}

// changeSender changes a sender that was not retired; what change gives is told in
// the audit trail.
func (s *Store) changeSender(ctx context.Context, actor akkoord.Actor, slug, action string, change func(*tx, *akkoord.SendingAddress) (string, error)) (akkoord.SendingAddress, error) {
	var out akkoord.SendingAddress
	err := s.update(ctx, action, func(t *tx) error {
		have, err := scanSender(t.queryRow(senderQuery+` WHERE slug = $1 AND retired_at = 0`, slug))
		if err != nil {
			return missing(err, "sender")
		}
		out = have
		note, err := change(t, &out)
		if err != nil || out == have {
			return err
		}
		out.ID, out.Slug = have.ID, have.Slug
		t.catalogue = true
		if err := t.exec(`UPDATE sender SET name = $2, address = $3, retired_at = $4 WHERE id = $1`, have.ID, out.Name, out.Address.Address(), micros(out.RetiredAt)); err != nil {
			return err
		}
		return t.audit(actor, action, named("sender", slug), note)
	})
	return out, err
}

// Senders gives the addresses that mailings can come from, beside that of the
// settings, oldest first; those that were retired too.
func (s *Store) Senders(ctx context.Context) ([]akkoord.SendingAddress, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	return c.senders, nil
}

// Sender gives the sender with a slug, or NotFound.
func (s *Store) Sender(ctx context.Context, slug string) (akkoord.SendingAddress, error) {
	all, err := s.Senders(ctx)
	for _, a := range all {
		if a.Slug == slug {
			return a, err
		}
	}
	if err == nil {
		err = akkoord.Errorf(akkoord.NotFound, "not_found", "There is no such sender.")
	}
	return akkoord.SendingAddress{}, err
}

const senderQuery = `SELECT id, public_id, slug, name, address, created_at, retired_at FROM sender`

func loadSenders(q querier) ([]akkoord.SendingAddress, error) {
	rows, err := q.query(senderQuery + ` ORDER BY id`)
	return list(rows, err, scanSender)
}

func scanSender(r row) (akkoord.SendingAddress, error) {
	var a akkoord.SendingAddress
	var id []byte
	var address string
	var created, retired int64
	if err := r.Scan(&a.ID, &id, &a.Slug, &a.Name, &address, &created, &retired); err != nil {
		return a, err
	}
	a.PublicID, a.CreatedAt, a.RetiredAt = id16(id), fromMicros(created), fromMicros(retired)
	var err error
	if a.Address, err = akkoord.ParseEmail(address); err != nil {
		return a, fmt.Errorf("sender %d: the stored address does not parse", a.ID)
	}
	return a, nil
}
