package api_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// ringKeys are signing keys that no file holds.
type ringKeys struct{ ring *akkoord.Keyring }

func (k ringKeys) Rotate(revoke string) ([]akkoord.SigningKey, error) {
	if revoke != "" {
		if err := k.ring.Revoke(revoke); err != nil {
			return nil, err
		}
	}
	err := k.ring.Rotate(time.Date(2026, time.November, 24, 9, 30, 0, 0, time.UTC), rand.Reader)
	return k.ring.Keys(), err
}

// P26: an owner makes a new signing key for a reason, and ends one by naming it
// twice; each time the audit trail says which.
func TestSigningKeysAreRotated(t *testing.T) {
	f := newFixture(t)
	for name, tt := range map[string]struct{ body, code, field string }{
		"a reason is needed":             {`{"reason":" "}`, "reason_missing", "reason"},
		"it says which key, once more":   {`{"reason":"leaked","revoke":"abc"}`, "confirm_differs", "confirm"},
		"and the same":                   {`{"reason":"leaked","revoke":"abc","confirm":"abd"}`, "confirm_differs", "confirm"},
		"nothing is confirmed by itself": {`{"reason":"leaked","confirm":"abc"}`, "confirm_differs", "confirm"},
		"a key that is there":            {`{"reason":"leaked","revoke":"abc","confirm":"abc"}`, "key_unknown", "revoke"},
	} {
		if a := f.call(akkoord.RoleOwner, "POST", "/keys/rotate", tt.body); a.status != 422 || a.str("code") != tt.code || !strings.Contains(a.raw, `"`+tt.field+`"`) {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	ids := func(a answer) (out []string) {
		all, _ := a.object()["keys"].([]any)
		for _, k := range all {
			out = append(out, k.(map[string]any)["id"].(string))
		}
		return out
	}
	first := f.call(akkoord.RoleOwner, "POST", "/keys/rotate", `{"reason":"once a year"}`)
	keys := ids(first)
	if first.status != 200 || len(keys) != 2 {
		t.Fatalf("%d %s", first.status, first.raw)
	}
	second := f.call(akkoord.RoleOwner, "POST", "/keys/rotate", `{"reason":"leaked","revoke":"`+keys[0]+`","confirm":"`+keys[0]+`"}`)
	if left := ids(second); second.status != 200 || len(left) != 2 || left[0] != keys[1] || second.str("revoked") != keys[0] {
		t.Errorf("%d %s", second.status, second.raw)
	}
	trail := strings.Join(f.trail(), "\n")
	if strings.Count(trail, "keys.rotate keys") != 2 {
		t.Errorf("M27: %s", trail)
	}
}
