package server_test

import (
	"net/http/httptest"
	"net/netip"
	"testing"

	"akkoord/server"
)

// requirements-mail K.1: guesses are counted by the network of the client, not by that
// of a trusted proxy, and nobody chooses theirs by a header.
func TestTheNetworkIsThatOfTheClient(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, tt := range []struct{ peer, forwarded, want string }{
		{"192.0.2.7:1", "", "192.0.2.0/24"},
		{"192.0.2.7:1", "203.0.113.9", "192.0.2.0/24"},
		{"10.1.1.1:1", "203.0.113.9", "203.0.113.0/24"},
		{"10.1.1.1:1", "198.51.100.1, 203.0.113.9, 10.2.2.2", "203.0.113.0/24"},
		{"10.1.1.1:1", "nonsense", "10.1.1.0/24"},
		{"[2001:db8:1:2::9]:1", "", "2001:db8:1::/48"},
		{"[::ffff:192.0.2.7]:1", "", "192.0.2.0/24"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/admin/login", nil)
		r.RemoteAddr = tt.peer
		if tt.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		if got := server.Neighbourhood(r, proxies).String(); got != tt.want {
			t.Errorf("%s for %q: %s, want %s", tt.peer, tt.forwarded, got, tt.want)
		}
	}
}
