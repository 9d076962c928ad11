package akkoord

import (
	"math"
	"slices"
	"sync/atomic"
)

// Tally counts measurements by their size, for the operator's metrics. The
// packages that measure don't know who reads it. It is safe for concurrent use,
// and Add costs some nanoseconds.
type Tally struct {
	bounds []float64
	counts []atomic.Uint64 // one more than bounds: the last is for what is above all
	sum    atomic.Uint64   // bits of a float64
}

// NewTally makes a tally with bounds in ascending order, in the unit of what is
// measured: seconds, or a number of things.
func NewTally(bounds ...float64) *Tally {
	return &Tally{bounds: bounds, counts: make([]atomic.Uint64, len(bounds)+1)}
}

// Add counts one measurement.
func (t *Tally) Add(v float64) {
	i, _ := slices.BinarySearch(t.bounds, v)
	t.counts[i].Add(1)
	for {
		old := t.sum.Load()
		if t.sum.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+v)) {
			return
		}
	}
}

// TallyReading is what a Tally holds at one moment.
type TallyReading struct {
	Count uint64
	Sum   float64
	UpTo  map[float64]uint64 // by bound: how many were at most that
}

// Read gives what was counted until now.
func (t *Tally) Read() TallyReading {
	r := TallyReading{UpTo: make(map[float64]uint64, len(t.bounds))}
	for i, b := range t.bounds {
		r.Count += t.counts[i].Load()
		r.UpTo[b] = r.Count
	}
	r.Count += t.counts[len(t.bounds)].Load()
	r.Sum = math.Float64frombits(t.sum.Load())
	return r
}
