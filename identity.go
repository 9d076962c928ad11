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

var errConnect = Errorf(Forbidden, "sso_connect", "Single sign-on is not connected to your account here. Log in as you do otherwise, and connect it on your account page.")

// LinkByAddress reports whether the first single sign-on with a user's address links
// it to them: only where they were invited and have nothing else yet that lets them in.
// Everybody else connects it themselves, so that an address alone goes around no
// password, second factor or passkey (P27).
func (u User) LinkByAddress() error {
	if u.HasPassword || u.TwoFactors() {
		return errConnect
	}
	return nil
}

// Unlink reports whether a user's link to a provider may be undone: not the last
// thing that lets them in by themselves.
func (u User) Unlink() error {
	if !u.HasPassword && u.Passkeys == 0 {
		return errLastWayIn
	}
	return nil
}
