package admin_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"akkoord"
)

var webhookSecretShown = regexp.MustCompile(`<code>(whsec_[^<]+)</code>`)

// M28, M27: an owner adds an endpoint in the browser, sees its secret once,
// reads why nothing goes to it, sends a test, turns its secret and switches it
// off and on, each with a line in the trail; what is wrong stands at its field.
func TestAnOwnerKeepsTheWebhooks(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	f.mailing() // and its purpose
	_, err := f.store.AddProcessor(ctx, akkoord.ActorSystem, akkoord.Processor{Slug: "crm", Name: "CRM B.V.", Role: "webhook"})
	f.check(err)
	b := f.as(akkoord.RoleOwner)
	has(t, b.get("/admin/account"), `href="/admin/webhooks"`)
	b.get("/admin/webhooks", "Nobody is told of anything yet.", "CRM B.V.")
	in := url.Values{"url": {"http://crm.example/hook"}, "processor": {"crm"}, "events": {"person.left", "person.confirmed"}, "purpose": {"travel-news"}}
	for field, spoil := range map[string]func(url.Values){
		"url":       func(v url.Values) {},
		"processor": func(v url.Values) { v.Set("url", "https://crm.example/"); v.Del("processor") },
		"events":    func(v url.Values) { v.Set("url", "https://crm.example/"); v.Del("events") },
		"purposes":  func(v url.Values) { v.Set("url", "https://crm.example/"); v.Set("purpose", "none") },
	} {
		typed, err := url.ParseQuery(in.Encode())
		f.check(err)
		spoil(typed)
		r := b.send("POST", "/admin/webhooks", typed.Encode())
		if r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `href="#`+field+`"`) || !strings.Contains(r.body, `id="`+field+`-e"`) {
			t.Errorf("a wrong %s: %d %s", field, r.status, r.body)
		}
	}
	in.Set("url", "https://crm.example/hook")
	r := b.send("POST", "/admin/webhooks", in.Encode())
	secret := webhookSecretShown.FindStringSubmatch(r.body)
	if r.status != http.StatusOK || secret == nil {
		t.Fatalf("adding: %d %s", r.status, r.body)
	}
	all, err := f.store.Webhooks(ctx)
	f.check(err)
	at := "/admin/webhooks/" + all[0].PublicID.String()
	if page := b.get(at, "no agreement with this party", "https://crm.example/hook", "Somebody left"); strings.Contains(page.body, secret[1]) || strings.Contains(page.body, `value="test"`) {
		t.Error("the secret is shown twice, or a test is offered to whom nothing may go")
	}
	_, err = f.store.EditProcessor(ctx, akkoord.ActorSystem, "crm", "processor.change", "", func(p *akkoord.Processor, _ time.Time) { p.Agreement.SignedOn = f.clock().AddDate(0, 0, -2) })
	f.check(err)
	has(t, b.after(at, url.Values{"act": {"test"}}), "A test is on its way", "A test", "Waits")
	if r := b.send("POST", at, "act=rotate"); webhookSecretShown.FindStringSubmatch(r.body) == nil || strings.Contains(r.body, secret[1]) {
		t.Errorf("another secret: %d %s", r.status, r.body)
	}
	has(t, b.after(at, url.Values{"act": {"off"}}), `role="status"`, `value="on"`)
	has(t, b.after(at, url.Values{"act": {"test"}}), "Switch it on first.")
	has(t, b.after(at, url.Values{"act": {"on"}}), `value="off"`)
	in.Set("act", "save")
	in.Set("send_address", "yes")
	in.Set("url", "https://crm.example/other")
	has(t, b.after(at, in), "https://crm.example/other")
	in.Set("url", "https://10.0.0.1/")
	if r := b.send("POST", at, in.Encode()); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, "private network") {
		t.Errorf("a private address: %d", r.status)
	}

	// What failed for days stands on the start page, and can be sent again.
	_, m, ok, err := f.store.NextWebhookMessage(ctx, all[0].ID)
	if err != nil || !ok {
		t.Fatalf("there is no test to send: %v", err)
	}
	for m.State == akkoord.WebhookWaiting {
		m = m.Tried(akkoord.WebhookTry{At: f.clock(), Fault: akkoord.WebhookSlow}, 0)
	}
	_, err = f.store.SettleWebhook(ctx, m)
	f.check(err)
	b.get(at, "Given up", "no answer within 10 seconds", `value="failed"`)
	has(t, b.after(at, url.Values{"act": {"failed"}, "days": {"99"}}), "from 1 to 30")
	has(t, b.after(at, url.Values{"act": {"failed"}, "days": {"3"}}), "It is sent again")
	_, m, _, err = f.store.NextWebhookMessage(ctx, all[0].ID)
	f.check(err)
	gone := m.Tried(akkoord.WebhookTry{At: f.clock(), Status: http.StatusGone}, 0)
	_, err = f.store.SettleWebhook(ctx, gone)
	f.check(err)
	b.get("/admin", "Webhooks that failed and are paused")
	if r := f.as(akkoord.RoleManager).send("GET", at, ""); r.status != http.StatusNotFound && r.status != http.StatusForbidden {
		t.Errorf("a manager sees it: %d", r.status)
	}
}
