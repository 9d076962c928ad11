// Package deliver says what the admin site and the API need of the sending domain and
// its DKIM keys (mail rules E.1 to E.11).
package deliver

import (
	"context"

	"akkoord"
)

// Desk knows how the sending domain is, and keeps its DKIM keys.
type Desk interface {
	Domain
	Keys
	Moves
}

// Domain tells what receivers find.
type Domain interface {
	// Signs reports whether mails are signed here now.
	Signs() bool
	// Deliverability gives what was found within the last minutes, or looks;
	// again: looks in any case.
	Deliverability(ctx context.Context, again bool) akkoord.Deliverability
}

// Keys keeps the DKIM keys that are made here.
type Keys interface {
	DomainKeys(ctx context.Context) ([]akkoord.DomainKey, error)
	MakeDomainKey(ctx context.Context, actor akkoord.Actor, kind akkoord.DomainKeyKind) (akkoord.DomainKey, error)
	RemoveDomainKey(ctx context.Context, actor akkoord.Actor, id akkoord.ID) error
}

// Moves takes a key from its record to its end.
type Moves interface {
	LookUpDomainKey(ctx context.Context, actor akkoord.Actor, id akkoord.ID) (akkoord.DomainKey, akkoord.DomainFinding, error)
	// SignWithDomainKey lets a key sign in place of the one of its kind that does;
	// insist: also when its record is not seen.
	SignWithDomainKey(ctx context.Context, actor akkoord.Actor, id akkoord.ID, insist bool) (akkoord.DomainKey, error)
	RetireDomainKey(ctx context.Context, actor akkoord.Actor, id akkoord.ID) (akkoord.DomainKey, error)
}

// Setup gives what guards data as the settings say it, with what is known only now.
func Setup(said akkoord.Setup, d Domain) akkoord.Setup {
	said.DKIM = d.Signs()
	return said
}
