package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"akkoord"
)

const subscriberColumns = `subscriber.id, subscriber.public_id, subscriber.email, subscriber.name, subscriber.locale, subscriber.salt, subscriber.created_at`

// subscriberRow is a person as subscriberColumns give them.
type subscriberRow struct {
	akkoord.Subscriber
	id      []byte
	email   string
	created int64
}

func (x *subscriberRow) fields() []any {
	return []any{&x.ID, &x.id, &x.email, &x.Name, &x.Locale, &x.Salt, &x.created}
}

func (x *subscriberRow) subscriber() (akkoord.Subscriber, error) {
	p := x.Subscriber
	var err error
	if p.Email, err = akkoord.ParseEmail(x.email); err != nil {
		return p, fmt.Errorf("subscriber %d: the stored address does not parse", p.ID)
	}
	p.PublicID, p.CreatedAt = id16(x.id), fromMicros(x.created)
	return p, nil
}

func scanSubscriber(r row, more ...any) (akkoord.Subscriber, error) {
	var x subscriberRow
	if err := r.Scan(append(x.fields(), more...)...); err != nil {
		return x.Subscriber, err
	}
	return x.subscriber()
}

// besides gives, in one column each, the suppressions of a person's address,
// the campaigns that they left, the end of their pause and whether they are Plain.
const besides = `
	coalesce((SELECT string_agg(x.kind, ',') FROM suppression x WHERE x.hash = subscriber.email_hash), ''),
	coalesce((SELECT string_agg(CAST(l.campaign_id AS TEXT), ',') FROM campaign_leave l WHERE l.subscriber_id = subscriber.id), ''), subscriber.paused_until,
	NOT EXISTS (SELECT 1 FROM former_address f WHERE f.subscriber_id = subscriber.id) AND NOT EXISTS (SELECT 1 FROM evidence_ip i WHERE i.subscriber_id = subscriber.id AND i.reduced_at = 0)`

// subscriptionColumns are what subscriptionRow reads, of a table x that may have no row.
const subscriptionColumns = `coalesce(x.purpose_id, 0), coalesce(x.state, ''), coalesce(x.since, 0), coalesce(x.basis, ''), x.request, coalesce(x.version, 0),
	coalesce(x.form_version_id, 0), coalesce(x.locale, ''), coalesce(x.was_active, 0), coalesce(x.agreed, 0), coalesce(x.tracking, 0), coalesce(x.learning, 0), coalesce(x.tracking_asked, ''), coalesce(x.ground, ''), coalesce(x.renewed, 0), coalesce(x.asked, 0), coalesce(x.reminded, 0),
	coalesce((SELECT w.wider FROM purpose w WHERE w.id = x.purpose_id), 0), coalesce((SELECT w.archived_at > 0 FROM purpose w WHERE w.id = x.purpose_id), FALSE)`

// standingColumns are what standingRow reads.
const standingColumns = subscriberColumns + `, ` + besides + `, ` + subscriptionColumns

// standingRow is a person with one of their subscriptions, or with none. It is
// used for row after row.
type standingRow struct {
	person       subscriberRow
	subscription subscriptionRow
	kinds, left  string
	paused       int64
	plain        bool
	dest         []any
}

// newStandingRow reads into first what stands before standingColumns.
func newStandingRow(first ...any) *standingRow {
	x := &standingRow{}
	x.dest = slices.Concat(first, x.person.fields(), []any{&x.kinds, &x.left, &x.paused, &x.plain}, x.subscription.fields())
	return x
}

// read adds a row to a standing: the first of a person, or another of the same.
func (x *standingRow) read(st *akkoord.Standing) (err error) {
	if st.Subscriber.ID == 0 {
		if *st, err = x.standing(); err != nil {
			return err
		}
	}
	if x.subscription.PurposeID != 0 {
		st.Subscriptions = append(st.Subscriptions, x.subscription.subscription())
	}
	return nil
}

func (x *standingRow) standing() (st akkoord.Standing, err error) {
	if st.Subscriber, err = x.person.subscriber(); err != nil {
		return st, err
	}
	st.PausedUntil, st.Plain = fromMicros(x.paused), x.plain
	if x.kinds != "" {
		for k := range strings.SplitSeq(x.kinds, ",") {
			st.Suppressions = append(st.Suppressions, akkoord.SuppressionKind(k))
		}
	}
	if x.left != "" {
		for c := range strings.SplitSeq(x.left, ",") {
			id, err := strconv.ParseInt(c, 10, 64)
			if err != nil {
				return st, err
			}
			st.Left = append(st.Left, id)
		}
	}
	return st, nil
}

// standing loads all that the rules need of the person selected by where,
// which is one of the constants below. A person who is not there gives a zero
// Subscriber.
func standing(q querier, where string, arg any) (akkoord.Standing, error) {
	var st akkoord.Standing
	rows, err := q.query(`SELECT `+standingColumns+`
		FROM subscriber LEFT JOIN subscription x ON x.subscriber_id = subscriber.id WHERE `+where+` ORDER BY x.purpose_id`, arg)
	x := newStandingRow()
	err = each(rows, err, func(r row) error {
		if err := r.Scan(x.dest...); err != nil {
			return err
		}
		return x.read(&st)
	})
	return st, err
}

// known is standing for somebody who has to be on record, else NotFound.
func known(q querier, person akkoord.ID) (akkoord.Standing, error) {
	st, err := standing(q, byPublicID, person[:])
	if err == nil && st.Subscriber.ID == 0 {
		err = missing(sql.ErrNoRows, "person")
	}
	return st, err
}

const (
	byID       = `subscriber.id = $1`
	byPublicID = `subscriber.public_id = $1`
	byHash     = `subscriber.email_hash = $1`
)

// subscriptionRow is a subscription as it is stored.
type subscriptionRow struct {
	akkoord.Subscription
	state, basis string
	since, was   int64
	agreed       int64
	tracking     int64
	learning     int64
	ground       string

	renewed, asked, reminded int64
	request                  []byte
}

func (x *subscriptionRow) fields() []any {
	return []any{&x.PurposeID, &x.state, &x.since, &x.basis, &x.request, &x.Version, &x.Origin, &x.Locale, &x.was, &x.agreed, &x.tracking, &x.learning, &x.TrackingAsked, &x.ground,
		&x.renewed, &x.asked, &x.reminded, &x.Wider, &x.Archived}
}

func (x *subscriptionRow) subscription() akkoord.Subscription {
	s := x.Subscription
	s.Ground = readGround(x.ground)
	s.State, s.Basis, s.Request = akkoord.State(x.state), akkoord.Basis(x.basis), id16(x.request)
	s.Since, s.WasActive, s.Agreed, s.Tracking = fromMicros(x.since), fromMicros(x.was), fromMicros(x.agreed), fromMicros(x.tracking)
	s.Learning = fromMicros(x.learning)
	s.Renewed, s.Asked, s.Reminded = fromMicros(x.renewed), fromMicros(x.asked), fromMicros(x.reminded)
	return s
}

// storedGround gives a ground as it is stored: JSON, or nothing.
func storedGround(g akkoord.Ground) (string, error) {
	if g == (akkoord.Ground{}) {
		return "", nil
	}
	return toJSON(g)
}

// readGround reads what storedGround gave.
func readGround(s string) (g akkoord.Ground) {
	if s != "" && json.Unmarshal([]byte(s), &g) != nil {
		return akkoord.Ground{} // unreadable is as good as none: the gate says no
	}
	return g
}

func suppressions(q querier, h akkoord.AddressHash) ([]akkoord.SuppressionKind, error) {
	var out []akkoord.SuppressionKind
	rows, err := q.query(`SELECT kind FROM suppression WHERE hash = $1`, h[:])
	err = each(rows, err, func(r row) error {
		var kind string
		err := r.Scan(&kind)
		out = append(out, akkoord.SuppressionKind(kind))
		return err
	})
	return out, err
}

func interests(q querier, subscriberID int64) ([]string, error) {
	var out []string
	rows, err := q.query(`SELECT i.slug FROM subscriber_interest si JOIN interest i ON i.id = si.interest_id
		WHERE si.subscriber_id = $1 ORDER BY i.slug`, subscriberID)
	err = each(rows, err, func(r row) error {
		var slug string
		err := r.Scan(&slug)
		out = append(out, slug)
		return err
	})
	return out, err
}

func toJSON(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}
