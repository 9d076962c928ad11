package akkoord

import (
	"testing"
	"time"
)

// TestAskable: a round asks those with a living ground who did not agree to
// the present words, and nobody else (M4, P15).
func TestAskable(t *testing.T) {
	outgrown := Facts{Known: true, State: Active, Basis: BasisConsent, Outgrown: true}
	with := func(f func(*Facts)) Facts {
		x := outgrown
		f(&x)
		return x
	}
	for name, tt := range map[string]struct {
		facts Facts
		code  string // "" when they may be asked
	}{
		"agreed to less":       {outgrown, ""},
		"agreed":               {with(func(f *Facts) { f.Outgrown = false }), "agreed"},
		"customer with a sale": {with(func(f *Facts) { f.Basis, f.Outgrown = BasisExistingCustomer, false }), ""},
		"customer without":     {with(func(f *Facts) { f.Basis, f.Outgrown, f.Unfounded = BasisExistingCustomer, false, true }), "basis_missing"},
		"left a campaign":      {with(func(f *Facts) { f.LeftCampaign = true }), ""},
		"left":                 {with(func(f *Facts) { f.State = Withdrawn }), "withdrawn"},
		"never confirmed":      {with(func(f *Facts) { f.State = Lapsed }), "expired"},
		"is being asked":       {with(func(f *Facts) { f.State = Pending }), "pending"},
		"without proof":        {with(func(f *Facts) { f.State = Held }), "held"},
		"bounced":              {with(func(f *Facts) { f.Suppressions = []SuppressionKind{SuppressedHardBounce} }), "bounced"},
		"complained":           {with(func(f *Facts) { f.Suppressions = []SuppressionKind{SuppressedComplaint} }), "complained"},
		"said not me":          {with(func(f *Facts) { f.Suppressions = []SuppressionKind{SuppressedBlocked} }), "blocked"},
		"pauses":               {with(func(f *Facts) { f.Paused = true }), "paused"},
		"nobody":               {Facts{}, "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			if v := Askable(tt.facts); v.Code != tt.code || v.Allowed != (tt.code == "") || v.Allowed == (v.Reason != "") {
				t.Errorf("%+v, want %q", v, tt.code)
			}
		})
	}
}

// TestRenew: the button behind a question makes the consent one to its words;
// an older question, or one after a leaving, brings nobody anywhere.
func TestRenew(t *testing.T) {
	old := Subscription{PurposeID: 1, State: Active, Basis: BasisConsent, Version: 1, Wider: 2, Locale: "nl", Since: noon, Agreed: noon, Request: ID{1}}
	q := Question{Request: ID{7}, PurposeID: 1, Version: 2, Locale: "en", AskedAt: noon.Add(time.Hour)}
	customer := old
	customer.Basis, customer.Version, customer.Ground = BasisExistingCustomer, 0, Ground{SoldOn: "2026-01-01", Sale: "F-1", Similar: true, RefusalOffered: true}
	is := func(f func(*Subscription)) Subscription {
		x := old
		f(&x)
		return x
	}
	for name, tt := range map[string]struct {
		sub  Subscription
		want Answer
	}{
		"agreed to less":    {old, AnswerConfirmed},
		"a customer":        {customer, AnswerConfirmed},
		"agreed since":      {is(func(s *Subscription) { s.Version = 2 }), AnswerAlready},
		"wider again since": {is(func(s *Subscription) { s.Wider = 3 }), AnswerSuperseded},
		"signed up anew":    {is(func(s *Subscription) { s.State = Pending }), AnswerSuperseded},
		"left since":        {is(func(s *Subscription) { s.State = Withdrawn }), AnswerNone},
		"never there":       {Subscription{PurposeID: 2, State: Active}, AnswerNone},
	} {
		t.Run(name, func(t *testing.T) {
			st := Standing{Subscriber: Subscriber{ID: 3}, Subscriptions: []Subscription{tt.sub}}
			now := noon.Add(2 * time.Hour)
			c, subs, answer := st.Renew(q, Origin{Source: "confirm", Actor: ActorPerson}, now)
			if answer != tt.want || c.IsZero() != (answer != AnswerConfirmed) {
				t.Fatalf("%s: %+v", answer, c)
			}
			if answer != AnswerConfirmed {
				return
			}
			sub, e := subs[0], c.Events[0]
			if sub.outgrown() || sub.Basis != BasisConsent || sub.Version != 2 || sub.Locale != "en" || !sub.Since.Equal(now) || !sub.Agreed.Equal(noon) || sub.Ground != (Ground{}) {
				t.Errorf("%+v", sub)
			}
			if e.Kind != Confirmed || e.WordingVersion != 2 || e.Request != q.Request || e.Locale != "en" {
				t.Errorf("%+v", e)
			}
			if again, _, answer := st.After(c).Renew(q, Origin{}, now); !again.IsZero() || answer != AnswerAlready {
				t.Errorf("a second press: %s", answer)
			}
		})
	}
}

// TestNewRound begins no round where there is nothing to ask.
func TestNewRound(t *testing.T) {
	wider := Purpose{ID: 1, Slug: "news", Basis: BasisConsent, Version: 2, Wider: 2}
	contract := wider
	contract.Basis = BasisContract
	for name, tt := range map[string]struct {
		purpose Purpose
		days    int
		code    string
	}{
		"wider":            {wider, 7, ""},
		"no reminder":      {wider, 0, ""},
		"not wider":        {Purpose{ID: 1, Slug: "news", Basis: BasisConsent, Version: 2}, 0, "nothing_wider"},
		"another basis":    {contract, 0, "basis_no_consent"},
		"before it is due": {wider, -1, "number_range"},
		"next year":        {wider, 365, "number_range"},
	} {
		if _, err := NewRound(tt.purpose, tt.days, "user:1"); CodeOf(err) != tt.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}
