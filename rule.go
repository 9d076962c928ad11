package akkoord

import (
	"slices"
	"strings"
	"time"
)

// Rule changes on which basis people are mailed, when something becomes known
// of them (M7). It decides nothing that a person could not: a new basis goes
// through SetBasis, which brings back nobody who left or is suppressed (P15).
type Rule struct {
	ID        int64
	PublicID  ID
	Slug      string
	When      Trigger
	Then      Action
	Reason    string // kept as evidence of each change
	Enabled   bool
	CreatedAt time.Time
	ChangedAt time.Time
}

// Trigger is what sets a rule off: one of an attribute that is set or changed,
// a date attribute that lies some months back, or a form that was filled in
// and whose mail was confirmed.
type Trigger struct {
	Attribute string  `json:"attribute,omitempty"`
	Equals    *string `json:"equals,omitempty" doc:"Only when it is set to this value."`
	Months    int     `json:"months,omitempty" doc:"Of a date: so many months after it."`
	Form      string  `json:"form,omitempty" doc:"Slug of a form that was filled in, once the sign-up is confirmed."`
}

// The acts of rules.
const (
	RuleSetBasis = "set_basis"
	RuleEndBasis = "end_basis"
)

// Action is what a rule does. The facts of a sale come from attributes; what
// holds for all, the rule says itself (M8).
type Action struct {
	Do             string `json:"do" enum:"set_basis,end_basis"`
	Purpose        string `json:"purpose" doc:"Slug."`
	Basis          Basis  `json:"basis,omitempty" doc:"existing_customer, contract or other. Of end_basis: ends only this one."`
	Text           string `json:"text,omitempty" doc:"Of a contract or another basis: what it rests on."`
	SoldOn         string `json:"sold_on,omitempty" doc:"Of an existing customer: the date attribute that holds the day of the sale."`
	Sale           string `json:"sale,omitempty" doc:"The attribute that holds its number or name."`
	Similar        bool   `json:"similar,omitempty" doc:"The purpose is about similar products of your own."`
	RefusalOffered bool   `json:"refusal_offered,omitempty" doc:"Refusing was offered at every such sale."`
}

// maxRuleMonths bounds how long after a date a rule fires.
const maxRuleMonths = 240

// Check reports the first thing wrong with a rule about to be stored, among
// the attributes there are and for the purpose that it is about. The value of
// Equals is put as it would be stored. Errors are Invalid and name the field.
func (r *Rule) Check(attributes []Attribute, purpose Purpose) error {
	if err := CheckSlug("slug", r.Slug); err != nil {
		return err
	}
	if strings.TrimSpace(r.Reason) == "" {
		return Fieldf("reason", "reason_missing", "Say why the basis changes when this happens; it is kept on record.")
	}
	if err := CheckText("reason", r.Reason, Limits.Text); err != nil {
		return err
	}
	if err := r.checkWhen(attributes, purpose); err != nil {
		return err
	}
	return r.checkThen(attributes, purpose)
}

func (r *Rule) checkWhen(attributes []Attribute, purpose Purpose) error {
	w := &r.When
	switch {
	case (w.Attribute == "") == (w.Form == ""):
		return Fieldf("when", "rule_when_missing", "Say when: an attribute that is set, a number of months after a date attribute, or a form that was filled in.")
	case w.Form != "" && (w.Equals != nil || w.Months != 0):
		return Fieldf("when", "trigger_mixed", "A form that was filled in has no value and no months.")
	case w.Form != "":
		return CheckSlug("when.form", w.Form)
	case w.Months < 0 || w.Months > maxRuleMonths:
		return Fieldf("when.months", "number_range", "The number of months is between 1 and %d.", maxRuleMonths)
	}
	a, err := attributeFor("when.attribute", w.Attribute, attributes, purpose)
	switch {
	case err != nil:
		return err
	case w.Months > 0 && a.Type != AttributeDate:
		return Fieldf("when.months", "attribute_no_date", "Months count from a date, and %s is a %s.", a.Slug, a.Type)
	case w.Months > 0 && w.Equals != nil:
		return Fieldf("when.equals", "trigger_mixed", "Months after a date count from any date.")
	case w.Equals != nil:
		v, err := a.Parse(*w.Equals)
		w.Equals = &v
		return err
	}
	return nil
}

func (r *Rule) checkThen(attributes []Attribute, purpose Purpose) error {
	t := r.Then
	switch t.Do {
	case RuleEndBasis:
		if t.Basis == BasisConsent {
			return Fieldf("then.basis", "consent_by_person", "A consent is ended by the person alone.")
		}
		return nil
	case RuleSetBasis:
	default:
		return Fieldf("then.do", "action_unknown", "A rule does set_basis or end_basis.")
	}
	if t.Basis != BasisExistingCustomer {
		return Ground{Text: t.Text}.Check(t.Basis, time.Time{})
	}
	day, err := attributeFor("then.sold_on", t.SoldOn, attributes, purpose)
	if err != nil {
		return err
	}
	if day.Type != AttributeDate {
		return Fieldf("then.sold_on", "attribute_no_date", "The day of the sale is a date, and %s is a %s.", day.Slug, day.Type)
	}
	if _, err := attributeFor("then.sale", t.Sale, attributes, purpose); err != nil {
		return err
	}
	// The sale itself is each person's; what is left to check is what the rule says.
	return Ground{SoldOn: "2000-01-01", Sale: "-", Similar: t.Similar, RefusalOffered: t.RefusalOffered}.Check(t.Basis, time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC))
}

// attributeFor finds an attribute that may serve a purpose.
func attributeFor(field, slug string, attributes []Attribute, purpose Purpose) (Attribute, error) {
	i := slices.IndexFunc(attributes, func(a Attribute) bool { return a.Slug == slug })
	if i < 0 {
		return Attribute{}, Fieldf(field, "attribute_unknown", "There is no attribute %q; make it first.", slug)
	}
	if attributes[i].PurposeID != purpose.ID {
		return Attribute{}, Fieldf(field, "purpose_limitation", "What is known for one purpose serves no other: %s does not belong to %s.", slug, purpose.Slug)
	}
	return attributes[i], nil
}

// Occasion is what may set rules off: attributes that were set or changed, or
// a form whose sign-up was confirmed.
type Occasion struct {
	Changed []string
	Form    string
}

// Fires reports whether an occasion sets the rule off, for somebody with these
// attributes on a day.
func (r Rule) Fires(o Occasion, values map[string]string, now time.Time) bool {
	w := r.When
	switch {
	case !r.Enabled:
		return false
	case w.Form != "":
		return w.Form == o.Form
	}
	return slices.Contains(o.Changed, w.Attribute) && r.Holds(values, now)
}

// Holds reports whether somebody with these attributes meets the rule's
// condition on a day; a form that was filled in is no condition.
func (r Rule) Holds(values map[string]string, now time.Time) bool {
	w := r.When
	v, known := values[w.Attribute]
	switch {
	case !known || w.Attribute == "":
		return false
	case w.Months > 0:
		return v <= w.Cutoff(now)
	}
	return w.Equals == nil || *w.Equals == v
}

// Cutoff gives the last date of which the trigger's months have passed on the
// day of now, in UTC. A month after 31 January is the last of February.
func (w Trigger) Cutoff(now time.Time) string {
	now = now.UTC()
	first := time.Date(now.Year(), now.Month()-time.Month(w.Months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	day := min(now.Day(), last)
	if now.AddDate(0, 0, 1).Month() != now.Month() { // the last of a month is as good as all that would follow
		day = last
	}
	return first.AddDate(0, 0, day-1).Format(time.DateOnly)
}

// Apply decides what the rule does for a person with these attributes. A
// living consent is never replaced or ended. Errors: Conflict and Invalid, as
// SetBasis has them; the rule then does nothing.
func (r Rule) Apply(s Standing, purposeID int64, values map[string]string, now time.Time) (Change, error) {
	sub := s.Subscription(purposeID)
	if sub.State == Active && sub.Basis == BasisConsent && !sub.outgrown() {
		return Change{}, nil
	}
	o := Origin{Source: "rule", Actor: Actor("rule:" + r.Slug)}
	if r.Then.Do == RuleEndBasis {
		return s.EndBasis(purposeID, r.Then.Basis, r.Reason, o, now), nil
	}
	g := Ground{Text: r.Then.Text}
	if r.Then.Basis == BasisExistingCustomer {
		g = Ground{SoldOn: values[r.Then.SoldOn], Sale: values[r.Then.Sale], Similar: r.Then.Similar, RefusalOffered: r.Then.RefusalOffered}
	}
	return s.SetBasis(BasisChange{PurposeID: purposeID, Basis: r.Then.Basis, Ground: g, Reason: r.Reason, Origin: o}, now)
}

// RulePreview says what a rule would change if its condition were looked at
// for everybody now.
type RulePreview struct {
	LookedAt    int64     `json:"looked_at"`
	WouldChange int64     `json:"would_change"`
	Unchanged   int64     `json:"unchanged" doc:"Those for whom the rule finds nothing to do."`
	Refused     []LeftOut `json:"refused" nullable:"false" doc:"Those whom a rule can't bring back, or whose facts are missing."`
	Complete    bool      `json:"complete" doc:"False when there are more people than are looked at for a preview."`
}
