package storetest

import (
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"akkoord"
)

// testGrants holds the record of who may see which personal data against M26.
func testGrants(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	u := must(a.AddUser(ctx, akkoord.ActorSystem, akkoord.User{Email: "eva@zonvaart.example", Role: akkoord.RoleManager, Reason: "runs the site"}))(t)
	k := must(a.AddKey(ctx, u.Actor(), akkoord.APIKey{Name: "shop", Role: akkoord.RoleManager, Reason: "orders"}, sha256.Sum256([]byte("key"))))(t)

	// Whoever gets access has a grant for all of everybody, with that reason.
	for _, tt := range []struct {
		holder akkoord.Actor
		by     akkoord.Actor
		reason string
	}{{u.Actor(), akkoord.ActorSystem, "runs the site"}, {k.Actor(), u.Actor(), "orders"}} {
		access := must(a.Access(ctx, tt.holder))(t)
		if len(access) != 1 || access[0].Reason != tt.reason || access[0].GrantedBy != tt.by || access[0].Purposes != nil || access[0].Fields != nil ||
			!access[0].ReviewOn.Equal(access[0].From.AddDate(1, 0, 0)) {
			t.Errorf("%s has %+v", tt.holder, access)
		}
	}

	user, key := akkoord.Actor("user:"+u.PublicID.String()), akkoord.Actor("key:"+k.PublicID.String())
	due := a.Clock.Now().AddDate(0, 6, 0)
	narrow := akkoord.Grant{Holder: key, Purposes: []int64{a.Ski.ID, a.News.ID, a.Ski.ID}, Fields: []akkoord.GrantField{"history", "address"}, Reason: "offers", Reviewer: user, ReviewOn: due}
	for _, tt := range []struct {
		change func(*akkoord.Grant)
		by     akkoord.Actor
		code   string
	}{
		{func(g *akkoord.Grant) { g.Holder = "user:99" }, Admin, "holder_unknown"},
		{func(g *akkoord.Grant) { g.Holder = u.Actor() }, Admin, "holder_unknown"},
		{func(g *akkoord.Grant) { g.Holder = "system" }, Admin, "holder_unknown"},
		{func(g *akkoord.Grant) { g.Reviewer = "nobody" }, Admin, "holder_unknown"},
		{func(g *akkoord.Grant) { g.Reviewer = key }, Admin, "own_grant"},
		{func(*akkoord.Grant) {}, k.Actor(), "own_grant"},
		{func(g *akkoord.Grant) { g.Reason = "" }, Admin, "reason_missing"},
	} {
		g := narrow
		tt.change(&g)
		if _, err := a.GiveGrant(ctx, tt.by, g); akkoord.CodeOf(err) != tt.code {
			t.Errorf("%+v gave %v, want %s", g, err, tt.code)
		}
	}
	g := must(a.GiveGrant(ctx, u.Actor(), narrow))(t)
	if g.Holder != k.Actor() || g.Reviewer != u.Actor() || !slices.Equal(g.Purposes, []int64{min(a.News.ID, a.Ski.ID), max(a.News.ID, a.Ski.ID)}) ||
		!slices.Equal(g.Fields, []akkoord.GrantField{"address", "history"}) {
		t.Errorf("the grant is %+v", g)
	}
	if got := must(a.Grant(ctx, g.PublicID))(t); !sameGrant(got, g) {
		t.Errorf("read again it is %+v", got)
	}
	if access := must(a.Access(ctx, k.Actor()))(t); len(access) != 2 {
		t.Errorf("the key has %+v", access)
	}

	// Ending the first narrows; an end passes by itself; a review puts it off.
	first := must(a.EndGrant(ctx, u.Actor(), k.PublicID, "narrowed"))(t)
	if first.State(a.Clock.Now()) != akkoord.GrantEnded || first.EndedBy != u.Actor() {
		t.Errorf("the first grant is %+v", first)
	}
	if access := must(a.Access(ctx, k.Actor()))(t); len(access) != 1 || access.Covers(99) || !access.Covers(a.Ski.ID) {
		t.Errorf("the key has %+v", access)
	}
	a.Clock.Move(200 * 24 * time.Hour)
	reviewed := must(a.ReviewGrant(ctx, u.Actor(), g.PublicID, a.Clock.Now().AddDate(0, 1, 0), "still sends offers"))(t)
	if reviewed.ReviewDue(a.Clock.Now()) || reviewed.Review != "still sends offers" || reviewed.ReviewedBy != u.Actor() {
		t.Errorf("after the review: %+v", reviewed)
	}
	if err := a.RevokeKey(ctx, u.Actor(), k.ID); err != nil {
		t.Fatal(err)
	}
	if access := must(a.Access(ctx, k.Actor()))(t); len(access) != 0 {
		t.Errorf("a revoked key has %+v", access)
	}
	if _, err := a.EndGrant(ctx, u.Actor(), akkoord.ID{1}, "r"); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("ending no grant gave %v", err)
	}
	page, next, err := a.Grants(ctx, akkoord.Page{Limit: 2})
	if err != nil || len(page) != 2 || next != page[1].ID {
		t.Errorf("a page: %+v, %d, %v", page, next, err)
	}
	if rest, next, err := a.Grants(ctx, akkoord.Page{After: next}); err != nil || len(rest) != 1 || next != 0 {
		t.Errorf("the rest: %+v, %d, %v", rest, next, err)
	}
	name := "grant:" + g.PublicID.String()
	for _, want := range []string{"user:1 grant.give " + name, "user:1 grant.end grant:" + k.PublicID.String(), "user:1 grant.review " + name} {
		if !slices.Contains(a.trail(t), want) {
			t.Errorf("M27: %q is not in the audit trail", want)
		}
	}
}

func sameGrant(a, b akkoord.Grant) bool {
	return a.ID == b.ID && a.PublicID == b.PublicID && a.Holder == b.Holder && slices.Equal(a.Purposes, b.Purposes) && slices.Equal(a.Fields, b.Fields) &&
		a.Reason == b.Reason && a.From.Equal(b.From) && a.ReviewOn.Equal(b.ReviewOn) && a.Reviewer == b.Reviewer && a.GrantedBy == b.GrantedBy
}
