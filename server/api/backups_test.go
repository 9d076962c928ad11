package api_test

import (
	"os"
	"strings"
	"testing"

	"akkoord"
	"akkoord/store"
)

const drillBody = `{"at":"2026-11-24T08:00:00Z","copy_at":"2026-11-24T03:00:00Z","place":"the spare machine","steps":["fetched","restored","looked","left","deleted"],"minutes":42,"good":true}`

// P21, issue 7 point 3: restore drills are on record, by who put them there, and are
// never changed; what did not go well says why.
func TestRestoreDrillsAreOnRecord(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct {
		role        akkoord.Role
		body        string
		status      int
		field, code string
	}{
		{akkoord.RoleManager, drillBody, 403, "", "right_missing"},
		{akkoord.RoleDPO, strings.Replace(drillBody, "2026-11-24T08", "2027-11-24T08", 1), 422, "at", "drill_at"},
		{akkoord.RoleDPO, strings.Replace(drillBody, "42", "0", 1), 422, "minutes", "drill_minutes"},
		{akkoord.RoleDPO, strings.Replace(drillBody, "42", "9223372036854775807", 1), 422, "minutes", "drill_minutes"},
		{akkoord.RoleDPO, strings.Replace(drillBody, `"left",`, "", 1), 422, "steps", "drill_steps"},
		{akkoord.RoleDPO, strings.Replace(drillBody, `"left"`, `"danced"`, 1), 422, "steps", "value_invalid"},
		{akkoord.RoleDPO, strings.Replace(drillBody, `"good":true`, `"good":false`, 1), 422, "fault", "drill_fault_missing"},
		{akkoord.RoleDPO, strings.Replace(drillBody, `"good":true`, `"good":true,"fault":"the key"`, 1), 422, "fault", "drill_fault_extra"},
		{akkoord.RoleDPO, strings.Replace(drillBody, "spare machine", "machine of pim@voorbeeld.example", 1), 422, "place", "reason_personal"},
	} {
		if a := f.call(c.role, "POST", "/restore-drills", c.body); a.status != c.status || a.str("field") != c.field || a.str("code") != c.code {
			t.Errorf("%s: %d %s", c.body, a.status, a.raw)
		}
	}
	made := f.call(akkoord.RoleDPO, "POST", "/restore-drills", drillBody)
	if made.status != 201 || made.str("recorded_by") == "" || made.object()["good"] != true {
		t.Fatalf("made: %d %s", made.status, made.raw)
	}
	f.must("POST", "/restore-drills", strings.Replace(drillBody, `"good":true`, `"fault":"the key was the wrong one"`, 1))
	all := f.call(akkoord.RoleManager, "GET", "/restore-drills", "").object()["items"].([]any)
	if len(all) != 2 || all[0].(map[string]any)["good"] != false || all[1].(map[string]any)["id"] != made.str("id") {
		t.Errorf("listed: %v", all)
	}
	if a := f.call(akkoord.RoleManager, "GET", "/restore-drills/"+made.str("id"), ""); a.str("copy_at") != "2026-11-24T03:00:00.000000Z" || a.object()["minutes"] != 42.0 {
		t.Errorf("read: %s", a.raw)
	}
	for _, path := range []string{"/backups", "/restorations"} {
		if a := f.call(akkoord.RoleManager, "GET", path, ""); a.status != 200 || len(a.object()["items"].([]any)) != 0 {
			t.Errorf("%s: %d %s", path, a.status, a.raw)
		}
	}
	f.check(os.WriteFile(f.path+store.MarkSuffix, []byte("rubbish"), 0o600))
	if a := f.call(akkoord.RoleManager, "GET", "/backups", ""); a.status != 503 || a.str("code") != "backups_unread" {
		t.Errorf("what can't be read: %d %s", a.status, a.raw)
	}
}
