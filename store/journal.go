package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"strconv"
	"sync"
	"time"

	"akkoord"
)

// The send journal lies beside the database, with this ending.
const journalSuffix = ".sendlog"

const (
	settleAfter   = 50 * time.Millisecond // how long results wait for others to share a commit
	settleGroup   = 500                   // results that don't wait any longer
	settleBacklog = 10 * settleGroup      // results waiting for the database at which no new body is begun
	settleRetry   = time.Second           // after a commit that failed
	journalSize   = 4 << 20               // bytes of the file at which settled entries are dropped from it
)

// sendJournal keeps on-wire marks and results that no commit holds yet, in an
// append-only file: a line for each, a checksum in front, no sync. What is
// written survives the death of the process; after the death of the machine
// its end may be missing, which recovery takes into account. The result of
// what was on the wire shares a write with the next mark, so that a killed
// process leaves at most one delivery of each connection without a result. It
// holds numbers and masked replies, no address.
//
// A loop settles results in groups. Marks and results stay in live until a
// commit holds them.
type sendJournal struct {
	store *Store
	turn  claimTurn

	mu       sync.Mutex // guards what follows, but for settling
	file     *os.File
	size     int64
	held     []byte             // lines to be written with the next mark
	live     map[entryKey]entry // last entry of each delivery that is not settled
	pending  []entry            // results to settle
	released []*akkoord.Window  // to be given back with the next settling
	ends     map[*akkoord.Window]func()
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

// openJournal settles what an earlier process left, and starts a new journal.
func openJournal(ctx context.Context, s *Store) (*sendJournal, error) {
	path := s.cfg.Path + journalSuffix
	if err := s.recover(ctx, path); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the send journal can't be opened: %w", err)
	}
	j := &sendJournal{
		store: s, file: f, live: map[entryKey]entry{}, ends: map[*akkoord.Window]func(){},
		wake: make(chan struct{}, 1), full: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	go j.run()
	return j, nil
}

// hold keeps the end of a window's watch over changes.
func (j *sendJournal) hold(w *akkoord.Window, end func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ends[w] = end
}

func (j *sendJournal) mark(e entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed || len(j.pending) > settleBacklog {
		return errBacklog
	}
	before := len(j.held)
	j.held = e.append(j.held)
	if err := j.write(); err != nil {
		j.held = j.held[:before]
		return err
	}
	j.live[e.key()] = e
	return nil
}

// note keeps a result. Where the file can't take it, it is still settled; a
// process killed before that leaves it uncertain, which is never wrong.
func (j *sendJournal) note(e entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, marked := j.live[e.key()]
	j.held = e.append(j.held)
	if !marked {
		j.writeHeld()
	}
	j.live[e.key()] = e
	j.pending = append(j.pending, e)
	wake(j.wake)
	if len(j.pending) >= settleGroup {
		wake(j.full)
	}
}

// writeHeld writes results that no mark follows.
func (j *sendJournal) writeHeld() {
	if err := j.write(); err != nil {
		j.store.cfg.Log.Error("a result was not written to the send journal", "error", err)
		j.held = j.held[:0]
	}
}

// write appends the lines that are held, whole or not at all.
func (j *sendJournal) write() error {
	n, err := j.file.Write(j.held)
	if err != nil {
		if n > 0 {
			err = errors.Join(err, j.file.Truncate(j.size))
		}
		return fmt.Errorf("send journal: %w", err)
	}
	j.size += int64(n)
	j.held = j.held[:0]
	return nil
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
	results, windows := j.pending, j.released
	j.pending, j.released = nil, nil
	j.mu.Unlock()
	if len(results)+len(windows) == 0 {
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
		return nil
	})
	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil {
		j.pending, j.released = append(results, j.pending...), append(windows, j.released...)
		j.writeHeld()
		time.AfterFunc(settleRetry, func() { wake(j.wake) })
		return err
	}
	for i := range results {
		delete(j.live, results[i].key())
	}
	for _, w := range windows {
		if end := j.ends[w]; end != nil {
			end()
			delete(j.ends, w)
		}
	}
	if j.size >= journalSize || len(j.live) == 0 && j.size >= journalSize/64 {
		return j.compact()
	}
	return nil
}

// compact puts a file in place that holds only what is not settled: at most a
// line for each connection and the results of a moment.
func (j *sendJournal) compact() error {
	if len(j.live) == 0 {
		j.held = j.held[:0]
		if err := j.file.Truncate(0); err != nil {
			return fmt.Errorf("send journal: %w", err)
		}
		j.size = 0
		return nil
	}
	var all []byte
	for _, e := range j.live {
		all = e.append(all)
	}
	path := j.store.cfg.Path + journalSuffix
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("send journal: %w", err)
	}
	if _, err := f.Write(all); err != nil {
		return errors.Join(fmt.Errorf("send journal: %w", err), f.Close(), os.Remove(path+".new"))
	}
	if err := os.Rename(path+".new", path); err != nil {
		return errors.Join(fmt.Errorf("send journal: %w", err), f.Close())
	}
	old := j.file
	j.file, j.size, j.held = f, int64(len(all)), j.held[:0]
	return old.Close()
}

// close settles what waits and ends the loop. Marks without a result stay in
// the file for the next process.
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
	err := j.settle()
	j.mu.Lock()
	defer j.mu.Unlock()
	return errors.Join(err, j.file.Close())
}

// append writes the entry as a line after dst: a checksum, nine numbers and
// two quoted texts.
func (e *entry) append(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, "00000000"...)
	for _, n := range [...]int64{
		e.chunk, e.fence, e.mailing, e.SubscriberID, int64(e.State), int64(e.Attempts), micros(e.FirstAt), micros(e.At), micros(e.NextAt),
	} {
		dst = strconv.AppendInt(append(dst, ' '), n, 10)
	}
	dst = strconv.AppendQuote(append(dst, ' '), e.Code)
	dst = strconv.AppendQuote(append(dst, ' '), e.Reply)
	var room [9]byte
	sum := strconv.AppendUint(room[:0], 1<<32|uint64(crc32.ChecksumIEEE(dst[start+8:])), 16)
	copy(dst[start:], sum[1:])
	return append(dst, '\n')
}

// parseEntry reads a line without its end; false means that it is damaged.
func parseEntry(line []byte) (e entry, ok bool) {
	if len(line) < 9 {
		return e, false
	}
	sum, err := strconv.ParseUint(string(line[:8]), 16, 32)
	if err != nil || uint32(sum) != crc32.ChecksumIEEE(line[8:]) {
		return e, false
	}
	fields := bytes.SplitN(line[9:], []byte(" "), 10)
	if len(fields) != 10 {
		return e, false
	}
	var n [9]int64
	for i := range n {
		if n[i], err = strconv.ParseInt(string(fields[i]), 10, 64); err != nil {
			return e, false
		}
	}
	rest := string(fields[9])
	code, err := strconv.QuotedPrefix(rest)
	if err != nil || len(rest) == len(code) {
		return e, false
	}
	e = entry{chunk: n[0], fence: n[1], mailing: n[2], index: -1}
	e.SubscriberID, e.State, e.Attempts = n[3], akkoord.DeliveryState(n[4]), int(n[5])
	e.FirstAt, e.At, e.NextAt = fromMicros(n[6]), fromMicros(n[7]), fromMicros(n[8])
	e.Code, err = strconv.Unquote(code)
	if err != nil {
		return e, false
	}
	e.Reply, err = strconv.Unquote(rest[len(code)+1:])
	return e, err == nil
}
