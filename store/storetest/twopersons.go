package storetest

import (
	"fmt"
	"slices"
	"testing"

	"akkoord"
	"akkoord/store"
)

// testTwoPersons holds what takes two persons against threats 2.3.5: nothing
// passes before somebody else agreed, and nothing a day later.
func testTwoPersons(t *testing.T, open Open) {
	a := newAgency(t, func(t *testing.T, cfg store.Config) *store.Store {
		cfg.TwoPersons = true
		return open(t, cfg)
	})
	ctx := t.Context()
	owner := must(a.AddUser(ctx, akkoord.ActorSystem, akkoord.User{Email: "eva@zonvaart.example", Role: akkoord.RoleOwner, Reason: "runs the site"}))(t).Actor()
	dpo := must(a.AddUser(ctx, akkoord.ActorSystem, akkoord.User{Email: "femke@zonvaart.example", Role: akkoord.RoleDPO, Reason: "officer"}))(t).Actor()
	check := func(when string, act akkoord.MassAct, ok bool) {
		t.Helper()
		if err := a.CheckMass(ctx, owner, act); (err == nil) != ok || err != nil && akkoord.CodeOf(err) != "second_person" {
			t.Errorf("%s: %s gave %v", when, act, err)
		}
	}
	check("at first", akkoord.MassExport, false)
	for i := range akkoord.FreeErasures {
		check(fmt.Sprintf("after %d", i), akkoord.MassErasure, true)
		p := a.active(t, fmt.Sprintf("lezer%d@voorbeeld.example", i), a.News).Subscriber.PublicID
		must(a.Erase(ctx, p, "asked for", akkoord.Origin{Source: "api", Actor: owner}))(t)
	}
	check("after many", akkoord.MassErasure, false)
	if err := a.CheckMass(ctx, dpo, akkoord.MassErasure); err != nil {
		t.Errorf("somebody else's erasures count: %v", err)
	}
	if _, err := a.AskApproval(ctx, owner, "move", "why"); akkoord.CodeOf(err) != "act_unknown" {
		t.Errorf("an unknown act gave %v", err)
	}
	asked := must(a.AskApproval(ctx, owner, akkoord.MassErasure, "An old list goes."))(t)
	check("asked", akkoord.MassErasure, false)
	if _, err := a.DecideApproval(ctx, owner, asked.PublicID, true, "Yes."); akkoord.CodeOf(err) != "own_approval" {
		t.Errorf("agreeing with oneself gave %v", err)
	}
	if n := must(a.WaitingApprovals(ctx, dpo))(t); n != 1 {
		t.Errorf("%d wait for the officer", n)
	}
	if n := must(a.WaitingApprovals(ctx, owner))(t); n != 0 {
		t.Errorf("%d wait for whoever asked", n)
	}
	puppet := must(a.AddUser(ctx, owner, akkoord.User{Email: "pop@zonvaart.example", Role: akkoord.RoleOwner, Reason: "helps"}))(t)
	if _, err := a.DecideApproval(ctx, puppet.Actor(), asked.PublicID, true, "Yes."); akkoord.CodeOf(err) != "second_person_new" {
		t.Errorf("somebody whom the first person made agrees: %v", err)
	}
	must(a.DecideApproval(ctx, dpo, asked.PublicID, true, "Yes, it is old."))(t)
	check("agreed", akkoord.MassErasure, true)
	check("agreed to something else", akkoord.MassExport, false)
	if _, err := a.DecideApproval(ctx, dpo, akkoord.ID{1}, true, "Yes."); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("agreeing to nothing gave %v", err)
	}
	rows, next, err := a.Approvals(ctx, akkoord.Page{})
	if err != nil || next != 0 || len(rows) != 1 || rows[0].Reason != "An old list goes." || rows[0].DecidedBy != dpo || rows[0].Note != "Yes, it is old." {
		t.Errorf("on record: %+v, %v", rows, err)
	}
	a.Clock.Move(akkoord.ApprovalTime + 1e9)
	check("a day later nothing counts", akkoord.MassErasure, true)
	check("a day later", akkoord.MassExport, false)
	for _, want := range []string{"user:1 approval.ask " + asked.Name(), "user:2 approval.agree " + asked.Name()} {
		if !slices.Contains(a.trail(t), want) {
			t.Errorf("M27: %q is not in the audit trail", want)
		}
	}
}
