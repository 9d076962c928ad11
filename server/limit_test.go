package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"akkoord/server"
)

// A node admits its share of what one client may do, and all of it again once
// it is alone; never nothing.
func TestNodesShareTheLimitOfSignUps(t *testing.T) {
	nodes := 4
	s := newSite(t, func(c *server.Config) {
		c.SignUps, c.Nodes = server.Rate{N: 10, Per: time.Hour}, func() int { return nodes }
	})
	n := 0
	admitted := func() (count int) {
		for range 12 {
			n++
			a := s.post("/f/home", url.Values{"email": {fmt.Sprintf("a%d@v%d.example", n, n)}, "purpose": {"travel-news"}}, asJSON)
			switch a.Status {
			case http.StatusAccepted:
				count++
			case http.StatusTooManyRequests:
				if a.Header.Get("Retry-After") == "" {
					t.Error("nobody is told when to come back")
				}
			default:
				t.Fatalf("%d %s", a.Status, a.Body)
			}
		}
		s.clock.add(2 * time.Hour)
		return count
	}
	for _, tt := range []struct{ nodes, want int }{{4, 3}, {1, 10}, {0, 10}, {100, 1}} {
		nodes = tt.nodes
		if got := admitted(); got != tt.want {
			t.Errorf("one of %d nodes admitted %d, want %d", tt.nodes, got, tt.want)
		}
	}
}
