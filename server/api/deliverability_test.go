package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

// E.6, E.9, M27: owners make DKIM keys, let them sign once their record is seen and
// retire them; whoever sends may see how the sending domain is.
func TestDeliverability(t *testing.T) {
	f := newFixture(t)
	found := f.must("GET", "/deliverability", "")
	if found.str("domain") != "zonvaart.example" || len(found.object()["findings"].([]any)) < 5 || found.object()["looked_at"] == nil {
		t.Errorf("%s", found.raw)
	}
	made := f.call(akkoord.RoleOwner, "POST", "/dkim-keys", `{"kind":"rsa"}`)
	record := made.object()["record"].(map[string]any)
	if made.status != http.StatusCreated || made.str("state") != "new" || strings.Contains(made.raw, "PRIVATE") || len(record["strings"].([]any)) != 2 || record["type"] != "TXT" {
		t.Fatalf("%d %s", made.status, made.raw)
	}
	path := "/dkim-keys/" + made.str("id")
	if a := f.must("POST", path+"/look", ""); a.str("state") != "new" || a.object()["finding"].(map[string]any)["verdict"] != "fail" {
		t.Errorf("before it is published: %s", a.raw)
	}
	if a := f.call(akkoord.RoleOwner, "POST", path+"/sign", `{}`); a.status != http.StatusConflict || a.str("code") != "dkim_unseen" {
		t.Errorf("unseen: %d %s", a.status, a.raw)
	}
	f.names.Publish(record["name"].(string), record["value"].(string))
	if a := f.must("POST", path+"/look", ""); a.str("state") != "published" {
		t.Errorf("published: %s", a.raw)
	}
	if a := f.must("POST", path+"/sign", `{}`); a.str("state") != "signing" || !f.desk.Signs() {
		t.Errorf("signing: %s", a.raw)
	}
	if a := f.must("GET", "/records-of-processing", ""); !strings.Contains(a.raw, `"dkim"`) {
		t.Error("the record of processing does not say that mail is signed")
	}
	if a := f.must("GET", "/deliverability?again=true", ""); !strings.Contains(a.raw, record["name"].(string)+" has the key") {
		t.Errorf("%s", a.raw)
	}
	if a := f.must("POST", path+"/retire", ""); a.str("state") != "retired" || a.str("keep_record_until") == "" || f.desk.Signs() {
		t.Errorf("retired: %s", a.raw)
	}
	if a := f.call(akkoord.RoleOwner, "POST", path+"/remove", ""); a.status != http.StatusConflict || a.str("code") != "dkim_keep" {
		t.Errorf("too early: %d %s", a.status, a.raw)
	}
	other := f.must("POST", "/dkim-keys", `{"kind":"ed25519"}`)
	if a := f.call(akkoord.RoleOwner, "POST", "/dkim-keys/"+other.str("id")+"/sign", `{"insist":true}`); a.str("code") != "dkim_rsa_first" {
		t.Errorf("Ed25519 alone: %d %s", a.status, a.raw)
	}
	f.must("POST", "/dkim-keys/"+other.str("id")+"/remove", "")
	if a := f.must("GET", "/dkim-keys?limit=1", ""); len(a.object()["items"].([]any)) != 1 {
		t.Errorf("%s", a.raw)
	}
	if a := f.call(akkoord.RoleOwner, "POST", "/dkim-keys", `{"kind":"dsa"}`); a.status != http.StatusUnprocessableEntity || a.str("field") != "kind" {
		t.Errorf("no such kind: %d %s", a.status, a.raw)
	}
	for _, path := range []string{"/dkim-keys/x/sign", "/dkim-keys/0190b3b5-0000-7000-8000-000000000001/sign"} {
		if a := f.call(akkoord.RoleOwner, "POST", path, `{}`); a.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, a.status, a.raw)
		}
	}
	if a := f.call(akkoord.RoleManager, "GET", "/deliverability", ""); a.status != http.StatusOK {
		t.Errorf("a manager sees it: %d", a.status)
	}
	if a := f.call(akkoord.RoleManager, "POST", "/dkim-keys", `{"kind":"rsa"}`); a.status != http.StatusForbidden {
		t.Errorf("a manager makes a key: %d", a.status)
	}
	trail := strings.Join(f.trail(), "\n")
	for _, action := range []string{"create", "look", "sign", "retire"} {
		if !strings.Contains(trail, "dkim."+action+" dkim:"+made.str("id")) {
			t.Errorf("the audit trail has no line for %s:\n%s", action, trail)
		}
	}
}

// D.4: what came back of the mailings of late stands beside its limits.
func TestWhatCameBackLately(t *testing.T) {
	f := newFixture(t)
	if a := f.must("GET", "/deliverability", "").object(); len(a["came_back"].([]any)) != 0 || len(a["came_back_total"].([]any)) != len(akkoord.ReportLimits) {
		t.Errorf("before anything was mailed: %v", a)
	}
	id := f.catalogue()
	p := f.person("pim@voorbeeld.example", true)
	m := f.sent(id)
	f.call(akkoord.RoleMail, "POST", "/bounces?rcpt="+url.QueryEscape(f.paths.Of(m, p.ID)), dsn("failed", "5.1.1", "550 5.1.1 no such user"), "Content-Type: message/rfc822")
	a := f.must("GET", "/deliverability", "").object()
	row := a["came_back"].([]any)[0].(map[string]any)
	if hard := row["rates"].([]any)[1].(map[string]any); row["mailing"] != id || hard["of"] != "hard" || hard["count"] != 1.0 || hard["sent"] != 1.0 || hard["standing"] != "few" || hard["pause_at"] != 0.05 {
		t.Errorf("the mailing: %v", row)
	}
	if total := a["came_back_total"].([]any)[1].(map[string]any); total["count"] != 1.0 {
		t.Errorf("together: %v", total)
	}
}
