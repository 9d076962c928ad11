package storetest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"akkoord"
)

// testUsers: M26, P27.
func testUsers(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	add := func(email string, role akkoord.Role) akkoord.User {
		t.Helper()
		return must(a.AddUser(ctx, Admin, akkoord.User{Email: email, Role: role, Reason: "test"}))(t)
	}
	session := func(u akkoord.User) akkoord.ID {
		t.Helper()
		return must(a.BeginSession(ctx, akkoord.UserSession{UserID: u.ID, ExpiresAt: a.Clock.Now().Add(time.Hour)}))(t).ID
	}
	over := func(what string, id akkoord.ID) {
		t.Helper()
		if _, _, err := a.UserSession(ctx, id); akkoord.KindOf(err) != akkoord.NotFound {
			t.Errorf("%s leaves a session: %v", what, err)
		}
	}
	u := add("femke@zonvaart.example", akkoord.RoleEditor)
	before, link := session(u), [32]byte{7}
	noFault(t, a.AddLoginToken(ctx, Admin, u.ID, link, a.Clock.Now().Add(time.Hour)))
	noFault(t, a.ReassignUser(ctx, Admin, u.ID, akkoord.RoleDPO, "officer"))
	over("another role", before)
	if _, err := a.UseLoginToken(ctx, link); akkoord.KindOf(err) != akkoord.Unauthorized {
		t.Errorf("another role leaves a link: %v", err)
	}
	if got := must(a.UserNamed(ctx, u.PublicID))(t); got.Role != akkoord.RoleDPO || got.Reason != "officer" || got.ID != u.ID {
		t.Errorf("the user is %+v", got)
	}
	noFault(t, a.SetPassword(ctx, akkoord.ActorSystem, u, "$hash"))
	noFault(t, a.SetFactor(ctx, akkoord.ActorSystem, u, []byte("sealed"), [][32]byte{{1}}))
	before = session(u)
	noFault(t, a.EndUser(ctx, Admin, u.ID, "left"))
	over("the end", before)
	if _, err := a.Credential(ctx, "femke@zonvaart.example"); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("who has no access logs in: %v", err)
	}
	if err := a.AddLoginToken(ctx, Admin, u.ID, [32]byte{8}, a.Clock.Now().Add(time.Hour)); akkoord.CodeOf(err) != "user_ended" {
		t.Errorf("a link for who has no access gave %v", err)
	}
	if access := must(a.Access(ctx, u.Actor()))(t); len(access) != 0 {
		t.Errorf("who has no access sees %+v", access)
	}
	back := must(a.AddUser(ctx, Admin, akkoord.User{Email: "FEMKE@zonvaart.example", Role: akkoord.RoleManager, Reason: "came back"}))(t)
	if back.ID != u.ID || back.PublicID != u.PublicID || back.HasPassword || back.SecondFactor || back.Role != akkoord.RoleManager || !back.DisabledAt.IsZero() {
		t.Errorf("who came back is %+v", back)
	}
	over("coming back", before)
	if access := must(a.Access(ctx, u.Actor()))(t); len(access) != 1 {
		t.Errorf("who came back sees %+v", access)
	}
	// Of two owners who end each other at once one stays.
	one, two := add("eva@zonvaart.example", akkoord.RoleOwner), add("bo@zonvaart.example", akkoord.RoleOwner)
	var refused atomic.Int64
	var wg sync.WaitGroup
	for _, o := range []akkoord.User{one, two} {
		wg.Go(func() {
			switch err := a.EndUser(ctx, Admin, o.ID, "gone"); {
			case akkoord.CodeOf(err) == "last_owner":
				refused.Add(1)
			case err != nil:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if refused.Load() != 1 {
		t.Errorf("of two owners who end each other %d are refused", refused.Load())
	}
	for _, err := range []error{a.EndUser(ctx, Admin, 99, "r"), a.ReassignUser(ctx, Admin, 99, akkoord.RoleOwner, "r")} {
		if akkoord.KindOf(err) != akkoord.NotFound {
			t.Errorf("nobody's access gave %v", err)
		}
	}
	if _, err := a.UserNamed(ctx, akkoord.ID{1}); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("nobody is %v", err)
	}
}

// testKeys: M26.
func testKeys(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	hash := [32]byte{5}
	end := a.Clock.Now().Add(time.Hour)
	k := must(a.AddKey(ctx, Admin, akkoord.APIKey{Name: "crm", Role: akkoord.RoleManager, Reason: "r", ExpiresAt: end}, hash, a.News.ID))(t)
	if got := must(a.KeyByHash(ctx, hash))(t); got != k || !got.ExpiresAt.Equal(end) || !got.UsedAt.IsZero() {
		t.Errorf("the key is %+v, want %+v", got, k)
	}
	if purposes, all := must(a.Access(ctx, k.Actor()))(t).Scope(); all || len(purposes) != 1 || purposes[0] != a.News.ID {
		t.Errorf("it sees %v, all %v", purposes, all)
	}
	noFault(t, a.UsedKey(ctx, k.ID))
	if got := must(a.KeyNamed(ctx, k.PublicID))(t); got.UsedAt.IsZero() {
		t.Error("a use is not noted")
	}
	a.Clock.Move(time.Hour)
	if _, err := a.KeyByHash(ctx, hash); akkoord.KindOf(err) != akkoord.Unauthorized {
		t.Errorf("an expired key gave %v", err)
	}
	if _, err := a.AddKey(ctx, Admin, akkoord.APIKey{Name: "late", Role: akkoord.RoleMail, Reason: "r", ExpiresAt: end}, [32]byte{6}); akkoord.CodeOf(err) != "time_past" {
		t.Errorf("a key that has expired already gave %v", err)
	}
	if _, err := a.KeyNamed(ctx, akkoord.ID{1}); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("no key is %v", err)
	}
}
