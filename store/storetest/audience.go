package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// Issue 5, point 1: who is left out and why adds up, before and after a
// mailing is sent, and the gate says the same of each person.
func testAudience(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	leave := func(name string, scope akkoord.Scope) {
		st := a.active(t, name+"@voorbeeld.example", a.News)
		must(a.Leave(ctx, akkoord.Link{Subscriber: st.Subscriber.PublicID, Purpose: a.News.ID, Campaign: a.Campaign.ID}, scope, byLink))(t)
	}
	for i := range 3 {
		a.active(t, fmt.Sprintf("p%d@voorbeeld.example", i), a.News)
	}
	leave("campaign", akkoord.ScopeCampaign)
	leave("purpose", akkoord.ScopePurpose)
	leave("purpose2", akkoord.ScopePurpose)
	leave("all", akkoord.ScopeAll)
	a.active(t, "ski@voorbeeld.example", a.Ski)
	if err := a.SignUp(ctx, a.signUp(email(t, "pending@voorbeeld.example"), a.News)); err != nil {
		t.Fatal(err)
	}
	a.imported(t, a.spec(akkoord.BasisConsent), "email,status\nheld@voorbeeld.example,\np2@voorbeeld.example,bounced\n")

	want := akkoord.Audience{Total: 9, Allowed: 2, LeftOut: []akkoord.LeftOut{
		{Code: "withdrawn", Count: 2}, {Code: "bounced", Count: 1}, {Code: "held", Count: 1}, {Code: "left_campaign", Count: 1}, {Code: "pending", Count: 1}, {Code: "unsubscribed", Count: 1},
	}}
	if diff := cmp.Diff(want, must(a.Audience(ctx, a.Mailing))(t)); diff != "" {
		t.Errorf("of the draft (-want +got):\n%s", diff)
	}
	if v := must(a.Gate(ctx, email(t, "p2@voorbeeld.example"), a.News.Slug, nil))(t); v.Code != "bounced" {
		t.Errorf("the gate says %q of somebody who is counted as bounced", v.Code)
	}
	if diff := cmp.Diff(map[string]int64{"nl": 3}, must(a.Readers(ctx, a.Mailing))(t)); diff != "" { // p2 is active too, and bounces
		t.Errorf("readers by language (-want +got):\n%s", diff)
	}
	m := must(a.StartMailing(ctx, Admin, a.Mailing.PublicID))(t)
	must(a.Erase(ctx, a.standing(t, "p0@voorbeeld.example").Subscriber.PublicID, "asked for", byAdmin))(t)
	w := must(a.Claim(ctx))(t)
	a.active(t, "later@voorbeeld.example", a.News)
	want.Allowed, want.LeftOut = 1, append(want.LeftOut, akkoord.LeftOut{})
	copy(want.LeftOut[6:], want.LeftOut[5:])
	want.LeftOut[5] = akkoord.LeftOut{Code: "unknown", Count: 1, Skipped: 1}
	if diff := cmp.Diff(want, must(a.Audience(ctx, m))(t)); diff != "" {
		t.Errorf("after the start (-want +got):\n%s", diff)
	}
	for code, want := range map[string][]string{
		"withdrawn": {"purpose", "purpose2"}, "bounced": {"p2"}, "held": {"held"}, "left_campaign": {"campaign"}, "pending": {"pending"}, "unsubscribed": {"all"}, "unknown": nil, "": {"later"},
	} {
		var got []string
		for p := (akkoord.Page{Limit: 1}); ; {
			people, next, err := a.LeftOutPeople(ctx, m, code, p)
			if err != nil {
				t.Fatal(err)
			}
			for _, st := range people {
				name, _, _ := strings.Cut(st.Subscriber.Email.Display(), "@")
				got = append(got, name)
			}
			if next == 0 {
				break
			}
			p.After = next
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("left out as %q (-want +got):\n%s", code, diff)
		}
	}
	skipped := akkoord.Skipped
	for code, want := range map[string]int{"unknown": 1, "withdrawn": 0, "": 1} { // those of one reason
		people, _, err := a.Deliveries(ctx, m.ID, akkoord.DeliveryFilter{State: &skipped, Code: code}, akkoord.Page{})
		if err != nil || len(people) != want {
			t.Errorf("%d are skipped for %q, want %d; %v", len(people), code, want, err)
		}
	}
	if err := a.Release(ctx, w); err != nil {
		t.Fatal(err)
	}
}
