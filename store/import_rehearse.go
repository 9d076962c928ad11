package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"akkoord"
)

// dryMark is what the rows so far would have made of an address: its state for
// the purpose, as a place in markStates, and a bit for each suppression. A dry
// run keeps one for each address, so it is small.
type dryMark struct{ state, kinds uint8 }

var (
	markStates = []akkoord.State{"", akkoord.Pending, akkoord.Active, akkoord.Withdrawn, akkoord.Lapsed, akkoord.Held}
	markKinds  = []akkoord.SuppressionKind{akkoord.SuppressedUnsubscribed, akkoord.SuppressedHardBounce, akkoord.SuppressedComplaint}
)

// rehearse decides rows as write does and records nothing. What earlier rows
// would have done counts, by the first eight bytes of the address's hash.
func (r *importRun) rehearse(ctx context.Context, rows []*importRow, count func(*importRow, akkoord.ImportOutcome)) error {
	known, err := r.standings(r.view(ctx), rows)
	if err != nil {
		return err
	}
	now := r.cfg.Now()
	for _, row := range rows {
		if row.Refused != nil {
			count(row, akkoord.ImportRejected)
			continue
		}
		key := binary.BigEndian.Uint64(row.hash[:8])
		st := r.seen[key].over(known[row.hash], r.spec, now)
		c, outcome := st.Import(row.ImportRow, r.spec, now)
		if r.spec.Preview && st.Subscriber.ID > 0 {
			if row.changes, err = r.differences(r.view(ctx), st, row.ImportRow, c, outcome); err != nil {
				return err
			}
		}
		count(row, outcome)
		if !c.IsZero() {
			r.seen[key] = markOf(st.After(c), r.spec)
		}
	}
	return nil
}

// over gives the standing that the rows so far would have led to.
func (m dryMark) over(st akkoord.Standing, spec akkoord.ImportSpec, now time.Time) akkoord.Standing {
	var c akkoord.Change
	if m.state != 0 {
		st.Subscriber.ID = cmp.Or(st.Subscriber.ID, -1)
		sub := st.Subscription(spec.PurposeID)
		sub.State, sub.Since, sub.Request = markStates[m.state], now, spec.ID
		c.Subscriptions = []akkoord.Subscription{sub}
	}
	for i, k := range markKinds {
		if m.kinds&(1<<i) != 0 {
			c.Suppress = append(c.Suppress, k)
		}
	}
	if c.IsZero() {
		return st
	}
	return st.After(c)
}

func markOf(st akkoord.Standing, spec akkoord.ImportSpec) (m dryMark) {
	m.state = uint8(max(0, slices.Index(markStates, st.Subscription(spec.PurposeID).State)))
	for i, k := range markKinds {
		if st.Suppressed(k) {
			m.kinds |= 1 << i
		}
	}
	return m
}

// differences tells what a row would change of somebody on record. Values of attributes
// that earlier rows of the file bring are not seen.
func (r *importRun) differences(q querier, st akkoord.Standing, row akkoord.ImportRow, c akkoord.Change, outcome akkoord.ImportOutcome) (out []akkoord.FieldChange, err error) {
	after := st.After(c)
	differ := func(field, before, now string) {
		if before != now {
			out = append(out, akkoord.FieldChange{Field: field, Old: before, New: now})
		}
	}
	differ("state", string(st.Subscription(r.spec.PurposeID).State), string(after.Subscription(r.spec.PurposeID).State))
	for _, kind := range c.Suppress {
		differ("suppression", "", string(kind))
	}
	if outcome == akkoord.ImportOptOut {
		return out, nil
	}
	if !c.IsZero() {
		p := st.Subscriber
		if p.Interests, err = interests(q, p.ID); err != nil {
			return nil, err
		}
		more, _ := p.Completed(row)
		if more.Name != nil {
			differ("name", p.Name, *more.Name)
		}
		if more.Interests != nil {
			differ("interests", strings.Join(p.Interests, "; "), strings.Join(*more.Interests, "; "))
		}
	}
	if len(row.Attributes) == 0 || !r.mayAttribute(after) {
		return out, nil
	}
	have, err := attributesOf(q, st.Subscriber.ID)
	for _, v := range row.Attributes {
		if a, unknown := r.rules.attribute(v.Slug); unknown == nil {
			if value, wrong := a.Parse(v.Value); wrong == nil {
				differ("attribute:"+v.Slug, have[v.Slug], value)
			}
		}
	}
	return out, err
}
