package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// testRound: after a wider wording a round asks those who may be asked, once,
// and reminds once; their press makes them mailable, silence does not (M4).
func testRound(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	people := map[string]akkoord.Standing{}
	for _, name := range []string{"yes", "no", "silent", "left", "bounced", "gone"} {
		people[name] = a.active(t, name+"@voorbeeld.example", a.News)
	}
	for i := range 250 { // more than a step
		a.active(t, fmt.Sprintf("lezer%d@voorbeeld.example", i), a.News)
	}
	customer := a.active(t, "klant@voorbeeld.example", a.Ski)
	noFault(t, a.SetBasis(ctx, customer.Subscriber.PublicID, "travel-news", akkoord.BasisChange{
		Basis: akkoord.BasisExistingCustomer, Reason: "bought skis", Origin: byLink,
		Ground: akkoord.Ground{SoldOn: "2027-01-10", Sale: "F-118", Similar: true, RefusalOffered: true}}))
	if _, err := a.BeginRound(ctx, Admin, "travel-news", 7); akkoord.CodeOf(err) != "nothing_wider" {
		t.Fatalf("a round without wider words: %v", err)
	}
	p := must(a.AddPurposeTexts(ctx, Admin, "travel-news", map[string]akkoord.PurposeText{"nl": {Name: "Nieuws", Explanation: "Ook voor hotels.", Wording: "Ja, ook van hotels."}},
		akkoord.WordingChange{Kind: akkoord.WordingWider}))(t)
	must(a.Leave(ctx, akkoord.Link{Subscriber: people["left"].Subscriber.PublicID, Purpose: p.ID}, akkoord.ScopePurpose, byLink))(t)
	bounced := people["bounced"].Subscriber.Email
	a.imported(t, akkoord.ImportSpec{Actor: Admin, PurposeID: p.ID, Purpose: p.Slug, Basis: akkoord.BasisConsent}, "email,status\n"+bounced.Address()+",bounced\n")
	a.empty(t)

	audience := must(a.RoundAudience(ctx, p.ID))(t)
	if audience.Allowed != 255 {
		t.Errorf("a round would ask %+v", audience)
	}
	r := must(a.BeginRound(ctx, Admin, "travel-news", 7))(t)
	if _, err := a.BeginRound(ctx, Admin, "travel-news", 7); akkoord.CodeOf(err) != "round_open" {
		t.Errorf("a second round: %v", err)
	}
	asked := a.runRound(t, akkoord.MailRenew)
	if len(asked) != 255 {
		t.Fatalf("%d people are asked", len(asked))
	}
	for name, want := range map[string]bool{"yes": true, "silent": true, "left": false, "bounced": false} {
		if d, got := asked[people[name].Subscriber.ID]; got != want || got && (d.Asked[0].Version != 2 || d.Asked[0].Locale != "nl") {
			t.Errorf("%s is asked: %v %+v", name, got, d.Asked)
		}
	}
	link := func(name string) akkoord.Link {
		id := people[name].Subscriber
		return akkoord.Link{Subscriber: id.PublicID, Request: asked[id.ID].Request}
	}
	// Looking changes nothing; pressing counts from then on, once.
	for range 2 {
		if q := must(a.Asked(ctx, link("yes")))(t); q.Answer != akkoord.AnswerPending || !q.Renewal || q.Subscriptions[0].Version != 2 {
			t.Errorf("%+v", q)
		}
	}
	for _, want := range []akkoord.Answer{akkoord.AnswerConfirmed, akkoord.AnswerAlready} {
		if q := must(a.Confirm(ctx, link("yes"), byLink))(t); q.Answer != want {
			t.Errorf("pressed: %s, want %s", q.Answer, want)
		}
	}
	noFault(t, a.NotMe(ctx, link("no"), byLink))
	must(a.Erase(ctx, people["gone"].Subscriber.PublicID, "asked for it", byLink))(t)
	for name, code := range map[string]string{"yes": "", "no": "withdrawn", "silent": "wording_wider"} {
		if v := must(a.Gate(ctx, people[name].Subscriber.Email, "travel-news", nil))(t); v.Code != code {
			t.Errorf("%s: the gate says %+v", name, v)
		}
	}
	want := akkoord.RoundFigures{Asked: 255, Confirmed: 1, Left: 2, NoAnswer: 252}
	if got := must(a.Rounds(ctx, p.ID))(t)[0]; got.State != akkoord.RoundWaiting || got.AskedAt.IsZero() || cmpFigures(want, got.Figures) != "" || got.Figures.LastConfirmed.IsZero() {
		t.Errorf("%+v", got)
	}
	record := must(a.ExportPerson(ctx, Admin, people["yes"].Subscriber.PublicID, ""))(t)
	if len(record.Questions) != 1 || record.Questions[0].ConfirmedAt.IsZero() {
		t.Errorf("the export has the questions %+v", record.Questions)
	}
	// One reminder, to the silent alone; then it is over.
	a.Clock.Move(8 * 24 * time.Hour)
	if again := a.runRound(t, akkoord.MailRenewAgain); len(again) != 252 || again[people["silent"].Subscriber.ID].Request != asked[people["silent"].Subscriber.ID].Request {
		t.Errorf("%d people are reminded", len(again))
	}
	a.Clock.Move(30 * 24 * time.Hour)
	if again := a.runRound(t, akkoord.MailRenewAgain); len(again) != 0 {
		t.Errorf("%d people are reminded twice", len(again))
	}
	if got := must(a.Rounds(ctx, p.ID))(t)[0]; got.ID != r.ID || got.State != akkoord.RoundDone || got.Figures.Reminded != 252 {
		t.Errorf("%+v", got)
	}
	// A stopped round sends nothing that waits.
	must(a.BeginRound(ctx, Admin, "travel-news", 0))(t)
	a.Clock.Move(time.Second)
	j, ok, err := a.ClaimJob(ctx, akkoord.JobRound)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	must(a.AdvanceRound(ctx, j))(t)
	must(a.StopRound(ctx, Admin, "travel-news"))(t)
	if due := must(a.ClaimSystem(ctx, 1000))(t); len(due) != 0 {
		t.Errorf("%d questions of a stopped round are sent", len(due))
	}
	if next := must(a.AdvanceRound(ctx, j))(t); !next.IsZero() {
		t.Error("a stopped round goes on")
	}
	if _, err := a.StopRound(ctx, Admin, "travel-news"); akkoord.CodeOf(err) != "round_none" {
		t.Errorf("stopping nothing: %v", err)
	}
	if _, err := a.VerifyLedger(ctx, nil); err != nil {
		t.Error(err)
	}
}

// cmpFigures compares figures but for the time.
func cmpFigures(want, got akkoord.RoundFigures) string {
	got.LastConfirmed = time.Time{}
	return cmp.Diff(want, got)
}

// runRound runs the job of a round until it waits for longer, has the relay
// take every mail, and gives these by person.
func (a *Agency) runRound(t *testing.T, kind akkoord.SystemMail) map[int64]akkoord.SystemDelivery {
	t.Helper()
	out := map[int64]akkoord.SystemDelivery{}
	for {
		a.Clock.Move(time.Second) // the writer's time goes on from change to change
		j, ok, err := a.ClaimJob(t.Context(), akkoord.JobRound)
		if err != nil || !ok {
			noFault(t, err)
			return out
		}
		next := must(a.AdvanceRound(t.Context(), j))(t)
		state, mails := must(a.Rounds(t.Context(), a.News.ID))(t)[0].State, a.empty(t)
		if len(mails) > 0 && (state == akkoord.RoundDone || state == akkoord.RoundWaiting && kind == akkoord.MailRenew) {
			t.Errorf("the round is said to be %s while %d of its mails wait", state, len(mails))
		}
		for _, d := range mails {
			if _, twice := out[d.Person.Subscriber.ID]; twice || d.Mail != kind {
				t.Errorf("person %d gets %s twice or it is not the mail that is due", d.Person.Subscriber.ID, d.Mail)
			}
			out[d.Person.Subscriber.ID] = d
		}
		noFault(t, a.SettleJob(t.Context(), j.Ran(next, nil, a.Clock.Now())))
		if !next.IsZero() && next.Sub(a.Clock.Now()) < time.Minute {
			a.Clock.Move(next.Sub(a.Clock.Now()))
		}
	}
}

// empty has the relay take all mails that are due.
func (a *Agency) empty(t *testing.T) []akkoord.SystemDelivery {
	t.Helper()
	var out []akkoord.SystemDelivery
	for {
		due := must(a.ClaimSystem(t.Context(), 1000))(t)
		if len(due) == 0 {
			return out
		}
		for _, d := range due {
			noFault(t, a.SettleSystem(t.Context(), akkoord.SystemResult{ID: d.ID, Fence: d.Fence, Done: true, Code: "250", Attempts: 1}))
		}
		out = append(out, due...)
	}
}

func noFault(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
