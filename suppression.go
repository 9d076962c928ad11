package akkoord

import "time"

// SuppressionKind is why an address must not be mailed. A suppression holds
// only the keyed hash of the address and outlives erasure (requirements-mail I).
type SuppressionKind string

// The kinds of suppression.
const (
	SuppressedUnsubscribed SuppressionKind = "unsubscribed" // left everything
	SuppressedObjection    SuppressionKind = "objection"    // Art. 21(2) GDPR
	SuppressedErased       SuppressionKind = "erased"       // Art. 17 GDPR
	SuppressedHardBounce   SuppressionKind = "hard_bounce"
	SuppressedComplaint    SuppressionKind = "complaint"
	SuppressedRestricted   SuppressionKind = "restricted" // Art. 18 GDPR; see Standing.Restrict
	SuppressedBlocked      SuppressionKind = "blocked"    // "this was not me": no further confirmation mail
	SuppressedExpired      SuppressionKind = "expired"    // gave no sign of life for long, was asked twice and is forgotten (M18)
)

// Suppression is one entry of the do-not-mail list.
type Suppression struct {
	Hash AddressHash
	Kind SuppressionKind
	At   time.Time
}

// SuppressionEntry is an entry of the do-not-mail list with what is known of
// it.
type SuppressionEntry struct {
	Suppression
	Person  Subscriber // zero: nobody with this address is on record
	Report  Report     // that put it there; of no Kind where none did
	Mailing ID         // that the report is about
}

// LiftedByConfirming are the kinds that the person's own new confirmation
// ends. Nothing else does: no import, no administrator, no restore (P15), but
// for a bounce, of which staff may find that the mailbox is there.
// SuppressedBlocked is not among them (requirements-mail I.5), nor is
// SuppressedRestricted, which ends by a decision (Art. 18(3) GDPR).
var LiftedByConfirming = []SuppressionKind{
	SuppressedUnsubscribed, SuppressedObjection, SuppressedErased, SuppressedHardBounce, SuppressedComplaint, SuppressedExpired,
}
