package templates

import (
	"net/mail"
	"strings"
	"time"
)

// SetupStep is one of the first steps of an installation: "who", "mail",
// "purpose", "try" or "campaign".
type SetupStep struct {
	Key, URL string
	Done     bool
	Here     bool // it is the page that is shown
}

// Setup is what the page of each first step has around its content.
type Setup struct {
	Admin
	Steps []SetupStep
	Next  string // path of the step after this one
}

// SetupOwnerPage is GET /admin/setup with a code: it posts code, email, password
// and again to /admin/setup.
type SetupOwnerPage struct {
	Admin
	Code, Email string
	Errors      FieldErrors
}

// SetupWhoPage is GET /admin/setup/who, and the same again where a post to it was
// refused.
type SetupWhoPage struct {
	Setup
	Controller, PostalAddress, Contact string
	Set                                SetBySetting
	SecondFactor                       bool   // the owner has one
	BaseURL, Here                      string // what links in mails begin with; the host that this page came from
	Reached                            bool   // the two are the same
	Local                              bool   // the base is of this machine alone
	Errors                             FieldErrors
}

// SetBySetting says which facts the settings say, and no page can change.
type SetBySetting struct{ Controller, PostalAddress, Contact bool }

// All reports whether there is nothing left to ask.
func (s SetBySetting) All() bool { return s.Controller && s.PostalAddress && s.Contact }

// SetupMailPage is GET /admin/setup/mail, and the answer to a test there.
type SetupMailPage struct {
	Setup
	Relay, TLS, From, TestTo string    // empty: not set
	Processor, Party         string    // slug of the party that runs the relay; path of the register
	Own                      bool      // no other party runs it
	CanCatch                 bool      // mails can be caught here, since there is no mail server
	CatchingSince            time.Time // zero: they are not caught
	Blockers                 []Blocker
	Tried, Works             bool // a test was made, and came to its end
	Tries                    []RelayStep
	Domain                   string // of the sender
	Findings                 []DeliveryFinding
}

// RelayStep is a step of a test of the mail server: "connect", "greet", "tls",
// "login" or "mail".
type RelayStep struct{ Key, Code, Text string }

// SetupPurposePage is GET /admin/setup/purpose: ready words to change, or the way
// of a visitor once there is a form.
type SetupPurposePage struct {
	Setup
	Form                      PurposeForm
	FormName, FormURL, Public string // of the first form; empty: there is none
	Purposes                  []Link // that it asks about
	Previews                  []Option
	Errors                    FieldErrors
	Nameless                  bool // who sends is not said yet: no words can name them
}

// SetupTryPage is GET /admin/setup/try: how far the newest sign-up came.
type SetupTryPage struct {
	Setup
	Own             string // address of the user, whose mails can be caught
	Public, Address string // path and URL of the form; empty: there is none
	States          []TryState
	Code            string // why the mail is not accepted yet, where that is known
	Person          string // path of whoever signed up
	Confirmed       bool
	Follow
}

// TryState is a station of a sign-up: "asked", "sent", "accepted", "opened" or
// "confirmed".
type TryState struct {
	Key string
	At  time.Time // zero: not yet
}

// BareAddress gives the address alone of a sender like Name <a@b>.
func BareAddress(sender string) string {
	a, err := mail.ParseAddress(sender)
	if err != nil {
		return strings.TrimSpace(sender)
	}
	return a.Address
}

// InboxPage is GET /admin/inbox: the mails that were caught in the place of a mail
// server, newest first.
type InboxPage struct {
	Admin
	Mails     []CaughtRow
	Elsewhere bool // other processes may have caught mails too
}

// CaughtRow is a mail in the list.
type CaughtRow struct {
	URL, Subject string
	To           []string
	At           time.Time
}

// CaughtPage is GET /admin/inbox/{mail}.
type CaughtPage struct {
	Admin
	Back          string
	Subject, From string
	To            []string
	At            time.Time
	Text          string
	Frame         string // path of its HTML; empty: it has none
	Raw           string // path of the whole as it was sent
}

func (InboxPage) file() string        { return "admin/inbox.html" }
func (CaughtPage) file() string       { return "admin/caught.html" }
func (SetupOwnerPage) file() string   { return "admin/setup-owner.html" }
func (SetupWhoPage) file() string     { return "admin/setup-who.html" }
func (SetupMailPage) file() string    { return "admin/setup-mail.html" }
func (SetupPurposePage) file() string { return "admin/setup-purpose.html" }
func (SetupTryPage) file() string     { return "admin/setup-try.html" }

// Tick is one thing to look at before a mailing is sent.
type Tick struct {
	Key  string // "when", "to", "from", "subject" or "content"
	OK   bool
	Text string        // what it is
	Each []SubjectLine // subjects, where there are several
}

// SubjectLine is a subject of a variant, or in a language; Name and Language are empty
// where there is one.
type SubjectLine struct{ Name, Language, Text string }
