package server

import (
	"net/http"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"akkoord"
)

// peer gives the address of the other end of the connection.
func peer(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap().WithZone("")
}

func (s *Server) trusts(a netip.Addr) bool { return among(s.TrustedProxies, a) }

func among(networks []netip.Prefix, a netip.Addr) bool {
	for _, p := range networks {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// client gives the address that a request comes from: the peer, or, where the
// peer is a trusted proxy, the last address in X-Forwarded-For that is none
// (requirements-mail 0.10).
func (s *Server) client(r *http.Request) netip.Addr { return clientBehind(s.TrustedProxies, r) }

// Neighbourhood gives the IPv4 /24 or IPv6 /48 that a request comes from, by the
// word of these proxies (requirements-mail K.1).
func Neighbourhood(r *http.Request, trusted []netip.Prefix) netip.Prefix {
	return network(clientBehind(trusted, r), 24, 48)
}

func clientBehind(trusted []netip.Prefix, r *http.Request) netip.Addr {
	at := peer(r)
	if !among(trusted, at) {
		return at
	}
	hops := strings.Split(strings.Join(r.Header.Values(echo.HeaderXForwardedFor), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		if at = hop.Unmap().WithZone(""); !among(trusted, at) {
			break
		}
	}
	return at
}

// encrypted reports whether the visitor's connection is: directly, or by the
// word of a trusted proxy.
func (s *Server) encrypted(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	return len(s.TrustedProxies) > 0 && r.Header.Get(echo.HeaderXForwardedProto) == "https" && s.trusts(peer(r))
}

// fromLoopback reports whether a plain request never left this machine. A
// trusted proxy that says otherwise is believed.
func (s *Server) fromLoopback(r *http.Request) bool {
	at := peer(r)
	if !at.IsLoopback() {
		return false
	}
	return r.Header.Get(echo.HeaderXForwardedProto) == "" || !s.trusts(at)
}

// network gives the network of an address: what one client can choose from
// freely, or its neighbourhood.
func network(a netip.Addr, v4, v6 int) netip.Prefix {
	bits := v6
	if a.Is4() {
		bits = v4
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

const maxUserAgent = 256

// evidence is what a request leaves in the ledger: as much of the address as
// the policy keeps, which policy that is, the name of the program, and the zone
// in which the site's pages tell the person when they did it.
func (s *Server) evidence(c echo.Context) akkoord.Evidence {
	e := s.IPPolicy.Evidence(s.client(c.Request()))
	e.UserAgent, e.ToldIn = printable(c.Request().UserAgent(), maxUserAgent), akkoord.HomeZone
	return e
}

// printable gives the start of s, without what can't be shown safely.
func printable(s string, max int) string {
	clean := true
	for i := 0; clean && i < len(s); i++ {
		clean = s[i] >= ' ' && s[i] < 0x7f
	}
	if !clean {
		s = strings.Map(func(r rune) rune {
			if r == utf8.RuneError || !unicode.IsPrint(r) {
				return -1
			}
			return r
		}, s)
	}
	if len(s) > max {
		s = strings.ToValidUTF8(s[:max], "")
	}
	return s
}
