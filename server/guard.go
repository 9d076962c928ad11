package server

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/labstack/echo/v4"

	"akkoord"
)

// contentPolicy lets pages load only what is ours, run nothing and be framed
// by nobody (requirements-mail F.18).
const contentPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// secure are the fields of every answer; handlers replace what they must. The
// values are shared, so nothing may change them in place.
var secure = []struct {
	name  string
	value []string
}{
	{"Content-Security-Policy", []string{contentPolicy}},
	{"X-Content-Type-Options", []string{"nosniff"}},
	{"Referrer-Policy", []string{"no-referrer"}},
	{"X-Robots-Tag", []string{"noindex, nofollow"}},
	{"Cache-Control", []string{"no-store"}},
}

var strictTransport = []string{"max-age=31536000"}

var errPlain = akkoord.Errorf(akkoord.Forbidden, "https_required",
	"This page is served over https only. If you run this server: set AKKOORD_TLS, or AKKOORD_TRUSTED_PROXIES to the proxy that ends TLS.")

// guard stands around every route: it sets the security fields, refuses plain
// HTTP (M25) and large bodies, answers errors and panics, and counts.
func (s *Server) guard(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := s.Now()
		if s.Tracer != nil {
			ctx, end := s.Tracer.Begin(c.Request(), c.Path(), s.trusts(peer(c.Request())))
			c.SetRequest(c.Request().WithContext(ctx))
			defer func() { end(c.Response().Status) }()
		}
		h := c.Response().Header()
		for _, f := range secure {
			h[f.name] = f.value
		}
		if err := s.admit(c, next); err != nil {
			s.fail(c, err)
		}
		took := s.Now().Sub(start)
		s.metrics.observe(c.Path(), c.Request().Method, c.Response().Status, took)
		if s.Log.Enabled(context.Background(), slog.LevelDebug) {
			s.Log.Debug("request", "method", c.Request().Method, "route", c.Path(), "status", c.Response().Status, "took", took)
		}
		return nil
	}
}

// admit runs a handler that may be run. A panic becomes an error.
func (s *Server) admit(c echo.Context, next echo.HandlerFunc) (err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p)
		default:
			err = recovered(p)
		}
	}()
	r := c.Request()
	encrypted := s.encrypted(r)
	if encrypted && s.https {
		c.Response().Header()["Strict-Transport-Security"] = strictTransport
	}
	if !encrypted && !s.fromLoopback(r) && !strings.HasPrefix(r.URL.Path, "/static/") {
		return errPlain
	}
	return next(c)
}

// recovered describes a panic without the value it carried, which may hold
// personal data, unless the value is an error of the runtime.
func recovered(p any) error {
	what := fmt.Sprintf("%T", p)
	if e, ok := p.(interface {
		error
		RuntimeError()
	}); ok {
		what = e.Error()
	}
	return fmt.Errorf("panic: %s\n%s", what, debug.Stack())
}

// requestIDs numbers the requests that failed, so that a log line can be found
// from the answer that a visitor saw.
type requestIDs struct {
	prefix string
	count  *atomic.Uint64
}

func newRequestIDs(random io.Reader) (requestIDs, error) {
	var b [6]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return requestIDs{}, err
	}
	return requestIDs{hex.EncodeToString(b[:]) + "-", new(atomic.Uint64)}, nil
}

func (r requestIDs) next() string { return r.prefix + strconv.FormatUint(r.count.Add(1), 10) }
