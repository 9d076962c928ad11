package server_test

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"akkoord"
	"akkoord/server"
)

// F.7, Art. 5(1)(c) GDPR: evidence keeps of an address what the policy says, and
// which policy that was; the statement says so in every language, and goes on
// saying of an earlier version what held then.
func TestEvidenceKeepsWhatThePolicySays(t *testing.T) {
	const shortened = "shortened IP address"
	for policy, want := range map[akkoord.IPPolicy]struct {
		ip, statement string
		recorded      akkoord.IPPolicy
	}{
		"":                  {"198.51.100.0/24", shortened, akkoord.IPShortened},
		akkoord.IPShortened: {"198.51.100.0/24", shortened, akkoord.IPShortened},
		akkoord.IPOff:       {"", "we do not keep your IP address", akkoord.IPOff},
		akkoord.IPFull:      {"198.51.100.77", "your full IP address", akkoord.IPFull},
	} {
		s := newSite(t, func(c *server.Config) {
			c.IPPolicy, c.TrustedProxies = policy, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		})
		s.post("/f/home", url.Values{"email": {"anouk@voorbeeld.example"}, "purpose": {"travel-news"}}, header{"X-Forwarded-For", "198.51.100.77"}, header{"X-Forwarded-Proto", "https"})
		events, err := s.store.EventsOf(t.Context(), s.standing("anouk@voorbeeld.example").Subscriber.PublicID)
		if err != nil || len(events) != 1 {
			t.Fatalf("%d events, %v", len(events), err)
		}
		if e := events[0].Evidence; e.IP != want.ip || e.IPPolicy != want.recorded {
			t.Errorf("policy %q: %q is kept, as %q", policy, e.IP, e.IPPolicy)
		}
		if page := s.get("/privacy?locale=en").Body; !strings.Contains(page, want.statement) {
			t.Errorf("policy %q: the statement does not say %q", policy, want.statement)
		}
	}
}
