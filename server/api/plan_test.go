package api_test

import (
	"strings"
	"testing"

	"akkoord"
)

// D.6, M.13: a plan is stored as it was given, told again, and refused with the
// field where it makes no sense; the end comes with its reasons in words.
func TestPlansOfMailings(t *testing.T) {
	f := newFixture(t)
	path := "/mailings/" + f.catalogue()
	plan := `{"zone":"America/New_York","hours":{"from":"09:00","until":"09:01","days":["sun"]},"per_hour":2000,"per_day":5000,"missed":"skip"}`
	if a := f.call(akkoord.RoleEditor, "PATCH", path, `{"plan":`+plan+`}`); a.status != 200 || !strings.Contains(a.raw, `"plan":`+plan) || !strings.Contains(a.raw, `"eta":null`) {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	for field, bad := range map[string]string{
		"zone": `{"zone":"Atlantis"}`, "zone_attribute": `{"zone_attribute":"nothing"}`, "hours": `{"hours":{"from":"20:00","until":"09:00"}}`, "plan.per_hour": `{"per_hour":-1}`, "plan.missed": `{"missed":"perhaps"}`,
	} {
		if a := f.call(akkoord.RoleEditor, "PATCH", path, `{"plan":`+bad+`}`); a.status != 422 || !strings.Contains(a.raw, `"`+field+`"`) {
			t.Errorf("%s: %d %s", bad, a.status, a.raw)
		}
	}
	f.person("pim@voorbeeld.example", true)
	if a := f.call(akkoord.RoleManager, "POST", path+"/send", ""); a.status != 200 || !strings.Contains(a.raw, `outside the hours until Sunday`) {
		t.Errorf("%d %s", a.status, a.raw)
	}
}
