package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
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
