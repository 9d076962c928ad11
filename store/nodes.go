package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Nodes are the processes that share a database (P19). Each has a row that it
// alters every few seconds. Whose row stands still for as long as a lease is
// dead: what it held is taken over, by its fences, so that nothing it may
// still write when it wakes counts. What it measures by is its own clock alone.
const (
	nodeBeat  = 5 * time.Second
	nodeLease = 30 * time.Second
	// nodeRoom is for how many nodes there are numbers. A fence holds the
	// number of its node.
	nodeRoom = 1024
)

// fence gives the number of a claim made now, which no other claim ever has:
// time goes up from change to change, over all nodes.
func (t *tx) fence() int64 { return micros(t.now)*nodeRoom + t.store.nodeNumber.Load() }

// nodes watches the others for one of them.
type nodes struct {
	store   *Store
	started int64 // tells our row from a later one with its number; only the writer touches it
	seen    map[int64]sign
	hears   *listener
	stop    chan struct{}
	done    chan struct{}
	close1  sync.Once
}

// sign is the last sign of life of another node.
type sign struct {
	started, beat int64
	since         time.Time
}

func newNodes(s *Store, p *postgres) *nodes {
	return &nodes{store: s, seen: map[int64]sign{}, hears: newListener(s, p), stop: make(chan struct{}), done: make(chan struct{})}
}

// join listens, registers, takes over from the dead, and goes on doing so.
func (n *nodes) join(ctx context.Context) error {
	if err := n.hears.start(ctx); err != nil {
		return err
	}
	if err := n.store.update(ctx, "register node", func(t *tx) error { return n.register(t) }); err != nil {
		return err
	}
	if err := n.beat(ctx); err != nil {
		return err
	}
	go n.run()
	return nil
}

func (n *nodes) run() {
	defer close(n.done)
	tick := time.NewTicker(nodeBeat)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := n.beat(context.Background()); err != nil {
				n.store.cfg.Log.Warn("a sign of life was not stored", "error", err)
			}
		case <-n.stop:
			return
		}
	}
}

// register takes the first number that is free.
func (n *nodes) register(t *tx) error {
	taken, err := numbers(t, `SELECT id FROM instance ORDER BY id`)
	if err != nil {
		return err
	}
	number := int64(1)
	for slices.Contains(taken, number) {
		number++
	}
	if number >= nodeRoom {
		return fmt.Errorf("%d processes share the database; there can be no more", len(taken))
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	n.started = micros(t.now)
	if err := t.exec(`INSERT INTO instance (id, pid, host, boot, started_at, beat) VALUES ($1, $2, $3, $4, $5, 0)`,
		number, os.Getpid(), host, bootID(), n.started); err != nil {
		return err
	}
	t.store.nodeNumber.Store(number)
	return t.countNodes()
}

func (t *tx) countNodes() error {
	return t.exec(`UPDATE chain SET nodes = (SELECT count(*) FROM instance)`)
}

// beat gives a sign of life, takes over from nodes that gave none, and gives
// back claims of ours that nobody holds, since their commit was not answered.
func (n *nodes) beat(ctx context.Context) error {
	dead, err := n.dead(ctx)
	if err != nil {
		return err
	}
	return n.store.update(ctx, "sign of life", func(t *tx) error {
		mine, err := t.execCount(`UPDATE instance SET beat = beat + 1 WHERE id = $1 AND started_at = $2`, t.store.nodeNumber.Load(), n.started)
		if err != nil {
			return err
		}
		if mine == 0 {
			n.store.cfg.Log.Warn("another node took this one for dead, and took over what it held; it goes on anew")
			if err := n.register(t); err != nil {
				return err
			}
		}
		for _, d := range dead {
			if err := t.bury(d); err != nil {
				return err
			}
		}
		return t.giveBackUnheld()
	})
}

// deadNode is a node, with its last sign of life.
type deadNode struct{ id, started, beat int64 }

// dead gives the nodes that gave no sign of life for the length of a lease, or
// whose process on this machine is gone.
func (n *nodes) dead(ctx context.Context) ([]deadNode, error) {
	host, _ := os.Hostname()
	now := n.store.cfg.Now()
	there := map[int64]bool{}
	var out []deadNode
	rows, err := n.store.view(ctx).query(`SELECT id, pid, host, started_at, beat FROM instance`)
	err = each(rows, err, func(r row) error {
		var d deadNode
		var pid int
		var where string
		if err := r.Scan(&d.id, &pid, &where, &d.started, &d.beat); err != nil || d.id == n.store.nodeNumber.Load() && d.started == n.started {
			return err
		}
		there[d.id] = true
		last, known := n.seen[d.id]
		if !known || last.started != d.started || last.beat != d.beat {
			last = sign{d.started, d.beat, now}
			n.seen[d.id] = last
		}
		if now.Sub(last.since) >= nodeLease || where == host && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			out = append(out, d)
		}
		return nil
	})
	for id := range n.seen {
		if !there[id] {
			delete(n.seen, id)
		}
	}
	return out, err
}

// close ends the watch, and gives back what this node holds: on the wire is
// only what the relay never answered.
func (n *nodes) close() error {
	var err error
	n.close1.Do(func() {
		if n.started != 0 {
			close(n.stop)
			select {
			case <-n.done:
			case <-time.After(nodeLease):
			}
			err = n.store.update(context.Background(), "leave", func(t *tx) error {
				return t.bury(deadNode{t.store.nodeNumber.Load(), n.started, -1})
			})
		}
		n.hears.close()
	})
	return err
}

// Nodes gives how many processes have the database open, as far as this one
// knows: one that comes or goes is counted within seconds, one that is killed
// when its lease has ended.
func (s *Store) Nodes() int { return max(1, int(s.nodeCount.Load())) }

// deaf reports whether changes by other nodes may go unheard now.
func (s *Store) deaf() bool { return s.nodes != nil && s.nodes.hears.deaf.Load() }
