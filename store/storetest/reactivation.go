package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

const oneDay = 24 * time.Hour

// retain takes the steps that are due now.
func (a *Agency) retain(t testing.TB) map[akkoord.RetentionAct]int {
	t.Helper()
	done, more, err := a.Retain(t.Context())
	if err != nil || more {
		t.Fatal(more, err)
	}
	return done
}

// mailQuestions plays the mailer, with a relay that answers with a code, and
// gives who was asked what.
func (a *Agency) mailQuestions(t testing.TB, code string) map[string]akkoord.SystemMail {
	t.Helper()
	out := map[string]akkoord.SystemMail{}
	for _, d := range must(a.ClaimSystem(t.Context(), 1000))(t) {
		if d.Mail == akkoord.MailStill || d.Mail == akkoord.MailStillAgain {
			out[d.Recipient().Address()] = d.Mail
			if len(d.Asked) != 1 || d.Asked[0].PurposeID != a.News.ID || !d.Ends.After(a.Clock.Now()) {
				t.Errorf("the question is about %+v until %v", d.Asked, d.Ends)
			}
		}
		if err := a.SettleSystem(t.Context(), akkoord.SystemResult{ID: d.ID, Fence: d.Fence, Done: true, Code: code, Attempts: 1}); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// M18: who gave no sign of life is asked, asked again, and then forgotten;
// whoever says yes, left or may not be mailed is left alone. The same holds
// when the policy is stopped in between.
func testReactivation(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	silent := a.active(t, "stil@voorbeeld.example", a.News)
	both := a.active(t, "beide@voorbeeld.example", a.News, a.Ski)
	yes := a.active(t, "ja@voorbeeld.example", a.News)
	left := a.active(t, "weg@voorbeeld.example", a.News)
	must(a.Leave(ctx, akkoord.Link{Subscriber: left.Subscriber.PublicID, Purpose: a.News.ID}, akkoord.ScopePurpose, byLink))(t)
	a.mailQuestions(t, "250") // the mails of the sign-ups
	if err := a.StopRetention(ctx, Admin, "ski-offers"); err != nil {
		t.Fatal(err)
	}

	a.Clock.Move(364 * oneDay)
	if done := a.retain(t); len(done) != 0 {
		t.Fatalf("before a year: %v", done)
	}
	a.Clock.Move(2 * oneDay)
	if err := a.StopRetention(ctx, Admin, "travel-news"); err != nil {
		t.Fatal(err)
	}
	if done := a.retain(t); len(done) != 0 {
		t.Fatalf("stopped: %v", done)
	}
	if err := a.StartRetention(ctx, Admin, "travel-news"); err != nil {
		t.Fatal(err)
	}
	if done := a.retain(t); done[akkoord.ActAsk] != 3 || len(done) != 1 {
		t.Fatalf("after a year: %v", done)
	}
	if done := a.retain(t); len(done) != 0 {
		t.Fatalf("asked twice: %v", done)
	}
	// Stopped now, not even what waits goes out, and is asked once more later.
	if err := a.StopRetention(ctx, Admin, "travel-news"); err != nil {
		t.Fatal(err)
	}
	if got := a.mailQuestions(t, "250"); len(got) != 0 {
		t.Fatalf("stopped, and %v went out", got)
	}
	if err := a.StartRetention(ctx, Admin, "travel-news"); err != nil {
		t.Fatal(err)
	}
	a.Clock.Move(15 * oneDay)
	if done := a.retain(t); done[akkoord.ActAsk] != 3 || len(done) != 1 {
		t.Fatalf("after a question that never went out: %v", done)
	}
	want := map[string]akkoord.SystemMail{"stil@voorbeeld.example": akkoord.MailStill, "beide@voorbeeld.example": akkoord.MailStill, "ja@voorbeeld.example": akkoord.MailStill}
	if diff := cmp.Diff(want, a.mailQuestions(t, "250 2.0.0")); diff != "" {
		t.Fatal(diff)
	}
	link := akkoord.Link{Subscriber: yes.Subscriber.PublicID, Purpose: a.News.ID}
	for _, want := range []akkoord.Answer{akkoord.AnswerConfirmed, akkoord.AnswerAlready} {
		if asked := must(a.Keep(ctx, link, byLink))(t); asked.Answer != want {
			t.Errorf("a yes gives %s, want %s", asked.Answer, want)
		}
	}
	a.Clock.Move(14*oneDay + time.Second) // writes are later than the clock that stands still
	if done := a.retain(t); done[akkoord.ActAskAgain] != 2 || len(done) != 1 {
		t.Fatalf("after a question: %v", done)
	}
	if got := a.mailQuestions(t, "250"); len(got) != 2 || got["stil@voorbeeld.example"] != akkoord.MailStillAgain {
		t.Fatalf("the second question: %v", got)
	}
	a.Clock.Move(14*oneDay + time.Second)
	if done := a.retain(t); done[akkoord.ActExpire] != 2 || len(done) != 1 {
		t.Fatalf("after two questions: %v", done)
	}

	// Gone with address and name; the hash keeps an old list from bringing them back.
	if st := a.standing(t, "stil@voorbeeld.example"); st.Subscriber.ID != 0 || !slices.Equal(st.Suppressions, []akkoord.SuppressionKind{akkoord.SuppressedExpired}) {
		t.Errorf("of the silent one stays %+v", st)
	}
	if asked := must(a.Keep(ctx, akkoord.Link{Subscriber: silent.Subscriber.PublicID, Purpose: a.News.ID}, byLink))(t); asked.Answer != akkoord.AnswerNone {
		t.Errorf("a yes that comes too late gives %s", asked.Answer)
	}
	st := a.standing(t, "beide@voorbeeld.example")
	if st.Subscription(a.News.ID).State != akkoord.Lapsed || st.Subscription(a.Ski.ID).State != akkoord.Active || len(st.Suppressions) != 0 {
		t.Errorf("who has another purpose is %+v", st)
	}
	if lines := a.lines(t, both.Subscriber.ID); lines[len(lines)-1] != "expired news" {
		t.Errorf("the ledger says %v", lines)
	}
	if lines := a.lines(t, yes.Subscriber.ID); lines[len(lines)-1] != "renewed news" {
		t.Errorf("the ledger says %v", lines)
	}
	if _, err := a.VerifyLedger(ctx, nil); err != nil {
		t.Error(err)
	}
	// Their own new confirmation makes a new contact, and ends it.
	if again := a.active(t, "stil@voorbeeld.example", a.News); again.Subscriber.PublicID == silent.Subscriber.PublicID || len(again.Suppressions) != 0 {
		t.Errorf("signed up anew: %+v", again)
	}
	a.Clock.Move(420 * oneDay)
	if done := a.retain(t); done[akkoord.ActAsk] != 2 {
		t.Errorf("a year on: %v", done)
	}
}

// M18: who is asked when, and whose consent ends, is known beforehand, and is
// what then happens.
func testForecast(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	var people []akkoord.Standing
	for i := range 5 {
		people = append(people, a.active(t, fmt.Sprintf("p%d@voorbeeld.example", i), a.News))
		a.Clock.Move(oneDay)
	}
	must(a.Leave(ctx, akkoord.Link{Subscriber: people[4].Subscriber.PublicID, Purpose: a.News.ID}, akkoord.ScopePurpose, byLink))(t)
	if err := a.Track(ctx, people[0].Subscriber.PublicID, a.News.ID, true, byLink); err != nil {
		t.Fatal(err)
	}
	a.mailQuestions(t, "250")
	forecast := func() map[string]map[akkoord.RetentionAct]int {
		t.Helper()
		out := map[string]map[akkoord.RetentionAct]int{}
		for _, d := range must(a.ForecastRetention(ctx, must(a.Purpose(ctx, "travel-news"))(t)))(t) {
			out[d.Day.Format(time.DateOnly)] = d.Steps
		}
		return out
	}
	a.Clock.Move(320 * oneDay) // day 325
	want := map[string]map[akkoord.RetentionAct]int{
		"2028-01-16": {akkoord.ActAsk: 1}, "2028-01-17": {akkoord.ActAsk: 1}, "2028-01-18": {akkoord.ActAsk: 1}, "2028-01-20": {akkoord.ActAsk: 1},
		"2028-01-30": {akkoord.ActAskAgain: 1}, "2028-01-31": {akkoord.ActAskAgain: 1}, "2028-02-01": {akkoord.ActAskAgain: 1}, "2028-02-03": {akkoord.ActAskAgain: 1},
	}
	if diff := cmp.Diff(want, forecast()); diff != "" {
		t.Error(diff)
	}
	if err := a.StopRetention(ctx, Admin, "travel-news"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, forecast()); diff != "" {
		t.Errorf("stopped: %s", diff)
	}
	if err := a.StartRetention(ctx, Admin, "travel-news"); err != nil {
		t.Fatal(err)
	}
	// Day by day exactly that happens.
	for day := a.Clock.Now(); day.Before(Start.AddDate(0, 0, 440)); day = a.Clock.Now() {
		foreseen := forecast()[day.Format(time.DateOnly)]
		var listed int
		for next, more := int64(0), true; more; more = next > 0 {
			var rows []akkoord.RetentionPerson
			var err error
			if rows, next, err = a.RetentionPeople(ctx, must(a.Purpose(ctx, "travel-news"))(t), day, akkoord.Page{After: next, Limit: 1}); err != nil {
				t.Fatal(err)
			}
			listed += len(rows)
		}
		total := 0
		for _, n := range foreseen {
			total += n
		}
		late := oneDay - time.Minute + day.Sub(Start)/1e6 // each day a little later: writes are later than the clock that stands still
		a.Clock.Move(day.Truncate(oneDay).Add(late).Sub(day))
		done := a.retain(t)
		if diff := cmp.Diff(foreseen, done); len(foreseen)+len(done) > 0 && diff != "" || listed != total {
			t.Errorf("on %s, %d listed: %s", day.Format(time.DateOnly), listed, diff)
		}
		a.mailQuestions(t, "250")
		a.Clock.Move(time.Minute + 9*time.Hour)
	}
}

// M18: clicks and looks at one's own page are known of nobody who did not let
// them be counted, and go when they take that back.
func testActivity(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	counted := a.active(t, "telt@voorbeeld.example", a.News, a.Ski)
	not := a.active(t, "niet@voorbeeld.example", a.News)
	if err := a.Track(ctx, counted.Subscriber.PublicID, a.News.ID, true, byLink); err != nil {
		t.Fatal(err)
	}
	a.Clock.Move(300 * oneDay)
	for _, p := range []akkoord.Standing{counted, not} {
		for _, signal := range []akkoord.Signal{akkoord.SignalVisit, akkoord.SignalClick} {
			if err := a.NoteActivity(ctx, p.Subscriber.PublicID, 0, signal); err != nil {
				t.Fatal(err)
			}
		}
	}
	a.Clock.Move(66 * oneDay)
	if done := a.retain(t); done[akkoord.ActAsk] != 2 { // the other one, and the purpose that is not counted
		t.Errorf("%v", done)
	}
	if st := a.standing(t, "telt@voorbeeld.example"); !st.Subscription(a.News.ID).Asked.IsZero() || st.Subscription(a.Ski.ID).Asked.IsZero() {
		t.Errorf("asked: %+v", st.Subscriptions)
	}
	record := must(a.ExportPerson(ctx, Admin, counted.Subscriber.PublicID, ""))(t)
	if len(record.Activity) != 2 || record.Activity[0].Purpose != "travel-news" {
		t.Errorf("the person's record has %+v", record.Activity)
	}
	if none := must(a.ExportPerson(ctx, Admin, not.Subscriber.PublicID, ""))(t); len(none.Activity) != 0 {
		t.Errorf("of whoever is not counted is stored %+v", none.Activity)
	}
	if err := a.Track(ctx, counted.Subscriber.PublicID, a.News.ID, false, byLink); err != nil {
		t.Fatal(err)
	}
	if record = must(a.ExportPerson(ctx, Admin, counted.Subscriber.PublicID, ""))(t); len(record.Activity) != 0 {
		t.Errorf("taken back, and still stored: %+v", record.Activity)
	}
	if done := a.retain(t); done[akkoord.ActAsk] != 1 {
		t.Errorf("judged by the age of the consent: %v", done)
	}
}

// F.12, F.16: of what nobody agreed to nothing stays after 14 days, whatever
// became of it, and the proof of what somebody left goes after three years, to
// the end of the year. Whoever left comes back by no list.
func testOutlived(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	for i, leaves := range []bool{true, false} {
		e := email(t, fmt.Sprintf("p%d@voorbeeld.example", i))
		if err := a.SignUp(ctx, a.signUp(e, a.News)); err != nil {
			t.Fatal(err)
		}
		if leaves {
			st := a.standing(t, e.Address())
			must(a.Leave(ctx, akkoord.Link{Subscriber: st.Subscriber.PublicID, Purpose: a.News.ID}, akkoord.ScopePurpose, byLink))(t)
			continue
		}
		a.Clock.Move(10 * oneDay) // and another purpose in between
		if err := a.SignUp(ctx, a.signUp(e, a.Ski)); err != nil {
			t.Fatal(err)
		}
	}
	agreed := a.active(t, "weg@voorbeeld.example", a.News)
	must(a.Leave(ctx, akkoord.Link{Subscriber: agreed.Subscriber.PublicID, Purpose: a.News.ID}, akkoord.ScopePurpose, byLink))(t)
	stays := a.active(t, "blijft@voorbeeld.example", a.News)
	a.Clock.Move(5 * oneDay)
	forget := func(want int) {
		t.Helper()
		must(a.ExpirePending(ctx, 100))(t)
		if n := must(a.ForgetOutlived(ctx, 100))(t); n != want {
			t.Errorf("%d people were forgotten, want %d", n, want)
		}
	}
	forget(1)
	if st := a.standing(t, "p0@voorbeeld.example"); st.Subscriber.ID != 0 || !slices.Equal(st.Suppressions, []akkoord.SuppressionKind{akkoord.SuppressedUnsubscribed}) {
		t.Errorf("of who left before confirming stays %+v", st)
	}
	a.Clock.Move(10 * oneDay)
	forget(0)
	if st := a.standing(t, "p1@voorbeeld.example"); st.Subscriber.ID != 0 || len(st.Suppressions) != 0 {
		t.Errorf("of who confirmed neither of two stays %+v", st)
	}
	a.Clock.Move(time.Date(2030, 12, 31, 0, 0, 0, 0, time.UTC).Sub(a.Clock.Now()))
	forget(0)
	a.Clock.Move(oneDay)
	forget(1)
	forget(0)
	if st := a.standing(t, "weg@voorbeeld.example"); st.Subscriber.ID != 0 || !st.Suppressed(akkoord.SuppressedUnsubscribed) {
		t.Errorf("of who left stays %+v", st)
	}
	if st := a.standing(t, "blijft@voorbeeld.example"); st.Subscriber.ID != stays.Subscriber.ID {
		t.Error("who is in was forgotten")
	}
	if _, err := a.VerifyLedger(ctx, nil); err != nil {
		t.Error(err)
	}
}

// M18, F.12: whose sign-up ends for want of a confirmation is known by day, but
// for what is restricted.
func testUnconfirmed(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	waits := func(address string, purposes ...akkoord.Purpose) akkoord.Standing {
		t.Helper()
		e := email(t, address)
		if err := a.SignUp(ctx, a.signUp(e, purposes...)); err != nil {
			t.Fatal(err)
		}
		return must(a.StandingByEmail(ctx, e))(t)
	}
	a.active(t, "in@voorbeeld.example", a.News)
	both := waits("twee@voorbeeld.example", a.News, a.Ski)
	a.Clock.Move(oneDay)
	late := waits("later@voorbeeld.example", a.News)
	held := waits("beperkt@voorbeeld.example", a.News)
	if err := a.Restrict(ctx, held.Subscriber.PublicID, "asked", byLink); err != nil {
		t.Fatal(err)
	}
	day := func(n int) time.Time {
		return Start.Truncate(oneDay).Add(akkoord.Limits.PendingWindow).AddDate(0, 0, n)
	}
	look := func(want ...akkoord.DayCount) {
		t.Helper()
		if diff := cmp.Diff(want, must(a.Unconfirmed(ctx))(t)); diff != "" {
			t.Error(diff)
		}
	}
	people := func(on time.Time, want ...akkoord.Standing) {
		t.Helper()
		var got, ids []akkoord.ID
		for next, more := int64(0), true; more; more = next > 0 {
			var rows []akkoord.RetentionPerson
			var err error
			if rows, next, err = a.UnconfirmedPeople(ctx, on, akkoord.Page{After: next, Limit: 1}); err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				got = append(got, r.ID)
			}
		}
		for _, st := range want {
			ids = append(ids, st.Subscriber.PublicID)
		}
		if diff := cmp.Diff(ids, got); diff != "" {
			t.Error(diff)
		}
	}
	look(akkoord.DayCount{Day: day(0), Count: 1}, akkoord.DayCount{Day: day(1), Count: 1})
	people(day(0), both)
	people(day(1), late)
	a.Clock.Move(40 * oneDay)
	look(akkoord.DayCount{Day: a.Clock.Now().Truncate(oneDay), Count: 2})
	people(a.Clock.Now(), both, late)
}
