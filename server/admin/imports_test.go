package admin_test

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// upload sends a file of people, and what is chosen with it.
func (b *browser) upload(file string, chosen ...string) reply {
	b.f.t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	fields := append(chosen, "purpose", "travel-news", "basis", "consent", "evidence", "fair in Utrecht", "source_processor", "own", "locale", "en") // the first of a name counts
	for i := 0; i < len(fields); i += 2 {
		b.f.check(w.WriteField(fields[i], fields[i+1]))
	}
	part, err := w.CreateFormFile("file", "../../people.csv")
	b.f.check(err)
	_, err = part.Write([]byte(file))
	b.f.check(err)
	b.f.check(w.Close())
	return b.send("POST", "/admin/imports", form.String(), "Content-Type: "+w.FormDataContentType())
}

// runImports runs the imports that wait.
func (f *fixture) runImports() {
	f.t.Helper()
	f.runJobs(akkoord.JobImport, f.store.RunImportJob, f.clock)
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

// Issue 7, point 3: a file is looked at before anything is stored; who looked says that
// so many people are imported, and the page tells what came of it.
func TestImportsAreSeenBeforeTheyAreDone(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	f.person("keen@voorbeeld.example")
	b := f.as(akkoord.RoleOwner)
	b.get("/admin/imports", "Nobody was imported yet", "/admin/imports/example.csv", "Show the difference", "stays out")
	if example := b.get("/admin/imports/example.csv", "email,name,locale"); example.header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.HasPrefix(example.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the example is served as %v", example.header)
	}
	r := b.upload("\xef\xbb\xbfemail;name;confirmed_at;phone\r\nanouk@voorbeeld.example;=Anouk;2026-01-02;06\r\nbram@voorbeeld.example;Bram;;\r\nkeen@voorbeeld.example;;2026-01-02;\r\n=nobody;x;;\r\n")
	page := r.header.Get("Location")
	if r.status != http.StatusSeeOther || !strings.HasPrefix(page, "/admin/imports/") {
		t.Fatalf("%d %s", r.status, r.body)
	}
	b.get(page, "Looking", "You can leave this page")
	f.runImports()
	body := b.get(page, "What this import would do", "Import 2 people", "phone", "Waits for your yes", "email_missing_at", "1 of them is held").body
	if strings.Contains(body, "anouk@voorbeeld.example") && !strings.Contains(body, "First rows") {
		t.Error("an address is shown outside of the columns")
	}
	b.get(page+"?rows=added", "anouk@voorbeeld.example")
	if last, _ := f.trail(); !strings.HasSuffix(last, "import.examples import:"+strings.TrimPrefix(page, "/admin/imports/")) {
		t.Errorf("looking at rows left %q", last)
	}
	rejects := b.get(page + "/rejects.csv")
	if !strings.Contains(rejects.body, "5,email_missing_at,") || !strings.Contains(rejects.body, ",'=nobody,") || rejects.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the refused rows are %q", rejects.body)
	}
	version := regexp.MustCompile(`name="version" value="(\d+)"`).FindStringSubmatch(body)[1]
	if r := b.post(page, page, url.Values{"act": {"import"}, "version": {version}, "effects": {"3"}}); !strings.Contains(r.body, "made anew since you saw it") {
		t.Errorf("another number than was seen: %d %s", r.status, r.body)
	}
	b.send("POST", page, url.Values{"act": {"import"}, "version": {version}, "effects": {"2"}}.Encode())
	f.runImports()
	b.get(page, "What became of the rows", "Foreseen", "Imported")
	b.get("/admin/imports", "Imported", "How importing works")
	if r := b.send("POST", page, url.Values{"act": {"import"}, "version": {version}, "effects": {"2"}}.Encode()); !r.refused() && r.status != http.StatusConflict {
		t.Errorf("twice: %d", r.status)
	}
	email, err := akkoord.ParseEmail("anouk@voorbeeld.example")
	f.check(err)
	st, err := f.store.StandingByEmail(t.Context(), email)
	f.check(err)
	if st.Subscriber.Locale != "en" || st.Subscriptions[0].State != akkoord.Active {
		t.Errorf("the person is %+v", st)
	}
}

// A file whose columns are called otherwise is read as somebody says, and one that is not
// wanted is deleted.
func TestImportsOfOtherColumns(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	b := f.as(akkoord.RoleManager)
	page := b.upload("Correo,Alias\n<b>anouk</b>@voorbeeld.example,Anouk\nanouk@voorbeeld.example,Anouk\n").header.Get("Location")
	f.runImports()
	body := b.get(page, "Correo", "not recognised: left out", "Look again", "no column with addresses").body
	if strings.Contains(body, "<b>anouk") {
		t.Error("a value of the file is markup")
	}
	many := url.Values{"act": {"columns"}, "column": {"Correo", "Alias"}, "use": {"email", "-"}}
	for n := range 1000 { // a form as large as the page makes them
		many["column"], many["use"] = append(many["column"], "column "+strconv.Itoa(n)), append(many["use"], "")
	}
	b.send("POST", page, many.Encode())
	f.runImports()
	b.get(page, "Import 1 person", "1 of them is held")
	b.post(page, "/admin/imports", url.Values{"act": {"drop"}})
	b.get(page, "Looked at, not imported")
	b.get("/admin/imports", "Looked at, not imported")
}

// What can't be imported is told at the form, with what was typed, and leaves nothing; who
// may not change people brings no file.
func TestImportsRefuseWhatCannotBeRead(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	b := f.as(akkoord.RoleOwner)
	for name, tt := range map[string]struct {
		file   string
		chosen []string
		words  string
	}{
		"empty": {"", nil, "Choose a file with rows"}, "no header": {"a@b.example,x\n", nil, "name the columns"}, "UTF-16": {"\xff\xfee\x00m\x00", nil, "UTF-16"}, "NUL": {"email\x00\n", nil, "UTF-16"},
		"spreadsheet": {"PK\x03\x04" + strings.Repeat("x", 1<<20), nil, "spreadsheet"}, "list": {`[{"email":"a@b.example"}]`, nil, "NDJSON"},
		"no basis": {"email\n", []string{"basis", ""}, ""}, "contract without evidence": {"email\n", []string{"basis", "contract", "evidence", ""}, ""},
	} {
		r := b.upload(tt.file, tt.chosen...)
		if !r.refused() || !strings.Contains(r.body, tt.words) {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	imports, _, err := f.store.LatestImports(t.Context(), akkoord.Page{})
	if err != nil || len(imports) > 0 {
		t.Errorf("%d imports were begun, %v", len(imports), err)
	}
	for _, role := range []akkoord.Role{akkoord.RoleEditor, akkoord.RoleAnalyst} {
		if r := f.as(role).upload("email\n"); r.status != http.StatusNotFound {
			t.Errorf("%s: %d", role, r.status)
		}
	}
}
