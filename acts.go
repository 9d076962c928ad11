package akkoord

import (
	"slices"
	"time"
)

// SignUp is one submission of a form, checked and complete.
type SignUp struct {
	Email     Email
	Name      string
	Locale    string
	Purposes  []Purpose   // those ticked
	Interests []string    // slugs that the form offers
	Values    []FormValue // of the purposes ticked
	Tracking  string      // see Request
	Challenge SolvedChallenge
	Origin    Origin
}

// SolvedChallenge is what a browser worked out for a sign-up (requirements-mail K.6).
// It counts once. The zero SolvedChallenge is that of a form that asks nothing, or of
// a browser without script.
type SolvedChallenge struct {
	Signature [32]byte  // names the challenge
	Until     time.Time // no answer to it counts from then on
}

// Asked is what a confirmation link is about.
type Asked struct {
	Answer        Answer
	Person        Subscriber
	Subscriptions []Subscription
	Renewal       bool // it is a question of a round, about words that ask for more
}

// Left is what leaving came to.
type Left struct {
	At    time.Time // when what was left was left; zero when there was nothing to leave
	New   bool      // this call did it
	State Standing
}

// Profile is what a person or an administrator may set of a person. Nil means
// unchanged.
type Profile struct {
	Name      *string
	Locale    *string
	Interests *[]string
	// Attributes by slug, as they were told; nil takes one away.
	Attributes map[string]*string
}

// Check reports the first thing wrong with what is to be set. Interests are those
// of offered alone: most others are slips. A name was read by ParseName.
func (p Profile) Check(offered []string) error {
	if p.Locale != nil && !KnownLocale(*p.Locale) {
		return Fieldf("locale", "locale_unknown", "There are no mails in this language.")
	}
	if p.Interests == nil {
		return nil
	}
	if len(*p.Interests) > Limits.Interests {
		return Fieldf("interests", "too_many_items", "A person has at most %d interests.", Limits.Interests)
	}
	for _, slug := range *p.Interests {
		if err := CheckSlug("interests", slug); err != nil {
			return err
		}
		if !slices.Contains(offered, slug) {
			return Fieldf("interests", "interest_unknown", "No form offers the interest %q.", slug)
		}
	}
	return nil
}

// After gives the standing that a change leads to.
func (s Standing) After(c Change) Standing {
	s.Subscriptions = slices.Clone(s.Subscriptions)
	for _, sub := range c.Subscriptions {
		i := slices.IndexFunc(s.Subscriptions, func(have Subscription) bool { return have.PurposeID == sub.PurposeID })
		if i < 0 {
			s.Subscriptions = append(s.Subscriptions, sub)
		} else {
			s.Subscriptions[i] = sub
		}
	}
	s.Suppressions = changed(s.Suppressions, c.Suppress, c.Lift)
	s.Left = changed(s.Left, c.Leave, c.Rejoin)
	s.Plain = s.Plain && c.Address == nil
	if c.Forget {
		return Standing{Suppressions: s.Suppressions}
	}
	return s
}

// changed gives a set with some members added and some taken away.
func changed[T comparable](set, add, remove []T) []T {
	out := slices.DeleteFunc(slices.Clone(set), func(m T) bool { return slices.Contains(remove, m) })
	for _, m := range add {
		if !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}
