package figures

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestCountsOfAPageAreFreshOrQuick counts anew where that takes no time, and
// else answers from the last figures while one counts beside the page.
func TestCountsOfAPageAreFreshOrQuick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewMemory[string, int64](time.Now, 10)
		var asked atomic.Int64
		var cost time.Duration
		var fault error
		ask := func(of string) int64 {
			t.Helper()
			cost, fault := cost, fault // of this count, which may go on beside the test
			figure, _, err := c.Ask(t.Context(), of, func(context.Context) (int64, error) {
				time.Sleep(cost)
				return asked.Add(1), fault
			})
			if err != nil {
				t.Fatal(err)
			}
			return figure
		}
		for want := int64(1); want <= 3; want++ {
			if got := ask("quick"); got != want {
				t.Errorf("quick figures: count %d, want %d", got, want)
			}
		}

		asked.Store(0)
		cost = time.Second
		if got := ask("slow"); got != 1 {
			t.Errorf("the first to ask got count %d", got)
		}
		time.Sleep(9 * time.Second)
		if start := time.Now(); ask("slow") != 1 || time.Since(start) != 0 {
			t.Error("figures of a costly count were made anew too soon, or waited for")
		}
		time.Sleep(time.Second)
		for range 2 {
			if start := time.Now(); ask("slow") != 1 || time.Since(start) != 0 {
				t.Error("a page waited for a costly count")
			}
		}
		time.Sleep(cost + time.Millisecond)
		if got := ask("slow"); got != 2 || asked.Load() != 2 {
			t.Errorf("after one count beside the pages: %d, counted %d times", got, asked.Load())
		}

		fault = errors.New("the database is away")
		time.Sleep(time.Minute)
		ask("slow")
		time.Sleep(2 * cost)
		fault = nil
		if got := ask("slow"); got != 2 {
			t.Errorf("a failed count left %d", got)
		}
		time.Sleep(2 * cost)
		if got := ask("slow"); got != 4 {
			t.Errorf("after a failed count and a good one: %d", got)
		}
	})
}
