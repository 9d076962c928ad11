package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"akkoord"
)

// maxGroup bounds how many changes share one commit.
const maxGroup = 256

// writer is the one goroutine that writes. It takes all changes that wait into
// one transaction, commits, and then answers them all. A change that fails
// fails alone: then the group is written again with a savepoint for each.
type writer struct {
	store *Store
	db    *sql.DB
	conn  *sql.Conn
	session
	queue  chan *change
	stop   chan struct{} // closed: commit what waits, then end
	done   chan struct{} // closed: ended
	failed chan struct{}
	broken atomic.Bool
	close1 sync.Once

	tail
	lastTime time.Time
	rows     [growing]waiting // of the tables that only grow; see grow.go
	inserts  map[[2]int]string
	leaving  []akkoord.Departure // of the group, for the journal
	ahead    ahead
	known    knownWebhooks
	tally    *writerTally
	peers    int64 // nodes that share the database, as of the transaction's begin
	before   int   // writes before the transaction
	rehearse bool  // tests: write each group twice, as if a change of it had failed
}

// tail is where the tables that only grow end.
type tail struct {
	ledger    akkoord.Head // last line of the ledger
	auditSeq  int64
	auditHash [32]byte
	person    int64 // highest number that a person ever had
	departed  int64 // last line of the departure journal
	webhooks  int64 // how often the endpoints of webhooks were changed
}

// change is one caller's work in the group.
type change struct {
	op    string
	blind bool // see record
	of    who  // see recordOf
	apply func(*tx) error
	tx    tx
	err   error
	done  chan struct{}
}

var changePool = sync.Pool{New: func() any { return &change{done: make(chan struct{}, 1)} }}

// tx is what a change writes through. now is the one clock reading of the
// change, later than that of every change before it.
type tx struct {
	*writer
	now       time.Time
	events    eventCounts
	touched   []int64 // subscribers whose standing the change may have altered
	mailings  []int64 // mailings whose state it altered
	outbox    bool    // it put something into the outbox
	mailing   bool    // it made a mailing ready to be sent
	catalogue bool    // it changed a purpose or a form
	keptIP    bool    // it kept a whole IP address
	wipe      bool    // it deleted what no byte may be left of (P16)
}

func openWriter(ctx context.Context, s *Store) (*writer, error) {
	db, err := s.dialect.writing(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{
		store: s, db: db, inserts: map[[2]int]string{}, tally: newWriterTally(),
		queue: make(chan *change, 4*maxGroup), stop: make(chan struct{}), done: make(chan struct{}), failed: make(chan struct{}),
	}
	if err := w.connect(ctx); err != nil {
		return nil, errors.Join(err, w.disconnect(), db.Close())
	}
	go w.run()
	return w, nil
}

// connect takes the connection that writes, a new one where the last was
// closed.
func (w *writer) connect(ctx context.Context) error {
	if w.conn != nil {
		return nil
	}
	var err error
	if w.conn, err = w.db.Conn(ctx); err != nil {
		return err
	}
	if w.session, err = w.store.dialect.session(w.conn); err != nil {
		return err
	}
	return w.store.dialect.begin(ctx, w)
}

// disconnect gives the connection up.
func (w *writer) disconnect() error {
	var err error
	if w.session != nil {
		err = w.session.close()
	}
	if w.conn != nil {
		err = errors.Join(err, w.conn.Close())
	}
	w.session, w.conn = nil, nil
	return err
}

// readTail reads where the tables that only grow end.
func (w *writer) readTail() error {
	var hash []byte
	w.tail = tail{}
	err := w.queryRow(`SELECT seq, hash FROM consent_event ORDER BY seq DESC LIMIT 1`).Scan(&w.ledger.Seq, &hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	copy(w.ledger.Hash[:], hash)
	var spoken, known int64
	if err := w.queryRow(`SELECT coalesce((SELECT max(subscriber_id) FROM consent_event), 0),
		coalesce((SELECT max(id) FROM subscriber), 0), coalesce((SELECT max(number) FROM departure), 0)`).
		Scan(&spoken, &known, &w.departed); err != nil {
		return err
	}
	w.person = max(spoken, known)
	return w.readAuditTail()
}

// update runs f in the next group and answers after the commit. An error of f
// undoes f alone. f must not wait for anything and must not keep tx. It may be
// run again after what it wrote was undone, so it sets what it hands out.
func (s *Store) update(_ context.Context, op string, f func(*tx) error) error {
	return s.change(op, false, who{}, f)
}

// record is update for an f that reads none of the tables that only grow
// (grow.go). What such changes add to those is written once for the group.
func (s *Store) record(_ context.Context, op string, f func(*tx) error) error {
	return s.change(op, true, who{}, f)
}

func (s *Store) change(op string, blind bool, of who, f func(*tx) error) error {
	// The caller's context is not used: a closed browser must not undo its
	// neighbours, and a change that was begun has to be answered.
	w := s.writer
	if w == nil || w.broken.Load() {
		return errNotWritable
	}
	c := changePool.Get().(*change)
	c.op, c.blind, c.of, c.apply, c.err = op, blind, of, f, nil
	select {
	case w.queue <- c:
	case <-w.done:
		return errNotWritable
	}
	select {
	case <-c.done:
	case <-w.done:
		select {
		case <-c.done: // answered just before the end
		default:
			return errNotWritable
		}
	}
	err := c.err
	if err != nil && w.store.dialect.unfit(err) {
		err = errUnfit
	}
	c.apply, c.tx = nil, tx{}
	changePool.Put(c)
	if err != nil && akkoord.KindOf(err) == "" {
		return fmt.Errorf("%s: %w", op, err)
	}
	return err
}

var errNotWritable = akkoord.Errorf(akkoord.Unavailable, "unavailable", "The server can't store anything right now. Please try again in a minute.")

func (w *writer) run() {
	defer close(w.done)
	group := make([]*change, 0, maxGroup)
	var long, grown chan struct{}
	if m := w.store.moving; m != nil {
		long, grown = m.long, m.grown
	}
	for {
		select {
		case first := <-w.queue:
			group = w.waiting(append(group[:0], first))
		case <-long:
			w.moveLog()
			continue
		case <-w.stop:
			if group = w.waiting(group[:0]); len(group) == 0 {
				return
			}
		}
		w.commit(group)
		wake(grown)
	}
}

// moveLog moves what the checkpointer left of the log, so that it begins anew.
// Where a reader stands in the way that is done another time; what else goes
// wrong the next commit will tell.
func (w *writer) moveLog() {
	var busy, pages, moved int
	_ = w.queryRow(`PRAGMA wal_checkpoint(PASSIVE)`).Scan(&busy, &pages, &moved)
}

// waiting adds to a group what waits now.
func (w *writer) waiting(group []*change) []*change {
	for len(group) < maxGroup {
		select {
		case c := <-w.queue:
			group = append(group, c)
		default:
			return group
		}
	}
	return group
}

// commit makes a group durable, tells what changed to those who ask before a
// mail goes out, and only then answers.
func (w *writer) commit(group []*change) {
	tail := w.tail
	began := time.Now()
	err := w.transact(group)
	w.tally.wrote(group, began, err)
	if err != nil {
		w.tail = tail
		w.undo(mark{})
		w.store.cfg.Log.Error("a group of changes was not written", "changes", len(group), "error", err)
		w.broke(err)
		for _, c := range group {
			c.err = errNotWritable
		}
	} else {
		w.publish(group)
	}
	for _, c := range group {
		c.done <- struct{}{}
	}
}

// broke acts on a group that was not written. A server may have committed it
// all the same, and only its answer was lost: then whoever is about to get a
// mail is asked about again.
func (w *writer) broke(err error) {
	switch {
	case w.store.dialect.lost(err):
		w.fail()
	case w.store.dialect.gone(err):
		w.store.changes.flood()
		if w.conn != nil { // not back to the pool: a session may be what is wrong
			_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
			w.session, w.conn = nil, nil
		}
	}
}

// fail stops all writing: after a failed sync nobody knows what is on the
// disk, so nothing is retried (P05).
func (w *writer) fail() {
	if w.broken.CompareAndSwap(false, true) {
		close(w.failed)
	}
}

func (w *writer) publish(group []*change) {
	var outbox, mailing, wipe bool
	for _, c := range group {
		if c.err != nil {
			continue
		}
		w.store.changes.add(c.tx.touched, c.tx.mailings)
		if c.tx.catalogue {
			w.store.cached.drop()
			w.store.relays.drop()
		}
		outbox = outbox || c.tx.outbox
		mailing = mailing || c.tx.mailing
		wipe = wipe || c.tx.wipe
	}
	if outbox {
		wake(w.store.wakeOutbox)
	}
	if mailing {
		wake(w.store.wakeMailing)
	}
	if wipe { // not sooner: what is not committed can't be wiped
		wake(w.store.wiper.forgotten)
	}
}

// errReplay says that a change failed after it had written something.
var errReplay = errors.New("a change of the group failed")

// transact writes a group and commits it. Nearly all changes succeed, so they
// are first written one after the other; only where one of them fails is all
// undone and written again with a savepoint for each change.
func (w *writer) transact(group []*change) error {
	tail := w.tail
	err := w.attempt(group, w.together)
	if errors.Is(err, errReplay) {
		w.tail = tail
		w.undo(mark{})
		err = w.attempt(group, w.oneByOne)
	}
	return err
}

// together writes a group in order, with no savepoint.
func (w *writer) together(group []*change) error {
	for i, c := range group {
		if err := w.ready(c); err != nil {
			return err
		}
		if err := w.readAhead(group[i:]); err != nil {
			return err
		}
		if err := w.inOrder(c); err != nil {
			return err
		}
		w.ahead.wrote(c.tx.touched)
	}
	return nil
}

// oneByOne writes a group with a savepoint for each change.
func (w *writer) oneByOne(group []*change) error {
	for _, c := range group {
		if err := w.ready(c); err != nil {
			return err
		}
		if err := w.savepoint(c); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) attempt(group []*change, write func([]*change) error) error {
	if err := w.connect(context.Background()); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if err := w.begin(); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer w.rollback()
	if err := w.store.dialect.enter(w); err != nil {
		return err
	}
	w.leaving, w.ahead = w.leaving[:0], ahead{}
	w.known.forgetChanged()
	if err := write(group); err != nil {
		return err
	}
	if err := (&tx{writer: w}).flush(); err != nil {
		return err
	}
	for n := len(w.leaving); n > 0 && w.leaving[n-1].Number > w.departed; n-- { // of changes that were undone
		w.leaving = w.leaving[:n-1]
	}
	if err := w.store.dialect.leave(w, group); err != nil {
		return err
	}
	return w.store.departures.together(w.leaving, w.session.commit)
}

// ready gives a change its time, and has written what it may read.
func (w *writer) ready(c *change) error {
	now := w.store.cfg.Now().UTC().Truncate(time.Microsecond)
	if !now.After(w.lastTime) {
		now = w.lastTime.Add(time.Microsecond)
	}
	w.lastTime = now
	c.tx, c.err = tx{writer: w, now: now}, nil
	if c.blind {
		return nil
	}
	return c.tx.flush()
}

// inOrder runs one change. A refusal is the change's own as long as it has
// written nothing.
func (w *writer) inOrder(c *change) error {
	tail, mark, before := w.tail, w.mark(), w.written()
	c.err = w.guarded(c)
	switch {
	case w.rehearse:
		return errReplay
	case c.err == nil:
		return nil
	case w.store.dialect.full(c.err):
		return c.err
	case w.written() > before || akkoord.KindOf(c.err) == "":
		return errReplay
	}
	w.tail = tail
	w.undo(mark)
	return nil
}

// savepoint runs one change that fails alone; only an error of the savepoint
// itself, or of a full disk, is given back, since that concerns the whole group.
func (w *writer) savepoint(c *change) error {
	tail, mark := w.tail, w.mark()
	if err := c.tx.exec(`SAVEPOINT change`); err != nil {
		return err
	}
	if c.err = w.guarded(c); c.err == nil {
		c.err = alone(w.session.sync())
	}
	if c.err != nil {
		w.tail = tail
		w.undo(mark)
		if w.store.dialect.full(c.err) {
			return c.err
		}
		if err := w.undoSavepoint(); err != nil {
			return errors.Join(c.err, err)
		}
	}
	return c.tx.exec(`RELEASE change`)
}

// undoSavepoint undoes what a change wrote, when all of it has reached the
// database.
func (w *writer) undoSavepoint() error {
	if err := w.session.sync(); w.store.dialect.gone(err) {
		return err
	}
	if err := w.session.exec(`ROLLBACK TO change`); err != nil {
		return err
	}
	return w.session.sync()
}

// alone gives the error of a statement that can only be of this change.
func alone(err error) error {
	if late, ok := err.(interface{ Unwrap() []error }); ok && errors.Is(err, errReplay) {
		return errors.Join(late.Unwrap()[1:]...)
	}
	return err
}

// guarded turns a panic of one change into its error, so that its neighbours
// are not harmed.
func (w *writer) guarded(c *change) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return c.apply(&c.tx)
}

func (w *writer) close() error {
	var err error
	w.close1.Do(func() {
		close(w.stop)
		<-w.done
		err = errors.Join(w.disconnect(), w.db.Close())
	})
	return err
}

func (t *tx) exec(query string, args ...any) error { return t.session.exec(query, args...) }

// execCount is exec that gives the number of rows affected.
func (t *tx) execCount(query string, args ...any) (int64, error) {
	return t.session.count(query, args...)
}

func (t *tx) query(query string, args ...any) (rows, error) { return t.session.query(query, args...) }

func (t *tx) queryRow(query string, args ...any) row { return t.session.queryRow(query, args...) }
