package server_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"akkoord"
	"akkoord/server"
)

// costly stores a sign-up in a time that depends on the address.
type costly struct{ server.Consents }

func (costly) SignUp(_ context.Context, in akkoord.SignUp) error {
	if strings.HasPrefix(in.Email.Address(), "new") {
		time.Sleep(800 * time.Microsecond)
		return nil
	}
	time.Sleep(600 * time.Microsecond)
	return nil
}

// The contract: "the same answer, in the same time, whether the address is
// new, pending, subscribed, suppressed or erased" (requirements-mail K.3).
func TestSignUpTakesTheSameTimeForNewAndKnownAddresses(t *testing.T) {
	for name, domains := range map[string]server.Domains{"nobody asks name servers": nil, "name servers are slow": slowly{}} {
		t.Run(name, func(t *testing.T) { sameTime(t, domains) })
	}
}

// slowly takes longer than storing may.
type slowly struct{}

func (slowly) TakesMail(context.Context, string) bool {
	time.Sleep(20 * time.Millisecond)
	return true
}

func sameTime(t *testing.T, domains server.Domains) {
	s := newSite(t, func(c *server.Config) { c.Consents, c.Now, c.Domains = costly{c.Consents}, time.Now, domains })
	took := func(address string) time.Duration {
		start := time.Now()
		if a := s.post("/f/home", url.Values{"email": {address}, "purpose": {"travel-news"}}); a.Status != http.StatusSeeOther {
			t.Errorf("answered %d", a.Status)
		}
		return time.Since(start)
	}
	took("warm@zonvaart.example") // what is read once is in memory now
	synctest.Test(t, func(*testing.T) {
		if fresh, known := took("new@zonvaart.example"), took("known@zonvaart.example"); fresh != known {
			t.Errorf("a new address took %v, a known one %v", fresh, known)
		}
	})
}
