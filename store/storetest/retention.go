package storetest

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"akkoord"
)

func testRetention(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	u := must(a.AddUser(ctx, akkoord.ActorSystem, akkoord.User{Email: "eva@zonvaart.example", Role: akkoord.RoleOwner, Reason: "runs the site"}))(t)
	for i := range 250 {
		if err := a.SignUp(ctx, a.signUp(email(t, fmt.Sprintf("p%d@voorbeeld.example", i)), a.News)); err != nil {
			t.Fatal(err)
		}
	}
	key := sha256.Sum256([]byte("k"))
	if err := a.AddLoginToken(ctx, Admin, u.ID, key, Start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := a.Sessions().CommitCtx(ctx, "token", []byte("x"), Start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := a.SaveIdempotent(ctx, key, key, 200, nil); err != nil {
		t.Fatal(err)
	}
	a.Clock.Move(akkoord.Limits.PendingWindow - time.Hour)
	fresh := a.active(t, "fresh@voorbeeld.example", a.News)
	a.Clock.Move(2 * time.Hour)

	// F.12: of at most so many people at once, until none is left.
	for _, want := range []int{120, 120, 10, 0} {
		if n := must(a.ExpirePending(ctx, 120))(t); n != want {
			t.Errorf("%d people expired, want %d", n, want)
		}
	}
	people, _, err := a.People(ctx, akkoord.PeopleFilter{}, akkoord.Page{})
	if err != nil || len(people) != 1 || people[0].Subscriber.ID != fresh.Subscriber.ID {
		t.Errorf("%d people are left, %v; want the one who confirmed", len(people), err)
	}
	if head, err := a.VerifyLedger(ctx, nil); err != nil || head.Seq != 4+250+2+250 {
		t.Errorf("the ledger has %d lines, %v", head.Seq, err)
	}
	a.Clock.Move(-akkoord.Limits.PendingWindow) // as if nothing had expired by its own time
	if _, found, err := a.Sessions().FindCtx(ctx, "token"); found || err != nil {
		t.Errorf("the session that ended is still stored, %v", err)
	}
	if _, _, found, err := a.Idempotent(ctx, key, key); found || err != nil {
		t.Errorf("the old answer is still stored, %v", err)
	}
}
