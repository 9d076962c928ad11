package akkoord

import (
	"cmp"
	"crypto/sha256"
	"time"
)

// Organisation is who is behind the mails, as every page, every mail and the
// privacy statement name it (Art. 13(1)(a) GDPR, requirements-mail C.22).
type Organisation struct {
	Controller    string // legal name
	PostalAddress string
	Contact       string // for privacy: an address or a URL
}

// Or gives the facts, with those of other where one is missing: what the settings
// say wins over what was stored.
func (o Organisation) Or(other Organisation) Organisation {
	return Organisation{cmp.Or(o.Controller, other.Controller), cmp.Or(o.PostalAddress, other.PostalAddress), cmp.Or(o.Contact, other.Contact)}
}

// Complete reports whether no fact is missing.
func (o Organisation) Complete() bool {
	return o.Controller != "" && o.PostalAddress != "" && o.Contact != ""
}

// Check reports the first fact that can't be stored. Errors are Invalid and name
// the field "controller", "postal_address" or "contact".
func (o Organisation) Check() error {
	for _, f := range []struct{ name, value string }{{"controller", o.Controller}, {"postal_address", o.PostalAddress}, {"contact", o.Contact}} {
		if f.value == "" {
			return Fieldf(f.name, "text_missing", "This field may not be empty.")
		}
		if err := CheckLine(f.name, f.value, Limits.Text); err != nil {
			return err
		}
	}
	return nil
}

// SetupCode lets somebody make the first owner of an installation without users.
// Of its secret only the hash is known here; its name finds it, so that nobody
// who lacks that can use up its guesses.
type SetupCode struct {
	Name string
	Hash [sha256.Size]byte
}

// SignUpProgress is how far a sign-up came; times are zero for what has not
// happened. It names the person by number alone.
type SignUpProgress struct {
	Person      ID
	AskedAt     time.Time
	TriedAt     time.Time // the mail was handed to the relay for the first time
	AcceptedAt  time.Time // the relay took it
	Code        string    // of the relay, or why there was no mail, while it is not accepted
	ConfirmedAt time.Time
}

// RelayStep is one step of a test of the mail server.
type RelayStep struct {
	Name string // "connect", "greet", "tls", "login" or "mail"
	Code string // stable, of what went wrong; empty: it went well
	Text string // what the server said
}
