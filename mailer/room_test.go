package mailer_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"akkoord"
)

// room is a relay with room for so many connections: it answers others with 421.
type room struct {
	places  atomic.Int64
	refused atomic.Int64
	full    net.Listener
}

func newRoom(t *testing.T, places int64) *room {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("421 4.7.0 too many connections\r\n"))
			c.Close()
		}
	}()
	r := &room{full: l}
	r.places.Store(places)
	return r
}

func (r *room) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	var d net.Dialer
	if r.places.Add(-1) < 0 {
		r.places.Add(1)
		r.refused.Add(1)
		return d.DialContext(ctx, network, r.full.Addr().String())
	}
	c, err := d.DialContext(ctx, network, addr)
	if err != nil {
		r.places.Add(1)
		return nil, err
	}
	return &placed{Conn: c, room: r}, nil
}

// placed is a connection that gives its place back.
type placed struct {
	net.Conn
	room *room
	left atomic.Bool
}

func (p *placed) Close() error {
	if !p.left.Swap(true) {
		p.room.places.Add(1)
	}
	return p.Conn.Close()
}

func TestARelayWithRoomForFewConnectionsIsNotPesteredM7P10(t *testing.T) {
	const people = 700
	w := newWorld(t, people)
	w.lanes = 4
	r := newRoom(t, 2)
	w.dialNet = r.dial
	m := w.start()
	w.run()
	w.untilState(m, akkoord.MailingSent) // the clock stands still: no pause ends
	if n := r.refused.Load(); n > 2 {
		t.Errorf("%d connections were refused", n)
	}
	if got := w.counts(m); got != (akkoord.Counts{Total: people, Sent: people}) {
		t.Errorf("%+v", got)
	}
	w.noneTwice()
}

func TestAConfirmationMailGetsAPlaceWhereCampaignsTookThemAllM13(t *testing.T) {
	const people = 1500
	w := newWorld(t, people)
	w.lanes = 3
	r := newRoom(t, 1)
	w.dialNet = r.dial
	m := w.start()
	w.run()
	w.until("a connection works", func() bool { return w.counts(m).Sent > 0 })
	e := w.signUp("anouk@voorbeeld.example")
	if _, err := w.server.Wait(timeout(t), e.Address(), 1); err != nil { // the clock stands still: nobody's pause ends
		t.Fatal(err)
	}
	if n := r.refused.Load(); n > 3+1 {
		t.Errorf("%d connections were refused", n)
	}
	w.until("the campaign goes on", func() bool { w.clock.Advance(time.Second); return w.mailing(m).State == akkoord.MailingSent })
	if got := w.counts(m); got != (akkoord.Counts{Total: people, Sent: people}) {
		t.Errorf("%+v", got)
	}
	w.noneTwice()
}
