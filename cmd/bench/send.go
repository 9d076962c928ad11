package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// sendOrder tells the sender of the floor what to do.
type sendOrder struct {
	Addr  string        // of the sink
	Conns int           // SMTP connections
	Size  int           // bytes of a message, the product's own
	For   time.Duration // how long
}

// sendResult is what came of it.
type sendResult struct {
	Messages int
	Seconds  float64
	CPU      float64 // seconds of processor time of the sender
}

// send is the floor of a campaign: letters spliced from bytes made once, over
// pipelined SMTP, without a database behind it.
func send(order sendOrder) (sendResult, error) {
	l, err := newLetter(order.Size)
	if err != nil {
		return sendResult{}, err
	}
	var next atomic.Int64
	var all sync.WaitGroup
	failures := make([]error, order.Conns)
	start := time.Now()
	end := start.Add(order.For)
	for i := range failures {
		all.Go(func() { failures[i] = sendUntil(order.Addr, l, &next, end) })
	}
	all.Wait()
	result := sendResult{int(next.Load()), time.Since(start).Seconds(), ownCPU()}
	return result, errors.Join(failures...)
}

func sendUntil(addr string, l *letter, next *atomic.Int64, end time.Time) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	defer conn.Close()
	conn.SetDeadline(end.Add(30 * time.Second))
	p := &pipeline{w: conn, r: bufio.NewReader(conn)}
	if err := p.greet(); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	source := func() (person, bool) {
		if !time.Now().Before(end) {
			return person{}, false
		}
		return newPerson(int(next.Add(1))), true
	}
	if err := p.send(l, source); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

// pipeline is an SMTP connection on which the end of one message and the
// envelope of the next go in one write (RFC 2920): a message then costs one
// wait for the server.
type pipeline struct {
	w   io.Writer
	r   *bufio.Reader
	out []byte
}

func (p *pipeline) greet() error {
	if err := p.expect(220); err != nil {
		return err
	}
	if _, err := io.WriteString(p.w, "EHLO bench.test\r\n"); err != nil {
		return err
	}
	return p.expect(250)
}

// send delivers a letter to each person of the source, and ends the session.
func (p *pipeline) send(l *letter, source func() (person, bool)) error {
	body := make([]byte, 0, 64<<10)
	who, more := source()
	if more {
		p.envelope(who)
		if err := p.flush(); err != nil {
			return err
		}
	}
	for more {
		body = l.appendFor(body[:0], who)
		for _, code := range []int{250, 250, 354} {
			if err := p.expect(code); err != nil {
				return err
			}
		}
		p.out = appendData(p.out, body)
		if who, more = source(); more {
			p.envelope(who)
		}
		if err := p.flush(); err != nil {
			return err
		}
		if err := p.expect(250); err != nil {
			return err
		}
	}
	p.out = append(p.out, "QUIT\r\n"...)
	if err := p.flush(); err != nil {
		return err
	}
	return p.expect(221)
}

func (p *pipeline) envelope(who person) {
	p.out = append(p.out, "MAIL FROM:<nieuws@zonvaart.example>\r\nRCPT TO:<"...)
	p.out = append(p.out, who.address...)
	p.out = append(p.out, ">\r\nDATA\r\n"...)
}

func (p *pipeline) flush() error {
	_, err := p.w.Write(p.out)
	p.out = p.out[:0]
	return err
}

// expect reads one reply, which may have several lines.
func (p *pipeline) expect(code int) error {
	for {
		line, err := p.r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) < len("250 ") {
			return fmt.Errorf("not an SMTP reply: %.40q", line)
		}
		if line[3] == '-' {
			continue
		}
		if got, err := strconv.Atoi(string(line[:3])); err != nil || got != code {
			return fmt.Errorf("SMTP reply %.80q, want %d", line, code)
		}
		return nil
	}
}

// appendData appends a body as DATA carries it: dots stuffed, and the final dot.
func appendData(dst, body []byte) []byte {
	for {
		i := bytes.Index(body, []byte("\n."))
		if i < 0 {
			break
		}
		dst = append(dst, body[:i+2]...)
		dst = append(dst, '.')
		body = body[i+2:]
	}
	dst = append(dst, body...)
	if !bytes.HasSuffix(body, []byte("\r\n")) {
		dst = append(dst, "\r\n"...)
	}
	return append(dst, ".\r\n"...)
}
