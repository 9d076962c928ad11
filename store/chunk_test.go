package store

import (
	"slices"
	"testing"

	"akkoord"
)

// M11: the chunks of an audience hold everyone of it once, and over all of
// them no more than their size.
func TestChunksHoldEveryoneOnce(t *testing.T) {
	for _, people := range []int{1, 9, 10, 11, 175, 600} {
		s := newSending(t, people)
		var got []int64
		for {
			w, err := s.Claim(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if w == nil {
				break
			}
			if len(w.Recipients) > chunkSize || people < 160 && len(w.Recipients) > chunkLeast {
				t.Errorf("of %d people %d are in one chunk", people, len(w.Recipients))
			}
			for i := range w.Recipients {
				got = append(got, w.Recipients[i].SubscriberID)
				s.Note(w, i, akkoord.Result{State: akkoord.Sent})
			}
		}
		if len(got) != people || !slices.IsSorted(got) || len(slices.Compact(got)) != people {
			t.Errorf("of %d people %d were claimed", people, len(got))
		}
	}
}
