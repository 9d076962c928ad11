package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

var byStaff = akkoord.Origin{Source: "admin", Actor: Admin}

func testPersonsPage(t *testing.T, open Open) {
	for _, part := range []struct {
		name string
		run  func(*testing.T, *Agency)
	}{
		{"M26 what was mailed to somebody", testPersonMails},
		{"M11 staff leave a campaign for somebody", testLeaveCampaignByStaff},
		{"F.13 staff send a confirmation again", testRepeatConfirmation},
		{"M21 staff ask a new address", testAskAddressByStaff},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, newAgency(t, open)) })
	}
}

// The copies of one person alone are listed, newest mailing first and page by page, of
// the purposes that are asked for.
func testPersonMails(t *testing.T, a *Agency) {
	ctx := t.Context()
	ada := a.active(t, "ada@voorbeeld.example", a.News)
	a.active(t, "bob@voorbeeld.example", a.News)
	refused := func(to string) akkoord.Result {
		if to == "ada@voorbeeld.example" {
			return akkoord.Result{State: akkoord.Failed, Code: "550", Reply: "5.1.1 no such user"}
		}
		return accepted(to)
	}
	first := a.sent(t, a.Mailing, accepted)
	second := a.sent(t, a.draft(t, a.Campaign.ID), refused)
	page := func(purposes []int64, p akkoord.Page) ([]string, int64) {
		t.Helper()
		mails, next, err := a.PersonMails(ctx, ada.Subscriber.ID, purposes, p)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, m := range mails {
			out = append(out, m.Public.String()+" "+m.Campaign+" "+m.Subject+" "+m.State.String()+" "+string(m.Class()))
		}
		return out, next
	}
	newest := second.PublicID.String() + " " + a.Campaign.Name + " Sneeuw failed " + string(akkoord.ClassHard)
	oldest := first.PublicID.String() + " " + a.Campaign.Name + " " + first.Content.Subject + " sent " + string(akkoord.ClassNone)
	got, next := page(nil, akkoord.Page{Limit: 1})
	if diff := cmp.Diff([]string{newest}, got); diff != "" || next != second.ID {
		t.Errorf("the first page leads to %d: %s", next, diff)
	}
	if got, next = page([]int64{a.News.ID, a.Ski.ID}, akkoord.Page{Limit: 1, After: next}); next != 0 || !cmp.Equal([]string{oldest}, got) {
		t.Errorf("the second page leads to %d: %v", next, got)
	}
	for name, purposes := range map[string][]int64{"another purpose": {a.Ski.ID}, "no purpose": {}} {
		if got, next := page(purposes, akkoord.Page{}); len(got) != 0 || next != 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
	want := akkoord.Holdings{Consents: 1, Lines: int64(len(a.lines(t, ada.Subscriber.ID))), Mails: 2}
	if diff := cmp.Diff(want, must(a.Holdings(ctx, ada.Subscriber.ID))(t)); diff != "" {
		t.Error(diff)
	}
}

func testLeaveCampaignByStaff(t *testing.T, a *Agency) {
	ctx := t.Context()
	ada := a.active(t, "ada@voorbeeld.example", a.News)
	person := ada.Subscriber.PublicID
	for name, reason := range map[string]string{"no reason": " ", "a name in it": "Anouk called", "an address in it": "mail of a@b.example"} {
		if err := a.LeaveCampaign(ctx, person, a.Campaign, reason, byStaff); akkoord.KindOf(err) != akkoord.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	for range 2 {
		if err := a.LeaveCampaign(ctx, person, a.Campaign, "asked by phone", byStaff); err != nil {
			t.Fatal(err)
		}
	}
	if m := a.sent(t, a.Mailing, accepted); m.State != akkoord.MailingSent {
		t.Errorf("the mailing is %s", m.State)
	}
	if mails, _, err := a.PersonMails(ctx, ada.Subscriber.ID, nil, akkoord.Page{}); err != nil || len(mails) != 0 {
		t.Errorf("mailed %v, %v", mails, err)
	}
	if st := a.standing(t, "ada@voorbeeld.example"); st.Subscription(a.News.ID).State != akkoord.Active {
		t.Error("the purpose ended with its campaign")
	}
	nobody := must(akkoord.ParseID("01890000-0000-7000-8000-000000000000"))(t)
	if err := a.LeaveCampaign(ctx, nobody, a.Campaign, "asked by phone", byStaff); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("nobody: %v", err)
	}
}

func testRepeatConfirmation(t *testing.T, a *Agency) {
	ctx := t.Context()
	e := email(t, "ada@voorbeeld.example")
	if err := a.SignUp(ctx, a.signUp(e, a.News)); err != nil {
		t.Fatal(err)
	}
	person := must(a.StandingByEmail(ctx, e))(t).Subscriber.PublicID
	mails, _ := a.mailed(t)
	again := func() error { return a.RepeatConfirmation(ctx, person, a.News.ID, byStaff) }
	if err := again(); akkoord.CodeOf(err) != "resend_limit" {
		t.Errorf("at once: %v", err)
	}
	a.Clock.Move(akkoord.Limits.ResendPause + time.Minute)
	if err := again(); err != nil {
		t.Fatal(err)
	}
	if more, _ := a.mailed(t); len(mails) != 1 || len(more) != 1 {
		t.Errorf("mailed %v, then %v", mails, more)
	}
	if err := a.RepeatConfirmation(ctx, person, a.Ski.ID, byStaff); akkoord.CodeOf(err) != "resend_nothing" {
		t.Errorf("a purpose that nobody asked for: %v", err)
	}
	cas := a.active(t, "cas@voorbeeld.example", a.News)
	if err := a.RepeatConfirmation(ctx, cas.Subscriber.PublicID, a.News.ID, byStaff); akkoord.CodeOf(err) != "resend_nothing" {
		t.Errorf("who confirmed: %v", err)
	}
}

func testAskAddressByStaff(t *testing.T, a *Agency) {
	ctx := t.Context()
	ada := a.active(t, "ada@voorbeeld.example", a.News)
	a.mailed(t)
	ask := func(reason string) error {
		return a.AskAddress(ctx, ada.Subscriber.PublicID, email(t, "ada@elders.example"), reason, byStaff)
	}
	if err := errors.Join(ask(""), ask("Anouk called")); akkoord.KindOf(err) != akkoord.Invalid {
		t.Errorf("without a reason, or with a name in it: %v", err)
	}
	if err := ask("asked by letter"); err != nil {
		t.Fatal(err)
	}
	if mails, d := a.mailed(t); len(mails) != 1 || d.Mail != akkoord.MailAddress || d.Locale != "nl" {
		t.Errorf("mailed %v in %q", mails, d.Locale)
	}
	if st := a.standing(t, "ada@voorbeeld.example"); st.Subscriber.ID != ada.Subscriber.ID {
		t.Error("the address changed before it was confirmed")
	}
}
