package store

import (
	"context"
	"errors"
	"sync"
	"time"

	"akkoord"
)

const (
	settleAfter   = 50 * time.Millisecond // how long results wait for others to share a commit
	settleGroup   = 500                   // results that don't wait any longer
	settleBacklog = 10 * settleGroup      // results waiting for the database at which no new body is begun
	settleRetry   = time.Second           // after a commit that failed
)

// wire is where marks and results stand until a commit holds them, so that
// they outlive this process.
type wire interface {
	// mark returns when the mark outlives this process, and with it all
	// results of its window before. With an error not a byte may be sent.
	mark(e entry) error
	// note takes a result, which outlives this process with the next mark of
	// its window at the latest.
	note(e entry)
	// noteSystem takes the result of a mail that is not of a mailing, and
	// returns when it outlives this process. It reports whether it is settled.
	noteSystem(e entry) (settled bool)
	// settled tells that a commit holds results.
	settled(results []entry) error
	// unsettled tells that a commit failed, and may fail again.
	unsettled()
	close() error
}

// sendJournal keeps on-wire marks and results that no commit holds yet. A loop
// settles results in groups.
type sendJournal struct {
	store *Store
	wire  wire
	turn  claimTurn

	packer packer

	mu       sync.Mutex        // guards what follows, but for settling
	pending  []entry           // results to settle
	released []*akkoord.Window // to be given back with the next settling
	ends     map[*akkoord.Window]func()
	fences   map[int64]map[int64]bool // of claims that somebody here holds, or is about to; the mails of each
	copies   []mailCopy               // of mails that were sent, to be stored with the next settling
	closed   bool

	settling sync.Mutex    // held from taking results to the end of their commit
	wake     chan struct{} // one slot: there is something to settle
	full     chan struct{} // one slot: don't wait for more
	stop     chan struct{} // closed: end the loop
	done     chan struct{} // closed: the loop has ended
}

// errBacklog keeps new bodies off the wire while results can't be stored, so
// that nothing is forgotten (P04).
var errBacklog = akkoord.Errorf(akkoord.Unavailable, "unavailable", "What was sent can't be stored right now.")

func openJournal(s *Store, w wire) *sendJournal {
	j := &sendJournal{
		store: s, wire: w, ends: map[*akkoord.Window]func(){}, fences: map[int64]map[int64]bool{},
		wake: make(chan struct{}, 1), full: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	go j.run()
	return j
}

// hold keeps the end of a window's watch over changes.
func (j *sendJournal) hold(w *akkoord.Window, end func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ends[w] = end
}

// expect tells of a claim before its commit, from which on it counts as held.
// The commit may fail, or seem to.
func (j *sendJournal) expect(w *akkoord.Window) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.fences[w.Fence] = nil
}

// expectMail is expect for the mail of a sign-up.
func (j *sendJournal) expectMail(fence, id int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.fences[fence] == nil {
		j.fences[fence] = map[int64]bool{}
	}
	j.fences[fence][id] = true
}

// forget tells that nobody holds a window any more, or its claim failed.
func (j *sendJournal) forget(w *akkoord.Window) {
	if w != nil {
		j.forgetFence(w.Fence)
	}
}

func (j *sendJournal) forgetFence(fence int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.fences, fence)
}

// forgetMails is forget for mails of sign-ups.
func (j *sendJournal) forgetMails(results ...entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := range results {
		if e := &results[i]; e.isSystem() {
			delete(j.fences[e.fence], e.SubscriberID)
			if len(j.fences[e.fence]) == 0 {
				delete(j.fences, e.fence)
			}
		}
	}
}

// holds reports whether somebody here holds a claim.
func (j *sendJournal) holds(fence int64) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, ok := j.fences[fence]
	return ok
}

func (j *sendJournal) mark(e entry) error {
	j.mu.Lock()
	full := j.closed || len(j.pending) > settleBacklog
	j.mu.Unlock()
	if full {
		return errBacklog
	}
	return j.wire.mark(e)
}

// note keeps a result. Where it can't be made to outlive the process, it is
// still settled; a process killed before that leaves it uncertain, which is
// never wrong.
func (j *sendJournal) note(e entry) {
	if e.isSystem() {
		// What the relay refused for good ends more than the mail; a process
		// killed before that is settled tries the mail again.
		if !e.gone() && j.wire.noteSystem(e) {
			j.forgetMails(e)
			return
		}
	} else {
		j.wire.note(e)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.pending = append(j.pending, e)
	wake(j.wake)
	if len(j.pending) >= settleGroup {
		wake(j.full)
	}
}

func (j *sendJournal) release(w *akkoord.Window) error {
	j.mu.Lock()
	j.released = append(j.released, w)
	j.mu.Unlock()
	return j.settle()
}

func (j *sendJournal) run() {
	defer close(j.done)
	timer := time.NewTimer(settleAfter)
	defer timer.Stop()
	for {
		select {
		case <-j.wake:
		case <-j.stop:
			return
		}
		timer.Reset(settleAfter)
		select {
		case <-timer.C:
		case <-j.full:
		case <-j.stop:
			return
		}
		if err := j.settle(); err != nil {
			j.store.cfg.Log.Error("results are not settled yet", "error", err)
		}
	}
}

// settle stores all results that wait and gives windows back, in one commit.
// Where that fails they are kept and tried again.
func (j *sendJournal) settle() error {
	j.settling.Lock()
	defer j.settling.Unlock()
	j.mu.Lock()
	results, windows, copies := j.pending, j.released, j.copies
	j.pending, j.released, j.copies = nil, nil, nil
	j.mu.Unlock()
	if len(results)+len(windows)+len(copies) == 0 {
		return nil
	}
	err := j.store.update(context.Background(), "settle", func(t *tx) error {
		if err := t.settle(results); err != nil {
			return err
		}
		for _, w := range windows {
			if err := t.release(w); err != nil {
				return err
			}
		}
		return t.keepCopies(copies)
	})
	if err != nil {
		j.mu.Lock()
		j.copies = append(copies, j.copies...)
		j.pending, j.released = append(results, j.pending...), append(windows, j.released...)
		j.mu.Unlock()
		j.wire.unsettled()
		time.AfterFunc(settleRetry, func() { wake(j.wake) })
		return err
	}
	j.mu.Lock()
	for _, w := range windows {
		if end := j.ends[w]; end != nil {
			end()
			delete(j.ends, w)
		}
		delete(j.fences, w.Fence)
	}
	j.mu.Unlock()
	j.forgetMails(results...)
	return j.wire.settled(results)
}

// close settles what waits and ends the loop. Marks without a result stay for
// whoever takes over.
func (j *sendJournal) close() error {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return nil
	}
	j.closed = true
	close(j.stop)
	j.mu.Unlock()
	<-j.done
	return errors.Join(j.settle(), j.wire.close())
}
