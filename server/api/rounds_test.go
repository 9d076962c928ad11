package api_test

import (
	"fmt"
	"strings"
	"testing"

	"akkoord"
)

// TestRePermission: wider words may be followed by a round, which counts first
// and asks then (M4).
func TestRePermission(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	f.person("lezer@voorbeeld.example", true)
	path := "/purposes/travel-news/re-permission"
	if got := f.call(akkoord.RoleManager, "POST", path, ""); got.status != 409 || got.str("code") != "nothing_wider" {
		t.Errorf("before the words are wider: %d %v", got.status, got.body)
	}
	f.must("PATCH", "/purposes/travel-news", `{"wording":{"nl":"Ja, mail mij ook over hotels.","en":"Yes, mail me about hotels too."},"change":"wider"}`)
	if got := f.call(akkoord.RoleManager, "POST", path+"?dry_run=true", `{"remind_after_days":7}`); got.status != 200 || !strings.Contains(fmt.Sprint(got.body), "allowed:1") || got.str("id") != "" {
		t.Errorf("the rehearsal: %d %v", got.status, got.body)
	}
	if got := f.call(akkoord.RoleManager, "POST", path, `{"remind_after_days":365}`); got.status != 422 || got.str("field") != "remind_after_days" {
		t.Errorf("a reminder next year: %d %v", got.status, got.body)
	}
	if got := f.must("GET", path, ""); len(got.object()["items"].([]any)) != 0 {
		t.Errorf("a rehearsal began a round: %v", got.body)
	}
	if got := f.call(akkoord.RoleManager, "POST", path, `{"remind_after_days":7}`); got.status != 201 || got.str("id") == "" || got.str("state") != "asking" {
		t.Errorf("the round: %d %v", got.status, got.body)
	}
	if got := f.call(akkoord.RoleManager, "POST", path, ""); got.status != 409 || got.str("code") != "round_open" {
		t.Errorf("another round: %d %v", got.status, got.body)
	}
	if got := f.must("POST", path+"/stop", ""); got.str("state") != "stopped" {
		t.Errorf("stopped: %v", got.body)
	}
	if got := f.must("GET", path, ""); len(got.object()["items"].([]any)) != 1 {
		t.Errorf("%v", got.body)
	}
	if got := f.call(akkoord.RoleManager, "GET", "/purposes/nothing/re-permission", ""); got.status != 404 {
		t.Errorf("of no purpose: %d", got.status)
	}
}
