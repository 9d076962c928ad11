package akkoord

import (
	"slices"
	"strings"
	"time"
)

// GrantField names a group of what is stored of a person.
type GrantField string

// The groups of fields that a grant opens.
const (
	FieldAddress    GrantField = "address"    // the e-mail address
	FieldName       GrantField = "name"       // name and language
	FieldAttributes GrantField = "attributes" // interests and attributes
	FieldHistory    GrantField = "history"    // acts with their evidence, requests
	FieldMails      GrantField = "mails"      // what became of mails to them
)

// GrantFields are all groups of fields, in the order in which they are told.
var GrantFields = []GrantField{FieldAddress, FieldName, FieldAttributes, FieldHistory, FieldMails}

// GrantReview is the longest time until somebody looks whether a grant is still
// needed.
const GrantReview = 366 * 24 * time.Hour

// Grant says why a user or a program has access to which personal data (M26).
// What they may do with it their role says.
type Grant struct {
	ID       int64
	PublicID ID
	Holder   Actor        // "user:3" or "key:2"
	Purposes []int64      // whose people; none: everybody
	Fields   []GrantField // what of them; none: all
	Reason   string
	From     time.Time
	Until    time.Time // zero: until it is ended, with a review before ReviewOn
	Reviewer Actor     // "user:3"; empty: an owner or data protection officer
	ReviewOn time.Time // when the next review is due; zero: none before Until

	GrantedBy  Actor
	GrantedAt  time.Time
	BreakGlass bool // taken by the holder, in an emergency

	ReviewedAt time.Time // zero: not yet
	ReviewedBy Actor
	Review     string // what the last review came to

	EndedAt   time.Time // zero: it was not ended early
	EndedBy   Actor
	EndReason string
}

// GrantState is what a grant is worth at some time.
type GrantState string

// The states of a grant.
const (
	GrantPlanned GrantState = "planned"
	GrantInForce GrantState = "in_force"
	GrantExpired GrantState = "expired"
	GrantEnded   GrantState = "ended" // before its time
)

// State gives the state of a grant at a time.
func (g Grant) State(now time.Time) GrantState {
	switch {
	case !g.EndedAt.IsZero():
		return GrantEnded
	case !g.Until.IsZero() && !now.Before(g.Until):
		return GrantExpired
	case g.From.After(g.GrantedAt) && now.Before(g.From): // else it began at once, whatever another clock says
		return GrantPlanned
	}
	return GrantInForce
}

// ReviewDue reports whether somebody has to look now whether a grant is still
// needed; one that was taken by break-glass, whether it was right, also when it
// is over.
func (g Grant) ReviewDue(now time.Time) bool {
	if g.BreakGlass {
		return g.ReviewedAt.IsZero()
	}
	return g.State(now) == GrantInForce && !g.ReviewOn.IsZero() && !now.Before(g.ReviewOn)
}

// HasAccess reports whether the actor is a user or a program, whom a grant can
// be given to.
func (a Actor) HasAccess() bool {
	return strings.HasPrefix(string(a), "user:") || strings.HasPrefix(string(a), "key:")
}

// Name names the grant in the audit trail.
func (g Grant) Name() string { return "grant:" + g.PublicID.String() }

// FirstGrant is what a new user or program has: all of everybody, for the
// reason for which they got access, to be reviewed within a year.
func FirstGrant(holder Actor, reason string, by Actor, now time.Time) Grant {
	return Grant{Holder: holder, Reason: reason, From: now, ReviewOn: now.AddDate(1, 0, 0), GrantedBy: by, GrantedAt: now}
}

// Give decides about a grant that somebody gives somebody else now. Errors:
// Invalid, and Forbidden with code own_grant.
func (g Grant) Give(by Actor, now time.Time) (Grant, error) {
	if g.Holder == by {
		return Grant{}, errOwnGrant
	}
	if err := CheckReason(g.Reason); err != nil {
		return Grant{}, err
	}
	fields, err := grantFields(g.Fields)
	if err != nil {
		return Grant{}, err
	}
	if g.From.IsZero() || g.From.Before(now) {
		g.From = now
	}
	switch {
	case !g.Until.IsZero() && !g.Until.After(g.From):
		return Grant{}, Fieldf("until", "grant_order", "The grant ends before it begins.")
	case g.Until.IsZero() && g.ReviewOn.IsZero():
		return Grant{}, Fieldf("review_on", "field_missing", "A grant without an end needs a day on which somebody looks whether it is still needed.")
	}
	if err := checkReview(g.ReviewOn, now); err != nil {
		return Grant{}, err
	}
	g.Purposes, g.Fields = slices.Compact(slices.Sorted(slices.Values(g.Purposes))), fields
	g.GrantedBy, g.GrantedAt, g.BreakGlass = by, now, false
	return g, nil
}

// errOwnGrant is why nobody decides about their own access: that it was
// somebody else is what makes the record worth something.
var errOwnGrant = Errorf(Forbidden, "own_grant", "Nobody decides about their own access; somebody else has to, or akkoord grant on the machine itself.")

func grantFields(fields []GrantField) ([]GrantField, error) {
	var out []GrantField
	for _, f := range GrantFields {
		if slices.Contains(fields, f) {
			out = append(out, f)
		}
	}
	for _, f := range fields {
		if !slices.Contains(GrantFields, f) {
			return nil, Fieldf("fields", "field_unknown", "The fields are address, name, attributes, history and mails.")
		}
	}
	if len(out) == len(GrantFields) {
		return nil, nil
	}
	return out, nil
}

func checkReview(on, now time.Time) error {
	if !on.IsZero() && (!on.After(now) || on.After(now.Add(GrantReview))) {
		return Fieldf("review_on", "review_date", "The next review comes after today and within a year.")
	}
	return nil
}

// Reviewed decides about a review: the grant is still needed, for the reason
// given, and is looked at again on a day within a year. Errors: Invalid,
// Forbidden and Conflict.
func (g Grant) Reviewed(by Actor, on time.Time, sentence string, now time.Time) (Grant, error) {
	if g.Holder == by {
		return Grant{}, errOwnGrant
	}
	if g.BreakGlass {
		return g.judged(by, on, sentence, now)
	}
	if err := g.open(now); err != nil {
		return Grant{}, err
	}
	if on.IsZero() {
		return Grant{}, Fieldf("review_on", "field_missing", "Say when the next review is due.")
	}
	if err := checkReview(on, now); err != nil {
		return Grant{}, err
	}
	if err := checkSentence("note", sentence); err != nil {
		return Grant{}, err
	}
	g.ReviewOn, g.ReviewedAt, g.ReviewedBy, g.Review = on, now, by, sentence
	return g, nil
}

// End decides about ending a grant at once. Errors: Invalid and Conflict.
func (g Grant) End(by Actor, reason string, now time.Time) (Grant, error) {
	if err := g.open(now); err != nil {
		return Grant{}, err
	}
	if err := checkSentence("reason", reason); err != nil {
		return Grant{}, err
	}
	g.EndedAt, g.EndedBy, g.EndReason = now, by, reason
	return g, nil
}

func (g Grant) open(now time.Time) error {
	if s := g.State(now); s == GrantEnded || s == GrantExpired {
		return Errorf(Conflict, "grant_over", "This grant is over; give a new one.")
	}
	return nil
}

// checkSentence refuses an empty or personal text: it is kept for good.
func checkSentence(field, text string) error {
	if strings.TrimSpace(text) == "" {
		return Fieldf(field, "text_missing", "Say why, in a sentence; it is kept on record.")
	}
	return CheckNoPerson(field, text)
}
