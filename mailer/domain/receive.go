package domain

import (
	"context"
	"time"
)

// askReceiver bounds how long a visitor waits for name servers.
const askReceiver = 3 * time.Second

// Receivers says which domains take mail (AKKOORD_CHECK_MX).
type Receivers struct{ Resolver Resolver }

// TakesMail reports whether mail to a domain can arrive: it has an MX that is not the
// null MX (RFC 7505), or no MX and an address (RFC 5321 §5.1). Where name servers don't
// tell in time, it can: a fault of theirs turns nobody away.
func (r Receivers) TakesMail(ctx context.Context, domain string) bool {
	ctx, cancel := context.WithTimeout(ctx, askReceiver)
	defer cancel()
	name := domain + "." // or this machine's search list would be tried
	mx, err := r.Resolver.LookupMX(ctx, name)
	if err == nil && len(mx) > 0 {
		return len(mx) > 1 || mx[0].Host != "."
	}
	if err != nil && !notThere(err) {
		return true
	}
	_, err = r.Resolver.LookupIPAddr(ctx, name)
	return err == nil || !notThere(err)
}
