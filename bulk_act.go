package akkoord

import (
	"fmt"
	"slices"
	"time"
)

// BulkKind is what is done to many people at once. None brings anybody consent or
// takes back what keeps mail from them.
type BulkKind string

// The kinds of bulk acts.
const (
	BulkWithdraw       BulkKind = "withdraw"        // ends one purpose
	BulkWithdrawAll    BulkKind = "withdraw_all"    // ends every purpose, also what is still to come
	BulkAddInterest    BulkKind = "add_interest"    // a label
	BulkRemoveInterest BulkKind = "remove_interest" // a label
	BulkRestrict       BulkKind = "restrict"        // Art. 18 GDPR
	BulkErase          BulkKind = "erase"           // Art. 17 GDPR
)

// BulkKinds are all kinds, in the order in which they are offered.
var BulkKinds = []BulkKind{BulkWithdraw, BulkWithdrawAll, BulkAddInterest, BulkRemoveInterest, BulkRestrict, BulkErase}

// Right is what it takes to do it to one person.
func (k BulkKind) Right() Right {
	if k == BulkErase {
		return ErasePeople
	}
	return ChangePeople
}

// Fields are the groups of fields that a grant has to open for it.
func (k BulkKind) Fields() []GrantField {
	switch k {
	case BulkErase:
		return GrantFields
	case BulkAddInterest, BulkRemoveInterest:
		return []GrantField{FieldAttributes}
	}
	return nil
}

// Labels reports whether it is about an interest.
func (k BulkKind) Labels() bool { return k == BulkAddInterest || k == BulkRemoveInterest }

// BulkState is how far a bulk act is.
type BulkState string

// The states of a bulk act.
const (
	BulkCollecting BulkState = "collecting" // the people whom its filter lets through are put down
	BulkPrepared   BulkState = "prepared"   // it waits to be confirmed
	BulkRunning    BulkState = "running"
	BulkDone       BulkState = "done"
	BulkStopped    BulkState = "stopped" // what was done stays done
	BulkDropped    BulkState = "dropped" // before anything was done
)

// Open reports whether something is still to come of it.
func (s BulkState) Open() bool {
	return s == BulkCollecting || s == BulkPrepared || s == BulkRunning
}

// BulkOutcome is what became of one of its people.
type BulkOutcome string

// What becomes of people.
const (
	BulkActed     BulkOutcome = "acted"
	BulkUnchanged BulkOutcome = "unchanged" // they stood so already
	BulkChanged   BulkOutcome = "changed"   // since they were chosen they acted for themselves, or the filter's state ended
	BulkGone      BulkOutcome = "gone"      // they were erased or forgotten meanwhile
	BulkNoGrant   BulkOutcome = "no_grant"  // no grant of who does it opens all that it is about
	BulkRefused   BulkOutcome = "refused"   // the act on this person is refused, as when the reason names them
)

// BulkOutcomes are all outcomes, in the order in which they are told.
var BulkOutcomes = []BulkOutcome{BulkActed, BulkUnchanged, BulkChanged, BulkGone, BulkNoGrant, BulkRefused}

const (
	// BulkFault is why a bulk act was stopped whose job was given up.
	BulkFault = "fault"
	// BulkKept is how long the choice of people waits to be confirmed.
	BulkKept = 24 * time.Hour
	// BulkOpen is how many bulk acts of one user or key are open at a time.
	BulkOpen = 3
)

// BulkSpec says what is to be done, and to whom.
type BulkSpec struct {
	Kind      BulkKind
	Purpose   string // slug, of BulkWithdraw
	PurposeID int64
	Interest  string // slug, of those about one
	Filter    PeopleFilter
	About     []int64 // purposes that the filter is about; nil: none in particular
	Reason    string  // for the audit trail; of a restriction also evidence
	Source    string  // "admin" or "api"
	Zone      string  // in which it is told when it was done
}

// BulkAct is one act on the people whom a filter let through when it was prepared:
// who they are is put down then, so that what was seen is what is done.
type BulkAct struct {
	ID       int64
	PublicID ID
	BulkSpec

	Actor Actor // who does it

	State BulkState
	Why   string // why it was stopped by itself: a code
	Total int64  // people that it is about
	Tally map[BulkOutcome]int64

	CreatedAt time.Time
	BegunAt   time.Time // when it was confirmed; zero: not yet
	UpdatedAt time.Time
	EndedAt   time.Time
	RunAt     time.Time // when the present run began
	RunFrom   int64     // people who were dealt with before it
}

// Origin gives the origin of what is done to each.
func (b BulkAct) Origin() Origin {
	return Origin{Source: b.Source, Actor: b.Actor, Evidence: Evidence{ToldIn: b.Zone}}
}

// Name names the act in the audit trail.
func (b BulkAct) Name() string { return "bulk_act:" + b.PublicID.String() }

// Note says in the audit trail what is done to how many, and why.
func (b BulkAct) Note() string {
	what := string(b.Kind)
	if name := b.Purpose + b.Interest; name != "" {
		what += " " + name
	}
	return fmt.Sprintf("%s, people: %d, %s: %s", what, b.Total, b.Filter.Query().Encode(), b.Reason)
}

// Result says in the audit trail what became of its people.
func (b BulkAct) Result() string {
	note := string(b.State)
	if b.Why != "" {
		note += " (" + b.Why + ")"
	}
	note += fmt.Sprintf(": %d of %d people", b.Done(), b.Total)
	for _, o := range BulkOutcomes {
		if n := b.Tally[o]; n > 0 {
			note += fmt.Sprintf(", %d %s", n, o)
		}
	}
	return note
}

// KeptUntil is when a prepared act is dropped, if it is not confirmed. Nothing is
// written of it from the moment that all its people were put down.
func (b BulkAct) KeptUntil() time.Time { return b.UpdatedAt.Add(BulkKept) }

// Done counts the people who were dealt with.
func (b BulkAct) Done() (n int64) {
	for _, c := range b.Tally {
		n += c
	}
	return n
}

// Remaining estimates the time until a running act ends, from the speed of its
// present run; false while nothing is known.
func (b BulkAct) Remaining() (time.Duration, bool) {
	done := b.Done()
	did, took := done-b.RunFrom, b.UpdatedAt.Sub(b.RunAt)
	if b.State != BulkRunning || b.RunAt.IsZero() || did <= 0 || took <= 0 {
		return 0, false
	}
	return time.Duration(float64(took) / float64(did) * float64(max(0, b.Total-done))), true
}

// Check reports the first thing wrong with an act about to be prepared. Errors are
// Invalid and name the field.
func (b BulkSpec) Check(offered []string) error {
	switch {
	case !slices.Contains(BulkKinds, b.Kind):
		return Fieldf("kind", "bulk_kind", "Choose what is to be done: withdraw, withdraw_all, add_interest, remove_interest, restrict or erase.")
	case b.Filter.Everybody():
		return Fieldf("filter", "bulk_everybody", "Narrow the list of people first: this is never done to everybody.")
	case b.Kind == BulkWithdraw && b.PurposeID == 0:
		return Fieldf("purpose", "bulk_purpose", "Say which purpose ends.")
	case b.Kind != BulkWithdraw && b.PurposeID != 0:
		return Fieldf("purpose", "bulk_purpose_extra", "Only unsubscribing from one purpose names a purpose.")
	case b.Kind.Labels() && b.Interest == "":
		return Fieldf("interest", "bulk_interest", "Say which interest.")
	case !b.Kind.Labels() && b.Interest != "":
		return Fieldf("interest", "bulk_interest_extra", "Only an act about an interest names one.")
	case b.Kind == BulkAddInterest && !slices.Contains(offered, b.Interest):
		return Fieldf("interest", "interest_unknown", "No form offers the interest %q.", b.Interest)
	case b.Kind == BulkRemoveInterest:
		if err := CheckSlug("interest", b.Interest); err != nil {
			return err
		}
	}
	return checkSentence("reason", b.Reason)
}

var errBulkOver = Errorf(Conflict, "bulk_over", "This was confirmed, dropped or stopped already, or the people were chosen more than a day ago. Choose them again.")

// Confirmed decides about beginning what was prepared, for somebody who saw that it
// is about so many people. Errors: Forbidden to others than who prepared it, and
// Conflict.
func (b BulkAct) Confirmed(by Actor, seen int64, now time.Time) (BulkAct, error) {
	switch {
	case b.Actor != by:
		return b, Errorf(Forbidden, "bulk_others", "Only who chose these people can confirm what is done to them.")
	case b.State != BulkPrepared || !now.Before(b.KeptUntil()):
		return b, errBulkOver
	case b.Total == 0:
		return b, Errorf(Conflict, "bulk_nobody", "The filter let nobody through, so there is nothing to do.")
	case seen != b.Total:
		return b, Errorf(Conflict, "bulk_changed", "This is about %d people, which is another number than you saw. Look again.", b.Total)
	}
	b.State, b.BegunAt = BulkRunning, now
	return b, nil
}

// Stopped decides about stopping it. Errors are Conflict.
func (b BulkAct) Stopped(now time.Time) (BulkAct, error) {
	if !b.State.Open() {
		return b, errBulkOver
	}
	if b.State == BulkRunning {
		b.State = BulkStopped
	} else {
		b.State = BulkDropped
	}
	b.EndedAt = now
	return b, nil
}

// May tells what keeps it from being done to a person: they are gone, stand so
// already, changed something since they were chosen, or no grant opens all that it is
// about; BulkActed is nothing. An act on everything that somebody has here takes grants
// for each of their purposes: unlike an act on one person, it is not what that person
// asked for.
func (b BulkAct) May(a Access, st Standing, now time.Time) BulkOutcome {
	if st.Subscriber.ID == 0 {
		return BulkGone
	}
	err := a.CheckEverywhere(st, b.Kind.Fields()...)
	if b.Kind == BulkWithdraw {
		if err = a.CheckPerson(st); err == nil {
			err = a.CheckPurpose(b.PurposeID)
		}
	}
	switch {
	case err != nil:
		return BulkNoGrant
	case b.idle(st, now):
		return BulkUnchanged
	case b.changed(st):
		return BulkChanged
	}
	return BulkActed
}

// changed reports whether a person is not any more who was chosen: they took up or
// renewed one of the purposes that the act is about, or none of those that the filter is
// about stands as it asks. What somebody did since overrules the choice of before.
func (b BulkAct) changed(st Standing) bool {
	stands := b.Filter.State == ""
	for _, sub := range st.Subscriptions {
		chosen := slices.Contains(b.About, sub.PurposeID)
		stands = stands || chosen && sub.State == b.Filter.State
		if b.PurposeID != 0 && b.PurposeID != sub.PurposeID && !chosen {
			continue
		}
		taken := (sub.State == Pending || sub.State == Active) && sub.Since.After(b.CreatedAt)
		if taken || sub.Renewed.After(b.CreatedAt) {
			return true
		}
	}
	return !stands
}

// idle reports whether a person stands already as the act would have it.
func (b BulkAct) idle(st Standing, now time.Time) bool {
	switch b.Kind {
	case BulkWithdraw:
		return st.Leave(ScopePurpose, b.PurposeID, 0, b.Origin(), now).IsZero()
	case BulkWithdrawAll:
		return st.Leave(ScopeAll, 0, 0, b.Origin(), now).IsZero()
	case BulkAddInterest:
		return slices.Contains(st.Subscriber.Interests, b.Interest)
	case BulkRemoveInterest:
		return !slices.Contains(st.Subscriber.Interests, b.Interest)
	case BulkRestrict:
		return st.Suppressed(SuppressedRestricted)
	}
	return false
}

// Interests gives the interests that a person has after an act about one.
func (b BulkAct) Interests(have []string) []string {
	out := slices.DeleteFunc(slices.Clone(have), func(slug string) bool { return slug == b.Interest })
	if b.Kind == BulkAddInterest {
		out = append(out, b.Interest)
		slices.Sort(out)
	}
	return out
}
