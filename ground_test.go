package akkoord

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

var sold = Ground{SoldOn: "2026-11-01", Sale: "F-2026-118", Similar: true, RefusalOffered: true}

// M7, M8: which basis holds for whom, by hand or by a rule.
func TestBasisIsGivenToWhoMayBeMailed(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	with := func(change func(*Ground)) Ground { g := sold; change(&g); return g }
	for name, c := range map[string]struct {
		state    State
		suppress SuppressionKind
		basis    Basis
		ground   Ground
		reason   string
		code     string
	}{
		"a customer":             {basis: BasisExistingCustomer, ground: sold, reason: "sale"},
		"somebody held":          {state: Held, basis: BasisExistingCustomer, ground: sold, reason: "sale"},
		"a contract":             {basis: BasisContract, ground: Ground{Text: "service plan"}, reason: "sale"},
		"other":                  {basis: BasisOther, ground: Ground{Text: "member of the club"}, reason: "by statute"},
		"who consented":          {state: Active, basis: BasisExistingCustomer, ground: sold, reason: "they were asked at the till"},
		"no reason":              {basis: BasisExistingCustomer, ground: sold, code: "reason_missing"},
		"no day":                 {basis: BasisExistingCustomer, ground: with(func(g *Ground) { g.SoldOn = "" }), reason: "r", code: "basis_facts_missing"},
		"a day to come":          {basis: BasisExistingCustomer, ground: with(func(g *Ground) { g.SoldOn = "2027-01-01" }), reason: "r", code: "time_future"},
		"no sale":                {basis: BasisExistingCustomer, ground: with(func(g *Ground) { g.Sale = " " }), reason: "r", code: "basis_facts_missing"},
		"other products":         {basis: BasisExistingCustomer, ground: with(func(g *Ground) { g.Similar = false }), reason: "r", code: "basis_facts_missing"},
		"no refusal was offered": {basis: BasisExistingCustomer, ground: with(func(g *Ground) { g.RefusalOffered = false }), reason: "r", code: "basis_facts_missing"},
		"a contract of nothing":  {basis: BasisContract, reason: "r", code: "basis_facts_missing"},
		"consent":                {basis: BasisConsent, reason: "they phoned", code: "consent_by_person"},
		"an unknown basis":       {basis: "vibes", reason: "r", code: "basis_unknown"},
		"who left":               {state: Withdrawn, basis: BasisExistingCustomer, ground: sold, reason: "r", code: "departed"},
		"who never confirmed":    {state: Lapsed, basis: BasisExistingCustomer, ground: sold, reason: "r", code: "departed"},
		"who is asked":           {state: Pending, basis: BasisExistingCustomer, ground: sold, reason: "r", code: "pending"},
		"who bounced":            {suppress: SuppressedHardBounce, basis: BasisExistingCustomer, ground: sold, reason: "r", code: "suppressed"},
	} {
		s := Standing{Subscriber: Subscriber{ID: 1, Locale: "nl"}}
		if c.state != "" {
			s.Subscriptions = []Subscription{{PurposeID: 1, State: c.state, Basis: BasisConsent, Version: 1}}
		}
		if c.suppress != "" {
			s.Suppressions = []SuppressionKind{c.suppress}
		}
		change, err := s.SetBasis(BasisChange{PurposeID: 1, Basis: c.basis, Ground: c.ground, Reason: c.reason, Origin: Origin{Actor: "user:1"}}, now)
		if CodeOf(err) != c.code || (err != nil) != change.IsZero() {
			t.Errorf("%s: %v, %+v", name, err, change)
			continue
		}
		if err != nil {
			continue
		}
		e := change.Events[0]
		if e.Kind != BasisChanged || e.Evidence.Note != c.reason || e.Evidence.Ground != c.ground || !e.At.Equal(now) || e.Actor != "user:1" {
			t.Errorf("%s: the ledger says %+v", name, e)
		}
		after := s.After(change)
		if v := Gate(after.Facts(1, 0, "", now)); !v.Allowed {
			t.Errorf("%s: the gate says %+v", name, v)
		}
		if again, err := after.SetBasis(BasisChange{PurposeID: 1, Basis: c.basis, Ground: c.ground, Reason: "again"}, now); err != nil || !again.IsZero() {
			t.Errorf("%s: a second time gave %+v, %v", name, again, err)
		}
		// M8: whoever is mailed without a consent objects in one step, for good.
		gone := after.After(after.Leave(ScopePurpose, 1, 0, Origin{}, now))
		if want := map[bool]string{true: "objected", false: "withdrawn"}[c.basis.Objectable()]; Gate(gone.Facts(1, 0, "", now)).Code != want {
			t.Errorf("%s: after leaving the gate says %+v", name, Gate(gone.Facts(1, 0, "", now)))
		}
		if _, err := gone.SetBasis(BasisChange{PurposeID: 1, Basis: c.basis, Ground: c.ground, Reason: "r"}, now); CodeOf(err) != "departed" {
			t.Errorf("%s: came back without their own act: %v", name, err)
		}
	}
}

// An existing customer without a sale on record, and whoever agreed to less
// than the purpose asks by now, get nothing.
func TestGateAsksForFactsAndForTheWidestWords(t *testing.T) {
	for _, c := range []struct {
		sub  Subscription
		code string
	}{
		{Subscription{Basis: BasisExistingCustomer}, "basis_missing"},
		{Subscription{Basis: BasisExistingCustomer, Ground: sold}, ""},
		{Subscription{Basis: BasisExistingCustomer, Version: 1}, ""}, // confirmed our words themselves
		{Subscription{Basis: BasisConsent, Version: 2, Wider: 3}, "wording_wider"},
		{Subscription{Basis: BasisConsent, Version: 3, Wider: 3}, ""},
		{Subscription{Basis: BasisConsent, Version: 4, Wider: 3}, ""},
		{Subscription{Basis: BasisContract, Ground: Ground{Text: "c"}, Wider: 3}, ""},
	} {
		c.sub.PurposeID, c.sub.State = 1, Active
		s := Standing{Subscriber: Subscriber{ID: 1}, Subscriptions: []Subscription{c.sub}}
		if v := Gate(s.Facts(1, 0, "", time.Now())); v.Code != c.code {
			t.Errorf("%+v: %+v", c.sub, v)
		}
	}
}

// M4: over any history of edits, a consent counts when no wider version came
// after it.
func TestConsentCarriesOverCorrectionsOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Purpose{Version: 1, Texts: map[string]PurposeText{"nl": {Name: "N", Explanation: "E", Wording: "W"}}}
		agreed, good := 1, true
		for i, kind := range rapid.SliceOfN(rapid.SampledFrom([]WordingKind{WordingCorrection, WordingWider, "", "agree"}), 1, 20).Draw(t, "edits") {
			if kind == "agree" {
				agreed, good = p.Version, true
				continue
			}
			next := p
			next.Change = WordingChange{Kind: kind, Reason: "why"}
			next.Texts = map[string]PurposeText{"nl": {Name: "N", Explanation: "E", Wording: string(rune('a' + i))}}
			after, _, err := p.Reworded(next)
			if kind == "" {
				if CodeOf(err) != "wording_change_missing" {
					t.Fatalf("an edit that does not say what it is: %v", err)
				}
				continue
			}
			if err != nil || after.Version != p.Version+1 {
				t.Fatalf("version %d, %v", after.Version, err)
			}
			good, p = good && kind != WordingWider, after
		}
		sub := Subscription{Basis: BasisConsent, Version: agreed, Wider: p.Wider}
		if sub.outgrown() == good {
			t.Fatalf("agreed to %d, wider since %d", agreed, p.Wider)
		}
	})
}
