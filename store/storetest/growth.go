package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// testGrowth: figures of forms and purposes say what the ledger says, by the day
// of asking, and lead to nobody.
func testGrowth(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx, today := t.Context(), akkoord.DayOf(Start)
	if got := must(a.Growth(ctx, today))(t).Forms; len(got) != 0 {
		t.Errorf("before anything happened: %+v", got)
	}
	anouk := a.active(t, "anouk@voorbeeld.example", a.News, a.Ski)
	a.mailed(t)
	bram := a.signUp(email(t, "bram@voorbeeld.example"), a.News)
	for range 2 { // the second press repeats the first
		if err := a.SignUp(ctx, bram); err != nil {
			t.Fatal(err)
		}
	}
	french := a.signUp(email(t, "chloe@voorbeeld.example"), a.News, a.Ski)
	french.Origin.Locale = "fr"
	if err := a.SignUp(ctx, french); err != nil {
		t.Fatal(err)
	}
	if err := a.AddShowings(ctx, []akkoord.FormShowing{
		{FormVersionID: a.Form.Version.ID, Locale: "nl", Day: today, Shown: 12, Opened: 1},
		{FormVersionID: a.Form.Version.ID, Locale: "nl", Day: today - 1, Shown: 40},
		{FormVersionID: 1 << 40, Locale: "nl", Day: today, Shown: 9}, // of no form
	}); err != nil {
		t.Fatal(err)
	}
	want := []akkoord.FormFigures{
		{FormID: a.Form.ID, Locale: "fr", Asked: 1},
		{FormID: a.Form.ID, Locale: "nl", Shown: 12, Asked: 2, Opened: 1, Confirmed: 1},
	}
	if diff := cmp.Diff(want, must(a.Growth(ctx, today))(t).Forms); diff != "" {
		t.Errorf("the mails are not sent yet: %s", diff)
	}

	a.mailed(t) // both are asked; Anouk, who was in already, has got nothing to press
	want[0].Accepted, want[1].Accepted = 1, 1
	if diff := cmp.Diff(want, must(a.Growth(ctx, today))(t).Forms); diff != "" {
		t.Errorf("mails count as soon as the relay took them: %s", diff)
	}
	a.Clock.Move(time.Hour)
	for range 2 { // each line is counted once
		must(a.RunGrowth(ctx, akkoord.Job{}))(t)
	}
	if diff := cmp.Diff(want, must(a.Growth(ctx, today))(t).Forms); diff != "" {
		t.Errorf("a job has counted: %s", diff)
	}
	want[1].Shown = 52
	if diff := cmp.Diff(want, must(a.Growth(ctx, today-1))(t).Forms); diff != "" {
		t.Errorf("since yesterday: %s", diff)
	}
	wantDays := []akkoord.FormDay{
		{Day: today - 1, FormFigures: akkoord.FormFigures{FormID: a.Form.ID, Locale: "nl", Shown: 40}},
		{Day: today, FormFigures: want[0]},
		{Day: today, FormFigures: akkoord.FormFigures{FormID: a.Form.ID, Locale: "nl", Shown: 12, Asked: 2, Accepted: 1, Opened: 1, Confirmed: 1}},
	}
	of := must(a.FormGrowth(ctx, a.Form.ID, today-1))(t)
	if diff := cmp.Diff(wantDays, of.Days); diff != "" || of.Behind {
		t.Errorf("by day: %s", diff)
	}
	if diff := cmp.Diff(want, of.Languages()); diff != "" {
		t.Errorf("its days don't add up: %s", diff)
	}
	if got := must(a.FormGrowth(ctx, a.Form.ID+1000, today))(t); len(got.Days) != 0 {
		t.Errorf("no such form: %+v", got)
	}

	a.Clock.Move(48 * time.Hour)
	if err := a.LeavePurposes(ctx, akkoord.Link{Subscriber: anouk.Subscriber.PublicID}, []int64{a.News.ID}, byLink); err != nil {
		t.Fatal(err)
	}
	st := must(a.StandingByEmail(ctx, french.Email))(t)
	must(a.Confirm(ctx, akkoord.Link{Subscriber: st.Subscriber.PublicID, Request: st.Subscription(a.News.ID).Request}, byLink))(t)
	must(a.Store.Erase(ctx, anouk.Subscriber.PublicID, "asked for by phone", byAdmin))(t)
	days := map[int64][]akkoord.PurposeDay{
		a.News.ID: {{Day: today, Joined: 1}, {Day: today + 1}, {Day: today + 2, Joined: 1, Gone: 1}},
		a.Ski.ID:  {{Day: today, Joined: 1}, {Day: today + 1}, {Day: today + 2, Joined: 1, Gone: 1}},
	}
	if diff := cmp.Diff(days, must(a.Growth(ctx, today))(t).Purposes); diff != "" {
		t.Errorf("who became active and who ended: %s", diff)
	}
	want[0].Confirmed = 1 // counts for the day of asking
	if diff := cmp.Diff(want, must(a.Growth(ctx, today-1))(t).Forms); diff != "" {
		t.Errorf("after two days: %s", diff)
	}
	if got := must(a.Growth(ctx, today+1))(t).Forms; len(got) != 0 {
		t.Errorf("nobody asked today, yet %+v", got)
	}
}

// daysAddUp reports where what the days say of a purpose does not add up to who
// is active.
func (a *Agency) daysAddUp(t testing.TB) {
	t.Helper()
	must(a.RunGrowth(t.Context(), akkoord.Job{}))(t)
	days := must(a.Growth(t.Context(), akkoord.DayOf(Start)))(t).Purposes
	counts := must(a.PurposeCounts(t.Context()))(t)
	for _, p := range []akkoord.Purpose{a.News, a.Ski} {
		var net int64
		for _, d := range days[p.ID] {
			net += d.Joined - d.Gone
		}
		if active := counts[p.ID][akkoord.Active]; net != active {
			t.Errorf("the days of %s add up to %d people, and %d are active", p.Slug, net, active)
		}
	}
}
