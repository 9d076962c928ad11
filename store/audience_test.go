package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// Whatever the size of a step, the gate is asked about everybody once.
func TestTheGateIsAskedAboutEverybodyOnceInStepsOfAnySize(t *testing.T) {
	const people = 7
	s := newSending(t, people)
	m, err := s.MailingByID(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	c, narrow, err := s.choice(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	for step := int64(1); step <= people+1; step++ {
		var asked int64
		err := s.askInSteps(t.Context(), step, c.PurposeID, c.ID, narrow, func(_ akkoord.Facts, n int64) { asked += n })
		if err != nil || asked != people {
			t.Errorf("in steps of %d it is asked about %d of %d: %v", step, asked, people, err)
		}
	}
}

// Whom the gate leaves out is put down step by step, each person once, as it was when their
// step was frozen; and everybody is either frozen or left out (M11).
func TestFreezingInStepsPutsDownWhoIsLeftOutOnce(t *testing.T) {
	const people = 40
	for _, wider := range []int{0, 2} {
		s := newSending(t, people)
		m := s.mailing
		ask := m
		ask.StartedAt = time.Time{} // as nobody were frozen
		var before akkoord.Audience
		err := s.update(t.Context(), "unfreeze", func(t *tx) error {
			for _, q := range []string{
				`DELETE FROM delivery`, `DELETE FROM delivery_chunk`,
				`UPDATE subscription SET state = 'withdrawn' WHERE subscriber_id % 5 = 0`,
				`UPDATE subscription SET basis = 'existing_customer', version = 0 WHERE subscriber_id % 7 = 0`,
				`UPDATE subscriber SET paused_until = 9000000000000000 WHERE id % 11 = 0`,
				`INSERT INTO campaign_leave (subscriber_id, campaign_id, at) SELECT id, 1, 1 FROM subscriber WHERE id IN (1, 13, 14)`,
				`INSERT INTO suppression (hash, kind, at) SELECT email_hash, 'hard_bounce', 1 FROM subscriber WHERE id IN (2, 3, 17)`,
				`INSERT INTO suppression (hash, kind, at) SELECT email_hash, 'blocked', 1 FROM subscriber WHERE id IN (3, 4)`,
				fmt.Sprintf(`UPDATE purpose SET wider = %d`, wider),
			} {
				if err := t.exec(q); err != nil {
					return err
				}
			}
			return t.beginFreeze(m.ID)
		})
		if err == nil {
			before, err = s.Audience(t.Context(), ask)
		}
		for more := true; more && err == nil; {
			err = s.update(t.Context(), "freeze", func(t *tx) (err error) { more, err = t.freeze(m, 3); return err })
		}
		if err != nil {
			t.Fatal(err)
		}
		after, err := s.Audience(t.Context(), m)
		if diff := cmp.Diff(before, after); err != nil || diff != "" || after.Total != people || len(after.LeftOut) < 4 {
			t.Errorf("wider %d: %v\n%s\n%+v", wider, err, diff, after)
		}
	}
}
