package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/store"
)

// tested gives an agency whose mailing is a test with so many people, of whom all
// let their clicks be counted.
func tested(t *testing.T, open Open, people int, trial akkoord.Trial, second akkoord.Variant) (*Agency, akkoord.Mailing) {
	t.Helper()
	a := paced(t, open, 0, store.Pace{})
	for i := range people {
		st := a.active(t, fmt.Sprintf("p%d@voorbeeld.example", i), a.News)
		noFault(t, a.Track(t.Context(), st.Subscriber.PublicID, a.News.ID, true, byLink))
	}
	a.Clock.Move(time.Minute)
	m := a.Mailing
	second.Name = "b"
	m.Trial, m.Variants = &trial, []akkoord.Variant{{Name: "a", Content: akkoord.Content{Subject: "Sneeuw in Oostenrijk"}}, second}
	return a, must(a.PutMailing(t.Context(), Admin, m))(t)
}

// sendAll sends whoever can be claimed and gives the variant of each.
func (a *Agency) sendAll(t *testing.T, got map[int64]int) (n int) {
	t.Helper()
	for w := must(a.Claim(t.Context()))(t); w != nil; w = must(a.Claim(t.Context()))(t) {
		for i, r := range w.Recipients {
			if _, twice := got[r.SubscriberID]; twice {
				t.Errorf("person %d got two", r.SubscriberID)
			}
			got[r.SubscriberID] = r.Variant
			noFault(t, a.Mark(w, i, a.Clock.Now()))
			a.Note(w, i, akkoord.Result{State: akkoord.Sent, Code: "250", Attempts: 1, At: a.Clock.Now(), FirstAt: a.Clock.Now()})
			n++
		}
		noFault(t, a.Release(t.Context(), w))
	}
	return n
}

// M17: a part gets the variants, the others wait for the winner, which goes out by
// itself, to everybody once; and a trial without one says so.
func testTrial(t *testing.T, open Open) {
	trial := akkoord.Trial{Share: 50, Measure: akkoord.TrialClicks, Wait: 60, Expect: 0.05}
	for name, tt := range map[string]struct {
		clicks  int // the variant that all click
		code    akkoord.TrialCode
		variant int
	}{"a winner": {1, akkoord.TrialWon, 1}, "no difference": {-1, akkoord.TrialNoWinner, 0}} {
		t.Run(name, func(t *testing.T) {
			a, m := tested(t, open, 60, trial, akkoord.Variant{Sender: "Femke", Content: akkoord.Content{Subject: "Sneeuw in Zwitserland"}})
			ctx := t.Context()
			m = must(a.StartMailing(ctx, Admin, m.PublicID))(t)
			got := map[int64]int{}
			first := a.sendAll(t, got)
			if first == 0 || first == 60 {
				t.Fatalf("%d of 60 are in the test", first)
			}
			links := must(a.MailLinks(ctx, m.ID, []akkoord.MailLink{{URL: "https://zonvaart.example/sneeuw"}}))(t)
			c := must(a.Course(ctx, m, int64(60-first), 10))(t)
			if end, why := c.End(a.Clock.Now()); c.Held != int64(60-first) || len(why) == 0 || why[0].Code != akkoord.BrakeTrial || end.Before(m.StartedAt.Add(time.Hour)) {
				t.Errorf("%d wait for the winner: it ends %s by %+v", c.Held, end, why)
			}
			if n := must(a.TrialCounts(ctx, m, 60))(t); n != 60 {
				t.Errorf("%d let their clicks be counted", n)
			}
			a.Clock.Move(20 * time.Minute)
			for person, variant := range got {
				if variant == tt.clicks {
					d := must(a.DeliveryTo(ctx, m.ID, person))(t)
					noFault(t, a.NoteClick(ctx, akkoord.Link{Subscriber: d.Subscriber, Target: links[0]}, byPerson))
				}
			}
			a.runMailing(t)
			if m := must(a.MailingByID(ctx, m.ID))(t); m.Decision != nil || a.sendAll(t, got) != 0 {
				t.Fatalf("it is decided before its time: %+v", m.Decision)
			}
			a.Clock.Move(41 * time.Minute)
			arms, open, err := a.TrialFigures(ctx, m)
			if noFault(t, err); open != 0 || arms[0].Waited+arms[1].Waited != first || arms[1].Counted == 0 || tt.clicks == 1 && arms[1].Clicked != arms[1].Counted {
				t.Errorf("%d open, %+v", open, arms)
			}
			a.runMailing(t)
			m = must(a.MailingByID(ctx, m.ID))(t)
			if m.Decision == nil || m.Decision.Code != tt.code || m.Decision.Winner != tt.variant {
				t.Fatalf("it is decided as %+v", m.Decision)
			}
			before := len(got)
			if n := a.sendAll(t, got); n != 60-first {
				t.Errorf("%d got the winner, want %d", n, 60-first)
			}
			winners := 0
			for _, variant := range got {
				if variant == tt.variant {
					winners++
				}
			}
			if winners < 60-before {
				t.Errorf("%d got the winner of %d who waited", winners, 60-before)
			}
			if c := must(a.Counts(ctx, m.ID))(t); c.Sent != 60 {
				t.Errorf("%+v", c)
			}
			if m := must(a.MailingByID(ctx, m.ID))(t); m.State != akkoord.MailingSent {
				t.Errorf("it is %s", m.State)
			}
			for person, variant := range got {
				if d := must(a.DeliveryTo(ctx, m.ID, person))(t); d.Variant != variant {
					t.Errorf("person %d got variant %d, and is said to have %d", person, variant, d.Variant)
				}
			}
			lines := 0
			entries, _, err := a.SearchAudit(ctx, akkoord.AuditFilter{Action: "mailing.decide"}, akkoord.Page{})
			noFault(t, err)
			for _, e := range entries {
				if e.Action == "mailing.decide" && strings.HasPrefix(e.Note, string(tt.code)) {
					lines++
				}
			}
			if lines != 1 {
				t.Errorf("%d lines in the audit trail", lines)
			}
		})
	}
}

// A variant of a test may have a time of its own; when it wins, so do the others.
func testTrialTimes(t *testing.T, open Open) {
	trial := akkoord.Trial{Share: 60, Measure: akkoord.TrialUnsubscribes, Wait: 60, Expect: 0.05}
	a, m := tested(t, open, 20, trial, akkoord.Variant{At: "20:00"})
	m.Plan.Zone = "UTC"
	m = must(a.PutMailing(t.Context(), Admin, m))(t)
	must(a.StartMailing(t.Context(), Admin, m.PublicID))(t)
	got := map[int64]int{}
	a.sendAll(t, got)
	for _, variant := range got {
		if variant != 0 {
			t.Fatal("the evening's variant went out in the morning")
		}
	}
	a.Clock.Move(10*time.Hour + 30*time.Minute)
	if a.sendAll(t, got) == 0 {
		t.Error("the evening's variant does not go out")
	}
	m.Variants[1].At = "25:00"
	m.ID = 0
	if _, err := a.PutMailing(t.Context(), Admin, m); akkoord.CodeOf(err) != "variant_time" {
		t.Errorf("a time that is none gave %v", err)
	}
}
