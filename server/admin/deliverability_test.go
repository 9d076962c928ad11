package admin_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/mailer"
	"akkoord/mailer/domain"
	"akkoord/server/admin"
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

// E.6: a key that was let sign for a domain that the sender left is said to wait, and
// another key of that domain is not let sign.
func TestAKeyOfAnotherDomainIsNotSaidToSign(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	foreign := func() akkoord.DomainKey {
		k, err := f.store.AddDomainKey(ctx, akkoord.ActorSystem, akkoord.DomainKey{Domain: "ander.example", Kind: akkoord.DomainKeyRSA, Public: []byte("public")}, []byte("private"), nil)
		f.check(err)
		return k
	}
	signing, fresh := foreign(), foreign()
	_, err := f.store.MoveDomainKey(ctx, akkoord.ActorSystem, signing.PublicID, "dkim.sign", "", func(k akkoord.DomainKey, all []akkoord.DomainKey, now time.Time) ([]akkoord.DomainKey, error) {
		return k.Sign(all, true, false, now)
	})
	f.check(err)
	b := f.as(akkoord.RoleOwner)
	page := b.get("/admin/deliverability", "This key is for ander.example", `<span class="badge warn">Waits</span>`, "no mail is signed by it now").body
	for _, wrong := range []string{"Mails are signed by this key", ">Signs<", "Signs since", `value="sign"`, "then look whether it is seen. With"} {
		if strings.Contains(page, wrong) {
			t.Errorf("the page says %q", wrong)
		}
	}
	has(t, b.after("/admin/deliverability/keys/"+fresh.PublicID.String(), url.Values{"act": {"sign"}, "insist": {"yes"}}), "This key is for another domain than the sender’s")
	keys, err := f.desk.DomainKeys(ctx)
	f.check(err)
	if keys[1].State != akkoord.DomainKeyNew {
		t.Errorf("it is %s", keys[1].State)
	}
}

// While key files sign, no card and no notice says that a stored key does.
func TestStoredKeysAreSaidToWaitForKeyFiles(t *testing.T) {
	f := newFixture(t)
	private, _, err := mailer.NewDKIM(akkoord.DomainKeyRSA, rand.Reader)
	f.check(err)
	file, err := mailer.StoredDKIM("file", private)
	f.check(err)
	files := []mailer.DKIMKey{file}
	signer, err := mailer.NewSigner("zonvaart.example", files)
	f.check(err)
	desk := domain.NewDesk(domain.DeskConfig{
		Keys: f.store, Resolver: f.names.Resolver(), Setup: domain.Setup{From: "zonvaart.example", Return: "zonvaart.example", Keys: files}, Signer: signer,
		Now: f.clock, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
	})
	f.server.Config.Handler = f.newSite("http://127.0.0.1:8080", func(c *admin.Config) { c.Delivering = desk })
	k, err := desk.MakeDomainKey(t.Context(), akkoord.ActorSystem, akkoord.DomainKeyRSA)
	f.check(err)
	f.names.Publish(k.Record())
	b := f.as(akkoord.RoleOwner)
	if r := b.send("POST", "/admin/deliverability/keys/"+k.PublicID.String(), "act=sign"); r.status != http.StatusSeeOther {
		t.Fatalf("signing: %d %s", r.status, r.body)
	}
	if page := b.get("/admin/deliverability", "signs once AKKOORD_DKIM names no key files", `<span class="badge warn">Waits</span>`).body; strings.Contains(page, "signed by this key") || strings.Contains(page, "Signs since") {
		t.Error("the page says that mails are signed by a stored key")
	}
}

// The setup shows what name servers say of the domain, by its name for people, and
// leads to the rest.
func TestTheSetupShowsWhatIsFoundOfTheDomain(t *testing.T) {
	f := newFixture(t)
	desk := domain.NewDesk(domain.DeskConfig{
		Keys: f.store, Resolver: f.names.Resolver(), Setup: domain.Setup{From: "zonvaart.example", Return: "zonvaart.example"}, Relay: func(context.Context) domain.Finding {
			return domain.Finding{What: "relay", Verdict: domain.Fail, Text: "nobody answers"}
		},
		Now: f.clock, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
	})
	f.server.Config.Handler = f.newSite("http://127.0.0.1:8080", func(c *admin.Config) { c.Delivering = desk })
	page := f.as(akkoord.RoleOwner).get("/admin/setup/mail?dns=1", "DMARC and alignment", "v=DMARC1; p=none", `href="/admin/deliverability"`).body
	if strings.Contains(page, "nobody answers") {
		t.Error("what the mail server says stands under the domain")
	}
}
