package akkoord

import (
	"testing"
	"time"
)

func ruleWorld() (Purpose, []Attribute) {
	return Purpose{ID: 1, Slug: "ski-offers"}, []Attribute{
		{Slug: "bought-on", Type: AttributeDate, PurposeID: 1}, {Slug: "invoice", Type: AttributeText, PurposeID: 1},
		{Slug: "customer", Type: AttributeFlag, PurposeID: 1}, {Slug: "city", Type: AttributeText, PurposeID: 2},
	}
}

func soft() Rule {
	yes := "ja"
	return Rule{Slug: "customers", Reason: "They bought skis.", Enabled: true, When: Trigger{Attribute: "customer", Equals: &yes},
		Then: Action{Do: RuleSetBasis, Purpose: "ski-offers", Basis: BasisExistingCustomer, SoldOn: "bought-on", Sale: "invoice", Similar: true, RefusalOffered: true}}
}

// TestRuleCheck names what is wrong with a rule (M7, M8, M16).
func TestRuleCheck(t *testing.T) {
	purpose, attributes := ruleWorld()
	for name, tt := range map[string]struct {
		edit        func(*Rule)
		code, field string
	}{
		"good":                        {func(*Rule) {}, "", ""},
		"months after a date":         {func(r *Rule) { r.When = Trigger{Attribute: "bought-on", Months: 24}; r.Then = Action{Do: RuleEndBasis} }, "", ""},
		"a form":                      {func(r *Rule) { r.When = Trigger{Form: "booking"} }, "", ""},
		"no reason":                   {func(r *Rule) { r.Reason = " " }, "reason_missing", "reason"},
		"no trigger":                  {func(r *Rule) { r.When = Trigger{} }, "rule_when_missing", "when"},
		"two triggers":                {func(r *Rule) { r.When.Form = "home" }, "rule_when_missing", "when"},
		"months after a flag":         {func(r *Rule) { r.When = Trigger{Attribute: "customer", Months: 2} }, "attribute_no_date", "when.months"},
		"months before":               {func(r *Rule) { r.When = Trigger{Attribute: "bought-on", Months: -2} }, "number_range", "when.months"},
		"no such attribute":           {func(r *Rule) { r.When.Attribute = "shoe-size" }, "attribute_unknown", "when.attribute"},
		"another purpose's attribute": {func(r *Rule) { r.When = Trigger{Attribute: "city"} }, "purpose_limitation", "when.attribute"},
		"no value of the type":        {func(r *Rule) { v := "maybe"; r.When.Equals = &v }, "attribute_value", "attributes"},
		"no act":                      {func(r *Rule) { r.Then.Do = "mail" }, "action_unknown", "then.do"},
		"consent":                     {func(r *Rule) { r.Then.Basis = BasisConsent }, "consent_by_person", "basis"},
		"an end of consent":           {func(r *Rule) { r.Then = Action{Do: RuleEndBasis, Basis: BasisConsent} }, "consent_by_person", "then.basis"},
		"no day of the sale":          {func(r *Rule) { r.Then.SoldOn = "invoice" }, "attribute_no_date", "then.sold_on"},
		"no sale":                     {func(r *Rule) { r.Then.Sale = "" }, "attribute_unknown", "then.sale"},
		"other products":              {func(r *Rule) { r.Then.Similar = false }, "basis_facts_missing", "similar"},
		"refusing was not offered":    {func(r *Rule) { r.Then.RefusalOffered = false }, "basis_facts_missing", "refusal_offered"},
		"a contract without a word":   {func(r *Rule) { r.Then.Basis = BasisContract }, "basis_facts_missing", "text"},
		"a contract with one":         {func(r *Rule) { r.Then = Action{Do: RuleSetBasis, Basis: BasisContract, Text: "the booking"} }, "", ""},
		"no slug":                     {func(r *Rule) { r.Slug = "Rule 1" }, "slug_invalid", "slug"},
		"a form that has months":      {func(r *Rule) { r.When = Trigger{Form: "booking", Months: 1} }, "trigger_mixed", "when"},
		"months and a value":          {func(r *Rule) { v := "x"; r.When = Trigger{Attribute: "bought-on", Months: 1, Equals: &v} }, "trigger_mixed", "when.equals"},
	} {
		t.Run(name, func(t *testing.T) {
			r := soft()
			tt.edit(&r)
			err := r.Check(attributes, purpose)
			if CodeOf(err) != tt.code {
				t.Fatalf("%v, want %q", err, tt.code)
			}
			if e, ok := err.(*Error); ok && e.Field != tt.field {
				t.Errorf("names the field %q, want %q", e.Field, tt.field)
			}
		})
	}
	r := soft()
	if err := r.Check(attributes, purpose); err != nil || *r.When.Equals != "true" {
		t.Errorf("a value is kept as %q: %v", *r.When.Equals, err)
	}
}

// TestCutoff: a month after the 31st is the last of the next, and no day is
// left out between two runs.
func TestCutoff(t *testing.T) {
	for _, tt := range []struct {
		months      int
		today, want string
	}{
		{1, "2026-11-24", "2026-10-24"}, {24, "2026-11-24", "2024-11-24"}, {1, "2026-02-27", "2026-01-27"}, {1, "2026-02-28", "2026-01-31"},
		{1, "2026-03-31", "2026-02-28"}, {1, "2026-03-30", "2026-02-28"}, {1, "2024-03-31", "2024-02-29"}, {12, "2025-02-28", "2024-02-29"}, {1, "2026-01-15", "2025-12-15"},
	} {
		today, err := time.Parse(time.DateOnly, tt.today)
		if err != nil {
			t.Fatal(err)
		}
		if got := (Trigger{Months: tt.months}).Cutoff(today.Add(23 * time.Hour)); got != tt.want {
			t.Errorf("%d months before %s is %s, want %s", tt.months, tt.today, got, tt.want)
		}
	}
	for _, months := range []int{1, 3, 12} {
		last := ""
		for day := noon; day.Before(noon.AddDate(5, 0, 0)); day = day.AddDate(0, 0, 1) {
			got := Trigger{Months: months}.Cutoff(day)
			if got < last {
				t.Fatalf("on %s the cutoff goes back from %s to %s", day.Format(time.DateOnly), last, got)
			}
			last = got
		}
	}
}

// TestRuleApply: a rule changes what a person by hand could, and nothing else
// (P15); consent it leaves alone.
func TestRuleApply(t *testing.T) {
	facts := map[string]string{"customer": "true", "bought-on": "2026-01-10", "invoice": "F-118"}
	customer := Subscription{PurposeID: 1, State: Active, Basis: BasisExistingCustomer, Since: noon, Agreed: noon, Ground: Ground{SoldOn: "2026-01-10", Sale: "F-118", Similar: true, RefusalOffered: true}}
	is := func(f func(*Subscription)) []Subscription {
		x := customer
		f(&x)
		return []Subscription{x}
	}
	end := soft()
	end.Then = Action{Do: RuleEndBasis, Purpose: "ski-offers"}
	for name, tt := range map[string]struct {
		rule   Rule
		subs   []Subscription
		kinds  []SuppressionKind
		values map[string]string
		event  EventKind // "" when nothing changes
		code   string
	}{
		"nobody yet":             {soft(), nil, nil, facts, BasisChanged, ""},
		"as it is":               {soft(), is(func(*Subscription) {}), nil, facts, "", ""},
		"consented":              {soft(), is(func(s *Subscription) { s.Basis, s.Version = BasisConsent, 1 }), nil, facts, "", ""},
		"held":                   {soft(), is(func(s *Subscription) { s.State, s.Basis = Held, BasisConsent }), nil, facts, BasisChanged, ""},
		"left":                   {soft(), is(func(s *Subscription) { s.State = Withdrawn }), nil, facts, "", "departed"},
		"never confirmed":        {soft(), is(func(s *Subscription) { s.State, s.Basis = Lapsed, BasisConsent }), nil, facts, "", "departed"},
		"is being asked":         {soft(), is(func(s *Subscription) { s.State = Pending }), nil, facts, "", "pending"},
		"suppressed":             {soft(), nil, []SuppressionKind{SuppressedComplaint}, facts, "", "suppressed"},
		"without a sale":         {soft(), nil, nil, map[string]string{"customer": "true"}, "", "basis_facts_missing"},
		"a new sale after":       {soft(), is(func(s *Subscription) { s.State, s.WasActive = Lapsed, noon }), nil, facts, BasisChanged, ""},
		"the end":                {end, is(func(*Subscription) {}), nil, facts, Expiry, ""},
		"the end of consent":     {end, is(func(s *Subscription) { s.Basis, s.Version = BasisConsent, 1 }), nil, facts, "", ""},
		"the end of nothing":     {end, nil, nil, facts, "", ""},
		"the end for a left one": {end, is(func(s *Subscription) { s.State = Withdrawn }), nil, facts, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			st := Standing{Subscriber: Subscriber{ID: 1, Locale: "nl"}, Subscriptions: tt.subs, Suppressions: tt.kinds}
			c, err := tt.rule.Apply(st, 1, tt.values, noon.Add(time.Hour))
			if CodeOf(err) != tt.code {
				t.Fatalf("%v, want %q", err, tt.code)
			}
			if tt.event == "" {
				if !c.IsZero() {
					t.Fatalf("changes %+v", c)
				}
				return
			}
			if e := c.Events[0]; e.Kind != tt.event || e.Actor != "rule:customers" || e.Evidence.Note != tt.rule.Reason {
				t.Errorf("%+v", e)
			}
			// Whoever leaves after it stays away, whatever the rule says (P15).
			after := st.After(c)
			gone := after.After(after.Leave(ScopePurpose, 1, 0, Origin{}, noon.Add(2*time.Hour)))
			if again, err := soft().Apply(gone, 1, facts, noon.Add(3*time.Hour)); CodeOf(err) != "departed" || !again.IsZero() {
				t.Errorf("after leaving: %+v %v", again, err)
			}
		})
	}
}

// TestAttributeParse writes the same value always the same.
func TestAttributeParse(t *testing.T) {
	for _, tt := range []struct {
		kind     AttributeType
		in, want string // "" when it is refused
	}{
		{AttributeText, " Utrecht ", "Utrecht"}, {AttributeText, "", ""}, {AttributeText, "a\nb", ""},
		{AttributeNumber, "12.50", "12.5"}, {AttributeNumber, "1e3", "1000"}, {AttributeNumber, "NaN", ""}, {AttributeNumber, "twelve", ""},
		{AttributeDate, "2026-02-28", "2026-02-28"}, {AttributeDate, "2026-02-30", ""}, {AttributeDate, "28-2-2026", ""},
		{AttributeFlag, "Ja", "true"}, {AttributeFlag, "0", "false"}, {AttributeFlag, "perhaps", ""},
	} {
		got, err := Attribute{Slug: "x", Type: tt.kind}.Parse(tt.in)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s %q: %q %v", tt.kind, tt.in, got, err)
		}
	}
}
