package server

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"akkoord"
)

// Rate is how often something may happen: N times per period, all at once or
// spread. The zero Rate sets no limit.
type Rate struct {
	N   int
	Per time.Duration
}

// ParseRate reads a rate as settings write it: 30/h, 5/m, 100/d, 10/s, or 0
// for none.
func ParseRate(s string) (Rate, error) {
	if s == "0" {
		return Rate{}, nil
	}
	count, unit, _ := strings.Cut(s, "/")
	n, err := strconv.Atoi(count)
	per, known := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[unit]
	if err != nil || n < 1 || n > 1_000_000 || !known {
		return Rate{}, fmt.Errorf("a rate is a number per s, m, h or d, like 30/h, or 0 for none; %q is not", s)
	}
	return Rate{n, per}, nil
}

func (r Rate) times(n int) Rate { return Rate{r.N * n, r.Per} }

// share gives the part of one of n nodes, rounded up: a limit never becomes a
// ban.
func (r Rate) share(n int) Rate { return Rate{(r.N + n - 1) / n, r.Per} }

// limited is what a limit counts: a client, a network, a recipient domain or
// everything.
type limited struct {
	net      netip.Prefix
	domain   string
	unproven bool // of a client, those alone that did not work out what a form asks
}

// limiter holds people and machines to rates. It remembers at most
// 2 × limiterSize of them; those not seen for longest are forgotten first.
type limiter struct {
	mu        sync.Mutex
	now, last map[limited]time.Time // when each would be as if never seen
}

const limiterSize = 1 << 15

func newLimiter() *limiter { return &limiter{now: map[limited]time.Time{}} }

// demand is one rate that a request must keep.
type demand struct {
	what limited
	rate Rate
}

// take counts a request against all demands, or against none and says how long
// to wait when one of them forbids it (generic cell rate algorithm).
func (l *limiter) take(at time.Time, demands ...demand) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range demands {
		if d.rate.N == 0 {
			continue
		}
		wait = max(wait, l.clear(d.what, at).Add(d.step()).Sub(at)-d.rate.Per)
	}
	if wait > 0 {
		return wait
	}
	for _, d := range demands {
		if d.rate.N > 0 {
			l.set(d.what, l.clear(d.what, at).Add(d.step()))
		}
	}
	return 0
}

func (d demand) step() time.Duration { return d.rate.Per / time.Duration(d.rate.N) }

// clear gives the time at which nothing counts against what any more, and at
// least at.
func (l *limiter) clear(what limited, at time.Time) time.Time {
	t, ok := l.now[what]
	if !ok {
		if t, ok = l.last[what]; ok {
			l.set(what, t)
		}
	}
	if t.Before(at) {
		return at
	}
	return t
}

func (l *limiter) set(what limited, t time.Time) {
	if len(l.now) >= limiterSize {
		l.last, l.now = l.now, make(map[limited]time.Time, limiterSize)
	}
	l.now[what] = t
}

// Multiples of the rate per client at which wider groups are held.
const (
	perNetwork = 4   // an IPv4 /24 or IPv6 /48 (requirements-mail K.1)
	perDomain  = 20  // a domain that the mails would go to
	inAll      = 200 // everything
)

// unproven is the part of the rate per client, one in so many, that is left to browsers
// which did not work out what a form asks.
const unproven = 6

// admitSignUp counts a sign-up against the limits of its client, the client's
// network, the recipient's domain and the server. It gives how long to wait
// when it is one too many. Who left out what the form asks to be worked out, and so
// proved nothing, has a part of the client's rate. Each node counts by itself, and so admits its share
// of each limit: what it may admit follows the number of nodes, and no sign-up
// waits for a count. The limit per mailbox is not here: the sender keeps it in
// the database, so that it holds over all nodes and the visitor learns nothing
// from it.
func (s *Server) admitSignUp(from netip.Addr, to akkoord.Email, proven bool) time.Duration {
	if s.SignUps.N == 0 {
		return 0
	}
	nodes := 1
	if s.Nodes != nil {
		nodes = max(1, s.Nodes())
	}
	demands := []demand{
		{limited{net: network(from, 32, 64)}, s.SignUps.share(nodes)},
		{limited{net: network(from, 24, 48)}, s.SignUps.times(perNetwork).share(nodes)},
		{limited{domain: to.Domain()}, s.SignUps.times(perDomain).share(nodes)},
		{limited{}, s.SignUps.times(inAll).share(nodes)},
	}
	if !proven {
		demands = append(demands, demand{limited{net: network(from, 32, 64), unproven: true}, s.SignUps.share(unproven * nodes)})
	}
	return s.signUps.take(s.Now(), demands...)
}

// retryAfter gives a waiting time in whole seconds, as the field carries it.
func retryAfter(wait time.Duration) string {
	return strconv.Itoa(int(math.Ceil(wait.Seconds())))
}
