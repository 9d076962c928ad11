package akkoord_test

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// Each measurement is counted once, up to every bound that is not below it,
// from however many goroutines.
func TestTallyCountsUpToEachBound(t *testing.T) {
	tally := akkoord.NewTally(1, 10, 100)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for _, v := range []float64{0.5, 1, 2, 10, 11, 1000} {
				tally.Add(v)
			}
		})
	}
	all.Wait()
	want := akkoord.TallyReading{Count: 48, Sum: 8 * 1024.5, UpTo: map[float64]uint64{1: 16, 10: 32, 100: 40}}
	if diff := cmp.Diff(want, tally.Read()); diff != "" {
		t.Error(diff)
	}
}
