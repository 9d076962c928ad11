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
		s.arm(&s.writeBy, d)
		if _, err := s.w.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	if s.w.Buffered() == 0 {
		return nil
	}
	s.arm(&s.writeBy, d)
	return s.w.Flush()
}

func (s *Session) read(d time.Duration) (reply, error) {
	if got, _ := s.r.Peek(s.r.Buffered()); !holdsReply(got) {
		s.arm(&s.readBy, d)
	}
	rep, err := readReply(s.r, s.text)
	if err == nil {
		s.text = rep.text
	}
	return rep, err
}

// arm gives the connection time to read or to write until d from now, or none
// at all where Run is to stop and nothing is on the wire. A limit that is too
// early by less than a sixtieth of d is left as it is: setting one costs as
// much as reading a reply.
func (s *Session) arm(limit *time.Time, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	until := time.Now().Add(d)
	if s.stopping && !s.onWire {
		until = interrupted
	}
	if early := until.Sub(*limit); early >= 0 && early < d/60 {
		return
	}
	*limit = until
	if limit == &s.readBy {
		_ = s.conn.SetReadDeadline(until)
	} else {
		_ = s.conn.SetWriteDeadline(until)
	}
}

// interrupted is a limit that is over.
var interrupted = time.Unix(1, 0)

// watch cuts waits short once ctx ends, but for a message on the wire. The
// function that it returns ends the watch.
func (s *Session) watch(ctx context.Context) func() {
	stop := context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stopping = true
		if !s.onWire {
			s.readBy, s.writeBy = interrupted, interrupted
			_ = s.conn.SetDeadline(interrupted)
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

// addressSafe admits what may stand between the angle brackets of a command.
func addressSafe(a string) bool {
	at := strings.LastIndexByte(a, '@')
	return at > 0 && at < len(a)-1 && len(a) <= 320 && wireSafe(a) && ascii(a[at:])
}

// wireSafe refuses whatever could end a command or be seen as two words.
func wireSafe(s string) bool {
	if runOf(&wirePlain, s) == len(s) {
		return true
	}
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r == 0x7f || r == '<' || r == '>' || r == '"' || r == '\\' ||
			r > 0x7f && (unicode.IsControl(r) || unicode.IsSpace(r) || unicode.In(r, unicode.Cf))
	})
}

var wirePlain = bytesOf(func(c byte) bool { return visible[c] && c != '<' && c != '>' && c != '"' && c != '\\' })

// envIDSafe admits what needs no xtext encoding (RFC 3461 section 4.4).
func envIDSafe(id string) bool {
	return len(id) <= 100 && runOf(&visible, id) == len(id) && !strings.ContainsAny(id, "+=")
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// terminate ends a message as DATA carries it, in place (RFC 5321 section
// 4.5.2). Where it may have lines that begin with a dot those are doubled.
func terminate(msg []byte, dotless bool) []byte {
	if !bytes.HasSuffix(msg, []byte("\r\n")) {
		msg = append(msg, '\r', '\n')
	}
	if !dotless {
		var room [256]int
		msg = stuff(msg, leadingDots(room[:0], msg))
	}
	return append(msg, '.', '\r', '\n')
}

// leadingDots appends the places where lines begin with a dot.
func leadingDots(dots []int, msg []byte) []int {
	if msg[0] == '.' {
		dots = append(dots, 0)
	}
	for at := 0; ; {
		next := bytes.Index(msg[at:], []byte("\n."))
		if next < 0 {
			return dots
		}
		at += next + 1
		dots = append(dots, at)
	}
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
