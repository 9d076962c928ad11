package store

import (
	"slices"
	"strings"

	"akkoord"
)

// standings loads the people of rows as far as the rules of imports need
// them, by the hashes of their addresses. Of those who are not on record the
// suppressions alone are given.
func (r *importRun) standings(q querier, rows []*importRow) (map[akkoord.AddressHash]akkoord.Standing, error) {
	out := map[akkoord.AddressHash]akkoord.Standing{}
	for part := range slices.Chunk(rows, lookup) {
		args := filled(part, lookup, func(row *importRow) any { return row.hash[:] })
		if err := peopleByHash(q, args, out); err != nil {
			return nil, err
		}
		if err := suppressionsByHash(q, args, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// lookup is how many hashes one query looks for.
const lookup = 500

var hashList = func() string {
	list := make([]string, lookup)
	for i := range list {
		list[i] = placeholder(i + 1)
	}
	return strings.Join(list, ", ")
}()

func peopleByHash(q querier, hashes []any, out map[akkoord.AddressHash]akkoord.Standing) error {
	rows, err := q.query(`SELECT `+subscriberColumns+`, subscriber.email_hash, `+subscriptionColumns+`
		FROM subscriber LEFT JOIN subscription x ON x.subscriber_id = subscriber.id WHERE subscriber.email_hash IN (`+hashList+`) ORDER BY subscriber.id, x.purpose_id`, hashes...)
	return each(rows, err, func(row row) error {
		var hash []byte
		var x subscriptionRow
		p, err := scanSubscriber(row, append([]any{&hash}, x.fields()...)...)
		if err != nil {
			return err
		}
		key := akkoord.AddressHash(hash)
		st := out[key]
		st.Subscriber = p
		if x.PurposeID != 0 {
			st.Subscriptions = append(st.Subscriptions, x.subscription())
		}
		out[key] = st
		return nil
	})
}

func suppressionsByHash(q querier, hashes []any, out map[akkoord.AddressHash]akkoord.Standing) error {
	var some bool
	if err := q.queryRow(`SELECT EXISTS (SELECT 1 FROM suppression)`).Scan(&some); err != nil || !some {
		return err
	}
	rows, err := q.query(`SELECT hash, kind FROM suppression WHERE hash IN (`+hashList+`)`, hashes...)
	return each(rows, err, func(row row) error {
		var hash []byte
		var kind akkoord.SuppressionKind
		if err := row.Scan(&hash, &kind); err != nil {
			return err
		}
		key := akkoord.AddressHash(hash)
		st := out[key]
		st.Suppressions = append(st.Suppressions, kind)
		out[key] = st
		return nil
	})
}

// write decides rows and records what was decided. New people are written many
// at a time; for others it is apply, as for any change.
func (r *importRun) write(t *tx, rows []*importRow, count func(*importRow, akkoord.ImportOutcome)) error {
	known, err := r.standings(t, rows)
	if err != nil {
		return err
	}
	b := newPeople{tx: t}
	var st akkoord.Standing
	var last akkoord.AddressHash
	for i, row := range rows {
		if row.Refused != nil {
			count(row, akkoord.ImportRejected)
			continue
		}
		if i == 0 || row.hash != last {
			st, last = known[row.hash], row.hash
		}
		c, outcome := st.Import(row.ImportRow, r.spec, t.now)
		count(row, outcome)
		switch {
		case c.IsZero():
		case st.Subscriber.ID == 0 && len(c.Subscriptions) > 0:
			st.Subscriber, err = b.add(row, c)
		case st.Subscriber.ID == 0:
			t.depart(akkoord.Subscriber{Email: row.Email}, c)
			err = t.applySuppressions(akkoord.Subscriber{Email: row.Email}, c)
		default:
			err = b.change(st, row, c, outcome)
		}
		if err != nil {
			return err
		}
		st = st.After(c)
	}
	if err := b.flush(); err != nil {
		return err
	}
	return r.setImported(t, rows)
}

// newPeople collects people who were not on record, to be written together.
type newPeople struct {
	*tx
	people, subscriptions waiting
	interests             []personInterest
}

type personInterest struct {
	person int64
	slug   string
}

// add takes a person with their one subscription; their line in the ledger
// joins those that wait for the end of the group.
func (b *newPeople) add(row *importRow, c akkoord.Change) (akkoord.Subscriber, error) {
	p := akkoord.Subscriber{ID: b.person + 1, PublicID: row.id, Email: row.Email, Name: row.Name, Locale: row.Locale, Salt: row.salt, CreatedAt: b.now, Interests: row.Interests}
	b.writer.person = p.ID
	b.depart(p, c)
	b.people.add(p.ID, row.id[:], row.hash[:], p.Email.Address(), p.Name, p.Locale, p.Salt, micros(p.CreatedAt))
	for _, s := range c.Subscriptions {
		ground, err := storedGround(s.Ground)
		if err != nil {
			return p, err
		}
		b.subscriptions.add(p.ID, s.PurposeID, string(s.State), micros(s.Since), string(s.Basis), s.Request[:], s.Version, s.Origin, s.Locale, micros(s.WasActive), micros(s.Agreed), ground)
	}
	for i := range c.Events {
		e := &c.Events[i]
		e.SubscriberID, e.Commitment = p.ID, row.commitment
		b.appendLine(e)
		b.rows[evidenceRows].add(e.Seq, row.evidence)
	}
	for _, slug := range row.Interests {
		b.interests = append(b.interests, personInterest{p.ID, slug})
	}
	if c.Suppress != nil {
		return p, b.applySuppressions(p, c)
	}
	return p, nil
}

// change records what was decided about somebody who is on record, perhaps by
// an earlier row.
func (b *newPeople) change(st akkoord.Standing, row *importRow, c akkoord.Change, outcome akkoord.ImportOutcome) error {
	if err := b.flush(); err != nil {
		return err
	}
	if err := b.apply(st, c); err != nil {
		return err
	}
	if outcome == akkoord.ImportOptOut {
		return nil
	}
	have, err := interests(b.tx, st.Subscriber.ID)
	if err != nil {
		return err
	}
	st.Subscriber.Interests = have
	more, some := st.Subscriber.Completed(row.ImportRow)
	if !some {
		return nil
	}
	if more.Name != nil {
		if err := b.exec(`UPDATE subscriber SET name = $2 WHERE id = $1`, st.Subscriber.ID, *more.Name); err != nil {
			return err
		}
	}
	if more.Interests != nil {
		return b.putInterests(st.Subscriber.ID, *more.Interests, b.now)
	}
	return nil
}

func (b *newPeople) flush() error {
	if err := b.insertMany(peopleRows, &b.people); err != nil {
		return err
	}
	if err := b.insertMany(subscriptionRows, &b.subscriptions); err != nil {
		return err
	}
	if len(b.interests) == 0 {
		return nil
	}
	ids := map[string]int64{}
	var rows waiting
	for _, x := range b.interests {
		id, ok := ids[x.slug]
		if !ok {
			var err error
			if id, err = b.interest(x.slug); err != nil {
				return err
			}
			ids[x.slug] = id
		}
		rows.add(x.person, id)
	}
	b.interests = b.interests[:0]
	return b.insertMany(interestRows, &rows)
}

// interest gives the number of an interest, which is made when it is new.
func (t *tx) interest(slug string) (id int64, err error) {
	if err := t.exec(`INSERT INTO interest (slug, created_at) VALUES ($1, $2) ON CONFLICT (slug) DO NOTHING`, slug, micros(t.now)); err != nil {
		return 0, err
	}
	err = t.queryRow(`SELECT id FROM interest WHERE slug = $1`, slug).Scan(&id)
	return id, err
}
