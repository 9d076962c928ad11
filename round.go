package akkoord

import (
	"slices"
	"time"
)

// Round is a re-permission round: it asks those who agreed to less than a
// purpose asks for by now whether they agree to its present words (M4). Who
// does not answer is not mailed for them.
type Round struct {
	ID          int64
	PublicID    ID
	PurposeID   int64
	Version     int // of the texts when it began
	RemindAfter int // days until those who did not answer are asked once more; 0: never
	State       RoundState
	Actor       Actor
	Figures     RoundFigures
	CreatedAt   time.Time
	AskedAt     time.Time // when the last question had gone out; zero before that
	EndedAt     time.Time // when it was done or stopped; zero before that
}

// RoundState is how far a round is.
type RoundState string

// The states of a round.
const (
	RoundAsking  RoundState = "asking"  // not every question went out yet
	RoundWaiting RoundState = "waiting" // until it is time to remind
	RoundDone    RoundState = "done"    // nobody is asked any more; answers still count
	RoundStopped RoundState = "stopped" // the same, before its time
)

// Open reports whether the round still asks people.
func (s RoundState) Open() bool { return s == RoundAsking || s == RoundWaiting }

// RoundFigures count the people of a round; Asked is the sum of the next three.
type RoundFigures struct {
	Asked         int64
	Confirmed     int64 // by the round's link, or by a sign-up since
	Left          int64 // the purpose, or everything, or were erased
	NoAnswer      int64
	Reminded      int64
	LastConfirmed time.Time // zero: nobody yet
}

// maxRemindAfter is the longest time until a reminder, in days.
const maxRemindAfter = 90

// NewRound gives a round about a purpose that is about to begin. Errors:
// Invalid, and Conflict where there is nothing to ask.
func NewRound(p Purpose, remindAfter int, actor Actor) (Round, error) {
	switch {
	case remindAfter < 0 || remindAfter > maxRemindAfter:
		return Round{}, Fieldf("remind_after_days", "number_range", "The number of days until the reminder is between 0 (never) and %d.", maxRemindAfter)
	case p.Archived():
		return Round{}, p.ErrArchived()
	case p.Basis != BasisConsent:
		return Round{}, Errorf(Conflict, "basis_no_consent", "People are not mailed for %s on their consent, so there is none to ask for.", p.Slug)
	case p.Wider == 0:
		return Round{}, Errorf(Conflict, "nothing_wider", "The purpose %s asks for no more than everybody agreed to; a round follows a change of its words that is wider.", p.Slug)
	}
	return Round{PurposeID: p.ID, Version: p.Version, RemindAfter: remindAfter, State: RoundAsking, Actor: actor}, nil
}

// Askable answers whether a round may ask a person for their consent to a
// purpose's present words: only those with whom there is a living ground, who
// may be mailed on it, and who did not agree yet. To ask anybody else would be
// the unwanted mail itself.
func Askable(f Facts) Verdict {
	if slices.Contains(f.Suppressions, SuppressedBlocked) {
		return Verdict{Code: "blocked", Reason: "The person said that a sign-up was not theirs and gets no such mails."}
	}
	agreed := f.Basis == BasisConsent && !f.Outgrown
	f.Outgrown, f.LeftCampaign, f.Mailing = false, false, ""
	if v := Gate(f); !v.Allowed {
		return v
	}
	if agreed {
		return Verdict{Code: "agreed", Reason: "The person agreed to the present words."}
	}
	return Verdict{Allowed: true}
}

// Question is what a round asked one person.
type Question struct {
	Round     int64
	Request   ID // in the link of the mail
	PurposeID int64
	Version   int
	Locale    string
	AskedAt   time.Time
}

// Answers gives what a question's link is about and what pressing its button
// would come to, as Asked does for a sign-up.
func (s Standing) Answers(q Question) ([]Subscription, Answer) {
	sub := s.Subscription(q.PurposeID)
	switch {
	case sub.State == Pending, sub.State == Active && sub.Wider > q.Version:
		return nil, AnswerSuperseded // a newer mail asks for the same, or the words ask for more since
	case sub.State != Active:
		return nil, AnswerNone
	case sub.Archived:
		return []Subscription{sub}, AnswerArchived
	case sub.Basis == BasisConsent && !sub.outgrown():
		return []Subscription{sub}, AnswerAlready
	}
	sub.Version, sub.Locale, sub.Since = q.Version, q.Locale, q.AskedAt
	return []Subscription{sub}, AnswerPending
}

// Renew decides what pressing the button behind a question's link does: the
// consent is to the words of the question from then on.
func (s Standing) Renew(q Question, o Origin, now time.Time) (Change, []Subscription, Answer) {
	asked, answer := s.Answers(q)
	if answer != AnswerPending {
		return Change{}, asked, answer
	}
	sub := asked[0]
	sub.Since, sub.Request, sub.Basis, sub.Ground, sub.Origin = now, q.Request, BasisConsent, Ground{}, 0
	if sub.Agreed.IsZero() {
		sub.Agreed = now
	}
	o.Locale, o.FormID = sub.Locale, 0
	c := Change{Subscriptions: []Subscription{sub}, Events: []Event{o.event(Confirmed, sub, now)}}
	s.comeBack(&c, now)
	return c, []Subscription{sub}, AnswerConfirmed
}

// comeBack takes off a person's address what their own confirmation lifts
// (requirements-mail I.5). A complaint was about all that they got (J.9): what
// they did not confirm now ends by it, or it would be mailed again without a new
// yes to it (P15).
func (s Standing) comeBack(c *Change, now time.Time) {
	for _, k := range LiftedByConfirming {
		if s.Suppressed(k) {
			c.Lift = append(c.Lift, k)
		}
	}
	if !s.Suppressed(SuppressedComplaint) {
		return
	}
	for _, sub := range s.Subscriptions {
		confirmed := slices.ContainsFunc(c.Subscriptions, func(x Subscription) bool { return x.PurposeID == sub.PurposeID })
		if sub.State == Active && !confirmed {
			s.withdraw(c, sub, Origin{Source: "complaint", Actor: ActorSystem}, now)
		}
	}
}

// Languages gives those that the purpose has texts in, in the order of Locales.
func (p Purpose) Languages() []string {
	var out []string
	for _, l := range Locales {
		if _, ok := p.Texts[l]; ok {
			out = append(out, l)
		}
	}
	return out
}

// Language gives the language of a purpose's texts for somebody who reads
// locale: that one where the purpose has it, else the first that it has.
func (p Purpose) Language(locale string) string {
	if _, ok := p.Texts[locale]; ok {
		return locale
	}
	for _, l := range Locales {
		if _, ok := p.Texts[l]; ok {
			return l
		}
	}
	return locale
}
