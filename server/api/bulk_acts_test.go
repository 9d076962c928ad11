package api_test

import (
	"net/http"
	"strings"
	"testing"

	"akkoord"
)

// runBulkActs runs the bulk acts that wait.
func (f *fixture) runBulkActs() {
	f.t.Helper()
	f.runJobs(akkoord.JobBulkAct, f.store.RunBulkAct, f.clock)
}

// Issue 7, points 3 and 5: a program chooses people by a filter, sees how many they are,
// and says so before anything is done to them; rights and grants are those of one person.
func TestManyPeopleAreActedOnByNumber(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	f.must("POST", "/purposes", strings.Replace(newsBody, "travel-news", "ski-offers", 1))
	f.person("an@voorbeeld.example", true)
	f.person("bo@voorbeeld.example", true)
	const chosen = `"filter":{"purpose":"travel-news","state":"active"},"reason":"the list ends"}`
	for body, code := range map[string]string{
		`{"kind":"subscribe",` + chosen:                                                       "bulk_kind",
		`{"kind":"withdraw",` + chosen:                                                        "bulk_purpose",
		`{"kind":"erase","filter":{},"reason":"all"}`:                                         "bulk_everybody",
		`{"kind":"erase","filter":{"state":"none"},"reason":"all"}`:                           "filter_state",
		`{"kind":"erase","filter":{"state":"active","from":"x"},"reason":"all"}`:              "filter_day",
		`{"kind":"erase","filter":{"state":"active"},"reason":"an@voorbeeld.example called"}`: "reason_personal",
	} {
		if r := f.call(akkoord.RoleOwner, "POST", "/bulk-acts", body); r.status != http.StatusUnprocessableEntity || r.str("code") != code {
			t.Errorf("%s gave %d %s", body, r.status, r.raw)
		}
	}
	if r := f.call(akkoord.RoleManager, "POST", "/bulk-acts", `{"kind":"erase",`+chosen); r.status != http.StatusForbidden {
		t.Errorf("P28: a manager who erases gets %d %s", r.status, r.raw)
	}
	a := f.call(akkoord.RoleManager, "POST", "/bulk-acts", `{"kind":"withdraw","purpose":"travel-news",`+chosen)
	if a.status != http.StatusCreated || a.str("state") != "prepared" || a.object()["people"] != 2.0 || a.object()["kept_until"] == nil {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	at := "/bulk-acts/" + a.str("id")
	if r := f.call(akkoord.RoleManager, "POST", at+"/confirm", `{"people":3}`); r.status != http.StatusConflict || r.str("code") != "bulk_changed" {
		t.Errorf("another number: %d %s", r.status, r.raw)
	}
	if r := f.call(akkoord.RoleOwner, "POST", at+"/confirm", `{"people":2}`); r.status != http.StatusForbidden || r.str("code") != "bulk_others" {
		t.Errorf("somebody else: %d %s", r.status, r.raw)
	}
	if r := f.call(akkoord.RoleManager, "POST", at+"/confirm", `{"people":2}`); r.status != http.StatusAccepted || r.str("state") != "running" {
		t.Errorf("confirming: %d %s", r.status, r.raw)
	}
	f.runBulkActs()
	if got := f.must("GET", at, ""); got.str("state") != "done" || got.object()["outcomes"].(map[string]any)["acted"] != 2.0 || got.object()["kept_until"] != nil {
		t.Errorf("it came to %s", got.raw)
	}
	if r := f.call(akkoord.RoleManager, "POST", at+"/stop", ``); r.status != http.StatusConflict || r.str("code") != "bulk_over" {
		t.Errorf("stopping what is done: %d %s", r.status, r.raw)
	}

	// M26: those with narrower grants see what they did alone, and choose among their people.
	mine := f.must("POST", "/bulk-acts", `{"kind":"erase","filter":{"purpose":"travel-news","state":"withdrawn"},"reason":"old"}`)
	f.narrow(akkoord.RoleManager, "address of:travel-news")
	if r := f.call(akkoord.RoleManager, "GET", "/bulk-acts/"+mine.str("id"), ""); r.status != http.StatusForbidden || r.str("code") != "grant_missing" {
		t.Errorf("somebody else's: %d %s", r.status, r.raw)
	}
	if n := len(f.call(akkoord.RoleManager, "GET", "/bulk-acts", "").object()["items"].([]any)); n != 1 {
		t.Errorf("%d acts are listed", n)
	}
	for body, want := range map[string]int{
		`{"kind":"withdraw","purpose":"travel-news","filter":{"state":"withdrawn"},"reason":"old"}`:                            http.StatusCreated,
		`{"kind":"withdraw","purpose":"ski-offers","filter":{"state":"withdrawn"},"reason":"old"}`:                             http.StatusForbidden,
		`{"kind":"withdraw","purpose":"travel-news","filter":{"act":"joined"},"reason":"old"}`:                                 http.StatusForbidden,
		`{"kind":"remove_interest","interest":"wintersport","filter":{"purpose":"travel-news"},"reason":"the list was wrong"}`: http.StatusForbidden,
	} {
		if r := f.call(akkoord.RoleManager, "POST", "/bulk-acts", body); r.status != want {
			t.Errorf("M26: %s gave %d %s", body, r.status, r.raw)
		}
	}
	if r := f.must("POST", "/bulk-acts/"+mine.str("id")+"/stop", ``); r.str("state") != "dropped" {
		t.Errorf("dropping: %s", r.raw)
	}
}
