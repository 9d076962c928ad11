package server

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"akkoord"
)

type noHooks struct{ Hooks }

// P28: a route without a right does not start.
func TestARouteWithoutARightIsRefused(t *testing.T) {
	s, err := New(Config{BaseURL: "http://127.0.0.1", Now: time.Now, Log: slog.New(slog.DiscardHandler),
		API: http.NotFoundHandler(), Admin: http.NotFoundHandler(), Hooks: noHooks{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s.routes() {
		if r.right != public && r.right != delegated && (r.right != signed || r.path != "/hooks/:service") {
			t.Errorf("%s: %q", r.path, r.right)
		}
	}
	if err := s.register([]route{{methods: read, path: "/forgotten", handle: func(echo.Context) error { return nil }}}); err == nil {
		t.Error("it was registered")
	}
}

// Every kind has a status, and what is no fault of the client is a 500.
func TestStatusOfErrors(t *testing.T) {
	for kind, want := range map[akkoord.Kind]int{
		akkoord.Invalid: 422, akkoord.Unauthorized: 401, akkoord.Forbidden: 403, akkoord.NotFound: 404, akkoord.Conflict: 409,
		akkoord.Expired: 410, akkoord.TooLarge: 413, akkoord.TooMany: 429, akkoord.Unavailable: 503,
	} {
		if got, e := explain(fmt.Errorf("wrapped: %w", akkoord.Errorf(kind, "c", "m"))); got != want || e.Code != "c" {
			t.Errorf("%s: %d", kind, got)
		}
	}
	for err, want := range map[error]int{
		io.ErrUnexpectedEOF: 500, echo.ErrNotFound: 404, echo.ErrMethodNotAllowed: 405, echo.ErrStatusRequestEntityTooLarge: 413,
		echo.ErrUnsupportedMediaType: 415, echo.ErrBadRequest: 400, &http.MaxBytesError{Limit: 1}: 413, recovered("secret"): 500,
	} {
		if got, _ := explain(err); got != want {
			t.Errorf("%v: %d", err, got)
		}
	}
}

// K.1, P31: limits forget those not seen for longest, never the busy ones, and
// hold no more than they should.
func TestTheLimiterIsBoundedAndKeepsTheBusy(t *testing.T) {
	l, at := newLimiter(), time.Unix(1_700_000_000, 0)
	busy := demand{limited{net: netip.MustParsePrefix("192.0.2.1/32")}, Rate{2, time.Hour}}
	l.take(at, busy)
	l.take(at, busy)
	for i := range 3 * limiterSize / 2 {
		l.take(at, demand{limited{domain: fmt.Sprint(i)}, Rate{2, time.Hour}})
	}
	if wait := l.take(at, busy); wait != 30*time.Minute {
		t.Errorf("the busy one waits %v", wait)
	}
	if n := len(l.now) + len(l.last); n > 2*limiterSize {
		t.Errorf("%d are remembered", n)
	}
	if wait := l.take(at.Add(30*time.Minute), busy); wait != 0 {
		t.Errorf("after half an hour: %v", wait)
	}
	both := []demand{{limited{domain: "a"}, Rate{1, time.Hour}}, {limited{domain: "b"}, Rate{1, time.Hour}}}
	l.take(at, both[0])
	if l.take(at, both...) == 0 || l.take(at, both[1]) != 0 {
		t.Error("a refused request was counted")
	}
}

func TestNeighbourhoodOfAnAddress(t *testing.T) {
	for in, want := range map[string]string{"192.0.2.77": "192.0.2.0/24", "2001:db8:1:2::3": "2001:db8:1::/48"} {
		if got := network(netip.MustParseAddr(in), 24, 48).String(); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
	if network(netip.Addr{}, 24, 48).IsValid() {
		t.Error("no address has a network")
	}
}
