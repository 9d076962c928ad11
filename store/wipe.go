package store

import (
	"context"
	"database/sql"
	"time"
)

// wiper removes what is left of somebody who was forgotten (P16). On SQLite
// secure deletion overwrites what the database file held of them, and the
// write-ahead log beside it would hold the old pages until it happens to be
// written anew: it is emptied. On PostgreSQL the tables are vacuumed.
type wiper struct {
	db        *sql.DB
	wipe      func(context.Context, *sql.DB) bool
	pause     time.Duration // between two
	forgotten chan struct{} // one slot: somebody was
	stop      <-chan struct{}
	cancel    context.CancelFunc
	done      chan struct{}
}

const (
	wipePause = 2 * time.Second // between two emptyings; P16 gives a minute
	wipeRetry = time.Second     // after one that readers stood in the way of
	// wipeWait is how long one waits for readers, in milliseconds. Nobody
	// writes meanwhile.
	wipeWait = "200"
)

// openWiper starts a wiper. It begins with what an earlier process may have
// left, and rests for pause between two. wipe reports false when it should be tried again.
func openWiper(db *sql.DB, pause time.Duration, wipe func(context.Context, *sql.DB) bool) *wiper {
	db.SetMaxOpenConns(1)
	ctx, cancel := context.WithCancel(context.Background())
	w := &wiper{db: db, wipe: wipe, pause: pause, forgotten: make(chan struct{}, 1), stop: ctx.Done(), cancel: cancel, done: make(chan struct{})}
	wake(w.forgotten)
	go w.run(ctx)
	return w
}

func (w *wiper) run(ctx context.Context) {
	defer close(w.done)
	for wait(w, w.forgotten) {
		pause := time.NewTimer(0)
		for wait(w, pause.C) {
			if w.wipe(ctx, w.db) {
				break
			}
			pause.Reset(wipeRetry)
		}
		pause.Reset(w.pause)
		if !wait(w, pause.C) {
			return
		}
	}
}

// wait reports false when the store closes first.
func wait[T any](w *wiper, c <-chan T) bool {
	select {
	case <-c:
		return true
	case <-w.stop:
		return false
	}
}

func (w *wiper) close() error {
	w.cancel()
	<-w.done
	return w.db.Close()
}
