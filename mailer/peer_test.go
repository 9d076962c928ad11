package mailer

import (
	"bufio"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// peer is the relay's side of one connection, played by a test.
type peer struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

// relayPlayedBy starts a relay that plays one script for each connection, in
// order, and gives a Dialer for it. The test fails if a script doesn't end.
func relayPlayedBy(t *testing.T, scripts ...func(*peer)) *Dialer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, play := range scripts {
			conn, err := ln.Accept()
			if err != nil {
				t.Error("a script was never played")
				return
			}
			play(&peer{t, conn, bufio.NewReader(conn)})
			conn.Close()
		}
	}()
	t.Cleanup(func() { ln.Close(); <-done })
	return &Dialer{Relay: Relay{Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, TLS: TLSNone}}
}

func (p *peer) say(lines ...string) {
	_, _ = p.conn.Write([]byte(strings.Join(lines, "\r\n") + "\r\n"))
}

// hear reads a line and checks how it begins; "" is the end of the connection.
func (p *peer) hear(want string) string {
	_ = p.conn.SetReadDeadline(time.Now().Add(2 * time.Second))
	l, err := p.r.ReadString('\n')
	l = strings.TrimRight(l, "\r\n")
	switch {
	case want == "" && (err == nil || l != "" || errors.Is(err, os.ErrDeadlineExceeded)):
		p.t.Errorf("relay heard %q, %v instead of the end", l, err)
	case want != "" && !strings.HasPrefix(l, want):
		p.t.Errorf("relay heard %q, %v; want %q", l, err, want)
	}
	return l
}

func (p *peer) greet(extensions ...string) {
	p.say("220 relay")
	p.hear("EHLO ")
	p.say("250-relay")
	for _, e := range extensions {
		p.say("250-" + e)
	}
	p.say("250 8BITMIME")
}

// envelope hears MAIL, RCPT and DATA at once, then gives the answers.
func (p *peer) envelope(answers ...string) {
	p.hear("MAIL FROM:<")
	p.hear("RCPT TO:<")
	p.hear("DATA")
	if len(answers) > 0 {
		p.say(answers...)
	}
}

// body hears a message up to its final dot.
func (p *peer) body() {
	for {
		_ = p.conn.SetReadDeadline(time.Now().Add(2 * time.Second))
		l, err := p.r.ReadString('\n')
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				p.t.Errorf("relay waited for a body: %v", err)
			}
			return
		}
		if l == ".\r\n" {
			return
		}
	}
}

var taken = []string{"250 ok", "250 ok", "354 go"}

// outbox is a Source over a list, which notes what it was asked and told.
type outbox struct {
	todo []Envelope
	text func(Envelope) ([]byte, error) // nil: a short message
	log  []string                       // "next a", "body a", "done a"
	got  []Outcome
}

func mailTo(names ...string) *outbox {
	o := &outbox{}
	for _, n := range names {
		o.todo = append(o.todo, Envelope{From: "news@zonvaart.example", To: n + "@mail.example", Ref: n})
	}
	return o
}

func (o *outbox) Next() (Envelope, bool) {
	if len(o.todo) == 0 {
		return Envelope{}, false
	}
	e := o.todo[0]
	o.todo = o.todo[1:]
	o.log = append(o.log, "next "+e.Ref.(string))
	return e, true
}

func (o *outbox) Body(e Envelope, dst []byte) ([]byte, error) {
	o.log = append(o.log, "body "+e.Ref.(string))
	if o.text == nil {
		return append(dst, "Subject: hallo\r\n\r\nDag!\r\n"...), nil
	}
	text, err := o.text(e)
	return append(dst, text...), err
}

func (o *outbox) Done(e Envelope, out Outcome) {
	o.log = append(o.log, "done "+e.Ref.(string))
	o.got = append(o.got, out)
}

// brief gives each outcome as "state stage relay".
func (o *outbox) brief() []string {
	var out []string
	for _, g := range o.got {
		out = append(out, strings.TrimSpace(string(g.State)+" "+string(g.Stage)+" "+string(g.Relay)))
	}
	return out
}
