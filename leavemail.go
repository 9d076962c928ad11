package akkoord

import "time"

// IncomingMail is a message that came in at the address for leaving (RFC 2369
// §3.2, requirements-mail C.12), as far as it counts: the copy of a mailing
// that its signed address names, and where the sender's clock is. Who it says
// it comes from is not looked at, since anybody can write that.
type IncomingMail struct {
	Mailing    int64
	Subscriber int64
	Zone       string // offset of its Date from UTC, like +01:00; empty when it has none
	Code       IncomingCode
}

// IncomingCode is why a message that came in does nothing.
type IncomingCode string

// The codes of messages. IncomingLeave is the one that counts.
const (
	IncomingLeave     IncomingCode = ""
	IncomingAutoReply IncomingCode = "auto_reply"    // or a report: nobody's wish (J.8)
	IncomingNoToken   IncomingCode = "token_missing" // no signed address: not of a mail of ours
	IncomingForged    IncomingCode = "token_invalid"
	IncomingBroken    IncomingCode = "unreadable"
)

// LeftByMail is what a message came to.
type LeftByMail struct {
	Code IncomingCode
	At   time.Time // when what it is about was left; zero when there was nothing to leave
	New  bool      // this message did it
}
