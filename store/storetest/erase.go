package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// byAdmin is the origin of an act over the API.
var byAdmin = akkoord.Origin{Source: "api", Actor: Admin}

func testErase(t *testing.T, open Open) {
	for _, part := range []struct {
		name string
		run  func(*testing.T, *Agency)
	}{
		{"M19 nothing is left but a line and the figures", testErasedIsGone},
		{"P15 nobody brings an erased person back", testErasedStaysGone},
		{"an erased person gets no mail that waits", testErasedGetsNoMail},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, newAgency(t, open)) })
	}
}

func testErasedIsGone(t *testing.T, a *Agency) {
	ctx := t.Context()
	p := a.active(t, "anouk@voorbeeld.example", a.News, a.Ski).Subscriber
	other := a.active(t, "bram@voorbeeld.example", a.News)
	must(a.Leave(ctx, akkoord.Link{Subscriber: p.PublicID, Purpose: a.News.ID, Campaign: a.Campaign.ID, Mailing: a.Mailing.ID}, akkoord.ScopePurpose, byLink))(t)

	for reason, code := range map[string]string{"": "reason_missing", "anouk called": "reason_personal"} {
		if _, err := a.Erase(ctx, p.PublicID, reason, byAdmin); akkoord.CodeOf(err) != code {
			t.Errorf("the reason %q gives %v, want %s", reason, err, code)
		}
	}
	if _, err := a.Erase(ctx, akkoord.ID{1}, "asked for", byAdmin); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("erasing nobody gives %v", err)
	}
	if st := a.standing(t, "anouk@voorbeeld.example"); st.Subscriber.ID != p.ID {
		t.Fatal("a refused erasure erased")
	}
	before := must(a.Events(ctx, p.ID))(t)
	e := must(a.Erase(ctx, p.PublicID, "asked for by phone", byAdmin))(t)

	st := a.standing(t, "anouk@voorbeeld.example")
	if st.Subscriber.ID != 0 || len(st.Subscriptions) != 0 || len(st.Left) != 0 || !st.Suppressed(akkoord.SuppressedErased) {
		t.Errorf("the erased person stands as %+v", st)
	}
	after := must(a.Events(ctx, p.ID))(t)
	if len(after) != len(before)+1 {
		t.Fatalf("%d lines became %d", len(before), len(after))
	}
	last := after[len(after)-1]
	if last.Kind != akkoord.Erased || last.Seq != e.Line || last.Hash != e.Hash || !last.At.Equal(e.At) {
		t.Errorf("the receipt %+v is not of the last line %+v", e, last)
	}
	for _, line := range after {
		if line.Evidence != (akkoord.Evidence{}) {
			t.Errorf("line %d has kept its evidence", line.Seq)
		}
	}
	if n := must(a.UnsubscribedBy(ctx, a.Mailing.ID))(t); n != 1 {
		t.Errorf("%d people left by the mailing; figures stay", n)
	}
	if _, err := a.VerifyLedger(ctx, nil); err != nil {
		t.Error(err)
	}
	if again := a.standing(t, "bram@voorbeeld.example"); !cmp.Equal(again.Subscriptions, other.Subscriptions) || len(again.Suppressions) > 0 {
		t.Error("somebody else changed")
	}

	a.Clock.Move(time.Hour)
	if diff := cmp.Diff(e, must(a.Erase(ctx, p.PublicID, "asked for by phone", byAdmin))(t)); diff != "" {
		t.Errorf("a request that comes again (-first +second):\n%s", diff)
	}
	var lines int
	for _, line := range a.trail(t) {
		if strings.Contains(line, "subscriber.erase") {
			lines++
			if want := fmt.Sprintf("%s subscriber.erase ledger:%d", Admin, e.Line); line != want {
				t.Errorf("the audit trail says %q, want %q", line, want)
			}
		}
	}
	if lines != 1 {
		t.Errorf("%d lines in the audit trail", lines)
	}
	a.Clock.Move(31 * 24 * time.Hour)
	must(a.ExpirePending(ctx, 100))(t)
	if _, err := a.Erase(ctx, p.PublicID, "asked for by phone", byAdmin); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("after a month the receipt is still found: %v", err)
	}
}

func testErasedStaysGone(t *testing.T, a *Agency) {
	ctx := t.Context()
	const address = "anouk@voorbeeld.example"
	old := a.active(t, address, a.News)
	e := must(a.Erase(ctx, old.Subscriber.PublicID, "asked for", byAdmin))(t)
	blocked := func(after string) {
		t.Helper()
		if v := must(a.Gate(ctx, email(t, address), a.News.Slug, nil))(t); v.Allowed {
			t.Errorf("after %s they may be mailed", after)
		}
		if st := a.standing(t, address); !st.Suppressed(akkoord.SuppressedErased) {
			t.Errorf("after %s the suppression is gone", after)
		}
	}
	for _, basis := range []akkoord.Basis{akkoord.BasisConsent, akkoord.BasisExistingCustomer} {
		i := a.imported(t, a.spec(basis), "email,confirmed_at\nANOUK@voorbeeld.example,2027-01-01\n")
		if i.Tally.Outcomes[akkoord.ImportSuppressed] != 1 || a.standing(t, address).Subscriber.ID != 0 {
			t.Errorf("an import on the basis %s came to %v", basis, i.Tally.Outcomes)
		}
	}
	blocked("imports")
	name := "Anouk"
	if err := a.SetProfile(ctx, old.Subscriber.PublicID, akkoord.Profile{Name: &name}, byAdmin); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("the API changed them: %v", err)
	}
	link := akkoord.Link{Subscriber: old.Subscriber.PublicID, Request: old.Subscription(a.News.ID).Request, Purpose: a.News.ID, Campaign: a.Campaign.ID, At: e.At}
	if got := must(a.Confirm(ctx, link, byLink))(t); got.Answer != akkoord.AnswerNone { // F.10
		t.Errorf("an old link of a confirmation says %q", got.Answer)
	}
	if must(a.Undo(ctx, link, byLink))(t) {
		t.Error("an old link took something back")
	}
	if left := must(a.Leave(ctx, link, akkoord.ScopeAll, byLink))(t); left.New {
		t.Error("C.8: leaving by an old link did something")
	}
	blocked("old links")

	if err := a.SignUp(ctx, a.signUp(email(t, address), a.News)); err != nil { // a stranger, perhaps
		t.Fatal(err)
	}
	blocked("a sign-up that nobody confirmed")
	a.Clock.Move(akkoord.Limits.PendingWindow + time.Hour)
	must(a.ExpirePending(ctx, 100))(t)
	if st := a.standing(t, address); st.Subscriber.ID != 0 {
		t.Error("the stranger's sign-up is kept")
	}
	blocked("that sign-up's end")

	// I.6: their own confirmation makes somebody new.
	again := a.active(t, address, a.News)
	if v := must(a.Gate(ctx, email(t, address), a.News.Slug, nil))(t); !v.Allowed {
		t.Errorf("their own confirmation does not count: %+v", v)
	}
	if p := again.Subscriber; p.ID == old.Subscriber.ID || p.PublicID == old.Subscriber.PublicID || cmp.Equal(p.Salt, old.Subscriber.Salt) {
		t.Error("the new contact is linked to the old one")
	}
	if diff := cmp.Diff([]string{"requested news", "confirmed news"}, a.lines(t, again.Subscriber.ID)); diff != "" {
		t.Errorf("history of the new contact (-want +got):\n%s", diff)
	}
	if _, err := a.VerifyLedger(ctx, nil); err != nil {
		t.Error(err)
	}
	second := must(a.Erase(ctx, again.Subscriber.PublicID, "", akkoord.Origin{Source: "preferences", Actor: akkoord.ActorPerson}))(t)
	if second.Line == e.Line || a.standing(t, address).Subscriber.ID != 0 {
		t.Error("whoever came back can't be erased again")
	}
}

func testErasedGetsNoMail(t *testing.T, a *Agency) {
	ctx := t.Context()
	var people []akkoord.Subscriber
	for i := range 3 {
		people = append(people, a.active(t, fmt.Sprintf("p%d@voorbeeld.example", i), a.News).Subscriber)
	}
	must(a.StartMailing(ctx, Admin, a.Mailing.PublicID))(t)
	must(a.Erase(ctx, people[0].PublicID, "asked for", byAdmin))(t)
	w := must(a.Claim(ctx))(t)
	if len(w.Recipients) != 2 || w.Recipients[0].SubscriberID != people[1].ID {
		t.Fatalf("claimed %d people", len(w.Recipients))
	}
	must(a.Erase(ctx, people[1].PublicID, "asked for", byAdmin))(t)
	if v := must(a.Ask(ctx, w, 0))(t); v.Allowed {
		t.Error("P09: somebody erased after the claim may still be mailed")
	}
	if v := must(a.Ask(ctx, w, 1))(t); !v.Allowed {
		t.Errorf("somebody else may not: %+v", v)
	}
	if err := a.Release(ctx, w); err != nil {
		t.Fatal(err)
	}
	if c := must(a.Counts(ctx, a.Mailing.ID))(t); c.Total != 3 {
		t.Errorf("%d people are counted of 3: figures stay", c.Total)
	}
	list, _, err := a.Deliveries(ctx, a.Mailing.ID, akkoord.DeliveryFilter{}, akkoord.Page{})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range list[:2] {
		if !d.Email.IsZero() || !d.Subscriber.IsZero() || d.Reply != "" {
			t.Errorf("a delivery leads back to an erased person: %+v", d)
		}
	}
}
