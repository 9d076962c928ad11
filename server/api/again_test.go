package api_test

import (
	"net/http"
	"testing"

	"akkoord"
)

// A program sends uncertain copies again when it names their number (P08).
func TestSendAgainP08(t *testing.T) {
	f := newFixture(t)
	id := f.catalogue()
	path := "/mailings/" + id + "/send-again"
	f.person("pim@voorbeeld.example", true)
	if a := f.call(akkoord.RoleManager, "POST", path, `{"uncertain":1}`); a.status != http.StatusConflict || a.str("code") != "state" {
		t.Errorf("a draft: %d %s", a.status, a.raw)
	}
	f.must("POST", "/mailings/"+id+"/send", "")
	w, err := f.store.Claim(t.Context())
	f.check(err)
	f.check(f.store.Mark(w, 0, f.clock()))
	f.store.Note(w, 0, akkoord.Result{State: akkoord.Uncertain, Code: "body", Attempts: 1, At: f.clock(), FirstAt: f.clock()})
	f.check(f.store.Release(t.Context(), w))
	for body, want := range map[string]int{``: http.StatusBadRequest, `{}`: http.StatusUnprocessableEntity, `{"uncertain":0}`: http.StatusUnprocessableEntity, `{"uncertain":-1}`: http.StatusUnprocessableEntity, `{"uncertain":"1"}`: http.StatusUnprocessableEntity} {
		if a := f.call(akkoord.RoleManager, "POST", path, body); a.status != want {
			t.Errorf("%s: %d %s", body, a.status, a.raw)
		}
	}
	if a := f.call(akkoord.RoleManager, "POST", path, `{"uncertain":2}`); a.status != http.StatusConflict || a.str("code") != "uncertain_changed" {
		t.Errorf("another number: %d %s", a.status, a.raw)
	}
	if a := f.call(akkoord.RoleEditor, "POST", path, `{"uncertain":1}`); a.status != http.StatusForbidden {
		t.Errorf("an editor: %d %s", a.status, a.raw)
	}
	a := f.call(akkoord.RoleManager, "POST", path, `{"uncertain":1}`)
	if o := a.object(); a.status != http.StatusOK || o["state"] != "sending" || o["deferred"] != 1.0 || o["uncertain"] != 0.0 {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if a := f.call(akkoord.RoleManager, "POST", path, `{"uncertain":1}`); a.status != http.StatusConflict || a.str("code") != "uncertain_none" {
		t.Errorf("a second press: %d %s", a.status, a.raw)
	}
}
