package api_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// The figures of purposes and forms are read with the right to read the catalogue,
// for a period that makes sense.
func TestGrowth(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	f.person("pim@voorbeeld.example", true)
	f.person("wacht@voorbeeld.example", false)
	got := f.call(akkoord.RoleAnalyst, "GET", "/purposes/travel-news/growth?days=1", "")
	today := f.clock().UTC().Format("2006-01-02")
	want := map[string]any{"purpose": "travel-news", "active": 1.0, "days": []any{map[string]any{"day": today, "joined": 1.0, "gone": 0.0, "active": 1.0}}}
	if diff := cmp.Diff(want, got.object()); diff != "" {
		t.Error(diff)
	}
	home, err := f.store.Form(t.Context(), "home")
	f.check(err)
	f.check(f.store.AddShowings(t.Context(), []akkoord.FormShowing{{FormVersionID: home.Version.ID, Locale: "nl", Day: akkoord.DayOf(f.clock()), Shown: 3, Opened: 1}}))
	got = f.call(akkoord.RoleAnalyst, "GET", "/forms/home/figures", "")
	want = map[string]any{"form": "home", "languages": []any{map[string]any{"locale": "nl", "shown": 3.0, "asked": 0.0, "accepted": 0.0, "opened": 1.0, "confirmed": 0.0}}, "days": []any{map[string]any{"day": today, "locale": "nl", "shown": 3.0, "asked": 0.0, "accepted": 0.0, "opened": 1.0, "confirmed": 0.0}}}
	if diff := cmp.Diff(want, got.object()); diff != "" {
		t.Error(diff)
	}
	for path, status := range map[string]int{
		"/purposes/travel-news/growth?days=731": 422, "/forms/home/figures?days=-1": 422, "/forms/home/figures?days=x": 422, "/forms/none/figures": 404, "/purposes/none/growth": 404,
	} {
		if got := f.call(akkoord.RoleAnalyst, "GET", path, ""); got.status != status {
			t.Errorf("%s: %d %s", path, got.status, got.raw)
		}
	}
	if got := f.call(akkoord.RoleMail, "GET", "/forms/home/figures", ""); got.status != 403 {
		t.Errorf("the role mail: %d", got.status)
	}
}
