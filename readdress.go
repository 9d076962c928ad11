package akkoord

import (
	"slices"
	"time"
)

// AddressChange is a change of address that a person asked for, as the link
// that was mailed to the new address finds it (M21).
type AddressChange struct {
	Answer Answer // pending, confirmed, already, superseded or none
	Person Subscriber
	To     Email
	Taken  bool // somebody else has the address: nothing changes, and no two people become one
	Left   bool // the new address left everything once: that stays
}

// carried are the suppressions that a person takes along to a new address.
// That mail to the old one bounced, or that its owner wanted no confirmation
// mails, is said of a mailbox and stays there.
var carried = []SuppressionKind{SuppressedUnsubscribed, SuppressedObjection, SuppressedErased, SuppressedComplaint, SuppressedExpired, SuppressedRestricted}

// Carried gives those of some kinds that a person takes along.
func Carried(kinds []SuppressionKind) []SuppressionKind {
	var out []SuppressionKind
	for _, k := range kinds {
		if slices.Contains(carried, k) {
			out = append(out, k)
		}
	}
	return out
}

// Readdress decides what the confirmation of a new address does (Art. 16
// GDPR, M21). Consents stay as they are; whatever stands against the old
// address stands against the new one too, and what stood against the new one
// stays, so that nobody comes back by a change of address (P15).
func (s Standing) Readdress(to Email, o Origin, now time.Time) Change {
	if s.Subscriber.ID == 0 || to == s.Subscriber.Email {
		return Change{}
	}
	o.Evidence.Address = to.Address()
	return Change{Address: &to, Suppress: Carried(s.Suppressions), Events: []Event{o.event(Rectified, Subscription{}, now)}}
}

// Errand is what a row of the outbox is about that no sign-up caused.
type Errand struct {
	Mail  SystemMail
	Open  bool              // an address that was asked for: it is the last that was, and not confirmed yet
	Taken bool              // somebody else has the address
	To    []SuppressionKind // against the address that the mail goes to
	Why   string            // why a question of a round is not asked; "" when it is
	// Recent counts the mails of this kind to the mailbox in the last day;
	// those to a new address count with confirmation mails.
	Recent int
}

// Errand decides, when such a row is sent, whether it is, and else why not.
// Whoever asked never learns of it (requirements-mail K.3).
func (s Standing) Errand(e Errand) (SystemMail, string) {
	switch {
	case s.Subscriber.ID == 0:
		return MailNone, "unknown"
	case e.Why != "":
		return MailNone, e.Why
	case e.Mail == MailOwnData && e.Recent >= Limits.OwnMails, (e.Mail == MailAddress || e.Mail.IsRenewal()) && e.Recent >= Limits.ConfirmMails:
		return MailNone, "mailbox_limit"
	case e.Mail == MailAddress && !e.Open:
		return MailNone, "superseded"
	case e.Mail == MailAddress && e.Taken:
		return MailNone, "address_taken"
	case e.Mail == MailAddress && slices.Contains(e.To, SuppressedBlocked):
		return MailNone, "blocked"
	}
	return e.Mail, ""
}
