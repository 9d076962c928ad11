package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"akkoord"
)

// PutSegment makes a segment (ID 0), or gives the one with its ID another name or
// filter, which is a new version where one differs: what goes out from now on is chosen
// by it, series that run included, and whoever was chosen before stays so. Slug and
// purpose never change. Its Version is the one that was read: Conflict with code
// segment_changed where there is a newer. Errors: Invalid, with code purpose_limitation
// for what belongs to another purpose (M16); NotFound; Conflict with code slug_taken.
func (s *Store) PutSegment(ctx context.Context, actor akkoord.Actor, wanted akkoord.Segment) (akkoord.Segment, error) {
	if wanted.ID == 0 {
		wanted.Name = cmp.Or(wanted.Name, wanted.Slug)
	}
	if err := wanted.Check(); err != nil {
		return wanted, err
	}
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return wanted, err
	}
	var out akkoord.Segment
	err = s.update(ctx, "put segment", func(t *tx) error {
		seg := wanted // a group may be written again
		var err error
		if seg.Filter, err = checkFilter(t, seg.PurposeID, seg.Filter); err != nil {
			return err
		}
		if seg.ID == 0 {
			seg.PublicID = id
			out, err = t.addSegment(actor, seg)
		} else {
			out, err = t.changeSegment(actor, seg)
		}
		return err
	})
	return out, err
}

func (t *tx) addSegment(actor akkoord.Actor, seg akkoord.Segment) (akkoord.Segment, error) {
	seg.Version, seg.CreatedAt, seg.ChangedAt = 1, t.now, t.now
	err := t.queryRow(`INSERT INTO segment (public_id, slug, purpose_id, version, created_at, name) VALUES ($1, $2, $3, 1, $4, $5)
		ON CONFLICT (slug) DO NOTHING RETURNING id`, seg.PublicID[:], seg.Slug, seg.PurposeID, micros(t.now), seg.Name).Scan(&seg.ID)
	if err != nil {
		return seg, taken(err, "segment", seg.Slug)
	}
	if err := t.putSegmentVersion(actor, seg); err != nil {
		return seg, err
	}
	return seg, t.audit(actor, "segment.create", named("segment", seg.Slug), "")
}

func (t *tx) changeSegment(actor akkoord.Actor, seg akkoord.Segment) (akkoord.Segment, error) {
	have, err := loadSegment(t, ` WHERE s.id = $1`, seg.ID)
	if err != nil {
		return have, err
	}
	was, err := toJSON(have.Filter)
	if err != nil {
		return have, err
	}
	is, err := toJSON(seg.Filter)
	switch {
	case err != nil || was == is && seg.Name == have.Name && seg.PurposeID == have.PurposeID:
		return have, err
	case seg.PurposeID != have.PurposeID:
		return have, fixed("purpose", "purpose_fixed", "The purpose of a segment can't change. Make a new segment.")
	case seg.Version != have.Version:
		return have, akkoord.Errorf(akkoord.Conflict, "segment_changed", "Somebody changed this segment since you read it; read it again, and change it then.")
	}
	note := fmt.Sprintf("version %d", have.Version+1)
	if seg.Name != have.Name {
		note += ", renamed"
	}
	if was != is {
		note += ", other conditions"
	}
	have.Name, have.Filter, have.ChangedAt = seg.Name, seg.Filter, t.now
	have.Version++
	if err := t.putSegmentVersion(actor, have); err != nil {
		return have, err
	}
	if err := t.exec(`UPDATE segment SET version = $2, name = $3 WHERE id = $1`, have.ID, have.Version, have.Name); err != nil {
		return have, err
	}
	n, err := t.execCount(`UPDATE mailing SET segment_version = $2 WHERE `+runsBySegment, have.ID, have.Version)
	if err != nil {
		return have, err
	}
	if n > 0 && was != is {
		note += fmt.Sprintf(", for %d running mailings of series from now on", n)
	}
	return have, t.audit(actor, "segment.change", named("segment", have.Slug), note)
}

func (t *tx) putSegmentVersion(actor akkoord.Actor, seg akkoord.Segment) error {
	filter, err := toJSON(seg.Filter)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO segment_version (segment_id, number, filter, actor, created_at) VALUES ($1, $2, $3, $4, $5)`,
		seg.ID, seg.Version, filter, string(actor), micros(t.now))
}

const segmentQuery = `SELECT s.id, s.public_id, s.slug, s.name, s.purpose_id, s.version, v.filter, s.created_at, v.created_at, s.archived_at
	FROM segment s JOIN segment_version v ON v.segment_id = s.id AND v.number = s.version`

func scanSegment(r row) (akkoord.Segment, error) {
	var seg akkoord.Segment
	var id []byte
	var filter string
	var created, changed, archived int64
	if err := r.Scan(&seg.ID, &id, &seg.Slug, &seg.Name, &seg.PurposeID, &seg.Version, &filter, &created, &changed, &archived); err != nil {
		return seg, err
	}
	seg.PublicID, seg.CreatedAt, seg.ChangedAt, seg.ArchivedAt = id16(id), fromMicros(created), fromMicros(changed), fromMicros(archived)
	var err error
	if seg.Filter, err = akkoord.ParseFilter("filter", []byte(filter)); err != nil {
		return seg, fmt.Errorf("segment %d: %w", seg.ID, err)
	}
	return seg, nil
}

func loadSegment(q querier, where string, arg any) (akkoord.Segment, error) {
	seg, err := scanSegment(q.queryRow(segmentQuery+where, arg))
	return seg, missing(err, "segment")
}

// Segment gives the segment with a slug, or NotFound.
func (s *Store) Segment(ctx context.Context, slug string) (akkoord.Segment, error) {
	return loadSegment(s.view(ctx), ` WHERE s.slug = $1`, slug)
}

// SegmentByID gives the segment with a number, or NotFound.
func (s *Store) SegmentByID(ctx context.Context, id int64) (akkoord.Segment, error) {
	return loadSegment(s.view(ctx), ` WHERE s.id = $1`, id)
}

// Segments gives a page of segments, oldest first, and the number after which
// the next page begins; 0 when there is none.
func (s *Store) Segments(ctx context.Context, of akkoord.Archival, p akkoord.Page) ([]akkoord.Segment, int64, error) {
	rows, err := s.view(ctx).query(segmentQuery+` WHERE s.id > $1`+archival(of, "s")+` ORDER BY s.id LIMIT $2`, p.After, p.Size()+1)
	out, err := list(rows, err, scanSegment)
	out, next := cut(out, p, func(seg akkoord.Segment) int64 { return seg.ID })
	return out, next, err
}

// SegmentSlugs gives the slugs of segments by number.
func (s *Store) SegmentSlugs(ctx context.Context, ids []int64) (map[int64]string, error) {
	return campaignTexts(s.view(ctx), ids, `SELECT id, slug FROM segment WHERE id IN (`)
}

// CheckFilter gives a filter with values as they are stored, or says what of
// it means nothing or belongs to another purpose.
func (s *Store) CheckFilter(ctx context.Context, purposeID int64, f akkoord.Filter) (akkoord.Filter, error) {
	return checkFilter(s.view(ctx), purposeID, f)
}

func checkFilter(q querier, purposeID int64, f akkoord.Filter) (akkoord.Filter, error) {
	v, err := vocabulary(q, f)
	if err != nil {
		return f, err
	}
	return checkNamed(purposeID, f, v)
}

func checkNamed(purposeID int64, f akkoord.Filter, v akkoord.Vocabulary) (akkoord.Filter, error) {
	if v.Purposes[purposeID] == "" {
		return f, akkoord.Fieldf("purpose", "purpose_unknown", "There is no such purpose.")
	}
	return f.Check("filter", purposeID, v)
}

// vocabulary reads what the names in a filter mean, each kind at once.
func vocabulary(q querier, f akkoord.Filter) (akkoord.Vocabulary, error) {
	v := akkoord.Vocabulary{
		Purposes: map[int64]string{}, LearnAfter: map[int64]int{}, Interests: map[string]int64{}, Attributes: map[string]akkoord.Attribute{},
		Campaigns: map[string]akkoord.Campaign{}, Topics: map[string][]int64{}, Links: map[string][]int64{},
	}
	names := map[string][]string{}
	f.Each("", func(_ string, f akkoord.Filter) {
		kind := string(f.Kind) + string(f.By)
		if f.Text != "" && !slices.Contains(names[kind], f.Text) {
			names[kind] = append(names[kind], f.Text)
		}
	})
	attributes, err := loadAttributes(q)
	if err != nil {
		return v, err
	}
	for _, a := range attributes {
		v.Attributes[a.Slug] = a
	}
	rows, err := q.query(`SELECT p.id, coalesce((SELECT w.name FROM purpose_text w WHERE w.purpose_id = p.id AND w.version = p.version AND w.locale = 'en'), p.slug), p.learn_after FROM purpose p`)
	if err := each(rows, err, func(r row) error {
		var id int64
		var name string
		var learnAfter int
		err := r.Scan(&id, &name, &learnAfter)
		v.Purposes[id], v.LearnAfter[id] = name, learnAfter
		return err
	}); err != nil {
		return v, err
	}
	err = inList(q, names["interest"], `SELECT slug, id FROM interest WHERE slug IN (`, func(name string, id int64) { v.Interests[name] = id })
	if err != nil {
		return v, err
	}
	err = inList(q, names["clickedcampaign"], `SELECT slug, id FROM campaign WHERE slug IN (`, func(name string, id int64) { v.Campaigns[name] = akkoord.Campaign{ID: id, Slug: name} })
	if err != nil {
		return v, err
	}
	err = inList(q, names["clickedcampaign"], `SELECT slug, purpose_id FROM campaign WHERE slug IN (`, func(name string, id int64) {
		c := v.Campaigns[name]
		c.PurposeID = id
		v.Campaigns[name] = c
	})
	if err != nil {
		return v, err
	}
	topics := slices.Concat(names["clickedtopic"], names["learned"])
	slices.Sort(topics)
	err = inList(q, slices.Compact(topics), `SELECT DISTINCT topic, purpose_id FROM link WHERE topic IN (`, func(name string, id int64) { v.Topics[name] = append(v.Topics[name], id) })
	if err != nil {
		return v, err
	}
	return v, inList(q, names["clickedlink"], `SELECT DISTINCT url, purpose_id FROM link WHERE url IN (`, func(name string, id int64) { v.Links[name] = append(v.Links[name], id) })
}

// inList runs a query over lists of names that have one length, so that there
// are few statements, and gives f a name and a number for each row.
func inList(q querier, names []string, query string, f func(name string, n int64)) error {
	for group := range slices.Chunk(names, manyNames) {
		rows, err := q.query(query+parameters(1, manyNames)+`)`, filled(group, manyNames, func(name string) any { return name })...)
		if err := each(rows, err, func(r row) error {
			var name string
			var n int64
			err := r.Scan(&name, &n)
			f(name, n)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

const manyNames = 16

// filled gives the values of a group as so many arguments, the last one again where
// the group has fewer.
func filled[T any](group []T, n int, value func(T) any) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = value(group[min(i, len(group)-1)])
	}
	return out
}

// segmentOf gives the filter that chose a mailing's audience; the one that
// holds everybody where none did.
func segmentOf(q querier, segmentID int64, version int) (akkoord.Filter, error) {
	if segmentID == 0 {
		return akkoord.Filter{Kind: akkoord.FilterAll}, nil
	}
	var text string
	if err := q.queryRow(`SELECT filter FROM segment_version WHERE segment_id = $1 AND number = $2`, segmentID, version).Scan(&text); err != nil {
		return akkoord.Filter{}, err
	}
	return akkoord.ParseFilter("filter", []byte(text))
}
