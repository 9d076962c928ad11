package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// What became of a mailing is read by class, provider and time, by who may read
// the catalogue, and as CSV with the same numbers (issue 6.9).
func TestResults(t *testing.T) {
	f := newFixture(t)
	id := f.catalogue()
	path := "/mailings/" + id + "/results"
	if got := f.call(akkoord.RoleAnalyst, "GET", path, ""); got.status != http.StatusConflict || got.str("code") != "not_started" {
		t.Errorf("a draft: %d %s", got.status, got.raw)
	}
	if got := f.call(akkoord.RoleAnalyst, "GET", "/campaigns/winter-2027/results", ""); got.status != 200 || !strings.Contains(got.raw, `"mailings":[]`) {
		t.Errorf("of nothing: %d %s", got.status, got.raw)
	}
	var people []akkoord.Subscriber
	for i := range 6 {
		people = append(people, f.person(fmt.Sprintf("p%d@gmail.com", i), true))
	}
	people = append(people, f.person("pim@eigen.example", true))
	number := f.sent(id)
	f.advance(time.Hour)
	for _, r := range []akkoord.Report{
		{Kind: akkoord.ReportBounce, Class: akkoord.ClassHard, Mailing: number, Subscriber: people[0].ID, Status: "550 5.1.1", Source: "dsn"},
		{Kind: akkoord.ReportComplaint, Mailing: number, Subscriber: people[1].ID, Source: "arf"},
	} {
		_, err := f.store.TakeReport(t.Context(), r)
		f.check(err)
	}
	got := f.call(akkoord.RoleAnalyst, "GET", path, "")
	if got.status != 200 {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	all := got.object()
	want := map[string]any{"total": 7.0, "sent": 6.0, "bounced": 1.0, "handed_over": 7.0, "left": 1.0, "complaints": 1.0, "uncertain": 0.0,
		"refused": map[string]any{"hard": 1.0, "soft": 0.0, "policy": 0.0, "content": 0.0}, "waiting": map[string]any{"soft": 0.0, "policy": 0.0, "turn": 0.0},
		"readers": map[string]any{"counted": 0.0, "clicked": 0.0}, "clicks": map[string]any{"known": 0.0, "nameless": 0.0, "machine": 0.0}, "campaign": "winter-2027"}
	for key, value := range want {
		if diff := cmp.Diff(value, all[key]); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
	providers := all["providers"].([]any)
	first, rest := providers[0].(map[string]any), providers[1].(map[string]any)
	if len(providers) != 2 || first["provider"] != "google" || first["total"] != 6.0 || first["complaints"] != 1.0 || rest["provider"] != nil || rest["total"] != 1.0 {
		t.Errorf("providers: %v", providers)
	}
	if strings.Contains(got.raw, "eigen.example") {
		t.Error("the domain of one person is named")
	}
	after := all["after"].(map[string]any)
	if n := len(after["left"].([]any)); n < 2 || n != int(after["slots"].(float64)) {
		t.Errorf("after: %v", after)
	}

	sheet := f.call(akkoord.RoleAnalyst, "GET", path+".csv", "")
	for _, line := range []string{"part,of,from,figure,number\n", "all,,,handed_over,7\n", "all,,,refused_hard,1\n", "provider,google,,complaints,1\n", "provider,others,,total,1\n", "after,later,,left,0\n"} {
		if !strings.Contains(sheet.raw, line) {
			t.Errorf("the CSV lacks %q:\n%s", line, sheet.raw)
		}
	}
	list := f.call(akkoord.RoleAnalyst, "GET", "/campaigns/winter-2027/results", "").object()["mailings"].([]any)
	if m := list[0].(map[string]any); len(list) != 1 || m["mailing"] != id || m["handed_over"] != 7.0 || m["complaints"] != 1.0 || m["few"] != true {
		t.Errorf("compared: %v", list)
	}
	if got := f.call(akkoord.RoleAnalyst, "GET", "/campaigns/winter-2027/results.csv", ""); !strings.Contains(got.raw, "\n"+id+",") {
		t.Errorf("compared as CSV: %s", got.raw)
	}
	if got := f.call(akkoord.RoleAnalyst, "GET", path+".pdf?lang=de", ""); got.status != 200 || !strings.HasPrefix(got.raw, "%PDF-") || got.header.Get("Content-Language") != "de" {
		t.Errorf("as a document: %d %.80s", got.status, got.raw)
	}
	for _, path := range []string{path, path + ".csv", path + ".pdf", "/campaigns/winter-2027/results", "/campaigns/winter-2027/results.csv"} {
		if got := f.call(akkoord.RoleMail, "GET", path, ""); got.status != 403 {
			t.Errorf("%s for the role mail: %d", path, got.status)
		}
	}
	for path, status := range map[string]int{"/campaigns/none/results": 404, "/campaigns/none/results.csv": 404, "/mailings/x/results": 404, "/mailings/x/results.csv": 404, "/mailings/x/results.pdf": 404} {
		if got := f.call(akkoord.RoleAnalyst, "GET", path, ""); got.status != status {
			t.Errorf("%s: %d %s", path, got.status, got.raw)
		}
	}
}
