package akkoord

import "time"

// Identity is what a provider of single sign-on says of somebody (OpenID Connect
// Core 1.0; M27). Issuer and Subject name them for good; an address can change hands.
type Identity struct {
	Issuer   string
	Subject  string
	Email    string
	Verified bool // the provider says that the address is theirs ("email_verified")
}

// IdentityLink says that a user logs in by single sign-on.
type IdentityLink struct {
	LinkedAt time.Time
	UsedAt   time.Time
}

// Unlink reports whether a user's link to a provider may be undone: not the last
// thing that lets them in by themselves.
func (u User) Unlink() error {
	if !u.HasPassword && u.Passkeys == 0 {
		return errLastWayIn
	}
	return nil
}
