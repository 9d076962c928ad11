package akkoord

import (
	"encoding/base64"
	"encoding/binary"
	"time"
)

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

// SuppressionKinds are all kinds.
var SuppressionKinds = []SuppressionKind{
	SuppressedUnsubscribed, SuppressedObjection, SuppressedErased, SuppressedHardBounce, SuppressedComplaint, SuppressedRestricted, SuppressedBlocked, SuppressedExpired,
}

// Suppression is one entry of the do-not-mail list.
type Suppression struct {
	Hash AddressHash
	Kind SuppressionKind
	At   time.Time
}

// Name names an entry in addresses of pages and of the API. It says nothing of
// the address.
func (s Suppression) Name() string {
	return base64.RawURLEncoding.EncodeToString(append(s.Hash[:], s.Kind...))
}

// ParseSuppressionName reads what Name gave; the entry has no time. Error:
// NotFound.
func ParseSuppressionName(name string) (s Suppression, err error) {
	b, err := base64.RawURLEncoding.DecodeString(name)
	if err != nil || len(b) <= len(s.Hash) {
		return s, Errorf(NotFound, "not_found", "There is no such entry of the do-not-mail list.")
	}
	s.Kind = SuppressionKind(b[copy(s.Hash[:], b):])
	return s, nil
}

// Cursor names the place of an entry in the list, for what follows it.
func (s Suppression) Cursor() string {
	b := binary.BigEndian.AppendUint64(nil, uint64(s.At.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(append(b, s.Hash[:]...), s.Kind...))
}

// ParseSuppressionCursor reads what Cursor gave; "" is the beginning of the
// list, an entry without a time. Error: Invalid, about the field cursor.
func ParseSuppressionCursor(cursor string) (s Suppression, err error) {
	if cursor == "" {
		return s, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) <= 8+len(s.Hash) || b[0]&0x80 != 0 {
		return s, Fieldf("cursor", "cursor_invalid", "This cursor is not one of ours; use next_cursor of the page before.")
	}
	s.At = time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC()
	s.Kind = SuppressionKind(b[8+copy(s.Hash[:], b[8:]):])
	return s, nil
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
