package api_test

import (
	"strings"
	"testing"

	"akkoord"
)

// M17: a test says before it starts what it can find, and is refused where it
// makes no sense.
func TestTestsOfVariants(t *testing.T) {
	f := newFixture(t)
	path := "/mailings/" + f.catalogue()
	two := `"variants":[{"name":"a","subject":"Kort"},{"name":"b","subject":"Lang","sender":"Femke"}]`
	a := f.call(akkoord.RoleEditor, "PATCH", path, `{`+two+`,"ab":{"share":20}}`)
	if a.status != 200 || !strings.Contains(a.raw, `"ab":{"share":20,"measure":"clicks","wait_minutes":240,"expected_rate":0.03}`) || !strings.Contains(a.raw, `"per_variant":0,"detectable":1,"winner":null`) {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	for name, bad := range map[string]string{
		"no variants": `{"variants":[],"ab":{"share":20}}`, "no share": `{"ab":{"share":0}}`, "a wait that is none": `{"ab":{"share":20,"wait_minutes":1}}`,
		"a measure that is none": `{"ab":{"share":20,"measure":"opens"}}`, "a sender of two lines": `{"variants":[{"name":"a"},{"name":"b","sender":"x\r\ny"}]}`,
	} {
		if a := f.call(akkoord.RoleEditor, "PATCH", path, bad); a.status != 422 {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	if a := f.call(akkoord.RoleEditor, "PATCH", path, `{"ab":null}`); a.status != 200 || !strings.Contains(a.raw, `"ab":null`) {
		t.Errorf("%d %s", a.status, a.raw)
	}
}
