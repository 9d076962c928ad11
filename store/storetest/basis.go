package storetest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// testBasis: a basis by hand leaves who, when and why, is what the gate asks
// for at each of its doors, and brings nobody back who objected (M7, M8, P15).
func testBasis(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	st := a.active(t, "klant@voorbeeld.example", a.Ski)
	id := st.Subscriber.PublicID
	by := akkoord.BasisChange{
		Basis: akkoord.BasisExistingCustomer, Reason: "bought skis", Origin: akkoord.Origin{Source: "api", Actor: "key:1"},
		Ground: akkoord.Ground{SoldOn: "2027-01-10", Sale: "F-118", Similar: true, RefusalOffered: true},
	}
	for range 2 {
		if err := a.SetBasis(ctx, id, "travel-news", by); err != nil {
			t.Fatal(err)
		}
	}
	st = must(a.Standing(ctx, id))(t)
	if sub := st.Subscription(a.News.ID); sub.State != akkoord.Active || sub.Basis != by.Basis || sub.Ground != by.Ground {
		t.Errorf("%+v", sub)
	}
	if got := a.lines(t, st.Subscriber.ID); !slices.Equal(got, []string{"requested ski", "confirmed ski", "basis_changed news"}) {
		t.Errorf("%q", got)
	}
	events := must(a.Events(ctx, st.Subscriber.ID))(t)
	if e := events[len(events)-1]; e.Evidence.Note != by.Reason || e.Evidence.Ground != by.Ground || e.Actor != "key:1" {
		t.Errorf("the evidence is %+v", e)
	}
	reader := a.active(t, "lezer@voorbeeld.example", a.News)
	if c := must(a.Audience(ctx, a.Mailing))(t); c.Allowed != 2 {
		t.Errorf("%+v", c)
	}
	m := must(a.StartMailing(ctx, Admin, a.Mailing.PublicID))(t)
	if c := must(a.Counts(ctx, m.ID))(t); c.Total != 2 {
		t.Errorf("%d people are frozen", c.Total)
	}
	// M4: a wider purpose inherits no consent, also of those who are frozen.
	p := must(a.AddPurposeTexts(ctx, Admin, "travel-news", map[string]akkoord.PurposeText{"nl": {Name: "Nieuws", Explanation: "Ook voor hotels.", Wording: "Ja, ook van hotels."}},
		akkoord.WordingChange{Kind: akkoord.WordingWider}))(t)
	if p.Wider != 2 || must(a.Purpose(ctx, "travel-news"))(t).Wider != 2 {
		t.Errorf("%+v", p)
	}
	if diff := cmp.Diff([]akkoord.LeftOut{{Code: "wording_wider", Count: 1}}, must(a.Audience(ctx, akkoord.Mailing{CampaignID: a.Campaign.ID}))(t).LeftOut); diff != "" {
		t.Error(diff)
	}
	w := must(a.Claim(ctx))(t)
	if w == nil || len(w.Recipients) != 1 || w.Recipients[0].SubscriberID != st.Subscriber.ID {
		t.Fatalf("claimed %+v", w)
	}
	if v := must(a.Gate(ctx, reader.Subscriber.Email, "travel-news", nil))(t); v.Code != "wording_wider" {
		t.Errorf("%+v", v)
	}
	// Signing up again asks them anew, and their word counts from then on.
	a.active(t, "lezer@voorbeeld.example", p)
	if v := must(a.Gate(ctx, reader.Subscriber.Email, "travel-news", nil))(t); !v.Allowed {
		t.Errorf("after a new consent: %+v", v)
	}
	// M8: the customer objects with one press, and no basis by hand undoes it.
	if _, err := a.Leave(ctx, akkoord.Link{Subscriber: id, Purpose: a.News.ID}, akkoord.ScopePurpose, byLink); err != nil {
		t.Fatal(err)
	}
	if v := must(a.Ask(ctx, w, 0))(t); v.Code != "objected" {
		t.Errorf("before the first byte the gate says %+v", v)
	}
	if err := a.Release(ctx, w); err != nil {
		t.Fatal(err)
	}
	if err := a.SetBasis(ctx, id, "travel-news", by); akkoord.CodeOf(err) != "departed" {
		t.Errorf("a basis for somebody who objected: %v", err)
	}
	if err := a.SetBasis(ctx, akkoord.ID{9}, "travel-news", by); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("a basis for nobody: %v", err)
	}
	if got := a.lines(t, st.Subscriber.ID); got[len(got)-1] != "objected news" {
		t.Errorf("%q", got)
	}
	if !slices.Contains(a.trail(t), "key:1 subscriber.basis subscriber:"+id.String()) {
		t.Error("the audit trail has no line of it")
	}
	if _, err := a.VerifyLedger(ctx, nil); err != nil {
		t.Error(err)
	}
}
