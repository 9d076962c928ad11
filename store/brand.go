package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"akkoord"
)

// Brand gives how the organisation shows itself, from memory; zero where nothing
// was said.
func (s *Store) Brand(ctx context.Context) (akkoord.Brand, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return akkoord.Brand{}, err
	}
	return c.brand, nil
}

func loadBrand(q querier) (b akkoord.Brand, err error) {
	var logo []byte
	err = q.queryRow(`SELECT b.accent, i.public_id, b.logo_width, b.logo_height, b.logo_alt, b.version FROM brand b LEFT JOIN image i ON i.id = b.logo WHERE b.id = 1`).
		Scan(&b.Accent, &logo, &b.Logo.Width, &b.Logo.Height, &b.Logo.Alt, &b.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return b, nil
	}
	if logo != nil {
		b.Logo.Image = id16(logo)
	}
	return b, err
}

// SetBrand stores how the organisation shows itself, and gives it with its new
// version; b has the version that was read. All nodes use it from the next page and
// mail on. Errors: Invalid of akkoord.Brand.Check, NotFound of the picture,
// akkoord.ErrBrandChanged.
func (s *Store) SetBrand(ctx context.Context, actor akkoord.Actor, b akkoord.Brand) (akkoord.Brand, error) {
	if err := b.Check(); err != nil {
		return akkoord.Brand{}, err
	}
	b.Accent = strings.ToLower(b.Accent)
	var out akkoord.Brand
	err := s.update(ctx, "set brand", func(t *tx) error {
		have, err := loadBrand(t)
		if err != nil {
			return err
		}
		if have.Version != b.Version {
			return akkoord.ErrBrandChanged
		}
		if out = have; have == b {
			return nil
		}
		var logo sql.NullInt64
		if !b.Logo.Image.IsZero() {
			if err := t.queryRow(`SELECT id FROM image WHERE public_id = $1`, b.Logo.Image[:]).Scan(&logo); err != nil {
				return missing(err, "picture")
			}
		}
		t.catalogue = true
		if err := t.exec(`INSERT INTO brand (id, accent, logo, logo_width, logo_height, logo_alt, version) VALUES (1, $1, $2, $3, $4, $5, $6)
			ON CONFLICT (id) DO UPDATE SET accent = excluded.accent, logo = excluded.logo, logo_width = excluded.logo_width, logo_height = excluded.logo_height, logo_alt = excluded.logo_alt, version = excluded.version`,
			b.Accent, logo, b.Logo.Width, b.Logo.Height, b.Logo.Alt, have.Version+1); err != nil {
			return err
		}
		out = b
		out.Version = have.Version + 1
		return t.audit(actor, "brand.change", "brand", brandNote(have, out))
	})
	return out, err
}

// brandNote says for the audit trail what a change of the brand changed.
func brandNote(from, to akkoord.Brand) string {
	var parts []string
	for _, part := range []struct{ name, from, to string }{
		{"colour", from.Accent, to.Accent}, {"logo", logoName(from.Logo), logoName(to.Logo)}, {"words", from.Logo.Alt, to.Logo.Alt},
	} {
		if part.from != part.to {
			parts = append(parts, fmt.Sprintf("%s: %q to %q", part.name, part.from, part.to))
		}
	}
	return strings.Join(parts, "; ")
}

func logoName(l akkoord.Logo) string {
	if l.Image.IsZero() {
		return ""
	}
	return l.Image.String()
}
