package api_test

import (
	"strings"
	"testing"

	"akkoord"
)

// Contract, segments: made, counted, read and sampled; a campaign takes one.
// M16: what belongs to another purpose is refused in words.
func TestSegments(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	f.must("POST", "/purposes", `{"slug":"ski-offers","name":{"en":"Ski equipment offers"},"explanation":{"en":"Offers."},"wording":{"en":"Mail me."}}`)
	f.must("POST", "/attributes", `{"slug":"city","type":"text","purpose":"travel-news"}`)
	p := f.person("pim@voorbeeld.example", true)
	f.person("wacht@voorbeeld.example", false)
	f.must("PATCH", "/subscribers/"+p.PublicID.String(), `{"attributes":{"city":"Utrecht"}}`)
	body := `{"slug":"winter","purpose":"travel-news","filter":{"all":[{"interest":"wintersport"},{"attribute":"city","op":"eq","value":"Utrecht"}]}}`
	for filter, want := range map[string]float64{
		`{"all":[]}`: 1, `{"interest":"wintersport"}`: 1, `{"not":{"locale":"nl"}}`: 0, `{"source":"form:home"}`: 1, `{"clicked":{"campaign":"winter-2027"},"within_days":90}`: 0,
		`{"attribute":"city","op":"eq","value":"Utrecht"}`: 1, `{"consented_before":"2026-01-01"}`: 0,
	} {
		if got := f.must("POST", "/segments/preview", `{"purpose":"travel-news","filter":`+filter+`}`); got.object()["count"] != want {
			t.Errorf("%s: %s", filter, got.raw)
		}
		if got := f.must("POST", "/segments/count", `{"purpose":"travel-news","filter":`+filter+`}`); got.object()["people"] != want || got.object()["exact"] != true || got.str("as_of") == "" {
			t.Errorf("%s soon: %s", filter, got.raw)
		}
	}
	f.must("POST", "/segments/preview", body)
	f.must("POST", "/segments/count", body)
	got := f.call(akkoord.RoleEditor, "POST", "/segments", body, "Idempotency-Key: s1")
	if got.status != 201 || got.str("slug") != "winter" || got.object()["version"] != 1.0 || !strings.Contains(got.raw, `"filter":{"all":[{"interest":"wintersport"}`) {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	if again := f.call(akkoord.RoleEditor, "POST", "/segments", body, "Idempotency-Key: s1"); again.raw != got.raw {
		t.Errorf("the same key: %d %s", again.status, again.raw)
	}
	for path, code := range map[string]string{`{"slug":"winter-2027","name":"W","purpose":"travel-news","segment":"winter"}`: "slug_taken", `{"slug":"ski","name":"Ski","purpose":"ski-offers","segment":"winter"}`: "purpose_limitation"} {
		if got := f.call(akkoord.RoleOwner, "POST", "/campaigns", path); got.str("code") != code {
			t.Errorf("%s: %s", path, got.raw)
		}
	}
	for filter, want := range map[string]string{
		`{"clicked":{"campaign":"winter-2027"}}`:         "Clicks in Travel news can't select people for Ski equipment offers: that is another purpose.",
		`{"attribute":"city","op":"eq","value":"Delft"}`: "What is known for Travel news can't select people for Ski equipment offers: that is another purpose.",
	} {
		for _, path := range []string{"/segments", "/segments/preview", "/segments/count"} {
			got := f.call(akkoord.RoleOwner, "POST", path, `{"slug":"ski","purpose":"ski-offers","filter":`+filter+`}`)
			if got.status != 422 || got.str("code") != "purpose_limitation" || got.str("detail") != want || !strings.HasPrefix(got.str("field"), "filter.") {
				t.Errorf("M16 %s: %d %s", path, got.status, got.raw)
			}
		}
	}
	if got := f.must("PATCH", "/campaigns/winter-2027", `{"segment":"winter"}`); got.str("segment") != "winter" || got.str("name") != "Winter 2027" {
		t.Errorf("%s", got.raw)
	}
	if got := f.must("GET", "/campaigns", ""); !strings.Contains(got.raw, `"segment":"winter"`) {
		t.Errorf("%s", got.raw)
	}
	people := f.call(akkoord.RoleDPO, "GET", "/segments/winter/people", "")
	if !strings.Contains(people.raw, "pim@voorbeeld.example") || strings.Contains(people.raw, "wacht") {
		t.Errorf("%s", people.raw)
	}
	if got := f.must("GET", "/audit?kind=segment.people", ""); !strings.Contains(got.raw, `"object":"segment:winter"`) {
		t.Errorf("M27: the look is not on record: %s", got.raw)
	}
	if got := f.call(akkoord.RoleEditor, "GET", "/segments/winter/people", ""); got.status != 403 {
		t.Errorf("an editor sees people: %d", got.status)
	}
	if got := f.must("PATCH", "/segments/winter", `{"filter":{"not":{"interest":"wintersport"}}}`); got.object()["version"] != 2.0 {
		t.Errorf("%s", got.raw)
	}
	if got := f.must("GET", "/segments/winter/people", ""); len(got.object()["items"].([]any)) != 0 {
		t.Errorf("%s", got.raw)
	}
	if got := f.must("GET", "/segments", ""); !strings.Contains(got.raw, `"filter":{"not":{"interest":"wintersport"}}`) {
		t.Errorf("%s", got.raw)
	}
	if got := f.must("PATCH", "/campaigns/winter-2027", `{"segment":null,"name":"Sneeuw"}`); got.object()["segment"] != nil || got.str("name") != "Sneeuw" {
		t.Errorf("%s", got.raw)
	}
}

// Issue 6: a segment is renamed, changed by the version that was read, archived once
// nothing goes out by it, and taken back over the API, with lists of the one and the other.
func TestASegmentIsKeptOverTimeOverTheAPI(t *testing.T) {
	f := newFixture(t)
	mailing := f.catalogue()
	made := f.must("POST", "/segments", `{"slug":"winter","name":"Likes snow","purpose":"travel-news","filter":{"interest":"wintersport"}}`)
	if made.str("name") != "Likes snow" || made.object()["archived_at"] != nil {
		t.Errorf("%s", made.raw)
	}
	if got := f.must("PATCH", "/segments/winter", `{"name":"Loves snow","version":1}`); got.str("name") != "Loves snow" || got.object()["version"] != 2.0 || !strings.Contains(got.raw, `"filter":{"interest":"wintersport"}`) {
		t.Errorf("%s", got.raw)
	}
	if got := f.call(akkoord.RoleOwner, "PATCH", "/segments/winter", `{"filter":{"locale":"nl"},"version":1}`); got.status != 409 || got.str("code") != "segment_changed" {
		t.Errorf("a stale edit: %d %s", got.status, got.raw)
	}
	f.must("PATCH", "/campaigns/winter-2027", `{"segment":"winter"}`)
	uses := f.call(akkoord.RoleAnalyst, "GET", "/segments/winter/uses", "")
	if uses.object()["drafts"] != 1.0 || !strings.Contains(uses.raw, mailing) || !strings.Contains(uses.raw, `"slug":"winter-2027"`) {
		t.Errorf("%d %s", uses.status, uses.raw)
	}
	if got := f.call(akkoord.RoleEditor, "POST", "/segments/winter/archive", ""); got.status != 409 || got.str("code") != "segment_used" || !strings.Contains(got.str("detail"), "1 draft") {
		t.Errorf("archived while it is used: %d %s", got.status, got.raw)
	}
	f.must("PATCH", "/campaigns/winter-2027", `{"segment":null}`)
	if got := f.call(akkoord.RoleAnalyst, "POST", "/segments/winter/archive", ""); got.status != 403 {
		t.Errorf("an analyst archives it: %d", got.status)
	}
	if got := f.must("POST", "/segments/winter/archive", ""); got.object()["archived_at"] == nil {
		t.Errorf("%s", got.raw)
	}
	if got := f.call(akkoord.RoleOwner, "PATCH", "/campaigns/winter-2027", `{"segment":"winter"}`); got.status != 409 || got.str("code") != "segment_archived" || got.str("field") != "segment" {
		t.Errorf("chosen while it is archived: %d %s", got.status, got.raw)
	}
	f.must("POST", "/campaigns/winter-2027/archive", "")
	f.must("POST", "/purposes", `{"slug":"ski-offers","name":{"en":"Ski"},"explanation":{"en":"Offers."},"wording":{"en":"Mail me."}}`)
	f.must("POST", "/purposes/ski-offers/archive", "")
	for list, slug := range map[string]string{"/segments": "winter", "/campaigns": "winter-2027", "/purposes": "ski-offers"} {
		for query, want := range map[string]bool{"": true, "?archived=true": true, "?archived=false": false} {
			if got := f.must("GET", list+query, ""); strings.Contains(got.raw, `"slug":"`+slug+`"`) != want {
				t.Errorf("%s%s: %s", list, query, got.raw)
			}
		}
		if got := f.call(akkoord.RoleOwner, "GET", list+"?archived=perhaps", ""); got.status != 422 && got.status != 400 {
			t.Errorf("%s: %d %s", list, got.status, got.raw)
		}
	}
	if got := f.must("GET", "/purposes?archived=true", ""); strings.Contains(got.raw, `"slug":"travel-news"`) {
		t.Errorf("%s", got.raw)
	}
	if got := f.must("POST", "/segments/winter/restore", ""); got.object()["archived_at"] != nil {
		t.Errorf("%s", got.raw)
	}
}
