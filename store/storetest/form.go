package storetest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// asking is a form that asks for a city for travel news and shoes for skiing.
func (a *Agency) asking(t testing.TB) akkoord.Form {
	t.Helper()
	ctx := t.Context()
	must(a.AddAttribute(ctx, Admin, akkoord.Attribute{Slug: "city", Type: akkoord.AttributeText}, "travel-news"))(t)
	must(a.AddAttribute(ctx, Admin, akkoord.Attribute{Slug: "shoe", Type: akkoord.AttributeNumber}, "ski-offers"))(t)
	f := Form("asking", "travel-news", "ski-offers")
	f.Version.Asks = []akkoord.FormAttribute{{Slug: "city", Required: true, Changeable: true}, {Slug: "shoe"}}
	return must(a.PutForm(ctx, Admin, f))(t)
}

var (
	utrecht = akkoord.FormValue{Slug: "city", Value: "Utrecht", Purpose: "travel-news"}
	lech    = akkoord.FormValue{Slug: "city", Value: "Lech", Purpose: "travel-news"}
	shoe    = akkoord.FormValue{Slug: "shoe", Value: "42", Purpose: "ski-offers"}
)

// testFormAttributes: what a form was filled in with becomes the person's once
// they confirm, for the purposes confirmed alone, is evidence of its line, and
// sets rules off; a stranger who types a known address changes nothing (M4, M6,
// M7, Art. 5(1)(b) GDPR).
func testFormAttributes(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	f := a.asking(t)
	want := []akkoord.FormAttribute{
		{Slug: "city", Type: akkoord.AttributeText, Purpose: "travel-news", Required: true, Changeable: true},
		{Slug: "shoe", Type: akkoord.AttributeNumber, Purpose: "ski-offers"},
	}
	if diff := cmp.Diff(want, f.Version.Asks); diff != "" {
		t.Errorf("a version keeps what was asked (-want +got):\n%s", diff)
	}
	narrow := Form("narrow", "travel-news")
	narrow.Version.Asks = []akkoord.FormAttribute{{Slug: "shoe"}}
	if _, err := a.PutForm(ctx, Admin, narrow); akkoord.CodeOf(err) != "purpose_limitation" {
		t.Errorf("a form asks for what belongs to a purpose that it does not ask about: %v", err)
	}
	must(a.PutRule(ctx, Admin, akkoord.Rule{
		Slug: "asked", When: akkoord.Trigger{Form: "asking"}, Reason: "They booked.", Enabled: true,
		Then: akkoord.Action{Do: akkoord.RuleSetBasis, Purpose: "ski-offers", Basis: akkoord.BasisContract, Text: "the booking"},
	}))(t)

	fill := func(address string, purposes []akkoord.Purpose, values ...akkoord.FormValue) akkoord.Standing {
		in := a.signUp(must(akkoord.ParseEmail(address))(t), purposes...)
		in.Values, in.Origin.FormID, in.Origin.Source = values, f.Version.ID, "form:asking"
		a.Clock.Move(time.Second)
		noFault(t, a.SignUp(ctx, in))
		return a.standing(t, address)
	}
	attributes := func(st akkoord.Standing) map[string]string { return must(a.AttributesOf(ctx, st.Subscriber.ID))(t) }
	confirm := func(st akkoord.Standing, purpose akkoord.Purpose) {
		link := akkoord.Link{Kind: akkoord.LinkConfirm, Subscriber: st.Subscriber.PublicID, Request: st.Subscription(purpose.ID).Request}
		if got := must(a.Confirm(ctx, link, byLink))(t); got.Answer != akkoord.AnswerConfirmed {
			t.Fatalf("confirming: %s", got.Answer)
		}
	}

	st := fill("vera@voorbeeld.example", []akkoord.Purpose{a.News}, utrecht)
	if got := attributes(st); len(got) != 0 {
		t.Errorf("before the press there is %v", got)
	}
	again := fill("vera@voorbeeld.example", []akkoord.Purpose{a.News}, utrecht)
	if again.Subscription(a.News.ID).Request != st.Subscription(a.News.ID).Request {
		t.Error("the same form twice is two sign-ups")
	}
	st = fill("vera@voorbeeld.example", []akkoord.Purpose{a.News}, lech)
	if st.Subscription(a.News.ID).Request == again.Subscription(a.News.ID).Request {
		t.Error("a form filled in anew is the old sign-up")
	}
	st = fill("vera@voorbeeld.example", []akkoord.Purpose{a.News, a.Ski}, utrecht, shoe)
	confirm(st, a.News)
	if diff := cmp.Diff(map[string]string{"city": "Utrecht", "shoe": "42"}, attributes(st)); diff != "" {
		t.Errorf("after the press (-want +got):\n%s", diff)
	}
	st = a.standing(t, "vera@voorbeeld.example")
	filled := map[string]bool{}
	for _, e := range must(a.Events(ctx, st.Subscriber.ID))(t) {
		filled[string(e.Evidence.Filled)] = true
	}
	if !filled[`{"city":"Lech"}`] || !filled[`{"city":"Utrecht"}`] || !filled[`{"shoe":"42"}`] {
		t.Errorf("the evidence has %v", filled)
	}
	must(a.VerifyLedger(ctx, nil))(t)
	must(a.SignHead(ctx))(t)
	var texts akkoord.BundleTexts
	noFault(t, json.Unmarshal(unzip(t, must(a.EvidenceBundle(ctx, Admin, st.Subscriber.PublicID, "", nil))(t))["texts.json"], &texts))
	if len(texts.Forms) != 1 || cmp.Diff(want, texts.Forms[0].Asks) != "" {
		t.Errorf("the proof has the forms %+v", texts.Forms)
	}

	st = fill("lid@voorbeeld.example", []akkoord.Purpose{a.News}, lech, shoe)
	confirm(st, a.News)
	if diff := cmp.Diff(map[string]string{"city": "Lech"}, attributes(st)); diff != "" {
		t.Errorf("what belongs to a purpose that was not confirmed is kept (-want +got):\n%s", diff)
	}
	if got := a.standing(t, "lid@voorbeeld.example").Subscription(a.Ski.ID); got.Basis != akkoord.BasisContract {
		t.Errorf("the rule about the form came to %+v", got)
	}

	// A stranger.
	st = a.standing(t, "vera@voorbeeld.example")
	fill("vera@voorbeeld.example", []akkoord.Purpose{a.News}, lech)
	if got := attributes(st); got["city"] != "Utrecht" {
		t.Errorf("a stranger's form changed a person to %v", got)
	}
	// Nobody confirms.
	st = fill("stil@voorbeeld.example", []akkoord.Purpose{a.News}, lech)
	a.Clock.Move(akkoord.Limits.PendingWindow + time.Hour)
	must(a.ExpirePending(ctx, 10))(t)
	if got := a.standing(t, "stil@voorbeeld.example"); got.Subscriber.ID != 0 || len(attributes(st)) != 0 {
		t.Errorf("nobody confirmed, and there is %+v", got)
	}
}
