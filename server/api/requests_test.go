package api_test

import (
	"strings"
	"testing"

	"akkoord"
)

// Issue 5, point 10: the request desk, with the clock of Art. 12(3) GDPR.
func TestTheRequestDesk(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	p := f.person("pim@voorbeeld.example", true)
	made := f.must("POST", "/requests", `{"kind":"access","channel":"phone","email":"PIM@voorbeeld.example","note":"called","received_at":"2026-10-31T10:00:00Z"}`)
	if made.status != 201 || made.str("subscriber") != p.PublicID.String() || made.str("due_on") != "2026-11-30" || made.object()["overdue"] != false || made.str("state") != "open" {
		t.Fatalf("entered: %d %s", made.status, made.raw)
	}
	at := "/requests/" + made.str("id")
	for name, c := range map[string]struct {
		role         akkoord.Role
		method, path string
		body         string
		status       int
		code         string
	}{
		"a kind that there is not":  {akkoord.RoleDPO, "POST", "/requests", `{"kind":"money","note":"n"}`, 422, "request_kind"},
		"nobody asks":               {akkoord.RoleDPO, "POST", "/requests", `{"kind":"access"}`, 422, "field_missing"},
		"an address that is none":   {akkoord.RoleDPO, "POST", "/requests", `{"kind":"access","email":"pim"}`, 422, ""},
		"a person who is not there": {akkoord.RoleDPO, "POST", "/requests", `{"kind":"access","subscriber":"019ab000-0000-7000-8000-000000000000"}`, 422, "subscriber_unknown"},
		"an editor sees no desk":    {akkoord.RoleEditor, "GET", "/requests", ``, 403, "right_missing"},
		"an editor sees no request": {akkoord.RoleEditor, "GET", at, ``, 404, "not_found"},
		"four more months":          {akkoord.RoleDPO, "POST", at + "/extend", `{"months":4,"reason":"busy"}`, 422, "value_invalid"},
		"more time without reason":  {akkoord.RoleDPO, "POST", at + "/extend", `{"months":2,"reason":""}`, 422, "reason_missing"},
		"refused without reason":    {akkoord.RoleDPO, "POST", at + "/refuse", `{"reason":""}`, 422, "reason_missing"},
		"a request that is not":     {akkoord.RoleDPO, "POST", "/requests/019ab000-0000-7000-8000-000000000000/done", ``, 404, "not_found"},
	} {
		a := f.call(c.role, c.method, c.path, c.body)
		if a.status != c.status || c.code != "" && a.str("code") != c.code {
			t.Errorf("%s: %d %s, want %d %s", name, a.status, a.raw, c.status, c.code)
		}
	}
	if a := f.call(akkoord.RoleManager, "POST", at+"/take", ""); a.str("handler") != "key:"+f.ids[akkoord.RoleManager].PublicID.String() {
		t.Errorf("taken: %s", a.raw)
	}
	if a := f.must("PATCH", at, `{"note":"called twice"}`); a.str("note") != "called twice" {
		t.Errorf("the note: %s", a.raw)
	}
	if a := f.must("POST", at+"/extend", `{"months":2,"reason":"three systems to search"}`); a.str("due_on") != "2027-01-31" || a.object()["due_on_weekend"] != true {
		t.Errorf("extended: %s", a.raw)
	}
	if a := f.must("POST", at+"/done", ""); a.str("state") != "done" {
		t.Errorf("done: %s", a.raw)
	}
	if a := f.call(akkoord.RoleDPO, "POST", at+"/refuse", `{"reason":"no"}`); a.status != 409 || a.str("code") != "request_closed" {
		t.Errorf("refused when done: %d %s", a.status, a.raw)
	}
	for state, n := range map[string]int{"": 1, "?state=open": 0, "?state=done": 1} {
		if a := f.must("GET", "/requests"+state, ""); len(a.object()["items"].([]any)) != n {
			t.Errorf("GET /requests%s: %s", state, a.raw)
		}
	}
	trail := f.must("GET", "/audit?kind=request", "").raw
	for _, action := range []string{"create", "list", "take", "extend", "done", "change"} {
		if !strings.Contains(trail, `"request.`+action+`"`) {
			t.Errorf("the audit trail lacks %s: %s", action, trail)
		}
	}
	if strings.Contains(trail, "pim@") || strings.Contains(trail, "called") {
		t.Errorf("the audit trail names somebody: %s", trail)
	}
}

// Art. 18 GDPR: nothing is sent, nothing is deleted, and the person is told
// before it ends.
func TestRestrictingAPerson(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	p := f.person("pim@voorbeeld.example", true)
	at := "/subscribers/" + p.PublicID.String()
	if a := f.call(akkoord.RoleAnalyst, "POST", at+"/restrict", `{"reason":"asked"}`); a.status != 404 {
		t.Errorf("an analyst: %d", a.status)
	}
	if a := f.call(akkoord.RoleDPO, "POST", at+"/restrict", `{"reason":"says it is not theirs"}`); a.status != 200 || !strings.Contains(a.raw, `"restricted"`) {
		t.Errorf("restricted: %d %s", a.status, a.raw)
	}
	const gate = "/gate?email=pim@voorbeeld.example&purpose=travel-news"
	if a := f.must("GET", gate, ""); a.str("code") != "restricted" {
		t.Errorf("the gate: %s", a.raw)
	}
	then := f.clock().UTC().Format("2006-01-02T15:04:05.000000Z")
	for body, code := range map[string]string{`{"reason":"settled"}`: "field_missing", `{"reason":"settled","told_on":"2099-01-01"}`: "told_missing", `{"reason":"","told_on":"2026-11-24"}`: "reason_missing"} {
		if a := f.call(akkoord.RoleDPO, "POST", at+"/unrestrict", body); a.status != 422 || a.str("code") != code {
			t.Errorf("%s: %d %s", body, a.status, a.raw)
		}
	}
	f.must("POST", at+"/unrestrict", `{"reason":"settled","told_on":"2026-11-24"}`)
	if a := f.must("GET", gate, ""); a.object()["allowed"] != true {
		t.Errorf("the gate afterwards: %s", a.raw)
	}
	if a := f.must("GET", gate+"&at="+then, ""); a.str("code") != "restricted" {
		t.Errorf("the gate of then: %s", a.raw)
	}
}

// M19: each party gets a task that leads it, and nobody else, to the person.
func TestProcessorsAreToldAndTickedOff(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	f.must("POST", "/processors", `{"slug":"post","name":"Post B.V.","role":"relay"}`)
	p := f.person("pim@voorbeeld.example", true)
	f.must("POST", "/subscribers/"+p.PublicID.String()+"/erase", `{"reason":"asked for"}`)
	items := f.must("GET", "/processor-notices?waiting=true", "").object()["items"].([]any)
	if len(items) != 1 {
		t.Fatalf("tasks: %v", items)
	}
	task := items[0].(map[string]any)
	if task["processor"] != "post" || task["kind"] != "erasure" || task["due_on"] != "2026-12-08" || len(task["reference"].(string)) != 64 {
		t.Errorf("the task: %v", task)
	}
	if a := f.must("GET", "/processors/post/notice-key", ""); len(a.str("key")) != 44 {
		t.Errorf("the key: %s", a.raw)
	}
	if a := f.call(akkoord.RoleManager, "GET", "/processors/post/notice-key", ""); a.status != 403 {
		t.Errorf("a manager gets the key: %d", a.status)
	}
	at := "/processor-notices/" + task["id"].(string) + "/done"
	if a := f.call(akkoord.RoleDPO, "POST", at, `{"note":"told pim@voorbeeld.example"}`); a.status != 422 || a.str("field") != "note" {
		t.Errorf("a note with an address: %d %s", a.status, a.raw)
	}
	if a := f.call(akkoord.RoleDPO, "POST", at, `{"note":"their form, case 17"}`); a.object()["reference"] != nil || a.str("done_by") != "key:"+f.ids[akkoord.RoleDPO].PublicID.String() {
		t.Errorf("ticked off: %d %s", a.status, a.raw)
	}
	if a := f.must("GET", "/processor-notices?waiting=true", ""); len(a.object()["items"].([]any)) != 0 {
		t.Errorf("still waiting: %s", a.raw)
	}
}
