package store

import (
	"cmp"
	"errors"
	"slices"

	"akkoord"
)

// who selects the person of a change: by is byHash or byPublicID, key what it
// compares with.
type who struct{ by, key string }

// linked selects the person of a link.
func linked(link akkoord.Link) who { return who{byPublicID, string(link.Subscriber[:])} }

// recordOf is record for an f that needs one person's standing: a zero
// Subscriber where there is nobody. The standings of all such changes that follow
// one another in a group are read in one question.
func (s *Store) recordOf(op string, of who, f func(*tx, akkoord.Standing) error) error {
	return s.change(op, true, of, func(t *tx) error {
		st, ok := t.ahead.take(of)
		if !ok {
			var err error
			if st, err = standing(t, of.by, []byte(of.key)); err != nil {
				return err
			}
		}
		return f(t, st)
	})
}

// ahead holds standings that were read before the changes that need them. Each
// is good for one change, and not once another change wrote of that person.
type ahead struct {
	standings map[who]*akkoord.Standing // nil: has to be read
	written   map[int64]bool            // people of whom something was written since
}

// take gives what was read ahead of a person, once.
func (a *ahead) take(of who) (akkoord.Standing, bool) {
	st := a.standings[of]
	if st == nil || a.written[st.Subscriber.ID] {
		return akkoord.Standing{}, false
	}
	a.standings[of] = nil
	slices.SortFunc(st.Subscriptions, func(x, y akkoord.Subscription) int { return cmp.Compare(x.PurposeID, y.PurposeID) })
	return *st, true
}

// wrote notes of whom a change wrote.
func (a *ahead) wrote(people []int64) {
	if a.standings == nil {
		return
	}
	for _, id := range people {
		a.written[id] = true
	}
}

// distrust has everybody read when it is their turn.
func (a *ahead) distrust() {
	for of := range a.standings {
		a.standings[of] = nil
	}
}

// readAhead reads the standings for the first of some changes and for those
// after it, up to the first that may write of anybody.
func (w *writer) readAhead(group []*change) error {
	if group[0].of == (who{}) {
		w.ahead = ahead{}
		return nil
	}
	if w.ahead.standings != nil {
		return nil
	}
	w.ahead = ahead{standings: make(map[who]*akkoord.Standing, len(group)), written: make(map[int64]bool, len(group))}
	wanted := map[string][]who{}
	for _, c := range group {
		if c.of == (who{}) {
			break
		}
		if _, twice := w.ahead.standings[c.of]; !twice {
			w.ahead.standings[c.of] = nil
			wanted[c.of.by] = append(wanted[c.of.by], c.of)
		}
	}
	for by, people := range wanted {
		for part := range slices.Chunk(people, steps[0]) {
			err := w.readStandings(by, part)
			if errors.Is(err, errReplay) {
				return err
			}
			if err != nil { // perhaps because of one of them: whose that is will find it out
				w.ahead.distrust()
				return nil
			}
		}
	}
	return nil
}

// readStandings reads people ahead, at most as many as the largest of steps.
func (w *writer) readStandings(by string, people []who) error {
	n := steps[0]
	for _, fewer := range steps {
		if fewer >= len(people) {
			n = fewer
		}
	}
	found := make([]akkoord.Standing, len(people)) // whoever is not found has a zero Subscriber
	keys := make([]any, n)
	for i := range keys {
		keys[i] = []byte(people[min(i, len(people)-1)].key)
	}
	for i, of := range people {
		w.ahead.standings[of] = &found[i]
	}
	var key []byte
	x := newStandingRow(&key)
	rows, err := w.query(standingsBy[by][n], keys...)
	return each(rows, err, func(r row) error {
		if err := r.Scan(x.dest...); err != nil {
			return err
		}
		return x.read(w.ahead.standings[who{by, string(key)}])
	})
}

// standingsBy are the questions for the standings of so many people as each of
// steps says.
var standingsBy = func() map[string]map[int]string {
	out := map[string]map[int]string{}
	for by, column := range map[string]string{byHash: "subscriber.email_hash", byPublicID: "subscriber.public_id"} {
		out[by] = map[int]string{}
		for _, n := range steps {
			out[by][n] = `SELECT ` + column + `, ` + standingColumns + `
				FROM subscriber LEFT JOIN subscription x ON x.subscriber_id = subscriber.id WHERE ` + column + ` IN (` + parameters(1, n) + `)`
		}
	}
	return out
}()
