package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

// E.6, E.9, E.10: an owner sees how the sending domain is, makes a key, is refused
// while its record is not in DNS, publishes it, and lets it sign; a manager sees all
// of it and changes nothing.
func TestAnOwnerMakesAndPublishesADKIMKey(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	b := f.as(akkoord.RoleOwner)
	has(t, b.get("/admin/account"), `href="/admin/deliverability"`)
	b.get("/admin/deliverability", "zonvaart.example has no DMARC policy", "v=DMARC1; p=none; rua=mailto:dmarc@zonvaart.example", "SPF says which servers may send")
	has(t, b.after("/admin/deliverability/keys", url.Values{"kind": {"dsa"}}), "There is no such kind of key.")
	r := b.send("POST", "/admin/deliverability/keys", "kind=rsa")
	if r.status != http.StatusSeeOther {
		t.Fatalf("%d %s", r.status, r.body)
	}
	keys, err := f.desk.DomainKeys(ctx)
	f.check(err)
	at := "/admin/deliverability/keys/" + keys[0].PublicID.String()
	name, value := keys[0].Record()
	b.get("/admin/deliverability", name, "To publish", strings.ReplaceAll(value, "+", "&#43;"))
	if r := b.send("POST", at, "act=look"); r.status != http.StatusOK || !strings.Contains(r.body, "The record was not seen to be right.") {
		t.Errorf("a look before: %d", r.status)
	}
	r = b.send("POST", at, "act=sign")
	if r.status != http.StatusConflict || !strings.Contains(r.body, `name="insist"`) || f.desk.Signs() {
		t.Errorf("signing unseen: %d %s", r.status, r.body)
	}
	f.names.Publish(name, value)
	if r := b.send("POST", at, "act=look"); !strings.Contains(r.body, "The record is seen, and it is right.") || !strings.Contains(r.body, "Seen in DNS") {
		t.Errorf("a look after: %d", r.status)
	}
	if r := b.send("POST", at, "act=sign"); r.status != http.StatusSeeOther || !f.desk.Signs() {
		t.Errorf("signing: %d %s", r.status, r.body)
	}
	b.get("/admin/deliverability", "Mails are signed by this key from now on.", "Signs since")
	manager := f.as(akkoord.RoleManager)
	if r := manager.get("/admin/deliverability", name); strings.Contains(r.body, `value="retire"`) || strings.Contains(r.body, `value="rsa"`) {
		t.Error("a manager is offered to change keys")
	}
	if r := b.send("POST", at, "act=retire"); r.status != http.StatusSeeOther || f.desk.Signs() {
		t.Errorf("retiring: %d %s", r.status, r.body)
	}
	if r := b.get("/admin/deliverability", "Retired"); strings.Contains(r.body, `value="remove"`) {
		t.Error("a key is offered to be removed while its record has to stay")
	}
}
