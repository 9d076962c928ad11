package api_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"akkoord"
)

// M28, M27: endpoints are kept by owners alone, their secrets are shown once,
// and what is wrong is refused by its field.
func TestWebhooks(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	f.must("POST", "/processors", `{"slug":"crm","name":"CRM B.V.","role":"webhook"}`)
	const body = `{"url":"https://crm.example/hook","processor":"crm","events":["person.left","person.left","person.confirmed"],"purposes":["travel-news"]}`
	made := f.call(akkoord.RoleOwner, "POST", "/webhooks", body, "Idempotency-Key: one")
	if made.status != http.StatusCreated || !regexp.MustCompile(`^whsec_[A-Za-z0-9+/]{43}=$`).MatchString(made.str("secret")) || len(made.object()["events"].([]any)) != 2 {
		t.Fatalf("%d %s", made.status, made.raw)
	}
	if again := f.call(akkoord.RoleOwner, "POST", "/webhooks", body, "Idempotency-Key: one"); again.str("id") != made.str("id") || again.object()["secret"] != nil {
		t.Errorf("again: %s", again.raw)
	}
	path := "/webhooks/" + made.str("id")
	if a := f.must("GET", path, ""); !strings.Contains(a.raw, "no_agreement") || strings.Contains(a.raw, "whsec_") || a.object()["send_address"] != false {
		t.Errorf("without an agreement: %s", a.raw)
	}
	if a := f.call(akkoord.RoleOwner, "POST", path+"/test", ""); a.status != http.StatusConflict || a.str("code") != "no_agreement" {
		t.Errorf("a test without an agreement: %d %s", a.status, a.raw)
	}
	f.must("PATCH", "/processors/crm", `{"agreement":{"signed_on":"2026-01-01"}}`)
	if a := f.must("GET", path, ""); len(a.object()["obstacles"].([]any)) != 0 {
		t.Errorf("with an agreement: %s", a.raw)
	}
	f.must("POST", path+"/test", "")
	f.person("pim@voorbeeld.example", true)
	messages := f.must("GET", path+"/messages", "").object()["items"].([]any)
	newest := messages[0].(map[string]any)
	if len(messages) != 2 || newest["type"] != "person.confirmed" || newest["state"] != "waiting" {
		t.Errorf("its messages are %v", messages)
	}
	if a := f.must("GET", path+"/messages?limit=1", ""); a.object()["next_cursor"] == nil {
		t.Errorf("a page of its messages: %s", a.raw)
	}
	if a := f.must("POST", path+"/repeat", `{"message":"`+newest["id"].(string)+`"}`); a.object()["messages"] != 1.0 {
		t.Errorf("one again: %s", a.raw)
	}
	if a := f.must("POST", path+"/repeat", `{"days":3}`); a.object()["messages"] != 0.0 {
		t.Errorf("all again: %s", a.raw)
	}
	if a := f.must("POST", path+"/rotate", ""); a.str("secret") == made.str("secret") || a.str("old_secret_until") == "" {
		t.Errorf("another secret: %s", a.raw)
	}
	if a := f.must("PATCH", path, `{"on":false,"purposes":[],"send_address":true}`); a.str("state") != "off" || len(a.object()["purposes"].([]any)) != 0 || a.object()["send_address"] != true {
		t.Errorf("changed: %s", a.raw)
	}
	for body, field := range map[string]string{
		`{"url":"http://crm.example/","processor":"crm","events":["person.left"]}`:                               "url",
		`{"url":"https://10.0.0.1/","processor":"crm","events":["person.left"]}`:                                 "url",
		`{"url":"https://crm.example/","processor":"none","events":["person.left"]}`:                             "processor",
		`{"url":"https://crm.example/","processor":"crm","events":["person.born"]}`:                              "events",
		`{"url":"https://crm.example/","processor":"crm","events":[]}`:                                           "events",
		`{"url":"https://crm.example/","processor":"crm","events":["person.left"],"purposes":["no-such-thing"]}`: "purposes",
	} {
		if a := f.call(akkoord.RoleOwner, "POST", "/webhooks", body); a.status != http.StatusUnprocessableEntity || a.str("field") != field {
			t.Errorf("%s: %d %s", body, a.status, a.raw)
		}
	}
	for body, field := range map[string]string{`{}`: "days", `{"days":31}`: "days", `{"message":"x"}`: "message"} {
		if a := f.call(akkoord.RoleOwner, "POST", path+"/repeat", body); a.status != http.StatusUnprocessableEntity || a.str("field") != field {
			t.Errorf("%s: %d %s", body, a.status, a.raw)
		}
	}
	if a := f.call(akkoord.RoleManager, "GET", "/webhooks", ""); a.status != http.StatusForbidden {
		t.Errorf("a manager: %d", a.status)
	}
	trail := strings.Join(f.trail(), "\n")
	for _, action := range []string{"create", "change", "rotate", "test", "repeat", "messages"} {
		if !strings.Contains(trail, "webhook."+action+" webhook:"+made.str("id")) {
			t.Errorf("the audit trail has no line for %s", action)
		}
	}
}
