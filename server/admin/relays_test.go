package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"akkoord"
	"akkoord/mailer/mailertest"
)

// Owners add senders and mail servers, try them, route purposes by them and take them
// out of use; a password comes back in no page, also where a post is refused (P32).
func TestSendersAndRelays(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	owner := f.as(akkoord.RoleOwner)
	sink, err := mailertest.Start(mailertest.Config{User: "someone", Password: "hush"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sink.Close() })
	const page = "/admin/settings/relays"
	post := func(path string, in url.Values) reply {
		t.Helper()
		r := owner.send("POST", path, in.Encode())
		if strings.Contains(r.body, "hush") {
			t.Errorf("%v: the page has the password", in)
		}
		return r
	}
	if r := post(page, url.Values{"act": {"relay"}, "slug": {"spare"}, "relay_url": {"smtp://someone:hush@mail.example?tls=none"}}); r.status != http.StatusUnprocessableEntity {
		t.Errorf("in the clear: %d", r.status)
	}
	if r := post(page, url.Values{"act": {"relay"}, "slug": {"spare"}, "relay_url": {sink.URL()}}); r.status != http.StatusSeeOther {
		t.Fatalf("adding a relay: %d %s", r.status, r.body)
	}
	if r := post(page, url.Values{"act": {"sender"}, "slug": {"ski"}, "name": {"Zonvaart Ski"}, "address": {"ski@gmail.com"}}); r.status != http.StatusUnprocessableEntity {
		t.Errorf("freemail: %d", r.status)
	}
	if r := post(page, url.Values{"act": {"sender"}, "slug": {"ski"}, "name": {"Zonvaart Ski"}, "address": {"ski@zonvaart.example"}}); r.status != http.StatusSeeOther {
		t.Errorf("adding a sender: %d", r.status)
	}
	if r := post("/admin/settings/routes/travel-news", url.Values{"sender": {"ski"}, "relays": {"spare", ""}}); r.status != http.StatusSeeOther {
		t.Errorf("routing: %d", r.status)
	}
	has(t, owner.get(page), sink.Addr(), `value="ski@zonvaart.example"`, `<option value="spare" selected>`)
	post(page+"/spare", url.Values{"act": {"test"}})
	if len(sink.Messages("")) != 1 {
		t.Errorf("the test sent %d mails", len(sink.Messages("")))
	}
	post(page+"/spare", url.Values{"act": {"retire"}})
	if all, err := f.store.RelaySettings(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("the only relay of a purpose was retired: %v, %v", all, err)
	}
}
