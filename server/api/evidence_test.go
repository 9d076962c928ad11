package api_test

import (
	"net/http"
	"strings"
	"testing"

	"akkoord"
)

// M30, P28: the proof of one person, for whoever may read people; it verifies
// without the server, and taking it leaves a line in the audit trail.
func TestM30Evidence(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	f.person("noor@voorbeeld.example", true)
	person := f.person("pim@voorbeeld.example", true)
	path := "/subscribers/" + person.PublicID.String() + "/evidence"
	before := f.trail()
	a := f.must("GET", path, "")
	want := map[string]string{
		"Content-Type": "application/zip", "Cache-Control": "no-store",
		"Content-Disposition": `attachment; filename="evidence-` + person.PublicID.String() + `.zip"`,
	}
	for name, value := range want {
		if got := a.header.Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	checks := 0
	if err := akkoord.VerifyBundle(strings.NewReader(a.raw), int64(len(a.raw)), "", func(string) { checks++ }); err != nil || checks == 0 {
		t.Errorf("after %d checks: %v", checks, err)
	}
	if after := f.trail(); len(after) != len(before)+1 || !strings.HasSuffix(after[len(before)], " subscriber.evidence subscriber:"+person.PublicID.String()) {
		t.Errorf("the audit trail got %q", after[len(before):])
	}
	for _, role := range akkoord.Roles {
		status := http.StatusNotFound
		if role.May(akkoord.ReadPeople) {
			status = http.StatusOK
		}
		if a := f.call(role, "GET", path, ""); a.status != status {
			t.Errorf("%s got %d, want %d", role, a.status, status)
		}
	}
	for _, id := range []string{"nobody", "01890000-0000-7000-8000-000000000000"} {
		if a := f.call(akkoord.RoleOwner, "GET", "/subscribers/"+id+"/evidence", ""); a.status != http.StatusNotFound || a.str("code") != "not_found" {
			t.Errorf("%s: %d %s", id, a.status, a.raw)
		}
	}
}
