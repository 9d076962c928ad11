package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

// sinkOrder is a line on the sink's standard input; a tally answers each.
type sinkOrder struct {
	Reset   bool   // forget everything first
	Collect string // with Reset: what to look for in mails: confirmTokens, leaveTokens or returnPaths
	Tokens  string // write the tokens found to this file, one per line
}

// tally is what the sink has taken since it was last reset.
type tally struct {
	Messages   int
	Bytes      int64 // of all messages, from header to dot
	Recipients int   // different ones
	Twice      int   // messages to a recipient who already had one
	Signed     int   // messages with a DKIM-Signature
	Tokens     int   // links found of the kind looked for
	First      int64 // time of the first and last message, microseconds since 1970
	Last       int64
	CPU        float64 // seconds of processor time of the sink since it started
}

// bytesEach is the mean size of a message.
func (t tally) bytesEach() int { return int(t.Bytes) / max(1, t.Messages) }

// rate is in messages per second, between the first and the last.
func (t tally) rate() float64 {
	if t.Last <= t.First {
		return 0
	}
	return float64(t.Messages-1) / (float64(t.Last-t.First) / 1e6)
}

// sink is an SMTP server that accepts everything and answers a group of
// pipelined commands (RFC 2920) with one write. It counts, so that a benchmark
// can see that every body did arrive, and once only.
type sink struct {
	seed maphash.Seed

	mu     sync.Mutex // guards what follows
	tally  tally
	seen   map[uint64]struct{} // recipients, hashed
	kind   string              // of link to collect
	tokens []string
}

func newSink() *sink {
	return &sink{seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}}
}

// serveSink serves SMTP until stdin ends, and obeys the orders that come there.
func serveSink(stdin io.Reader, stdout io.Writer) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	s := newSink()
	go s.serve(listener)
	fmt.Fprintln(stdout, listener.Addr())
	orders, answers := json.NewDecoder(stdin), json.NewEncoder(stdout)
	for {
		var order sinkOrder
		if err := orders.Decode(&order); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		t, err := s.obey(order)
		if err != nil {
			return err
		}
		if err := answers.Encode(t); err != nil {
			return err
		}
	}
}

func (s *sink) obey(order sinkOrder) (tally, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if order.Tokens != "" {
		text := strings.Join(s.tokens, "\n")
		if err := os.WriteFile(order.Tokens, []byte(text), 0o600); err != nil {
			return tally{}, err
		}
	}
	if order.Reset {
		s.tally, s.seen, s.tokens, s.kind = tally{}, map[uint64]struct{}{}, nil, order.Collect
	}
	t := s.tally
	t.Recipients, t.Tokens, t.CPU = len(s.seen), len(s.tokens), ownCPU()
	return t, nil
}

func (s *sink) serve(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go s.converse(conn)
	}
}

// converse is one SMTP session.
func (s *sink) converse(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReaderSize(conn, 64<<10)
	w := bufio.NewWriterSize(conn, 4<<10)
	w.WriteString("220 sink ESMTP\r\n")
	var m message
	for {
		if r.Buffered() == 0 && w.Flush() != nil {
			return
		}
		line, err := r.ReadSlice('\n')
		if err != nil || len(line) < len("QUIT") {
			return
		}
		switch verb := string(bytes.ToUpper(line[:4])); verb {
		case "EHLO", "HELO":
			w.WriteString("250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SMTPUTF8\r\n")
		case "MAIL":
			m.takeFrom(line)
			w.WriteString("250 2.0.0 ok\r\n")
		case "RCPT":
			m.recipient = maphash.Bytes(s.seed, bytes.ToLower(bytes.TrimSpace(line)))
			w.WriteString("250 2.1.5 ok\r\n")
		case "DATA":
			w.WriteString("354 go\r\n")
			if w.Flush() != nil || m.read(r, s.collects()) != nil {
				return
			}
			s.take(&m)
			w.WriteString("250 2.0.0 ok\r\n")
		case "QUIT":
			w.WriteString("221 2.0.0 bye\r\n")
			w.Flush()
			return
		default: // RSET, NOOP
			w.WriteString("250 2.0.0 ok\r\n")
		}
	}
}

func (s *sink) collects() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kind
}

func (s *sink) take(m *message) {
	now := time.Now().UnixMicro()
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &s.tally
	if t.Messages == 0 {
		t.First = now
	}
	t.Last = now
	t.Messages++
	t.Bytes += int64(m.size)
	if m.signed {
		t.Signed++
	}
	if _, again := s.seen[m.recipient]; again {
		t.Twice++
	}
	s.seen[m.recipient] = struct{}{}
	if m.token != "" {
		s.tokens = append(s.tokens, m.token)
	}
}
