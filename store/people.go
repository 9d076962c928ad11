package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"akkoord"
)

// People gives a page of the people who pass a filter, with where they stand and
// their interests, and the number after which the next page begins; 0 when there
// is none. They are in the order in which they were first known or, where the
// filter names an act, did that. A page is three questions to the database,
// however many it shows. A name in the filter that there is not is Invalid.
func (s *Store) People(ctx context.Context, f akkoord.PeopleFilter, p akkoord.Page) ([]akkoord.Standing, int64, error) {
	found, err := s.passing(ctx, f, p.After, p.Size()+1)
	if err != nil {
		return nil, 0, err
	}
	found, next := cut(found, p, func(f place) int64 { return f.cursor })
	if len(found) == 0 {
		return nil, 0, nil
	}
	order := map[int64]int{}
	ids := make([]int64, len(found))
	for i, f := range found {
		ids[i], order[f.person] = f.person, i
	}
	out, err := s.people(ctx, ids)
	slices.SortFunc(out, func(a, b akkoord.Standing) int { return order[a.Subscriber.ID] - order[b.Subscriber.ID] })
	return out, next, err
}

// place is somebody whom a filter lets through, and the cursor after whom the next one
// follows.
type place struct{ person, cursor int64 }

// passing gives the first people after a cursor whom a filter lets through.
func (s *Store) passing(ctx context.Context, f akkoord.PeopleFilter, after int64, limit int) ([]place, error) {
	q, err := s.peopleQuery(ctx, f)
	if err != nil {
		return nil, err
	}
	text, args := q.page(after, limit)
	rows, err := s.view(ctx).askOnce(text, args)
	return list(rows, err, func(r row) (place, error) {
		var f place
		return f, r.Scan(&f.person, &f.cursor)
	})
}

// people reads where people stand, of whom there is at least one, in order of
// number.
func (s *Store) people(ctx context.Context, ids []int64) ([]akkoord.Standing, error) {
	v := s.view(ctx)
	var out []akkoord.Standing
	chosen, args := parameters(1, len(ids)), boxed(ids)
	rows, err := v.askOnce(`SELECT `+standingColumns+`
		FROM (SELECT * FROM subscriber WHERE id IN (`+chosen+`)) AS subscriber
		LEFT JOIN subscription x ON x.subscriber_id = subscriber.id ORDER BY subscriber.id, x.purpose_id`, args)
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
		return nil, err
	}
	i := 0
	rows, err = v.askOnce(`SELECT si.subscriber_id, i.slug FROM subscriber_interest si JOIN interest i ON i.id = si.interest_id
		WHERE si.subscriber_id IN (`+chosen+`) ORDER BY si.subscriber_id, i.slug`, args)
	return out, each(rows, err, func(r row) error {
		var id int64
		var slug string
		if err := r.Scan(&id, &slug); err != nil {
			return err
		}
		for i < len(out) && out[i].Subscriber.ID < id {
			i++
		}
		if i < len(out) && out[i].Subscriber.ID == id {
			out[i].Subscriber.Interests = append(out[i].Subscriber.Interests, slug)
		}
		return nil
	})
}

// boxed gives numbers as arguments of a query.
func boxed(ids []int64) []any {
	out := make([]any, len(ids))
	for i, id := range ids {
		out[i] = id
	}
	return out
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
	rows, err := s.view(ctx).query(`SELECT id, name FROM subscriber WHERE name <> '' AND id IN (`+parameters(1, len(ids))+`)`, boxed(ids)...)
	err = each(rows, err, func(r row) error {
		var id int64
		var name string
		err := r.Scan(&id, &name)
		out[id] = name
		return err
	})
	return out, err
}
