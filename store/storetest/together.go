package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// testTogether is about many callers at once.
func testTogether(t *testing.T, open Open) {
	t.Run("M6 twenty clicks at once are one confirmation", func(t *testing.T) {
		a := newAgency(t, open)
		v := &visitor{Agency: a, email: email(t, "anouk@voorbeeld.example")}
		signsUp(news, ski)(t, v)
		var confirmed, already atomic.Int64
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				asked, err := a.Confirm(t.Context(), v.link(v.request), byLink)
				if err != nil {
					t.Error(err)
				}
				switch asked.Answer {
				case akkoord.AnswerConfirmed:
					confirmed.Add(1)
				case akkoord.AnswerAlready:
					already.Add(1)
				}
			})
		}
		wg.Wait()
		if confirmed.Load() != 1 || already.Load() != 19 {
			t.Errorf("%d confirmed and %d were told they had already", confirmed.Load(), already.Load())
		}
		v.check(t, end{news: akkoord.Active, ski: akkoord.Active, lines: []string{"requested news", "requested ski", "confirmed news", "confirmed ski"}})
	})

	t.Run("one address at once is one person with one request", func(t *testing.T) {
		a := newAgency(t, open)
		e := email(t, "anouk@voorbeeld.example")
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if err := a.SignUp(t.Context(), a.signUp(e, a.News)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		st := must(a.StandingByEmail(t.Context(), e))(t)
		if diff := cmp.Diff([]string{"requested news"}, a.lines(t, st.Subscriber.ID)); diff != "" {
			t.Errorf("ledger (-want +got):\n%s", diff)
		}
	})

	t.Run("P01 a reader sees what was acknowledged, and a change that fails harms no neighbour", func(t *testing.T) {
		a := newAgency(t, open)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for j := range 25 {
					e := email(t, fmt.Sprintf("p%d-%d@voorbeeld.example", i, j))
					if err := a.SignUp(t.Context(), a.signUp(e, a.News)); err != nil {
						t.Error(err)
					}
					if st, err := a.StandingByEmail(t.Context(), e); err != nil || st.Subscription(a.News.ID).State != akkoord.Pending {
						t.Errorf("after the answer the sign-up is %s, %v", st.Subscription(a.News.ID).State, err)
					}
				}
			})
			wg.Go(func() {
				for range 25 {
					if _, err := a.PutPurpose(t.Context(), Admin, Purpose("travel-news")); akkoord.CodeOf(err) != "slug_taken" {
						t.Errorf("a slug that is taken gave %v", err)
					}
				}
			})
		}
		wg.Wait()
		if head, err := a.VerifyLedger(t.Context(), nil); err != nil || head.Seq != 4+200 {
			t.Errorf("the ledger has %d lines, %v; want one per sign-up", head.Seq, err)
		}
		if trail := a.trail(t); len(trail) != 5 {
			t.Errorf("the audit trail has %d lines; what failed leaves none", len(trail))
		}
	})

	t.Run("P01 a closed store says that it is unavailable", func(t *testing.T) {
		a := newAgency(t, open)
		if err := a.Ready(t.Context()); err != nil {
			t.Errorf("an open store is not ready: %v", err)
		}
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				for j := range 50 {
					err := a.SignUp(t.Context(), a.signUp(email(t, fmt.Sprintf("p%d-%d@voorbeeld.example", i, j)), a.News))
					if err != nil && akkoord.KindOf(err) != akkoord.Unavailable {
						t.Errorf("a sign-up while the store closes gave %v", err)
					}
				}
			})
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
		if err := a.SignUp(t.Context(), a.signUp(email(t, "late@voorbeeld.example"), a.News)); akkoord.KindOf(err) != akkoord.Unavailable {
			t.Errorf("a sign-up after closing gave %v", err)
		}
		if err := a.Ready(t.Context()); err == nil {
			t.Error("a closed store is ready")
		}
	})
}
