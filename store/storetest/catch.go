package storetest

import (
	"strings"
	"testing"

	"akkoord"
)

// testCatching: without a mail server nothing is handed out. While mails are caught
// those to users are, and what others would get waits: nobody's mail is lost to them
// (ADR 59).
func testCatching(t *testing.T, open Open) {
	cfg, clock := Config(t)
	cfg.Catches = true
	a := NewAgency(t, open(t, cfg), clock)
	ctx := t.Context()
	const eva, anouk = "Eva@zonvaart.example", "anouk@voorbeeld.example"
	must(a.AddUser(ctx, Admin, akkoord.User{Email: "eva@Zonvaart.example", Role: akkoord.RoleOwner, Reason: "test"}))(t)
	gone := must(a.AddUser(ctx, Admin, akkoord.User{Email: "weg@zonvaart.example", Role: akkoord.RoleEditor, Reason: "test"}))(t)
	noFault(t, a.EndUser(ctx, Admin, gone.ID, "left"))
	for _, address := range []string{anouk, eva, "weg@zonvaart.example"} {
		noFault(t, a.SignUp(ctx, a.signUp(email(t, address), a.News)))
	}
	claimed := func() (to []string) {
		t.Helper()
		for _, d := range must(a.ClaimSystem(ctx, 10))(t) {
			to = append(to, d.Recipient().Address())
			noFault(t, a.SettleSystem(ctx, akkoord.SystemResult{ID: d.ID, Fence: d.Fence, Done: true, Code: "250", Attempts: 1}))
		}
		return to
	}
	if to := claimed(); len(to) != 0 || !must(a.Catching(ctx))(t).IsZero() {
		t.Fatalf("without a mail server mails go to %v", to)
	}
	noFault(t, a.SetCatching(ctx, Admin, true))
	noFault(t, a.SetCatching(ctx, Admin, true))
	if must(a.Catching(ctx))(t).IsZero() {
		t.Fatal("mails are not caught")
	}
	if to := claimed(); len(to) != 1 || to[0] != eva {
		t.Fatalf("caught are mails to %v", to)
	}
	st := must(a.StandingByEmail(ctx, email(t, eva)))(t)
	must(a.Confirm(ctx, akkoord.Link{Subscriber: st.Subscriber.PublicID, Request: st.Subscription(a.News.ID).Request}, byLink))(t)

	must(a.StartMailing(ctx, Admin, a.Mailing.PublicID))(t)
	w := must(a.Claim(ctx))(t)
	if w == nil || len(w.Recipients) != 1 || w.Recipients[0].Email.Address() != eva {
		t.Fatalf("the window of a mailing to a user alone: %+v", w)
	}
	noFault(t, a.Release(ctx, w))
	must(a.CancelMailing(ctx, Admin, a.Mailing.PublicID))(t)

	a.active(t, anouk, a.News)
	m := a.draft(t, a.Mailing.CampaignID)
	if _, err := a.StartMailing(ctx, Admin, m.PublicID); akkoord.CodeOf(err) != "mails_caught" {
		t.Errorf("a mailing that would go to others too: %v", err)
	}
	noFault(t, a.SetCatching(ctx, akkoord.ActorSystem, false))
	must(a.StartMailing(ctx, Admin, m.PublicID))(t)
	if w := must(a.Claim(ctx))(t); w != nil {
		t.Errorf("without a mail server a mailing goes to %+v", w.Recipients)
	}
	noFault(t, a.SetCatching(ctx, Admin, true))
	if w := must(a.Claim(ctx))(t); w != nil {
		t.Errorf("what began before goes to %+v", w.Recipients)
	}
	if m = must(a.MailingByID(ctx, m.ID))(t); m.State != akkoord.MailingPaused || m.Why.Text == "" {
		t.Errorf("it is %s: %q", m.State, m.Why.Text)
	}
	if _, err := a.ResumeMailing(ctx, Admin, m.PublicID); akkoord.CodeOf(err) != "mails_caught" {
		t.Errorf("going on: %v", err)
	}
	noFault(t, a.SetCatching(ctx, Admin, false))
	if to := claimed(); len(to) != 0 {
		t.Errorf("afterwards mails go to %v", to)
	}
	n := 0
	for _, line := range a.trail(t) {
		if strings.Contains(line, " mail.catch ") {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d lines tell of it, not 2", n)
	}
}
