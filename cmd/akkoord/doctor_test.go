package main

import (
	"net/url"
	"testing"
)

// Links that lead to another port of this machine than the server listens on are told.
func TestLinksToAnotherPortAreTold(t *testing.T) {
	for _, tt := range []struct{ base, listen, tls, want string }{
		{"http://127.0.0.1:8080", "127.0.0.1:8080", "off", ""}, {"http://localhost:8080", "127.0.0.1:8080", "off", ""}, {"http://127.0.0.1:8080", "127.0.0.1:18090", "off", "127.0.0.1:8080"},
		{"http://127.0.0.1", "127.0.0.1:18090", "off", "127.0.0.1"}, {"http://127.0.0.1:8080", "127.0.0.1:0", "off", ""}, {"https://news.example.org", "0.0.0.0:443", "auto", ""},
		{"https://news.example.org", "127.0.0.1:8080", "proxy", ""}, {"http://127.0.0.1:80", "no address", "off", ""},
	} {
		base, err := url.Parse(tt.base)
		if err != nil {
			t.Fatal(err)
		}
		if got := elsewhere(base, tt.listen, tt.tls); got != tt.want {
			t.Errorf("%s on %s by %s leads to %q, want %q", tt.base, tt.listen, tt.tls, got, tt.want)
		}
	}
}
