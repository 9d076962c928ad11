package akkoord

import (
	"slices"
	"time"
)

// TestMails is how many tests of mailings one actor may send in a TestMailHour:
// tests pass no gate, so they must not be a way to mail many people.
const (
	TestMails    = 20
	TestMailHour = time.Hour
)

// MayTest answers whether so many copies of a test may go to an address with these
// suppressions, by somebody who sent recent ones in the last TestMailHour.
// Errors: suppressed, where the person said to want no mail or is not the one
// who asked for it (requirements-mail I.5), and too_many.
func MayTest(suppressed []SuppressionKind, recent, copies int) error {
	for _, k := range []SuppressionKind{SuppressedBlocked, SuppressedObjection, SuppressedComplaint, SuppressedErased} {
		if slices.Contains(suppressed, k) {
			return Errorf(Conflict, "suppressed", "No mail may go to this address: the person said so. Send the test to an address of your own.")
		}
	}
	if recent+copies > TestMails {
		return Errorf(TooMany, "too_many", "At most %d test mails can be sent in an hour. Wait a while and try again.", TestMails)
	}
	return nil
}
