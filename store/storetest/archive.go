package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// testArchive: a purpose that is archived in mid-send stops before the next body and
// passes nobody over; taken back, what paused goes on when somebody resumes it, and
// everybody is claimed once (M1, P07, P13).
func testArchive(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	for i := range 30 {
		a.active(t, fmt.Sprintf("lezer%d@voorbeeld.example", i), a.News)
	}
	m := must(a.StartMailing(ctx, Admin, a.Mailing.PublicID))(t)
	got := map[int64]int{}
	w := must(a.Claim(ctx))(t)
	held := len(w.Recipients)
	half := held / 2
	for i := range half {
		got[w.Recipients[i].SubscriberID]++
		noFault(t, a.Mark(w, i, a.Clock.Now()))
		a.Note(w, i, akkoord.Result{State: akkoord.Sent, Code: "250", Attempts: 1, At: a.Clock.Now()})
	}
	a.Clock.Move(time.Minute)
	before := a.Clock.Now()
	a.Clock.Move(time.Minute)
	forecast := must(a.ForecastArchive(ctx, a.News))(t)
	if forecast.Active != 30 || len(forecast.Mailings) != 1 || !slices.Equal(forecast.Forms, []string{"home"}) || len(forecast.Closed) != 0 {
		t.Errorf("it is said to come to %+v", forecast)
	}
	p := must(a.ArchivePurpose(ctx, Admin, "travel-news"))(t)
	if !p.Archived() || !must(a.Purpose(ctx, "travel-news"))(t).Archived() {
		t.Error("the purpose is not archived")
	}
	if _, err := a.ArchivePurpose(ctx, Admin, "travel-news"); akkoord.CodeOf(err) != "purpose_archived" {
		t.Errorf("archived again: %v", err)
	}
	for i := half; i < held; i++ {
		if v := must(a.Ask(ctx, w, i))(t); v.Code != "purpose_archived" {
			t.Fatalf("before the first byte the gate says %+v", v)
		}
	}
	noFault(t, a.Release(ctx, w))
	if m = must(a.MailingByID(ctx, m.ID))(t); m.State != akkoord.MailingPaused || m.Why.Text == "" {
		t.Fatalf("the mailing is %s, %q", m.State, m.Why.Text)
	}
	if w := must(a.Claim(ctx))(t); w != nil {
		t.Fatalf("%d people are claimed of an archived purpose", len(w.Recipients))
	}
	if _, err := a.ResumeMailing(ctx, Admin, m.PublicID); akkoord.CodeOf(err) != "purpose_archived" {
		t.Errorf("resumed: %v", err)
	}
	a.Clock.Move(time.Minute)
	reader := must(a.StandingByEmail(ctx, email(t, "lezer1@voorbeeld.example")))(t)
	for _, e := range []struct {
		at   time.Time
		code string
	}{{before, ""}, {a.Clock.Now(), "purpose_archived"}} {
		events := must(a.Events(ctx, reader.Subscriber.ID))(t)
		if v := akkoord.Gate(akkoord.FactsAt(events, must(a.PurposeAt(ctx, p.ID, e.at))(t), 0, e.at)); v.Code != e.code {
			t.Errorf("of %v the gate says %+v", e.at, v)
		}
	}
	if v := must(a.Gate(ctx, reader.Subscriber.Email, "travel-news", nil))(t); v.Code != "purpose_archived" {
		t.Errorf("the gate says %+v", v)
	}
	// Leaving works as ever.
	must(a.Leave(ctx, akkoord.Link{Subscriber: reader.Subscriber.PublicID, Purpose: p.ID}, akkoord.ScopePurpose, byLink))(t)

	must(a.RestorePurpose(ctx, Admin, "travel-news"))(t)
	if _, err := a.RestorePurpose(ctx, Admin, "travel-news"); akkoord.CodeOf(err) != "purpose_in_use" {
		t.Errorf("restored again: %v", err)
	}
	if w := must(a.Claim(ctx))(t); w != nil {
		t.Fatal("it goes on without anybody's word")
	}
	must(a.ResumeMailing(ctx, Admin, m.PublicID))(t)
	for w := must(a.Claim(ctx))(t); w != nil; w = must(a.Claim(ctx))(t) {
		for i := range w.Recipients {
			if v := must(a.Ask(ctx, w, i))(t); !v.Allowed {
				t.Errorf("the gate says %+v", v)
			}
			got[w.Recipients[i].SubscriberID]++
			noFault(t, a.Mark(w, i, a.Clock.Now()))
			a.Note(w, i, akkoord.Result{State: akkoord.Sent, Code: "250", Attempts: 1, At: a.Clock.Now()})
		}
		noFault(t, a.Release(ctx, w))
	}
	want := 30
	if got[reader.Subscriber.ID] == 0 {
		want-- // who left before their turn
	}
	for person, n := range got {
		if n != 1 {
			t.Errorf("person %d is mailed %d times", person, n)
		}
	}
	if len(got) != want {
		t.Errorf("%d people are mailed, want %d", len(got), want)
	}
	if m = must(a.MailingByID(ctx, m.ID))(t); m.State != akkoord.MailingSent {
		t.Errorf("the mailing is %s", m.State)
	}
	trail := a.trail(t)
	for _, line := range []string{"user:1 purpose.archive purpose:travel-news", "user:1 purpose.restore purpose:travel-news"} {
		if !slices.Contains(trail, line) {
			t.Errorf("the audit trail lacks %q", line)
		}
	}
	var kinds []string
	for _, e := range must(a.Events(ctx, 0))(t) {
		if e.Kind != akkoord.Worded {
			kinds = append(kinds, string(e.Kind))
		}
	}
	if diff := cmp.Diff([]string{"purpose_archived", "purpose_restored"}, kinds); diff != "" {
		t.Error(diff)
	}
	if _, err := a.VerifyLedger(ctx, nil); err != nil {
		t.Error(err)
	}
}

// testNothingBegins: under an archived purpose no mailing, test, round, import or
// confirmation begins, and everybody is told why; its figures say whom it leaves out.
func testNothingBegins(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	a.active(t, "lezer@voorbeeld.example", a.News)
	scheduled := must(a.PutMailing(ctx, Admin, akkoord.Mailing{CampaignID: a.Campaign.ID, Content: akkoord.Content{Subject: "Later", Markdown: "Hallo"}}))(t)
	must(a.ScheduleMailing(ctx, Admin, scheduled.PublicID, a.Clock.Now().Add(time.Hour)))(t)
	both := email(t, "beide@voorbeeld.example")
	noFault(t, a.SignUp(ctx, a.signUp(both, a.News, a.Ski)))
	one := email(t, "een@voorbeeld.example")
	noFault(t, a.SignUp(ctx, a.signUp(one, a.News)))
	must(a.ArchivePurpose(ctx, Admin, "travel-news"))(t)

	if m := must(a.Store.Mailing(ctx, scheduled.PublicID))(t); m.State != akkoord.MailingDraft || m.Why.Text == "" {
		t.Errorf("what was scheduled is %s, %q", m.State, m.Why.Text)
	}
	for what, err := range map[string]error{
		"send":     second(a.StartMailing(ctx, Admin, a.Mailing.PublicID)),
		"schedule": second(a.ScheduleMailing(ctx, Admin, a.Mailing.PublicID, a.Clock.Now().Add(time.Hour))),
		"draft":    second(a.PutMailing(ctx, Admin, akkoord.Mailing{CampaignID: a.Campaign.ID})),
		"test":     a.BeginTest(ctx, Admin, a.Mailing.PublicID, email(t, "ik@voorbeeld.example"), []string{"nl"}),
		"round":    second(a.BeginRound(ctx, Admin, "travel-news", 7)),
		"import":   second(a.BeginImport(ctx, akkoord.ImportSpec{Actor: Admin, Purpose: "travel-news", Basis: akkoord.BasisConsent, Evidence: "the old list"}, akkoord.ImportFile{})),
	} {
		if akkoord.CodeOf(err) != "purpose_archived" {
			t.Errorf("%s: %v", what, err)
		}
	}
	if diff := cmp.Diff([]akkoord.LeftOut{{Code: "purpose_archived", Count: 1}}, slices.DeleteFunc(must(a.Audience(ctx, a.Mailing))(t).LeftOut, func(l akkoord.LeftOut) bool { return l.Code == "pending" })); diff != "" {
		t.Error(diff)
	}
	// Of a sign-up, what is in use can be confirmed, and the rest waits.
	confirm := func(e akkoord.Email, p akkoord.Purpose) akkoord.Asked {
		st := must(a.StandingByEmail(ctx, e))(t)
		return must(a.Confirm(ctx, akkoord.Link{Subscriber: st.Subscriber.PublicID, Request: st.Subscription(p.ID).Request}, byLink))(t)
	}
	if asked := confirm(both, a.Ski); asked.Answer != akkoord.AnswerConfirmed || len(asked.Subscriptions) != 1 {
		t.Errorf("confirming gave %+v", asked)
	}
	if asked := confirm(one, a.News); asked.Answer != akkoord.AnswerArchived {
		t.Errorf("confirming gave %+v", asked)
	}
	if got := a.lines(t, must(a.StandingByEmail(ctx, one))(t).Subscriber.ID); !slices.Equal(got, []string{"requested news"}) {
		t.Errorf("%q", got)
	}
	must(a.RestorePurpose(ctx, Admin, "travel-news"))(t)
	if asked := confirm(one, a.News); asked.Answer != akkoord.AnswerConfirmed {
		t.Errorf("confirming gave %+v", asked)
	}
	must(a.StartMailing(ctx, Admin, a.Mailing.PublicID))(t)
}

// testArchivedCampaign: a campaign is renamed from what was read of it, and archived
// when none of its mailings runs or is about to; its mailings stay, and nothing begins.
func testArchivedCampaign(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	renamed := a.Campaign
	renamed.Name = "Winter 2028"
	if c := must(a.PutCampaign(ctx, Admin, renamed))(t); c.Name != "Winter 2028" || c.Version != 2 {
		t.Errorf("renamed to %+v", c)
	}
	stale := a.Campaign
	stale.Name = "Lente"
	if _, err := a.PutCampaign(ctx, Admin, stale); akkoord.CodeOf(err) != "campaign_changed" {
		t.Errorf("a stale edit: %v", err)
	}
	must(a.ScheduleMailing(ctx, Admin, a.Mailing.PublicID, a.Clock.Now().Add(time.Hour)))(t)
	if _, err := a.ArchiveCampaign(ctx, Admin, "winter"); akkoord.CodeOf(err) != "campaign_running" {
		t.Errorf("archived with a scheduled mailing: %v", err)
	}
	must(a.PauseMailing(ctx, Admin, a.Mailing.PublicID))(t)
	if c := must(a.ArchiveCampaign(ctx, Admin, "winter"))(t); !c.Archived() || !must(a.Store.Campaign(ctx, "winter"))(t).Archived() {
		t.Errorf("archived: %+v", c)
	}
	for what, err := range map[string]error{
		"again": second(a.ArchiveCampaign(ctx, Admin, "winter")),
		"send":  second(a.StartMailing(ctx, Admin, a.Mailing.PublicID)),
		"draft": second(a.PutMailing(ctx, Admin, akkoord.Mailing{CampaignID: a.Campaign.ID})),
		"test":  a.BeginTest(ctx, Admin, a.Mailing.PublicID, email(t, "ik@voorbeeld.example"), []string{"nl"}),
	} {
		if akkoord.CodeOf(err) != "campaign_archived" {
			t.Errorf("%s: %v", what, err)
		}
	}
	must(a.Store.Mailing(ctx, a.Mailing.PublicID))(t)
	must(a.RestoreCampaign(ctx, Admin, "winter"))(t)
	if _, err := a.RestoreCampaign(ctx, Admin, "winter"); akkoord.CodeOf(err) != "campaign_in_use" {
		t.Errorf("restored again: %v", err)
	}
	must(a.StartMailing(ctx, Admin, a.Mailing.PublicID))(t)
	trail := a.trail(t)
	for _, line := range []string{"user:1 campaign.archive campaign:winter", "user:1 campaign.restore campaign:winter"} {
		if !slices.Contains(trail, line) {
			t.Errorf("the audit trail lacks %q", line)
		}
	}
}
