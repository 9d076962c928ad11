package storetest

import (
	"testing"
	"time"

	"akkoord"
)

// testUserSessions: P27.
func testUserSessions(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	user := func(email string) akkoord.User {
		t.Helper()
		return must(a.AddUser(ctx, Admin, akkoord.User{Email: email, Role: akkoord.RoleManager, Reason: "test"}))(t)
	}
	u, other := user("femke@zonvaart.example"), user("bo@zonvaart.example")
	begin := func(u akkoord.User) akkoord.UserSession {
		t.Helper()
		a.Clock.Move(time.Minute)
		return must(a.BeginSession(ctx, akkoord.UserSession{UserID: u.ID, ExpiresAt: a.Clock.Now().Add(12 * time.Hour), Client: "Firefox, Windows"}))(t)
	}
	first, second, theirs := begin(u), begin(u), begin(other)
	is := func(s akkoord.UserSession, want bool) {
		t.Helper()
		switch got, whose, err := a.UserSession(ctx, s.ID); {
		case want && (err != nil || got != s || whose.ID != s.UserID):
			t.Errorf("the session is %+v of %d, %v; want %+v", got, whose.ID, err, s)
		case !want && akkoord.KindOf(err) != akkoord.NotFound:
			t.Errorf("a session that is over gave %v", err)
		}
	}
	is(first, true)
	a.Clock.Move(time.Hour)
	noFault(t, a.SawSession(ctx, first.ID))
	if seen := must(a.UserSessions(ctx, u.ID))(t); len(seen) != 2 || seen[0] != second || seen[1].ID != first.ID || seen[1].SeenAt.Sub(first.SeenAt) < time.Hour {
		t.Errorf("the sessions are %+v", seen)
	}
	for _, id := range []akkoord.ID{theirs.ID, {1}} {
		if err := a.EndSession(ctx, u.Actor(), u.ID, id); akkoord.KindOf(err) != akkoord.NotFound {
			t.Errorf("ending a session of somebody else or of nobody gave %v", err)
		}
	}
	noFault(t, a.EndSession(ctx, u.Actor(), u.ID, first.ID))
	is(first, false)
	is(second, true)
	is(theirs, true)
	third := begin(u)
	noFault(t, a.EndSessions(ctx, u.Actor(), u))
	// What was under way when that happened brings nothing back (P27).
	if err := a.SetPassword(ctx, u.Actor(), u, "$stale"); akkoord.KindOf(err) != akkoord.Unauthorized {
		t.Errorf("an act of a session that was ended gave %v", err)
	}
	is(second, false)
	is(third, false)
	is(theirs, true)
	a.Clock.Move(12 * time.Hour)
	is(theirs, false)
	if left := must(a.UserSessions(ctx, other.ID))(t); len(left) != 0 {
		t.Errorf("sessions that are over are listed: %+v", left)
	}
}
