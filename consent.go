package akkoord

import (
	"slices"
	"time"
)

// State is a person's standing for one purpose, folded from their events.
type State string

// The states of a subscription.
const (
	Never     State = "never"     // no dealings yet
	Pending   State = "pending"   // asked for, not confirmed
	Active    State = "active"    // confirmed: may be mailed
	Withdrawn State = "withdrawn" // left
	Lapsed    State = "expired"   // asked for and never confirmed, or inactive too long
)

// Subscription is one person's standing for one purpose.
type Subscription struct {
	PurposeID int64
	State     State
	Since     time.Time // when the state was entered
	Basis     Basis
	Request   ID    // the sign-up that made it pending or active
	Version   int   // version of the purpose's texts that the person saw
	Origin    int64 // form version that was shown
	Locale    string
	WasActive time.Time // since when it was active before it was withdrawn
	Agreed    time.Time // when it first became active; zero: never. Its proof is kept (F.16)
	Ground    Ground    // of a basis other than consent
	Wider     int       // the purpose's first version that consents to earlier ones don't count for; 0: none
	Archived  bool      // the purpose is
	Tracking  time.Time // since when clicks may be counted, while it is active; zero: they may not
	Learning  time.Time // since when interests may be learned from the clicks that are counted; zero: they may not
	Renewed   time.Time // when the person last said that they still want it, while it is active; zero: never
	Asked     time.Time // when they were last asked that (M18)
	Reminded  time.Time // and when once more

	TrackingAsked string // while it is pending: the words beside the box that lets clicks be counted, where that was ticked
}

// EventKind is what happened, in the words of the ledger.
type EventKind string

// The kinds of events.
const (
	Requested    EventKind = "requested"
	Confirmed    EventKind = "confirmed"
	Withdrew     EventKind = "withdrawn"
	Reinstated   EventKind = "reinstated" // the person took a leaving back at once
	Refused      EventKind = "refused"    // "this was not me"
	Expiry       EventKind = "expired"
	Objected     EventKind = "objected"
	BasisChanged EventKind = "basis_changed"
	Rectified    EventKind = "rectified"
	Erased       EventKind = "erased"
	CampaignLeft EventKind = "campaign_left"
	CampaignBack EventKind = "campaign_rejoined"
	Paused       EventKind = "paused" // no mail until a time that the evidence holds
	Resumed      EventKind = "resumed"
	TrackingOn   EventKind = "tracking_allowed" // clicks of one purpose may be counted
	TrackingOff  EventKind = "tracking_refused"
	LearningOn   EventKind = "learning_allowed" // interests may be learned from clicks under one purpose; the words are in the evidence
	LearningOff  EventKind = "learning_refused"
	Explained    EventKind = "reason_given" // why somebody left; in the evidence
	Renewed      EventKind = "renewed"      // "yes, I still want this" (M18)
	Restricted   EventKind = "restricted"   // data kept, no mail sent (Art. 18 GDPR); why is in the evidence
	Unrestricted EventKind = "unrestricted"
	Unbarred     EventKind = "unsuppressed" // staff found that a mailbox that bounced is there
	Worded       EventKind = "worded"       // a version of a purpose's texts came into force; of no person

	PurposeArchived EventKind = "purpose_archived" // nothing goes out under a purpose from then on; of no person
	PurposeRestored EventKind = "purpose_restored"
)

// Folded are the kinds that a subscription's state is folded from, and the
// state that each leads to.
var Folded = map[EventKind]State{
	Requested: Pending, Confirmed: Active, Reinstated: Active, Withdrew: Withdrawn, Objected: Withdrawn, Refused: Withdrawn, Expiry: Lapsed,
	Imported: Active, ImportedHeld: Held, BasisChanged: Active,
}

// Ends reports whether an act of the kind ends a subscription.
func (k EventKind) Ends() bool {
	state := Folded[k]
	return state == Withdrawn || state == Lapsed
}

// Request is one submission of a sign-up form, or of the preferences page for
// purposes that are new.
type Request struct {
	ID       ID
	Purposes []Purpose           // those ticked, in the form's order
	Filled   map[string]FilledIn // what was filled in, by slug of the purpose
	Differs  bool                // from what the same person filled in before, and has not confirmed
	Tracking string              // the words beside the box that lets clicks be counted, where that was ticked (M22)
	Origin   Origin
}

// SignUp decides what a sign-up does. A purpose that is active stays so, and a
// request that was made already is not made twice; whatever the standing, the
// outbox gets one row, so that a known address looks like a new one.
func (s Standing) SignUp(r Request, now time.Time) Change {
	id := r.ID
	if earlier, ok := s.repeats(r, now); ok && !r.Differs {
		id = earlier
	}
	var c Change
	for _, p := range r.Purposes {
		sub := s.Subscription(p.ID)
		if s.covers(sub, p) || sub.State == Pending && sub.Request == id {
			continue
		}
		sub.State, sub.Since, sub.Request = Pending, now, id
		sub.Basis, sub.Version, sub.Origin, sub.Locale = p.Basis, p.Version, r.Origin.FormID, r.Origin.Locale
		sub.WasActive, sub.Tracking, sub.Learning, sub.Ground = time.Time{}, time.Time{}, time.Time{}, Ground{}
		sub.Renewed, sub.Asked, sub.Reminded = time.Time{}, time.Time{}, time.Time{}
		sub.TrackingAsked = r.Tracking
		c.Subscriptions = append(c.Subscriptions, sub)
		o := r.Origin
		o.Evidence.Filled, o.Evidence.Tracking = r.Filled[p.Slug], r.Tracking
		c.Events = append(c.Events, o.event(Requested, sub, now))
	}
	c.Messages = []Message{{Request: id, Locale: r.Origin.Locale}}
	return c
}

// repeats gives the earlier request that r is the same as: pending for the
// very purposes that are not active yet, with the same texts and the same
// answer about clicks, of today.
func (s Standing) repeats(r Request, now time.Time) (ID, bool) {
	var earlier ID
	asked := 0
	for _, p := range r.Purposes {
		sub := s.Subscription(p.ID)
		if s.covers(sub, p) {
			continue
		}
		same := sub.State == Pending && sub.Version == p.Version && sub.Locale == r.Origin.Locale && sub.TrackingAsked == r.Tracking &&
			now.Sub(sub.Since) < Limits.RepeatWindow
		if !same || !earlier.IsZero() && sub.Request != earlier {
			return ID{}, false
		}
		earlier = sub.Request
		asked++
	}
	for _, sub := range s.Subscriptions {
		if sub.State == Pending && sub.Request == earlier {
			asked--
		}
	}
	return earlier, !earlier.IsZero() && asked == 0
}

// Answer is what following a confirmation link came to.
type Answer string

// The answers to a confirmation link.
const (
	AnswerPending    Answer = "pending"    // there is something to confirm
	AnswerConfirmed  Answer = "confirmed"  // this click confirmed it
	AnswerAlready    Answer = "already"    // an earlier click did
	AnswerSuperseded Answer = "superseded" // a newer mail holds the link that counts
	AnswerArchived   Answer = "archived"   // all that is left to confirm is of archived purposes
	AnswerNone       Answer = "none"       // withdrawn, refused, expired or erased since
)

// Asked gives the purposes that a confirmation link is about, and what
// pressing its button would come to.
func (s Standing) Asked(request ID, now time.Time) ([]Subscription, Answer) {
	var pending, active, archived []Subscription
	newer := false
	for _, sub := range s.Subscriptions {
		switch {
		case sub.Request == request && sub.State == Active:
			active = append(active, sub)
		case sub.Request == request && sub.State == Pending && now.Sub(sub.Since) <= Limits.PendingWindow && sub.Archived:
			archived = append(archived, sub)
		case sub.Request == request && sub.State == Pending && now.Sub(sub.Since) <= Limits.PendingWindow:
			pending = append(pending, sub)
		case sub.State == Pending && sub.Request != request:
			newer = true
		}
	}
	switch {
	case len(pending) > 0:
		return pending, AnswerPending
	case len(active) > 0:
		return active, AnswerAlready
	case len(archived) > 0:
		return archived, AnswerArchived
	case newer:
		return nil, AnswerSuperseded
	}
	return nil, AnswerNone
}

// RepeatConfirmation decides what sending the mail of a sign-up once more does,
// for staff, who are told why it would not go out. recent counts the
// confirmation mails of the last day to the mailbox (P14), and resting says that
// one of this sign-up was asked for a moment ago. Errors: Conflict.
func (s Standing) RepeatConfirmation(purposeID int64, recent int, resting bool, now time.Time) (Change, error) {
	sub := s.Subscription(purposeID)
	mail, why := s.SignUpMail(sub.Request, recent, time.Time{}, now)
	switch {
	case sub.State != Pending || mail != MailConfirm && why != "blocked" && why != "restricted" && why != "role_address" && why != "mailbox_limit":
		return Change{}, Errorf(Conflict, "resend_nothing", "No sign-up for this purpose waits for a confirmation.")
	case resting || why == "mailbox_limit":
		return Change{}, Errorf(Conflict, "resend_limit", "This mailbox got a confirmation mail a moment ago, or as many as it gets in a day. Try again later.")
	case mail != MailConfirm:
		return Change{}, Errorf(Conflict, "resend_forbidden", "No confirmation mail may go to this address: its owner wanted none, its data may not be used, or it is nobody's own.")
	}
	return Change{Messages: []Message{{Request: sub.Request, Locale: sub.Locale}}}, nil
}

// Confirm decides what pressing the button behind a confirmation link does
// (M6). A second press changes nothing. It gives the purposes that are active
// now because of this link. Where the sign-up lets clicks be counted, that begins
// now too, with a line of its own.
func (s Standing) Confirm(request ID, o Origin, now time.Time) (Change, []Subscription, Answer) {
	return s.confirm(request, true, o, now)
}

// ConfirmUncounted is Confirm of a person who lets no clicks be counted, whoever
// ticked that box of the form (Art. 7(2) GDPR: one consent doesn't hang on another).
func (s Standing) ConfirmUncounted(request ID, o Origin, now time.Time) (Change, []Subscription, Answer) {
	return s.confirm(request, false, o, now)
}

func (s Standing) confirm(request ID, counted bool, o Origin, now time.Time) (Change, []Subscription, Answer) {
	asked, answer := s.Asked(request, now)
	if answer != AnswerPending {
		return Change{}, asked, answer
	}
	var c Change
	for i, sub := range asked {
		sub.State, sub.Since = Active, now
		if sub.Agreed.IsZero() {
			sub.Agreed = now
		}
		o.Locale, o.FormID = sub.Locale, sub.Origin
		c.Events = append(c.Events, o.event(Confirmed, sub, now))
		if sub.TrackingAsked != "" && counted {
			by := o
			by.Evidence.Tracking = sub.TrackingAsked
			c.Events = append(c.Events, by.event(TrackingOn, sub, now))
			sub.Tracking = now
		}
		sub.TrackingAsked = ""
		asked[i] = sub
		c.Subscriptions = append(c.Subscriptions, sub)
	}
	s.comeBack(&c, now)
	return c, asked, AnswerConfirmed
}

// TrackingAsked gives the words beside the box about clicks that a sign-up
// ticked, of the purposes that wait for its confirmation.
func TrackingAsked(pending []Subscription) string {
	for _, sub := range pending {
		if sub.TrackingAsked != "" {
			return sub.TrackingAsked
		}
	}
	return ""
}

// NotMe decides what "I did not ask for this" does: what is pending is
// dropped, what the link confirmed is withdrawn, and no further confirmation
// mail goes to the address. A person of whom nothing else is on record is
// forgotten (Art. 17 GDPR, requirements-mail F.15).
func (s Standing) NotMe(request ID, o Origin, now time.Time) Change {
	var c Change
	forget := 0 // subscriptions that were never agreed to but by this link
	for _, sub := range s.Subscriptions {
		if sub.State == Pending || sub.State == Active && sub.Request == request {
			c.Subscriptions = append(c.Subscriptions, sub.end(Withdrawn, now))
			c.Events = append(c.Events, o.event(Refused, sub, now))
			if sub.Agreed.IsZero() || sub.State == Active && sub.Agreed.Equal(sub.Since) {
				forget++
			}
		}
	}
	if len(c.Events) == 0 {
		return Change{}
	}
	c.Suppress = []SuppressionKind{SuppressedBlocked}
	c.Forget = forget == len(s.Subscriptions)
	return c
}

// Expire decides what becomes of sign-ups that nobody confirmed in time. Who
// agreed to something once, or left by what the ledger says, is not forgotten
// because a stranger signed them up (P15).
func (s Standing) Expire(left bool, now time.Time) Change {
	var c Change
	if s.Suppressed(SuppressedRestricted) { // kept beyond its time (Art. 18 GDPR)
		return c
	}
	for _, sub := range s.Subscriptions {
		if sub.State == Pending && now.Sub(sub.Since) >= Limits.PendingWindow {
			c.Subscriptions = append(c.Subscriptions, sub.end(Lapsed, now))
			c.Events = append(c.Events, byRetention.event(Expiry, sub, now))
		}
	}
	c.Forget = len(c.Events) > 0 && !left && s.After(c).neverAgreed()
	return c
}

// neverAgreed reports whether all that a person has is what they never agreed
// to, and is over.
func (s Standing) neverAgreed() bool {
	return !slices.ContainsFunc(s.Subscriptions, func(sub Subscription) bool { return sub.State != Lapsed || !sub.Agreed.IsZero() })
}

// byRetention is the origin of what ends because its time is over.
var byRetention = Origin{Source: "retention", Actor: ActorSystem}

// Outlive decides what becomes of somebody whose every purpose has ended: they
// are forgotten when nothing of it has to be kept any more. Of whoever left
// something or was once in the keyed hash of the address stays, so that an old
// list brings nobody back (P15); left is that of Expire.
func (s Standing) Outlive(left bool, now time.Time) Change {
	if len(s.Subscriptions) == 0 || s.Suppressed(SuppressedRestricted) {
		return Change{}
	}
	var stays SuppressionKind
	for _, sub := range s.Subscriptions {
		if sub.State != Withdrawn && sub.State != Lapsed || now.Before(sub.keptUntil()) {
			return Change{}
		}
		switch {
		case left || sub.State == Withdrawn:
			stays = SuppressedUnsubscribed
		case sub.Basis == BasisConsent && !sub.Agreed.IsZero() && stays == "":
			stays = SuppressedExpired
		}
	}
	c := Change{Events: []Event{byRetention.event(Erased, Subscription{}, now)}, Forget: true}
	if stays != "" && !s.Suppressed(stays) {
		c.Suppress = []SuppressionKind{stays}
	}
	return c
}

// keptUntil gives until when an ended subscription is kept: what nobody ever
// agreed to as long as an unconfirmed sign-up (requirements-mail F.12), the
// proof of what somebody did for three years to the end of the year (F.16).
func (sub Subscription) keptUntil() time.Time {
	if sub.Agreed.IsZero() {
		return sub.Since.Add(Limits.PendingWindow)
	}
	return time.Date(sub.Since.UTC().Year()+ProofYears+1, time.January, 1, 0, 0, 0, 0, time.UTC)
}

// ProofYears is for how many years, and to the end of the last of them, proof of what
// somebody agreed to is kept after it ended (F.16).
const ProofYears = 3

// ProofsUntil gives the time before which what somebody agreed to has to have
// ended for its proof to be over at now.
func ProofsUntil(now time.Time) time.Time {
	return time.Date(now.UTC().Year()-ProofYears, time.January, 1, 0, 0, 0, 0, time.UTC)
}

func (sub Subscription) end(state State, now time.Time) Subscription {
	if sub.State == Active {
		sub.WasActive = sub.Since
	} else {
		sub.WasActive = time.Time{}
	}
	sub.State, sub.Since, sub.Tracking, sub.Learning, sub.TrackingAsked = state, now, time.Time{}, time.Time{}, ""
	sub.Renewed, sub.Asked, sub.Reminded = time.Time{}, time.Time{}, time.Time{}
	return sub
}

// event makes the ledger line of an act on a subscription.
func (o Origin) event(kind EventKind, sub Subscription, now time.Time) Event {
	return Event{
		At: now, Kind: kind, PurposeID: sub.PurposeID, CampaignID: o.Campaign, MailingID: o.MailingID,
		Request: sub.Request, FormVersionID: o.FormID, WordingVersion: sub.Version, PrivacyVersion: o.Privacy,
		Locale: o.Locale, Source: o.Source, Actor: o.Actor, Evidence: o.Evidence,
	}
}

// Rectify gives the ledger line of a change to the person's own data (M21).
func (s Standing) Rectify(o Origin, now time.Time) Change {
	return Change{Events: []Event{o.event(Rectified, Subscription{}, now)}}
}
