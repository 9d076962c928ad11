package akkoord

import (
	"net/mail"
	"time"
)

// DeliveryState is where one person's copy of one mailing stands. The numbers
// are stored.
type DeliveryState uint8

// The states of a delivery. Queued and OnWire are "open".
const (
	Queued    DeliveryState = 0 // not begun; a claimed one is still queued
	OnWire    DeliveryState = 1 // first body byte handed over, no answer stored
	Sent      DeliveryState = 2 // the relay answered 250 to the final dot
	Deferred  DeliveryState = 3 // refused for now; tried again at NextAt
	Failed    DeliveryState = 4 // refused for good while sending
	Bounced   DeliveryState = 5 // a later report said so
	Skipped   DeliveryState = 6 // the gate said no; Code says why
	Uncertain DeliveryState = 7 // on the wire when the answer was lost: may have arrived or not
)

var deliveryStates = [...]string{"queued", "onwire", "sent", "deferred", "failed", "bounced", "skipped", "uncertain"}

// String gives the state's name in the API.
func (s DeliveryState) String() string {
	if int(s) < len(deliveryStates) {
		return deliveryStates[s]
	}
	return "unknown"
}

// Counts are a mailing's deliveries by state, from the delivery rows in one
// query. At every moment Total is the sum of the others (P07).
type Counts struct {
	Total     int64 `json:"total"`
	Open      int64 `json:"open"`
	Sent      int64 `json:"sent"`
	Deferred  int64 `json:"deferred"`
	Bounced   int64 `json:"bounced"`
	Failed    int64 `json:"failed"`
	Uncertain int64 `json:"uncertain"`
	Skipped   int64 `json:"skipped"`
}

// HandedOver is how many copies the relay took.
func (c Counts) HandedOver() int64 { return c.Sent + c.Bounced }

// Add counts n deliveries of a state.
func (c *Counts) Add(s DeliveryState, n int64) {
	c.Total += n
	switch s {
	case Queued, OnWire:
		c.Open += n
	case Sent:
		c.Sent += n
	case Deferred:
		c.Deferred += n
	case Failed:
		c.Failed += n
	case Bounced:
		c.Bounced += n
	case Skipped:
		c.Skipped += n
	case Uncertain:
		c.Uncertain += n
	}
}

// Merge adds the counts of others.
func (c *Counts) Merge(o Counts) {
	*c = Counts{
		Total: c.Total + o.Total, Open: c.Open + o.Open, Sent: c.Sent + o.Sent, Deferred: c.Deferred + o.Deferred,
		Bounced: c.Bounced + o.Bounced, Failed: c.Failed + o.Failed, Uncertain: c.Uncertain + o.Uncertain, Skipped: c.Skipped + o.Skipped,
	}
}

// DeliveryFilter narrows a list of deliveries. Zero fields match all.
type DeliveryFilter struct {
	State *DeliveryState
	Code  string // of the gate for skipped ones, else why the relay's answer led to the state
	Class Class  // of failed and bounced ones; ClassSoft is also where it was not said
}

// Delivery is one person and one mailing, as the API lists it.
type Delivery struct {
	MailingID    int64
	SubscriberID int64
	Subscriber   ID
	Email        Email // zero when the person was erased
	State        DeliveryState
	Variant      int
	Attempts     int
	Code         string // skip or SMTP reply code, e.g. "withdrawn", "550 5.1.1"
	Reply        string // last reply of the relay, addresses masked
	Relay        string // slug of the relay that it was last given to; empty: it was given to none
	FirstAt      time.Time
	UpdatedAt    time.Time
	NextAt       time.Time
}

// Window is a run of deliveries of one mailing that one connection has claimed:
// a chunk of the audience, or people whose next attempt is due. Results are
// accepted only with its Fence: a claim that was taken over in the meantime
// writes nothing (P19).
type Window struct {
	Chunk      int64 // number of the chunk; 0 for a window of retries
	Fence      int64 // never 0; a delivery or chunk that nobody holds has 0
	MailingID  int64
	Revision   int64 // of the store when the window was claimed; what changed later is asked again
	Recipients []Recipient

	Sparse bool      // people of the chunk who wait for their time lie between its own
	Until  time.Time // after which no body may be begun; zero: no such time
	Scopes []string  // caps that its mails count against
	Slot   int64     // PaceSlotOf when it was claimed
	Begun  int       // mails whose bodies were begun
	Again  time.Time // when uncertain copies of the mailing were last sent again

	From   mail.Address // that the mailing's purpose names; zero: that of the settings
	Relays []string     // slugs of those that the mailing may go by now, in order
}

// Recipient is one person of a window, with what composing needs.
type Recipient struct {
	SubscriberID int64
	PublicID     ID
	Email        Email
	Name         string
	Locale       string
	Variant      int
	Basis        Basis     // why they get it, which the footer says
	Interests    []string  // that they chose, of those that the mailing's blocks are for; sorted
	Tracked      bool      // they let their clicks be counted for the mailing's purpose (M22)
	Attempts     int       // attempts made before
	FirstAt      time.Time // time of the first attempt; zero before it. The Date of every retry
}

// Result is what became of one recipient of a window.
type Result struct {
	SubscriberID int64
	State        DeliveryState
	Code         string
	Reply        string
	Attempts     int
	FirstAt      time.Time
	At           time.Time
	NextAt       time.Time // for Deferred
}

// SystemDelivery is a claimed row of the outbox with what the person's
// standing calls for right now.
type SystemDelivery struct {
	ID       int64
	Fence    int64
	Mail     SystemMail // never MailNone
	Locale   string     // of the form that was filled in
	Request  ID
	Person   Standing
	To       Email          // where it goes when that is not the person's address
	Ends     time.Time      // of MailStill: when the consent ends without an answer
	Asked    []Subscription // the purposes to be confirmed; for MailAlready those that are active, for MailStill the one
	At       time.Time      // when the sign-up was made
	Attempts int            // made before
	FirstAt  time.Time      // when it was first claimed: the Date and the links of every retry
	Contract *ContractCopy  // of MailContract, which is about no person
	Alarm    *Alarm         // of MailAlarm, which goes to staff
}

// Recipient is where the mail goes.
func (d *SystemDelivery) Recipient() Email {
	if d.To != (Email{}) {
		return d.To
	}
	return d.Person.Subscriber.Email
}

// SystemResult is what became of a SystemDelivery. Without Done it is tried
// again at DueAt, since a confirmation is sent at least once (P08).
type SystemResult struct {
	ID       int64
	Fence    int64
	Done     bool
	Code     string // the relay's reply code, or why it was given up
	Reply    string // its words, of transactional mail alone
	Attempts int
	DueAt    time.Time
	Copy     []byte // the message as it was sent, of a mail whose copy is proof
}

// SentMail is a mailing that a person got, as they know it.
type SentMail struct {
	Mailing    int64
	CampaignID int64
	Campaign   string // its name
	Subject    string // with fields
	At         time.Time
}

// PersonMail is one person's copy of a mailing, and of which.
type PersonMail struct {
	Delivery
	SentMail
	Public ID // of the mailing
}

// Class gives why a copy was refused, as far as its code tells; none for one that
// was not.
func (d Delivery) Class() Class {
	switch d.State {
	case Failed, Bounced:
		return ClassOfReply(d.Code, d.Reply)
	case Deferred:
		return ClassSoft
	}
	return ClassNone
}

// Holdings count what is stored of a person, before something ends it.
type Holdings struct {
	Consents int64 // purposes that they ever dealt with
	Lines    int64 // of the ledger
	Mails    int64 // copies of mailings
	Waiting  int64 // of these, not handed over yet
}

// SubjectFor gives the subject as a person read it.
func (m SentMail) SubjectFor(p Subscriber) string {
	t, err := ParseTemplate(m.Subject)
	if err != nil {
		return m.Subject
	}
	return t.Execute(func(field string) string {
		return map[string]string{"name": p.Name, "email": p.Email.Display(), "campaign": m.Campaign, "locale": p.Locale}[field]
	})
}
