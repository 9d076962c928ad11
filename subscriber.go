package akkoord

import "time"

// Subscriber is a person: an address and a language. It says nothing about
// consent. All of it can be erased (M19); the ledger refers to it by ID alone.
type Subscriber struct {
	ID        int64
	PublicID  ID
	Email     Email
	Name      string
	Locale    string
	Interests []string // slugs, sorted
	Salt      []byte   // of the commitments to this person's data in the ledger
	CreatedAt time.Time
}

// Standing is all that the rules of consent know about a person at one moment.
type Standing struct {
	Subscriber    Subscriber
	Subscriptions []Subscription // one per purpose that the person ever dealt with
	Suppressions  []SuppressionKind
	Left          []int64   // campaigns that the person left
	PausedUntil   time.Time // no mail before then; zero or past: no pause
	// Plain says that no former address of theirs is on record, and no whole IP address
	// beside their evidence, so that an act of theirs has neither to follow. It
	// is false where nobody looked.
	Plain bool
}

// Subscription gives the person's standing for a purpose.
func (s Standing) Subscription(purposeID int64) Subscription {
	for _, sub := range s.Subscriptions {
		if sub.PurposeID == purposeID {
			return sub
		}
	}
	return Subscription{PurposeID: purposeID, State: Never}
}

// HasLeft reports whether the person left a campaign.
func (s Standing) HasLeft(campaignID int64) bool {
	for _, id := range s.Left {
		if id == campaignID {
			return true
		}
	}
	return false
}

// Counted reports whether the person lets their clicks be counted for anything.
func (s Standing) Counted() bool {
	for _, sub := range s.Subscriptions {
		if sub.State == Active && !sub.Tracking.IsZero() {
			return true
		}
	}
	return false
}

// Suppressed reports whether one of the kinds stands against the address.
func (s Standing) Suppressed(kinds ...SuppressionKind) bool {
	for _, have := range s.Suppressions {
		for _, k := range kinds {
			if have == k {
				return true
			}
		}
	}
	return false
}
