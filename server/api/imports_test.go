package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

const peopleCSV = "email,name,confirmed_at,status,phone\n" +
	"anouk@voorbeeld.example,Anouk,2026-01-02T10:00:00Z,,0612345678\nbram@voorbeeld.example,Bram,,,\ncor@voorbeeld.example,Cor,,unsubscribed,\n=nobody,x,,,\n"

const importPath = "/imports?purpose=travel-news&basis=consent&evidence=fair+in+Utrecht"

// uploads gives the files that are kept for imports, and fails where others
// can read one.
func (f *fixture) uploads() int {
	f.t.Helper()
	files, err := filepath.Glob(f.path + ".imports/*")
	f.check(err)
	for _, name := range files {
		info, err := os.Stat(name)
		f.check(err)
		if info.Mode().Perm() != 0o600 {
			f.t.Errorf("an upload has mode %o", info.Mode().Perm())
		}
	}
	return len(files)
}

// runImports runs the imports that wait.
func (f *fixture) runImports() {
	f.t.Helper()
	f.runJobs(akkoord.JobImport, f.store.RunImportJob, time.Now)
}

// runJobs runs the jobs of a kind that wait, as a server does.
func (f *fixture) runJobs(kind akkoord.JobKind, run func(context.Context, akkoord.Job) (time.Time, error), now func() time.Time) {
	f.t.Helper()
	for {
		j, claimed, err := f.store.ClaimJob(f.t.Context(), kind)
		f.check(err)
		if !claimed {
			return
		}
		next, err := run(f.t.Context(), j)
		f.check(err)
		f.check(f.store.SettleJob(f.t.Context(), j.Ran(next, nil, now())))
	}
}

// Contract: POST /imports answers a job, which tells how far it is; the
// refused rows are there as CSV, and nothing of the upload stays.
func TestImports(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	a := f.call(akkoord.RoleManager, "POST", importPath, peopleCSV, "Content-Type: text/csv")
	if a.status != http.StatusAccepted || a.str("state") != "queued" || f.uploads() != 1 {
		t.Fatalf("%d %s, %d uploads", a.status, a.raw, f.uploads())
	}
	f.runImports()
	id := a.str("id")
	got := f.must("GET", "/imports/"+id, "")
	want := parse(t, `{"id":"<id>","state":"done","purpose":"travel-news","basis":"consent","evidence":"fair in Utrecht","source_processor":null,"dry_run":false,"size":185,
		"sha256":"`+got.str("sha256")+`","rows":4,"added":1,"changed":0,"held":1,"opt_outs":1,"unchanged":0,"duplicates":0,"suppressed":0,"departed":0,"rejected":1,
		"reasons":{"email_missing_at":1},"ignored_columns":["phone"],"progress":1,"eta_seconds":null,"created_at":"<time>","started_at":"<time>","finished_at":"<time>","error":null}`)
	if diff := cmp.Diff(want, shape(got.body)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	rejects := f.must("GET", "/imports/"+id+"/rejects", "")
	if diff := cmp.Diff("line,reason,explanation,email,name,confirmed_at,status,phone\n"+
		"5,email_missing_at,This e-mail address has no @. It should look like name@example.org.,'=nobody,x,,,\n", rejects.raw); diff != "" || rejects.header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("refused rows as %s (-want +got):\n%s", rejects.header.Get("Content-Type"), diff)
	}
	if n := f.uploads(); n != 0 {
		t.Errorf("%d uploads stayed", n)
	}
	for address, code := range map[string]string{"anouk@voorbeeld.example": "", "bram@voorbeeld.example": "held", "cor@voorbeeld.example": "withdrawn"} {
		if verdict := f.must("GET", "/gate?purpose=travel-news&email="+address, ""); verdict.str("code") != code {
			t.Errorf("%s: %s", address, verdict.raw)
		}
	}
	if list := f.must("GET", "/imports", ""); len(list.object()["items"].([]any)) != 1 {
		t.Errorf("the list is %s", list.raw)
	}
	person := f.must("GET", "/subscribers?email=bram@voorbeeld.example", "").object()["items"].([]any)[0].(map[string]any)
	if consents, err := json.Marshal(person["consents"]); err != nil || !strings.Contains(string(consents), `"held"`) {
		t.Errorf("a held person is shown as %s", consents)
	}
}

// Issue 4: a dry run by a multipart form, with examples for the caller, and no
// change. The same key and file again is the same import.
func TestImportsRehearsedByForm(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for _, field := range [][2]string{{"purpose", "travel-news"}, {"basis", "consent"}, {"evidence", "fair & more"}, {"dry_run", "true"}} {
		f.check(w.WriteField(field[0], field[1]))
	}
	part, err := w.CreateFormFile("file", "people.csv")
	f.check(err)
	_, err = part.Write([]byte(peopleCSV))
	f.check(err)
	f.check(w.Close())
	a := f.call(akkoord.RoleOwner, "POST", "/imports", form.String(), "Content-Type: "+w.FormDataContentType(), "Idempotency-Key: 1")
	if a.status != http.StatusAccepted || a.str("evidence") != "fair & more" {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	if again := f.call(akkoord.RoleOwner, "POST", "/imports", form.String(), "Content-Type: "+w.FormDataContentType(), "Idempotency-Key: 1"); again.str("id") != a.str("id") || f.uploads() != 1 {
		t.Errorf("again: %s, %d uploads", again.raw, f.uploads())
	}
	if other := f.call(akkoord.RoleOwner, "POST", "/imports", strings.Replace(form.String(), "Cor", "Kor", 1), "Content-Type: "+w.FormDataContentType(), "Idempotency-Key: 1"); other.status != http.StatusConflict {
		t.Errorf("another file under the same key: %d %s", other.status, other.raw)
	}
	f.runImports()
	got := f.must("GET", "/imports/"+a.str("id"), "")
	examples := parse(t, `[{"outcome":"added","line":2,"email":"anouk@voorbeeld.example"},{"outcome":"held","line":3,"email":"bram@voorbeeld.example"},
		{"outcome":"opt_outs","line":4,"email":"cor@voorbeeld.example"},{"outcome":"rejected","line":5,"reason":"email_missing_at"}]`)
	if diff := cmp.Diff(examples, got.object()["examples"]); diff != "" || got.object()["added"] != 1.0 {
		t.Errorf("the difference view (-want +got):\n%s", diff)
	}
	if people := f.must("GET", "/subscribers", ""); len(people.object()["items"].([]any)) != 0 {
		t.Errorf("a dry run left %s", people.raw)
	}
}

// P28, H.18, L15: what may not be imported leaves no file behind.
func TestImportsRefused(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	query := func(pairs ...string) string {
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return "/imports?" + v.Encode()
	}
	for _, tt := range []struct {
		path, body string
		role       akkoord.Role
		status     int
		code       string
	}{
		{importPath, peopleCSV, akkoord.RoleEditor, 403, "right_missing"},
		{query("purpose", "no-such", "basis", "consent"), peopleCSV, akkoord.RoleOwner, 422, "purpose_unknown"},
		{query("purpose", "travel-news", "basis", "wish"), peopleCSV, akkoord.RoleOwner, 422, "basis_unknown"},
		{query("purpose", "travel-news", "basis", "existing_customer"), peopleCSV, akkoord.RoleOwner, 422, "evidence_missing"},
		{query("purpose", "travel-news"), peopleCSV, akkoord.RoleOwner, 422, "field_missing"},
		{query("purpose", "travel-news", "basis", "consent", "list", "x"), peopleCSV, akkoord.RoleOwner, 422, "parameter_unknown"},
		{importPath, "", akkoord.RoleOwner, 422, "file_empty"},
		{importPath, "name,phone\nx,y\n", akkoord.RoleOwner, 422, "column_missing"},
		{importPath, `[{"email":"a@b.example"}]`, akkoord.RoleOwner, 422, "json_list"},
		{importPath, "PK\x03\x04", akkoord.RoleOwner, 422, "file_spreadsheet"},
	} {
		a := f.call(tt.role, "POST", tt.path, tt.body, "Content-Type: text/csv")
		if a.status != tt.status || a.str("code") != tt.code || f.uploads() != 0 {
			t.Errorf("%s %q: %d %s, %d uploads", tt.path, tt.body, a.status, a.raw, f.uploads())
		}
	}
}

// P01: an upload larger than any body of JSON is taken whole, and one whose
// file is gone ends with a reason.
func TestImportsOfManyRows(t *testing.T) {
	f := newFixture(t)
	f.catalogue()
	var b strings.Builder
	b.WriteString("email,confirmed_at\n")
	const people = 25_000
	for n := range people {
		b.WriteString("persoon" + strings.Repeat("x", n%20) + string(rune('a'+n%26)) + strings.ReplaceAll(url.QueryEscape(string(rune(n+300))), "%", "") + "@voorbeeld.example,2026-01-01\n")
	}
	if int64(b.Len()) < akkoord.Limits.APIBody {
		t.Fatal("the upload is too small to prove anything")
	}
	id := f.call(akkoord.RoleOwner, "POST", importPath, b.String(), "Content-Type: text/csv").str("id")
	f.runImports()
	if got := f.must("GET", "/imports/"+id, ""); got.str("state") != "done" || got.object()["rows"] != float64(people) {
		t.Errorf("%s", got.raw)
	}
	lost := f.call(akkoord.RoleOwner, "POST", importPath, peopleCSV, "Content-Type: text/csv").str("id")
	f.check(os.RemoveAll(f.path + ".imports"))
	f.runImports()
	if got := f.must("GET", "/imports/"+lost, ""); got.str("state") != "failed" || got.str("error") == "" {
		t.Errorf("%s", got.raw)
	}
}
