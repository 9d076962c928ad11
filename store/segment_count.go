package store

import (
	"context"
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"akkoord"
)

const (
	// fewPeople is up to how many people of a purpose a count is left to the database.
	fewPeople = 20_000
	// countWait is how long a count waits for sets that were not read yet.
	countWait = 2 * time.Second
	// largestSet is how many bytes one set may have: a third of all room, which
	// numbers of sixty million people fill at the worst.
	largestSet = setsRoom / 3
	readBatch  = 1 << 14 // numbers that are added to a set at once
)

// CountSegmentSoon counts as CountSegment does, within about two seconds, for
// somebody who edits: where a purpose has few people, by the database; else from
// sets in memory that are of a moment ago. Where they are not read yet the answer is
// Counting. No mailing is ever sent by it. Errors are those of akkoord.Filter.Check.
func (s *Store) CountSegmentSoon(ctx context.Context, purposeID int64, f akkoord.Filter) (akkoord.SegmentCount, error) {
	p, err := s.peopleOf(ctx, purposeID, f)
	if err != nil {
		return akkoord.SegmentCount{}, err
	}
	soon, stop := context.WithTimeout(ctx, countWait)
	defer stop()
	people, out, err := p.count(ctx, soon)
	if err == nil && people != nil {
		out.People = int64(people.GetCardinality())
	}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return akkoord.SegmentCount{Counting: true}, nil
	}
	return out, err
}

// CountSegmentNow is CountSegment with the time that the number is of.
func (s *Store) CountSegmentNow(ctx context.Context, purposeID int64, f akkoord.Filter) (akkoord.SegmentCount, error) {
	now := s.cfg.Now()
	n, err := s.CountSegment(ctx, purposeID, f)
	return akkoord.SegmentCount{People: n, AsOf: now, Exact: true}, err
}

// Readers counts by language the people whom a mailing could reach now: they may be
// mailed for its purpose and are in its segment, of a mailing of a series too. Where a
// purpose has many, from sets that are of a moment ago; nil while these are read.
func (s *Store) Readers(ctx context.Context, m akkoord.Mailing) (map[string]int64, error) {
	c, narrow, err := s.choice(ctx, m)
	if err != nil {
		return nil, err
	}
	v := s.view(ctx)
	names, err := vocabulary(v, narrow)
	if err != nil {
		return nil, err
	}
	p := segmentPeople{store: s, view: v, purpose: c.PurposeID, filter: narrow, names: names}
	out := map[string]int64{}
	soon, stop := context.WithTimeout(ctx, countWait)
	defer stop()
	people, _, err := p.many(soon)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil, nil // not counted yet
	}
	if err != nil {
		return nil, err
	}
	if people == nil {
		condition, args, err := p.condition()
		if err != nil {
			return nil, err
		}
		rows, err := v.askOnce(`SELECT s.locale, count(*)`+mailable+` AND `+condition+` GROUP BY s.locale`, args)
		return out, each(rows, err, func(r row) error {
			var locale string
			var n int64
			err := r.Scan(&locale, &n)
			out[locale] = n
			return err
		})
	}
	for locale, of := range p.base.locales {
		if n := of.AndCardinality(people); n > 0 {
			out[locale] = int64(n)
		}
	}
	return out, nil
}

// segmentPeople finds who is in a checked filter.
type segmentPeople struct {
	store   *Store
	view    view
	purpose int64
	filter  akkoord.Filter
	names   akkoord.Vocabulary

	base  peopleSet
	asOf  time.Time // the oldest of what was looked at
	large bool      // a set was too large for memory
}

func (s *Store) peopleOf(ctx context.Context, purposeID int64, f akkoord.Filter) (*segmentPeople, error) {
	v := s.view(ctx)
	names, err := vocabulary(v, f)
	if err != nil {
		return nil, err
	}
	f, err = checkNamed(purposeID, f, names)
	return &segmentPeople{store: s, view: v, purpose: purposeID, filter: f, names: names}, err
}

// condition is the filter for the database, now; parameters $1 and $2 are those of mailable.
func (p *segmentPeople) condition() (string, []any, error) {
	now := p.store.cfg.Now()
	return compileNamed(p.names, p.filter, p.purpose, now, []any{p.purpose, micros(now)})
}

// count gives the people by their sets, or where they are few or too many the count
// of the database: of few at once, of too many as it was a moment ago.
func (p *segmentPeople) count(ctx, soon context.Context) (*roaring.Bitmap, akkoord.SegmentCount, error) {
	people, few, err := p.many(soon)
	switch {
	case err != nil:
		return nil, akkoord.SegmentCount{}, err
	case people != nil:
		return people, akkoord.SegmentCount{AsOf: p.asOf}, nil
	case few:
		now := p.store.cfg.Now()
		n, err := p.counted(ctx)
		return nil, akkoord.SegmentCount{People: n, AsOf: now, Exact: true}, err
	}
	text, err := toJSON(p.filter)
	if err != nil {
		return nil, akkoord.SegmentCount{}, err
	}
	k, err := p.store.sets.ask(soon, setKey{purpose: p.purpose, kind: "counted", value: text}, func(ctx context.Context) (peopleSet, error) {
		n, err := p.counted(ctx)
		return peopleSet{count: n}, err
	})
	return nil, akkoord.SegmentCount{People: k.count, AsOf: k.at, Exact: true}, err
}

func (p *segmentPeople) counted(ctx context.Context) (n int64, err error) {
	condition, args, err := p.condition()
	if err != nil {
		return 0, err
	}
	err = p.store.view(ctx).once(`SELECT count(*)`+mailable+` AND `+condition, args...).Scan(&n)
	return n, err
}

// few reports whether the purpose has so few people that each count is quick.
func (p *segmentPeople) few(ctx context.Context) (bool, error) {
	var n int
	err := p.store.view(ctx).queryRow(`SELECT count(*) FROM (SELECT 1 FROM subscription WHERE purpose_id = $1 AND state = 'active' LIMIT $2) AS people`, p.purpose, p.store.cfg.FewPeople+1).Scan(&n)
	return n <= p.store.cfg.FewPeople, err
}

// many gives the people of a filter, where the purpose has many; nil where it has few,
// and where they are too many for memory.
func (p *segmentPeople) many(ctx context.Context) (people *roaring.Bitmap, few bool, err error) {
	if few, err = p.few(ctx); few || err != nil {
		return nil, few, err
	}
	if p.base, err = p.store.sets.ask(ctx, setKey{purpose: p.purpose, kind: "mailable"}, p.readBase); err != nil || p.base.people == nil {
		return nil, false, err
	}
	p.asOf = p.base.at
	people, err = p.in(ctx, p.filter)
	if err != nil || p.large {
		return nil, false, err
	}
	return roaring.And(p.base.people, people), false, nil
}

// in gives those of the base for whom a filter holds, and perhaps others besides.
// What it gives may be a set that is kept: nobody alters it.
func (p *segmentPeople) in(ctx context.Context, f akkoord.Filter) (*roaring.Bitmap, error) {
	switch f.Kind {
	case akkoord.FilterAll:
		out := p.base.people
		for _, child := range f.Of {
			people, err := p.in(ctx, child)
			if err != nil {
				return nil, err
			}
			out = roaring.And(out, people)
		}
		return out, nil
	case akkoord.FilterAny:
		out := roaring.New()
		for _, child := range f.Of {
			people, err := p.in(ctx, child)
			if err != nil {
				return nil, err
			}
			out.Or(people)
		}
		return out, nil
	case akkoord.FilterNot:
		people, err := p.in(ctx, f.Of[0])
		if err != nil {
			return nil, err
		}
		return roaring.AndNot(p.base.people, people), nil
	case akkoord.FilterLocale:
		if people, ok := p.base.locales[f.Text]; ok {
			return people, nil
		}
		return roaring.New(), nil
	}
	k, err := p.store.sets.ask(ctx, p.key(f), func(ctx context.Context) (peopleSet, error) { return p.readLeaf(ctx, f) })
	if err != nil {
		return nil, err
	}
	if k.at.Before(p.asOf) {
		p.asOf = k.at
	}
	if k.people == nil {
		p.large = true
		return roaring.New(), nil
	}
	return k.people, nil
}

func (p *segmentPeople) key(f akkoord.Filter) setKey {
	key := setKey{purpose: p.purpose, kind: string(f.Kind), by: string(f.By), text: f.Text, op: string(f.Op), value: f.Value, days: f.Days, at: micros(f.At)}
	switch f.Kind {
	case akkoord.FilterInterest:
		key.purpose = 0
	case akkoord.FilterLearned:
		key.value = strconv.Itoa(p.names.LearnAfter[p.purpose])
	case akkoord.FilterAttribute:
		key.comparedAs = string(p.names.Attributes[f.Text].Type)
	}
	return key
}

// readBase reads who may be mailed for the purpose, with their languages.
func (p *segmentPeople) readBase(ctx context.Context) (peopleSet, error) {
	all, locales := newSetBuilder(), map[string]*setBuilder{}
	rows, err := p.store.view(ctx).query(`SELECT x.subscriber_id, s.locale`+mailable, p.purpose, micros(p.store.cfg.Now()))
	var id int64
	var locale string
	err = each(rows, err, func(r row) error {
		if err := r.Scan(&id, &locale); err != nil {
			return err
		}
		of := locales[locale]
		if of == nil {
			of = newSetBuilder()
			locales[locale] = of
		}
		return errors.Join(all.add(id), of.add(id))
	})
	if errors.Is(err, errSetTooLarge) {
		return peopleSet{}, nil
	}
	out := peopleSet{people: all.built(), locales: map[string]*roaring.Bitmap{}}
	for locale, of := range locales {
		out.locales[locale] = of.built()
	}
	return out, err
}

// readLeaf reads of whom a condition holds, by the index that it has.
func (p *segmentPeople) readLeaf(ctx context.Context, f akkoord.Filter) (peopleSet, error) {
	query, args, err := leafQuery(f, p.purpose, p.store.cfg.Now(), p.names)
	if err != nil {
		return peopleSet{}, err
	}
	of := newSetBuilder()
	rows, err := p.store.view(ctx).askOnce(query, args)
	var id int64
	err = each(rows, err, func(r row) error {
		if err := r.Scan(&id); err != nil {
			return err
		}
		return of.add(id)
	})
	if errors.Is(err, errSetTooLarge) {
		return peopleSet{}, nil
	}
	return peopleSet{people: of.built()}, err
}

// setBuilder makes a set of the numbers of people.
type setBuilder struct {
	people *roaring.Bitmap
	batch  []uint32
}

func newSetBuilder() *setBuilder { return &setBuilder{people: roaring.New()} }

var errSetTooLarge = errors.New("a set of people is too large to be kept in memory")

func (b *setBuilder) add(id int64) error {
	if id < 0 || id > math.MaxUint32 {
		return errSetTooLarge
	}
	if b.batch = append(b.batch, uint32(id)); len(b.batch) < readBatch {
		return nil
	}
	b.people.AddMany(b.batch)
	b.batch = b.batch[:0]
	if b.people.GetSizeInBytes() > largestSet {
		return errSetTooLarge
	}
	return nil
}

// built gives the set in as few bytes as it takes.
func (b *setBuilder) built() *roaring.Bitmap {
	b.people.AddMany(b.batch)
	b.people.RunOptimize()
	return b.people.Clone()
}
