package storetest

import (
	"fmt"
	"testing"
	"time"

	"akkoord"
	"akkoord/store"
)

// paced opens an agency with people and a limit for all mailings.
func paced(t *testing.T, open Open, people int, pace store.Pace) *Agency {
	t.Helper()
	cfg, clock := Config(t)
	cfg.Pace = pace
	a := NewAgency(t, open(t, cfg), clock)
	for i := range people {
		a.active(t, fmt.Sprintf("p%d@voorbeeld.example", i), a.News)
	}
	return a
}

// planned gives the agency's mailing a plan and a time.
func (a *Agency) planned(t testing.TB, plan akkoord.Plan, at time.Time) akkoord.Mailing {
	t.Helper()
	m := a.Mailing
	m.Plan, m.SendAt = plan, at
	return must(a.PutMailing(t.Context(), Admin, m))(t)
}

// sendWindow claims a window and sends the first of its people, at most n. It gives their
// numbers.
func (a *Agency) sendWindow(t testing.TB, n int) (sent []int64) {
	t.Helper()
	w := must(a.Claim(t.Context()))(t)
	if w == nil {
		return nil
	}
	for i := range w.Recipients[:min(n, len(w.Recipients))] {
		noFault(t, a.Mark(w, i, a.Clock.Now()))
		a.Note(w, i, akkoord.Result{State: akkoord.Sent, Code: "250", Attempts: 1, At: a.Clock.Now(), FirstAt: a.Clock.Now()})
		sent = append(sent, w.Recipients[i].SubscriberID)
	}
	noFault(t, a.Release(t.Context(), w))
	return sent
}

// M.13: no more mails go out than the caps say; what is left goes on by itself,
// nobody is left out (P07) and nobody gets two (P06).
func testCaps(t *testing.T, open Open) {
	a := paced(t, open, 12, store.Pace{Cap: akkoord.Cap{Hour: 5}})
	ctx := t.Context()
	a.planned(t, akkoord.Plan{Cap: akkoord.Cap{Hour: 4, Day: 100}}, time.Time{})
	m := must(a.StartMailing(ctx, Admin, a.Mailing.PublicID))(t)
	seen := map[int64]int{}
	send := func(n, want int) {
		t.Helper()
		got := 0
		for part := a.sendWindow(t, n); len(part) > 0; part = a.sendWindow(t, n-got) {
			for _, id := range part {
				seen[id]++
			}
			if got += len(part); got == n {
				break
			}
		}
		if got != want {
			t.Errorf("%d went out, want %d", got, want)
		}
	}
	send(2, 2) // of four that were claimed
	send(9, 2) // what was not used may be used again
	send(9, 0)
	c := must(a.Course(ctx, m, 8, 0))(t)
	end, why := c.End(a.Clock.Now())
	if len(why) == 0 || why[0].Code != akkoord.BrakeHour || why[0].Scope != akkoord.CapMailing || why[0].Until.IsZero() || !end.After(a.Clock.Now()) {
		t.Errorf("it ends %s by %+v", end, why)
	}
	a.Clock.Move(why[0].Until.Sub(a.Clock.Now()))
	send(9, 4)
	a.Clock.Move(65*time.Minute + akkoord.PaceSlot)
	second := must(a.PutMailing(ctx, Admin, akkoord.Mailing{CampaignID: a.Campaign.ID, Content: akkoord.Content{Subject: "Nog meer", Markdown: "Hallo"}}))(t)
	must(a.StartMailing(ctx, Admin, second.PublicID))(t)
	if n := len(a.sendWindow(t, 9)) + len(a.sendWindow(t, 9)) + len(a.sendWindow(t, 9)); n != 5 {
		t.Errorf("of two mailings %d went out in an hour, want 5", n)
	}
	a.Clock.Move(65*time.Minute + akkoord.PaceSlot)
	for range 20 {
		if len(a.sendWindow(t, 9)) == 0 {
			a.Clock.Move(65*time.Minute + akkoord.PaceSlot)
		}
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("person %d got %d mails", id, n)
		}
	}
	for _, id := range []int64{m.ID, second.ID} {
		if n := must(a.Counts(ctx, id))(t); n.Total != 12 || n.Sent != 12 {
			t.Errorf("mailing %d: %+v", id, n)
		}
		if m := must(a.MailingByID(ctx, id))(t); m.State != akkoord.MailingSent {
			t.Errorf("mailing %d is %s", id, m.State)
		}
	}
}

// D.6: a new domain sends a little each day, and more after a day that was used.
func testWarmup(t *testing.T, open Open) {
	a := paced(t, open, 12, store.Pace{Warmup: akkoord.Warmup{First: 2, Growth: 2, Full: 8}, Domain: "zonvaart.example"})
	must(a.StartMailing(t.Context(), Admin, a.Mailing.PublicID))(t)
	for day, want := range []int{2, 4, 6} { // the third day has no limit
		if s := must(a.Speed(t.Context()))(t); s.Domain != "zonvaart.example" || s.Known() != (day == 2) || !s.Known() && (s.Warm.Step != day || s.WarmLeft != want) {
			t.Errorf("day %d: %+v", day+1, s)
		}
		n := 0
		for range 3 {
			n += len(a.sendWindow(t, 9))
		}
		if n != want {
			t.Errorf("day %d: %d went out, want %d", day+1, n, want)
		}
		a.Clock.Move(24*time.Hour + 2*akkoord.PaceSlot)
	}
}

// Nobody is claimed outside the hours, and a window ends with them.
func testHours(t *testing.T, open Open) {
	a := paced(t, open, 3, store.Pace{})
	a.planned(t, akkoord.Plan{Zone: "UTC", Hours: akkoord.SendHours{From: "10:00", Until: "11:00"}}, time.Time{})
	m := must(a.StartMailing(t.Context(), Admin, a.Mailing.PublicID))(t) // at 9:30
	if w := must(a.Claim(t.Context()))(t); w != nil {
		t.Fatalf("claimed outside the hours: %+v", w)
	}
	if _, why := must(a.Course(t.Context(), m, 3, 0))(t).End(a.Clock.Now()); len(why) != 1 || why[0].Code != akkoord.BrakeHours || !why[0].Until.Equal(Start.Add(30*time.Minute)) {
		t.Errorf("it is late by %+v", why)
	}
	a.Clock.Move(30 * time.Minute)
	w := must(a.Claim(t.Context()))(t)
	if w == nil || !w.Until.Equal(Start.Add(90*time.Minute)) {
		t.Fatalf("claimed %+v, want a window until 11:00", w)
	}
	noFault(t, a.Release(t.Context(), w))
	a.Clock.Move(time.Hour)
	if w := must(a.Claim(t.Context()))(t); w != nil {
		t.Errorf("claimed after the hours: %+v", w)
	}
}

// Each person gets it by their own clock, also when the hours are over before it
// is their turn.
func testTimesOfPeople(t *testing.T, open Open) {
	a := paced(t, open, 0, store.Pace{})
	ctx := t.Context()
	must(a.AddAttribute(ctx, Admin, akkoord.Attribute{Slug: "zone", Type: akkoord.AttributeText}, "travel-news"))(t)
	must(a.AddAttribute(ctx, Admin, akkoord.Attribute{Slug: "ski-zone", Type: akkoord.AttributeText}, "ski-offers"))(t)
	people := map[int64]string{}
	for name, zone := range map[string]string{"tokyo": "Asia/Tokyo", "home": "", "york": "America/New_York", "lost": "Atlantis"} {
		st := a.active(t, name+"@voorbeeld.example", a.News)
		people[st.Subscriber.ID] = name
		if zone != "" {
			noFault(t, a.SetProfile(ctx, st.Subscriber.PublicID, akkoord.Profile{Attributes: map[string]*string{"zone": &zone}}, akkoord.Origin{Source: "api", Actor: Admin}))
		}
	}
	m := a.Mailing
	m.Plan = akkoord.Plan{ZoneAttribute: "ski-zone"}
	if _, err := a.PutMailing(ctx, Admin, m); akkoord.CodeOf(err) != "attribute_unknown" {
		t.Errorf("an attribute of another purpose gave %v", err)
	}
	at := time.Date(2027, 1, 18, 8, 0, 0, 0, time.UTC) // Monday, 9:00 in Amsterdam
	a.planned(t, akkoord.Plan{ZoneAttribute: "zone", Hours: akkoord.SendHours{From: "09:00", Until: "10:00"}}, at)
	must(a.ScheduleMailing(ctx, Admin, m.PublicID, at))(t)
	got := map[string]time.Time{}
	for a.Clock.Now().Before(at.AddDate(0, 0, 2)) {
		a.Clock.Move(15 * time.Minute)
		if j, ok, err := a.ClaimJob(ctx, akkoord.JobMailing); err != nil {
			t.Fatal(err)
		} else if ok {
			next, err := a.AdvanceMailing(ctx, j)
			noFault(t, a.SettleJob(ctx, j.Ran(next, err, a.Clock.Now())))
		}
		if a.Clock.Now().Equal(at) {
			continue // and nobody was there to send for the first quarter
		}
		for _, id := range a.sendWindow(t, 9) {
			if _, twice := got[people[id]]; twice {
				t.Errorf("%s got two", people[id])
			}
			got[people[id]] = a.Clock.Now()
		}
	}
	for name, want := range map[string]time.Time{"tokyo": at.Add(-8 * time.Hour), "home": at.Add(15 * time.Minute), "lost": at.Add(15 * time.Minute), "york": at.Add(6 * time.Hour)} {
		if !got[name].Equal(want) {
			t.Errorf("%s got it at %s, want %s", name, got[name], want)
		}
	}
	if m := must(a.MailingByID(ctx, m.ID))(t); m.State != akkoord.MailingSent || !m.LastAt.Equal(at.Add(6*time.Hour)) {
		t.Errorf("it is %s, the last time is %s", m.State, m.LastAt)
	}
}

// P20: what becomes of a mailing whose time passed while no server ran.
func testMissedTimes(t *testing.T, open Open) {
	for missed, want := range map[akkoord.Missed]akkoord.MailingState{"": akkoord.MailingDraft, akkoord.MissedSkip: akkoord.MailingCancelled, akkoord.MissedSend: akkoord.MailingSending} {
		a := paced(t, open, 1, store.Pace{})
		at := Start.Add(time.Hour)
		m := a.planned(t, akkoord.Plan{Missed: missed}, at)
		must(a.ScheduleMailing(t.Context(), Admin, m.PublicID, at))(t)
		a.Clock.Move(3 * time.Hour)
		a.runMailing(t)
		m = must(a.MailingByID(t.Context(), m.ID))(t)
		if m.State != want || (m.Why.Text == "") != (want == akkoord.MailingSending) {
			t.Errorf("%q: it is %s, %q", missed, m.State, m.Why.Text)
		}
	}
}

// runMailing runs the job of a mailing that is due.
func (a *Agency) runMailing(t testing.TB) {
	t.Helper()
	ctx := t.Context()
	j, ok, err := a.ClaimJob(ctx, akkoord.JobMailing)
	if err != nil || !ok {
		t.Fatalf("no job is due: %v", err)
	}
	next, err := a.AdvanceMailing(ctx, j)
	noFault(t, err)
	noFault(t, a.SettleJob(ctx, j.Ran(next, err, a.Clock.Now())))
}
