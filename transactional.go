package akkoord

import (
	"maps"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"
)

// ContractTemplate is a kind of transactional mail: what a contract calls for,
// like an order or an invoice (M9). It is made by staff and sent by programs,
// which fill in its fields. It belongs to no purpose and no campaign.
type ContractTemplate struct {
	ID        int64
	PublicID  ID
	Slug      string
	Version   int // an edit makes a new one; a mail keeps its own
	Spec      ContractSpec
	CreatedAt time.Time
	RetiredAt time.Time // no new mail is taken since then; zero: it is in use
}

// ContractSpec is one version of a ContractTemplate.
type ContractSpec struct {
	Name    string                  `json:"name"`               // for staff
	From    string                  `json:"from,omitempty"`     // `"Name" <a@b>` in the domain of AKKOORD_FROM; empty: that
	ReplyTo string                  `json:"reply_to,omitempty"` // address
	Fields  []string                `json:"fields"`             // names that every mail gives a value for
	Texts   map[string]ContractText `json:"texts"`              // by language
}

// ContractText is the mail in one language.
type ContractText struct {
	Reason   string `json:"reason"` // why people get it, in the footer
	Subject  string `json:"subject"`
	Markdown string `json:"markdown,omitempty"`
	HTML     string `json:"html,omitempty"` // instead of Markdown
}

// campaignWords are names that belong to campaigns. A field of a contract's
// mail has none of them.
var campaignWords = []string{"campaign", "purpose", "segment", "variant", "mailing", "unsubscribe", "preferences"}

var contractField = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// Check reports the first thing wrong with a template about to be stored.
// domain is that of AKKOORD_FROM, for which mail is signed. What only composing
// finds out is checked there.
func (c ContractTemplate) Check(domain string) error {
	if err := CheckSlug("slug", c.Slug); err != nil {
		return err
	}
	s := c.Spec
	if strings.TrimSpace(s.Name) == "" {
		return Fieldf("name", "field_missing", "Give the template a name.")
	}
	if err := CheckLine("name", s.Name, Limits.Name); err != nil {
		return err
	}
	if err := s.checkAddresses(domain); err != nil {
		return err
	}
	if len(s.Fields) > Limits.ContractFields {
		return Fieldf("fields", "fields_many", "A template has at most %d fields.", Limits.ContractFields)
	}
	for i, f := range s.Fields {
		switch {
		case slices.Contains(campaignWords, f):
			return Fieldf("fields", "promotional_content", "The field %s belongs to campaigns; transactional mail carries none.", f)
		case !contractField.MatchString(f):
			return Fieldf("fields", "field_invalid", "A field's name has lower-case letters, digits and _, like order_number; at most 32 of them.")
		case slices.Contains(s.Fields[:i], f):
			return Fieldf("fields", "field_twice", "The field %s is named twice.", f)
		}
	}
	return s.checkTexts()
}

func (s ContractSpec) checkAddresses(domain string) error {
	if s.ReplyTo != "" {
		if _, err := ParseEmail(s.ReplyTo); err != nil {
			return Fieldf("reply_to", "address_invalid", "The reply address is one mail address, like klant@example.org.")
		}
	}
	if s.From == "" {
		return nil
	}
	from, err := s.Sender()
	if err != nil {
		return err
	}
	e, err := ParseEmail(from.Address)
	if err != nil {
		return err
	}
	if own := e.Domain(); domain == "" || own != domain && !strings.HasSuffix(own, "."+domain) {
		return Fieldf("from", "from_domain", "The sender's address is in the domain of AKKOORD_FROM (or one below it), since mail is signed for that.")
	}
	return nil
}

// Sender gives the own From of a template; zero where it has none.
func (s ContractSpec) Sender() (mail.Address, error) {
	if s.From == "" {
		return mail.Address{}, nil
	}
	bad := Fieldf("from", "address_invalid", `The sender is written "Name" <address@example.org>.`)
	a, err := mail.ParseAddress(s.From)
	if err != nil || CheckLine("from", a.Name, Limits.Name) != nil {
		return mail.Address{}, bad
	}
	e, err := ParseEmail(a.Address)
	if err != nil {
		return mail.Address{}, bad
	}
	return mail.Address{Name: a.Name, Address: e.Address()}, nil
}

func (s ContractSpec) checkTexts() error {
	if len(s.Texts) == 0 {
		return Fieldf("texts", "field_missing", "Write the mail in one language at least.")
	}
	for _, locale := range slices.Sorted(maps.Keys(s.Texts)) {
		at, t := "texts."+locale, s.Texts[locale]
		if !KnownLocale(locale) {
			return Fieldf(at, "locale_unknown", "Mails exist in %s.", strings.Join(Locales, ", "))
		}
		for _, x := range []struct{ name, value string }{{"reason", t.Reason}, {"subject", t.Subject}, {"markdown", t.Markdown + t.HTML}} {
			if strings.TrimSpace(x.value) == "" {
				return Fieldf(at+"."+x.name, "field_missing", "The %s of the mail is missing.", x.name)
			}
		}
		if t.Markdown != "" && t.HTML != "" {
			return Fieldf(at+".html", "content_twice", "Give markdown or html, not both.")
		}
		if err := CheckLine(at+".reason", t.Reason, Limits.Text); err != nil {
			return err
		}
		if err := CheckLine(at+".subject", t.Subject, Limits.Subject); err != nil {
			return err
		}
		for _, x := range []struct{ name, value string }{{"subject", t.Subject}, {"markdown", t.Markdown}, {"html", t.HTML}} {
			if _, err := ParseFields(x.value, s.Fields); err != nil {
				return AtField(at+"."+x.name, err)
			}
		}
	}
	return nil
}

// Text gives the mail in a language, or in the first that there is.
func (s ContractSpec) Text(locale string) (ContractText, string) {
	for _, l := range append([]string{locale}, Locales...) {
		if t, ok := s.Texts[l]; ok {
			return t, l
		}
	}
	return ContractText{}, ""
}

// CheckValues reports the first thing wrong with the values of a mail: each
// field of the template has one, and nothing else does.
func (s ContractSpec) CheckValues(values map[string]string) error {
	for _, f := range s.Fields {
		if _, ok := values[f]; !ok {
			return Fieldf("fields."+f, "field_missing", "The template needs a value for %s.", f)
		}
	}
	for _, f := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(s.Fields, f) {
			return Fieldf("fields", "field_unknown", "The template has no field of one of these names; it has: %s.", strings.Join(s.Fields, ", "))
		}
		if err := CheckText("fields."+f, values[f], Limits.ContractValue); err != nil {
			return err
		}
	}
	return nil
}

// ContractSender gives all that a transactional mail's sender lacks, or
// nothing: whoever gets one must know who wrote it. A missing mail server is
// among it.
func (s Sender) ContractSender() []Reason { return s.missing() }

// ContractOrder asks for one transactional mail.
type ContractOrder struct {
	Template string // slug
	To       Email
	Locale   string
	Values   map[string]string
	Key      string // of the caller; the same key is the same mail. May be empty
}

// ContractState is where a transactional mail stands.
type ContractState string

// The states of a transactional mail. It never is uncertain: what can't be
// known is sent again, as the same message.
const (
	ContractQueued   ContractState = "queued"
	ContractDeferred ContractState = "deferred" // refused for now; tried again
	ContractSent     ContractState = "sent"     // the relay took it over
	ContractFailed   ContractState = "failed"   // refused for good, or for four days
	ContractSkipped  ContractState = "skipped"  // the gate said no; the code says why
)

// ContractStates are all states, as the API names them.
var ContractStates = []ContractState{ContractQueued, ContractDeferred, ContractSent, ContractFailed, ContractSkipped}

// ContractMail is one transactional mail, as its log shows it.
type ContractMail struct {
	ID       int64
	PublicID ID
	Template string
	Version  int
	To       Email // zero when the person was erased
	Locale   string
	State    ContractState
	Code     string // of the gate or the relay
	Reply    string // last reply of the relay, addresses masked
	Attempts int
	At       time.Time // when it was asked for
	FirstAt  time.Time
	NextAt   time.Time // of a deferred one
	DoneAt   time.Time
}

// ContractFilter narrows the log. Zero values let everything through.
type ContractFilter struct {
	To       Email
	Template string
	State    ContractState
}

// ContractCopy is what composing a transactional mail needs.
type ContractCopy struct {
	Template int64
	Version  int
	Spec     ContractSpec
	Values   map[string]string
}

// GateContract answers whether a mail that a contract calls for may go to an
// address of which it is known what stands against it (M9). Leaving, objecting,
// a complaint and an erasure concern campaigns: none of them ends a contract,
// and the address is the one that the order named. Only a mailbox that is not
// there stops it, and a restriction, whose person wants nothing done.
func GateContract(suppressions []SuppressionKind) Verdict {
	if slices.Contains(suppressions, SuppressedHardBounce) {
		return Verdict{Code: "bounced", Reason: "Mail to this address can't be delivered."}
	}
	if slices.Contains(suppressions, SuppressedRestricted) {
		return Verdict{Code: "restricted", Reason: "The person's data is kept and not used, as they asked (Art. 18 GDPR); end the restriction, or answer by other means."}
	}
	return Verdict{Allowed: true}
}

// ContractMailRecord is one transactional mail in a person's record.
type ContractMailRecord struct {
	ID       ID            `json:"id"`
	Template string        `json:"template"`
	State    ContractState `json:"state"`
	Code     string        `json:"code,omitempty"`
	At       Moment        `json:"at"`
	DoneAt   Moment        `json:"done_at,omitzero"`
}
