package store

import (
	"sync/atomic"
	"time"

	"akkoord"
)

// Writes is what the writer did since it started, and what waits for it.
type Writes struct {
	Queue  int                  // changes that wait now
	Groups akkoord.TallyReading // changes that shared a commit
	Times  akkoord.TallyReading // seconds to write a group and commit it
	Failed uint64               // groups that were not written; everybody in them was told to try again

	Events map[akkoord.EventKind]uint64 // lines of the ledger; "other" for kinds that are not counted apart
}

// countedKinds are the kinds of events that are counted apart.
var countedKinds = [...]akkoord.EventKind{
	akkoord.Requested, akkoord.Confirmed, akkoord.Withdrew, akkoord.Reinstated, akkoord.Refused, akkoord.Expiry, akkoord.Objected,
	akkoord.BasisChanged, akkoord.Rectified, akkoord.Erased, akkoord.CampaignLeft, akkoord.CampaignBack,
	akkoord.Imported, akkoord.ImportedHeld, akkoord.Barred, akkoord.Unbarred, akkoord.Worded,
}

// eventCounts counts the events of one change by their place in countedKinds;
// the last is for all others.
type eventCounts [len(countedKinds) + 1]uint32

func (c *eventCounts) add(kind akkoord.EventKind) {
	i := 0
	for i < len(countedKinds) && countedKinds[i] != kind {
		i++
	}
	c[i]++
}

// writerTally is what the writer counts.
type writerTally struct {
	groups, times *akkoord.Tally
	failed        atomic.Uint64
	events        [len(countedKinds) + 1]atomic.Uint64
}

func newWriterTally() *writerTally {
	return &writerTally{
		groups: akkoord.NewTally(1, 2, 4, 8, 16, 32, 64, 128, maxGroup),
		times:  akkoord.NewTally(.0005, .001, .002, .005, .01, .025, .05, .1, .25, 1, 5),
	}
}

// wrote counts a group; what its changes put into the ledger counts when all of
// it is durable.
func (w *writerTally) wrote(group []*change, began time.Time, err error) {
	w.times.Add(time.Since(began).Seconds())
	w.groups.Add(float64(len(group)))
	if err != nil {
		w.failed.Add(1)
		return
	}
	for _, c := range group {
		if c.err != nil {
			continue
		}
		for i, n := range c.tx.events {
			if n > 0 {
				w.events[i].Add(uint64(n))
			}
		}
	}
}

// Writes gives the figures of this moment.
func (s *Store) Writes() Writes {
	w := s.writer
	if w == nil {
		return Writes{}
	}
	out := Writes{
		Queue: len(w.queue), Groups: w.tally.groups.Read(), Times: w.tally.times.Read(), Failed: w.tally.failed.Load(),
		Events: map[akkoord.EventKind]uint64{"other": w.tally.events[len(countedKinds)].Load()},
	}
	for i, kind := range countedKinds {
		out.Events[kind] = w.tally.events[i].Load()
	}
	return out
}
