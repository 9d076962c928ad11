package api_test

import (
	"strings"
	"testing"
	"time"

	"akkoord"
)

// Contract, M19: POST /subscribers/{id}/erase erases for good and answers with
// a receipt that names nobody; asked again it answers the same.
func TestErasingAPerson(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	p := f.person("Pim@voorbeeld.example", true)
	path := "/subscribers/" + p.PublicID.String()
	erase := path + "/erase"
	for name, c := range map[string]struct {
		role       akkoord.Role
		path, body string
		status     int
		code       string
	}{
		"an analyst may not know of the person":  {akkoord.RoleAnalyst, erase, `{"reason":"asked for"}`, 404, "not_found"},
		"a manager may not erase":                {akkoord.RoleManager, erase, `{"reason":"asked for"}`, 403, "right_missing"},
		"a reason is needed":                     {akkoord.RoleDPO, erase, `{"reason":" "}`, 422, "reason_missing"},
		"a reason is needed, field and all":      {akkoord.RoleDPO, erase, `{}`, 422, "field_missing"},
		"the reason names nobody":                {akkoord.RoleDPO, erase, `{"reason":"mail of pim@voorbeeld.example"}`, 422, "reason_personal"},
		"nobody has this id":                     {akkoord.RoleDPO, "/subscribers/019ab000-0000-7000-8000-000000000000/erase", `{"reason":"asked for"}`, 404, "not_found"},
		"what is no id is nobody's":              {akkoord.RoleDPO, "/subscribers/1/erase", `{"reason":"asked for"}`, 404, "not_found"},
		"a field that is not known is a mistake": {akkoord.RoleDPO, erase, `{"reason":"asked for","force":true}`, 422, "field_unknown"},
	} {
		if a := f.call(c.role, "POST", c.path, c.body); a.status != c.status || a.str("code") != c.code {
			t.Errorf("%s: %d %s, want %d %s", name, a.status, a.raw, c.status, c.code)
		}
	}
	if a := f.call(akkoord.RoleDPO, "GET", path, ""); a.status != 200 {
		t.Fatalf("a refused erasure erased: %d", a.status)
	}

	first := f.call(akkoord.RoleDPO, "POST", erase, `{"reason":"asked for by phone"}`, "Idempotency-Key: erase-1")
	if first.status != 200 || first.object()["erased"] != true || first.str("at") == "" {
		t.Fatalf("erasing gave %d %s", first.status, first.raw)
	}
	receipt := first.str("receipt")
	if !strings.HasPrefix(receipt, "akkoord erasure receipt 1\n") || strings.Contains(strings.ToLower(receipt), "pim") || strings.Contains(receipt, p.PublicID.String()) {
		t.Errorf("the receipt is %q", receipt)
	}
	for name, again := range map[string]answer{
		"with its Idempotency-Key": f.call(akkoord.RoleDPO, "POST", erase, `{"reason":"asked for by phone"}`, "Idempotency-Key: erase-1"),
		"without":                  f.call(akkoord.RoleOwner, "POST", erase, `{"reason":"to be sure"}`),
	} {
		if again.status != 200 || again.str("receipt") != receipt || again.str("at") != first.str("at") {
			t.Errorf("asked again %s: %d %s", name, again.status, again.raw)
		}
	}
	for _, gone := range []string{path, path + "/events", path + "/export"} {
		if a := f.call(akkoord.RoleDPO, "GET", gone, ""); a.status != 404 {
			t.Errorf("GET %s gave %d", gone, a.status)
		}
	}
	if a := f.call(akkoord.RoleDPO, "GET", "/subscribers?email=pim@voorbeeld.example", ""); len(a.object()["items"].([]any)) != 0 {
		t.Errorf("the person is still found: %s", a.raw)
	}
	if a := f.call(akkoord.RoleDPO, "GET", "/audit?limit=200", ""); !strings.Contains(a.raw, `"subscriber.erase"`) || strings.Contains(strings.ToLower(a.raw), "pim@") {
		t.Errorf("the audit trail: %s", a.raw)
	}
}

// Issue 5, point 1: the gate answers for any past time from the ledger, and for
// nobody's address too; an erased person is unknown at every time. The table of
// a mailing says who is left out.
func TestTheGateOfThePastAndTheAudience(t *testing.T) {
	f := newFixture(t)
	id := f.catalogue()
	f.person("pim@voorbeeld.example", true)
	p := f.person("eva@voorbeeld.example", true)
	code := func(email, at string) string {
		t.Helper()
		a := f.call(akkoord.RoleDPO, "GET", "/gate?purpose=travel-news&email="+email+at, "")
		if a.status != 200 {
			t.Fatalf("%d %s", a.status, a.raw)
		}
		return a.str("code")
	}
	past, later := "&at=2020-01-01T00:00:00Z", "&at="+f.clock().UTC().Format(time.RFC3339Nano)
	for _, c := range [][3]string{
		{"eva@voorbeeld.example", "", ""}, {"eva@voorbeeld.example", later, ""}, {"eva@voorbeeld.example", past, "unknown"},
		{"nobody@voorbeeld.example", "", "unknown"}, {"nobody@voorbeeld.example", later, "unknown"},
	} {
		if got := code(c[0], c[1]); got != c[2] {
			t.Errorf("%s %s: %q, want %q", c[0], c[1], got, c[2])
		}
	}
	if a := f.call(akkoord.RoleAnalyst, "GET", "/mailings/"+id+"/audience", ""); a.status != 200 || a.raw != `{"total":2,"allowed":2,"left_out":[]}`+"\n" {
		t.Errorf("audience: %d %s", a.status, a.raw)
	}
	if a := f.call(akkoord.RoleDPO, "POST", "/subscribers/"+p.PublicID.String()+"/erase", `{"reason":"asked for"}`); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	ahead := "&at=" + f.clock().UTC().Add(time.Hour).Format(time.RFC3339)
	if a := f.call(akkoord.RoleDPO, "GET", "/gate?purpose=travel-news&email=eva@voorbeeld.example"+ahead, ""); a.status != 422 || a.str("code") != "time_future" || a.str("field") != "at" {
		t.Errorf("of a time that has not come: %d %s", a.status, a.raw)
	}
	if got := code("eva@voorbeeld.example", later); got != "unknown" {
		t.Errorf("of an erased person the gate of the past says %q", got)
	}
}
