package storetest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"akkoord"
)

// testCredentials: P27, M27.
func testCredentials(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	u := must(a.AddUser(ctx, Admin, akkoord.User{Email: "Femke@zonvaart.example", Role: akkoord.RoleOwner, Reason: "test"}))(t)
	read := func() akkoord.Credential {
		t.Helper()
		return must(a.Credential(ctx, "FEMKE@zonvaart.example"))(t)
	}
	if c := read(); c.Password != "" || c.Factor != nil || c.User.HasPassword || c.User.SecondFactor || !c.User.RenewedAt.IsZero() {
		t.Errorf("a new user has %+v", c)
	}
	noFault(t, a.AddLoginToken(ctx, Admin, u.ID, [32]byte{1}, a.Clock.Now().AddDate(0, 0, 1)))
	noFault(t, a.SetPassword(ctx, akkoord.ActorSystem, u, "$hash"))
	first := read()
	if first.Password != "$hash" || !first.User.HasPassword || first.User.RenewedAt.IsZero() {
		t.Errorf("with a password: %+v", first)
	}
	if _, err := a.UseLoginToken(ctx, [32]byte{1}); akkoord.KindOf(err) != akkoord.Unauthorized {
		t.Errorf("a link from before lets in: %v", err)
	}
	noFault(t, a.SetFactor(ctx, akkoord.ActorSystem, u, []byte("sealed"), [][32]byte{{1}, {2}}))
	if c := must(a.CredentialOf(ctx, u.ID))(t); string(c.Factor) != "sealed" || c.Codes != 2 || !c.User.SecondFactor || !c.User.RenewedAt.After(first.User.RenewedAt) {
		t.Errorf("with a second factor: %+v", c)
	}
	for _, tt := range []struct {
		step int64
		want bool
	}{{7, true}, {7, false}, {6, false}, {8, true}} {
		if got := must(a.UseStep(ctx, u.ID, tt.step))(t); got != tt.want {
			t.Errorf("step %d: fresh is %v", tt.step, got)
		}
	}
	// Of many who show the same code at once one gets in.
	var in atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			fresh, err := a.UseStep(ctx, u.ID, 100)
			used, err2 := a.UseRecoveryCode(ctx, u.ID, [32]byte{1})
			if err != nil || err2 != nil {
				t.Error(err, err2)
			}
			if fresh {
				in.Add(1)
			}
			if used {
				in.Add(100)
			}
		})
	}
	wg.Wait()
	if in.Load() != 101 {
		t.Errorf("of eight at once %d got in by a code, %d by a recovery code", in.Load()%100, in.Load()/100)
	}
	if c := read(); c.Codes != 1 || c.Step != 100 {
		t.Errorf("after that: %+v", c)
	}
	noFault(t, a.SetFactor(ctx, akkoord.ActorSystem, u, nil, nil))
	if c := read(); c.Factor != nil || c.Codes != 0 || c.User.SecondFactor || c.Password != "$hash" {
		t.Errorf("without its second factor: %+v", c)
	}
	key := [32]byte{9}
	for i := range akkoord.Limits.Guesses + 3 {
		if got := must(a.Guess(ctx, key, akkoord.Limits.Guesses))(t); got != (i < akkoord.Limits.Guesses) {
			t.Errorf("guess %d is allowed: %v", i, got)
		}
	}
	if !must(a.Guess(ctx, [32]byte{8}, akkoord.Limits.Guesses))(t) {
		t.Error("guesses at one address count for another")
	}
	noFault(t, a.LoggedIn(ctx, u, "", key))
	if !must(a.Guess(ctx, key, akkoord.Limits.Guesses))(t) {
		t.Error("a whole login does not forget the guesses")
	}
	for range 3 { // of what was right nothing counts
		if !must(a.Guess(ctx, [32]byte{7}, 1))(t) {
			t.Error("a guess that was right counts")
		}
		noFault(t, a.Unguess(ctx, [32]byte{7}))
	}
	noFault(t, a.Unguess(ctx, [32]byte{7}))
	if !must(a.Guess(ctx, [32]byte{7}, 1))(t) || must(a.Guess(ctx, [32]byte{7}, 1))(t) {
		t.Error("taking back more than there was makes room")
	}
	for range akkoord.Limits.Guesses {
		must(a.Guess(ctx, key, akkoord.Limits.Guesses))(t)
	}
	a.Clock.Move(akkoord.Limits.GuessPause + time.Second)
	if !must(a.Guess(ctx, key, akkoord.Limits.Guesses))(t) {
		t.Error("guesses are remembered for over an hour")
	}
	for _, email := range []string{"niemand@zonvaart.example", "", "%"} {
		if _, err := a.Credential(ctx, email); akkoord.KindOf(err) != akkoord.NotFound {
			t.Errorf("%q: %v", email, err)
		}
	}
	if err := a.SetPassword(ctx, Admin, akkoord.User{ID: 99}, "x"); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("nobody's password: %v", err)
	}
}
