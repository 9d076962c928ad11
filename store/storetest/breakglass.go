package storetest

import (
	"slices"
	"testing"
	"time"

	"akkoord"
	"akkoord/store"
)

// testBreakGlass holds taking access oneself against M26: it works at once and
// for an hour, and whoever has to know has a mail in the same commit.
func testBreakGlass(t *testing.T, open Open) {
	officer := must(akkoord.ParseEmail("privacy@voorbeeld.example"))(t)
	a := newAgency(t, func(t *testing.T, cfg store.Config) *store.Store {
		cfg.Officer = officer
		return open(t, cfg)
	})
	ctx := t.Context()
	manager := must(a.AddUser(ctx, akkoord.ActorSystem, akkoord.User{Email: "eva@zonvaart.example", Role: akkoord.RoleManager, Reason: "runs the site"}))(t)
	dpo := must(a.AddUser(ctx, akkoord.ActorSystem, akkoord.User{Email: "femke@zonvaart.example", Role: akkoord.RoleDPO, Reason: "officer"}))(t)
	const reason = "A reader gets mail of a stranger, now."
	if _, err := a.BreakGlass(ctx, manager.Actor(), reason, "en"); akkoord.CodeOf(err) != "grant_held" {
		t.Errorf("whoever sees all got %v", err)
	}
	must(a.EndGrant(ctx, dpo.Actor(), manager.PublicID, "other work"))(t)
	if _, err := a.BreakGlass(ctx, manager.Actor(), "urgent", "en"); akkoord.CodeOf(err) != "reason_short" {
		t.Errorf("a short reason got %v", err)
	}
	if got := must(a.ClaimSystem(ctx, 10))(t); len(got) != 0 {
		t.Errorf("what was refused caused mails: %+v", got)
	}
	g := must(a.BreakGlass(ctx, manager.Actor(), reason, "en"))(t)
	if access := must(a.Access(ctx, manager.Actor()))(t); access.CheckPurpose(0, akkoord.GrantFields...) != nil {
		t.Errorf("the manager has %+v", access)
	}
	mails := must(a.ClaimSystem(ctx, 10))(t)
	var to []string
	for _, d := range mails {
		to = append(to, d.Recipient().Address())
		if d.Mail != akkoord.MailAlarm || d.Locale != "en" || *d.Alarm != (akkoord.Alarm{Holder: "eva@zonvaart.example", Reason: reason, From: g.From, Until: g.Until}) {
			t.Errorf("a mail: %+v, %+v", d, d.Alarm)
		}
		a.NoteSystem(akkoord.SystemResult{ID: d.ID, Fence: d.Fence, Done: true, Code: "250", Attempts: 1})
	}
	slices.Sort(to)
	if want := []string{"femke@zonvaart.example", officer.Address()}; !slices.Equal(to, want) {
		t.Errorf("told: %v", to)
	}
	a.Clock.Move(time.Hour + time.Second)
	if access := must(a.Access(ctx, manager.Actor()))(t); len(access) != 0 {
		t.Errorf("after the hour: %+v", access)
	}
	current := func() (n int) {
		for _, c := range must(a.CurrentGrants(ctx))(t) {
			if c.Holder == manager.Actor() {
				n++
			}
		}
		return n
	}
	if n := current(); n != 1 {
		t.Errorf("%d grants of the manager are to be looked at", n)
	}
	if r := must(a.ReviewGrant(ctx, dpo.Actor(), g.PublicID, time.Time{}, "It was right."))(t); r.Review != "It was right." || r.ReviewDue(a.Clock.Now()) {
		t.Errorf("reviewed: %+v", r)
	}
	if n := current(); n != 0 {
		t.Errorf("%d grants of the manager are left after the review", n)
	}
	if want := "user:1 grant.break_glass " + g.Name(); !slices.Contains(a.trail(t), want) {
		t.Errorf("M27: %q is not in the audit trail", want)
	}
}
