package api_test

import (
	"fmt"
	"strings"
	"testing"

	"akkoord"
)

// TestRules makes attributes and a rule, sets an attribute, and reads what the
// rule did (M7, M8).
func TestRules(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	f.must("POST", "/purposes", `{"slug":"club","name":{"en":"Club"},"explanation":{"en":"News of the club."},"wording":{"en":"Mail me."}}`)
	p := f.person("klant@voorbeeld.example", true)
	path := "/subscribers/" + p.PublicID.String()
	for slug, kind := range map[string]string{"customer": "flag", "bought-on": "date", "invoice": "text", "spent": "number"} {
		f.must("POST", "/attributes", fmt.Sprintf(`{"slug":%q,"type":%q,"purpose":"club"}`, slug, kind))
	}
	for body, code := range map[string]string{
		`{"slug":"customer","type":"flag","purpose":"club"}`: "slug_taken", `{"slug":"x","type":"flag","purpose":"nothing"}`: "purpose_unknown",
	} {
		if got := f.call(akkoord.RoleOwner, "POST", "/attributes", body); got.status < 400 || got.str("code") != code {
			t.Errorf("%s: %d %s", body, got.status, got.raw)
		}
	}
	rule := `{"slug":"customers","when":{"attribute":"customer","equals":"true"},"reason":"They bought skis.",
		"then":{"do":"set_basis","purpose":"%s","basis":"existing_customer","sold_on":"bought-on","sale":"invoice","similar":true,"refusal_offered":true}}`
	if got := f.call(akkoord.RoleOwner, "POST", "/rules", fmt.Sprintf(rule, "travel-news")); got.status != 422 || got.str("code") != "purpose_limitation" {
		t.Errorf("a rule for another purpose: %d %s", got.status, got.raw)
	}
	f.must("POST", "/rules", fmt.Sprintf(rule, "club"))
	if got := f.call(akkoord.RoleAnalyst, "PATCH", path, `{"attributes":{"customer":true}}`); got.status < 400 {
		t.Errorf("an analyst sets attributes: %d", got.status)
	}
	for _, bad := range []string{`{"bought-on":"yesterday"}`, `{"nothing":1}`, `{"spent":"much"}`, `{"customer":[true]}`} {
		if got := f.call(akkoord.RoleOwner, "PATCH", path, `{"name":"Pim","attributes":`+bad+`}`); got.status != 422 || got.str("field") != "attributes" {
			t.Errorf("%s: %d %s", bad, got.status, got.raw)
		}
	}
	if got := f.must("GET", path, ""); got.str("name") != "Zoë" {
		t.Error("a part of a refused change was stored")
	}
	got := f.must("PATCH", path, `{"attributes":{"customer":true,"bought-on":"2026-11-01","invoice":"F-118","spent":12.5}}`)
	if text := fmt.Sprint(got.body); !strings.Contains(text, "spent:12.5") || !strings.Contains(text, "basis:existing_customer") {
		t.Errorf("%s", got.raw)
	}
	if got := f.must("GET", path+"/events", ""); !strings.Contains(got.raw, `"rule:customers"`) || !strings.Contains(got.raw, `"basis_changed"`) {
		t.Errorf("%s", got.raw)
	}
	if got := f.must("GET", "/rules/customers/preview", ""); got.object()["looked_at"] != 1.0 || got.object()["would_change"] != 0.0 {
		t.Errorf("%s", got.raw)
	}
	read := f.must("GET", "/rules/customers", "").str("changed_at")
	if got := f.must("PATCH", "/rules/customers", `{"enabled":false,"changed_at":"`+read+`"}`); got.object()["enabled"] != false {
		t.Errorf("%s", got.raw)
	}
	if got := f.call(akkoord.RoleOwner, "PATCH", "/rules/customers", `{"reason":"Another.","changed_at":"`+read+`"}`); got.status != 409 || got.str("code") != "rule_changed" {
		t.Errorf("an edit of what was changed since: %d %s", got.status, got.raw)
	}
	if got := f.call(akkoord.RoleOwner, "PATCH", "/rules/customers", `{"changed_at":"now"}`); got.status != 422 || got.str("field") != "changed_at" {
		t.Errorf("a time that is none: %d %s", got.status, got.raw)
	}
	if got := f.must("PATCH", path, `{"attributes":{"spent":null}}`); strings.Contains(got.raw, "spent") {
		t.Errorf("taken away: %s", got.raw)
	}
	if got := f.must("GET", "/rules", ""); len(got.object()["items"].([]any)) != 1 {
		t.Errorf("%s", got.raw)
	}
}
