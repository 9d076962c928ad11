package api_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"akkoord"
)

var asOf = regexp.MustCompile(`"as_of":"[^"]*"`)

// M26: whoever may write mailings and not read people finds out nothing about one person
// by counts: of a segment that holds one or nobody they are told the same, by its count, by
// the audience of a draft, and by who waits for a series.
func TestCountsAnswerNoGuessesM26(t *testing.T) {
	f := newFixture(t)
	mailing := f.catalogue()
	f.must("POST", "/attributes", `{"slug":"city","type":"text","purpose":"travel-news"}`)
	f.must("POST", "/attributes", `{"slug":"born","type":"date","purpose":"travel-news"}`)
	for i := range 7 {
		p := f.person(fmt.Sprintf("lezer%d@voorbeeld.example", i), true)
		f.must("PATCH", "/subscribers/"+p.PublicID.String(), `{"attributes":{"city":"Utrecht","born":"1980-02-03"}}`)
	}
	p := f.person("pim@voorbeeld.example", true)
	f.must("PATCH", "/subscribers/"+p.PublicID.String(), `{"attributes":{"city":"Zwolle","born":"1990-02-03"}}`)
	ask := func(role akkoord.Role, path, filter string) answer {
		t.Helper()
		a := f.call(role, "POST", path, `{"purpose":"travel-news","filter":`+filter+`}`)
		if a.status != 200 {
			t.Fatalf("%d %s", a.status, a.raw)
		}
		return a
	}
	const one, nobody, most = `{"attribute":"city","value":"Zwolle"}`, `{"attribute":"city","value":"Delft"}`, `{"not":{"attribute":"city","value":"Zwolle"}}`
	for path, field := range map[string]string{"/segments/preview": "count", "/segments/count": "people"} {
		few := ask(akkoord.RoleEditor, path, one)
		if o := few.object(); o[field] != nil || o["fewer_than"] != 5.0 || o["rounded_to"] != 5.0 || o["note"] == nil || o["exact"] == true {
			t.Errorf("%s: %s", path, few.raw)
		}
		if none := ask(akkoord.RoleEditor, path, nobody); asOf.ReplaceAllString(none.raw, "") != asOf.ReplaceAllString(few.raw, "") {
			t.Errorf("%s tells one from nobody: %s, %s", path, few.raw, none.raw)
		}
		if a := ask(akkoord.RoleEditor, path, most); a.object()[field] != 5.0 {
			t.Errorf("%s, of seven: %s", path, a.raw)
		}
		if a := ask(akkoord.RoleEditor, path, `{"all":[]}`); a.object()[field] != 8.0 || strings.Contains(a.raw, "rounded_to") {
			t.Errorf("%s, of everybody: %s", path, a.raw)
		}
		for _, role := range []akkoord.Role{akkoord.RoleOwner, akkoord.RoleManager} {
			if a := ask(role, path, one); a.object()[field] != 1.0 || strings.Contains(a.raw, "fewer_than") {
				t.Errorf("%s %s: %s", role, path, a.raw)
			}
		}
	}
	f.must("POST", "/segments", `{"slug":"guess","purpose":"travel-news","filter":`+one+`}`)
	f.must("PATCH", "/campaigns/winter-2027", `{"segment":"guess"}`)
	series := f.must("POST", "/campaigns/winter-2027/mailings", `{"subject":"Dag","markdown":"Hallo","trigger":{"on":"date","attribute":"born"}}`).str("id")
	paths := []string{"/mailings/" + mailing + "/audience", "/mailings/" + series}
	var before []answer
	for _, path := range paths {
		before = append(before, f.call(akkoord.RoleEditor, "GET", path, ""))
	}
	f.must("PATCH", "/segments/guess", `{"filter":`+nobody+`}`)
	for i, path := range paths {
		after := f.call(akkoord.RoleEditor, "GET", path, "")
		if after.status != 200 || after.raw != before[i].raw || !strings.Contains(after.raw, `"rounded_to":5`) {
			t.Errorf("%s tells one from nobody:\n%s\n%s", path, before[i].raw, after.raw)
		}
	}
	f.must("PATCH", "/segments/guess", `{"filter":`+one+`}`)
	if a := f.must("GET", paths[0], ""); a.object()["allowed"] != 1.0 || strings.Contains(a.raw, "rounded_to") {
		t.Errorf("the owner is told %s", a.raw)
	}
	if a := f.must("GET", paths[1], ""); a.object()["series"].(map[string]any)["past"] != 1.0 {
		t.Errorf("the owner is told %s", a.raw)
	}

	// A grant for names and languages opens no attributes, nor the sample of who clicked.
	f.narrow(akkoord.RoleManager, "name attributes")
	if a := ask(akkoord.RoleManager, "/segments/preview", one); a.object()["count"] != 1.0 {
		t.Errorf("with a grant: %s", a.raw)
	}
	if a := ask(akkoord.RoleManager, "/segments/preview", `{"source":"form:home"}`); a.object()["count"] != 5.0 {
		t.Errorf("without one for the history: %s", a.raw)
	}
	f.must("PATCH", "/segments/guess", `{"filter":{"clicked":{"topic":"wintersport"}}}`)
	if a := f.call(akkoord.RoleManager, "GET", "/segments/guess/people", ""); a.status != 403 || a.str("code") != "grant_missing" {
		t.Errorf("who clicked, without a grant for mails: %d %s", a.status, a.raw)
	}
	f.narrow(akkoord.RoleManager, "")
	if a := ask(akkoord.RoleManager, "/segments/count", one); a.object()["fewer_than"] != 5.0 {
		t.Errorf("without any grant: %s", a.raw)
	}
}

// Whoever may not send changes no conditions by which mailings go out.
func TestConditionsOfWhatGoesOutTakeTheRightToSend(t *testing.T) {
	f := newFixture(t)
	mailing := f.catalogue()
	f.must("POST", "/segments", `{"slug":"dutch","purpose":"travel-news","filter":{"locale":"nl"}}`)
	f.must("PATCH", "/campaigns/winter-2027", `{"segment":"dutch"}`)
	if a := f.call(akkoord.RoleEditor, "PATCH", "/segments/dutch", `{"filter":{"locale":"de"}}`); a.status != 200 {
		t.Errorf("of a draft: %d %s", a.status, a.raw)
	}
	id, err := akkoord.ParseID(mailing)
	f.check(err)
	_, err = f.store.ScheduleMailing(t.Context(), akkoord.ActorSystem, id, f.clock().AddDate(0, 0, 1))
	f.check(err)
	if a := f.call(akkoord.RoleEditor, "PATCH", "/segments/dutch", `{"filter":{"all":[]}}`); a.status != 403 || a.str("code") != "segment_sending" {
		t.Errorf("of a scheduled mailing: %d %s", a.status, a.raw)
	}
	for _, body := range []string{`{"name":"German"}`, `{"filter":{"locale":"de"}}`} {
		if a := f.call(akkoord.RoleEditor, "PATCH", "/segments/dutch", body); a.status != 200 {
			t.Errorf("%s changes nobody's mail: %d %s", body, a.status, a.raw)
		}
	}
	if a := f.call(akkoord.RoleEditor, "PATCH", "/campaigns/winter-2027", `{"segment":null}`); a.status != 403 || a.str("code") != "segment_sending" || a.str("field") != "segment" {
		t.Errorf("another segment of the campaign: %d %s", a.status, a.raw)
	}
	if a := f.call(akkoord.RoleEditor, "PATCH", "/campaigns/winter-2027", `{"segment":"dutch","name":"Winter"}`); a.status != 200 {
		t.Errorf("the same segment: %d %s", a.status, a.raw)
	}
	if a := f.call(akkoord.RoleManager, "PATCH", "/segments/dutch", `{"filter":{"all":[]}}`); a.status != 200 {
		t.Errorf("a manager: %d %s", a.status, a.raw)
	}
}
