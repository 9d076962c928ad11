package storetest

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

const mayCount = "Ja, u mag tellen op welke links ik klik."

// testTrackingBox: a form may ask apart whether clicks may be counted. What was
// ticked is kept with the sign-up, counts from the confirmation on, has a line of
// its own with the words, and ends apart; nobody else's links are counted (M22).
func testTrackingBox(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	f := Form("counting", "travel-news", "ski-offers")
	f.Version.Tracking = true
	f.Version.Texts = map[string]akkoord.FormText{"nl": {Tracking: mayCount}}
	if _, err := a.PutForm(ctx, Admin, f); akkoord.CodeOf(err) != "tracking_wording_missing" {
		t.Errorf("a form that is public in English asks without English words: %v", err)
	}
	f.Version.Texts["en"] = akkoord.FormText{Tracking: "Yes, count my clicks."}
	f = must(a.PutForm(ctx, Admin, f))(t)
	if got := must(a.Store.Form(ctx, "counting"))(t).Version; !got.Tracking || got.TrackingWording("nl") != mayCount || got.TrackingWording("de") != "" {
		t.Errorf("the form has %+v", got)
	}

	ask := func(address, words string, purposes ...akkoord.Purpose) akkoord.Standing {
		t.Helper()
		in := a.signUp(email(t, address), purposes...)
		in.Origin.FormID, in.Origin.Source, in.Tracking = f.Version.ID, "form:counting", words
		a.Clock.Move(time.Second)
		noFault(t, a.SignUp(ctx, in))
		return a.standing(t, address)
	}
	confirm := func(st akkoord.Standing, request akkoord.ID) akkoord.Standing {
		t.Helper()
		link := akkoord.Link{Kind: akkoord.LinkConfirm, Subscriber: st.Subscriber.PublicID, Request: request}
		if got := must(a.Confirm(ctx, link, byLink))(t); got.Answer != akkoord.AnswerConfirmed {
			t.Fatalf("confirming: %s", got.Answer)
		}
		return must(a.Standing(ctx, st.Subscriber.PublicID))(t)
	}
	counted := func(st akkoord.Standing, p akkoord.Purpose) bool { return !st.Subscription(p.ID).Tracking.IsZero() }

	yes := ask("ja@voorbeeld.example", mayCount, a.News, a.Ski)
	if counted(yes, a.News) || yes.Subscription(a.News.ID).TrackingAsked != mayCount {
		t.Errorf("before the press: %+v", yes.Subscription(a.News.ID))
	}
	first := yes.Subscription(a.News.ID).Request
	if again := ask("ja@voorbeeld.example", mayCount, a.News, a.Ski); again.Subscription(a.News.ID).Request != first {
		t.Error("the same form twice is two sign-ups")
	}
	if other := ask("ja@voorbeeld.example", "", a.News, a.Ski); other.Subscription(a.News.ID).Request == first || other.Subscription(a.News.ID).TrackingAsked != "" {
		t.Error("a form without the tick is the old sign-up")
	}
	yes = ask("ja@voorbeeld.example", mayCount, a.News, a.Ski)
	yes = confirm(yes, yes.Subscription(a.News.ID).Request)
	if !counted(yes, a.News) || !counted(yes, a.Ski) || yes.Subscription(a.News.ID).TrackingAsked != "" {
		t.Errorf("after the press: %+v", yes.Subscriptions)
	}
	want := []string{"confirmed news", "tracking_allowed news", "confirmed ski", "tracking_allowed ski"}
	if lines := a.lines(t, yes.Subscriber.ID); !slices.Equal(lines[len(lines)-4:], want) {
		t.Errorf("%q", lines)
	}

	// Whoever ticked nothing, or did not confirm, or is in already gets mail with the author's links.
	plain := ask("nee@voorbeeld.example", "", a.News)
	plain = confirm(plain, plain.Subscription(a.News.ID).Request)
	ask("wacht@voorbeeld.example", mayCount, a.News)
	without := ask("zonder@voorbeeld.example", mayCount, a.News)
	link := akkoord.Link{Kind: akkoord.LinkConfirm, Subscriber: without.Subscriber.PublicID, Request: without.Subscription(a.News.ID).Request}
	if got := must(a.ConfirmUncounted(ctx, link, byLink))(t); got.Answer != akkoord.AnswerConfirmed {
		t.Errorf("confirming without the tick: %s", got.Answer)
	}
	if lines := a.lines(t, without.Subscriber.ID); !slices.Equal(lines, []string{"requested news", "confirmed news"}) {
		t.Errorf("who confirms without the tick has %q", lines)
	}
	in := a.active(t, "al@voorbeeld.example", a.News)
	if st := ask("al@voorbeeld.example", mayCount, a.News); counted(st, a.News) || st.Subscription(a.News.ID).TrackingAsked != "" {
		t.Error("somebody else's tick counts the clicks of a person who is in")
	}
	if st := ask("al@voorbeeld.example", mayCount, a.News, a.Ski); counted(confirm(st, st.Subscription(a.Ski.ID).Request), a.News) {
		t.Error("a tick for skiing counts clicks in travel news")
	}
	refused := ask("was-ik-niet@voorbeeld.example", mayCount, a.News)
	noFault(t, a.NotMe(ctx, akkoord.Link{Subscriber: refused.Subscriber.PublicID, Request: refused.Subscription(a.News.ID).Request}, byLink))
	must(a.StartMailing(ctx, Admin, a.Mailing.PublicID))(t)
	tracked := map[int64]bool{}
	w := must(a.Claim(ctx))(t)
	for _, r := range w.Recipients {
		tracked[r.SubscriberID] = r.Tracked
	}
	noFault(t, a.Release(ctx, w))
	if diff := cmp.Diff(map[int64]bool{yes.Subscriber.ID: true, plain.Subscriber.ID: false, without.Subscriber.ID: false, in.Subscriber.ID: false}, tracked); diff != "" {
		t.Errorf("links are counted of others than those who ticked and confirmed (-want +got):\n%s", diff)
	}

	// The proof shows the words, and that they were ticked.
	must(a.SignHead(ctx))(t)
	files := unzip(t, must(a.EvidenceBundle(ctx, Admin, yes.Subscriber.PublicID, "", nil))(t))
	var texts akkoord.BundleTexts
	noFault(t, json.Unmarshal(files["texts.json"], &texts))
	if len(texts.Forms) != 1 || !texts.Forms[0].Tracking || texts.Forms[0].Texts["nl"].Tracking != mayCount {
		t.Errorf("the proof has the forms %+v", texts.Forms)
	}
	words := map[akkoord.EventKind]string{}
	for _, e := range must(a.Events(ctx, yes.Subscriber.ID))(t) {
		words[e.Kind] = e.Evidence.Tracking
	}
	if diff := cmp.Diff(map[akkoord.EventKind]string{akkoord.Requested: mayCount, akkoord.Confirmed: "", akkoord.TrackingOn: mayCount}, words); diff != "" {
		t.Errorf("the evidence (-want +got):\n%s", diff)
	}

	noFault(t, a.Track(ctx, yes.Subscriber.PublicID, a.News.ID, false, byLink))
	if yes = a.standing(t, "ja@voorbeeld.example"); counted(yes, a.News) || !counted(yes, a.Ski) || yes.Subscription(a.News.ID).State != akkoord.Active {
		t.Errorf("taken back apart: %+v", yes.Subscriptions)
	}
	must(a.VerifyLedger(ctx, nil))(t)
}
