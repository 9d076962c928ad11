package api_test

import (
	"testing"

	"akkoord"
)

// M18: a purpose's policy is set and stopped by the API, by those who may.
func TestThePolicyOfAPurposeM18(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	for name, c := range map[string]struct {
		body, field, code string
	}{
		"no days":        {`{"expire_after_days":0}`, "expire_after_days", "number_range"},
		"too many":       {`{"reactivate_again_after_days":29}`, "reactivate_again_after_days", "number_range"},
		"no signal":      {`{"signals":[]}`, "signals", "signal_missing"},
		"strange signal": {`{"signals":["open"]}`, "", "value_invalid"},
		"one twice":      {`{"signals":["click","click"]}`, "signals", "signal_unknown"},
	} {
		a := f.call(akkoord.RoleOwner, "PATCH", "/purposes/travel-news", c.body)
		if a.status != 422 || a.str("code") != c.code || c.field != "" && a.str("field") != c.field {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	a := f.call(akkoord.RoleOwner, "PATCH", "/purposes/travel-news", `{"reactivate_again_after_days":7,"signals":["confirmation_age"]}`)
	if p := a.object(); a.status != 200 || p["reactivate_again_after_days"] != 7.0 || p["expire_after_days"] != 14.0 || p["version"] != 1.0 {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if a := f.call(akkoord.RoleAnalyst, "POST", "/purposes/travel-news/retention/stop", ""); a.status != 403 {
		t.Errorf("an analyst stops it: %d", a.status)
	}
	for range 2 {
		if a := f.call(akkoord.RoleManager, "POST", "/purposes/travel-news/retention/stop", ""); a.status != 200 || a.object()["retention_stopped_at"] == nil {
			t.Errorf("%d %s", a.status, a.raw)
		}
	}
	if a := f.call(akkoord.RoleManager, "POST", "/purposes/travel-news/retention/start", ""); a.status != 200 || a.object()["retention_stopped_at"] != nil {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if a := f.call(akkoord.RoleManager, "POST", "/purposes/other/retention/stop", ""); a.status != 404 {
		t.Errorf("%d %s", a.status, a.raw)
	}
	f.person("stil@voorbeeld.example", true)
	if a := f.call(akkoord.RoleAnalyst, "GET", "/purposes/travel-news/retention", ""); a.status != 200 || a.object()["days"] == nil {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if a := f.call(akkoord.RoleManager, "GET", "/purposes/travel-news/retention/people?day=2026-11-27", ""); a.status != 200 || a.object()["items"] == nil {
		t.Errorf("%d %s", a.status, a.raw)
	}
	for path, status := range map[string]int{
		"/purposes/other/retention": 404, "/purposes/travel-news/retention/people": 422, "/purposes/travel-news/retention/people?day=friday": 422,
	} {
		if a := f.call(akkoord.RoleManager, "GET", path, ""); a.status != status {
			t.Errorf("%s: %d %s", path, a.status, a.raw)
		}
	}
	if a := f.call(akkoord.RoleEditor, "GET", "/purposes/travel-news/retention/people?day=2026-11-27", ""); a.status != 403 {
		t.Errorf("an editor sees people: %d", a.status)
	}
}
