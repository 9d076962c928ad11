package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"akkoord"
)

// AddProcessor puts a party into the register (M28). Errors: Invalid, and
// Conflict with code slug_taken.
func (s *Store) AddProcessor(ctx context.Context, actor akkoord.Actor, p akkoord.Processor) (akkoord.Processor, error) {
	if err := p.Check(); err != nil {
		return akkoord.Processor{}, err
	}
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return akkoord.Processor{}, err
	}
	err = s.update(ctx, "add processor", func(t *tx) error {
		p.PublicID, p.CreatedAt, p.EndedAt = id, t.now, time.Time{}
		if err := t.queryRow(`INSERT INTO processor (public_id, slug, name, role, country, signed_on, valid_until, document, created_at, ended_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0) ON CONFLICT (slug) DO NOTHING RETURNING id`,
			id[:], p.Slug, p.Name, string(p.Role), p.Country, micros(p.Agreement.SignedOn), micros(p.Agreement.ValidUntil), p.Agreement.Document, micros(t.now)).
			Scan(&p.ID); err != nil {
			return taken(err, "processor", p.Slug)
		}
		t.catalogue = true
		return t.audit(actor, "processor.create", named("processor", p.Slug), "")
	})
	return p, err
}

// EditProcessor changes a party from what it is at that moment: a renewed
// agreement, a new name, its end. edit may be called more than once. The slug
// stays. Errors: Invalid and NotFound.
func (s *Store) EditProcessor(ctx context.Context, actor akkoord.Actor, slug, action, note string, edit func(*akkoord.Processor, time.Time)) (akkoord.Processor, error) {
	var p akkoord.Processor
	err := s.update(ctx, "edit processor", func(t *tx) error {
		have, err := processorBySlug(t, slug)
		if err != nil {
			return missing(err, "processor")
		}
		p = have
		edit(&p, t.now)
		if p == have {
			return nil
		}
		if err := p.Check(); err != nil {
			return err
		}
		if err := t.exec(`UPDATE processor SET name = $2, role = $3, country = $4, signed_on = $5, valid_until = $6, document = $7, ended_at = $8 WHERE id = $1`,
			p.ID, p.Name, string(p.Role), p.Country, micros(p.Agreement.SignedOn), micros(p.Agreement.ValidUntil), p.Agreement.Document, micros(p.EndedAt)); err != nil {
			return err
		}
		t.catalogue = true
		t.outbox, t.mailing = true, true // what waited for an agreement may go now
		if err := t.enqueueWebhooks(); err != nil {
			return err
		}
		return t.audit(actor, action, named("processor", slug), strings.TrimSpace(renewal(have, p)+" "+note))
	})
	return p, err
}

// renewal tells what a change of a party did to its agreement.
func renewal(from, to akkoord.Processor) string {
	if from.Agreement == to.Agreement {
		return ""
	}
	until := func(a akkoord.Agreement) string {
		if a.ValidUntil.IsZero() {
			return "open"
		}
		return a.ValidUntil.Format(time.DateOnly)
	}
	return "until " + until(from.Agreement) + ", now " + until(to.Agreement)
}

// Processor gives the party with a slug, or NotFound.
func (s *Store) Processor(ctx context.Context, slug string) (akkoord.Processor, error) {
	p, err := processorBySlug(s.view(ctx), slug)
	return p, missing(err, "processor")
}

// Processors gives a page of the register, oldest first, and the number after
// which the next page begins; 0 when there is none.
func (s *Store) Processors(ctx context.Context, p akkoord.Page) ([]akkoord.Processor, int64, error) {
	rows, err := s.view(ctx).query(processorQuery+` WHERE id > $1 ORDER BY id LIMIT $2`, p.After, p.Size()+1)
	out, err := list(rows, err, scanProcessor)
	out, next := cut(out, p, func(p akkoord.Processor) int64 { return p.ID })
	return out, next, err
}

// Register gives all parties from memory, oldest first.
func (s *Store) Register(ctx context.Context) ([]akkoord.Processor, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	return c.processors, nil
}

func loadProcessors(q querier) ([]akkoord.Processor, error) {
	rows, err := q.query(processorQuery + ` ORDER BY id`)
	return list(rows, err, scanProcessor)
}

const processorQuery = `SELECT id, public_id, slug, name, role, country, signed_on, valid_until, document, created_at, ended_at FROM processor`

func processorBySlug(q querier, slug string) (akkoord.Processor, error) {
	return scanProcessor(q.queryRow(processorQuery+` WHERE slug = $1`, slug))
}

func scanProcessor(r row) (akkoord.Processor, error) {
	var p akkoord.Processor
	var id []byte
	var signed, until, created, ended int64
	err := r.Scan(&p.ID, &id, &p.Slug, &p.Name, &p.Role, &p.Country, &signed, &until, &p.Agreement.Document, &created, &ended)
	p.PublicID, p.Agreement.SignedOn, p.Agreement.ValidUntil = id16(id), fromMicros(signed), fromMicros(until)
	p.CreatedAt, p.EndedAt = fromMicros(created), fromMicros(ended)
	return p, err
}

// RelayObstacles gives all that forbids handing mail to the party that runs the
// relay, or nothing (M28).
func (s *Store) RelayObstacles(ctx context.Context) ([]akkoord.Reason, error) {
	return s.ProcessorObstacles(ctx, s.cfg.Relay)
}

// checkParty refuses a party that is in no register.
func (t *tx) checkParty(slug string) error {
	if slug == akkoord.OwnProcessor {
		return nil
	}
	var there bool
	if err := t.queryRow(`SELECT EXISTS (SELECT 1 FROM processor WHERE slug = $1)`, slug).Scan(&there); err != nil || there {
		return err
	}
	return akkoord.Fieldf("processor", "processor_unknown", "There is no such party in the register of processors; add it with its agreement first.")
}

// ProcessorObstacles gives all that forbids giving data to a party, or nothing.
// The empty slug and "own" are no other party.
func (s *Store) ProcessorObstacles(ctx context.Context, slug string) ([]akkoord.Reason, error) {
	why, _, err := processorObstacles(s.view(ctx), slug, s.cfg.Now())
	return why, err
}

// processorObstacles also gives when they may change by themselves; zero:
// never.
func processorObstacles(q querier, slug string, now time.Time) (why []akkoord.Reason, until time.Time, err error) {
	p, err := processorBySlug(q, slug)
	if errors.Is(err, sql.ErrNoRows) {
		return akkoord.PartyObstacles(slug, nil, now), time.Time{}, nil
	}
	why = akkoord.PartyObstacles(slug, []akkoord.Processor{p}, now)
	if now.Before(p.Agreement.SignedOn) {
		return why, p.Agreement.SignedOn, err
	}
	return why, p.Agreement.Ends(), err
}
