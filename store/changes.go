package store

import "sync"

// changes is the in-process set that every commit feeds before its answer. A
// window of deliveries remembers the revision at which it was claimed; whoever
// or whatever changed after that is asked about again before the first byte
// of a mail (P09).
type changes struct {
	mu          sync.RWMutex
	revision    int64
	subscribers map[int64]int64 // number → revision of its last change
	mailings    map[int64]int64
	live        map[*int64]struct{} // revisions of the windows being sent
	flooded     int64               // revision at which anything may have changed
	altered     int64               // people whose standing a commit altered, since the start, about
}

// add notes that a commit altered the standing of people and the state of
// mailings.
func (c *changes) add(subscribers, mailings []int64) {
	if len(subscribers)+len(mailings) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.revision++
	c.altered += int64(len(subscribers))
	if len(c.live) == 0 { // nobody will ask
		clear(c.subscribers)
		clear(c.mailings)
		return
	}
	if c.subscribers == nil {
		c.subscribers, c.mailings = map[int64]int64{}, map[int64]int64{}
	}
	for _, id := range subscribers {
		c.subscribers[id] = c.revision
	}
	for _, id := range mailings {
		c.mailings[id] = c.revision
	}
	if len(c.subscribers) > maxChanges {
		c.prune()
	}
}

// flood notes that anything may have changed.
func (c *changes) flood() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.revision++
	c.flooded = c.revision
	c.altered += maxNews
}

// alteredSoFar counts people whose standing commits altered since the start, as
// this process heard: more than maxNews of another node at once are as many.
func (c *changes) alteredSoFar() int64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.altered
}

// maxChanges is how many changed people are remembered before those that no
// window in progress can ask about are dropped.
const maxChanges = 4096

func (c *changes) prune() {
	oldest := c.revision
	for r := range c.live {
		oldest = min(oldest, *r)
	}
	for id, r := range c.subscribers {
		if r <= oldest {
			delete(c.subscribers, id)
		}
	}
}

// watch begins a window: changes from now on are remembered until end is
// called. It is called before the window's rows are read.
func (c *changes) watch() (revision int64, end func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.live == nil {
		c.live = map[*int64]struct{}{}
	}
	r := c.revision
	c.live[&r] = struct{}{}
	return r, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.live, &r)
	}
}

// since reports whether the person or the mailing changed after a revision.
func (c *changes) since(revision, subscriber, mailing int64) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.flooded > revision || c.subscribers[subscriber] > revision || c.mailings[mailing] > revision
}
