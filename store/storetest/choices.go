package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// testChoices: a pause keeps every mail away until it ends by itself, asked at
// each of the gate's three doors; counting clicks needs a yes of its own.
func testChoices(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	early, late, kees := a.active(t, "early@voorbeeld.example", a.News), a.active(t, "late@voorbeeld.example", a.News), a.active(t, "kees@voorbeeld.example", a.News)
	pause := func(st akkoord.Standing) {
		t.Helper()
		if err := a.Pause(ctx, st.Subscriber.PublicID, 1, byLink); err != nil {
			t.Fatal(err)
		}
	}
	pause(early)
	pause(early) // again: nothing new
	before := must(a.Audience(ctx, a.Mailing))(t)
	if diff := cmp.Diff([]akkoord.LeftOut{{Code: "paused", Count: 1}}, before.LeftOut); diff != "" {
		t.Error(diff)
	}
	m := must(a.StartMailing(ctx, Admin, a.Mailing.PublicID))(t)
	if c := must(a.Counts(ctx, m.ID))(t); c.Total != 2 {
		t.Errorf("%d people are frozen, and one of three pauses", c.Total)
	}
	pause(late) // after freezing
	w := must(a.Claim(ctx))(t)
	if w == nil || len(w.Recipients) != 1 || w.Recipients[0].SubscriberID != kees.Subscriber.ID {
		t.Fatalf("claimed %+v", w)
	}
	pause(kees) // after claiming
	if v := must(a.Ask(ctx, w, 0))(t); v.Code != "paused" {
		t.Errorf("before the first byte the gate says %+v", v)
	}
	if err := a.Release(ctx, w); err != nil {
		t.Fatal(err)
	}
	want := []string{"requested news", "confirmed news", "paused"}
	if got := a.lines(t, early.Subscriber.ID); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	a.Clock.Move(32 * 24 * time.Hour) // resumes by itself
	st := must(a.StandingByEmail(ctx, early.Subscriber.Email))(t)
	if v := akkoord.Gate(st.Facts(a.News.ID, 0, "", a.Clock.Now())); !v.Allowed {
		t.Errorf("after the pause: %+v", v)
	}
	if err := a.Resume(ctx, early.Subscriber.PublicID, byLink); err != nil { // over already: no line
		t.Fatal(err)
	}
	if err := a.Pause(ctx, early.Subscriber.PublicID, 2, byLink); akkoord.CodeOf(err) != "pause_invalid" {
		t.Errorf("two months: %v", err)
	}
	for _, yes := range []bool{true, true, false, true} {
		if err := a.Track(ctx, early.Subscriber.PublicID, a.News.ID, yes, byLink); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Track(ctx, early.Subscriber.PublicID, a.Ski.ID, true, byLink); err != nil { // gets no such mails: nothing
		t.Fatal(err)
	}
	if st = must(a.StandingByEmail(ctx, early.Subscriber.Email))(t); st.Subscription(a.News.ID).Tracking.IsZero() || len(st.Subscriptions) != 1 {
		t.Errorf("%+v", st.Subscriptions)
	}
	if err := a.LeavePurposes(ctx, akkoord.Link{Subscriber: early.Subscriber.PublicID}, []int64{a.News.ID}, byLink); err != nil {
		t.Fatal(err)
	}
	if st = must(a.StandingByEmail(ctx, early.Subscriber.Email))(t); !st.Subscription(a.News.ID).Tracking.IsZero() {
		t.Error("who left is still counted")
	}
	want = append(want, "tracking_allowed news", "tracking_refused news", "tracking_allowed news", "withdrawn news")
	if got := a.lines(t, early.Subscriber.ID); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if _, err := a.VerifyLedger(ctx, nil); err != nil {
		t.Error(err)
	}
}

// mailed claims what is due and settles it, and gives the mails as "kind to".
func (a *Agency) mailed(t testing.TB) (mails []string, last akkoord.SystemDelivery) {
	t.Helper()
	for _, d := range must(a.ClaimSystem(t.Context(), 100))(t) {
		mails, last = append(mails, string(d.Mail)+" "+d.Recipient().Address()), d
		if err := a.SettleSystem(t.Context(), akkoord.SystemResult{ID: d.ID, Fence: d.Fence, Done: true, Code: "250"}); err != nil {
			t.Fatal(err)
		}
	}
	return mails, last
}

// testAddress (M21): a new address is confirmed there, told at the old one,
// takes consents and leavings along, and joins no two people.
func testAddress(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	st := a.active(t, "oud@voorbeeld.example", a.News)
	other := a.active(t, "ander@voorbeeld.example", a.News)
	a.mailed(t)
	id := st.Subscriber.PublicID
	ask := func(address string) (akkoord.Link, []string) {
		t.Helper()
		a.Clock.Move(25 * time.Hour)
		if err := a.AskAddress(ctx, id, email(t, address), "", akkoord.Origin{Actor: akkoord.ActorPerson, Locale: "nl"}); err != nil {
			t.Fatal(err)
		}
		mails, d := a.mailed(t)
		return akkoord.Link{Subscriber: id, Request: d.Request}, mails
	}
	first, _ := ask("eerste@voorbeeld.example")
	link, mails := ask("nieuw@voorbeeld.example")
	if !slices.Equal(mails, []string{"address nieuw@voorbeeld.example"}) {
		t.Errorf("asking mails %q", mails)
	}
	if got := must(a.AddressChange(ctx, first))(t); got.Answer != akkoord.AnswerSuperseded {
		t.Errorf("an older link is %s", got.Answer)
	}
	if got := must(a.Standing(ctx, id))(t); got.Subscriber.Email != st.Subscriber.Email {
		t.Error("asking changed the address")
	}
	if got := must(a.ChangeAddress(ctx, link, byLink))(t); got.Answer != akkoord.AnswerConfirmed {
		t.Fatalf("confirming gave %s", got.Answer)
	}
	if got := must(a.ChangeAddress(ctx, link, byLink))(t); got.Answer != akkoord.AnswerAlready {
		t.Errorf("confirming twice gave %s", got.Answer)
	}
	if mails, _ := a.mailed(t); !slices.Equal(mails, []string{"moved oud@voorbeeld.example"}) {
		t.Errorf("confirming mails %q", mails)
	}
	if got := must(a.StandingByEmail(ctx, email(t, "nieuw@voorbeeld.example")))(t); got.Subscriber.PublicID != id || got.Subscription(a.News.ID).State != akkoord.Active {
		t.Errorf("the new address has %+v", got)
	}
	if got := must(a.StandingByEmail(ctx, st.Subscriber.Email))(t); got.Subscriber.ID != 0 {
		t.Error("the old address still has a person")
	}
	if got := a.lines(t, st.Subscriber.ID); got[len(got)-1] != "rectified" || len(got) != 3 {
		t.Errorf("%q", got)
	}
	// Somebody else's address: no mail, and the two stay two.
	_, mails = ask(other.Subscriber.Email.Address())
	if len(mails) != 0 {
		t.Errorf("an address that is taken was mailed: %q", mails)
	}
	for _, e := range must(a.Events(ctx, other.Subscriber.ID))(t) {
		if e.Kind == akkoord.Rectified {
			t.Error("the other was changed")
		}
	}
	// P15: whoever leaves everything or is erased comes back under no address.
	if _, err := a.Leave(ctx, akkoord.Link{Subscriber: id}, akkoord.ScopeAll, byLink); err != nil {
		t.Fatal(err)
	}
	link, _ = ask("derde@voorbeeld.example")
	if got := must(a.ChangeAddress(ctx, link, byLink))(t); got.Answer != akkoord.AnswerConfirmed {
		t.Fatalf("confirming gave %s", got.Answer)
	}
	for _, address := range []string{"oud@voorbeeld.example", "nieuw@voorbeeld.example", "derde@voorbeeld.example"} {
		if got := must(a.StandingByEmail(ctx, email(t, address)))(t); !got.Suppressed(akkoord.SuppressedUnsubscribed) {
			t.Errorf("%s is not suppressed", address)
		}
	}
	if _, err := a.Erase(ctx, id, "", byLink); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"oud@voorbeeld.example", "nieuw@voorbeeld.example", "derde@voorbeeld.example"} {
		if got := must(a.StandingByEmail(ctx, email(t, address)))(t); !got.Suppressed(akkoord.SuppressedErased) {
			t.Errorf("%s is not marked as erased", address)
		}
	}
	if got := must(a.AddressChange(ctx, link))(t); got.Answer != akkoord.AnswerNone {
		t.Errorf("the link of somebody erased is %s", got.Answer)
	}
	if _, err := a.VerifyLedger(ctx, nil); err != nil {
		t.Error(err)
	}
	// A person may not send mail to many strangers.
	for i, address := range []string{"a@x.example", "b@x.example", "c@x.example", "d@x.example"} {
		err := a.AskAddress(ctx, other.Subscriber.PublicID, email(t, address), "", akkoord.Origin{Actor: akkoord.ActorPerson, Locale: "nl"})
		if (err != nil) != (i == akkoord.Limits.AddressAsks) {
			t.Errorf("ask %d: %v", i+1, err)
		}
		a.Clock.Move(time.Second)
	}
}

// testOwnData: the link to one's own data goes to those who are known, three
// times a day, and asking leaves the same row for everyone (K.3, P14).
func testOwnData(t *testing.T, open Open) {
	a := newAgency(t, open)
	st := a.active(t, "anouk@voorbeeld.example", a.News)
	a.mailed(t)
	for i := range 5 {
		for _, e := range []akkoord.Email{st.Subscriber.Email, email(t, "niemand@voorbeeld.example")} {
			if err := a.AskOwnData(t.Context(), e, "", "en"); err != nil {
				t.Fatal(err)
			}
			if !signalled(a.Store) {
				t.Error("asking left nothing in the outbox")
			}
		}
		want := []string{"own_data anouk@voorbeeld.example"}
		if i >= akkoord.Limits.OwnMails {
			want = nil
		}
		mails, last := a.mailed(t)
		if !slices.Equal(mails, want) {
			t.Errorf("time %d: %q", i+1, mails)
		}
		if len(mails) > 0 && last.Locale != st.Subscriber.Locale { // M24: nobody wished for another
			t.Errorf("M24: the mail is in %q", last.Locale)
		}
		a.Clock.Move(time.Minute)
	}
	if got := a.lines(t, st.Subscriber.ID); len(got) != 2 {
		t.Errorf("asking changed the person: %q", got)
	}
}
