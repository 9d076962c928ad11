package api_test

import (
	"testing"

	"akkoord"
)

// M13: staff who were asked to may end a purpose or everything, with a reason;
// nothing of a refused order is stored.
func TestWithdrawingForAPerson(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	p := f.person("pim@voorbeeld.example", true)
	path := "/subscribers/" + p.PublicID.String() + "/withdraw"
	for name, c := range map[string]struct {
		role   akkoord.Role
		body   string
		status int
		code   string
	}{
		"an editor may not know of the person": {akkoord.RoleEditor, `{"all":true,"reason":"asked for"}`, 404, "not_found"},
		"a reason is needed":                   {akkoord.RoleDPO, `{"all":true,"reason":" "}`, 422, "reason_missing"},
		"the reason names nobody":              {akkoord.RoleDPO, `{"all":true,"reason":"for pim"}`, 422, "reason_personal"},
		"it says what ends":                    {akkoord.RoleDPO, `{"reason":"asked for"}`, 422, "field_missing"},
		"a purpose that is not there":          {akkoord.RoleDPO, `{"purpose":"other","reason":"asked for"}`, 422, "purpose_unknown"},
	} {
		if a := f.call(c.role, "POST", path, c.body); a.status != c.status || a.str("code") != c.code {
			t.Errorf("%s: %d %s, want %d %s", name, a.status, a.raw, c.status, c.code)
		}
	}
	for range 2 {
		a := f.call(akkoord.RoleManager, "POST", path, `{"all":true,"reason":"asked for by phone"}`)
		if s, _ := a.object()["suppressions"].([]any); a.status != 200 || len(s) != 1 || s[0] != "unsubscribed" {
			t.Errorf("%d %s", a.status, a.raw)
		}
	}
	events, err := f.store.EventsOf(t.Context(), p.PublicID)
	f.check(err)
	if last := events[len(events)-1]; last.Kind != akkoord.Withdrew || last.Evidence.ToldIn != "UTC" {
		t.Errorf("M12: %+v", last)
	}
}
