package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"akkoord"
)

const requestDetailKept = 2 * 365 * 24 * time.Hour // after it was closed

// AddRequest enters what somebody asked for. Whoever has the address on record
// is found by it. Errors: Invalid, and NotFound for a person who is not there.
func (s *Store) AddRequest(ctx context.Context, actor akkoord.Actor, asked akkoord.PersonRequest) (akkoord.PersonRequest, error) {
	var email akkoord.Email
	var err error
	if asked.Email != "" {
		if email, err = akkoord.ParseEmail(asked.Email); err != nil {
			return asked, akkoord.AtField("email", err)
		}
		asked.Email = email.Address()
	}
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return asked, err
	}
	var r akkoord.PersonRequest
	err = s.update(ctx, "add request", func(t *tx) (err error) {
		r = asked // a group may be written again
		if r.ReceivedAt.IsZero() {
			r.ReceivedAt = t.now
		}
		if r, err = r.Check(t.now); err != nil {
			return err
		}
		r.PublicID = id
		var st akkoord.Standing
		switch {
		case !r.Person.IsZero():
			st, err = known(t, r.Person)
		case r.Email != "":
			hash := s.hasher.Person(email)
			st, err = standing(t, byHash, hash[:])
		}
		if err != nil {
			return err
		}
		if r.Person = st.Subscriber.PublicID; r.Email == "" && st.Subscriber.ID != 0 {
			r.Email = st.Subscriber.Email.Address()
		}
		if err := t.queryRow(`INSERT INTO person_request (public_id, kind, state, channel, handler, received_at, due_on, extended_at, closed_at)
			VALUES ($1, $2, $3, $4, '', $5, $6, 0, 0) RETURNING id`, id[:], string(r.Kind), string(r.State), r.Channel, micros(r.ReceivedAt), micros(r.DueOn)).Scan(&r.ID); err != nil {
			return err
		}
		return errors.Join(t.putDetail(r, st.Subscriber.ID), t.audit(actor, "request.create", r.Name(), string(r.Kind)))
	})
	return r, err
}

// putDetail stores what is personal in a request.
func (t *tx) putDetail(r akkoord.PersonRequest, subscriberID int64) error {
	detail, err := toJSON(r.RequestDetail)
	if err != nil {
		return err
	}
	hash := []byte{}
	if r.Email != "" {
		e, err := akkoord.ParseEmail(r.Email)
		if err != nil {
			return err
		}
		sum := t.store.hasher.Person(e)
		hash = sum[:]
	}
	return t.exec(`INSERT INTO request_detail (request_id, subscriber_id, hash, detail) VALUES ($1, $2, $3, $4)
		ON CONFLICT (request_id) DO UPDATE SET detail = excluded.detail`, r.ID, subscriberID, hash, detail)
}

// EditRequest changes a request from what it is at that moment; edit may be
// called more than once. Texts of a request whose person was erased since are
// not kept. Errors: NotFound, and those of edit.
func (s *Store) EditRequest(ctx context.Context, actor akkoord.Actor, id akkoord.ID, action string, edit func(akkoord.PersonRequest, time.Time) (akkoord.PersonRequest, error)) (akkoord.PersonRequest, error) {
	var r akkoord.PersonRequest
	err := s.update(ctx, "edit request", func(t *tx) error {
		have, subscriberID, err := scanRequest(t.queryRow(requestQuery+` WHERE r.public_id = $1`, id[:]))
		if err != nil {
			return missing(err, "request")
		}
		if r, err = edit(have, t.now); err != nil || r == have {
			return err
		}
		if err := t.exec(`UPDATE person_request SET state = $2, handler = $3, due_on = $4, extended_at = $5, closed_at = $6 WHERE id = $1`,
			r.ID, string(r.State), string(r.Handler), micros(r.DueOn), micros(r.ExtendedAt), micros(r.ClosedAt)); err != nil {
			return err
		}
		if subscriberID < 0 {
			r.RequestDetail = akkoord.RequestDetail{}
		} else if err := t.putDetail(r, subscriberID); err != nil {
			return err
		}
		return t.audit(actor, action, r.Name(), string(r.Kind))
	})
	return r, err
}

// Request gives a request, or NotFound.
func (s *Store) Request(ctx context.Context, id akkoord.ID) (akkoord.PersonRequest, error) {
	r, _, err := scanRequest(s.view(ctx).queryRow(requestQuery+` WHERE r.public_id = $1`, id[:]))
	return r, missing(err, "request")
}

// Requests gives a page of all requests in a state, or in any for the empty
// one, oldest first, and the number after which the next page begins; 0 when
// there is none.
func (s *Store) Requests(ctx context.Context, state akkoord.RequestState, p akkoord.Page) ([]akkoord.PersonRequest, int64, error) {
	out, err := requests(s.view(ctx), ` WHERE r.id > $1 AND ($2 = '' OR r.state = $2) ORDER BY r.id LIMIT $3`, p.After, string(state), p.Size()+1)
	out, next := cut(out, p, func(r akkoord.PersonRequest) int64 { return r.ID })
	return out, next, err
}

// DueRequests gives the open requests, those due first before others, and
// after them those closed last: at most limit of each.
func (s *Store) DueRequests(ctx context.Context, limit int) (open, closed []akkoord.PersonRequest, err error) {
	v := s.view(ctx)
	if open, err = requests(v, ` WHERE r.state = 'open' ORDER BY r.due_on, r.id LIMIT $1`, limit); err != nil {
		return nil, nil, err
	}
	closed, err = requests(v, ` WHERE r.state <> 'open' ORDER BY r.closed_at DESC, r.id LIMIT $1`, limit)
	return open, closed, err
}

const requestQuery = `SELECT r.id, r.public_id, r.kind, r.state, r.channel, r.handler, r.received_at, r.due_on, r.extended_at, r.closed_at,
	d.subscriber_id, d.detail, s.public_id FROM person_request r LEFT JOIN request_detail d ON d.request_id = r.id LEFT JOIN subscriber s ON s.id = d.subscriber_id`

func requests(q querier, where string, args ...any) ([]akkoord.PersonRequest, error) {
	var out []akkoord.PersonRequest
	rows, err := q.query(requestQuery+where, args...)
	return out, each(rows, err, func(row row) error {
		r, _, err := scanRequest(row)
		out = append(out, r)
		return err
	})
}

// scanRequest also gives the number of the person; -1 where the detail is gone.
func scanRequest(row row) (r akkoord.PersonRequest, subscriberID int64, err error) {
	var id, person []byte
	var received, due, extended, closed int64
	var subscriber sql.NullInt64
	var detail sql.NullString
	if err := row.Scan(&r.ID, &id, &r.Kind, &r.State, &r.Channel, &r.Handler, &received, &due, &extended, &closed, &subscriber, &detail, &person); err != nil {
		return r, 0, err
	}
	r.PublicID, r.ReceivedAt, r.DueOn, r.ExtendedAt, r.ClosedAt = id16(id), fromMicros(received), fromMicros(due), fromMicros(extended), fromMicros(closed)
	if !detail.Valid {
		return r, -1, nil
	}
	err = json.Unmarshal([]byte(detail.String), &r.RequestDetail)
	if len(person) > 0 {
		r.Person = id16(person)
	}
	return r, subscriber.Int64, err
}

// recordRequests adds what a person asked for to their record.
func recordRequests(q querier, rec *akkoord.PersonRecord, hash akkoord.AddressHash, subscriberID int64) error {
	list, err := requests(q, ` WHERE r.id IN (SELECT request_id FROM request_detail WHERE hash = $1 OR subscriber_id = $2) ORDER BY r.id`, hash[:], subscriberID)
	for _, r := range list {
		rec.Requests = append(rec.Requests, akkoord.RequestRecord{
			Kind: r.Kind, State: r.State, ReceivedAt: akkoord.Moment{Time: r.ReceivedAt}, ClosedAt: akkoord.Moment{Time: r.ClosedAt}, RequestDetail: r.RequestDetail,
		})
	}
	return err
}

// Restrict keeps a person's data and uses it for nothing (Art. 18 GDPR).
// Errors: NotFound, and those of Standing.Restrict.
func (s *Store) Restrict(ctx context.Context, person akkoord.ID, reason string, o akkoord.Origin) error {
	return s.decide(ctx, "restrict", person, func(st akkoord.Standing, t *tx) (akkoord.Change, error) { return t.restrict(st, reason, o) })
}

func (t *tx) restrict(st akkoord.Standing, reason string, o akkoord.Origin) (akkoord.Change, error) {
	c, err := st.Restrict(reason, o, t.now)
	if err != nil || c.IsZero() {
		return c, err
	}
	return c, t.audit(o.Actor, "subscriber.restrict", named("subscriber", st.Subscriber.PublicID.String()), "")
}

// Unrestrict ends a restriction, of which the person was told on a day.
// Errors: NotFound, and those of Standing.Unrestrict.
func (s *Store) Unrestrict(ctx context.Context, person akkoord.ID, told time.Time, reason string, o akkoord.Origin) error {
	return s.decide(ctx, "unrestrict", person, func(st akkoord.Standing, t *tx) (akkoord.Change, error) {
		c, err := st.Unrestrict(told, reason, o, t.now)
		if err != nil || c.IsZero() {
			return c, err
		}
		return c, t.audit(o.Actor, "subscriber.unrestrict", named("subscriber", person.String()), "")
	})
}
