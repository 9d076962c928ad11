package store

import (
	"context"
	"errors"
	"net"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// lines are the connections of a process to its server. Where packets are lost
// without a word, or the server stands still, whoever waits for an answer would
// wait for a quarter of an hour. The listener notices first, since it hears
// something every second: then all lines are cut, so that everybody who waits is
// told to come again, and until it reaches the server nobody else tries (P34).
type lines struct {
	mu   sync.Mutex
	open map[*line]bool
	cut  bool
}

// line is one of them, on record until it is closed.
type line struct {
	net.Conn
	of *lines
}

func (l *line) Close() error {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	if !l.of.open[l] { // cut
		return nil
	}
	delete(l.of.open, l)
	return l.Conn.Close()
}

var errCut = errors.New("the server does not answer")

func (l *lines) isCut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut
}

// dial is how all but the listener reach the server.
func (l *lines) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if l.isCut() {
		return nil, errCut
	}
	conn, err := dialServer(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return nil, errors.Join(errCut, conn.Close())
	}
	made := &line{conn, l}
	l.open[made] = true
	return made, nil
}

// sever cuts all lines; false when that was done before.
func (l *lines) sever() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return false
	}
	l.cut = true
	for made := range l.open {
		_ = made.Conn.Close() // whoever waits on it is told
	}
	clear(l.open)
	return true
}

// mend lets everybody dial again; false when nothing was cut.
func (l *lines) mend() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.cut
	l.cut = false
	return was
}

const (
	// tcpUserTimeout is the option of Linux for how long what was sent may stay
	// unacknowledged (tcp(7)). It ends a line whose path is gone while new ones
	// can be made.
	tcpUserTimeout = 18
	ackPatience    = 10 * time.Second
)

func dialServer(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: ackPatience, Interval: 5 * time.Second, Count: 3}}
	if runtime.GOOS == "linux" && network != "unix" {
		d.ControlContext = func(_ context.Context, _, _ string, c syscall.RawConn) error {
			var set error
			err := c.Control(func(fd uintptr) {
				set = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(ackPatience.Milliseconds()))
			})
			return errors.Join(err, set)
		}
	}
	return d.DialContext(ctx, network, address)
}

// answered reports whether it was the server that refused.
func answered(err error) bool {
	_, ok := errors.AsType[*pgconn.PgError](err)
	return ok
}
