package store

import (
	"context"
	"maps"
	"slices"

	"akkoord"
)

// Interests gives the slugs of the interests that people can choose, a page of them.
func (s *Store) Interests(ctx context.Context) ([]string, error) {
	return names(s.view(ctx), `SELECT slug FROM interest ORDER BY slug LIMIT $1`, akkoord.Limits.Page)
}

// SegmentNames gives what the conditions of a segment of a purpose can name. Of
// topics only those that mails of this purpose had (M16).
func (s *Store) SegmentNames(ctx context.Context, purposeID int64) (akkoord.SegmentNames, error) {
	v := s.view(ctx)
	var out akkoord.SegmentNames
	var err error
	if out.Interests, err = s.Interests(ctx); err != nil {
		return out, err
	}
	if out.Topics, err = names(v, `SELECT DISTINCT topic FROM link WHERE purpose_id = $2 AND topic <> '' ORDER BY topic LIMIT $1`, akkoord.Limits.Page, purposeID); err != nil {
		return out, err
	}
	if out.Campaigns, err = names(v, `SELECT slug FROM campaign WHERE purpose_id = $2 ORDER BY slug LIMIT $1`, akkoord.Limits.Page, purposeID); err != nil {
		return out, err
	}
	c, err := s.catalogue(ctx)
	if err != nil {
		return out, err
	}
	for _, a := range c.attributes {
		if a.PurposeID == purposeID {
			out.Attributes = append(out.Attributes, a.Slug)
		}
	}
	out.Sources, out.Learns = c.sources(), c.purpose(purposeID).Learns()
	return out, nil
}

// Sources gives how people can have come in.
func (s *Store) Sources(ctx context.Context) ([]string, error) {
	c, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	return c.sources(), nil
}

func (c *catalogue) sources() []string {
	var out []string
	for _, slug := range slices.Sorted(maps.Keys(c.formSlug)) {
		out = append(out, "form:"+slug)
	}
	return append(out, "import", "api", "rule")
}
