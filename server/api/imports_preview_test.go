package api_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// Issue 7, point 3: a preview says what would change and keeps the file; it is made anew
// with its columns read as something else, and imported once, by the number that it told.
func TestImportsPreviewed(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	a := f.call(akkoord.RoleManager, "POST", importPath+"&preview=true&locale=de", "Correo,Alias,confirmed_at,phone\nanouk@voorbeeld.example,Anouk,2026-01-02,06\nbram@voorbeeld.example,Bram,,\n", "Content-Type: text/csv")
	if a.status != http.StatusAccepted {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	f.runImports()
	id := a.str("id")
	if got := f.must("GET", "/imports/"+id, ""); got.str("state") != "failed" || f.uploads() != 1 {
		t.Fatalf("without an address column: %s", got.raw)
	}
	for body, code := range map[string]string{`{"columns":{"Correo":"inbox"}}`: "column_unknown", `{"columns":{"Correo":"attribute:"}}`: "column_unknown"} {
		if bad := f.call(akkoord.RoleManager, "POST", "/imports/"+id+"/columns", body); bad.status != http.StatusUnprocessableEntity || bad.str("code") != code {
			t.Errorf("%s: %d %s", body, bad.status, bad.raw)
		}
	}
	if editor := f.call(akkoord.RoleEditor, "POST", "/imports/"+id+"/columns", `{"columns":{}}`); editor.status != http.StatusNotFound {
		t.Errorf("an editor: %d", editor.status)
	}
	f.must("POST", "/imports/"+id+"/columns", `{"columns":{"Correo":"email","Alias":"name"}}`)
	f.runImports()
	got := f.must("GET", "/imports/"+id, "")
	told := got.object()["preview"].(map[string]any)
	delete(told, "kept_until")
	version := strconv.FormatInt(int64(told["version"].(float64)), 10)
	delete(told, "version")
	if diff := cmp.Diff(parse(t, `{"effects":2,"updated":0,"fields":{},"columns":{"Alias":"name","Correo":"email"}}`), any(told)); diff != "" || got.object()["added"] != 1.0 || got.object()["held"] != 1.0 {
		t.Errorf("%s (-want +got):\n%s", got.raw, diff)
	}
	rows := f.must("GET", "/imports/"+id+"/difference?outcome=added", "")
	if diff := cmp.Diff(parse(t, `[{"line":2,"email":"anouk@voorbeeld.example","changes":[]}]`), rows.object()["items"]); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if other := f.call(akkoord.RoleManager, "POST", "/imports/"+id+"/confirm", `{"version":`+version+`,"effects":3}`); other.status != http.StatusConflict || other.str("code") != "preview_changed" {
		t.Errorf("another number: %d %s", other.status, other.raw)
	}
	if other := f.call(akkoord.RoleManager, "POST", "/imports/"+id+"/confirm", `{"version":1,"effects":2}`); other.str("code") != "preview_changed" {
		t.Errorf("another preview: %d %s", other.status, other.raw)
	}
	f.must("POST", "/imports/"+id+"/confirm", `{"version":`+version+`,"effects":2}`)
	f.runImports()
	if got := f.must("GET", "/imports/"+id, ""); got.str("state") != "done" || got.object()["dry_run"] != false || got.object()["added"] != 1.0 || got.object()["preview"] != nil || f.uploads() != 0 {
		t.Errorf("the import: %s", got.raw)
	}
	if rows := f.call(akkoord.RoleOwner, "GET", "/imports/"+id+"/difference?outcome=held", ""); rows.status != http.StatusConflict || rows.str("code") != "no_preview" {
		t.Errorf("the difference of an import: %d %s", rows.status, rows.raw)
	}
	if again := f.call(akkoord.RoleManager, "POST", "/imports/"+id+"/confirm", `{"version":`+version+`,"effects":2}`); again.str("code") != "preview_over" {
		t.Errorf("again: %d %s", again.status, again.raw)
	}
	person := f.must("GET", "/subscribers?email=anouk@voorbeeld.example", "").object()["items"].([]any)[0].(map[string]any)
	if person["name"] != "Anouk" || person["locale"] != "de" {
		t.Errorf("the person is %v", person)
	}
}

// P28, M26: by a preview one learns whether what one guessed of people is right, so that
// everything of it takes grants for all of everybody; and what a refused row says is handed
// out by /rejects alone, which can take two persons.
func TestPreviewsAskForEverybody(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	id := f.must("POST", importPath+"&preview=true", "email,name\nanouk@voorbeeld.example,Anouk\nnobody,Anouk\n").str("id")
	f.runImports()
	if rows := f.must("GET", "/imports/"+id+"/difference?outcome=rejected", ""); strings.Contains(rows.raw, "Anouk") || !strings.Contains(rows.raw, `"line":3`) {
		t.Errorf("a refused row: %s", rows.raw)
	}
	f.narrow(akkoord.RoleManager, "of:travel-news all")
	for request, body := range map[string]string{
		"POST " + importPath + "&preview=true": "email\nanouk@voorbeeld.example\n", "GET /imports/" + id: "", "GET /imports/" + id + "/difference?outcome=added": "",
		"POST /imports/" + id + "/columns": `{"columns":{}}`, "POST /imports/" + id + "/confirm": `{"version":1,"effects":1}`,
	} {
		method, path, _ := strings.Cut(request, " ")
		if a := f.call(akkoord.RoleManager, method, path, body); a.status != http.StatusForbidden || a.str("code") != "grant_missing" {
			t.Errorf("%s: %d %s", request, a.status, a.raw)
		}
	}
	list := f.call(akkoord.RoleManager, "GET", "/imports", "").object()["items"].([]any)[0].(map[string]any)
	if list["held"] != 0.0 || list["rejected"] != 0.0 || list["rows"] != 2.0 {
		t.Errorf("the list tells %v", list)
	}
	if plain := f.call(akkoord.RoleManager, "POST", importPath, "email\nbram@voorbeeld.example\n"); plain.status != http.StatusAccepted {
		t.Errorf("an import without a preview: %d %s", plain.status, plain.raw)
	}
}
