package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
)

// slowSet reads a set as a test says, and counts how often that was begun.
type slowSet struct {
	begun, ended int
	takes        time.Duration
	fault        error
	people       *roaring.Bitmap
}

func (c *slowSet) read(ctx context.Context) (peopleSet, error) {
	c.begun++
	takes, fault := c.takes, c.fault
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return peopleSet{}, ctx.Err()
	}
	c.ended++
	return peopleSet{people: c.people}, fault
}

// askFor asks for a set, and waits a second for it.
func (c *sets) askFor(name string, of *slowSet) (peopleSet, error) {
	ctx, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	return c.ask(ctx, setKey{kind: name}, of.read)
}

// Whoever asks first waits, and finds it the next time where that was too short; then
// nobody waits any more: what is old is read anew beside them (M15).
func TestASetIsReadBesideThoseWhoAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var altered int64
		c := newSets(time.Now, func() int64 { return altered })
		defer c.close()
		of := &slowSet{takes: 3 * time.Second, people: roaring.BitmapOf(1, 2)}
		for range 2 {
			if _, err := c.askFor("slow", of); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("before it is read: %v", err)
			}
		}
		time.Sleep(time.Second)
		began := time.Now().Add(-3 * time.Second)
		at := func(want time.Time, begun int) {
			t.Helper()
			start := time.Now()
			k, err := c.askFor("slow", of)
			if err != nil || time.Since(start) != 0 || !k.at.Equal(want) || k.people.GetCardinality() != 2 {
				t.Errorf("after %v: of %v, %v", time.Since(start), k.at.Sub(began), err)
			}
			synctest.Wait()
			if of.begun != begun {
				t.Errorf("read %d times, want %d", of.begun, begun)
			}
		}
		at(began, 1)
		altered += manyTouched
		at(began, 1) // reading may take one part in twenty of the time
		time.Sleep(time.Minute)
		at(began, 2)
		time.Sleep(4 * time.Second)
		began = time.Now().Add(-4 * time.Second)
		at(began, 2)
		time.Sleep(61 * time.Second)
		of.fault = errors.New("the database is away")
		at(began, 3)
		time.Sleep(4 * time.Second)
		of.fault = nil
		at(began, 4) // the last stays, and the next tries again
		time.Sleep(2 * setOld)
		of.takes = 0
		if k, err := c.askFor("slow", of); err != nil || !k.at.Equal(time.Now()) {
			t.Errorf("one too old is waited for anew: %v, %v", k.at, err)
		}
		of.fault = errors.New("the database is away")
		if _, err := c.askFor("other", of); err != of.fault {
			t.Errorf("a first reading that failed: %v", err)
		}
	})
}

// Sets are read one at a time, and one that nobody waits for any more is not begun.
func TestSetsAreReadOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newSets(time.Now, func() int64 { return 0 })
		long, short := &slowSet{takes: time.Minute}, &slowSet{}
		if _, err := c.askFor("long", long); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if _, err := c.askFor("short", short); !errors.Is(err, context.DeadlineExceeded) || short.begun != 0 {
			t.Errorf("beside another: begun %d times, %v", short.begun, err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if long.ended != 1 || short.begun != 0 {
			t.Errorf("%d ended, %d begun that nobody waits for", long.ended, short.begun)
		}
		if _, err := c.askFor("short", short); err != nil || short.begun != 1 {
			t.Errorf("once more: begun %d times, %v", short.begun, err)
		}
		if _, err := c.askFor("longer", long); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		start := time.Now()
		c.close() // waits for what it ended
		if time.Since(start) != 0 || long.ended != 1 {
			t.Errorf("closing took %v", time.Since(start))
		}
		if _, err := c.askFor("after the end", short); !errors.Is(err, errSetsEnded) {
			t.Error(err)
		}
	})
}

// What sets take of memory is bounded, and what nobody asks for goes.
func TestSetsHaveABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newSets(time.Now, func() int64 { return 0 })
		defer c.close()
		of := &slowSet{people: roaring.New()}
		for n := range uint32(1 << 16) {
			of.people.Add(2 * n)
		}
		c.room = 5 * of.people.GetSizeInBytes()
		for i := range 9 {
			if _, err := c.askFor(fmt.Sprint(i), of); err != nil {
				t.Fatal(err)
			}
			if _, err := c.askFor("0", of); err != nil {
				t.Fatal(err)
			}
			if c.used > c.room {
				t.Fatalf("%d bytes of %d", c.used, c.room)
			}
		}
		if of.begun != 9 || len(c.kept) != 4 {
			t.Errorf("%d kept after reading %d times: the one that all asked for is not among them", len(c.kept), of.begun)
		}
		for i := range 2 * setsKept {
			if _, err := c.askFor(fmt.Sprint("small", i), &slowSet{people: roaring.New()}); err != nil {
				t.Fatal(err)
			}
		}
		if len(c.kept) > setsKept {
			t.Errorf("%d sets are kept", len(c.kept))
		}
		time.Sleep(setOld + time.Second)
		if _, err := c.askFor("last", of); err != nil || len(c.kept) != 1 || c.used != c.last.Front().Value.(*keptSet).size {
			t.Errorf("%d sets of %d bytes after long: %v", len(c.kept), c.used, err)
		}
	})
}

// A set that would not fit, or whose people have numbers past 32 bits, is none: the
// database counts instead.
func TestASetThatIsTooLargeIsNone(t *testing.T) {
	for name, numbers := range map[string]func(i int64) int64{
		"numbers past 32 bits": func(i int64) int64 { return 1<<32 + i },
		"numbers below zero":   func(i int64) int64 { return -i - 1 },
		"too many":             func(i int64) int64 { return 3 * i },
	} {
		b := newSetBuilder()
		var err error
		for i := int64(0); err == nil && i < 100<<20; i++ {
			err = b.add(numbers(i))
		}
		if !errors.Is(err, errSetTooLarge) || b.people.GetSizeInBytes() > largestSet+readBatch*2 {
			t.Errorf("%s: %v with %d bytes", name, err, b.people.GetSizeInBytes())
		}
	}
}

// BenchmarkSetsOfAMillion is a count while somebody edits: three conditions among a
// million people, of sets that were read.
func BenchmarkSetsOfAMillion(b *testing.B) {
	of := func(every, from int64) *roaring.Bitmap {
		s := newSetBuilder()
		for i := from; i < 1_000_000; i += every {
			if err := s.add(i); err != nil {
				b.Fatal(err)
			}
		}
		return s.built()
	}
	base, nl, interest, clicked := of(1, 0), of(3, 1), of(20, 7), of(2, 0)
	var bytes uint64
	for _, s := range []*roaring.Bitmap{base, nl, interest, clicked} {
		bytes += s.GetSizeInBytes()
	}
	b.ReportMetric(float64(bytes), "set-bytes")
	for b.Loop() {
		some := roaring.Or(nl, interest)
		some = roaring.And(roaring.And(base, some), roaring.AndNot(base, clicked))
		if some.GetCardinality() == 0 {
			b.Fatal("nobody")
		}
	}
}
