package api_test

import (
	"testing"

	"akkoord"
)

// M28, contract: the register of parties that data goes to.
func TestThePartiesThatDataGoesToAreOnRecord(t *testing.T) {
	f := newFixture(t)
	body := `{"slug":"post","name":"Post B.V.","role":"relay","country":"NL","agreement":{"signed_on":"2026-01-01","valid_until":"2026-12-31","document":"dossier 12"}}`
	made := f.must("POST", "/processors", body)
	if made.status != 201 || made.str("slug") != "post" || made.object()["allowed"] != true || made.object()["expiring"] != true {
		t.Errorf("made: %d %s", made.status, made.raw)
	}
	if a := f.call(akkoord.RoleOwner, "POST", "/processors", body); a.status != 409 || a.str("code") != "slug_taken" {
		t.Errorf("the same slug again: %d %s", a.status, a.raw)
	}
	renewed := f.must("PATCH", "/processors/post", `{"agreement":{"signed_on":"2026-01-01","valid_until":"2029-12-31"}}`)
	if renewed.object()["expiring"] != false || renewed.str("name") != "Post B.V." {
		t.Errorf("renewed: %s", renewed.raw)
	}
	ended := f.must("POST", "/processors/post/end", `{"reason":"other party"}`)
	if ended.object()["allowed"] != false || ended.object()["ended_at"] == nil {
		t.Errorf("ended: %s", ended.raw)
	}
	if items := f.must("GET", "/processors", "").object()["items"].([]any); len(items) != 1 {
		t.Errorf("the register holds %v", items)
	}
	for body, field := range map[string]string{
		`{"slug":"p","name":"","role":"relay"}`:                                               "name",
		`{"slug":"p","name":"P","role":"friend"}`:                                             "role",
		`{"slug":"p","name":"P","role":"relay","country":"Nederland"}`:                        "country",
		`{"slug":"p","name":"P","role":"relay","agreement":{"signed_on":"1 januari"}}`:        "agreement.signed_on",
		`{"slug":"p","name":"P","role":"relay","agreement":{"valid_until":"2027-01-01"}}`:     "agreement.signed_on",
		`{"slug":"own","name":"P","role":"relay","agreement":{"signed_on":"2026-01-01"}}`:     "slug",
		`{"slug":"p","name":"P","role":"relay","country":"NL","agreement":{"signed":"2026"}}`: "agreement.signed",
		`{"slug":"p","name":"P","role":"relay","agreement":{"signed_on":"2026-13-45"}}`:       "",
	} {
		if a := f.call(akkoord.RoleOwner, "POST", "/processors", body); a.status != 422 || a.str("field") != field {
			t.Errorf("%s: %d %s, want field %s", body, a.status, a.raw, field)
		}
	}
	for role, status := range map[akkoord.Role]int{akkoord.RoleDPO: 201, akkoord.RoleManager: 403, akkoord.RoleEditor: 403} {
		if a := f.call(role, "POST", "/processors", `{"slug":"b","name":"B","role":"hosting"}`); a.status != status {
			t.Errorf("a %s adds a party: %d", role, a.status)
		}
	}
}
