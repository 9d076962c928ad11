package api_test

import (
	"net/http"
	"strings"
	"testing"

	"akkoord"
)

// People are found by where they stand and what they did; a slip in a filter
// finds nobody instead of everybody.
func TestPeopleAreFoundByWhatTheyDid(t *testing.T) {
	f := newFixture(t)
	f.must("POST", "/purposes", newsBody)
	f.must("POST", "/purposes", strings.Replace(newsBody, "travel-news", "other", 1))
	f.person("an@voorbeeld.example", true)
	gone := f.person("bo@voorbeeld.example", true)
	f.must("POST", "/subscribers/"+gone.PublicID.String()+"/withdraw", `{"purpose":"travel-news","reason":"called"}`)
	today := akkoord.DayOf(f.clock()).Time().Format("2006-01-02")
	for query, want := range map[string]string{
		"?purpose=travel-news&state=active": "an@", "?purpose=&state=&act=left&from=" + today: "bo@", "?state=withdrawn&to=" + today: "bo@", "?act=confirmed&from=2020-01-01&to=2020-12-31": "",
	} {
		r := f.must("GET", "/subscribers"+query, "")
		if n := strings.Count(r.raw, "@voorbeeld.example"); n != min(1, len(want)) || !strings.Contains(r.raw, want) {
			t.Errorf("%s found %s", query, r.raw)
		}
	}
	for _, query := range []string{"?state=none", "?act=none", "?from=" + today, "?act=left&from=yesterday", "?act=left&from=2026-02-02&to=2026-02-01", "?purpose=none", "?interest=none", "?source=import", "?locale=xx", "?email=an@voorbeeld.example&state=active"} {
		if r := f.call(akkoord.RoleOwner, "GET", "/subscribers"+query, ""); r.status != http.StatusUnprocessableEntity {
			t.Errorf("%s gave %d %s", query, r.status, r.raw)
		}
	}

	// M26: being in such a list tells what the grant leaves out.
	for grant, finds := range map[string]map[string]int{
		"address of:travel-news":         {"?state=active": 200, "?act=left": 403, "?interest=wintersport": 403, "?locale=nl": 403, "?purpose=travel-news&act=left": 403},
		"address history of:travel-news": {"?act=left": 200, "?act=left&interest=wintersport": 403},
		"all of:other":                   {"?purpose=travel-news": 403, "?state=active": 200, "?act=left": 200, "?interest=wintersport": 200},
	} {
		f.narrow(akkoord.RoleManager, grant)
		for query, want := range finds {
			r := f.call(akkoord.RoleManager, "GET", "/subscribers"+query, "")
			if r.status != want || strings.Contains(grant, "other") && strings.Contains(r.raw, "@voorbeeld.example") {
				t.Errorf("with a grant for %q %s gave %d %s", grant, query, r.status, r.raw)
			}
		}
	}
}
