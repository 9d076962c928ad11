package figures_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"akkoord"
	"akkoord/server/figures"
)

// slowStore has one mailing, and takes a second to count who read it.
type slowStore struct {
	figures.Store
	mailing akkoord.Mailing
	asked   int
}

func (s *slowStore) StartedMailings(context.Context, int64, time.Time, int) ([]akkoord.Mailing, error) {
	return []akkoord.Mailing{s.mailing}, nil
}

func (s *slowStore) Counts(context.Context, int64) (akkoord.Counts, error) {
	return akkoord.Counts{}, nil
}

func (s *slowStore) ReadersOf(context.Context, []int64) (map[int64]akkoord.Readers, error) {
	time.Sleep(time.Second)
	s.asked++
	return map[int64]akkoord.Readers{s.mailing.ID: {Left: 7}}, nil
}

// TestComparingRemembersWhoRead counts the readers of many people once for many
// looks, and anew once a mailing moves.
func TestComparingRemembersWhoRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slowStore{mailing: akkoord.Mailing{ID: 3, State: akkoord.MailingSending}}
		r := figures.NewReader(store, time.Now)
		look := func(asked int) {
			t.Helper()
			all, err := r.Compare(t.Context(), 1)
			if err != nil || len(all) != 1 || all[0].Left != 7 || store.asked != asked {
				t.Errorf("%+v, %v, counted %d times", all, err, store.asked)
			}
		}
		look(1)
		look(1)
		store.mailing.State = akkoord.MailingSent
		look(2)
		look(2)
	})
}
