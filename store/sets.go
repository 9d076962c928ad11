package store

import (
	lru "container/list"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
)

// sets remembers for whom conditions hold, as the numbers of people and nothing
// else, so that a count while somebody edits a segment is arithmetic on bits
// (ADR 52). Nothing is ever mailed by it. A set is read whole from the tables, one at a
// time, and is of the moment at which that began. The first to ask for one waits; after
// that it is read anew beside those who ask. Its memory is bounded: whichever was not
// asked for the longest goes first.
type sets struct {
	now     func() time.Time
	touched func() int64 // people whose standing was altered so far, as this process heard
	room    uint64       // bytes of all sets

	life    context.Context
	end     context.CancelFunc
	reads   sync.WaitGroup
	reading chan struct{} // holds one while a set is read

	mu   sync.Mutex
	used uint64
	kept map[setKey]*lru.Element // of *keptSet
	last *lru.List               // whichever was asked for last comes first
}

// setKey names a condition, or what else is remembered of the people of a purpose.
type setKey struct {
	purpose               int64 // 0: the same for all
	kind, by, text        string
	op, value, comparedAs string
	days                  int
	at                    int64
}

// peopleSet is what was read.
type peopleSet struct {
	people  *roaring.Bitmap            // nil: too many for the memory that there is, or numbers too high
	locales map[string]*roaring.Bitmap // of everybody of a purpose alone: by language
	count   int64                      // where the database counted, and people are not known
	at      time.Time                  // that it is of
}

type keptSet struct {
	key     setKey
	known   peopleSet // of the zero time before it was read
	size    uint64
	cost    time.Duration // of reading it
	touched int64         // when that began
	asked   time.Time     // last
	run     *setRun       // nil: it is not being read
}

// setRun is one reading of a set.
type setRun struct {
	done    chan struct{}
	waiting int       // for its end
	left    time.Time // when the last of them gave up
	known   peopleSet
	err     error
}

const (
	setsRoom  = 24 << 20         // of all sets of a process, in bytes
	setsKept  = 512              // sets, also the small ones
	setFresh  = time.Minute      // a set younger than this is not read anew, unless many were touched
	setOld    = 10 * time.Minute // nobody is answered from an older one, or finds one that nobody asked for since
	setShare  = 20               // reading a set may take one part in so many of the time
	setLimit  = 5 * time.Minute  // ends a reading
	setLinger = 5 * time.Second  // a reading that waits for its turn, and that nobody asked for since, is dropped
	setBase   = 256              // bytes of a set besides its people, about
	// manyTouched is from how many altered people on, or one in so many of a set's, it is read anew.
	manyTouched, touchedPart = 1000, 100
)

func newSets(now func() time.Time, touched func() int64) *sets {
	c := &sets{now: now, touched: touched, room: setsRoom, reading: make(chan struct{}, 1), kept: map[setKey]*lru.Element{}, last: lru.New()}
	c.life, c.end = context.WithCancel(context.Background())
	return c
}

func (c *sets) close() {
	c.mu.Lock()
	c.end() // nothing is begun from here on
	c.mu.Unlock()
	c.reads.Wait()
}

// ask gives what is known, and waits for it, as long as ctx lasts, where nothing is.
func (c *sets) ask(ctx context.Context, key setKey, read func(context.Context) (peopleSet, error)) (peopleSet, error) {
	c.mu.Lock()
	now := c.now()
	c.forget(now)
	e := c.entry(key)
	e.asked = now
	first := e.known.at.IsZero() || now.Sub(e.known.at) > max(setOld, setShare*e.cost)
	if e.run == nil && (first || c.stale(e, now)) {
		c.begin(e, read)
	}
	if !first {
		defer c.mu.Unlock()
		return e.known, nil
	}
	run := e.run
	run.waiting++
	c.mu.Unlock()
	select {
	case <-run.done:
		return run.known, run.err
	case <-ctx.Done():
		c.mu.Lock()
		defer c.mu.Unlock()
		run.waiting--
		run.left = c.now()
		return peopleSet{}, ctx.Err()
	}
}

func (c *sets) stale(e *keptSet, now time.Time) bool {
	age, many := now.Sub(e.known.at), int64(manyTouched)
	if e.known.people != nil {
		many = max(many, int64(e.known.people.GetCardinality())/touchedPart)
	}
	return age > setShare*e.cost && (age >= setFresh || c.touched()-e.touched >= many)
}

// entry gives the set with a key, which is now the one asked for last.
func (c *sets) entry(key setKey) *keptSet {
	if place, ok := c.kept[key]; ok {
		c.last.MoveToFront(place)
		return place.Value.(*keptSet)
	}
	e := &keptSet{key: key, size: setBase + uint64(len(key.text)+len(key.value))}
	c.kept[key] = c.last.PushFront(e)
	c.used += e.size
	c.fit(e)
	return e
}

// fit drops what was not asked for the longest, but for the one, until all have room.
func (c *sets) fit(but *keptSet) {
	for oldest := c.last.Back(); oldest != nil && (c.used > c.room || len(c.kept) > setsKept); {
		newer := oldest.Prev()
		if oldest.Value.(*keptSet) != but {
			c.drop(oldest)
		}
		oldest = newer
	}
}

func (c *sets) drop(place *lru.Element) {
	e := c.last.Remove(place).(*keptSet)
	delete(c.kept, e.key)
	c.used -= e.size
}

// forget drops what nobody asked for since long.
func (c *sets) forget(now time.Time) {
	for oldest := c.last.Back(); oldest != nil && now.Sub(oldest.Value.(*keptSet).asked) > setOld; oldest = c.last.Back() {
		c.drop(oldest)
	}
}

var errSetsEnded = errors.New("the store is being closed")

// begin reads a set beside whoever asked.
func (c *sets) begin(e *keptSet, read func(context.Context) (peopleSet, error)) {
	run := &setRun{done: make(chan struct{})}
	if c.life.Err() != nil {
		run.err = errSetsEnded
		close(run.done)
		e.run = run
		return
	}
	e.run = run
	c.reads.Go(func() {
		defer close(run.done)
		select {
		case c.reading <- struct{}{}:
			defer func() { <-c.reading }()
		case <-c.life.Done():
		}
		start, touched, wanted := c.turn(e, run)
		if !wanted {
			return
		}
		ctx, stop := context.WithTimeout(c.life, setLimit)
		defer stop()
		run.known, run.err = read(ctx)
		run.known.at = start
		c.take(e, run, touched)
	})
}

// turn reports whether a reading whose turn has come is still wanted.
func (c *sets) turn(e *keptSet, run *setRun) (start time.Time, touched int64, wanted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	start = c.now()
	switch {
	case c.life.Err() != nil:
		run.err = errSetsEnded
	case run.waiting == 0 && !run.left.IsZero() && start.Sub(run.left) > setLinger:
		run.err = context.Canceled // whom nobody waits for
	default:
		return start, c.touched(), true
	}
	e.run = nil
	return start, 0, false
}

// take keeps what was read. Where that failed the last stays, and whoever asks next
// has it tried again.
func (c *sets) take(e *keptSet, run *setRun, touched int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.run = nil
	if run.err != nil {
		return
	}
	e.known, e.cost, e.touched = run.known, c.now().Sub(run.known.at), touched
	size := setBase + uint64(len(e.key.text)+len(e.key.value)) + run.known.size()
	if _, ok := c.kept[e.key]; ok && c.kept[e.key].Value == e {
		c.used += size - e.size
	}
	e.size = size
	c.fit(e)
}

func (k peopleSet) size() (n uint64) {
	if k.people != nil {
		n = k.people.GetSizeInBytes()
	}
	for _, people := range k.locales {
		n += people.GetSizeInBytes()
	}
	return n
}
