package api_test

import (
	"strings"
	"testing"

	"akkoord"
)

// M20: a person's pause, and whether their clicks may be counted, are in the API
// and in the export.
func TestPauseAndTrackingAreShown(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	p := f.person("pim@voorbeeld.example", true)
	path := "/subscribers/" + p.PublicID.String()
	if a := f.must("GET", path, ""); !strings.Contains(a.raw, `"paused_until":null`) || !strings.Contains(a.raw, `"tracked_since":null`) {
		t.Errorf("before: %s", a.raw)
	}
	o := akkoord.Origin{Source: "preferences", Actor: akkoord.ActorPerson}
	f.check(f.store.Pause(t.Context(), p.PublicID, 3, o))
	st, err := f.store.Standing(t.Context(), p.PublicID)
	f.check(err)
	f.check(f.store.Track(t.Context(), p.PublicID, st.Subscriptions[0].PurposeID, true, o))
	for _, at := range []string{path, path + "/export"} {
		if a := f.must("GET", at, ""); !strings.Contains(strings.ReplaceAll(a.raw, " ", ""), `"paused_until":"2027-02-24T`) || !strings.Contains(strings.ReplaceAll(a.raw, " ", ""), `"tracked_since":"2026-11-24T`) {
			t.Errorf("%s: %s", at, a.raw)
		}
	}
}
