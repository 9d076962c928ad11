package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// visitor plays one person through a scenario. request is the sign-up whose
// link the person holds, first the one before it.
type visitor struct {
	*Agency
	email   akkoord.Email
	person  akkoord.Subscriber // as last seen
	request akkoord.ID
	first   akkoord.ID
	left    time.Time
	moves   int
	against map[akkoord.SuppressionKind]bool // what a naive model has against mailing them
	scope   akkoord.Scope                    // of the last leaving
}

type step func(testing.TB, *visitor)

func (v *visitor) link(request akkoord.ID) akkoord.Link {
	return akkoord.Link{Subscriber: v.person.PublicID, Request: request, Purpose: v.News.ID, Campaign: v.Campaign.ID, Mailing: v.Mailing.ID}
}

// signsUp fills the form. Every sign-up, whoever it is about, succeeds and
// leaves a row in the outbox.
func signsUp(purposes ...func(*Agency) akkoord.Purpose) step {
	return func(t testing.TB, v *visitor) {
		t.Helper()
		var ticked []akkoord.Purpose
		for _, p := range purposes {
			ticked = append(ticked, p(v.Agency))
		}
		signalled(v.Store)
		if err := v.SignUp(t.Context(), v.signUp(v.email, ticked...)); err != nil {
			t.Fatal(err)
		}
		if !signalled(v.Store) {
			t.Error("the sign-up left nothing in the outbox")
		}
		st := must(v.StandingByEmail(t.Context(), v.email))(t)
		v.person = st.Subscriber
		for _, sub := range st.Subscriptions {
			if sub.State == akkoord.Pending && sub.Request != v.request {
				v.first, v.request = v.request, sub.Request
			}
		}
	}
}

func news(a *Agency) akkoord.Purpose { return a.News }
func ski(a *Agency) akkoord.Purpose  { return a.Ski }

func answers(want akkoord.Answer, request func(*visitor) akkoord.ID) step {
	return func(t testing.TB, v *visitor) {
		t.Helper()
		before := must(v.Asked(t.Context(), v.link(request(v))))(t)
		if want == akkoord.AnswerConfirmed && before.Answer != akkoord.AnswerPending || want != akkoord.AnswerConfirmed && before.Answer != want {
			t.Errorf("looking at the link said %q before confirming gave %q", before.Answer, want)
		}
		got := must(v.Confirm(t.Context(), v.link(request(v)), byLink))(t)
		if got.Answer != want {
			t.Errorf("confirming gave %q, want %q", got.Answer, want)
		}
	}
}

func confirms(want akkoord.Answer) step {
	return answers(want, func(v *visitor) akkoord.ID { return v.request })
}

func confirmsFirst(want akkoord.Answer) step {
	return answers(want, func(v *visitor) akkoord.ID { return v.first })
}

func leaves(scope akkoord.Scope, isNew bool) step {
	return func(t testing.TB, v *visitor) {
		t.Helper()
		left := must(v.Leave(t.Context(), v.link(v.request), scope, byLink))(t)
		if left.New != isNew {
			t.Errorf("leaving: new is %v, want %v", left.New, isNew)
		}
		if left.New {
			v.left = left.At
		}
	}
}

func undoes(want bool) step {
	return func(t testing.TB, v *visitor) {
		t.Helper()
		link := v.link(v.request)
		link.At = v.left
		if got := must(v.Undo(t.Context(), link, byLink))(t); got != want {
			t.Errorf("undo gave %v, want %v", got, want)
		}
	}
}

func says(t testing.TB, v *visitor) { // "this was not me"
	t.Helper()
	if err := v.NotMe(t.Context(), v.link(v.request), byLink); err != nil {
		t.Fatal(err)
	}
}

func waits(d time.Duration) step { return func(_ testing.TB, v *visitor) { v.Clock.Move(d) } }

func expires(want int) step {
	return func(t testing.TB, v *visitor) {
		t.Helper()
		if n := must(v.ExpirePending(t.Context(), 100))(t); n != want {
			t.Errorf("%d people expired, want %d", n, want)
		}
	}
}

// end is what a scenario comes to. States are those of news and ski.
type end struct {
	news, ski  akkoord.State
	lines      []string
	suppressed []akkoord.SuppressionKind
	left       bool // the campaign
	gone       bool // nothing is stored of the person any more
}

func testConsent(t *testing.T, open Open) {
	const day = 24 * time.Hour
	const never = akkoord.Never
	for _, tt := range []struct {
		name  string
		steps []step
		want  end
	}{
		{"M6 a sign-up alone is pending", []step{signsUp(news)},
			end{akkoord.Pending, never, []string{"requested news"}, nil, false, false}},
		{"M6 consent begins with the confirmation", []step{signsUp(news), confirms(akkoord.AnswerConfirmed)},
			end{akkoord.Active, never, []string{"requested news", "confirmed news"}, nil, false, false}},
		{"M6 confirming again adds nothing", []step{signsUp(news), confirms(akkoord.AnswerConfirmed), confirms(akkoord.AnswerAlready), waits(day), confirms(akkoord.AnswerAlready)},
			end{akkoord.Active, never, []string{"requested news", "confirmed news"}, nil, false, false}},
		{"M4 one link confirms all ticked purposes, each with its own consent", []step{signsUp(news, ski), confirms(akkoord.AnswerConfirmed)},
			end{akkoord.Active, akkoord.Active, []string{"requested news", "requested ski", "confirmed news", "confirmed ski"}, nil, false, false}},
		{"M4 a second purpose leaves the first as it is", []step{signsUp(news), confirms(akkoord.AnswerConfirmed), signsUp(ski)},
			end{akkoord.Active, akkoord.Pending, []string{"requested news", "confirmed news", "requested ski"}, nil, false, false}},
		{"P03 the same sign-up within a day is one request", []step{signsUp(news), waits(time.Hour), signsUp(news), confirms(akkoord.AnswerConfirmed)},
			end{akkoord.Active, never, []string{"requested news", "confirmed news"}, nil, false, false}},
		{"P03 a sign-up of another day is a new request and ends the old link", []step{signsUp(news), waits(25 * time.Hour), signsUp(news), confirmsFirst(akkoord.AnswerSuperseded), confirms(akkoord.AnswerConfirmed)},
			end{akkoord.Active, never, []string{"requested news", "requested news", "confirmed news"}, nil, false, false}},
		{"P15 signing up while active changes nothing", []step{signsUp(news), confirms(akkoord.AnswerConfirmed), signsUp(news)},
			end{akkoord.Active, never, []string{"requested news", "confirmed news"}, nil, false, false}},
		{"M13 leaving the purpose", []step{signsUp(news, ski), confirms(akkoord.AnswerConfirmed), leaves(akkoord.ScopePurpose, true)},
			end{akkoord.Withdrawn, akkoord.Active, []string{"requested news", "requested ski", "confirmed news", "confirmed ski", "withdrawn news campaign 1"}, nil, false, false}},
		{"M11 leaving twice is one leaving", []step{signsUp(news), confirms(akkoord.AnswerConfirmed), leaves(akkoord.ScopePurpose, true), waits(day), leaves(akkoord.ScopePurpose, false)},
			end{akkoord.Withdrawn, never, []string{"requested news", "confirmed news", "withdrawn news campaign 1"}, nil, false, false}},
		{"M13 leaving the campaign keeps the purpose", []step{signsUp(news), confirms(akkoord.AnswerConfirmed), leaves(akkoord.ScopeCampaign, true), leaves(akkoord.ScopeCampaign, false)},
			end{akkoord.Active, never, []string{"requested news", "confirmed news", "campaign_left news campaign 1"}, nil, true, false}},
		{"M13 leaving everything", []step{signsUp(news, ski), confirms(akkoord.AnswerConfirmed), leaves(akkoord.ScopeAll, true)},
			end{akkoord.Withdrawn, akkoord.Withdrawn, []string{"requested news", "requested ski", "confirmed news", "confirmed ski", "withdrawn news campaign 1", "withdrawn ski campaign 1"},
				[]akkoord.SuppressionKind{akkoord.SuppressedUnsubscribed}, false, false}},
		{"M13 leaving can be undone at once", []step{signsUp(news, ski), confirms(akkoord.AnswerConfirmed), leaves(akkoord.ScopeAll, true), undoes(true), undoes(false)},
			end{akkoord.Active, akkoord.Active, []string{"requested news", "requested ski", "confirmed news", "confirmed ski",
				"withdrawn news campaign 1", "withdrawn ski campaign 1", "reinstated news campaign 1", "reinstated ski campaign 1"}, nil, false, false}},
		{"M13 leaving a campaign can be undone", []step{signsUp(news), confirms(akkoord.AnswerConfirmed), leaves(akkoord.ScopeCampaign, true), undoes(true)},
			end{akkoord.Active, never, []string{"requested news", "confirmed news", "campaign_left news campaign 1", "campaign_rejoined news campaign 1"}, nil, false, false}},
		{"P15 leaving can't be undone later", []step{signsUp(news), confirms(akkoord.AnswerConfirmed), leaves(akkoord.ScopePurpose, true), waits(2 * time.Hour), undoes(false)},
			end{akkoord.Withdrawn, never, []string{"requested news", "confirmed news", "withdrawn news campaign 1"}, nil, false, false}},
		{"P15 undoing what was never active makes nothing active", []step{signsUp(news), leaves(akkoord.ScopePurpose, true), undoes(false)},
			end{akkoord.Withdrawn, never, []string{"requested news", "withdrawn news campaign 1"}, nil, false, false}},
		{"P15 an old link brings nobody back", []step{signsUp(news), confirms(akkoord.AnswerConfirmed), leaves(akkoord.ScopePurpose, true), confirms(akkoord.AnswerNone)},
			end{akkoord.Withdrawn, never, []string{"requested news", "confirmed news", "withdrawn news campaign 1"}, nil, false, false}},
		{"P15 a stranger's sign-up lifts nothing, the person's confirmation does", []step{signsUp(news), confirms(akkoord.AnswerConfirmed), leaves(akkoord.ScopeAll, true), signsUp(news)},
			end{akkoord.Pending, never, []string{"requested news", "confirmed news", "withdrawn news campaign 1", "requested news"},
				[]akkoord.SuppressionKind{akkoord.SuppressedUnsubscribed}, false, false}},
		{"M13 who left comes back by confirming anew", []step{signsUp(news), confirms(akkoord.AnswerConfirmed), leaves(akkoord.ScopeAll, true), signsUp(news), confirms(akkoord.AnswerConfirmed)},
			end{akkoord.Active, never, []string{"requested news", "confirmed news", "withdrawn news campaign 1", "requested news", "confirmed news"}, nil, false, false}},
		{"F.15 not me forgets the person and blocks the address", []step{signsUp(news), says},
			end{never, never, nil, []akkoord.SuppressionKind{akkoord.SuppressedBlocked}, false, true}},
		{"F.15 not me keeps what was confirmed", []step{signsUp(news), confirms(akkoord.AnswerConfirmed), signsUp(ski), says},
			end{akkoord.Active, akkoord.Withdrawn, []string{"requested news", "confirmed news", "requested ski", "refused ski"},
				[]akkoord.SuppressionKind{akkoord.SuppressedBlocked}, false, false}},
		{"I.5 a confirmation does not end a block", []step{signsUp(news), says, signsUp(news), confirms(akkoord.AnswerConfirmed)},
			end{akkoord.Active, never, []string{"requested news", "confirmed news"}, []akkoord.SuppressionKind{akkoord.SuppressedBlocked}, false, false}},
		{"F.12 who never confirms is forgotten", []step{signsUp(news), waits(13 * day), expires(0), waits(2 * day), expires(1), expires(0), confirms(akkoord.AnswerNone)},
			end{never, never, nil, nil, false, true}},
		{"F.12 what expires of a person who stays is a line of its own", []step{signsUp(news), confirms(akkoord.AnswerConfirmed), signsUp(ski), waits(15 * day), expires(1)},
			end{akkoord.Active, akkoord.Lapsed, []string{"requested news", "confirmed news", "requested ski", "expired ski"}, nil, false, false}},
		{"contract: leaving by the link of a person who is gone succeeds", []step{signsUp(news), says, leaves(akkoord.ScopeAll, false), undoes(false)},
			end{never, never, nil, []akkoord.SuppressionKind{akkoord.SuppressedBlocked}, false, true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := &visitor{Agency: newAgency(t, open), email: email(t, "Anouk@Voorbeeld.example")}
			for _, s := range tt.steps {
				s(t, v)
			}
			v.check(t, tt.want)
		})
	}
}

// check compares what the store holds with the end of the scenario, and the
// ledger with its chain.
func (v *visitor) check(t *testing.T, want end) {
	t.Helper()
	st := must(v.StandingByEmail(t.Context(), v.email))(t)
	got := end{
		news: st.Subscription(v.News.ID).State, ski: st.Subscription(v.Ski.ID).State, suppressed: st.Suppressions,
		left: st.HasLeft(v.Campaign.ID), gone: st.Subscriber.ID == 0,
	}
	if !got.gone {
		got.lines = v.lines(t, st.Subscriber.ID)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(end{})); diff != "" {
		t.Errorf("the end (-want +got):\n%s", diff)
	}
	if got.gone {
		for _, e := range must(v.Events(t.Context(), v.person.ID))(t) {
			if e.Evidence != (akkoord.Evidence{}) {
				t.Errorf("line %d of a forgotten person still has evidence (M19)", e.Seq)
			}
		}
	}
	if _, err := v.VerifyLedger(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// testRepeats is about what a sign-up by a stranger may and may not do to a
// person who is known.
// K.6: what a browser worked out counts for one sign-up, whoever sends it again and on
// whatever node at once, and what is refused leaves nothing.
func testSolvedChallenges(t *testing.T, open Open) {
	a := newAgency(t, open)
	solved := akkoord.SolvedChallenge{Signature: [32]byte{1}, Until: a.Clock.Now().Add(20 * time.Minute)}
	const senders = 8
	refusals := make(chan error, senders)
	for i := range senders {
		in := a.signUp(email(t, fmt.Sprintf("n%d@voorbeeld.example", i)), a.News)
		in.Challenge = solved
		go func() { refusals <- a.SignUp(t.Context(), in) }()
	}
	spent := 0
	for range senders {
		if err := <-refusals; akkoord.CodeOf(err) == "challenge_spent" {
			spent++
		} else if err != nil {
			t.Error(err)
		}
	}
	people, _, err := a.People(t.Context(), akkoord.PeopleFilter{}, akkoord.Page{})
	if err != nil || len(people) != 1 || spent != senders-1 {
		t.Errorf("%d people, %d refused: %v", len(people), spent, err)
	}
	in := a.signUp(email(t, "other@voorbeeld.example"), a.News)
	in.Challenge = akkoord.SolvedChallenge{Signature: [32]byte{2}, Until: solved.Until}
	noFault(t, a.SignUp(t.Context(), in))
}

func testRepeats(t *testing.T, open Open) {
	a := newAgency(t, open)
	before := a.active(t, "anouk@voorbeeld.example", a.News)
	for _, address := range []string{"anouk@voorbeeld.example", "ANOUK@VOORBEELD.example"} {
		in := a.signUp(email(t, address), a.News)
		in.Name, in.Locale, in.Interests = "Iemand anders", "en", []string{"strand"}
		if err := a.SignUp(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	after := must(a.StandingByEmail(t.Context(), before.Subscriber.Email))(t)
	if diff := cmp.Diff(before, after, cmp.AllowUnexported(akkoord.Email{})); diff != "" {
		t.Errorf("a stranger's sign-up changed the person (-before +after):\n%s", diff)
	}
	if people, _, err := a.People(t.Context(), akkoord.PeopleFilter{}, akkoord.Page{}); err != nil || len(people) != 1 {
		t.Errorf("%d people, %v; spellings of one address are one person (requirements-mail B.11)", len(people), err)
	}

	edited := a.News
	edited.Texts = Purpose("travel-news").Texts
	edited.Texts["nl"] = akkoord.PurposeText{Name: "Reisnieuws", Explanation: "Anders.", Wording: "Ja, graag."}
	edited.Change = akkoord.WordingChange{Kind: akkoord.WordingCorrection, Reason: "shorter"}
	edited = must(a.PutPurpose(t.Context(), Admin, edited))(t)
	v := &visitor{Agency: a, email: email(t, "bram@voorbeeld.example")}
	signsUp(news)(t, v)
	a.News = edited
	signsUp(news)(t, v)
	if v.first.IsZero() {
		t.Error("a sign-up that showed other texts repeated the earlier request (M4)")
	}
	confirms(akkoord.AnswerConfirmed)(t, v)
	st := must(a.StandingByEmail(t.Context(), v.email))(t)
	if got := st.Subscription(a.News.ID).Version; got != 2 {
		t.Errorf("the consent is to version %d of the texts, want the one seen last, 2 (M4)", got)
	}
	if diff := cmp.Diff([]string{"requested news", "requested news", "confirmed news"}, a.lines(t, st.Subscriber.ID)); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}

	signalled(a.Store)
	if err := a.Resend(t.Context(), v.link(v.request)); err != nil || signalled(a.Store) {
		t.Errorf("a mail was asked for again when there was nothing to confirm (%v)", err)
	}

	hasty := &visitor{Agency: a, email: email(t, "hasty@voorbeeld.example")}
	signsUp(news)(t, hasty)
	for _, press := range []struct {
		after time.Duration
		mail  bool
	}{{0, false}, {akkoord.Limits.ResendPause - time.Second, false}, {2 * time.Second, true}, {time.Minute, false}, {akkoord.Limits.ResendPause, true}} {
		a.Clock.Move(press.after)
		if err := a.Resend(t.Context(), hasty.link(hasty.request)); err != nil || signalled(a.Store) != press.mail {
			t.Errorf("asked for again after another %v: %v, a mail: %v, want %v (requirements-mail F.13)", press.after, err, !press.mail, press.mail)
		}
	}
}
