package api_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestBasis gives a person a basis by hand (M7): with its facts and a reason,
// or not at all.
func TestBasis(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	f.must("POST", "/purposes", `{"slug":"club","name":{"en":"Club"},"explanation":{"en":"News of the club."},"wording":{"en":"Mail me."},"basis":"existing_customer"}`)
	p := f.person("klant@voorbeeld.example", true)
	path := "/subscribers/" + p.PublicID.String() + "/basis"
	got := f.must("POST", path, `{"purpose":"club","basis":"existing_customer","reason":"bought skis","sold_on":"2026-11-01","sale":"F-118","similar":true,"refusal_offered":true}`)
	if !strings.Contains(fmt.Sprint(got.body), "basis:existing_customer") {
		t.Errorf("%s", got.body)
	}
	if got := f.must("GET", "/gate?email=klant@voorbeeld.example&purpose=club", ""); !strings.Contains(fmt.Sprint(got.body), "allowed:true") {
		t.Errorf("%s", got.body)
	}
	if got := f.must("GET", "/subscribers/"+p.PublicID.String()+"/events", ""); !strings.Contains(fmt.Sprint(got.body), "kind:basis_changed") {
		t.Errorf("%s", got.body)
	}
	if got := f.must("GET", "/subscribers/"+p.PublicID.String()+"/export", ""); !strings.Contains(fmt.Sprint(got.body), "F-118") {
		t.Errorf("the export lacks the facts: %s", got.body)
	}
}
