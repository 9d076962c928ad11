package mailer

import (
	"bytes"
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// block is how much is written under one Timeouts.Block.
const block = 64 << 10

func (s *Session) write(b []byte, d time.Duration) error {
	for len(b) > 0 {
		n := min(len(b), block)
		s.arm(d)
		if _, err := s.w.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	s.arm(d)
	return s.w.Flush()
}

func (s *Session) read(d time.Duration) (reply, error) {
	s.arm(d)
	rep, err := readReply(s.r, s.text)
	if err == nil {
		s.text = rep.text
	}
	return rep, err
}

// arm gives the connection time until d from now, or none at all where Run is
// to stop and nothing is on the wire.
func (s *Session) arm(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	until := time.Now().Add(d)
	if s.stopping && !s.onWire {
		until = time.Unix(1, 0)
	}
	_ = s.conn.SetDeadline(until)
}

// watch cuts waits short once ctx ends, but for a message on the wire. The
// function that it returns ends the watch.
func (s *Session) watch(ctx context.Context) func() {
	stop := context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stopping = true
		if !s.onWire {
			_ = s.conn.SetDeadline(time.Unix(1, 0))
		}
	})
	return func() {
		stop()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stopping = false
	}
}

func (s *Session) setOnWire(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onWire = on
}

func (s *Session) isStopping() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopping
}

// admit checks an envelope once more at the wire, whoever made it (L27).
func (s *Session) admit(e Envelope) (Outcome, bool) {
	switch {
	case !addressSafe(e.To) || e.From != "" && !addressSafe(e.From) || !envIDSafe(e.ID):
		return Outcome{State: Failed, Class: ClassContent, Stage: StageMail, Code: 553, Enhanced: "5.1.3", Reply: "an address that may not go over the wire"}, false
	case !s.caps.SMTPUTF8 && !(ascii(e.From) && ascii(e.To)):
		return Outcome{State: Deferred, Class: ClassSoft, Stage: StageMail, Code: 450, Enhanced: "4.6.7", Reply: "the relay offers no SMTPUTF8 now, which this address needs"}, false
	}
	return Outcome{}, true
}

func addressSafe(a string) bool {
	at := strings.LastIndexByte(a, '@')
	return at > 0 && at < len(a)-1 && len(a) <= 320 && wireSafe(a) && ascii(a[at:])
}

// wireSafe refuses whatever could end a command or be seen as two words.
func wireSafe(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r == 0x7f || r == '<' || r == '>' || r == '"' || r == '\\' ||
			r > 0x7f && (unicode.IsControl(r) || unicode.IsSpace(r) || unicode.In(r, unicode.Cf))
	})
}

// envIDSafe admits what needs no xtext encoding (RFC 3461 section 4.4).
func envIDSafe(id string) bool {
	return len(id) <= 100 && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' || r == '+' || r == '=' })
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// terminate doubles leading dots and adds the final one (RFC 5321 section
// 4.5.2), in place.
func terminate(msg []byte) []byte {
	if !bytes.HasSuffix(msg, []byte("\r\n")) {
		msg = append(msg, '\r', '\n')
	}
	var room [256]int
	dots := room[:0] // where lines begin with a dot
	if msg[0] == '.' {
		dots = append(dots, 0)
	}
	for at := 0; ; {
		next := bytes.Index(msg[at:], []byte("\n."))
		if next < 0 {
			break
		}
		at += next + 1
		dots = append(dots, at)
	}
	return append(stuff(msg, dots), '.', '\r', '\n')
}

// stuff doubles the dots at the given places. Each stretch between two of them
// moves up once, the last one first.
func stuff(msg []byte, dots []int) []byte {
	end := len(msg)
	msg = append(msg, make([]byte, len(dots))...)
	for i := len(dots) - 1; i >= 0; i-- {
		from := dots[i]
		copy(msg[from+i+1:], msg[from:end])
		msg[from+i] = '.'
		end = from
	}
	return msg
}
