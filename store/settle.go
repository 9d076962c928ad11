package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"akkoord"
)

// Mark notes that the body of a recipient's mail is about to go over the wire.
// After it only Note says what became of it; a process killed in between
// leaves the delivery uncertain. With an error not a byte may be sent.
func (s *Store) Mark(w *akkoord.Window, i int, at time.Time) error {
	err := s.journal.mark(newEntry(w, i, akkoord.Result{SubscriberID: w.Recipients[i].SubscriberID, State: akkoord.OnWire, At: at}))
	if err == nil {
		w.Begun++
	}
	return err
}

// Note tells what became of a recipient. It is in the journal before the next
// Mark of the connection returns, and in the database soon, with the notes of
// all connections.
// A recipient without a note goes back to where it was when the window is
// released.
func (s *Store) Note(w *akkoord.Window, i int, r akkoord.Result) {
	r.SubscriberID = w.Recipients[i].SubscriberID
	s.journal.note(newEntry(w, i, r))
}

// Release gives a window back after all its notes are settled. Where the
// database can't be written now it is done as soon as it can.
func (s *Store) Release(_ context.Context, w *akkoord.Window) error { return s.journal.release(w) }

// entry is one line of the send journal: a delivery on the wire, or its result.
type entry struct {
	chunk, fence, mailing int64
	index                 int // place in the window; -1 when it is not known
	akkoord.Result
}

type entryKey struct{ mailing, subscriber int64 }

func newEntry(w *akkoord.Window, i int, r akkoord.Result) entry {
	if w.Sparse {
		i = -1
	}
	return entry{w.Chunk, w.Fence, w.MailingID, i, r}
}

// due is when a delivery is tried again; 0: never.
func (e *entry) due() int64 {
	if e.State == akkoord.Deferred && e.NextAt.IsZero() {
		return micros(e.At)
	}
	return micros(e.NextAt)
}

func (e *entry) key() entryKey { return entryKey{e.mailing, e.SubscriberID} }

// continues reports whether e can share the row update of the entry before it:
// neighbours in one chunk of whom the same is to be stored.
func (e *entry) continues(before *entry) bool {
	return e.chunk != 0 && e.chunk == before.chunk && e.fence == before.fence && e.index > 0 && e.index == before.index+1 &&
		e.State == before.State && e.Attempts == before.Attempts && e.Code == before.Code && e.Reply == before.Reply &&
		e.NextAt.IsZero() && before.NextAt.IsZero()
}

// settle stores results whose claim still holds. Runs of neighbours with the
// same result are one update.
func (t *tx) settle(results []entry) error {
	slices.SortStableFunc(results, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.chunk, b.chunk), cmp.Compare(a.mailing, b.mailing), cmp.Compare(a.fence, b.fence), cmp.Compare(a.SubscriberID, b.SubscriberID))
	})
	held := false
	var runs []run
	for from := 0; from < len(results); {
		to := from + 1
		for to < len(results) && results[to].continues(&results[to-1]) {
			to++
		}
		first := &results[from]
		if from == 0 || first.chunk != results[from-1].chunk || first.fence != results[from-1].fence {
			var err error
			if held, err = t.holds(first.chunk, first.fence); err != nil {
				return err
			}
		}
		if held {
			runs = append(runs, run{*first, results[to-1].SubscriberID})
		} else {
			t.store.cfg.Log.Warn("results of a claim that was taken over are dropped", "mailing", first.mailing, "results", to-from)
		}
		from = to
	}
	return t.settleRuns(runs)
}

// holds reports whether a chunk is still claimed with a fence. Retries are
// fenced row by row.
func (t *tx) holds(chunk, fence int64) (held bool, err error) {
	if chunk == 0 {
		return true, nil
	}
	err = t.queryRow(`SELECT EXISTS (SELECT 1 FROM delivery_chunk WHERE id = $1 AND state = 1 AND fence = $2)`, chunk, fence).Scan(&held)
	return held, err
}

func (t *tx) settleRun(e *entry, last int64) error {
	if e.isSystem() {
		return t.settleSystem(e)
	}
	if e.chunk == 0 {
		return t.exec(`UPDATE delivery SET state = $4, attempts = $5, first_at = $6, updated_at = $7, next_at = $8, code = $9, reply = $10, fence = 0, relay = CASE WHEN $5 > attempts OR $4 = 7 THEN carrier ELSE relay END
			WHERE mailing_id = $1 AND subscriber_id = $2 AND state = 3 AND fence = $3`,
			e.mailing, e.SubscriberID, e.fence, int64(e.State), e.Attempts, micros(e.FirstAt), micros(e.At), e.due(), e.Code, e.Reply)
	}
	return t.exec(`UPDATE delivery SET state = $4, attempts = $5, first_at = $6, updated_at = $7, next_at = $8, code = $9, reply = $10, relay = (SELECT c.relay FROM delivery_chunk c WHERE c.id = $11)
		WHERE mailing_id = $1 AND subscriber_id BETWEEN $2 AND $3 AND state = 0`,
		e.mailing, e.SubscriberID, last, int64(e.State), e.Attempts, micros(e.FirstAt), micros(e.At), e.due(), e.Code, e.Reply, e.chunk)
}

// release opens a chunk again for those of it who are still queued, or closes
// it; people of a window of retries are due as before.
func (t *tx) release(w *akkoord.Window) error {
	if unused := len(w.Recipients) - w.Begun; unused > 0 {
		if err := t.spend(w, -unused); err != nil {
			return err
		}
	}
	if w.Chunk != 0 {
		err := t.dropClaim(w)
		if err == nil {
			err = t.exec(`UPDATE delivery_chunk SET fence = 0, state = `+chunkAfter+`, due_at = `+chunkDue+` WHERE id = $1 AND state = 1 AND fence = $2`, w.Chunk, w.Fence)
		}
		return errors.Join(err, t.finish(w.MailingID))
	}
	if err := t.exec(`UPDATE delivery SET fence = 0 WHERE mailing_id = $1 AND state = 3 AND fence = $2 AND fence <> 0`, w.MailingID, w.Fence); err != nil {
		return err
	}
	return errors.Join(t.dropClaim(w), t.finish(w.MailingID))
}

// chunkAfter is the state of a chunk that is given back.
const chunkAfter = `CASE WHEN EXISTS (SELECT 1 FROM delivery d WHERE d.mailing_id = delivery_chunk.mailing_id
	AND d.subscriber_id BETWEEN delivery_chunk.first AND delivery_chunk.last AND d.state = 0) THEN 0 ELSE 2 END`

// chunkDue is when somebody of a chunk that is given back is wanted first; never
// where all wait for the winner of a trial.
const chunkDue = `coalesce((SELECT min(CASE WHEN d.variant < 0 AND m.winner < 0 THEN 4611686018427387904 ELSE d.next_at END) FROM delivery d JOIN mailing m ON m.id = d.mailing_id WHERE d.mailing_id = delivery_chunk.mailing_id
	AND d.subscriber_id BETWEEN delivery_chunk.first AND delivery_chunk.last AND d.state = 0), 0)`
