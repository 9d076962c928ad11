package akkoord

import (
	"strings"
	"time"
)

// Ground is what makes a basis other than consent good for one person and
// purpose. Of an existing customer these are the facts of the soft opt-in
// (Art. 13(2) ePrivacy directive, M8): a sale, mail about similar products of
// one's own, and that refusing was offered at the sale. Elsewhere it is a
// sentence.
type Ground struct {
	SoldOn         string `json:"sold_on,omitempty"` // day of the sale, like 2026-11-24
	Sale           string `json:"sale,omitempty"`    // its number or name
	Similar        bool   `json:"similar,omitempty"`
	RefusalOffered bool   `json:"refusal_offered,omitempty"`
	Text           string `json:"text,omitempty"`
}

// Check reports the first thing that a basis lacks. Errors are Invalid and
// name the field.
func (g Ground) Check(b Basis, now time.Time) error {
	for _, f := range []struct{ name, text string }{{"sale", g.Sale}, {"text", g.Text}} {
		if err := CheckText(f.name, f.text, Limits.Text); err != nil {
			return err
		}
	}
	switch b {
	case BasisExistingCustomer:
		return g.checkSale(now)
	case BasisContract, BasisOther:
		if strings.TrimSpace(g.Text) == "" {
			return Fieldf("text", "basis_facts_missing", "Say what the basis %s rests on, like the contract that it is part of.", b)
		}
		return nil
	case BasisConsent:
		return Fieldf("basis", "consent_by_person", "Nobody can consent for somebody else: let the person sign up, or import the proof of their consent.")
	}
	return Fieldf("basis", "basis_unknown", "The basis is existing_customer, contract or other.")
}

func (g Ground) checkSale(now time.Time) error {
	day, err := time.Parse(time.DateOnly, g.SoldOn)
	switch {
	case err != nil:
		return Fieldf("sold_on", "basis_facts_missing", "Say on which day this customer bought something, like 2026-11-24.")
	case day.After(now):
		return Fieldf("sold_on", "time_future", "The day of the sale has not come yet.")
	case strings.TrimSpace(g.Sale) == "":
		return Fieldf("sale", "basis_facts_missing", "Name the sale, like the number of its invoice.")
	case !g.Similar:
		return Fieldf("similar", "basis_facts_missing", "Without a consent customers get mail about similar products of your own only; confirm that this purpose is about those.")
	case !g.RefusalOffered:
		return Fieldf("refusal_offered", "basis_facts_missing", "Without a consent customers are mailed only when refusing was offered to them at the sale; confirm that it was.")
	}
	return nil
}

// BasisChange asks for another basis for one person and purpose (M7).
type BasisChange struct {
	PurposeID int64
	Basis     Basis
	Ground    Ground
	Reason    string // kept as evidence
	Origin    Origin
}

// SetBasis decides what giving a basis by hand or by a rule does. It makes
// nobody active who left, objected, is suppressed, never confirmed or is being
// asked: they come back by their own confirmation alone (P15). The same basis
// with the same facts again changes nothing. Errors: Invalid, Conflict.
func (s Standing) SetBasis(b BasisChange, now time.Time) (Change, error) {
	if err := b.Ground.Check(b.Basis, now); err != nil {
		return Change{}, err
	}
	if strings.TrimSpace(b.Reason) == "" {
		return Change{}, Fieldf("reason", "reason_missing", "Say why the basis changes; it is kept on record.")
	}
	if err := CheckText("reason", b.Reason, Limits.Text); err != nil {
		return Change{}, err
	}
	if len(s.Suppressions) > 0 {
		return Change{}, Errorf(Conflict, "suppressed", "This address must not be mailed; only the person's own confirmation ends that.")
	}
	sub := s.Subscription(b.PurposeID)
	switch sub.State {
	case Lapsed:
		if !sub.ended() {
			return Change{}, errDeparted
		}
		sub.Since, sub.WasActive = now, time.Time{}
	case Withdrawn:
		return Change{}, errDeparted
	case Pending:
		return Change{}, Errorf(Conflict, "pending", "This person is being asked for their consent; wait for the answer.")
	case Active:
		if sub.Basis == b.Basis && sub.Ground == b.Ground {
			return Change{}, nil
		}
	default:
		sub.Since, sub.Agreed, sub.Locale = now, now, s.Subscriber.Locale
	}
	sub.State, sub.Basis, sub.Ground = Active, b.Basis, b.Ground
	b.Origin.Evidence.Note, b.Origin.Evidence.Ground = b.Reason, b.Ground
	b.Origin.Locale = sub.Locale
	return Change{Subscriptions: []Subscription{sub}, Events: []Event{b.Origin.event(BasisChanged, sub, now)}}, nil
}

var errDeparted = Errorf(Conflict, "departed", "This person left the purpose or never confirmed; they come back by their own confirmation alone.")

// EndBasis decides what the end of a basis other than consent does, because
// what it rested on is over. An empty basis ends whichever it is; a consent is
// ended by the person alone. It is no leaving: a new ground may follow, until
// the person says no.
func (s Standing) EndBasis(purposeID int64, basis Basis, reason string, o Origin, now time.Time) Change {
	sub := s.Subscription(purposeID)
	if sub.State != Active || sub.Basis == BasisConsent || basis != "" && basis != sub.Basis {
		return Change{}
	}
	sub = sub.end(Lapsed, now)
	o.Evidence.Note, o.Locale = reason, sub.Locale
	return Change{Subscriptions: []Subscription{sub}, Events: []Event{o.event(Expiry, sub, now)}}
}

// ended reports whether the person was mailed on a ground that came to its end.
func (sub Subscription) ended() bool {
	return sub.State == Lapsed && sub.Basis != BasisConsent && !sub.WasActive.IsZero()
}

// unfounded reports whether the subscription's basis lacks its facts: mail to
// an existing customer who neither saw our words nor is on record with a sale.
func (sub Subscription) unfounded() bool {
	return sub.Basis == BasisExistingCustomer && sub.Version == 0 && sub.Ground == Ground{}
}

// outgrown reports whether the purpose asks for more by now than was agreed
// to (M4).
func (sub Subscription) outgrown() bool { return sub.Basis == BasisConsent && sub.Version < sub.Wider }

// covers reports whether somebody who signs up for a purpose need not be
// asked: they get its mails, and agreed to what it asks for now. Whoever
// bounced or complained since gets none, and comes back by confirming anew.
func (s Standing) covers(sub Subscription, p Purpose) bool {
	sub.Wider = p.Wider
	return sub.State == Active && !sub.outgrown() && !s.Suppressed(LiftedByConfirming...)
}
