package templates

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Where people fall off is told of the steps that not all came to; what came by other ways
// is no loss, and the step that lost the greatest part is marked.
func TestWherePeopleFallOff(t *testing.T) {
	for name, tt := range map[string]struct {
		of   LanguageGrowth
		want []Fall
	}{
		"nobody came":                 {LanguageGrowth{}, nil},
		"nobody left":                 {LanguageGrowth{Shown: 2, Asked: 2, Accepted: 2, Opened: 2, Confirmed: 2}, nil},
		"by other sites and machines": {LanguageGrowth{Shown: 3, Asked: 10, Accepted: 10, Opened: 12, Confirmed: 6}, []Fall{{Key: "confirmed", Lost: 6, Of: 12, Most: true}}},
		"the greatest part":           {LanguageGrowth{Shown: 1000, Asked: 900, Accepted: 800, Opened: 400, Confirmed: 300}, []Fall{{"asked", 100, 1000, false}, {"accepted", 100, 900, false}, {"opened", 400, 800, true}, {"confirmed", 100, 400, false}}},
	} {
		if diff := cmp.Diff(tt.want, tt.of.Falls()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if got := (Fall{Lost: 1, Of: 3}).Share(); got != 33 {
		t.Errorf("one of three is %d %%", got)
	}
}
