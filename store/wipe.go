package store

import (
	"context"
	"database/sql"
	"sync"
	"time"
)

// wiper empties the write-ahead log after somebody was forgotten. Secure
// deletion overwrites what the database file held of them; the log beside it
// would hold the old pages until it happens to be written anew (P16).
type wiper struct {
	db         *sql.DB
	forgotten  chan struct{} // one slot: somebody was
	stop, done chan struct{}
	close1     sync.Once
}

const (
	wipePause = 2 * time.Second // between two emptyings; P16 gives a minute
	wipeRetry = time.Second     // after one that readers stood in the way of
	// wipeWait is how long one waits for readers, in milliseconds. Nobody
	// writes meanwhile.
	wipeWait = "200"
)

// openWiper starts the wiper. It begins with what an earlier process may have
// left.
func openWiper(path string) (*wiper, error) {
	db, err := sql.Open("sqlite", dsn(path, "busy_timeout("+wipeWait+")"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	w := &wiper{db: db, forgotten: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
	wake(w.forgotten)
	go w.run()
	return w, nil
}

func (w *wiper) run() {
	defer close(w.done)
	for wait(w, w.forgotten) {
		pause := time.NewTimer(0)
		for wait(w, pause.C) {
			if w.wipe() {
				break
			}
			pause.Reset(wipeRetry)
		}
		pause.Reset(wipePause)
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

// wipe moves the log into the database file and cuts it to nothing. It can
// only begin between two commits, so what was deleted before the call is gone
// after it.
func (w *wiper) wipe() bool {
	var busy, pages, moved int
	err := w.db.QueryRowContext(context.Background(), `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &moved)
	return err == nil && busy == 0
}

func (w *wiper) close() error {
	w.close1.Do(func() { close(w.stop) })
	<-w.done
	return w.db.Close()
}
