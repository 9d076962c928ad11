package store_test

import (
	"testing"
	"time"

	"akkoord"
)

// A large bulk act holds up no other: runs take turns, and the speed is still that of
// all the turns.
func TestBulkActsTakeTurns(t *testing.T) {
	tr := newTravellers(t, 3)
	owner, err := tr.AddUser(t.Context(), akkoord.ActorSystem, akkoord.User{Email: "eva@zonvaart.example", Role: akkoord.RoleOwner, Reason: "works here"})
	if err != nil {
		t.Fatal(err)
	}
	var acts []akkoord.BulkAct
	for _, interest := range []string{"strand", "wintersport"} {
		b, err := tr.PrepareBulkAct(t.Context(), owner.Actor(), akkoord.BulkSpec{Kind: akkoord.BulkAddInterest, Interest: interest, Filter: akkoord.PeopleFilter{State: akkoord.Active}, Reason: "asked for", Source: "admin"})
		if err == nil {
			b, err = tr.ConfirmBulkAct(t.Context(), owner.Actor(), b.PublicID, 3)
		}
		if err != nil {
			t.Fatal(err)
		}
		acts = append(acts, b)
		tr.Clock.Move(time.Second)
	}
	read := func(i int) akkoord.BulkAct {
		t.Helper()
		b, err := tr.BulkAct(t.Context(), acts[i].PublicID)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	turn := func() {
		t.Helper()
		tr.Clock.Move(time.Second)
		j, claimed, err := tr.ClaimJob(t.Context(), akkoord.JobBulkAct)
		if err != nil || !claimed {
			t.Fatal(claimed, err)
		}
		next, err := tr.RunBulkSteps(t.Context(), j, 1)
		if err == nil {
			err = tr.SettleJob(t.Context(), j.Ran(next, nil, tr.Clock.Now()))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	turn()
	if a, b := read(0), read(1); a.Done() != 3 || a.State != akkoord.BulkRunning || b.Done() != 0 {
		t.Errorf("after the first turn: %+v, %+v", a, b)
	}
	began := read(0).RunAt
	turn()
	if a, b := read(0), read(1); a.State != akkoord.BulkRunning || b.Done() != 3 {
		t.Errorf("after the second turn: %+v, %+v", a, b)
	}
	turn()
	turn()
	if a, b := read(0), read(1); a.State != akkoord.BulkDone || b.State != akkoord.BulkDone || !a.RunAt.Equal(began) || a.RunFrom != 0 {
		t.Errorf("in the end: %+v, %+v; the first began to run at %s", a, b, began)
	}
}
