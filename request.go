package akkoord

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// RequestKind is what a person asks for (chapter III GDPR).
type RequestKind string

// RequestKinds are what a request can be about, in the order of the articles.
var RequestKinds = []RequestKind{"access", "rectification", "erasure", "restriction", "portability", "objection"}

// RequestState is how far a request is.
type RequestState string

// The states of a request. It leaves the first once, for one of the others.
const (
	RequestOpen    RequestState = "open"
	RequestDone    RequestState = "done"
	RequestRefused RequestState = "refused"
)

// RequestChannels are the ways by which a request may have come.
var RequestChannels = []string{"email", "phone", "letter", "in_person", "other"}

// PersonRequest is what somebody asked for otherwise than by their own link,
// whose acts need no desk: they are done at once, and on record by themselves.
type PersonRequest struct {
	ID         int64
	PublicID   ID
	Kind       RequestKind
	State      RequestState
	Channel    string
	ReceivedAt time.Time
	DueOn      time.Time // the last day of the time that Art. 12(3) GDPR gives; see DueOn
	ExtendedAt time.Time // zero: it was not
	ClosedAt   time.Time // zero: it is open
	Handler    Actor     // who took it; empty: nobody

	RequestDetail
}

// RequestDetail is what is personal in a request. It goes when the person is
// erased; the rest stays, and leads to nobody.
type RequestDetail struct {
	Person    ID     `json:"-"` // zero: nobody on record
	Email     string `json:"email,omitempty"`
	Note      string `json:"note,omitempty"`
	Extension string `json:"extension,omitempty"` // why it takes longer, as the person was told
	Answer    string `json:"answer,omitempty"`    // what was done, or why it was refused, as the person was told
}

// DueOn gives the last day of a time of some months that begins with an event:
// the day with its number, or the last of a shorter month (Art. 3(2)(c) of
// Regulation 1182/71). Days are in UTC.
func DueOn(event time.Time, months int) time.Time {
	y, m, d := event.UTC().Date()
	last := time.Date(y, m+time.Month(months)+1, 0, 0, 0, 0, 0, time.UTC)
	return time.Date(last.Year(), last.Month(), min(d, last.Day()), 0, 0, 0, 0, time.UTC)
}

// OnWeekend reports whether a last day is a Saturday or a Sunday: the time then
// ends with the next working day (Art. 3(4) of Regulation 1182/71). Public
// holidays are not known here. Counting on the earlier day is never wrong.
func OnWeekend(day time.Time) bool {
	return day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
}

// Check gives a request about to be stored with its last day, or reports the
// first thing wrong with it.
func (r PersonRequest) Check(now time.Time) (PersonRequest, error) {
	if !slices.Contains(RequestKinds, r.Kind) {
		return r, Fieldf("kind", "request_kind", "The kind is one of access, rectification, erasure, restriction, portability and objection.")
	}
	if !slices.Contains(RequestChannels, r.Channel) {
		return r, Fieldf("channel", "request_channel", "The channel is one of %s.", strings.Join(RequestChannels, ", "))
	}
	if r.ReceivedAt.After(now) {
		return r, Fieldf("received_at", "value_invalid", "The request can't have come after now.")
	}
	if r.Email == "" && r.Note == "" && r.Person.IsZero() {
		return r, Fieldf("email", "field_missing", "Say who asks: an address, a person on record, or a note by which you know them.")
	}
	if err := CheckText("note", r.Note, Limits.Text); err != nil {
		return r, err
	}
	r.State, r.DueOn = RequestOpen, DueOn(r.ReceivedAt, 1)
	return r, nil
}

// Overdue reports whether the time for an answer is over.
func (r PersonRequest) Overdue(now time.Time) bool {
	return r.State == RequestOpen && !now.Before(r.DueOn.AddDate(0, 0, 1))
}

// Extend gives a request with up to two further months, for a reason that the
// person is told within the first one (Art. 12(3) GDPR). Errors: Invalid, and
// Conflict when it is closed, was extended, or the first month is over.
func (r PersonRequest) Extend(months int, reason string, now time.Time) (PersonRequest, error) {
	switch {
	case r.State != RequestOpen:
		return r, errRequestClosed
	case !r.ExtendedAt.IsZero():
		return r, Errorf(Conflict, "request_extended", "The time of this request was extended once already; the law knows no second time.")
	case r.Overdue(now):
		return r, Errorf(Conflict, "request_late", "The first month is over, and the person had to be told within it; answer the request now.")
	case months != 1 && months != 2:
		return r, Fieldf("months", "value_invalid", "The time can be extended by 1 or 2 months.")
	}
	if err := checkTold(reason); err != nil {
		return r, err
	}
	r.ExtendedAt, r.Extension, r.DueOn = now, reason, DueOn(r.ReceivedAt, 1+months)
	return r, nil
}

// Close gives a request that is done or refused, with what the person was told
// (Art. 12(3) and (4) GDPR). Errors: Invalid, and Conflict when it is closed.
func (r PersonRequest) Close(state RequestState, answer string, now time.Time) (PersonRequest, error) {
	if r.State != RequestOpen {
		return r, errRequestClosed
	}
	if state == RequestRefused {
		if err := checkTold(answer); err != nil {
			return r, err
		}
	} else if err := CheckText("reason", answer, Limits.Text); err != nil {
		return r, err
	}
	r.State, r.Answer, r.ClosedAt = state, answer, now
	return r, nil
}

var errRequestClosed = Errorf(Conflict, "request_closed", "This request is closed; enter a new one if the person asks again.")

func checkTold(reason string) error {
	if strings.TrimSpace(reason) == "" {
		return Fieldf("reason", "reason_missing", "Give the reason, as the person is told it.")
	}
	return CheckText("reason", reason, Limits.Text)
}

// Said gives a request with another note.
func (r PersonRequest) Said(note string) (PersonRequest, error) {
	if err := CheckText("note", note, Limits.Text); err != nil {
		return r, err
	}
	r.Note = note
	return r, nil
}

// Name names the request in the audit trail.
func (r PersonRequest) Name() string { return fmt.Sprintf("request:%s", r.PublicID) }

// Desk counts what waits for a decision or an act of somebody.
type Desk struct {
	Open, Soon, Overdue          int64 // requests; Soon are due within DeskNotice
	Notices, OverdueNotices      int64 // to processors
	FirstDue                     time.Time
	Breaches, UnreportedBreaches int64     // of the last month; without a report 72 hours after they were known
	GoodDrill                    time.Time // when the last good restore drill was; zero: never
	People                       bool      // there are some
}

// DeskNotice is how long before its last day a request is warned about.
const DeskNotice = 7 * 24 * time.Hour

// RequestRecord is a request in a person's own record (M20).
type RequestRecord struct {
	Kind       RequestKind  `json:"kind"`
	State      RequestState `json:"state"`
	ReceivedAt Moment       `json:"received_at"`
	ClosedAt   Moment       `json:"closed_at,omitzero"`
	RequestDetail
}
