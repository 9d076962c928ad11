package akkoord

import (
	"slices"
	"time"
)

// Signal is what shows that somebody still wants the mails of a purpose (M18).
type Signal string

// The signals that a policy can name. The first two are seen only of people
// who let their clicks be counted (Art. 5(3) ePrivacy directive).
const (
	SignalClick      Signal = "click"            // a link in a mail was followed
	SignalVisit      Signal = "preferences"      // the person looked at their own page
	SignalConsentAge Signal = "confirmation_age" // when the person last said yes
)

// Signals are all signals.
var Signals = []Signal{SignalClick, SignalVisit, SignalConsentAge}

// Retention is what a purpose does, beside Purpose.InactiveAfter, about people
// who gave no sign of life for long (M18, Art. 5(1)(e) GDPR).
type Retention struct {
	AskAgainAfter int // days from the first question to the second
	ExpireAfter   int // days from the second question to the end
	Signals       []Signal
	Stopped       time.Time // since when nobody is asked and nothing ends; zero: it goes on
}

const (
	retentionPause = 14 // days between the steps where nothing else is said
	// maxRetentionPause is less than the outbox is kept, so that it is known
	// of each question whether it went out.
	maxRetentionPause = 28
)

// Complete gives the policy with what was left out.
func (r Retention) Complete() Retention {
	if r.AskAgainAfter == 0 {
		r.AskAgainAfter = retentionPause
	}
	if r.ExpireAfter == 0 {
		r.ExpireAfter = retentionPause
	}
	if r.Signals == nil {
		r.Signals = slices.Clone(Signals)
	}
	return r
}

// Same reports whether two policies say the same, stopped or not.
func (r Retention) Same(other Retention) bool {
	return r.AskAgainAfter == other.AskAgainAfter && r.ExpireAfter == other.ExpireAfter && slices.Equal(r.Signals, other.Signals)
}

// Check reports the first thing wrong with a policy.
func (r Retention) Check() error {
	for _, f := range []struct {
		name string
		days int
	}{{"reactivate_again_after_days", r.AskAgainAfter}, {"expire_after_days", r.ExpireAfter}} {
		if f.days < 1 || f.days > maxRetentionPause {
			return Fieldf(f.name, "number_range", "The number of days is between 1 and %d.", maxRetentionPause)
		}
	}
	if len(r.Signals) == 0 {
		return Fieldf("signals", "signal_missing", "Name at least one signal: click, preferences or confirmation_age.")
	}
	for i, s := range r.Signals {
		if !slices.Contains(Signals, s) || slices.Contains(r.Signals[:i], s) {
			return Fieldf("signals", "signal_unknown", "The signals are click, preferences and confirmation_age, each once.")
		}
	}
	return nil
}

// MonthDays gives the days of a number of months, a year being 365 days.
func MonthDays(months int) int { return (months*365 + 6) / 12 }

// DayMonths gives how many months make a number of days; 0 where none do.
func DayMonths(days int) int {
	if m := (days*12 + 182) / 365; MonthDays(m) == days {
		return m
	}
	return 0
}

// Activity is what is known of a person and a purpose besides their consent.
type Activity struct {
	Clicked, Visited time.Time // the last day; zero: none is known
	Question         QuestionState
}

// At gives the activity's last day of a signal; zero: none is known.
func (a Activity) At(s Signal) time.Time {
	switch s {
	case SignalClick:
		return a.Clicked
	case SignalVisit:
		return a.Visited
	}
	return time.Time{}
}

// QuestionState is what became of the last mail that asked a person whether
// they still want a purpose's mails.
type QuestionState string

// The states of a question.
const (
	QuestionLost    QuestionState = ""        // it did not go out, or nothing is known of it
	QuestionWaits   QuestionState = "waits"   // it is in the outbox
	QuestionSent    QuestionState = "sent"    // the relay took it over
	QuestionRefused QuestionState = "refused" // the relay refused it for good: nobody can be asked there
)

// RetentionAct is a step of a policy.
type RetentionAct string

// The steps, in order. One whose mail was lost is taken once more in place of
// the next.
const (
	ActNone     RetentionAct = ""
	ActAsk      RetentionAct = "ask"
	ActAskAgain RetentionAct = "ask_again"
	ActExpire   RetentionAct = "expire"
)

// RetentionActs are the steps that do something.
var RetentionActs = []RetentionAct{ActAsk, ActAskAgain, ActExpire}

// Step is what a policy does next about one person: when, or why nothing.
type Step struct {
	Act RetentionAct
	At  time.Time
	Why string // of ActNone: a stable code
}

func alone(why string) Step { return Step{Why: why} }

// NextStep decides what a purpose's policy does next about a person who goes
// on saying nothing, as far as is known now. Nobody is called inactive for
// want of a click that was not to be counted: who allows no counting is judged
// by the age of their consent, where the policy says so, or left alone.
func (s Standing) NextStep(p Purpose, a Activity, now time.Time) Step {
	sub := s.Subscription(p.ID)
	switch {
	case p.InactiveAfter == 0:
		return alone("no_policy")
	case p.Archived():
		return alone("purpose_archived") // who can't be asked is not called silent
	case !p.Retention.Stopped.IsZero():
		return alone("stopped")
	case sub.State != Active:
		return alone("not_active")
	case sub.Basis != BasisConsent:
		return alone("other_basis")
	}
	facts := s.Facts(p.ID, 0, "", now)
	facts.Paused = false // a pause only puts it off
	if v := Gate(facts); !v.Allowed {
		return alone(v.Code)
	}
	last, ok := sub.lastSign(p.Retention, a)
	if !ok {
		return alone("not_counted")
	}
	step := sub.step(p, last, a.Question, now)
	if step.Act != ActNone {
		step.At = later(step.At, s.PausedUntil)
	}
	return step
}

// step is NextStep for somebody of whom the last sign of life is known.
func (sub Subscription) step(p Purpose, last time.Time, q QuestionState, now time.Time) Step {
	due := last.AddDate(0, 0, p.InactiveAfter)
	if due.After(now) || !sub.Asked.After(last) {
		return Step{Act: ActAsk, At: due}
	}
	again := sub.Reminded.After(sub.Asked)
	switch {
	case q == QuestionWaits:
		return alone("question_waits")
	case q == QuestionLost && again:
		return Step{Act: ActAskAgain, At: p.Retention.EndsAfter(MailStillAgain, sub.Reminded)}
	case q == QuestionLost:
		return Step{Act: ActAsk, At: sub.Asked.AddDate(0, 0, p.Retention.AskAgainAfter)}
	case again:
		return Step{Act: ActExpire, At: p.Retention.EndsAfter(MailStillAgain, sub.Reminded)}
	}
	return Step{Act: ActAskAgain, At: sub.Asked.AddDate(0, 0, p.Retention.AskAgainAfter)}
}

// lastSign gives the last sign of life that counts under a policy; false where
// the policy has nothing to judge this person by. Before somebody allowed the
// counting nothing was counted, so that is a sign too.
func (sub Subscription) lastSign(r Retention, a Activity) (time.Time, bool) {
	last := later(sub.Since, sub.Renewed)
	judged := slices.Contains(r.Signals, SignalConsentAge)
	for _, s := range []Signal{SignalClick, SignalVisit} {
		if !sub.Tracking.IsZero() && slices.Contains(r.Signals, s) {
			judged = true
			last = later(last, later(sub.Tracking, a.At(s)))
		}
	}
	return last, judged
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Retain takes a policy's next step about a person if its time has come (M18).
// A question is a mail, and no line in the ledger; the end is one. Whoever has
// nothing else that is kept here is forgotten with it, and the keyed hash of
// the address keeps an old list from bringing them back (P15).
func (s Standing) Retain(p Purpose, a Activity, request ID, now time.Time) (Change, Step) {
	step := s.NextStep(p, a, now)
	if step.Act == ActNone || step.At.After(now) {
		return Change{}, step
	}
	sub := s.Subscription(p.ID)
	c := Change{}
	switch step.Act {
	case ActAsk:
		sub.Asked, sub.Reminded = now, time.Time{}
		c.Messages = []Message{{Request: request, Locale: s.Subscriber.Locale, About: MailStill, PurposeID: p.ID}}
	case ActAskAgain:
		sub.Reminded = now
		c.Messages = []Message{{Request: request, Locale: s.Subscriber.Locale, About: MailStillAgain, PurposeID: p.ID}}
	case ActExpire:
		c.Events = []Event{Origin{Source: "inactivity", Actor: ActorSystem, Locale: sub.Locale}.event(Expiry, sub, now)}
		sub = sub.end(Lapsed, now)
		if c.Forget = s.onlyOutlived(p.ID); c.Forget && !s.Suppressed(SuppressedExpired) {
			c.Suppress = []SuppressionKind{SuppressedExpired}
		}
	}
	c.Subscriptions = []Subscription{sub}
	return c, step
}

// onlyOutlived reports whether a person has nothing that is kept but one
// purpose: no other that is alive, and none that they left after agreeing to
// it, whose proof is kept (requirements-mail F.16).
func (s Standing) onlyOutlived(but int64) bool {
	for _, sub := range s.Subscriptions {
		if sub.PurposeID != but && sub.State != Lapsed && (sub.State != Withdrawn || !sub.Agreed.IsZero()) {
			return false
		}
	}
	return true
}

// Keepable gives what "yes, I still want this" by a link would come to:
// AnswerPending, AnswerAlready or, for whoever is not in any more, AnswerNone.
func (s Standing) Keepable(purposeID int64) (Subscription, Answer) {
	sub := s.Subscription(purposeID)
	switch {
	case sub.State != Active:
		return sub, AnswerNone
	case sub.Renewed.IsZero() || sub.Asked.After(sub.Renewed):
		return sub, AnswerPending
	}
	return sub, AnswerAlready
}

// Keep decides what "yes, I still want this" does. A second press changes
// nothing, and nobody comes back by it who left or whose consent has ended.
func (s Standing) Keep(purposeID int64, o Origin, now time.Time) (Change, Subscription, Answer) {
	sub, answer := s.Keepable(purposeID)
	if answer != AnswerPending {
		return Change{}, sub, answer
	}
	sub.Renewed = now
	o.Locale = sub.Locale
	return Change{Subscriptions: []Subscription{sub}, Events: []Event{o.event(Renewed, sub, now)}}, sub, AnswerConfirmed
}

// StillMail decides, when a question's outbox row is sent, whether it is, and
// else why not: nobody is asked who answered, left, or may not be mailed.
func (s Standing) StillMail(about SystemMail, p Purpose, now time.Time) (SystemMail, string) {
	sub := s.Subscription(p.ID)
	switch v := Gate(s.Facts(p.ID, 0, "", now)); {
	case !v.Allowed:
		return MailNone, v.Code
	case p.InactiveAfter == 0 || !p.Retention.Stopped.IsZero():
		return MailNone, "retention_stopped"
	case !sub.Asked.After(sub.Renewed) || (about == MailStillAgain) != sub.Reminded.After(sub.Asked):
		return MailNone, "answered"
	}
	return about, ""
}

// EndsAfter gives how long after a question of a kind the consent ends without
// an answer.
func (r Retention) EndsAfter(about SystemMail, asked time.Time) time.Time {
	if about == MailStill {
		asked = asked.AddDate(0, 0, r.AskAgainAfter)
	}
	return asked.AddDate(0, 0, r.ExpireAfter)
}

// ForecastDays is how many days a forecast looks ahead.
const ForecastDays = 60

// RetentionDay is how many people a policy takes which step of on one day, if
// none of them gives a sign of life.
type RetentionDay struct {
	Day   time.Time // its begin in UTC
	Steps map[RetentionAct]int
}

// RetentionPerson is one of the people of a RetentionDay.
type RetentionPerson struct {
	Number int64
	ID     ID
	Step   Step
}

// DayCount is how many people something happens to on one day.
type DayCount struct {
	Day   time.Time // its begin in UTC
	Count int
}

// Forecast gives the steps that a policy takes about a person until a time, if
// they go on saying nothing and every question goes out. What is overdue is
// taken now.
func (s Standing) Forecast(p Purpose, a Activity, now, until time.Time) []Step {
	var out []Step
	for at := now; ; {
		if a.Question == QuestionWaits {
			a.Question = QuestionSent
		}
		step := s.NextStep(p, a, at)
		step.At = later(step.At, at)
		if step.Act == ActNone || step.At.After(until) {
			return out
		}
		out = append(out, step)
		sub := s.Subscription(p.ID)
		switch step.Act {
		case ActAsk:
			sub.Asked, sub.Reminded = step.At, time.Time{}
		case ActAskAgain:
			sub.Reminded = step.At
		default:
			return out
		}
		s, a.Question, at = s.After(Change{Subscriptions: []Subscription{sub}}), QuestionSent, step.At
	}
}
