package api_test

import (
	"strings"
	"testing"

	"akkoord"
)

// M29: the record of processing as data and as a document, for those who may
// read it, made from what is configured at that moment.
func TestTheRecordOfProcessingIsMadeFromTheConfiguration(t *testing.T) {
	f := newFixture(t)
	names := func() string {
		var out []string
		for _, a := range f.must("GET", "/records-of-processing?lang=en", "").object()["activities"].([]any) {
			out = append(out, a.(map[string]any)["name"].(string))
		}
		return strings.Join(out, ", ")
	}
	if got := names(); strings.Contains(got, "Mailings") {
		t.Errorf("before there is a purpose: %s", got)
	}
	f.catalogue()
	if got := names(); !strings.Contains(got, "Mailings: Travel news") {
		t.Errorf("with a purpose: %s", got)
	}
	if a := f.must("GET", "/records-of-processing", ""); a.str("controller") != "Zonvaart Reizen B.V." || a.str("language") != "nl" || !strings.Contains(a.raw, "AKKOORD_DPO") {
		t.Errorf("in Dutch: %s", a.raw)
	}
	if a := f.must("GET", "/records-of-processing?format=pdf", ""); !strings.HasPrefix(a.raw, "%PDF-") {
		t.Errorf("as PDF: %.40q", a.raw)
	}
	for role, want := range map[akkoord.Role]int{akkoord.RoleDPO: 200, akkoord.RoleManager: 200, akkoord.RoleEditor: 403, akkoord.RoleMail: 403} {
		if a := f.call(role, "GET", "/records-of-processing", ""); a.status != want {
			t.Errorf("%s: %d", role, a.status)
		}
	}
	if a := f.call(akkoord.RoleOwner, "GET", "/records-of-processing?lang=xx", ""); a.status != 422 {
		t.Errorf("in a language that there is not: %d %s", a.status, a.raw)
	}
}
