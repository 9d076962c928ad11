package store

import (
	"context"
	"slices"

	"akkoord"
)

// SegmentNames gives what the conditions of a segment of a purpose can name. Of
// topics only those that mails of this purpose had (M16).
func (s *Store) SegmentNames(ctx context.Context, purposeID int64) (akkoord.SegmentNames, error) {
	v := s.view(ctx)
	var out akkoord.SegmentNames
	var err error
	if out.Interests, err = names(v, `SELECT slug FROM interest ORDER BY slug LIMIT $1`, akkoord.Limits.Page); err != nil {
		return out, err
	}
	if out.Topics, err = names(v, `SELECT DISTINCT topic FROM link WHERE purpose_id = $2 AND topic <> '' ORDER BY topic LIMIT $1`, akkoord.Limits.Page, purposeID); err != nil {
		return out, err
	}
	if out.Campaigns, err = names(v, `SELECT slug FROM campaign WHERE purpose_id = $2 ORDER BY slug LIMIT $1`, akkoord.Limits.Page, purposeID); err != nil {
		return out, err
	}
	attributes, err := loadAttributes(v)
	for _, a := range attributes {
		if a.PurposeID == purposeID {
			out.Attributes = append(out.Attributes, a.Slug)
		}
	}
	if err != nil {
		return out, err
	}
	forms, err := names(v, `SELECT slug FROM form ORDER BY slug LIMIT $1`, akkoord.Limits.Page)
	for _, slug := range forms {
		out.Sources = append(out.Sources, "form:"+slug)
	}
	out.Sources = append(out.Sources, "import", "api", "rule")
	return out, err
}

func names(q querier, query string, args ...any) ([]string, error) {
	rows, err := q.query(query, args...)
	out, err := list(rows, err, func(r row) (name string, err error) { return name, r.Scan(&name) })
	return slices.Clip(out), err
}
