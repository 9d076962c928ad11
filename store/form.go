package store

import (
	"context"
	"encoding/json"
	"fmt"

	"akkoord"
)

// formSpec is how a form version is stored.
type formSpec struct {
	Purposes  []string                    `json:"purposes"`
	Interests []string                    `json:"interests"`
	Asks      []akkoord.FormAttribute     `json:"attributes,omitempty"`
	Tracking  bool                        `json:"tracking,omitempty"`
	Challenge string                      `json:"challenge"`
	Origins   []string                    `json:"origins"`
	Texts     map[string]akkoord.FormText `json:"texts"`
}

// PutForm makes a form (ID 0) or a new version of the one with its ID.
// Versions never change: each sign-up keeps the one that was seen. An edit
// that changes nothing makes no version. Errors: Invalid, Conflict with code
// slug_taken.
func (s *Store) PutForm(ctx context.Context, actor akkoord.Actor, f akkoord.Form) (akkoord.Form, error) {
	if err := f.Check(); err != nil {
		return akkoord.Form{}, err
	}
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return akkoord.Form{}, err
	}
	var out akkoord.Form
	err = s.update(ctx, "put form", func(t *tx) error {
		var err error
		out, err = t.putForm(actor, f, id)
		return err
	})
	return out, err
}

// EditForm makes a new version of the form with a slug from its present one,
// as PutForm does: of two edits at once neither undoes the other. edit may be
// called more than once; its error ends it. Errors: NotFound, Invalid.
func (s *Store) EditForm(ctx context.Context, actor akkoord.Actor, slug string, edit func(*akkoord.FormVersion) error) (akkoord.Form, error) {
	var out akkoord.Form
	err := s.update(ctx, "edit form", func(t *tx) error {
		f, err := scanForm(t.queryRow(formQuery+` WHERE f.slug = $1`, slug))
		if err != nil {
			return missing(err, "form")
		}
		if err := edit(&f.Version); err != nil {
			return err
		}
		if err := f.Check(); err != nil {
			return err
		}
		out, err = t.putForm(actor, f, f.PublicID)
		return err
	})
	return out, err
}

// putForm stores a form that was checked; id is the public id of a new one.
func (t *tx) putForm(actor akkoord.Actor, f akkoord.Form, id akkoord.ID) (akkoord.Form, error) {
	c, err := loadCatalogue(t)
	if err != nil {
		return akkoord.Form{}, err
	}
	v, _, err := f.Version.Complete(c.purposes, c.attributes)
	if err != nil {
		return akkoord.Form{}, err
	}
	spec, err := toJSON(formSpec{v.Purposes, v.Interests, v.Asks, v.Tracking, v.Challenge, v.Origins, v.Texts})
	if err != nil {
		return akkoord.Form{}, err
	}
	number := f.ID
	if number == 0 {
		number, err = t.addForm(actor, id, f.Slug, spec)
	} else {
		err = t.editForm(actor, f, spec)
	}
	if err != nil {
		return akkoord.Form{}, err
	}
	for _, slug := range v.Interests {
		if err := t.exec(`INSERT INTO interest (slug, created_at) VALUES ($1, $2) ON CONFLICT (slug) DO NOTHING`, slug, micros(t.now)); err != nil {
			return akkoord.Form{}, err
		}
	}
	return scanForm(t.queryRow(formQuery+` WHERE f.id = $1`, number))
}

func (t *tx) addForm(actor akkoord.Actor, id akkoord.ID, slug, spec string) (int64, error) {
	var number int64
	err := t.queryRow(`INSERT INTO form (public_id, slug, version, created_at) VALUES ($1, $2, 1, $3)
		ON CONFLICT (slug) DO NOTHING RETURNING id`, id[:], slug, micros(t.now)).Scan(&number)
	if err != nil {
		return 0, taken(err, "form", slug)
	}
	if err := t.addFormVersion(number, 1, spec); err != nil {
		return 0, err
	}
	return number, t.audit(actor, "form.create", named("form", slug), "")
}

func (t *tx) editForm(actor akkoord.Actor, f akkoord.Form, spec string) error {
	var slug, have string
	var version int
	err := t.queryRow(`SELECT f.slug, f.version, v.spec FROM form f JOIN form_version v ON v.form_id = f.id AND v.number = f.version
		WHERE f.id = $1`, f.ID).Scan(&slug, &version, &have)
	if err != nil {
		return missing(err, "form")
	}
	if slug != f.Slug {
		return fixed("slug", "slug_fixed", "The slug of a form can't change: pages link to it.")
	}
	if have == spec {
		return nil
	}
	version++
	if err := t.addFormVersion(f.ID, version, spec); err != nil {
		return err
	}
	if err := t.exec(`UPDATE form SET version = $2 WHERE id = $1`, f.ID, version); err != nil {
		return err
	}
	return t.audit(actor, "form.change", named("form", f.Slug), fmt.Sprintf("version %d", version))
}

func (t *tx) addFormVersion(form int64, number int, spec string) error {
	t.catalogue = true
	return t.exec(`INSERT INTO form_version (form_id, number, spec, created_at) VALUES ($1, $2, $3, $4)`, form, number, spec, micros(t.now))
}

const formQuery = `SELECT f.id, f.public_id, f.slug, f.created_at, v.id, v.number, v.spec, v.created_at
	FROM form f JOIN form_version v ON v.form_id = f.id AND v.number = f.version`

func scanForm(r row) (akkoord.Form, error) {
	var f akkoord.Form
	var id []byte
	var spec string
	var created, since int64
	v := &f.Version
	if err := r.Scan(&f.ID, &id, &f.Slug, &created, &v.ID, &v.Number, &spec, &since); err != nil {
		return f, err
	}
	var have formSpec
	if err := json.Unmarshal([]byte(spec), &have); err != nil {
		return f, fmt.Errorf("form %d: %w", f.ID, err)
	}
	f.PublicID, f.CreatedAt, v.CreatedAt = id16(id), fromMicros(created), fromMicros(since)
	v.Purposes, v.Interests, v.Asks, v.Tracking, v.Challenge, v.Origins, v.Texts = have.Purposes, have.Interests, have.Asks, have.Tracking, have.Challenge, have.Origins, have.Texts
	return f, nil
}

func loadForms(q querier) ([]akkoord.Form, error) {
	rows, err := q.query(formQuery + ` ORDER BY f.id`)
	return list(rows, err, scanForm)
}

// Form gives the form with a slug in its present version, or NotFound. Its
// lists and texts may not be changed.
func (s *Store) Form(ctx context.Context, slug string) (akkoord.Form, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return akkoord.Form{}, err
	}
	i, ok := c.formSlug[slug]
	if !ok {
		return akkoord.Form{}, akkoord.Errorf(akkoord.NotFound, "not_found", "There is no such form.")
	}
	return c.forms[i], nil
}

// Forms gives all forms in their present versions, oldest first. Neither the
// list nor what it holds may be changed.
func (s *Store) Forms(ctx context.Context) ([]akkoord.Form, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	return c.forms, nil
}
