package akkoord

import (
	"slices"
	"time"
)

// PrivacyFacts are what a version of the privacy statement was written from
// (Art. 13 GDPR, M5). Equal facts are the same version.
type PrivacyFacts struct {
	Controller    string         `json:"controller"`
	PostalAddress string         `json:"postal_address"`
	Contact       string         `json:"contact"`
	Relay         string         `json:"relay"`            // slug of who delivers the mail; empty: the controller itself; UnknownRelay: not said
	Relays        []string       `json:"relays,omitempty"` // slugs of the others who do, of relays beside that of the settings
	Purposes      []PrivacyItem  `json:"purposes"`
	IPPolicy      IPPolicy       `json:"ip_policy,omitempty"`     // empty: shortened, as statements of before there was a choice say
	WholeIPDays   int            `json:"whole_ip_days,omitempty"` // how long IPFull keeps the whole address; 0: as long as the proof, as statements of before that had an end say
	Parties       []PrivacyParty `json:"parties,omitempty"`       // statements of before they were named have none
}

// PrivacyParty is a party that personal data goes to, as a privacy statement
// names it (Art. 13(1)(e) and (f) GDPR, M28).
type PrivacyParty struct {
	Slug     string        `json:"slug"`
	Name     string        `json:"name"`
	Role     ProcessorRole `json:"role"`
	Country  string        `json:"country,omitempty"`   // ISO 3166-1 alpha-2; empty: not on record
	SignedOn string        `json:"signed_on,omitempty"` // day of the agreement in force; empty: none is
	Transfer string        `json:"transfer,omitempty"`  // outside the EEA: the document with the safeguard
}

// UnknownRelay in the place of a slug says that nobody put on record who runs
// the relay.
const UnknownRelay = "-"

// RelayParties gives the slugs of the other parties that run the relays in use, but for
// the party named before, in the order of the alphabet.
func RelayParties(relays []Relay, named string) []string {
	var out []string
	for _, r := range relays {
		if r.RetiredAt.IsZero() && r.Processor != OwnProcessor && r.Processor != named {
			out = append(out, r.Processor)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// PrivacyParties gives who a privacy statement names: each party with an
// agreement in force, and those that run the relays by any means.
func PrivacyParties(register []Processor, relays []string, now time.Time) []PrivacyParty {
	var out []PrivacyParty
	for _, p := range register {
		valid := len(p.Obstacles(now)) == 0
		if !valid && !slices.Contains(relays, p.Slug) {
			continue
		}
		named := PrivacyParty{Slug: p.Slug, Name: p.Name, Role: p.Role, Country: p.Country}
		if valid {
			named.SignedOn = p.Agreement.SignedOn.Format(time.DateOnly)
		}
		if p.OutsideEEA() {
			named.Transfer = p.Agreement.Document
		}
		out = append(out, named)
	}
	return out
}

// PrivacyItem is one purpose in a privacy statement.
type PrivacyItem struct {
	Slug          string                 `json:"slug"`
	Basis         Basis                  `json:"basis"`
	InactiveAfter int                    `json:"inactive_after"`
	Silence       *PrivacySilence        `json:"silence,omitempty"`
	Learns        bool                   `json:"learns,omitempty"` // interests are learned from the clicks of people who allow it
	Version       int                    `json:"version"`
	Texts         map[string]PurposeText `json:"texts"`
}

// PrivacySilence is what the statement tells of a purpose's policy about people
// who gave no sign of life for long (M18, Art. 13(2)(a) GDPR).
type PrivacySilence struct {
	AskAgainAfter int      `json:"ask_again_after"` // days
	ExpireAfter   int      `json:"expire_after"`
	Signals       []Signal `json:"signals"`
}

// Silence gives what a privacy statement tells of the purpose's policy; nil
// where nobody is asked, for there is none or it is stopped.
func (p Purpose) Silence() *PrivacySilence {
	if p.InactiveAfter == 0 || !p.Retention.Stopped.IsZero() {
		return nil
	}
	return &PrivacySilence{p.Retention.AskAgainAfter, p.Retention.ExpireAfter, p.Retention.Signals}
}
