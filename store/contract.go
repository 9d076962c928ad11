package store

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"akkoord"
)

// AddContractTemplate stores a new template of transactional mail (M9). domain is
// that of AKKOORD_FROM. Errors: Invalid, and Conflict with code slug_taken.
func (s *Store) AddContractTemplate(ctx context.Context, actor akkoord.Actor, c akkoord.ContractTemplate, domain string) (akkoord.ContractTemplate, error) {
	if err := c.Check(domain); err != nil {
		return akkoord.ContractTemplate{}, err
	}
	var err error
	if c.PublicID, err = s.newID(s.cfg.Now()); err != nil {
		return akkoord.ContractTemplate{}, err
	}
	err = s.update(ctx, "add contract template", func(t *tx) error {
		c.Version, c.CreatedAt = 1, t.now
		if err := t.queryRow(`INSERT INTO contract_template (public_id, slug, version, created_at, retired_at) VALUES ($1, $2, 1, $3, 0)
			ON CONFLICT (slug) DO NOTHING RETURNING id`, c.PublicID[:], c.Slug, micros(t.now)).Scan(&c.ID); err != nil {
			return taken(err, "template", c.Slug)
		}
		if err := t.putContractVersion(c); err != nil {
			return err
		}
		return t.audit(actor, "transactional.create", named("template", c.Slug), "")
	})
	return c, err
}

func (t *tx) putContractVersion(c akkoord.ContractTemplate) error {
	spec, err := toJSON(c.Spec)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO contract_version (template_id, number, spec, created_at) VALUES ($1, $2, $3, $4)`, c.ID, c.Version, spec, micros(t.now))
}

// EditContractTemplate changes a template from what it is at that moment: a
// changed text is a new version, and mails that wait keep theirs. edit may be
// called more than once. The slug stays. Errors: Invalid and NotFound.
func (s *Store) EditContractTemplate(ctx context.Context, actor akkoord.Actor, slug, domain string, edit func(*akkoord.ContractSpec), retired *bool) (akkoord.ContractTemplate, error) {
	var c akkoord.ContractTemplate
	err := s.update(ctx, "edit contract template", func(t *tx) error {
		var err error
		if c, err = contractBySlug(t, slug); err != nil {
			return missing(err, "template")
		}
		before, err := contractBySlug(t, slug) // edit may write into its maps
		if err != nil {
			return err
		}
		edit(&c.Spec)
		if err := c.Check(domain); err != nil {
			return err
		}
		note := ""
		if !reflect.DeepEqual(c.Spec, before.Spec) {
			c.Version++
			if err := t.putContractVersion(c); err != nil {
				return err
			}
			note = fmt.Sprintf("version %d", c.Version)
		}
		switch {
		case retired == nil || *retired != c.RetiredAt.IsZero():
		case *retired:
			c.RetiredAt, note = t.now, note+" retired"
		default:
			c.RetiredAt, note = fromMicros(0), note+" in use again"
		}
		if note == "" {
			return nil
		}
		if err := t.exec(`UPDATE contract_template SET version = $2, retired_at = $3 WHERE id = $1`, c.ID, c.Version, micros(c.RetiredAt)); err != nil {
			return err
		}
		return t.audit(actor, "transactional.change", named("template", slug), note)
	})
	return c, err
}

// ContractTemplate gives the template with a slug, or NotFound.
func (s *Store) ContractTemplate(ctx context.Context, slug string) (akkoord.ContractTemplate, error) {
	c, err := contractBySlug(s.view(ctx), slug)
	return c, missing(err, "template")
}

// ContractTemplates gives a page of the templates, oldest first, and the number
// after which the next page begins; 0 when there is none.
func (s *Store) ContractTemplates(ctx context.Context, p akkoord.Page) ([]akkoord.ContractTemplate, int64, error) {
	rows, err := s.view(ctx).query(contractQuery+` WHERE c.id > $1 ORDER BY c.id LIMIT $2`, p.After, p.Size()+1)
	out, err := list(rows, err, scanContract)
	out, next := cut(out, p, func(c akkoord.ContractTemplate) int64 { return c.ID })
	return out, next, err
}

const contractQuery = `SELECT c.id, c.public_id, c.slug, c.version, c.created_at, c.retired_at, v.spec
	FROM contract_template c JOIN contract_version v ON v.template_id = c.id AND v.number = c.version`

func contractBySlug(q querier, slug string) (akkoord.ContractTemplate, error) {
	return scanContract(q.queryRow(contractQuery+` WHERE c.slug = $1`, slug))
}

func scanContract(r row) (akkoord.ContractTemplate, error) {
	var c akkoord.ContractTemplate
	var id []byte
	var created, retired int64
	var spec string
	if err := r.Scan(&c.ID, &id, &c.Slug, &c.Version, &created, &retired, &spec); err != nil {
		return c, err
	}
	c.PublicID, c.CreatedAt, c.RetiredAt = id16(id), fromMicros(created), fromMicros(retired)
	if err := json.Unmarshal([]byte(spec), &c.Spec); err != nil {
		return c, fmt.Errorf("template %d: %w", c.ID, err)
	}
	return c, nil
}
