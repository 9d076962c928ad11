package api_test

import (
	"testing"

	"akkoord"
)

// Issue 6: a public archive is switched over the API, and mailings of any state are put
// into it and left out.
func TestAPublicArchiveIsSwitchedOverTheAPI(t *testing.T) {
	f := newFixture(t)
	mailing := f.catalogue()
	const purpose = "/purposes/travel-news"
	if a := f.must("GET", purpose, ""); a.object()["public_archive"] != false {
		t.Errorf("it is on by itself: %s", a.raw)
	}
	if a := f.call(akkoord.RoleEditor, "POST", purpose+"/public-archive", `{"on":true}`); a.status != 403 {
		t.Errorf("an editor opens it: %d", a.status)
	}
	if a := f.must("POST", purpose+"/public-archive", `{"on":true}`); a.object()["public_archive"] != true {
		t.Errorf("%s", a.raw)
	}
	if a := f.call(akkoord.RoleOwner, "POST", "/purposes/none/public-archive", `{"on":true}`); a.status != 404 {
		t.Errorf("of no purpose: %d", a.status)
	}
	path := "/mailings/" + mailing
	if a := f.must("GET", path, ""); a.str("public_archive") != "auto" {
		t.Errorf("%s", a.raw)
	}
	for _, choice := range []string{"include", "exclude", "auto"} {
		if a := f.must("POST", path+"/public-archive", `{"choice":"`+choice+`"}`); a.str("public_archive") != choice {
			t.Errorf("%s: %s", choice, a.raw)
		}
	}
	for _, body := range []string{`{"choice":"later"}`, `{"choice":""}`, `{}`, ""} {
		if a := f.call(akkoord.RoleOwner, "POST", path+"/public-archive", body); a.status != 422 && a.status != 400 {
			t.Errorf("%q: %d %s", body, a.status, a.raw)
		}
	}
	if a := f.call(akkoord.RoleEditor, "POST", path+"/public-archive", `{"choice":"include"}`); a.status != 403 {
		t.Errorf("an editor puts it in: %d", a.status)
	}
	if a := f.call(akkoord.RoleOwner, "POST", "/mailings/"+(akkoord.ID{7}).String()+"/public-archive", `{"choice":"auto"}`); a.status != 404 {
		t.Errorf("of no mailing: %d", a.status)
	}
}
