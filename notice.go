package akkoord

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"
)

// NoticeKind is what a processor has to be told of (Art. 19 GDPR).
type NoticeKind string

// The kinds of notices.
const (
	NoticeErasure      NoticeKind = "erasure"
	NoticeAddress      NoticeKind = "address" // the person has another address now
	NoticeRestriction  NoticeKind = "restriction"
	NoticeUnrestricted NoticeKind = "unrestricted"
)

// ProcessorNotice is a task: to tell one party that data goes to of an act
// about one person, and to tick it off (M19). It holds neither an address nor
// anything else that leads here to a person: Reference can be worked out from
// an address by that party alone, and goes when the task is done.
type ProcessorNotice struct {
	ID        int64
	PublicID  ID
	Processor string // slug
	Kind      NoticeKind
	Reference string // see NoticeKey; empty once done
	Line      int64  // of the ledger that says what happened
	At        time.Time
	DueOn     time.Time // the last day
	DoneAt    time.Time // zero: it waits
	DoneBy    Actor
	Note      string // how the party was told
}

// NoticeDays are the days within which a processor is told: "without undue
// delay", and well within the month that the person waits for an answer.
const NoticeDays = 14

// NoticeDue gives the last day for telling of what happened at a time.
func NoticeDue(at time.Time) time.Time {
	y, m, d := at.UTC().Date()
	return time.Date(y, m, d+NoticeDays, 0, 0, 0, 0, time.UTC)
}

// Overdue reports whether the time for the notice is over.
func (n ProcessorNotice) Overdue(now time.Time) bool {
	return n.DoneAt.IsZero() && !now.Before(n.DueOn.AddDate(0, 0, 1))
}

// NoticesOf gives what processors have to be told of a change. What changes no
// data that they have, such as leaving, is none of it, nor is what is forgotten
// because its time is over: their agreement says how long they keep.
func NoticesOf(c Change) []NoticeKind {
	var out []NoticeKind
	if c.Address != nil {
		out = append(out, NoticeAddress)
	}
	for _, e := range c.Events {
		switch e.Kind {
		case Restricted:
			out = append(out, NoticeRestriction)
		case Unrestricted:
			out = append(out, NoticeUnrestricted)
		}
	}
	if c.Forget && slices.ContainsFunc(c.Events, func(e Event) bool { return e.Kind == Erased && e.Source != byRetention.Source }) {
		out = append(out, NoticeErasure)
	}
	return out
}

// NoticeKey gives the key of a party's references. The party gets it with the
// agreement, works out the reference of each address that it holds, and so
// finds whom a notice is about; nobody without the key can.
func (k *Keyring) NoticeKey(processor string) []byte {
	return k.Derive("processor-notice/" + processor)
}

// NoticeReference gives the reference of an address: HMAC-SHA-256 under the
// party's key over the address in small letters, in hexadecimal.
func NoticeReference(key []byte, e Email) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(e.Key()))
	return hex.EncodeToString(mac.Sum(nil))
}
