package api_test

import (
	"net/http"
	"strings"
	"testing"

	"akkoord"
)

// Issue 7.5: what the set-up asks of the organisation the API takes too, all of it at
// once, and says what the settings have the last word about.
func TestOrganisation(t *testing.T) {
	f := newFixture(t)
	if a := f.call(akkoord.RoleAnalyst, "GET", "/organisation", ""); a.status != http.StatusOK || a.str("controller") != "" {
		t.Errorf("nothing is set: %d %s", a.status, a.raw)
	}
	for name, c := range map[string]struct{ body, field string }{
		"no name":   {`{"controller":" ","postal_address":"Oudegracht 118, Utrecht","contact":"privacy@zonvaart.example"}`, "controller"},
		"no field":  {`{"controller":"Zonvaart"}`, "field_missing"},
		"two lines": {`{"controller":"Zonvaart","postal_address":"Oudegracht 118\nUtrecht","contact":"privacy@zonvaart.example"}`, "postal_address"},
	} {
		if a := f.call(akkoord.RoleOwner, "PUT", "/organisation", c.body); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.raw, c.field) {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	body := `{"controller":" Zonvaart Reizen B.V. ","postal_address":"Oudegracht 118, Utrecht","contact":"privacy@zonvaart.example"}`
	if a := f.call(akkoord.RoleManager, "PUT", "/organisation", body); a.status != http.StatusForbidden {
		t.Errorf("a manager: %d %s", a.status, a.raw)
	}
	f.must("PUT", "/organisation", body)
	if a := f.call(akkoord.RoleAnalyst, "GET", "/organisation", ""); a.str("controller") != "Zonvaart Reizen B.V." || len(a.object()["from_settings"].([]any)) != 0 {
		t.Errorf("set: %s", a.raw)
	}
}

// P25: the whole ledger is checked by API as on the page, and the check is on record.
func TestTheLedgerIsVerifiedByAPI(t *testing.T) {
	f := newFixture(t)
	a := f.call(akkoord.RoleDPO, "POST", "/ledger/verify", "")
	if a.status != http.StatusOK || a.object()["verified"] != true || a.str("problem") != "" {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if kept := f.call(akkoord.RoleDPO, "GET", "/ledger/checks", ""); len(kept.object()["items"].([]any)) != 1 {
		t.Errorf("kept: %s", kept.raw)
	}
	if read := f.call(akkoord.RoleDPO, "GET", "/ledger/checks/"+a.str("id"), ""); read.str("state") != "verified" || read.object()["eta_seconds"] != nil {
		t.Errorf("read: %s", read.raw)
	}
	if trail := f.call(akkoord.RoleDPO, "GET", "/audit", ""); !strings.Contains(trail.raw, `"note":"verifies"`) {
		t.Errorf("the trail: %s", trail.raw)
	}
	if a := f.call(akkoord.RoleEditor, "POST", "/ledger/verify", ""); a.status != http.StatusForbidden {
		t.Errorf("an editor: %d", a.status)
	}
}
