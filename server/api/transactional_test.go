package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"akkoord"
)

const bookingTemplate = `{"slug":"booking","name":"Boeking","from":"\"Boekingen\" <boeking@zonvaart.example>","fields":["name","order"],"texts":{
	"nl":{"reason":"U krijgt deze mail omdat u boekte.","subject":"Boeking {{order}}","markdown":"Dag {{name}}, uw boeking is {{order}}."}}}`

const bookingOrder = `{"template":"booking","email":"pim@voorbeeld.example","locale":"nl","fields":{"name":"Pim","order":"Z-1"}}`

// M9: a program with no other right sends a mail that a contract calls for, once
// for each key, and sees what became of it; the log is for those who may read
// people's data, and each look at it leaves a line.
func TestTransactionalMail(t *testing.T) {
	f := newFixture(t)
	c := f.must("POST", "/transactional-templates", bookingTemplate)
	if c.status != http.StatusCreated || c.str("slug") != "booking" || c.object()["version"] != 1.0 {
		t.Fatalf("%d %s", c.status, c.raw)
	}
	first := f.call(akkoord.RoleMail, "POST", "/transactional", bookingOrder, "Idempotency-Key: order-1")
	if first.status != http.StatusCreated || first.str("state") != "queued" || strings.Contains(first.raw, "pim@") {
		t.Fatalf("%d %s", first.status, first.raw)
	}
	again := f.call(akkoord.RoleMail, "POST", "/transactional", bookingOrder, "Idempotency-Key: order-1")
	if again.raw != first.raw || again.status != first.status {
		t.Errorf("the same key answers %d %s", again.status, again.raw)
	}
	field := strings.Replace(bookingOrder, `"template"`, `"idempotency_key":"order-1","template"`, 1)
	if a := f.call(akkoord.RoleMail, "POST", "/transactional", field); a.str("id") != first.str("id") {
		t.Errorf("the same key as a field answers %s", a.raw)
	}
	for name, c := range map[string]struct {
		body, header, code string
		status             int
	}{
		"another order under the key":   {strings.Replace(field, "Z-1", "Z-2", 1), "", "idempotency_key_reused", 409},
		"two keys":                      {field, "Idempotency-Key: other", "value_invalid", 422},
		"no address":                    {strings.Replace(bookingOrder, "pim@", "@", 1), "", "email_local_missing", 422},
		"a missing field":               {strings.Replace(bookingOrder, `,"order":"Z-1"`, "", 1), "", "field_missing", 422},
		"a campaign where none belongs": {strings.Replace(bookingOrder, `"locale"`, `"campaign":"winter","locale"`, 1), "", "field_unknown", 422},
	} {
		var headers []string
		if c.header != "" {
			headers = append(headers, c.header)
		}
		if a := f.call(akkoord.RoleMail, "POST", "/transactional", c.body, headers...); a.status != c.status || a.str("code") != c.code {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	if a := f.call(akkoord.RoleMail, "GET", "/transactional/"+first.str("id"), ""); a.str("state") != "queued" || strings.Contains(a.raw, "pim@") {
		t.Errorf("%s", a.raw)
	}
	for query, want := range map[string]string{"": `{"allowed":true}`, "&purpose=x": "value_invalid"} {
		if a := f.call(akkoord.RoleDPO, "GET", "/gate?kind=transactional&email=pim@voorbeeld.example"+query, ""); !strings.Contains(a.raw, want) {
			t.Errorf("the gate says %s, want %s", a.raw, want)
		}
	}
	before := f.trail()
	log := f.call(akkoord.RoleDPO, "GET", "/transactional?email=pim@voorbeeld.example&state=queued&template=booking", "")
	items, _ := log.object()["items"].([]any)
	if len(items) != 1 || items[0].(map[string]any)["email"] != "pim@voorbeeld.example" || items[0].(map[string]any)["id"] != first.str("id") {
		t.Errorf("the log: %s", log.raw)
	}
	want := fmt.Sprintf("key:%s transactional.read transactional", f.ids[akkoord.RoleDPO].PublicID)
	if after := f.trail(); len(after) != len(before)+1 || after[len(before)] != want {
		t.Errorf("M27: reading the log left %q", after[len(before):])
	}
	if a := f.call(akkoord.RoleDPO, "POST", "/transactional/erase", `{"email":"pim@voorbeeld.example","reason":"asked for"}`); a.object()["mails"] != 1.0 {
		t.Errorf("erasing: %s", a.raw)
	}
	if a := f.call(akkoord.RoleDPO, "GET", "/transactional", ""); strings.Contains(a.raw, "pim@") || !strings.Contains(a.raw, `"erased"`) {
		t.Errorf("after that: %s", a.raw)
	}
	f.sender.Contact = ""
	if a := f.call(akkoord.RoleMail, "POST", "/transactional", bookingOrder); a.status != http.StatusConflict || a.str("code") != "sender_incomplete" {
		t.Errorf("without sender facts: %d %s", a.status, a.raw)
	}
}

func TestTransactionalTemplates(t *testing.T) {
	f := newFixture(t)
	f.must("POST", "/transactional-templates", bookingTemplate)
	for name, c := range map[string]struct{ old, new, code, field string }{
		"the slug is taken":               {"", "", "slug_taken", "slug"},
		"another domain":                  {"boeking@zonvaart.example", "boeking@other.example", "from_domain", "from"},
		"a sender that is none":           {`\"Boekingen\" <boeking@zonvaart.example>`, "Boekingen", "address_invalid", "from"},
		"no reason":                       {"U krijgt deze mail omdat u boekte.", " ", "field_missing", "texts.nl.reason"},
		"a field that is not named":       {"{{order}}.", "{{price}}.", "unknown_field", "texts.nl.markdown"},
		"a field of campaigns":            {`"order"]`, `"order","campaign"]`, "promotional_content", "fields"},
		"a link to leave":                 {"uw boeking is", "[weg](https://x.example/unsubscribe/1)", "promotional_content", "texts.nl.markdown"},
		"a language that mails have none": {`"nl":`, `"xx":`, "locale_unknown", "texts.xx"},
		"nothing at all":                  {`"subject":"Boeking {{order}}"`, `"subject":""`, "field_missing", "texts.nl.subject"},
	} {
		a := f.call(akkoord.RoleEditor, "POST", "/transactional-templates", strings.Replace(bookingTemplate, c.old, c.new, 1))
		if a.str("code") != c.code || a.str("field") != c.field {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	a := f.call(akkoord.RoleEditor, "PATCH", "/transactional-templates/booking", `{"name":"Boekingen"}`)
	if a.object()["version"] != 2.0 || a.str("name") != "Boekingen" || a.str("from") == "" {
		t.Errorf("%d %s", a.status, a.raw)
	}
	p := f.call(akkoord.RoleEditor, "GET", "/transactional-templates/booking/preview?locale=nl", "")
	if p.str("subject") != "Boeking [order]" || !strings.Contains(p.str("text"), "uw boeking is [order]") || !strings.Contains(p.str("html"), "geen reclame") {
		t.Errorf("%s", p.raw)
	}
	f.must("PATCH", "/transactional-templates/booking", `{"retired":true}`)
	if a := f.call(akkoord.RoleMail, "POST", "/transactional", bookingOrder); a.status != http.StatusConflict || a.str("code") != "template_retired" {
		t.Errorf("a retired template: %d %s", a.status, a.raw)
	}
}
