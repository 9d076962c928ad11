package templates

import "time"

// DeliverabilityPage is GET /admin/deliverability: what name servers and the mail
// server say, and the DKIM keys that were made here. The form that makes one posts
// kind to Make.
type DeliverabilityPage struct {
	Admin
	Domain, Return string // of the sender that people see, and of the envelope; empty: there is none
	LookedAt       time.Time
	Findings       []DeliveryFinding
	Files          []string // selectors of AKKOORD_DKIM, whose keys sign in place of stored ones
	Keys           []DomainKeyRow
	Changes        bool // the user may change keys
	Make           string

	CameBack      []CameBackRow // newest first
	CameBackTotal []RateCell    // of all of them
	Speed         SendingSpeed
}

// SendingSpeed is what limits mailings now. What is left is of a limit that there is.
type SendingSpeed struct {
	PerHour, HourLeft int // 0: no such limit
	PerDay, DayLeft   int

	Domain string // that is new; empty: none
	Known  bool   // it was new, and is known by now
	Left   int
	Full   int // mails a day from which on it is known
	Days   []WarmupDay
}

// WarmupDay is a day of the plan for a new domain.
type WarmupDay struct {
	Number, Mails int
	Now, Past     bool
}

// CameBackRow is what came back of a mailing of late.
type CameBackRow struct {
	Subject, URL string
	At           time.Time
	Rates        []RateCell
}

// RateCell is a tally of what was sent beside its limit, which is in hundredths of a
// percent. Key and Standing name its texts.
type RateCell struct {
	Key, Standing string
	N, Sent       int
	Warn, Pause   int
}

// DeliveryFinding is one thing that was looked at. Key names its texts.
type DeliveryFinding struct {
	Key, Verdict, Text string
	Record             *TXTRecord // to publish; nil: none
}

// TXTRecord is a record of a name server. Zone is the value in strings of 255
// bytes, where it takes several.
type TXTRecord struct{ Name, Value, Zone string }

// DomainKeyRow is a DKIM key. Its forms post act=look, sign, sign with insist=yes,
// retire and remove to Action.
type DomainKeyRow struct {
	ID, Selector, Kind, State, Action                  string
	CreatedAt, SeenAt, SignsFrom, RetiredAt, KeepUntil time.Time
	Record                                             *TXTRecord
	Removable                                          bool
	Waits                                              bool             // it is let sign, and signs nothing: it is foreign, or files sign
	Foreign                                            string           // the domain it is for, where that is another than the sender's
	Found                                              *DeliveryFinding // what a look at its record just gave
	Unseen                                             bool             // it was just not let sign
}

func (DeliverabilityPage) file() string { return "admin/deliverability.html" }
