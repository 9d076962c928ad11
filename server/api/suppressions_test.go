package api_test

import (
	"net/http"
	"net/url"
	"testing"

	"akkoord"
)

// J.6, P15: the do-not-mail list says why and by what report; staff take back
// a bounce, for a reason, and nothing that a person said.
func TestTheDoNotMailListAndItsUndo(t *testing.T) {
	f := newFixture(t)
	id := f.catalogue()
	p, other := f.person("pim@voorbeeld.example", true), f.person("noor@voorbeeld.example", true)
	m := f.sent(id)
	report := func(person int64, message string) {
		if a := f.call(akkoord.RoleMail, "POST", "/bounces?rcpt="+url.QueryEscape(f.paths.Of(m, person)), message, "Content-Type: message/rfc822"); a.str("result") == "ignored" {
			t.Fatalf("the report: %s", a.raw)
		}
	}
	report(p.ID, dsn("failed", "5.1.1", "550 5.1.1 no such user"))
	report(other.ID, complaint)

	entry := func(query string) map[string]any {
		t.Helper()
		items := f.must("GET", "/suppressions?"+query, "").object()["items"].([]any)
		if len(items) != 1 {
			t.Fatalf("%s gives %d entries", query, len(items))
		}
		return items[0].(map[string]any)
	}
	bounced, complained := entry("kind=hard_bounce"), entry("email=noor@voorbeeld.example")
	if bounced["email"] != "pim@voorbeeld.example" || bounced["liftable"] != true || bounced["subscriber"] != p.PublicID.String() {
		t.Errorf("the bounce stands as %v", bounced)
	}
	if e := bounced["evidence"].(map[string]any); e["source"] != "dsn" || e["class"] != "hard" || e["status"] != "550 5.1.1" || e["mailing"] != id {
		t.Errorf("its evidence is %v", e)
	}
	if complained["kind"] != "complaint" || complained["liftable"] != false || complained["evidence"].(map[string]any)["source"] != "arf" {
		t.Errorf("the complaint stands as %v", complained)
	}
	first := f.must("GET", "/suppressions?limit=1", "").object()
	second := f.must("GET", "/suppressions?limit=1&cursor="+first["next_cursor"].(string), "").object()
	if len(second["items"].([]any)) != 1 || second["next_cursor"] != nil || second["items"].([]any)[0].(map[string]any)["kind"] != "hard_bounce" {
		t.Errorf("the second page is %v", second)
	}

	lift := func(e map[string]any, body string) answer {
		return f.call(akkoord.RoleManager, "POST", "/suppressions/"+e["id"].(string)+"/lift", body)
	}
	for _, c := range []struct {
		name   string
		got    answer
		status int
		code   string
	}{
		{"without a reason", lift(bounced, `{"reason":""}`), http.StatusUnprocessableEntity, "reason_missing"},
		{"with an address in it", lift(bounced, `{"reason":"pim@voorbeeld.example works"}`), http.StatusUnprocessableEntity, "reason_personal"},
		{"of a complaint", lift(complained, `{"reason":"a mistake"}`), http.StatusConflict, "confirmation_needed"},
		{"of no entry", lift(map[string]any{"id": "AAAA"}, `{"reason":"a mistake"}`), http.StatusNotFound, "not_found"},
		{"by who may not", f.call(akkoord.RoleEditor, "POST", "/suppressions/"+bounced["id"].(string)+"/lift", `{"reason":"x"}`), http.StatusNotFound, "not_found"},
	} {
		if c.got.status != c.status || c.got.str("code") != c.code {
			t.Errorf("lifting %s: %d %s", c.name, c.got.status, c.got.raw)
		}
	}
	if a := lift(bounced, `{"reason":"the mailbox was mended"}`); a.status != http.StatusOK {
		t.Fatalf("lifting a bounce: %d %s", a.status, a.raw)
	}
	if a := lift(bounced, `{"reason":"the mailbox was mended"}`); a.status != http.StatusNotFound {
		t.Errorf("lifting it again: %d %s", a.status, a.raw)
	}
	for address, code := range map[string]string{"pim@voorbeeld.example": "", "noor@voorbeeld.example": "complained"} {
		if a := f.must("GET", "/gate?purpose=travel-news&email="+address, ""); a.object()["allowed"] != (code == "") {
			t.Errorf("the gate says of %s: %s", address, a.raw)
		}
	}
	events, err := f.store.Events(t.Context(), p.ID)
	f.check(err)
	if last := events[len(events)-1]; last.Kind != akkoord.Unbarred || last.Actor != f.ids[akkoord.RoleManager].Actor() {
		t.Errorf("the ledger says %+v", last)
	}
	if _, err := f.store.VerifyLedger(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if a := f.must("GET", "/audit?kind=suppression.lift", ""); len(a.object()["items"].([]any)) != 1 {
		t.Errorf("the audit trail: %s", a.raw)
	}
}
