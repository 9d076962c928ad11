package api_test

import (
	"strings"
	"testing"

	"akkoord"
)

// M27: the trail can be searched and taken away by those with the right, and
// each look leaves a line of its own.
func TestTheAuditTrailIsSearchedAndEachLookIsOnRecord(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	p := f.person("anouk@voorbeeld.example", true)
	f.must("GET", "/subscribers/"+p.PublicID.String(), "")
	f.call(akkoord.RoleDPO, "GET", "/subscribers/"+p.PublicID.String(), "")
	dpo := "key:" + f.ids[akkoord.RoleDPO].PublicID.String()
	for query, want := range map[string]int{
		"subject=subscriber:" + p.PublicID.String():                   2,
		"subject=subscriber:" + p.PublicID.String() + "&actor=" + dpo: 1,
		"actor=" + dpo:           1,
		"kind=subscriber":        2,
		"kind=subscriber.export": 0,
		"kind=purpose.create&from=2026-01-01T00:00:00Z":  1,
		"kind=purpose.create&to=2026-01-01T00:00:00Z":    0,
		"actor=key:0190b3b5-0000-7000-8000-000000000000": 0,
	} {
		if items := f.must("GET", "/audit?"+query, "").object()["items"].([]any); len(items) != want {
			t.Errorf("%s: %d lines, want %d", query, len(items), want)
		}
	}
	looks := f.must("GET", "/audit?kind=audit.read", "").object()["items"].([]any)
	if len(looks) < 8 || !strings.Contains(looks[len(looks)-1].(map[string]any)["note"].(string), "kind=audit.read") {
		t.Errorf("the looks on record are %v", looks)
	}
	csv := f.must("GET", "/audit/export?format=csv&kind=purpose", "")
	if lines := strings.Split(strings.TrimSpace(csv.raw), "\n"); len(lines) != 2 || lines[0] != "seq,at,actor,action,object,note" {
		t.Errorf("as CSV: %s", csv.raw)
	}
	if all, ok := f.must("GET", "/audit/export", "").body.([]any); !ok || len(all) < 10 {
		t.Errorf("as JSON: %v", all)
	}
	for _, query := range []string{"actor=anouk@voorbeeld.example", "subject=x%20y", "kind=%27", "from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z"} {
		if a := f.call(akkoord.RoleOwner, "GET", "/audit?"+query, ""); a.status != 422 {
			t.Errorf("%s: %d", query, a.status)
		}
	}
	for _, path := range []string{"/audit", "/audit/export"} {
		if a := f.call(akkoord.RoleManager, "GET", path, ""); a.status != 403 {
			t.Errorf("a manager reads %s: %d", path, a.status)
		}
	}
	if _, err := f.store.VerifyLedger(t.Context(), nil); err != nil {
		t.Error(err)
	}
}
