package mailertest

import (
	"context"
	"net"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// NameServer is a name server on this machine that knows TXT records.
type NameServer struct {
	conn net.PacketConn

	mu  sync.Mutex
	txt map[string]string
}

// NewNameServer starts a name server that knows nothing.
func NewNameServer() (*NameServer, error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &NameServer{conn: conn, txt: map[string]string{}}
	go s.serve()
	return s, nil
}

// Close ends it.
func (s *NameServer) Close() error { return s.conn.Close() }

// Publish gives a name a TXT record, in place of the one it had; "" takes it away.
func (s *NameServer) Publish(name, record string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.txt[strings.TrimSuffix(name, ".")] = record
}

// Resolver asks it.
func (s *NameServer) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", s.conn.LocalAddr().String())
	}}
}

func (s *NameServer) serve() {
	buf := make([]byte, 512)
	for {
		n, from, err := s.conn.ReadFrom(buf)
		if err != nil {
			return // it was closed
		}
		var m dnsmessage.Message
		if m.Unpack(buf[:n]) != nil || len(m.Questions) == 0 {
			continue
		}
		m.Response, m.Additionals = true, nil
		s.answer(&m)
		if out, err := m.Pack(); err == nil {
			_, _ = s.conn.WriteTo(out, from) // who asked asks again
		}
	}
}

func (s *NameServer) answer(m *dnsmessage.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := m.Questions[0]
	record := s.txt[strings.ToLower(strings.TrimSuffix(q.Name.String(), "."))]
	if record == "" {
		m.RCode = dnsmessage.RCodeNameError
		return
	}
	if q.Type != dnsmessage.TypeTXT {
		return
	}
	var parts []string
	for len(record) > 255 {
		parts, record = append(parts, record[:255]), record[255:]
	}
	m.Answers = []dnsmessage.Resource{{
		Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1},
		Body:   &dnsmessage.TXTResource{TXT: append(parts, record)},
	}}
}
