package templates

import "time"

// PersonLink leads to the page of an act on a person: person.ACT_….
type PersonLink struct{ Key, URL string }

// PersonMail is a person's copy of a mailing.
type PersonMail struct {
	Subject, URL, Campaign string
	State                  string // admin.delivery_<State>
	Reason                 string // gate.<Reason>: why it was left out
	Code, Class            string // of the relay's answer
	Attempts               int
	At                     time.Time
}

// PersonActPage is GET /admin/people/{id}/ACT: what an act on a person does, and
// the button that does it.
type PersonActPage struct {
	Admin
	Act, Action string
	Person      Link
	Fits        bool // false: there is nothing to do
	Purposes    []Option
	Campaigns   []Option
	Today       string // the last day of the field of a date

	Whole                 bool // the reader may see all that is stored of the person: then there are these numbers
	Lines, Mails, Waiting int  // of the ledger, copies of mailings, and those not handed over yet
	Consents              int  // purposes that they dealt with, as far as these may be seen

	What, Reason, Email, ToldOn string // as typed
	Errors                      FieldErrors
}

// Asks reports whether the page has a field for why.
func (p PersonActPage) Asks() bool { return p.Act != "resend" }

// Grave reports whether the act takes something away from the person.
func (p PersonActPage) Grave() bool { return p.Act == "erase" || p.Act == "withdraw" }

// PersonEditPage is GET /admin/people/{id}/edit.
type PersonEditPage struct {
	Admin
	Action, Seen string
	Person       Link
	Names        bool // the name and the language may be seen
	Name, Locale string
	Locales      []string
	Interests    []Choice
	Attributes   []AttributeField
	Theirs       *PersonData // what stands there by now, where it was changed meanwhile
	Errors       FieldErrors
}

// Choice is a box that can be ticked.
type Choice struct {
	Value string
	On    bool
}

// PersonData is what is on record of a person.
type PersonData struct {
	Name, Locale string
	Interests    []string
	Attributes   []Option
}

// ErasedPage answers the erasure of a person, with the receipt for them.
type ErasedPage struct {
	Admin
	At      time.Time
	Receipt string
}

func (PersonActPage) file() string  { return "admin/person-act.html" }
func (PersonEditPage) file() string { return "admin/person-edit.html" }
func (ErasedPage) file() string     { return "admin/erased.html" }
