package akkoord

import (
	"slices"
	"strings"
	"time"
)

// ProcessorRole is what a party does with the data that goes to it.
type ProcessorRole string

// ProcessorRoles are the roles that a party can have in the register (M28).
var ProcessorRoles = []ProcessorRole{"relay", "webhook", "export", "import_source", "hosting", "support", "other"}

// OwnProcessor in the place of a slug says that no other party takes part.
const OwnProcessor = "own"

// AgreementNotice is how long before its end an agreement is warned about.
const AgreementNotice = 60 * 24 * time.Hour

// Processor is a party that data goes to, directly or indirectly, with its
// agreement (Art. 28 GDPR, M28).
type Processor struct {
	ID        int64
	PublicID  ID
	Slug      string
	Name      string // legal name
	Role      ProcessorRole
	Country   string // where it processes, ISO 3166-1 alpha-2; empty: not known
	Agreement Agreement
	CreatedAt time.Time
	EndedAt   time.Time // zero: still a party
}

// Agreement is the contract with a party. Days are in UTC.
type Agreement struct {
	SignedOn   time.Time // zero: there is none
	ValidUntil time.Time // the last day; zero: until it is ended
	Document   string    // where it is kept
}

// Check reports the first thing wrong with a party about to be stored.
func (p Processor) Check() error {
	if err := CheckSlug("slug", p.Slug); err != nil {
		return err
	}
	if p.Slug == OwnProcessor {
		return Fieldf("slug", "slug_reserved", "The slug \"own\" stands for no other party; choose another.")
	}
	if strings.TrimSpace(p.Name) == "" {
		return Fieldf("name", "name_missing", "Give the legal name of the party.")
	}
	for _, f := range []struct{ field, value string }{{"name", p.Name}, {"agreement.document", p.Agreement.Document}} {
		if err := CheckLine(f.field, f.value, Limits.Text); err != nil {
			return err
		}
	}
	if !slices.Contains(ProcessorRoles, p.Role) {
		return Fieldf("role", "role_unknown", "The role is one of relay, webhook, export, import_source, hosting, support and other.")
	}
	if p.Country != "" && (len(p.Country) != 2 || strings.Trim(p.Country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "") {
		return Fieldf("country", "country_invalid", "Give the country in two capital letters, like NL (ISO 3166-1).")
	}
	a := p.Agreement
	if a.SignedOn.IsZero() && !a.ValidUntil.IsZero() {
		return Fieldf("agreement.signed_on", "field_missing", "Say when the agreement was signed.")
	}
	if !a.ValidUntil.IsZero() && a.ValidUntil.Before(a.SignedOn) {
		return Fieldf("agreement.valid_until", "agreement_order", "The agreement ends before it was signed.")
	}
	return nil
}

// Ends gives the moment from which the agreement no longer holds; zero where
// none is set.
func (a Agreement) Ends() time.Time {
	if a.ValidUntil.IsZero() {
		return time.Time{}
	}
	return a.ValidUntil.AddDate(0, 0, 1)
}

// Obstacles gives all that forbids giving data to the party now, or nothing
// (M28).
func (p Processor) Obstacles(now time.Time) []Reason {
	var why []Reason
	add := func(code, sentence string) { why = append(why, Reason{code, sentence}) }
	if !p.EndedAt.IsZero() {
		add("processor_ended", "The dealings with "+p.Name+" were ended on "+p.EndedAt.Format(time.DateOnly)+".")
	}
	switch a := p.Agreement; {
	case a.SignedOn.IsZero():
		add("no_agreement", "There is no agreement with "+p.Name+" on record; add it to the register of processors.")
	case now.Before(a.SignedOn):
		add("agreement_not_begun", "The agreement with "+p.Name+" begins on "+a.SignedOn.Format(time.DateOnly)+".")
	case !a.ValidUntil.IsZero() && !now.Before(a.Ends()):
		add("agreement_expired", "The agreement with "+p.Name+" ended on "+a.ValidUntil.Format(time.DateOnly)+"; renew it in the register of processors.")
	}
	return why
}

// Expiring reports whether the agreement holds and ends within
// AgreementNotice.
func (p Processor) Expiring(now time.Time) bool {
	end := p.Agreement.Ends()
	return len(p.Obstacles(now)) == 0 && !end.IsZero() && end.Sub(now) <= AgreementNotice
}

// UnknownProcessor is why no data goes to a party that is not in the register.
func UnknownProcessor(slug string) []Reason {
	return []Reason{{"no_agreement", "There is no party \"" + slug + "\" in the register of processors; add it with its agreement (POST /api/v1/processors)."}}
}
