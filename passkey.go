package akkoord

import (
	"strings"
	"time"
)

// Passkey is a key pair in a user's authenticator that they log in with (W3C Web
// Authentication, level 3; M27). Only its public half is stored. It takes possession
// of the authenticator and its unlocking, and so is both factors.
type Passkey struct {
	ID         ID
	UserID     int64
	Name       string // as its user calls it
	Handle     []byte // by which authenticators know it: their "credential id"
	Key        []byte // the public key, as COSE (RFC 9052)
	Counter    uint32 // of its last signature; 0 where its authenticator counts none
	Syncs      bool   // it can be on several devices of its user ("backup eligible"); never changes
	Synced     bool   // and it is ("backup state")
	Transports []string
	CreatedAt  time.Time
	UsedAt     time.Time // when it last let in; zero: never
}

// CheckPasskeyName reports what is wrong with what somebody calls a passkey. Errors
// are Invalid and name the field "name".
func CheckPasskeyName(name string) error {
	if strings.TrimSpace(name) == "" {
		return Fieldf("name", "text_missing", "A passkey needs a name, like that of the device it is on.")
	}
	return CheckLine("name", name, Limits.Text)
}

// AddPasskey reports whether a user may add one more passkey by a name: each has
// Limits.Passkeys at most.
func (u User) AddPasskey(name string) error {
	if u.Passkeys >= Limits.Passkeys {
		return Errorf(Conflict, "passkeys_full", "You have %d passkeys, and more can't be added. Remove one first.", u.Passkeys)
	}
	return CheckPasskeyName(name)
}

var errLastWayIn = Errorf(Conflict, "last_way_in", "This is the only thing that lets you in. Set a password first.")

// RemovePasskey reports whether a user may remove a passkey: not the last thing that
// lets them in by themselves.
func (u User) RemovePasskey() error {
	if u.Passkeys == 1 && !u.HasPassword {
		return errLastWayIn
	}
	return nil
}

// TwoFactors reports whether a user's password or login link is not enough to log in:
// a code or a passkey has to follow (P27).
func (u User) TwoFactors() bool { return u.SecondFactor || u.Passkeys > 0 }
