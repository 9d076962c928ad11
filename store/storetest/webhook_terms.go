package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// testWebhooksOfTheForgotten holds that whoever an endpoint was told of is
// erased there too when they are forgotten, whatever the cause (Art. 19 GDPR),
// and that an address that nobody confirmed goes to no other party (M8).
func testWebhooksOfTheForgotten(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	a.crm(t)
	w := a.endpoint(t, akkoord.Webhook{SendAddress: true, Events: []akkoord.WebhookEvent{akkoord.PersonSubscribed}})
	asks := func(address string) akkoord.Standing {
		t.Helper()
		e := email(t, address)
		if err := a.SignUp(ctx, a.signUp(e, a.News)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"person.subscribed purpose=travel-news"}, a.told(t, w)); diff != "" {
			t.Errorf("of a sign-up that nobody confirmed it is told (-want +got):\n%s", diff)
		}
		return must(a.StandingByEmail(ctx, e))(t)
	}
	for name, forget := range map[string]func(p akkoord.Standing){
		"it was not them": func(p akkoord.Standing) {
			if err := a.NotMe(ctx, akkoord.Link{Kind: akkoord.LinkConfirm, Subscriber: p.Subscriber.PublicID, Request: p.Subscription(a.News.ID).Request}, byLink); err != nil {
				t.Fatal(err)
			}
		},
		"nobody confirmed": func(akkoord.Standing) {
			a.Clock.Move(akkoord.Limits.PendingWindow + time.Hour)
			must(a.ExpirePending(ctx, 100))(t)
		},
		"there is no such mailbox": func(p akkoord.Standing) {
			for _, d := range must(a.ClaimSystem(ctx, 10))(t) {
				if err := a.SettleSystem(ctx, akkoord.SystemResult{ID: d.ID, Fence: d.Fence, Done: true, Code: "250", Attempts: 1}); err != nil {
					t.Fatal(err)
				}
			}
			a.take(t, akkoord.Report{Kind: akkoord.ReportBounce, Class: akkoord.ClassHard, Subscriber: p.Subscriber.ID, Status: "5.1.1", Source: "dsn"}, akkoord.ReportCounts)
		},
	} {
		p := asks(strings.ReplaceAll(name, " ", ".") + "@voorbeeld.example")
		forget(p)
		m, ok := a.next(t, w)
		if !ok || m.Event != akkoord.PersonErased || m.Person != p.Subscriber.PublicID {
			t.Errorf("%s: whoever is forgotten is told of by %v, %t", name, m.Event, ok)
			continue
		}
		if diff := cmp.Diff([]string{"person.erased"}, a.told(t, w)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}

	// Word of an erasure waits as long as it takes.
	st := a.active(t, "anouk@voorbeeld.example", a.News)
	a.told(t, w)
	must(a.EditWebhook(ctx, Admin, w.PublicID, func(w *akkoord.Webhook) { *w = w.Switch(false) }))(t)
	must(a.Erase(ctx, st.Subscriber.PublicID, "asked by phone", akkoord.Origin{Source: "api", Actor: Admin}))(t)
	a.Clock.Move(2 * akkoord.WebhookKept)
	must(a.ExpirePending(ctx, 100))(t)
	must(a.EditWebhook(ctx, Admin, w.PublicID, func(w *akkoord.Webhook) { *w = w.Switch(true) }))(t)
	if diff := cmp.Diff([]string{"person.erased"}, a.told(t, w)); diff != "" {
		t.Errorf("after two months off (-want +got):\n%s", diff)
	}
}

// testWebhookTerms holds what waits against the terms that are in force when it
// is sent (M28): what the endpoint wants then, for the party that was told, of
// people as they are then (Art. 18 GDPR).
func testWebhookTerms(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	a.crm(t)
	must(a.AddProcessor(ctx, Admin, akkoord.Processor{Slug: "shop", Name: "Shop B.V.", Role: "webhook", Agreement: akkoord.Agreement{SignedOn: Start.Truncate(24 * time.Hour)}}))(t)
	w := a.endpoint(t, akkoord.Webhook{SendAddress: true, Events: []akkoord.WebhookEvent{akkoord.PersonConfirmed, akkoord.PersonLeft}})
	edit := func(change func(*akkoord.Webhook)) {
		t.Helper()
		must(a.EditWebhook(ctx, Admin, w.PublicID, change))(t)
	}
	says := func(what string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, a.told(t, w)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	_, err := a.EditWebhook(ctx, Admin, w.PublicID, func(w *akkoord.Webhook) { w.Processor = "shop" })
	if akkoord.CodeOf(err) != "webhook_party_fixed" || akkoord.KindOf(err) != akkoord.Conflict || fieldOf(err) != "processor" {
		t.Errorf("another party for an endpoint gave %v", err)
	}

	st := a.active(t, "anouk@voorbeeld.example", a.News, a.Ski)
	if got := must(a.Webhook(ctx, w.PublicID))(t).Reached; len(got) != 2 {
		t.Errorf("after two purposes of one change it was told of %v", got)
	}
	sent, _ := a.next(t, w)
	a.settle(t, sent, 200)
	waits, _ := a.next(t, w)
	if waits.Purpose == sent.Purpose {
		t.Fatalf("two messages are about %s", sent.Purpose)
	}
	if waits.Email.IsZero() {
		t.Error("the endpoint does not get the address that it may have")
	}
	page, _, err := a.WebhookMessages(ctx, w.ID, akkoord.Page{})
	if err != nil || len(page) != 2 || !page[0].Email.IsZero() || !page[1].Email.IsZero() {
		t.Errorf("its list, which staff read, holds an address, or not both messages: %v, %v", page, err)
	}
	onlySent := func(w *akkoord.Webhook) {
		w.Purposes = []int64{a.News.ID}
		if sent.Purpose == a.Ski.Slug {
			w.Purposes = []int64{a.Ski.ID}
		}
	}
	edit(onlySent)
	says("what waited for a purpose that is wanted no more")
	if err := a.RepeatWebhookMessage(ctx, Admin, w.PublicID, sent.PublicID); err != nil {
		t.Error(err)
	}
	says("what is wanted still", "person.confirmed purpose="+sent.Purpose+" reason=confirmed email=anouk@voorbeeld.example")
	edit(func(w *akkoord.Webhook) { w.Events = []akkoord.WebhookEvent{akkoord.PersonLeft} })
	if err := a.RepeatWebhookMessage(ctx, Admin, w.PublicID, sent.PublicID); akkoord.CodeOf(err) != "webhook_unwanted" {
		t.Errorf("what is wanted no more is repeated: %v", err)
	}
	if err := a.TestWebhook(ctx, Admin, w.PublicID); err != nil {
		t.Fatal(err)
	}
	says("a test", "webhook.test")

	// What was given up is repeated as far as it is wanted.
	edit(func(w *akkoord.Webhook) { w.Purposes, w.Events = nil, akkoord.WebhookEvents })
	must(a.Leave(ctx, akkoord.Link{Subscriber: st.Subscriber.PublicID, Purpose: a.Ski.ID, Mailing: a.Mailing.ID, Campaign: a.Campaign.ID}, akkoord.ScopePurpose, byMail(a)))(t)
	m, _ := a.next(t, w)
	if m.Purpose != a.Ski.Slug || !m.Mailing.IsZero() || m.Campaign != "" || !m.Email.IsZero() {
		t.Errorf("of leaving one purpose by a mail of another it is told %+v", m)
	}
	m.Attempts = akkoord.WebhookTries
	a.settle(t, m, 500)
	edit(func(w *akkoord.Webhook) { w.Events = []akkoord.WebhookEvent{akkoord.PersonConfirmed} })
	if n := must(a.RepeatWebhookFailures(ctx, Admin, w.PublicID, 30))(t); n != 0 {
		t.Errorf("%d that are wanted no more are repeated", n)
	}
	edit(func(w *akkoord.Webhook) { w.Events = akkoord.WebhookEvents })
	says("what was dropped")

	// Somebody who left since is told of without the address, somebody who is
	// restricted not at all.
	pim := a.active(t, "pim@voorbeeld.example", a.News)
	must(a.Leave(ctx, akkoord.Link{Subscriber: pim.Subscriber.PublicID, Purpose: a.News.ID, Mailing: a.Mailing.ID, Campaign: a.Campaign.ID}, akkoord.ScopePurpose, byMail(a)))(t)
	if m, _ := a.next(t, w); m.Event != akkoord.PersonSubscribed || !m.Email.IsZero() {
		t.Errorf("of the sign-up of somebody who left it is told %+v", m)
	}
	says("of somebody who left since", "person.subscribed purpose=travel-news", "person.confirmed purpose=travel-news reason=confirmed", "person.left purpose=travel-news reason=withdrawn")
	kees := a.active(t, "kees@voorbeeld.example", a.News)
	if err := a.Restrict(ctx, kees.Subscriber.PublicID, "says that it is not theirs", byAdmin); err != nil {
		t.Fatal(err)
	}
	says("of somebody who is restricted")
}

// byMail is the origin of an act by the link of the agency's mailing.
func byMail(a *Agency) akkoord.Origin {
	o := byLink
	o.MailingID, o.Campaign = a.Mailing.ID, a.Campaign.ID
	return o
}
