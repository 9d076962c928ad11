package akkoord

import (
	"net/mail"
	"strings"
	"time"
)

// SendingAddress is a name and an address that mailings of a purpose can come from,
// beside the one of the settings.
type SendingAddress struct {
	ID        int64
	PublicID  ID
	Slug      string
	Name      string
	Address   Email
	CreatedAt time.Time
	RetiredAt time.Time // zero: it can be chosen
}

// MaxSendingAddresses bounds how many there can be.
const MaxSendingAddresses = 100

// Mailbox gives the name and the address as a From field has them.
func (s SendingAddress) Mailbox() mail.Address {
	return mail.Address{Name: s.Name, Address: s.Address.Address()}
}

// freemail domains belong to others: mail from them can't pass DMARC, and
// nobody there is the controller.
var freemail = map[string]bool{
	"gmail.com": true, "googlemail.com": true, "outlook.com": true, "hotmail.com": true, "live.com": true, "live.nl": true,
	"yahoo.com": true, "icloud.com": true, "me.com": true, "aol.com": true, "gmx.de": true, "gmx.net": true, "web.de": true,
	"proton.me": true, "protonmail.com": true, "ziggo.nl": true, "kpnmail.nl": true, "planet.nl": true, "hotmail.nl": true, "orange.fr": true,
}

// Check reports the first thing wrong with an address about to be stored. Errors are
// Invalid, and name the field slug, name or address.
func (s SendingAddress) Check() error {
	if err := CheckSlug("slug", s.Slug); err != nil {
		return err
	}
	if strings.TrimSpace(s.Name) == "" {
		return Fieldf("name", "name_missing", "Give the name that people see as the sender.")
	}
	return CheckSender(s.Name, s.Address)
}

// CheckSender refuses a name that a header can't have, and an address that mailings
// can't come from.
func CheckSender(name string, e Email) error {
	if err := CheckLine("name", name, Limits.Text); err != nil {
		return err
	}
	if e.IsZero() {
		return Fieldf("address", "field_missing", "Give the address that mailings come from.")
	}
	if freemail[e.Domain()] {
		return Fieldf("address", "sender_freemail", "Use an address of your own domain; mail from %s would be refused.", e.Domain())
	}
	return nil
}
