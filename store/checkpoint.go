package store

import (
	"context"
	"database/sql"
	"sync"
	"time"
)

// checkpointer moves what is committed from the write-ahead log into the
// database file while the writer goes on. The writer itself only moves the
// little that came in meanwhile, when the log has grown long, so that the log
// begins anew: a checkpoint of a long log would hold up a second's sign-ups.
type checkpointer struct {
	db         *sql.DB
	grown      chan struct{} // one slot: something was committed
	long       chan struct{} // one slot: the writer should move the rest
	stop, done chan struct{}
	close1     sync.Once
}

const (
	checkpointPause = 400 * time.Millisecond // between two of them
	longLog         = 4000                   // pages, 16 MiB
	// longestLog is after how many pages the writer moves all by itself,
	// should the checkpointer not keep up.
	longestLog = 32000
)

func openCheckpointer(path string) (*checkpointer, error) {
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	c := &checkpointer{
		db: db, grown: make(chan struct{}, 1), long: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	go c.run()
	return c, nil
}

func (c *checkpointer) run() {
	defer close(c.done)
	pause := time.NewTimer(0)
	for {
		select {
		case <-pause.C:
		case <-c.stop:
			return
		}
		select {
		case <-c.grown:
			var busy, pages, moved int
			err := c.db.QueryRowContext(context.Background(), `PRAGMA wal_checkpoint(PASSIVE)`).Scan(&busy, &pages, &moved)
			if err == nil && pages > longLog {
				wake(c.long)
			}
			pause.Reset(checkpointPause)
		case <-c.stop:
			return
		}
	}
}

func (c *checkpointer) close() error {
	c.close1.Do(func() { close(c.stop) })
	<-c.done
	return c.db.Close()
}
