package api_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// M26, P27, P28: an owner's key keeps the users as the admin site does; the link is
// shown once, also to who asks twice; the last owner stays.
func TestUsers(t *testing.T) {
	f := newFixture(t)
	const body = `{"email":"femke@zonvaart.example","role":"owner","reason":"Runs the news."}`
	made := f.call(akkoord.RoleOwner, "POST", "/users", body, "Idempotency-Key: one")
	link := made.str("login_link")
	if made.status != 201 || !uuid.MatchString(made.str("id")) || !regexp.MustCompile(`^https://mail\.zonvaart\.example/admin/login/[A-Za-z0-9_-]{43}$`).MatchString(link) || made.header.Get("Akkoord-Once") != "login_link" {
		t.Fatalf("%d %s", made.status, made.raw)
	}
	again := f.call(akkoord.RoleOwner, "POST", "/users", body, "Idempotency-Key: one")
	if v, there := again.object()["login_link"]; again.status != 201 || again.str("id") != made.str("id") || v != nil || !there {
		t.Errorf("again: %d %s", again.status, again.raw)
	}
	for _, suffix := range []string{"", "-wal"} {
		if b, err := os.ReadFile(f.path + suffix); err == nil && strings.Contains(string(b), strings.TrimPrefix(link, "https://mail.zonvaart.example/admin/login/")) {
			t.Errorf("P32: the token of the link stands in the database%s", suffix)
		}
	}
	at := "/users/" + made.str("id")
	for _, tt := range []struct {
		method, path, body string
		status             int
		code, field        string
	}{
		{"POST", "/users", `{"email":"FEMKE@zonvaart.example","role":"editor","reason":"r"}`, 409, "email_taken", "email"},
		{"POST", "/users", `{"email":"bo","role":"editor","reason":"r"}`, 422, "email_missing_at", "email"},
		{"POST", "/users", `{"email":"bo@zonvaart.example","role":"editor","reason":""}`, 422, "reason_missing", "reason"},
		{"PATCH", at, `{"role":"editor","reason":"less"}`, 409, "last_owner", ""},
		{"POST", at + "/end", `{"reason":"gone"}`, 409, "last_owner", ""},
		{"POST", at + "/end", `{"reason":""}`, 422, "reason_missing", "reason"},
		{"GET", "/users/01890000-0000-7000-8000-000000000000", "", 404, "not_found", ""},
		{"POST", "/users/17/end", `{"reason":"gone"}`, 404, "", ""},
	} {
		if a := f.call(akkoord.RoleOwner, tt.method, tt.path, tt.body); a.status != tt.status || tt.code != "" && a.str("code") != tt.code || a.str("field") != tt.field {
			t.Errorf("%s %s %s: %d %s", tt.method, tt.path, tt.body, a.status, a.raw)
		}
	}
	for _, role := range []string{"mail", "king"} {
		if a := f.call(akkoord.RoleOwner, "POST", "/users", `{"email":"bo@zonvaart.example","role":"`+role+`","reason":"r"}`); a.status != 422 || !strings.Contains(a.raw, "role") {
			t.Errorf("role %s: %d %s", role, a.status, a.raw)
		}
	}
	other := f.must("POST", "/users", `{"email":"eva@zonvaart.example","role":"owner","reason":"Too."}`)
	if a := f.must("PATCH", at, `{"role":"editor","reason":"less"}`); a.str("role") != "editor" || a.str("reason") != "less" {
		t.Errorf("%s", a.raw)
	}
	if a := f.must("GET", at, ""); a.str("email") != "femke@zonvaart.example" || a.object()["has_password"] != false {
		t.Errorf("%s", a.raw)
	}
	if a := f.must("POST", at+"/login-link", ""); a.status != 201 || a.str("login_link") == "" || a.str("login_link") == link {
		t.Errorf("%d %s", a.status, a.raw)
	}
	f.must("POST", at+"/end-sessions", "")
	f.must("POST", at+"/forget-second-factor", "")
	if a := f.must("POST", at+"/end", `{"reason":"gone"}`); a.str("ended_at") == "" {
		t.Errorf("%s", a.raw)
	}
	if a := f.call(akkoord.RoleOwner, "POST", at+"/login-link", ""); a.status != 409 || a.str("code") != "user_ended" {
		t.Errorf("a link for who has no access: %d %s", a.status, a.raw)
	}
	if items := f.must("GET", "/users?limit=1", "").object(); len(items["items"].([]any)) != 1 || items["next_cursor"] == nil {
		t.Errorf("%v", items)
	}
	if a := f.call(akkoord.RoleDPO, "GET", "/users/"+other.str("id"), ""); a.status != 403 {
		t.Errorf("an officer: %d", a.status)
	}
}

// M26, P32: keys are made for a time and some purposes, shown once, known by when
// they were used, and ended at once.
func TestAPIKeys(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	f.person(canaryAddress, true)
	const body = `{"name":"crm","role":"manager","reason":"Copies customers.","purposes":["travel-news"],"expires_at":"2026-11-24T12:00:00Z"}`
	made := f.call(akkoord.RoleOwner, "POST", "/api-keys", body, "Idempotency-Key: one")
	secret := made.str("key")
	if made.status != 201 || !regexp.MustCompile(`^akk_[a-z2-7]{52}$`).MatchString(secret) || made.str("expires_at") != "2026-11-24T12:00:00.000000Z" || made.object()["used_at"] != nil {
		t.Fatalf("%d %s", made.status, made.raw)
	}
	if again := f.call(akkoord.RoleOwner, "POST", "/api-keys", body, "Idempotency-Key: one"); again.str("id") != made.str("id") || again.object()["key"] != nil {
		t.Errorf("again: %s", again.raw)
	}
	by := func(method, path string) answer {
		return f.send(method, path, strings.NewReader(""), "Authorization: Bearer "+secret)
	}
	if a := by("GET", "/subscribers?email="+canaryAddress); a.status != 200 || len(a.object()["items"].([]any)) != 1 {
		t.Errorf("the key sees: %d %s", a.status, a.raw)
	}
	mine := func() map[string]any {
		t.Helper()
		for _, item := range f.must("GET", "/api-keys", "").object()["items"].([]any) {
			if o := item.(map[string]any); o["id"] == made.str("id") {
				return o
			}
		}
		t.Fatal("the key is not listed")
		return nil
	}
	if o := mine(); o["used_at"] == nil || len(o["purposes"].([]any)) != 1 || o["key"] != nil || o["ended_at"] != nil {
		t.Errorf("%v", o)
	}
	before := mine()["used_at"]
	f.advance(30 * time.Second)
	by("GET", "/purposes")
	if mine()["used_at"] != before {
		t.Error("each use is written")
	}
	f.advance(time.Minute)
	by("GET", "/purposes")
	if mine()["used_at"] == before {
		t.Error("a later use is not seen")
	}
	f.advance(3 * time.Hour)
	if a := by("GET", "/purposes"); a.status != 401 {
		t.Errorf("an expired key: %d", a.status)
	}
	second := f.must("POST", "/api-keys", `{"name":"shop","role":"mail","reason":"Sends orders."}`)
	secret = second.str("key")
	if ended := f.must("POST", "/api-keys/"+second.str("id")+"/end", ""); ended.str("ended_at") == "" {
		t.Errorf("%s", ended.raw)
	}
	if a := by("GET", "/purposes"); a.status != 401 {
		t.Errorf("an ended key: %d", a.status)
	}
	for body, field := range map[string]string{
		`{"name":"","role":"mail","reason":"r"}`:                                                "name",
		`{"name":"n","role":"mail","reason":""}`:                                                "reason",
		`{"name":"n","role":"manager","reason":"r","purposes":["none"]}`:                        "purposes",
		`{"name":"n","role":"manager","reason":"r","expires_at":"2020-01-01T00:00:00.000000Z"}`: "expires_at",
	} {
		if a := f.call(akkoord.RoleOwner, "POST", "/api-keys", body); a.status != 422 || a.str("field") != field {
			t.Errorf("%s: %d %s", body, a.status, a.raw)
		}
	}
	if a := f.call(akkoord.RoleManager, "POST", "/api-keys", `{"name":"n","role":"mail","reason":"r"}`); a.status != 403 {
		t.Errorf("a manager: %d", a.status)
	}
}
