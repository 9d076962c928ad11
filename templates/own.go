package templates

import "time"

// YourDataPage is /your-data: somebody without an old mail types their address
// and gets the link to their own data. What follows is the same for everyone.
type YourDataPage struct {
	Site
	Email  string // as typed, kept after an error
	Sent   bool   // says what follows
	Errors FieldErrors
}

// AddressPage is /address/{token}: a new address, to be agreed to by a button,
// or agreed to already (M21).
type AddressPage struct {
	Site
	Action string
	From   string // masked
	To     string // masked
	Done   bool
	Left   bool // the new address left everything once, and that stays
}

// KeepPage is /keep/{token}: somebody who gave no sign of life for long says
// that they still want a purpose, or did (M18).
type KeepPage struct {
	Site
	Action                       string
	Leave                        string    // POST with scope=purpose: no, stop
	Name, Explanation, Frequency string    // of the purpose
	Address                      string    // masked
	Since                        time.Time // of the first yes; once Done of the latest
	Done                         bool
}

// PastPage is a part of the preferences page of its own: all mails that a
// person got, or all that they decided and with which words.
type PastPage struct {
	Site
	Back   string // path of the preferences page
	Mails  []SentMail
	Events []PastEvent
	Show   string // "mails" or "history"
	Next   string // path of the next page; empty for none
}

// PastEvent is one act: own.<Kind> in the locale files.
type PastEvent struct {
	Kind, Purpose, Campaign string
	At                      time.Time
	By                      string // "person", "system", or empty for staff
	Until                   time.Time
	ToldIn                  string // zone that the place of the act tells times in; empty: not on record
	Clock                   string // the person's own, like +01:00, where the act said it
	Wording, Locale         string // the words that were seen; may be empty
	Version                 int
}
