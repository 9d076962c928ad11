package storetest

import (
	"sync"
	"sync/atomic"
	"testing"

	"akkoord"
)

// testSignOn: M27, P27. Nobody is made by single sign-on, and nobody is let in as
// somebody else.
func testSignOn(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	u := must(a.AddUser(ctx, Admin, akkoord.User{Email: "Femke@zonvaart.example", Role: akkoord.RoleOwner, Reason: "test"}))(t)
	eva := must(a.AddUser(ctx, Admin, akkoord.User{Email: "eva@zonvaart.example", Role: akkoord.RoleOwner, Reason: "test"}))(t)
	now := func() akkoord.User { t.Helper(); return must(a.User(ctx, u.ID))(t) }
	const issuer = "https://login.zonvaart.example"
	who := func(subject, email string, verified bool) akkoord.Identity {
		return akkoord.Identity{Issuer: issuer, Subject: subject, Email: email, Verified: verified}
	}
	refused := func(name string, who akkoord.Identity) {
		t.Helper()
		if got, err := a.SignOn(ctx, who); akkoord.CodeOf(err) != "sso_unknown" || got.ID != 0 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	refused("nobody", who("s1", "niemand@zonvaart.example", true))
	refused("not verified", who("s1", "femke@zonvaart.example", false))
	refused("no address", who("s1", "", true))
	if _, err := a.Linked(ctx, who("s1", "femke@zonvaart.example", true)); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("linked before the first time: %v", err)
	}
	noFault(t, a.AddLoginToken(ctx, Admin, u.ID, [32]byte{1}, a.Clock.Now().AddDate(0, 0, 1)))
	first := must(a.SignOn(ctx, who("s1", " femke@ZONVAART.example ", true)))(t)
	if first.ID != u.ID || !first.RenewedAt.Equal(now().RenewedAt) || first.RenewedAt.IsZero() {
		t.Errorf("the first time: %+v", first)
	}
	if _, err := a.UseLoginToken(ctx, [32]byte{1}); akkoord.KindOf(err) != akkoord.Unauthorized {
		t.Errorf("a link from before lets in: %v", err)
	}
	if again := must(a.SignOn(ctx, who("s1", "eva@zonvaart.example", true)))(t); again.ID != u.ID || !again.RenewedAt.Equal(first.RenewedAt) {
		t.Errorf("by the name for good: %+v", again)
	}
	refused("another account with the address", who("s2", "femke@zonvaart.example", true))
	link, linked, err := a.IdentityLink(ctx, u.ID, issuer)
	if err != nil || !linked || link.LinkedAt.IsZero() || !link.UsedAt.After(link.LinkedAt) {
		t.Errorf("the link is %+v, %v: %v", link, linked, err)
	}
	if _, linked, err := a.IdentityLink(ctx, u.ID, "https://other.example"); linked || err != nil {
		t.Errorf("linked to another provider: %v", err)
	}

	// Of many accounts with one address at once one is linked.
	var in atomic.Int64
	var wg sync.WaitGroup
	for _, subject := range []string{"e1", "e2", "e3", "e4"} {
		wg.Go(func() {
			if got, err := a.SignOn(ctx, who(subject, eva.Email, true)); err == nil && got.ID == eva.ID {
				in.Add(1)
			}
		})
	}
	wg.Wait()
	if in.Load() != 1 {
		t.Errorf("%d accounts are linked to one user", in.Load())
	}

	if err := a.Unlink(ctx, u.Actor(), now(), issuer); akkoord.CodeOf(err) != "last_way_in" {
		t.Errorf("the last way in is undone: %v", err)
	}
	noFault(t, a.SetPassword(ctx, u.Actor(), now(), "$hash"))
	before := now().RenewedAt
	noFault(t, a.Unlink(ctx, u.Actor(), now(), issuer))
	if got, err := a.SignOn(ctx, who("s1", u.Email, true)); akkoord.CodeOf(err) != "sso_connect" || got.ID != 0 || now().Linked {
		t.Errorf("by the address alone, past a password: %+v, %v", got, err)
	}
	if err := a.Unlink(ctx, u.Actor(), now(), issuer); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("undone twice: %v", err)
	}
	if now().RenewedAt.Equal(before) {
		t.Error("undoing ends no session")
	}
	seen := now()
	noFault(t, a.Link(ctx, u.Actor(), seen, who("s2", "femke@elders.example", false)))
	if err := a.Link(ctx, u.Actor(), seen, who("s3", u.Email, true)); akkoord.KindOf(err) != akkoord.Unauthorized {
		t.Errorf("linked from a session that was ended: %v", err)
	}
	if got := must(a.SignOn(ctx, who("s2", "", false)))(t); got.ID != u.ID || !got.Linked || got.RenewedAt.Equal(seen.RenewedAt) {
		t.Errorf("linked by its user: %+v", got)
	}
	for name, f := range map[string]func() error{
		"a second account": func() error { return a.Link(ctx, u.Actor(), now(), who("s3", u.Email, true)) },
		"another's account": func() error {
			return a.Link(ctx, eva.Actor(), must(a.User(ctx, eva.ID))(t), who("s2", eva.Email, true))
		},
	} {
		if err := f(); akkoord.CodeOf(err) != "sso_there" {
			t.Errorf("%s: %v", name, err)
		}
	}
	noFault(t, a.ForgetFactors(ctx, Admin, now()))
	if now().Linked {
		t.Error("forgetting leaves the link")
	}
	if err := a.Link(ctx, u.Actor(), now(), who("s2", u.Email, true)); err != nil {
		t.Errorf("linked anew: %v", err)
	}
	noFault(t, a.EndUser(ctx, Admin, u.ID, "left"))
	refused("whose access ended", who("s2", u.Email, true))
	must(a.AddUser(ctx, Admin, akkoord.User{Email: u.Email, Role: akkoord.RoleOwner, Reason: "back"}))(t)
	if _, err := a.Linked(ctx, who("s2", u.Email, true)); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("who is back has the link from before: %v", err)
	}
}
