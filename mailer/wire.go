package mailer

import (
	"context"
	"time"
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
