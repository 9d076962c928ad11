package api_test

import (
	"strings"
	"testing"

	"akkoord"
)

// welcome signs somebody up by the form, and confirms.
func (f *fixture) welcome(address string) {
	f.t.Helper()
	ctx := f.t.Context()
	email, err := akkoord.ParseEmail(address)
	f.check(err)
	p, err := f.store.Purpose(ctx, "travel-news")
	f.check(err)
	form, err := f.store.Form(ctx, "home")
	f.check(err)
	o := akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson, Locale: "nl", FormID: form.Version.ID}
	f.check(f.store.SignUp(ctx, akkoord.SignUp{Email: email, Locale: "nl", Purposes: []akkoord.Purpose{p}, Origin: o}))
	st, err := f.store.StandingByEmail(ctx, email)
	f.check(err)
	_, err = f.store.Confirm(ctx, akkoord.Link{Subscriber: st.Subscriber.PublicID, Request: st.Subscription(p.ID).Request}, o)
	f.check(err)
}

// A series is drafted, started and edited over the API; what can't be one is
// refused with the field, and what people did for another purpose with a reason
// (M16).
func TestASeriesOverTheAPI(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	f.welcome("old@voorbeeld.example")
	create := func(body string) answer {
		return f.call(akkoord.RoleEditor, "POST", "/campaigns/winter-2027/mailings", body)
	}
	a := create(`{"subject":"Welkom","markdown":"Dag {{name}}","trigger":{"on":"confirmed","days":1,"filter":{"not":{"locale":"de"}}}}`)
	if a.status != 201 || !strings.Contains(a.raw, `"trigger":{"on":"confirmed","days":1,"filter":{"not":{"locale":"de"}}}`) || !strings.Contains(a.raw, `"series":{"past":0,"waiting":null,"rounded_to":5,"versions":[]}`) {
		t.Fatalf("%d %s", a.status, a.raw) // an editor, who may not read who reads which language
	}
	welcome := a.str("id")
	if a := f.must("GET", "/mailings/"+welcome, ""); !strings.Contains(a.raw, `"series":{"past":1,"waiting":null,"versions":[]}`) {
		t.Errorf("%s", a.raw)
	}
	a = create(`{"subject":"Tips","markdown":"Dag","trigger":{"on":"after","mailing":"` + welcome + `","days":2}}`)
	if a.status != 201 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	tips := a.str("id")
	for _, bad := range []struct{ body, want string }{
		{`{"trigger":{"on":"birthday"}}`, `trigger.on`}, {`{"trigger":{"on":"after","mailing":"` + tips + `"}}`, `"code":"trigger_cycle"`},
		{`{"trigger":{"on":"after","mailing":"0190b4a8-0000-7000-8000-000000000000"}}`, `"code":"mailing_unknown"`}, {`{"trigger":{"on":"after","mailing":"x"}}`, `trigger.mailing`},
		{`{"trigger":{"on":"confirmed","days":-1}}`, `trigger.days`}, {`{"trigger":{"on":"confirmed","hours":24}}`, `trigger.hours`}, {`{"trigger":{"on":"inactive"}}`, `trigger.days`},
		{`{"trigger":{"on":"date","attribute":"departure"}}`, `"code":"attribute_unknown"`}, {`{"trigger":{"on":"clicked","topic":"Wintersport!"}}`, `trigger.topic`},
		{`{"trigger":{"on":"confirmed","filter":{"interest":"nothing"}}}`, `trigger.filter.interest`}, {`{"trigger":{"on":"confirmed","filter":[]}}`, `trigger.filter`},
		{`{"trigger":{"on":"confirmed","days":"soon"}}`, `trigger.days`}, {`{"trigger":[]}`, `trigger`}, {`{"variants":[{"name":"a"},{"name":"b"}]}`, `"code":"trigger_variants"`},
	} {
		if a := f.call(akkoord.RoleEditor, "PATCH", "/mailings/"+welcome, bad.body); a.status != 422 || !strings.Contains(a.raw, bad.want) {
			t.Errorf("%s: %d %s", bad.body, a.status, a.raw)
		}
	}
	if a := f.call(akkoord.RoleEditor, "PATCH", "/mailings/"+welcome, `{"trigger":null}`); a.status != 409 || a.str("code") != "trigger_awaited" {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if a := f.call(akkoord.RoleManager, "POST", "/mailings/"+welcome+"/send", ""); a.status != 200 || a.str("state") != "sending" || !strings.Contains(a.raw, `"eta":null`) || !strings.Contains(a.raw, `"total":0`) {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	if a := f.call(akkoord.RoleEditor, "PATCH", "/mailings/"+welcome, `{"subject":"Hoi"}`); a.status != 403 {
		t.Errorf("an editor changed a running mailing: %d %s", a.status, a.raw)
	}
	a = f.call(akkoord.RoleManager, "PATCH", "/mailings/"+welcome, `{"subject":"Van harte welkom","trigger":{"on":"confirmed","days":3}}`)
	if a.status != 200 || !strings.Contains(a.raw, `"versions":[{"number":1,"subject":"Welkom"`) || !strings.Contains(a.raw, `{"number":2,"subject":"Van harte welkom"`) || !strings.Contains(a.raw, `"waiting":0`) {
		t.Errorf("%d %s", a.status, a.raw)
	}
	for body, status := range map[string]int{`{"subject":""}`: 409, `{"trigger":null}`: 409, `{"variants":[{"name":"a"},{"name":"b"}]}`: 422} {
		if a := f.call(akkoord.RoleManager, "PATCH", "/mailings/"+welcome, body); a.status != status {
			t.Errorf("%s: %d %s", body, a.status, a.raw)
		}
	}
	for _, act := range []string{"pause", "resume", "cancel"} {
		if a := f.call(akkoord.RoleManager, "POST", "/mailings/"+welcome+"/"+act, ""); a.status != 200 {
			t.Errorf("%s: %d %s", act, a.status, a.raw)
		}
	}
	if trail := strings.Join(f.trail(), "\n"); !strings.Contains(trail, "mailing.change mailing:"+welcome) {
		t.Errorf("audit trail:\n%s", trail)
	}
}
