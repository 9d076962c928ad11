package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// crm puts a party with an agreement into the register.
func (a *Agency) crm(t testing.TB) {
	t.Helper()
	must(a.AddProcessor(t.Context(), Admin, akkoord.Processor{Slug: "crm", Name: "CRM B.V.", Role: "webhook", Agreement: akkoord.Agreement{SignedOn: Start.Truncate(24 * time.Hour)}}))(t)
}

// endpoint stores an endpoint of that party.
func (a *Agency) endpoint(t testing.TB, w akkoord.Webhook) akkoord.Webhook {
	t.Helper()
	w.URL, w.Processor = "https://crm.example/akkoord", "crm"
	if w.Events == nil {
		w.Events = akkoord.WebhookEvents
	}
	w, secret, err := a.AddWebhook(t.Context(), Admin, w)
	if err != nil || !strings.HasPrefix(secret, "whsec_") {
		t.Fatalf("AddWebhook() gave the secret %q, %v", secret, err)
	}
	return w
}

// next gives the next message to an endpoint, or nothing.
func (a *Agency) next(t testing.TB, w akkoord.Webhook) (akkoord.WebhookMessage, bool) {
	t.Helper()
	_, m, ok, err := a.NextWebhookMessage(t.Context(), w.ID)
	if err != nil {
		t.Fatal(err)
	}
	return m, ok
}

// settle records the answer of an endpoint.
func (a *Agency) settle(t testing.TB, m akkoord.WebhookMessage, status int) (akkoord.WebhookMessage, akkoord.Webhook) {
	t.Helper()
	m = m.Tried(akkoord.WebhookTry{At: a.Clock.Now(), Status: status, Took: time.Millisecond}, 0)
	return m, must(a.SettleWebhook(t.Context(), m))(t)
}

// told takes all messages that are due for an endpoint, and gives what each
// says.
func (a *Agency) told(t testing.TB, w akkoord.Webhook) []string {
	t.Helper()
	var out []string
	for {
		m, ok := a.next(t, w)
		if !ok {
			return out
		}
		var body struct {
			Type string
			Data map[string]string
		}
		b := must(m.Body())(t)
		if err := json.Unmarshal(b, &body); err != nil {
			t.Fatal(err)
		}
		line := body.Type
		for _, key := range []string{"purpose", "campaign", "reason", "email"} {
			if v := body.Data[key]; v != "" {
				line += " " + key + "=" + v
			}
		}
		out = append(out, line)
		a.settle(t, m, 200)
	}
}

// testWebhooks holds what endpoints are told of against the ledger: each act,
// of the purposes that they get, in order, once.
func testWebhooks(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	before := a.active(t, "vroeg@voorbeeld.example", a.News) // nobody is told
	a.crm(t)
	all := a.endpoint(t, akkoord.Webhook{})
	ski := a.endpoint(t, akkoord.Webhook{Purposes: []int64{a.Ski.ID}, SendAddress: true, Events: []akkoord.WebhookEvent{akkoord.PersonConfirmed, akkoord.PersonLeft}})

	st := a.active(t, "anouk@voorbeeld.example", a.News, a.Ski)
	leave := func(scope akkoord.Scope) {
		t.Helper()
		link := akkoord.Link{Subscriber: st.Subscriber.PublicID, Purpose: a.News.ID, Campaign: a.Campaign.ID}
		if _, err := a.Leave(ctx, link, scope, byLink); err != nil {
			t.Fatal(err)
		}
	}
	leave(akkoord.ScopeCampaign)
	leave(akkoord.ScopeAll)
	must(a.StartMailing(ctx, Admin, a.Mailing.PublicID))(t)
	want := []string{
		"person.subscribed purpose=travel-news", "person.subscribed purpose=ski-offers",
		"person.confirmed purpose=travel-news reason=confirmed", "person.confirmed purpose=ski-offers reason=confirmed",
		"person.left purpose=travel-news campaign=winter reason=campaign_left",
		"person.left purpose=travel-news reason=withdrawn", "person.left purpose=ski-offers reason=withdrawn",
		"mailing.started purpose=travel-news campaign=winter",
	}
	if diff := cmp.Diff(want, a.told(t, all)); diff != "" {
		t.Errorf("the endpoint for everything was told (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{
		"person.confirmed purpose=ski-offers reason=confirmed", "person.left purpose=ski-offers reason=withdrawn",
	}, a.told(t, ski)); diff != "" {
		t.Errorf("the endpoint for ski offers was told (-want +got):\n%s", diff)
	}
	if due, err := a.JobDue(ctx, akkoord.JobWebhook); err != nil || !due {
		t.Errorf("no job looks after the endpoints: %t, %v", due, err)
	}

	m := must(a.PauseMailing(ctx, Admin, a.Mailing.PublicID))(t)
	must(a.ResumeMailing(ctx, Admin, m.PublicID))(t)
	must(a.CancelMailing(ctx, Admin, m.PublicID))(t)
	campaign := " purpose=travel-news campaign=winter"
	if diff := cmp.Diff([]string{"mailing.paused" + campaign + " reason=by_hand", "mailing.resumed" + campaign, "mailing.cancelled" + campaign}, a.told(t, all)); diff != "" {
		t.Errorf("of the mailing it was told (-want +got):\n%s", diff)
	}

	// An endpoint that is off is told of nothing that happens meanwhile.
	must(a.EditWebhook(ctx, Admin, all.PublicID, func(w *akkoord.Webhook) { *w = w.Switch(false) }))(t)
	a.active(t, "pim@voorbeeld.example", a.News)
	must(a.EditWebhook(ctx, Admin, all.PublicID, func(w *akkoord.Webhook) { *w = w.Switch(true) }))(t)
	if got := a.told(t, all); len(got) != 0 {
		t.Errorf("of what happened while it was off it was told %q", got)
	}

	// Of the erasure of somebody of whom it was never told it hears nothing.
	must(a.EditWebhook(ctx, Admin, ski.PublicID, func(w *akkoord.Webhook) { w.Events = []akkoord.WebhookEvent{akkoord.MailBounced} }))(t)
	for _, p := range []akkoord.Standing{before, st} {
		must(a.Erase(ctx, p.Subscriber.PublicID, "asked by phone", akkoord.Origin{Source: "api", Actor: Admin}))(t)
	}
	if diff := cmp.Diff([]string{"person.erased"}, a.told(t, ski)); diff != "" {
		t.Errorf("of two erasures, one of its people, it was told (-want +got):\n%s", diff)
	}
	page, _, err := a.WebhookMessages(ctx, all.ID, akkoord.Page{Limit: 3})
	if err != nil || len(page) != 3 || page[0].Event != akkoord.PersonErased || page[0].ID < page[1].ID {
		t.Errorf("the list of its messages begins with %v, %v", page, err)
	}
}

// testWebhooksOfTheGone holds messages about people who are gone against P16 and
// Art. 19 GDPR: an erasure is told by the id alone, which goes once it was
// delivered, and nothing else is told any more.
func testWebhooksOfTheGone(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	a.crm(t)
	w := a.endpoint(t, akkoord.Webhook{SendAddress: true, Events: []akkoord.WebhookEvent{akkoord.PersonConfirmed, akkoord.PersonLeft}})
	st := a.active(t, "anouk@voorbeeld.example", a.News)
	must(a.Erase(ctx, st.Subscriber.PublicID, "asked by phone", akkoord.Origin{Source: "api", Actor: Admin}))(t)

	m, ok := a.next(t, w)
	if body := string(must(m.Body())(t)); !ok || m.Event != akkoord.PersonErased || m.Person != st.Subscriber.PublicID || strings.Contains(body, "anouk") {
		t.Fatalf("after an erasure the endpoint is told %s", body)
	}
	a.settle(t, m, 200)
	if m, ok := a.next(t, w); ok {
		t.Errorf("then it is told %v", m.Event)
	}
	page, _, err := a.WebhookMessages(ctx, w.ID, akkoord.Page{})
	if err != nil || len(page) != 1 || !page[0].Person.IsZero() {
		t.Errorf("of the erased %v stays, %v", page, err)
	}
	if err := a.RepeatWebhookMessage(ctx, Admin, w.PublicID, m.PublicID); akkoord.CodeOf(err) != "person_gone" {
		t.Errorf("an erasure that was delivered is told again: %v", err)
	}

	// Whoever says that it was not them is forgotten, and told of by id.
	e := email(t, "pim@voorbeeld.example")
	must(a.EditWebhook(ctx, Admin, w.PublicID, func(w *akkoord.Webhook) { w.Events = akkoord.WebhookEvents }))(t)
	if err := a.SignUp(ctx, a.signUp(e, a.News)); err != nil {
		t.Fatal(err)
	}
	pim := must(a.StandingByEmail(ctx, e))(t)
	link := akkoord.Link{Kind: akkoord.LinkConfirm, Subscriber: pim.Subscriber.PublicID, Request: pim.Subscription(a.News.ID).Request}
	if err := a.NotMe(ctx, link, byLink); err != nil {
		t.Fatal(err)
	}
	if m, ok := a.next(t, w); !ok || m.Event != akkoord.PersonLeft || m.Reason != "refused" || m.Person != pim.Subscriber.PublicID || !m.Email.IsZero() {
		t.Errorf("of somebody who was forgotten it is told %+v", m)
	}
}

// testWebhookAgreement holds endpoints against M28: nothing goes to a party
// before its agreement is in force, nor after, and what waited goes when it is
// renewed.
func testWebhookAgreement(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	must(a.AddProcessor(ctx, Admin, akkoord.Processor{Slug: "crm", Name: "CRM B.V.", Role: "webhook"}))(t)
	w := a.endpoint(t, akkoord.Webhook{})
	a.active(t, "anouk@voorbeeld.example", a.News)
	queues := func(want int) time.Time {
		t.Helper()
		got, next, err := a.WebhookQueues(ctx)
		if err != nil || len(got) != want {
			t.Fatalf("%d endpoints are told, want %d: %v", len(got), want, err)
		}
		if _, ok := a.next(t, w); ok != (want > 0) {
			t.Fatalf("there is a message for the endpoint: %t", ok)
		}
		return next
	}
	queues(0)
	if err := a.TestWebhook(ctx, Admin, w.PublicID); akkoord.CodeOf(err) != "no_agreement" || akkoord.KindOf(err) != akkoord.Conflict {
		t.Errorf("a test without an agreement gave %v", err)
	}
	today := Start.Truncate(24 * time.Hour)
	agree := func(from, until time.Time) {
		t.Helper()
		must(a.EditProcessor(ctx, Admin, "crm", "processor.change", "", func(p *akkoord.Processor, _ time.Time) {
			p.Agreement = akkoord.Agreement{SignedOn: from, ValidUntil: until}
		}))(t)
	}
	agree(today.AddDate(0, 0, 1), today.AddDate(0, 0, 1))
	if next := queues(0); !next.Equal(today.AddDate(0, 0, 1)) {
		t.Errorf("it is looked at again at %v, and the agreement begins tomorrow", next)
	}
	a.Clock.Move(24 * time.Hour)
	queues(1)
	a.Clock.Move(24 * time.Hour)
	queues(0)
	agree(today, time.Time{})
	queues(1)
	if got := a.told(t, w); len(got) != 2 {
		t.Errorf("after the agreement was renewed it was told %q", got)
	}
}

// testWebhookFailures holds what fails against the schedule: again after its
// pause, given up in the end, off at a 410, paused after days, again by hand.
func testWebhookFailures(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	a.crm(t)
	w := a.endpoint(t, akkoord.Webhook{})
	a.active(t, "anouk@voorbeeld.example", a.News)
	first, _ := a.next(t, w)
	failed, _ := a.settle(t, first, 500)
	if m, ok := a.next(t, w); !ok || m.ID == first.ID {
		t.Fatalf("what failed holds up what follows: %v", m)
	}
	if got := a.told(t, w); len(got) != 1 {
		t.Fatalf("meanwhile it was told %q", got)
	}
	if _, next, err := a.WebhookQueues(ctx); err != nil || !next.Equal(failed.DueAt) {
		t.Errorf("it is looked at again at %v, %v, want %v", next, err, failed.DueAt)
	}
	for n := 1; n < akkoord.WebhookTries; n++ {
		a.Clock.Move(failed.DueAt.Sub(a.Clock.Now()))
		m, ok := a.next(t, w)
		if !ok || m.PublicID != first.PublicID || m.Attempts != n {
			t.Fatalf("after %d tries there is %v, %t", n, m, ok)
		}
		failed, w = a.settle(t, m, 503)
	}
	if failed.State != akkoord.WebhookGivenUp {
		t.Errorf("after all tries it is %v", failed.State)
	}
	f := must(a.WebhookFigures(ctx))(t)
	if f.GivenUp != 1 || f.Waiting != 0 {
		t.Errorf("the figures are %+v", f)
	}
	if n := must(a.RepeatWebhookFailures(ctx, Admin, w.PublicID, 30))(t); n != 1 {
		t.Errorf("%d failures are repeated, want 1", n)
	}
	if got := a.told(t, w); len(got) != 1 || !strings.HasPrefix(got[0], "person.subscribed") {
		t.Errorf("then it is told %q", got)
	}

	// Days of failures pause it, what happens meanwhile waits, and switching it
	// on goes on.
	if err := a.TestWebhook(ctx, Admin, w.PublicID); err != nil {
		t.Fatal(err)
	}
	m, _ := a.next(t, w)
	a.settle(t, m, 0)
	a.Clock.Move(akkoord.WebhookPatience + time.Hour)
	m, _ = a.next(t, w)
	if _, w = a.settle(t, m, 0); w.State != akkoord.WebhookFailing {
		t.Fatalf("after days of failures it is %s", w.State)
	}
	a.active(t, "pim@voorbeeld.example", a.News)
	if _, ok := a.next(t, w); ok {
		t.Error("it is told while it is paused")
	}
	if f := must(a.WebhookFigures(ctx))(t); f.Paused != 1 || f.Waiting != 3 {
		t.Errorf("the figures are %+v", f)
	}
	must(a.EditWebhook(ctx, Admin, w.PublicID, func(w *akkoord.Webhook) { *w = w.Switch(true) }))(t)
	if got := a.told(t, w); len(got) != 2 {
		t.Errorf("after it was switched on it was told %q", got)
	}

	// 410 switches it off at once.
	a.active(t, "kees@voorbeeld.example", a.News)
	m, _ = a.next(t, w)
	if _, w = a.settle(t, m, 410); w.State != akkoord.WebhookGone {
		t.Errorf("after 410 it is %s", w.State)
	}
	if err := a.TestWebhook(ctx, Admin, w.PublicID); akkoord.CodeOf(err) != "webhook_off" {
		t.Errorf("a test of what is gone gave %v", err)
	}

	// What is over 30 days old goes, whatever became of it.
	a.Clock.Move(akkoord.WebhookKept + time.Hour)
	must(a.ExpirePending(ctx, 10))(t)
	if page, _, err := a.WebhookMessages(ctx, w.ID, akkoord.Page{}); err != nil || len(page) != 0 {
		t.Errorf("after 30 days there are %v, %v", page, err)
	}
}

// testWebhookRefusals holds what is refused to the field that is wrong, and
// secrets to being two for a day.
func testWebhookRefusals(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	a.crm(t)
	good := akkoord.Webhook{URL: "https://crm.example/", Processor: "crm", Events: akkoord.WebhookEvents}
	for field, spoil := range map[string]func(*akkoord.Webhook){
		"processor": func(w *akkoord.Webhook) { w.Processor = "nobody" },
		"purposes":  func(w *akkoord.Webhook) { w.Purposes = []int64{a.Ski.ID + 100} },
		"url":       func(w *akkoord.Webhook) { w.URL = "http://crm.example/" },
		"events":    func(w *akkoord.Webhook) { w.Events = []akkoord.WebhookEvent{"person.born"} },
	} {
		w := good
		spoil(&w)
		if _, _, err := a.AddWebhook(ctx, Admin, w); akkoord.KindOf(err) != akkoord.Invalid || fieldOf(err) != field {
			t.Errorf("a wrong %s gave %v", field, err)
		}
	}
	w := a.endpoint(t, akkoord.Webhook{})
	if err := a.TestWebhook(ctx, Admin, w.PublicID); err != nil {
		t.Fatal(err)
	}
	secrets := func() []string {
		t.Helper()
		to, _, ok, err := a.NextWebhookMessage(ctx, w.ID)
		if err != nil || !ok {
			t.Fatalf("NextWebhookMessage() gave %t, %v", ok, err)
		}
		var out []string
		for _, s := range to.Secrets {
			out = append(out, akkoord.WebhookSecretText(s))
		}
		return out
	}
	old := secrets()
	_, fresh, err := a.RotateWebhook(ctx, Admin, w.PublicID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(append([]string{fresh}, old...), secrets()); diff != "" {
		t.Errorf("after a new secret these sign (-want +got):\n%s", diff)
	}
	a.Clock.Move(akkoord.WebhookOverlap + time.Hour)
	if diff := cmp.Diff([]string{fresh}, secrets()); diff != "" {
		t.Errorf("a day later these sign (-want +got):\n%s", diff)
	}
	for n := len(must(a.Webhooks(ctx))(t)); n < akkoord.Limits.Webhooks; n++ {
		good.URL = fmt.Sprintf("https://crm.example/%d", n)
		if _, _, err := a.AddWebhook(ctx, Admin, good); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := a.AddWebhook(ctx, Admin, good); akkoord.CodeOf(err) != "too_many_webhooks" {
		t.Errorf("one endpoint too many gave %v", err)
	}
}

func fieldOf(err error) string {
	if e, ok := errors.AsType[*akkoord.Error](err); ok {
		return e.Field
	}
	return ""
}
