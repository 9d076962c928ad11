package api_test

import (
	"net/http"
	"strings"
	"testing"

	"akkoord"
	"akkoord/mailer/mailertest"
	"akkoord/store"
)

// Senders and relays are added, named by purposes, tried and retired; a relay's
// password comes back in no answer (P32).
func TestSendersAndRelays(t *testing.T) {
	f := newFixture(t)
	sink, err := mailertest.Start(mailertest.Config{User: "someone", Password: "hush"})
	f.check(err)
	t.Cleanup(func() { sink.Close() })
	f.must("POST", "/purposes", `{"slug":"ski","name":{"nl":"Ski"},"explanation":{"nl":"Over ski."},"wording":{"nl":"Ja."}}`)
	quiet := func(a answer) answer {
		t.Helper()
		if strings.Contains(a.raw, "hush") || strings.Contains(a.raw, "someone") {
			t.Errorf("an answer has the password: %s", a.raw)
		}
		return a
	}
	f.must("POST", "/senders", `{"slug":"ski","name":"Zonvaart Ski","address":"ski@zonvaart.example"}`)
	relay := quiet(f.must("POST", "/relays", `{"slug":"spare","url":"`+sink.URL()+`"}`))
	if relay.str("addr") != sink.Addr() || relay.str("processor") != akkoord.OwnProcessor || relay.object()["login"] != true || relay.object()["connections"] != 4.0 {
		t.Errorf("the relay is %s", relay.raw)
	}
	if p := f.must("POST", "/purposes/ski/route", `{"sender":"ski","relays":["spare","default"]}`); p.str("sender") != "ski" || len(p.object()["relays"].([]any)) != 2 {
		t.Errorf("the purpose is %s", p.raw)
	}
	if p := f.call(akkoord.RoleAnalyst, "GET", "/purposes/ski", ""); p.str("sender") != "ski" {
		t.Errorf("it reads %s", p.raw)
	}
	tried := quiet(f.must("POST", "/relays/spare/test", `{"email":"femke@zonvaart.example"}`))
	if strings.Contains(tried.raw, `"code":"relay_`) || len(sink.Messages("femke@zonvaart.example")) != 1 {
		t.Errorf("trying it gave %s", tried.raw)
	}
	quiet(f.must("PATCH", "/relays/spare", `{"connections":9}`))
	if r := quiet(f.call(akkoord.RoleOwner, "GET", "/relays/spare", "")); r.object()["connections"] != 9.0 || r.str("addr") != sink.Addr() {
		t.Errorf("changed, it is %s", r.raw)
	}
	for name, c := range map[string]struct{ path, body, code, field string }{
		"no URL":           {"/relays", `{"slug":"b","url":"hush"}`, "relay_url", "url"},
		"in the clear":     {"/relays", `{"slug":"b","url":"smtp://someone:hush@mail.example?tls=none"}`, "relay_url", "url"},
		"no party":         {"/relays", `{"slug":"b","url":"smtps://someone:hush@mail.example"}`, "field_missing", "processor"},
		"an unknown party": {"/relays", `{"slug":"b","url":"smtps://someone:hush@mail.example","processor":"nobody"}`, "processor_unknown", "processor"},
		"reserved":         {"/relays", `{"slug":"default","url":"smtps://mail.example","processor":"own"}`, "slug_reserved", "slug"},
		"freemail":         {"/senders", `{"slug":"b","name":"B","address":"b@gmail.com"}`, "sender_freemail", "address"},
		"no address":       {"/senders", `{"slug":"b","name":"B","address":"x"}`, "", "address"},
		"no such sender":   {"/purposes/ski/route", `{"sender":"nobody"}`, "sender_unknown", "sender"},
		"no such relay":    {"/purposes/ski/route", `{"relays":["nobody"]}`, "relay_unknown", "relays"},
	} {
		a := quiet(f.call(akkoord.RoleOwner, "POST", c.path, c.body))
		if a.status != http.StatusUnprocessableEntity || c.code != "" && a.str("code") != c.code || !strings.Contains(a.raw, `"`+c.field+`"`) {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	if a := f.call(akkoord.RoleOwner, "POST", "/senders/ski/retire", ""); a.status != http.StatusConflict || a.str("code") != "sender_in_use" {
		t.Errorf("retiring a sender in use: %d %s", a.status, a.raw)
	}
	f.must("POST", "/purposes/ski/route", `{"relays":["spare"]}`)
	if a := f.call(akkoord.RoleOwner, "POST", "/relays/spare/retire", ""); a.status != http.StatusConflict || a.str("code") != "relay_in_use" {
		t.Errorf("retiring the only relay of a purpose: %d %s", a.status, a.raw)
	}
	f.must("POST", "/purposes/ski/route", `{}`)
	f.must("POST", "/relays/spare/retire", "")
	f.must("POST", "/senders/ski/retire", "")
	if a := quiet(f.call(akkoord.RoleOwner, "GET", "/relays", "")); !strings.Contains(a.raw, `"retired_at":"`) {
		t.Errorf("the list is %s", a.raw)
	}
	if a := f.call(akkoord.RoleManager, "POST", "/relays", `{}`); a.status != http.StatusForbidden {
		t.Errorf("a manager adds a relay: %d", a.status)
	}
}

// Two persons stand behind where mail goes, also where a relay that a purpose names is
// retired, or the address of its sender is changed.
func TestASecondPersonAgreesToWhatRoutesComeTo(t *testing.T) {
	f := newFixture(t, func(c *store.Config) { c.TwoPersons = true })
	ctx, by := t.Context(), akkoord.ActorSystem
	f.must("POST", "/purposes", `{"slug":"ski","name":{"nl":"Ski"},"explanation":{"nl":"Over ski."},"wording":{"nl":"Ja."}}`)
	for _, slug := range []string{"first", "spare", "idle"} {
		r := akkoord.Relay{Slug: slug, Addr: "127.0.0.1:25", Security: "none", Connections: 1, Processor: akkoord.OwnProcessor}
		_, err := f.store.AddRelay(ctx, by, akkoord.RelaySettings{Relay: r, URL: "smtp://127.0.0.1:25?tls=none"})
		f.check(err)
	}
	f.must("POST", "/senders", `{"slug":"ski","name":"Zonvaart Ski","address":"ski@zonvaart.example"}`)
	f.must("PATCH", "/senders/ski", `{"name":"Ski"}`)
	_, err := f.store.RoutePurpose(ctx, by, "ski", "ski", []string{"first", "spare"})
	f.check(err)
	f.must("POST", "/relays/idle/retire", "")
	acts := [][3]string{{"PATCH", "/senders/ski", `{"address":"nieuws@zonvaart.example"}`}, {"POST", "/relays/spare/retire", ""}}
	for _, act := range acts {
		if a := f.call(akkoord.RoleOwner, act[0], act[1], act[2]); a.status != http.StatusForbidden || a.str("code") != "second_person" {
			t.Errorf("%v alone: %d %s", act, a.status, a.raw)
		}
	}
	dpo, err := f.store.AddUser(ctx, by, akkoord.User{Email: "femke@zonvaart.example", Role: akkoord.RoleDPO, Reason: "officer"})
	f.check(err)
	id, err := akkoord.ParseID(f.must("POST", "/approvals", `{"act":"relay","reason":"The server ends."}`).str("id"))
	f.check(err)
	_, err = f.store.DecideApproval(ctx, dpo.Actor(), id, true, "Yes.")
	f.check(err)
	for _, act := range acts {
		f.must(act[0], act[1], act[2])
	}
}
