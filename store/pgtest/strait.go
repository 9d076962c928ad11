package pgtest

import (
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Strait is a way by TCP to a server that can be shut: then nothing comes
// through, and neither side is told.
type Strait struct {
	URL string // of the database by this way

	server string // its socket
	ln     net.Listener
	wait   sync.WaitGroup

	mu     sync.Mutex
	clear  chan struct{} // closed while it is open
	drops  bool          // what comes meanwhile is lost, not late
	conns  []net.Conn
	closed bool
}

// NewStrait makes a way to the database of a URL that New gave. Query is added
// to its URL.
func NewStrait(t testing.TB, database, query string) *Strait {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	s := &Strait{server: filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432"), clear: make(chan struct{})}
	close(s.clear)
	if s.ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	s.URL = "postgres://" + u.User.String() + "@" + s.ln.Addr().String() + u.Path + "?" + strings.Trim("sslmode=disable&"+query, "&")
	s.wait.Go(s.accept)
	t.Cleanup(s.end)
	return s
}

// Shut lets nothing through. What is sent meanwhile arrives when the way is
// open again, as after a partition that heals; with drops never, and the
// connections of now stay dead, as when a router forgets them.
func (s *Strait) Shut(drops bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear, s.drops = make(chan struct{}), drops
}

// Open lets everything through again.
func (s *Strait) Open() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.clear)
}

func (s *Strait) accept() {
	for {
		c, err := s.ln.Accept()
		if err != nil {
			return
		}
		if s.keep(c) {
			s.wait.Go(func() { s.carry(c) })
		}
	}
}

// keep remembers a connection for the end; false after it.
func (s *Strait) keep(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = c.Close()
		return false
	}
	s.conns = append(s.conns, c)
	return true
}

// pass waits until the way is open; false when what came is lost.
func (s *Strait) pass() bool {
	s.mu.Lock()
	clear, drops := s.clear, s.drops
	s.mu.Unlock()
	select {
	case <-clear:
		return true
	default:
	}
	<-clear
	return !drops
}

func (s *Strait) carry(client net.Conn) {
	if !s.pass() {
		return
	}
	server, err := net.Dial("unix", s.server)
	if err != nil || !s.keep(server) {
		_ = client.Close()
		return
	}
	s.wait.Go(func() { s.pump(client, server) })
	s.pump(server, client)
}

func (s *Strait) pump(to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if !s.pass() {
			return
		}
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}

func (s *Strait) end() {
	_ = s.ln.Close()
	s.mu.Lock()
	s.closed = true
	select {
	case <-s.clear:
	default:
		close(s.clear)
	}
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.wait.Wait()
}
