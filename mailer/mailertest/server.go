// Package mailertest is a real SMTP server for tests and for the demo, with
// scripted faults, a lint for the mails it takes, and a web inbox to read them.
package mailertest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// TLSMode is how a Server secures connections.
type TLSMode string

// The TLS modes. The certificate is made at start; see Server.RootCAs.
const (
	TLSNone     TLSMode = ""
	TLSStart    TLSMode = "starttls"
	TLSImplicit TLSMode = "implicit"
)

// Config is what a Server is like. The zero Config is a relay on a free
// loopback port that takes everything, in the clear, without a password.
type Config struct {
	Addr           string // default 127.0.0.1:0
	TLS            TLSMode
	User, Password string // both set: AUTH PLAIN and LOGIN are offered and demanded
	NoPipelining   bool   // not together with TLSStart
	NoSMTPUTF8     bool
	MaxBytes       int64         // announced and enforced SIZE; default 25 MiB
	Pace           time.Duration // taken for each message before its answer; a demo that can be watched
	Keep           int           // messages kept, oldest dropped first; default 1000
	KeepBytes      int           // of all that are kept, oldest dropped first; 0: any number
	Rules          []Rule        // see also Server.SetRules
	Dialogue       io.Writer     // gets a copy of what goes both ways in the clear
	Now            func() time.Time
}

// Message is one accepted message with its envelope.
type Message struct {
	ID   string // counts up from "1"
	From string
	To   []string
	At   time.Time
	Raw  []byte // as it came, leading dots undone

	UTF8 bool   // MAIL FROM had SMTPUTF8
	TLS  bool   // it came over TLS
	User string // who had authenticated
}

// Server is a running SMTP server.
type Server struct {
	conf Config
	smtp *smtp.Server
	ln   net.Listener
	pool *x509.CertPool
	done chan struct{} // closed by Close: lets hanging answers go

	mu       sync.Mutex // guards what follows
	rules    []Rule
	uses     []int // of each rule
	messages []Message
	bytes    int           // of the kept messages
	last     int           // id of the newest message
	changed  chan struct{} // closed and replaced with every message
	accepted int           // connections
}

// Start begins to listen and serve. End it with Close.
func Start(conf Config) (*Server, error) {
	if conf.NoPipelining && conf.TLS == TLSStart {
		return nil, errors.New("mailertest: NoPipelining can't be had with STARTTLS")
	}
	conf.Keep, conf.MaxBytes = cmp.Or(conf.Keep, 1000), cmp.Or(conf.MaxBytes, 25<<20)
	if conf.Now == nil {
		conf.Now = time.Now
	}
	s := &Server{conf: conf, done: make(chan struct{}), changed: make(chan struct{})}
	s.SetRules(conf.Rules...)
	ln, err := net.Listen("tcp", cmp.Or(conf.Addr, "127.0.0.1:0"))
	if err != nil {
		return nil, fmt.Errorf("mailertest: %w", err)
	}
	s.ln = ln
	s.smtp = smtp.NewServer(smtp.BackendFunc(s.session))
	s.smtp.Domain, s.smtp.MaxMessageBytes = "mailertest", conf.MaxBytes
	s.smtp.EnableSMTPUTF8, s.smtp.EnableDSN = !conf.NoSMTPUTF8, true
	s.smtp.AllowInsecureAuth = conf.TLS == TLSNone
	s.smtp.ErrorLog = quiet{}
	if conf.Dialogue != nil {
		s.smtp.Debug = conf.Dialogue
	}
	if err := s.secure(); err != nil {
		ln.Close()
		return nil, err
	}
	go s.smtp.Serve(counting{s.ln, s})
	return s, nil
}

func (s *Server) secure() error {
	if s.conf.TLS == TLSNone {
		return nil
	}
	cert, pool, err := Certificate(s.conf.Now())
	if err != nil {
		return fmt.Errorf("mailertest: %w", err)
	}
	s.pool = pool
	conf := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	if s.conf.TLS == TLSStart {
		s.smtp.TLSConfig = conf
	} else {
		s.ln = tls.NewListener(s.ln, conf)
	}
	return nil
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// Close ends the server and all its connections, and lets hanging answers go.
func (s *Server) Close() error {
	s.mu.Lock()
	select {
	case <-s.done:
	default:
		close(s.done)
	}
	s.mu.Unlock()
	return s.smtp.Close()
}

// Addr is host:port.
func (s *Server) Addr() string { return s.ln.Addr().String() }

// URL is the value of AKKOORD_SMTP that reaches this server.
func (s *Server) URL() string {
	user := ""
	if s.conf.User != "" {
		user = s.conf.User + ":" + s.conf.Password + "@"
	}
	switch s.conf.TLS {
	case TLSStart:
		return "smtp://" + user + s.Addr()
	case TLSImplicit:
		return "smtps://" + user + s.Addr()
	}
	return "smtp://" + user + s.Addr() + "?tls=none"
}

// RootCAs trusts the server's own certificate; nil without TLS.
func (s *Server) RootCAs() *x509.CertPool { return s.pool }

// Connections is how many have been accepted.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted
}

// Messages gives the kept messages to a recipient, or all for "", oldest first.
func (s *Server) Messages(to string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	for _, m := range s.messages {
		if to == "" || slices.ContainsFunc(m.To, func(t string) bool { return strings.EqualFold(t, to) }) {
			out = append(out, m)
		}
	}
	return out
}

// Message gives one by its id.
func (s *Server) Message(id string) (Message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.messages, func(m Message) bool { return m.ID == id })
	if i < 0 {
		return Message{}, false
	}
	return s.messages[i], true
}

// Clear forgets all messages. Ids go on counting.
func (s *Server) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages, s.bytes = nil, 0
}

// Wait gives the messages to a recipient ("" for anyone) as soon as there are
// n of them, or what there is with ctx's error.
func (s *Server) Wait(ctx context.Context, to string, n int) ([]Message, error) {
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if got := s.Messages(to); len(got) >= n {
			return got, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return s.Messages(to), ctx.Err()
		}
	}
}

func (s *Server) keep(m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	m.ID, m.At = strconv.Itoa(s.last), s.conf.Now()
	s.messages = append(s.messages, m)
	s.bytes += len(m.Raw)
	drop := 0
	for len(s.messages)-drop > s.conf.Keep || s.conf.KeepBytes > 0 && s.bytes > s.conf.KeepBytes {
		s.bytes -= len(s.messages[drop].Raw)
		drop++
	}
	s.messages = slices.Delete(s.messages, 0, drop)
	close(s.changed)
	s.changed = make(chan struct{})
}

// counting counts connections and, where asked, hides PIPELINING on them.
type counting struct {
	net.Listener
	s *Server
}

func (l counting) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.s.mu.Lock()
	l.s.accepted++
	l.s.mu.Unlock()
	if l.s.conf.NoPipelining {
		return withoutPipelining{c}, nil
	}
	return c, nil
}

// withoutPipelining takes the extension out of what the server announces.
type withoutPipelining struct{ net.Conn }

func (c withoutPipelining) Write(b []byte) (int, error) {
	_, err := c.Conn.Write(bytes.ReplaceAll(b, []byte("250-PIPELINING\r\n"), nil))
	return len(b), err
}
