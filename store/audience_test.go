package store

import (
	"testing"

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
