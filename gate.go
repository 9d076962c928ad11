package akkoord

import (
	"slices"
	"time"
)

// Facts are what the gate needs to know about one person and one mail.
type Facts struct {
	Known        bool // the person exists
	State        State
	Suppressions []SuppressionKind
	LeftCampaign bool
	Basis        Basis        // of the subscription
	Unfounded    bool         // the facts that its basis needs are missing
	Outgrown     bool         // the purpose asks for more by now than was agreed to
	Paused       bool         // the person wants no mail for a while
	Archived     bool         // the purpose is archived
	Mailing      MailingState // empty when no mailing is asked about
}

// Verdict is the gate's answer. Code is stable; Reason is a sentence in
// English for administrators and the API.
type Verdict struct {
	Allowed bool   `json:"allowed"`
	Code    string `json:"code,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// Gate answers whether a person may get a mail of a purpose now (M1). Every
// mail passes it in the database when it is claimed, and again before its
// first byte is handed over when anything about the person changed since.
func Gate(f Facts) Verdict {
	no := func(code, reason string) Verdict { return Verdict{Code: code, Reason: reason} }
	if !f.Known {
		return no("unknown", "Nobody with this address is on record.")
	}
	if slices.Contains(f.Suppressions, SuppressedRestricted) {
		return no("restricted", "The person's data is kept and not used, as they asked (Art. 18 GDPR).")
	}
	for _, s := range f.Suppressions {
		switch s {
		case SuppressedObjection:
			return no("objected", "The person objected to direct marketing.")
		case SuppressedErased:
			return no("erased", "The person had their data erased and has not signed up anew.")
		case SuppressedComplaint:
			return no("complained", "The person reported a mail as unwanted.")
		case SuppressedHardBounce:
			return no("bounced", "Mail to this address can't be delivered.")
		case SuppressedUnsubscribed:
			return no("unsubscribed", "The person left everything.")
		case SuppressedExpired:
			return no("expired", "The person did not answer whether they still want these mails, and was forgotten.")
		}
	}
	switch f.State {
	case Active:
	case Pending:
		return no("pending", "The person asked for this and has not confirmed.")
	case Held:
		return no("held", "The person was imported without the proof that their basis needs.")
	case Withdrawn:
		if f.Basis.Objectable() {
			return no("objected", "The person objected to mail of this purpose.")
		}
		return no("withdrawn", "The person withdrew their consent for this purpose.")
	case Lapsed:
		return no("expired", "The consent for this purpose, or the ground in its place, has expired.")
	default:
		return no("no_consent", "The person never agreed to this purpose.")
	}
	if f.Unfounded {
		return no("basis_missing", "Nothing is on record of the sale that mail to this customer rests on.")
	}
	if f.Outgrown {
		return no("wording_wider", "The purpose asks for more by now than the person agreed to.")
	}
	if f.LeftCampaign {
		return no("left_campaign", "The person left this campaign.")
	}
	if f.Paused {
		return no("paused", "The person wants no mail for a while.")
	}
	if f.Archived {
		return no("purpose_archived", "The purpose is archived; nothing goes out under it.")
	}
	switch f.Mailing {
	case "", MailingSending:
	default:
		return no("mailing_"+string(f.Mailing), "The mailing is not being sent now.")
	}
	return Verdict{Allowed: true}
}

// Facts gives the gate's facts at a time from a person's standing.
func (s Standing) Facts(purposeID, campaignID int64, mailing MailingState, now time.Time) Facts {
	sub := s.Subscription(purposeID)
	return Facts{
		Known: s.Subscriber.ID != 0, State: sub.State, Basis: sub.Basis, Unfounded: sub.unfounded(), Outgrown: sub.outgrown(), Archived: sub.Archived, Suppressions: s.Suppressions,
		LeftCampaign: s.HasLeft(campaignID), Paused: s.PausedUntil.After(now), Mailing: mailing,
	}
}

// SystemMail is what a sign-up's outbox row turns into when it is sent.
type SystemMail string

// The mails that a sign-up can cause.
const (
	MailConfirm    SystemMail = "confirm"       // please confirm
	MailAlready    SystemMail = "already"       // you are subscribed already
	MailOwnData    SystemMail = "own_data"      // the link to one's own data
	MailAddress    SystemMail = "address"       // please confirm your new address
	MailMoved      SystemMail = "moved"         // to the old address: it was changed
	MailContract   SystemMail = "transactional" // an order, an invoice (M9)
	MailRenew      SystemMail = "renew"         // of a round: do you agree to the purpose's new words?
	MailRenewAgain SystemMail = "renew_again"   // and once more, to who did not answer
	MailStill      SystemMail = "still"         // do you still want this? (M18)
	MailStillAgain SystemMail = "still_again"   // and once more
	MailAlarm      SystemMail = "alarm"         // to staff: somebody took access to personal data themselves (M26)
	MailNone       SystemMail = ""              // nothing is sent, and the code says why
)

// SignUpMail decides, when an outbox row is sent, which mail its sign-up
// calls for. recent counts the confirmation mails of the last day to the same
// mailbox (P14) and told is when the person was last told that they are
// subscribed already. The visitor never learns of it.
func (s Standing) SignUpMail(request ID, recent int, told, now time.Time) (SystemMail, string) {
	if s.Subscriber.ID == 0 {
		return MailNone, "unknown"
	}
	if s.Subscriber.Email.IsRole() {
		return MailNone, "role_address"
	}
	if s.Suppressed(SuppressedBlocked) {
		return MailNone, "blocked"
	}
	if s.Suppressed(SuppressedRestricted) {
		return MailNone, "restricted"
	}
	_, answer := s.Asked(request, now)
	switch answer {
	case AnswerPending:
		if recent >= Limits.ConfirmMails {
			return MailNone, "mailbox_limit"
		}
		return MailConfirm, ""
	case AnswerSuperseded:
		return MailNone, "superseded"
	case AnswerArchived:
		return MailNone, "purpose_archived"
	case AnswerAlready:
		return MailNone, "confirmed"
	}
	for _, sub := range s.Subscriptions {
		if sub.State == Active {
			if now.Sub(told) < Limits.ConfirmMailDay || recent >= Limits.ConfirmMails {
				return MailNone, "told_already"
			}
			return MailAlready, ""
		}
	}
	return MailNone, "nothing_asked"
}

// AskedEnough reports whether no mail may ask for a yes now at an address
// against which something stands: one that complained is asked once in
// Limits.ComplaintPause (requirements-mail I.5). last is when it was asked since
// it complained; zero: never.
func AskedEnough(against []SuppressionKind, last, now time.Time) bool {
	return slices.Contains(against, SuppressedComplaint) && !last.IsZero() && now.Sub(last) < Limits.ComplaintPause
}

// IsProof reports whether a mail asks for a yes, so that a copy of it belongs
// to the proof of that (M30).
func (m SystemMail) IsProof() bool {
	return m == MailConfirm || m == MailAddress || m.IsRenewal()
}

// IsRenewal reports whether a mail is a round's question or its reminder (M4).
func (m SystemMail) IsRenewal() bool { return m == MailRenew || m == MailRenewAgain }

// MailCopies is what is kept of the mails that ask for a yes.
type MailCopies string

// What can be kept: the bytes, which are the better proof; their SHA-256, which
// shows that a copy somebody else has is the mail that was sent; or nothing.
const (
	CopyMails   MailCopies = "copy"
	DigestMails MailCopies = "digest"
	NoMails     MailCopies = "off"
)
