package akkoord

import "time"

// SignUp is one submission of a form, checked and complete.
type SignUp struct {
	Email     Email
	Name      string
	Locale    string
	Purposes  []Purpose // those ticked
	Interests []string  // slugs that the form offers
	Origin    Origin
}

// Asked is what a confirmation link is about.
type Asked struct {
	Answer        Answer
	Person        Subscriber
	Subscriptions []Subscription
}

// Left is what leaving came to.
type Left struct {
	At    time.Time // when what was left was left; zero when there was nothing to leave
	New   bool      // this call did it, and it can be undone
	State Standing
}

// Profile is what a person or an administrator may set of a person. Nil means
// unchanged.
type Profile struct {
	Name      *string
	Locale    *string
	Interests *[]string
}
