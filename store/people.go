package store

import (
	"context"
	"encoding/json"
	"fmt"

	"akkoord"
)

// People gives a page of people with where they stand and their interests,
// oldest first, and the number after which the next page begins; 0 when there
// is none. A page is two questions to the database, however many it shows.
func (s *Store) People(ctx context.Context, p akkoord.Page) ([]akkoord.Standing, int64, error) {
	return s.people(ctx, `SELECT * FROM subscriber WHERE id > $1 ORDER BY id LIMIT $2`, []any{p.After, p.Size() + 1}, p)
}

// PeopleOf is People for those who ever dealt with one of some purposes, of
// whom there is at least one.
func (s *Store) PeopleOf(ctx context.Context, purposes []int64, p akkoord.Page) ([]akkoord.Standing, int64, error) {
	args := []any{p.After, p.Size() + 1}
	for _, id := range purposes {
		args = append(args, id)
	}
	return s.people(ctx, `SELECT * FROM subscriber WHERE id > $1 AND EXISTS (SELECT 1 FROM subscription o
		WHERE o.subscriber_id = subscriber.id AND o.purpose_id IN (`+parameters(3, len(purposes))+`)) ORDER BY id LIMIT $2`, args, p)
}

func (s *Store) people(ctx context.Context, chosen string, args []any, p akkoord.Page) ([]akkoord.Standing, int64, error) {
	v := s.view(ctx)
	var out []akkoord.Standing
	rows, err := v.query(`SELECT `+standingColumns+`
		FROM (`+chosen+`) AS subscriber
		LEFT JOIN subscription x ON x.subscriber_id = subscriber.id ORDER BY subscriber.id, x.purpose_id`, args...)
	x := newStandingRow()
	err = each(rows, err, func(r row) error {
		if err := r.Scan(x.dest...); err != nil {
			return err
		}
		if len(out) == 0 || out[len(out)-1].Subscriber.ID != x.person.ID {
			out = append(out, akkoord.Standing{})
		}
		return x.read(&out[len(out)-1])
	})
	if err != nil || len(out) == 0 {
		return nil, 0, err
	}
	out, next := cut(out, p, func(st akkoord.Standing) int64 { return st.Subscriber.ID })
	return out, next, fillInterests(v, out)
}

// fillInterests reads the interests of people who are in order of number.
func fillInterests(q querier, people []akkoord.Standing) error {
	i := 0
	rows, err := q.query(`SELECT si.subscriber_id, i.slug FROM subscriber_interest si JOIN interest i ON i.id = si.interest_id
		WHERE si.subscriber_id >= $1 AND si.subscriber_id <= $2 ORDER BY si.subscriber_id, i.slug`, people[0].Subscriber.ID, people[len(people)-1].Subscriber.ID)
	return each(rows, err, func(r row) error {
		var id int64
		var slug string
		if err := r.Scan(&id, &slug); err != nil {
			return err
		}
		for i < len(people) && people[i].Subscriber.ID < id {
			i++
		}
		if i < len(people) && people[i].Subscriber.ID == id {
			people[i].Subscriber.Interests = append(people[i].Subscriber.Interests, slug)
		}
		return nil
	})
}

const eventQuery = `SELECT e.seq, e.at, e.kind, e.subscriber_id, e.purpose_id, e.campaign_id, e.mailing_id, e.request,
	e.form_version_id, e.wording_version, e.privacy_version, e.locale, e.source, e.actor, e.commitment, e.hash, coalesce(d.data, '')
	FROM consent_event e LEFT JOIN consent_evidence d ON d.seq = e.seq`

// scanEvent reads a line of the ledger with its evidence, and the evidence as
// it is stored.
func scanEvent(r row, more ...any) (akkoord.Event, string, error) {
	var e akkoord.Event
	var at int64
	var request, commitment, hash []byte
	var data string
	err := r.Scan(append([]any{&e.Seq, &at, &e.Kind, &e.SubscriberID, &e.PurposeID, &e.CampaignID, &e.MailingID, &request,
		&e.FormVersionID, &e.WordingVersion, &e.PrivacyVersion, &e.Locale, &e.Source, &e.Actor, &commitment, &hash, &data}, more...)...)
	if err != nil {
		return e, "", err
	}
	e.At, e.Request = fromMicros(at), id16(request)
	copy(e.Commitment[:], commitment)
	copy(e.Hash[:], hash)
	if data == "" {
		return e, "", nil
	}
	if err := json.Unmarshal([]byte(data), &e.Evidence); err != nil {
		return e, data, fmt.Errorf("the evidence of line %d does not parse: %w", e.Seq, err)
	}
	return e, data, nil
}

// Events gives all that the ledger holds of a person, with the evidence that
// is not erased, oldest first.
func (s *Store) Events(ctx context.Context, subscriberID int64) ([]akkoord.Event, error) {
	return events(s.view(ctx), subscriberID)
}

func events(q querier, subscriberID int64) ([]akkoord.Event, error) {
	var out []akkoord.Event
	rows, err := q.query(eventQuery+` WHERE e.subscriber_id = $1 ORDER BY e.seq`, subscriberID)
	err = each(rows, err, func(r row) error {
		e, _, err := scanEvent(r)
		out = append(out, e)
		return err
	})
	if err != nil {
		return nil, err
	}
	whole, err := wholeIPs(q, subscriberID)
	for i := range out {
		out[i].Evidence.Whole = whole[out[i].Seq]
	}
	return out, err
}

// EventsOf is Events by public id. A person who is not there is NotFound.
func (s *Store) EventsOf(ctx context.Context, person akkoord.ID) ([]akkoord.Event, error) {
	v := s.view(ctx)
	var id int64
	if err := v.queryRow(`SELECT subscriber.id FROM subscriber WHERE `+byPublicID, person[:]).Scan(&id); err != nil {
		return nil, missing(err, "person")
	}
	return events(v, id)
}

// PersonNames gives the names of people by number; those who are gone or told
// none are left out.
func (s *Store) PersonNames(ctx context.Context, ids []int64) (map[int64]string, error) {
	out := make(map[int64]string, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	rows, err := s.view(ctx).query(`SELECT id, name FROM subscriber WHERE name <> '' AND id IN (`+parameters(1, len(ids))+`)`, args...)
	err = each(rows, err, func(r row) error {
		var id int64
		var name string
		err := r.Scan(&id, &name)
		out[id] = name
		return err
	})
	return out, err
}
