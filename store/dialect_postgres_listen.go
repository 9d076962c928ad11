package store

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// channel is on which nodes tell each other what they changed.
const channel = "akkoord"

// maxNews is how many numbers one notification holds; it may have 8000 bytes.
const maxNews = 350

// news is what a transaction changed, for the other nodes.
type news struct {
	node                       int64
	catalogue, outbox, mailing bool
	all                        bool // more than can be told
	subscribers, mailings      []int64
}

// gather puts together what the changes of a group altered.
func gather(node int64, group []*change) news {
	n := news{node: node}
	for _, c := range group {
		if c.err != nil {
			continue
		}
		n.catalogue, n.outbox, n.mailing = n.catalogue || c.tx.catalogue, n.outbox || c.tx.outbox, n.mailing || c.tx.mailing
		n.subscribers, n.mailings = append(n.subscribers, c.tx.touched...), append(n.mailings, c.tx.mailings...)
	}
	slices.Sort(n.subscribers)
	n.subscribers = slices.Compact(n.subscribers)
	if len(n.subscribers)+len(n.mailings) > maxNews {
		n.all, n.subscribers, n.mailings = true, nil, nil
	}
	return n
}

func (n news) empty() bool {
	return !n.catalogue && !n.outbox && !n.mailing && !n.all && len(n.subscribers)+len(n.mailings) == 0
}

func (n news) text() string {
	var b []byte
	b = append(strconv.AppendInt(b, n.node, 10), ' ')
	for _, f := range []struct {
		set  bool
		flag byte
	}{{n.catalogue, 'c'}, {n.outbox, 'o'}, {n.mailing, 'm'}, {n.all, 'a'}} {
		if f.set {
			b = append(b, f.flag)
		}
	}
	for _, list := range [][]int64{n.subscribers, n.mailings} {
		b = append(b, ' ')
		for i, id := range list {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, id, 10)
		}
	}
	return string(b)
}

// parseNews reads a notification. One that can't be read means that anything
// may have changed.
func parseNews(text string) news {
	anything := news{catalogue: true, outbox: true, mailing: true, all: true}
	fields := strings.Split(text, " ")
	if len(fields) != 4 {
		return anything
	}
	var err error
	n := news{
		catalogue: strings.Contains(fields[1], "c"), outbox: strings.Contains(fields[1], "o"),
		mailing: strings.Contains(fields[1], "m"), all: strings.Contains(fields[1], "a"),
	}
	if n.node, err = strconv.ParseInt(fields[0], 10, 64); err != nil {
		return anything
	}
	for i, list := range []*[]int64{&n.subscribers, &n.mailings} {
		if fields[i+2] == "" {
			continue
		}
		for number := range strings.SplitSeq(fields[i+2], ",") {
			id, err := strconv.ParseInt(number, 10, 64)
			if err != nil {
				return anything
			}
			*list = append(*list, id)
		}
	}
	return n
}

// listener hears what other nodes change. While it can't, it is deaf, and the
// database is asked about everybody before their mail (P09).
type listener struct {
	store   *Store
	dialect *postgres
	deaf    atomic.Bool
	cancel  context.CancelFunc
	done    chan struct{}
}

const (
	listenRetry = 300 * time.Millisecond
	// listenQuiet is how long it may be quiet before the connection is tried:
	// with listenPatience the bound on how late a change is seen.
	listenQuiet    = 400 * time.Millisecond
	listenPatience = 400 * time.Millisecond
)

func newListener(s *Store, p *postgres) *listener {
	l := &listener{store: s, dialect: p, cancel: func() {}, done: make(chan struct{})}
	l.deaf.Store(true)
	return l
}

// start begins to listen; when it returns, nothing goes unheard.
func (l *listener) start(ctx context.Context) error {
	conn, err := l.connect(ctx)
	if err != nil {
		close(l.done)
		return err
	}
	l.deaf.Store(false)
	ctx, l.cancel = context.WithCancel(context.Background())
	go l.run(ctx, conn)
	return nil
}

func (l *listener) connect(ctx context.Context) (*pgx.Conn, error) {
	config := l.dialect.with(nil)
	config.DialFunc = dialServer
	ctx, cancel := context.WithTimeout(ctx, config.ConnectTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn, nil
}

func (l *listener) run(ctx context.Context, conn *pgx.Conn) {
	defer close(l.done)
	pause := time.NewTimer(0)
	defer pause.Stop()
	var lost time.Time
	for {
		if conn != nil {
			err := l.listen(ctx, conn)
			lost = time.Now()
			l.deaf.Store(true)
			l.store.cached.drop()
			l.store.relays.drop()
			_ = conn.Close(context.Background())
			if ctx.Err() != nil {
				return
			}
			l.store.cfg.Log.Warn("changes by other nodes are not heard for now; the database is asked instead", "error", err)
		}
		pause.Reset(listenRetry)
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
		var err error
		if conn, err = l.connect(ctx); err != nil {
			if ctx.Err() == nil {
				l.silent(lost, err)
			}
			continue
		}
		if l.dialect.lines.mend() {
			l.store.cfg.Log.Info("the database is reached again")
		}
		l.tell(parseNews("")) // anything may have changed while nobody listened
		l.deaf.Store(false)
	}
}

// silent cuts all other lines to a server that has not answered for as long as
// connecting may take.
func (l *listener) silent(lost time.Time, err error) {
	if !answered(err) && time.Since(lost) >= l.dialect.config.ConnectTimeout && l.dialect.lines.sever() {
		l.store.cfg.Log.Warn("the database does not answer; everybody is told to come again until it does", "error", err)
	}
}

// listen tells what it hears until the connection fails.
func (l *listener) listen(ctx context.Context, conn *pgx.Conn) error {
	for {
		quiet, cancel := context.WithTimeout(ctx, listenQuiet)
		n, err := conn.WaitForNotification(quiet)
		cancel()
		switch {
		case err == nil:
			if news := parseNews(n.Payload); news.node != l.store.nodeNumber.Load() {
				l.tell(news)
			}
		case ctx.Err() != nil:
			return ctx.Err()
		case pgconn.Timeout(err) && !conn.IsClosed():
			if err := ping(ctx, conn); err != nil {
				return err
			}
		default:
			return err
		}
	}
}

func ping(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, listenPatience)
	defer cancel()
	return conn.Ping(ctx)
}

// tell passes news on as a commit of this node would.
func (l *listener) tell(n news) {
	s := l.store
	if n.all {
		s.changes.flood()
	}
	s.changes.add(n.subscribers, n.mailings)
	if n.catalogue {
		s.cached.drop()
		s.relays.drop()
	}
	if n.outbox {
		wake(s.wakeOutbox)
	}
	if n.mailing {
		wake(s.wakeMailing)
	}
}

func (l *listener) close() {
	l.cancel()
	<-l.done
}
