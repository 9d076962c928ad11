package akkoord

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var retentionStart = time.Date(2027, 1, 15, 9, 30, 0, 0, time.UTC)

func dayOf(n int) time.Time { return retentionStart.AddDate(0, 0, n) }

// yearly asks after 365 days, again after 14, and ends after 10 more.
func yearly(signals ...Signal) Purpose {
	return Purpose{ID: 1, Slug: "news", Basis: BasisConsent, InactiveAfter: 365, Retention: Retention{AskAgainAfter: 14, ExpireAfter: 10, Signals: signals}}
}

func consented(change func(*Subscription)) Standing {
	sub := Subscription{PurposeID: 1, State: Active, Basis: BasisConsent, Since: retentionStart, Agreed: retentionStart, Version: 1, Locale: "nl"}
	if change != nil {
		change(&sub)
	}
	return Standing{Subscriber: Subscriber{ID: 7, Locale: "nl"}, Subscriptions: []Subscription{sub}}
}

func TestWhatRetentionDoesNextM18(t *testing.T) {
	all := yearly(Signals...)
	counted := func(since int) func(*Subscription) { return func(s *Subscription) { s.Tracking = dayOf(since) } }
	asked := func(first, second int) func(*Subscription) {
		return func(s *Subscription) {
			s.Asked = dayOf(first)
			if second > 0 {
				s.Reminded = dayOf(second)
			}
		}
	}
	stopped, longer := all, all
	longer.InactiveAfter = 500
	stopped.Retention.Stopped = dayOf(1)
	suppressed := consented(nil)
	suppressed.Suppressions = []SuppressionKind{SuppressedHardBounce}
	paused := consented(nil)
	paused.PausedUntil = dayOf(420)
	sent := Activity{Question: QuestionSent}
	for name, c := range map[string]struct {
		person Standing
		policy Purpose
		a      Activity
		want   Step
	}{
		"a year of silence":                   {consented(nil), all, Activity{}, Step{Act: ActAsk, At: dayOf(365)}},
		"still wanted lately":                 {consented(func(s *Subscription) { s.Renewed = dayOf(100) }), all, Activity{}, Step{Act: ActAsk, At: dayOf(465)}},
		"no policy":                           {consented(nil), Purpose{ID: 1}, Activity{}, alone("no_policy")},
		"stopped":                             {consented(nil), stopped, Activity{}, alone("stopped")},
		"not in":                              {consented(func(s *Subscription) { s.State = Withdrawn }), all, Activity{}, alone("not_active")},
		"a contract":                          {consented(func(s *Subscription) { s.Basis = BasisContract }), all, Activity{}, alone("other_basis")},
		"mail bounces":                        {suppressed, all, Activity{}, alone("bounced")},
		"a pause puts it off":                 {paused, all, Activity{}, Step{Act: ActAsk, At: dayOf(420)}},
		"never for want of a click":           {consented(nil), yearly(SignalClick, SignalVisit), Activity{}, alone("not_counted")},
		"clicks that were not to be counted":  {consented(nil), yearly(SignalConsentAge), Activity{Clicked: dayOf(300)}, Step{Act: ActAsk, At: dayOf(365)}},
		"counted, and a click":                {consented(counted(10)), all, Activity{Clicked: dayOf(300)}, Step{Act: ActAsk, At: dayOf(665)}},
		"counted, and a visit":                {consented(counted(10)), all, Activity{Visited: dayOf(200)}, Step{Act: ActAsk, At: dayOf(565)}},
		"a visit that the policy leaves out":  {consented(counted(10)), yearly(SignalClick), Activity{Visited: dayOf(200)}, Step{Act: ActAsk, At: dayOf(375)}},
		"counted since lately":                {consented(counted(200)), yearly(SignalClick), Activity{}, Step{Act: ActAsk, At: dayOf(565)}},
		"asked":                               {consented(asked(370, 0)), all, sent, Step{Act: ActAskAgain, At: dayOf(384)}},
		"asked twice":                         {consented(asked(370, 384)), all, sent, Step{Act: ActExpire, At: dayOf(394)}},
		"asked twice, refused by the mailbox": {consented(asked(370, 384)), all, Activity{Question: QuestionRefused}, Step{Act: ActExpire, At: dayOf(394)}},
		"the first question got lost":         {consented(asked(370, 0)), all, Activity{}, Step{Act: ActAsk, At: dayOf(384)}},
		"the second question got lost":        {consented(asked(370, 384)), all, Activity{}, Step{Act: ActAskAgain, At: dayOf(394)}},
		"the question waits":                  {consented(asked(370, 384)), all, Activity{Question: QuestionWaits}, alone("question_waits")},
		"asked, then clicked":                 {consented(func(s *Subscription) { counted(1)(s); asked(370, 384)(s) }), all, Activity{Clicked: dayOf(390), Question: QuestionSent}, Step{Act: ActAsk, At: dayOf(755)}},
		"asked by a shorter policy":           {consented(asked(40, 54)), longer, sent, Step{Act: ActAsk, At: dayOf(500)}},
	} {
		if got := c.person.NextStep(c.policy, c.a, dayOf(400)); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestTheEndOfSilenceForgetsWhoHasNothingElseM18(t *testing.T) {
	gone := func(s *Subscription) { s.Asked, s.Reminded = dayOf(370), dayOf(384) }
	other := func(state State, agreed time.Time) Standing {
		s := consented(gone)
		s.Subscriptions = append(s.Subscriptions, Subscription{PurposeID: 2, State: state, Basis: BasisConsent, Since: dayOf(1), Agreed: agreed})
		return s
	}
	for name, c := range map[string]struct {
		person Standing
		forget bool
	}{
		"nothing else":                   {consented(gone), true},
		"another purpose":                {other(Active, dayOf(1)), false},
		"another that waits":             {other(Pending, time.Time{}), false},
		"another without proof":          {other(Held, time.Time{}), false},
		"one that was left, with proof":  {other(Withdrawn, dayOf(1)), false},
		"one that was left, unconfirmed": {other(Withdrawn, time.Time{}), true},
		"one that ended":                 {other(Lapsed, dayOf(1)), true},
	} {
		got, step := c.person.Retain(yearly(Signals...), Activity{Question: QuestionSent}, ID{9}, dayOf(394))
		if step.Act != ActExpire || len(got.Events) != 1 || got.Events[0].Kind != Expiry || got.Events[0].Source != "inactivity" ||
			got.Subscriptions[0].State != Lapsed || got.Forget != c.forget || slices.Contains(got.Suppress, SuppressedExpired) != c.forget {
			t.Errorf("%s: %+v %+v", name, step, got)
		}
		// P17: a backup from before brings nobody back who was forgotten.
		if departed := len(got.Departures(AddressHash{}, dayOf(394))) > 0; departed != c.forget {
			t.Errorf("%s: departs %v", name, departed)
		}
	}
	early, _ := consented(gone).Retain(yearly(Signals...), Activity{Question: QuestionSent}, ID{9}, dayOf(394).Add(-time.Second))
	if !early.IsZero() {
		t.Errorf("before its time: %+v", early)
	}
}

func TestAYesIsRecordedOnceAndBringsNobodyBackM18P15(t *testing.T) {
	s := consented(func(s *Subscription) { s.Asked = dayOf(370) })
	c, sub, answer := s.Keep(1, Origin{Source: "keep", Actor: ActorPerson}, dayOf(371))
	if answer != AnswerConfirmed || len(c.Events) != 1 || c.Events[0].Kind != Renewed || c.Events[0].WordingVersion != 1 || !sub.Renewed.Equal(dayOf(371)) || !sub.Since.Equal(retentionStart) {
		t.Fatalf("%s %+v", answer, c)
	}
	s = s.After(c)
	if again, _, answer := s.Keep(1, Origin{}, dayOf(372)); !again.IsZero() || answer != AnswerAlready {
		t.Errorf("a second press: %s %+v", answer, again)
	}
	if got := s.NextStep(yearly(Signals...), Activity{Question: QuestionSent}, dayOf(400)); got != (Step{Act: ActAsk, At: dayOf(736)}) {
		t.Errorf("after a yes: %+v", got)
	}
	for _, state := range []State{Pending, Withdrawn, Lapsed, Held} {
		if c, _, answer := consented(func(s *Subscription) { s.State = state }).Keep(1, Origin{}, dayOf(371)); !c.IsZero() || answer != AnswerNone {
			t.Errorf("%s: %s %+v", state, answer, c)
		}
	}
}

func TestQuestionsAskTheGateAgainM1M18(t *testing.T) {
	once := consented(func(s *Subscription) { s.Asked = dayOf(370) })
	twice := consented(func(s *Subscription) { s.Asked, s.Reminded = dayOf(370), dayOf(384) })
	answered := consented(func(s *Subscription) { s.Asked, s.Renewed = dayOf(370), dayOf(371) })
	paused, bounced := once, once
	paused.PausedUntil = dayOf(500)
	bounced.Suppressions = []SuppressionKind{SuppressedHardBounce}
	stopped := yearly(Signals...)
	stopped.Retention.Stopped = dayOf(371)
	for name, c := range map[string]struct {
		person Standing
		about  SystemMail
		policy Purpose
		want   SystemMail
		code   string
	}{
		"asked":             {once, MailStill, yearly(Signals...), MailStill, ""},
		"asked again":       {twice, MailStillAgain, yearly(Signals...), MailStillAgain, ""},
		"overtaken":         {twice, MailStill, yearly(Signals...), MailNone, "answered"},
		"answered":          {answered, MailStill, yearly(Signals...), MailNone, "answered"},
		"paused":            {paused, MailStill, yearly(Signals...), MailNone, "paused"},
		"bounced":           {bounced, MailStill, yearly(Signals...), MailNone, "bounced"},
		"stopped":           {once, MailStill, stopped, MailNone, "retention_stopped"},
		"nobody is there":   {Standing{}, MailStill, yearly(Signals...), MailNone, "unknown"},
		"the policy is off": {once, MailStill, Purpose{ID: 1}, MailNone, "retention_stopped"},
	} {
		if mail, code := c.person.StillMail(c.about, c.policy, dayOf(390)); mail != c.want || code != c.code {
			t.Errorf("%s: %q %q", name, mail, code)
		}
	}
}

// M18: over any history of questions, yeses and counting, nobody's consent ends
// who was not asked twice by mails that went out, each with its time to answer
// after it, and nobody is judged by clicks that were not to be counted.
func TestNobodyEndsUnaskedM18(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		signals := rapid.SliceOfNDistinct(rapid.SampledFrom(Signals), 1, 3, func(s Signal) Signal { return s }).Draw(rt, "signals")
		p := Purpose{ID: 1, InactiveAfter: rapid.IntRange(30, 90).Draw(rt, "inactive"), Retention: Retention{
			AskAgainAfter: rapid.IntRange(1, 28).Draw(rt, "again"), ExpireAfter: rapid.IntRange(1, 28).Draw(rt, "expire"), Signals: signals}}
		s, a, now := consented(nil), Activity{}, retentionStart
		var delivered []time.Time // of the round
		for range 60 {
			now = now.Add(time.Duration(rapid.IntRange(1, 40*24).Draw(rt, "hours")) * time.Hour)
			sub := s.Subscription(1)
			switch rapid.IntRange(0, 5).Draw(rt, "act") {
			case 0:
				c := s.Track(1, sub.Tracking.IsZero(), Origin{}, now)
				s, a.Clicked, a.Visited = s.After(c), time.Time{}, time.Time{}
			case 1:
				if !sub.Tracking.IsZero() {
					a.Clicked = now
				}
			case 2:
				c, _, answer := s.Keep(1, Origin{}, now)
				if s = s.After(c); answer == AnswerConfirmed {
					delivered = nil
				}
			default:
				c, step := s.Retain(p, a, ID{1}, now)
				if c.IsZero() {
					continue
				}
				if sub.Tracking.IsZero() && !slices.Contains(signals, SignalConsentAge) {
					rt.Fatalf("%s of somebody who is not to be judged", step.Act)
				}
				s = s.After(c)
				if step.Act == ActExpire {
					if n := len(delivered); n < 2 || now.Sub(delivered[n-1]) < time.Duration(p.Retention.ExpireAfter)*24*time.Hour || now.Sub(delivered[n-2]) < time.Duration(p.Retention.AskAgainAfter+p.Retention.ExpireAfter)*24*time.Hour {
						rt.Fatalf("ended at %v after questions at %v", now, delivered)
					}
					return
				}
				if step.Act == ActAsk {
					delivered = nil
				}
				a.Question = rapid.SampledFrom([]QuestionState{QuestionSent, QuestionSent, QuestionSent, QuestionLost}).Draw(rt, "question")
				if a.Question == QuestionSent {
					delivered = append(delivered, now)
				}
			}
		}
	})
}

func TestWhatIsOverIsForgottenF12F16(t *testing.T) {
	sub := func(id int64, state State, since, agreed time.Time) Subscription {
		return Subscription{PurposeID: id, State: state, Basis: BasisConsent, Since: since, Agreed: agreed}
	}
	never := time.Time{}
	proofOver := time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		subs   []Subscription
		left   bool
		now    time.Time
		forget bool
		stays  []SuppressionKind
	}{
		"nothing":                      {nil, false, proofOver, false, nil},
		"left before confirming":       {[]Subscription{sub(1, Withdrawn, dayOf(0), never)}, false, dayOf(14), true, []SuppressionKind{SuppressedUnsubscribed}},
		"not yet":                      {[]Subscription{sub(1, Withdrawn, dayOf(0), never)}, false, dayOf(13), false, nil},
		"expired one by one":           {[]Subscription{sub(1, Lapsed, dayOf(0), never), sub(2, Lapsed, dayOf(3), never)}, false, dayOf(17), true, nil},
		"a sign-up hid that they left": {[]Subscription{sub(1, Lapsed, dayOf(0), never)}, true, dayOf(17), true, []SuppressionKind{SuppressedUnsubscribed}},
		"proof is kept three years":    {[]Subscription{sub(1, Withdrawn, dayOf(9), dayOf(0))}, false, proofOver.Add(-time.Second), false, nil},
		"to the end of the year":       {[]Subscription{sub(1, Withdrawn, dayOf(9), dayOf(0))}, false, proofOver, true, []SuppressionKind{SuppressedUnsubscribed}},
		"ended by silence":             {[]Subscription{sub(1, Lapsed, dayOf(9), dayOf(0))}, false, proofOver, true, []SuppressionKind{SuppressedExpired}},
		"one is alive":                 {[]Subscription{sub(1, Lapsed, dayOf(0), never), sub(2, Active, dayOf(0), dayOf(0))}, false, proofOver, false, nil},
		"imported, nothing to go by":   {[]Subscription{sub(1, Held, dayOf(0), never)}, false, proofOver, false, nil},
	} {
		got := Standing{Subscriber: Subscriber{ID: 7}, Subscriptions: c.subs}.Outlive(c.left, c.now)
		if got.Forget != c.forget || cmp.Diff(c.stays, got.Suppress) != "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// M18: policies are said in months and kept in days.
func TestMonthsOfDays(t *testing.T) {
	for months := 1; months <= 120; months++ {
		if got := DayMonths(MonthDays(months)); got != months {
			t.Errorf("%d months are %d days, which are %d months", months, MonthDays(months), got)
		}
	}
	for days, want := range map[int]int{0: 0, 1: 0, 29: 0, 30: 1, 31: 0, 365: 12, 364: 0, 400: 0, 730: 24, 3650: 120} {
		if got := DayMonths(days); got != want {
			t.Errorf("%d days are %d months, want %d", days, got, want)
		}
	}
}
