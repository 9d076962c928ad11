package akkoord

import "time"

// Report is what a mail server, a mailbox provider or a sending service told
// of one mail after it was taken over: that it could not be delivered (RFC
// 3464), or that its reader calls it unwanted (RFC 5965).
type Report struct {
	Code       ReportCode // why it does nothing
	Kind       ReportKind
	Class      Class  // of a bounce
	Mailing    int64  // that the signed return path names; 0: a mail that a sign-up caused
	Subscriber int64  // as the return path names them
	Status     string // codes, like "550 5.1.1"; empty: none were given
	Reply      string // the server's words, at most 1 KB, addresses masked (M.16)
	Source     string // where it came in: "dsn", "arf", "smtp" or a provider's name
}

// ReportKind is what a report says.
type ReportKind string

// The kinds of reports.
const (
	ReportBounce    ReportKind = "bounce"
	ReportComplaint ReportKind = "complaint"
)

// ReportCode is why a report does nothing.
type ReportCode string

// The codes of reports. ReportCounts is the one that counts.
const (
	ReportCounts  ReportCode = ""
	ReportAuto    ReportCode = "auto_reply"    // somebody is away (J.8)
	ReportNoToken ReportCode = "token_missing" // no signed return path: not of a mail of ours
	ReportForged  ReportCode = "token_invalid" // a return path that is not ours (J.1)
	ReportBroken  ReportCode = "unreadable"
	ReportOther   ReportCode = "no_report"    // something else was mailed to a return path
	ReportNoEnd   ReportCode = "not_final"    // delayed, delivered, relayed or expanded (J.3)
	ReportWanted  ReportCode = "not_spam"     // a reader takes a complaint back (J.9)
	ReportUnsent  ReportCode = "unknown_mail" // nothing was sent to whom it names
	ReportRepeats ReportCode = "already"      // the same was told before
)

// TakenReport is what a report came to.
type TakenReport struct {
	Code  ReportCode
	Kind  ReportKind
	Class Class
	At    time.Time // of the report that counted
}

// origin is how the ledger names where a report came from.
func (r Report) origin() Origin {
	o := Origin{Source: string(r.Kind), Actor: ActorSystem, MailingID: r.Mailing}
	if r.Kind == ReportComplaint {
		o.Actor = ActorPerson
	}
	return o
}

// SoftRun is how often in a row mail to a person could not be delivered for
// now, the last time included: bounces, campaigns that they were of, and since
// when, without a mail in between of which nothing came back.
type SoftRun struct {
	Bounces, Campaigns int
	Since              time.Time
}

// What a mailbox has to refuse for now before it is left alone for a while, and
// for how long (J.6).
const (
	softBounces   = 5
	softCampaigns = 3
	softSpan      = 14 * 24 * time.Hour
	softRest      = 90 * 24 * time.Hour
)

// Rests reports whether a mailbox is left alone after such a run.
func (r SoftRun) Rests(now time.Time) bool {
	return r.Bounces >= softBounces && r.Campaigns >= softCampaigns && now.Sub(r.Since) >= softSpan
}

// Bounce decides what an undelivered mail of a mailing does to its person: a
// mailbox that is gone gets no more mail, one that refuses for long is left
// alone for 90 days. Consents stay as they are, and what is about the sender or
// about the mail never counts against anybody (J.6).
func (s Standing) Bounce(r Report, run SoftRun, now time.Time) Change {
	o := r.origin()
	switch {
	case s.Subscriber.ID == 0:
	case r.Class == ClassHard && !s.Suppressed(SuppressedHardBounce):
		return Change{Suppress: []SuppressionKind{SuppressedHardBounce}, Events: []Event{o.event(Barred, Subscription{}, now)}}
	case r.Class == ClassSoft && run.Rests(now):
		until := now.Add(softRest).Truncate(time.Microsecond)
		if s.PausedUntil.Before(until) {
			o.Evidence.Until = Moment{until}.String()
			return Change{Pause: &until, Events: []Event{o.event(Paused, Subscription{}, now)}}
		}
	}
	return Change{}
}

// BounceAsked decides what a confirmation mail to a mailbox that is not there
// does: what waits for an answer ends at once, and whoever has nothing else on
// record is forgotten (J.7, Art. 5(1)(c) GDPR). left is that of Expire.
func (s Standing) BounceAsked(r Report, left bool, now time.Time) Change {
	if r.Class != ClassHard || s.Subscriber.ID == 0 || s.Suppressed(SuppressedRestricted) {
		return Change{}
	}
	o, c := r.origin(), Change{}
	for _, sub := range s.Subscriptions {
		if sub.State == Pending {
			c.Subscriptions = append(c.Subscriptions, sub.end(Lapsed, now))
			o.Locale = sub.Locale
			c.Events = append(c.Events, o.event(Expiry, sub, now))
		}
	}
	if c.Forget = len(c.Events) > 0 && !left && s.After(c).neverAgreed(); !c.Forget && !s.Suppressed(SuppressedHardBounce) {
		c.Suppress = []SuppressionKind{SuppressedHardBounce}
		c.Events = append(c.Events, o.event(Barred, Subscription{}, now))
	}
	return c
}

// Complain decides what it does that somebody reports a mail as unwanted: every
// purpose ends, and nothing is sent to the address until its owner asks anew
// and confirms it (J.9, P15).
func (s Standing) Complain(r Report, now time.Time) Change {
	var c Change
	if s.Subscriber.ID == 0 || s.Suppressed(SuppressedComplaint) {
		return c
	}
	o := r.origin()
	for _, sub := range s.Subscriptions {
		s.withdraw(&c, sub, o, now)
	}
	o.Locale = s.Subscriber.Locale
	c.Events = append(c.Events, o.event(Barred, Subscription{}, now))
	c.Suppress = []SuppressionKind{SuppressedComplaint}
	return c
}

// Liftable reports whether staff may take an entry of the do-not-mail list
// back: only that mail could not be delivered, which is said of a mailbox. What
// a person said ends by their own new confirmation alone (P15).
func (k SuppressionKind) Liftable() bool { return k == SuppressedHardBounce }

// Unbar decides what it does that staff know of a mailbox that bounced that it
// is there. Whether its owner may be mailed is another question, and answered
// as before.
func (s Standing) Unbar(o Origin, now time.Time) Change {
	if s.Subscriber.ID == 0 || !s.Suppressed(SuppressedHardBounce) {
		return Change{}
	}
	return Change{Lift: []SuppressionKind{SuppressedHardBounce}, Events: []Event{o.event(Unbarred, Subscription{}, now)}}
}
