package store

import (
	"context"
	"maps"
	"slices"

	"akkoord"
)

// AddAttribute makes an attribute that people can have, for the purpose with a
// slug. Errors: Invalid, NotFound of the purpose, and Conflict with code
// slug_taken.
func (s *Store) AddAttribute(ctx context.Context, actor akkoord.Actor, a akkoord.Attribute, purpose string) (akkoord.Attribute, error) {
	if err := a.Check(); err != nil {
		return akkoord.Attribute{}, err
	}
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return akkoord.Attribute{}, err
	}
	err = s.update(ctx, "add attribute", func(t *tx) error {
		p, err := t.purposeNamed(purpose)
		if err != nil {
			return err
		}
		a.PublicID, a.PurposeID, a.CreatedAt = id, p.ID, t.now
		if err := t.queryRow(`INSERT INTO attribute (public_id, slug, type, purpose_id, created_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (slug) DO NOTHING RETURNING id`, id[:], a.Slug, string(a.Type), p.ID, micros(t.now)).Scan(&a.ID); err != nil {
			return taken(err, "attribute", a.Slug)
		}
		t.catalogue = true
		return t.audit(actor, "attribute.create", named("attribute", a.Slug), "")
	})
	return a, err
}

// Attributes gives all attributes, oldest first. The list may not be changed.
func (s *Store) Attributes(ctx context.Context) ([]akkoord.Attribute, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	return c.attributes, nil
}

func loadAttributes(q querier) ([]akkoord.Attribute, error) {
	var out []akkoord.Attribute
	rows, err := q.query(`SELECT id, public_id, slug, type, purpose_id, created_at FROM attribute ORDER BY id`)
	err = each(rows, err, func(r row) error {
		var a akkoord.Attribute
		var id []byte
		var created int64
		err := r.Scan(&a.ID, &id, &a.Slug, &a.Type, &a.PurposeID, &created)
		a.PublicID, a.CreatedAt = id16(id), fromMicros(created)
		out = append(out, a)
		return err
	})
	return out, err
}

// attribute finds an attribute, or says that it is unknown.
func (c *catalogue) attribute(slug string) (akkoord.Attribute, error) {
	i := slices.IndexFunc(c.attributes, func(a akkoord.Attribute) bool { return a.Slug == slug })
	if i < 0 {
		return akkoord.Attribute{}, akkoord.Fieldf("attributes", "attribute_unknown", "There is no attribute %q; make it first.", slug)
	}
	return c.attributes[i], nil
}

// attributesOf gives the attributes of a person by slug.
func attributesOf(q querier, subscriberID int64) (map[string]string, error) {
	out := map[string]string{}
	rows, err := q.query(`SELECT a.slug, v.value FROM subscriber_attribute v JOIN attribute a ON a.id = v.attribute_id WHERE v.subscriber_id = $1`, subscriberID)
	err = each(rows, err, func(r row) error {
		var slug, value string
		err := r.Scan(&slug, &value)
		out[slug] = value
		return err
	})
	return out, err
}

// AttributesOf gives the attributes of a person by slug.
func (s *Store) AttributesOf(ctx context.Context, subscriberID int64) (map[string]string, error) {
	return attributesOf(s.view(ctx), subscriberID)
}

// setAttributes sets attributes of a person, or takes them away where the value
// is nil, and runs the rules that this sets off. It reports whether anything
// changed. Values are as they were told. Errors are Invalid.
func (t *tx) setAttributes(c *catalogue, st akkoord.Standing, values map[string]*string) (bool, error) {
	have, err := attributesOf(t, st.Subscriber.ID)
	if err != nil {
		return false, err
	}
	var set []string
	some := false
	for _, slug := range slices.Sorted(maps.Keys(values)) {
		a, err := c.attribute(slug)
		if err != nil {
			return false, err
		}
		was, known := have[slug]
		if values[slug] == nil {
			delete(have, slug)
			some = some || known
			if err := t.exec(`DELETE FROM subscriber_attribute WHERE subscriber_id = $1 AND attribute_id = $2`, st.Subscriber.ID, a.ID); err != nil {
				return false, err
			}
			continue
		}
		v, err := a.Parse(*values[slug])
		if err != nil {
			return false, err
		}
		if known && v == was {
			continue
		}
		have[slug], some, set = v, true, append(set, slug)
		if err := t.exec(`INSERT INTO subscriber_attribute (subscriber_id, attribute_id, value) VALUES ($1, $2, $3)
			ON CONFLICT (subscriber_id, attribute_id) DO UPDATE SET value = excluded.value`, st.Subscriber.ID, a.ID, v); err != nil {
			return false, err
		}
	}
	if len(set) == 0 {
		return some, nil
	}
	return some, t.occur(c, st, have, akkoord.Occasion{Changed: set})
}

// setImported sets the attributes of the rows of an import, once the people
// are there. What an import may not touch it leaves: people who left, bounced
// or are no part of it.
func (r *importRun) setImported(t *tx, rows []*importRow) error {
	for _, row := range rows {
		if row.Refused != nil || len(row.Attributes) == 0 || row.Status.OptOut() {
			continue
		}
		st, err := standing(t, byHash, row.hash[:])
		if err != nil {
			return err
		}
		if !r.mayAttribute(st) {
			continue
		}
		values := map[string]*string{}
		for i := range row.Attributes {
			values[row.Attributes[i].Slug] = &row.Attributes[i].Value
		}
		if _, err := t.setAttributes(r.rules, st, values); err != nil {
			return err
		}
	}
	return nil
}

// mayAttribute reports whether the import sets attributes of somebody who stands so.
func (r *importRun) mayAttribute(st akkoord.Standing) bool {
	return st.Subscriber.ID != 0 && len(st.Suppressions) == 0 && st.Subscription(r.spec.PurposeID).State != akkoord.Withdrawn
}

// checkAttributes refuses a row with an attribute that there is not, or a value
// that is none.
func (r *importRun) checkAttributes(row *importRow) {
	for _, v := range row.Attributes {
		a, err := r.rules.attribute(v.Slug)
		if err == nil {
			_, err = a.Parse(v.Value)
		}
		if e, ok := err.(*akkoord.Error); ok {
			row.Refused = e
			return
		}
	}
}
