package store

import (
	"runtime"
	"slices"
	"sync"
	"testing"

	"akkoord"
)

// inOneGroup runs acts so that they share a commit, in their order: each is in
// the queue before the next begins, and the writer is held until all are.
func inOneGroup(t *testing.T, s *Store, acts ...func() error) {
	t.Helper()
	held, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	run := func(act func() error) {
		wg.Go(func() {
			if err := act(); err != nil {
				t.Error(err)
			}
		})
	}
	run(func() error {
		return s.record(t.Context(), "hold", func(*tx) error { close(held); <-release; return nil })
	})
	<-held
	for i, act := range acts {
		run(act)
		for len(s.writer.queue) <= i {
			runtime.Gosched()
		}
	}
	close(release)
	wg.Wait()
}

// What is read ahead of a group must not be older than what its changes wrote (M3,
// M13): an address that signs up twice is one person, and who leaves twice left
// once.
func TestChangesOfOneGroupSeeWhatThoseBeforeThemWrote(t *testing.T) {
	s := openForTest(t)
	ctx := t.Context()
	person := akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson, Locale: "nl", Privacy: 1}
	news, err := s.PutPurpose(ctx, akkoord.ActorSystem, akkoord.Purpose{Slug: "news", Basis: akkoord.BasisConsent, Texts: map[string]akkoord.PurposeText{
		"nl": {Name: "Nieuws", Explanation: "Waarvoor wij uw adres gebruiken.", Wording: "Ja, stuur mij nieuws."},
	}})
	if err != nil {
		t.Fatal(err)
	}
	address := func(text string) akkoord.Email {
		e, err := akkoord.ParseEmail(text)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	signUp := func(e akkoord.Email) func() error {
		return func() error {
			return s.SignUp(ctx, akkoord.SignUp{Email: e, Locale: "nl", Purposes: []akkoord.Purpose{news}, Origin: person})
		}
	}
	anouk, bram := address("anouk@voorbeeld.example"), address("bram@voorbeeld.example")
	inOneGroup(t, s, signUp(anouk), signUp(bram), signUp(anouk))
	link := map[akkoord.Email]akkoord.Link{}
	for _, e := range []akkoord.Email{anouk, bram} {
		st, err := s.StandingByEmail(ctx, e)
		if err != nil || st.Subscriber.ID == 0 || st.Subscription(news.ID).State != akkoord.Pending {
			t.Fatalf("after signing up: %+v, %v", st, err)
		}
		link[e] = akkoord.Link{Subscriber: st.Subscriber.PublicID, Request: st.Subscription(news.ID).Request, Purpose: news.ID}
	}

	answers := make([]akkoord.Answer, 3)
	confirm := func(i int, e akkoord.Email) func() error {
		return func() error {
			asked, err := s.Confirm(ctx, link[e], person)
			answers[i] = asked.Answer
			return err
		}
	}
	left := make([]akkoord.Left, 3)
	leave := func(i int, e akkoord.Email) func() error {
		return func() (err error) {
			left[i], err = s.Leave(ctx, link[e], akkoord.ScopePurpose, person)
			return err
		}
	}
	inOneGroup(t, s, confirm(0, anouk), confirm(1, bram), leave(0, anouk), confirm(2, bram), leave(1, anouk), signUp(anouk), leave(2, bram))
	if answers[0] != akkoord.AnswerConfirmed || answers[1] != akkoord.AnswerConfirmed || answers[2] == akkoord.AnswerConfirmed {
		t.Errorf("confirming gave %q; want the first of each person to count", answers)
	}
	if !left[0].New || left[1].New || !left[1].At.Equal(left[0].At) || !left[2].New {
		t.Errorf("leaving gave %+v; want the second to say when the first was", left)
	}
	for e, want := range map[akkoord.Email][]akkoord.EventKind{
		anouk: {akkoord.Requested, akkoord.Confirmed, akkoord.Withdrew, akkoord.Requested},
		bram:  {akkoord.Requested, akkoord.Confirmed, akkoord.Withdrew},
	} {
		events, err := s.EventsOf(ctx, link[e].Subscriber)
		var got []akkoord.EventKind
		for _, x := range events {
			got = append(got, x.Kind)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("the ledger says %v, %v; want %v", got, err, want)
		}
	}
	if _, err := s.VerifyLedger(ctx, nil); err != nil {
		t.Error(err)
	}
}
