package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"akkoord"
)

// PutPurpose makes a purpose (ID 0) or edits the one with its ID. Changed
// texts make a new version; those of earlier versions stay, since consents
// refer to them (M4). Slug and basis never change: they are part of what
// people agreed to. It is a Conflict with code slug_taken when a new purpose's
// slug is in use.
func (s *Store) PutPurpose(ctx context.Context, actor akkoord.Actor, p akkoord.Purpose) (akkoord.Purpose, error) {
	if err := p.Check(); err != nil {
		return akkoord.Purpose{}, err
	}
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return akkoord.Purpose{}, err
	}
	var out akkoord.Purpose
	err = s.update(ctx, "put purpose", func(t *tx) error {
		var err error
		if p.ID == 0 {
			p.PublicID = id
			out, err = t.addPurpose(actor, p)
			return err
		}
		have, err := purposeNumbered(t, p.ID)
		if err != nil {
			return err
		}
		out, err = t.editPurpose(actor, have, p)
		return err
	})
	return out, err
}

// AddPurposeTexts makes a new version of a purpose's texts, in which the given
// languages take the place of what stood there and the others stay. change says
// what it is, where people may have agreed to the words before.
func (s *Store) AddPurposeTexts(ctx context.Context, actor akkoord.Actor, slug string, texts map[string]akkoord.PurposeText, change akkoord.WordingChange) (akkoord.Purpose, error) {
	return s.EditPurpose(ctx, actor, slug, func(p *akkoord.Purpose) error {
		maps.Copy(p.Texts, texts)
		p.Change = change
		return nil
	})
}

// WordingChanges gives the edits of a purpose's texts, newest first; its first
// version is none.
func (s *Store) WordingChanges(ctx context.Context, purposeID int64) ([]akkoord.WordingEdit, error) {
	rows, err := s.view(ctx).query(`SELECT version, change, reason, actor, at FROM wording_change WHERE purpose_id = $1 ORDER BY version DESC`, purposeID)
	return list(rows, err, func(r row) (e akkoord.WordingEdit, err error) {
		var at int64
		err = r.Scan(&e.Version, &e.Kind, &e.Reason, &e.Actor, &at)
		e.At = fromMicros(at)
		return e, err
	})
}

// EditPurpose changes the purpose with a slug as PutPurpose does, from what it
// is at that moment: of two edits at once neither undoes the other. edit may
// be called more than once; its error ends it. Errors: NotFound, Invalid, Conflict.
func (s *Store) EditPurpose(ctx context.Context, actor akkoord.Actor, slug string, edit func(*akkoord.Purpose) error) (akkoord.Purpose, error) {
	var out akkoord.Purpose
	err := s.update(ctx, "edit purpose", func(t *tx) error {
		c, err := loadCatalogue(t)
		if err != nil {
			return err
		}
		have, err := c.purposeNamed(slug)
		if err != nil {
			return err
		}
		p := have
		p.Texts = maps.Clone(p.Texts)
		if err := edit(&p); err != nil {
			return err
		}
		if err := p.Check(); err != nil {
			return err
		}
		out, err = t.editPurpose(actor, have, p)
		return err
	})
	return out, err
}

func (t *tx) addPurpose(actor akkoord.Actor, p akkoord.Purpose) (akkoord.Purpose, error) {
	p.Version, p.CreatedAt = 1, t.now
	p.Retention, p.Retention.Stopped = p.Retention.Complete(), time.Time{}
	err := t.queryRow(`INSERT INTO purpose (public_id, slug, basis, inactive_after, version, created_at, ask_again_after, expire_after, signals, learn_after)
		VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9) ON CONFLICT (slug) DO NOTHING RETURNING id`, p.PublicID[:], p.Slug, string(p.Basis), p.InactiveAfter, micros(t.now),
		p.Retention.AskAgainAfter, p.Retention.ExpireAfter, storedSignals(p.Retention.Signals), p.LearnAfter).Scan(&p.ID)
	if err != nil {
		return p, taken(err, "purpose", p.Slug)
	}
	if err := t.putTexts(actor, p); err != nil {
		return p, err
	}
	t.catalogue = true
	return p, t.audit(actor, "purpose.create", named("purpose", p.Slug), "")
}

func (t *tx) editPurpose(actor akkoord.Actor, have, p akkoord.Purpose) (akkoord.Purpose, error) {
	switch {
	case p.Slug != have.Slug:
		return have, fixed("slug", "slug_fixed", "The slug of a purpose can't change: mails and links carry it.")
	case p.Basis != have.Basis:
		return have, fixed("basis", "basis_fixed", "The basis of a purpose can't change: people agreed on it. Make a new purpose.")
	}
	next := have
	next.InactiveAfter, next.LearnAfter = p.InactiveAfter, p.LearnAfter
	next.Retention = p.Retention.Complete()
	next.Retention.Stopped = have.Retention.Stopped // it has acts of its own
	if !maps.Equal(p.Texts, have.Texts) {
		next.Texts, next.Change = maps.Clone(p.Texts), p.Change
		var change akkoord.WordingChange
		var err error
		if next, change, err = have.Reworded(next); err != nil {
			return have, err
		}
		if err := t.putTexts(actor, next); err != nil {
			return have, err
		}
		if err := t.exec(`INSERT INTO wording_change (purpose_id, version, change, reason, actor, at) VALUES ($1, $2, $3, $4, $5, $6)`,
			next.ID, next.Version, string(change.Kind), change.Reason, string(actor), micros(t.now)); err != nil {
			return have, err
		}
	}
	if next.Version == have.Version && next.InactiveAfter == have.InactiveAfter && next.LearnAfter == have.LearnAfter && next.Retention.Same(have.Retention) {
		return have, nil
	}
	if err := t.exec(`UPDATE purpose SET inactive_after = $2, version = $3, wider = $4, ask_again_after = $5, expire_after = $6, signals = $7, learn_after = $8 WHERE id = $1`,
		next.ID, next.InactiveAfter, next.Version, next.Wider, next.Retention.AskAgainAfter, next.Retention.ExpireAfter, storedSignals(next.Retention.Signals), next.LearnAfter); err != nil {
		return have, err
	}
	t.catalogue = true
	if next.LearnAfter != have.LearnAfter {
		if err := t.audit(actor, "purpose.learning", named("purpose", next.Slug), fmt.Sprintf("after %d links, was %d; 0 is never", next.LearnAfter, have.LearnAfter)); err != nil {
			return have, err
		}
	}
	return next, t.audit(actor, "purpose.change", named("purpose", next.Slug), fmt.Sprintf("version %d", next.Version))
}

func (t *tx) putTexts(actor akkoord.Actor, p akkoord.Purpose) error {
	for _, locale := range slices.Sorted(maps.Keys(p.Texts)) {
		text := p.Texts[locale]
		if err := t.appendWording(actor, p, locale, text); err != nil {
			return err
		}
		if err := t.exec(`INSERT INTO purpose_text (purpose_id, version, locale, name, explanation, wording, frequency, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			p.ID, p.Version, locale, text.Name, text.Explanation, text.Wording, text.Frequency, micros(t.now)); err != nil {
			return err
		}
	}
	return nil
}

func purposeNumbered(q querier, id int64) (akkoord.Purpose, error) {
	c, err := loadCatalogue(q)
	if err != nil {
		return akkoord.Purpose{}, err
	}
	return c.purposeNumbered(id)
}

func (c *catalogue) purposeNumbered(id int64) (akkoord.Purpose, error) {
	if p := c.purpose(id); p.ID != 0 {
		return p, nil
	}
	return akkoord.Purpose{}, errNoPurpose
}

func (c *catalogue) purposeNamed(slug string) (akkoord.Purpose, error) {
	if i, ok := c.slugs[slug]; ok {
		return c.purposes[i], nil
	}
	return akkoord.Purpose{}, errNoPurpose
}

var errNoPurpose = akkoord.Errorf(akkoord.NotFound, "not_found", "There is no such purpose.")

// Purposes gives all purposes with their present texts, oldest first. Neither
// the list nor the texts may be changed.
func (s *Store) Purposes(ctx context.Context) ([]akkoord.Purpose, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	return c.purposes, nil
}

// Purpose gives the purpose with a slug, whose texts may not be changed, or
// NotFound.
func (s *Store) Purpose(ctx context.Context, slug string) (akkoord.Purpose, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return akkoord.Purpose{}, err
	}
	return c.purposeNamed(slug)
}

// PurposeByID gives the purpose with a number, or NotFound.
func (s *Store) PurposeByID(ctx context.Context, id int64) (akkoord.Purpose, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return akkoord.Purpose{}, err
	}
	return c.purposeNumbered(id)
}

// PurposeSlugs gives the slugs of purposes by number; those that do not exist
// are left out.
func (s *Store) PurposeSlugs(ctx context.Context, ids []int64) (map[int64]string, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]string, len(ids))
	for _, id := range ids {
		if p := c.purpose(id); p.ID != 0 {
			out[id] = p.Slug
		}
	}
	return out, nil
}

// Wording gives the texts of a version of a purpose in a language, as people
// saw them (M4), or NotFound.
func (s *Store) Wording(ctx context.Context, purposeID int64, version int, locale string) (akkoord.PurposeText, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return akkoord.PurposeText{}, err
	}
	text, ok := c.wordings[wordingKey{purposeID, version, locale}]
	if !ok {
		return text, akkoord.Errorf(akkoord.NotFound, "not_found", "The purpose has no such version in this language.")
	}
	return text, nil
}
