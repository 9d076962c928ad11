package akkoord_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// The documents say what the code does, and these tests hold them to it.

const (
	readme     = "README.md"
	operations = "docs/operations.md"
	states     = "docs/states.md"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// section gives the part of a document between <!-- name --> and <!-- end -->.
func section(t *testing.T, path, name string) string {
	t.Helper()
	_, rest, found := strings.Cut(read(t, path), "<!-- "+name+" -->")
	text, _, ended := strings.Cut(rest, "<!-- end -->")
	if !found || !ended {
		t.Fatalf("%s has no section <!-- %s --> … <!-- end -->", path, name)
	}
	return text
}

// rows gives the cells of all table rows in a text, without headings and
// lines, and without backquotes around a whole cell.
func rows(text string) [][]string {
	var out [][]string
	heading := true
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			heading = true
			continue
		}
		if strings.HasPrefix(line, "|-") || strings.HasPrefix(line, "| -") {
			heading = false
			continue
		}
		if heading {
			continue
		}
		line = strings.ReplaceAll(strings.Trim(line, "|"), `\|`, "\x00")
		var cells []string
		for cell := range strings.SplitSeq(line, "|") {
			cell = strings.ReplaceAll(strings.TrimSpace(cell), "\x00", "|")
			if len(cell) > 1 && strings.Count(cell, "`") == 2 && cell[0] == '`' && cell[len(cell)-1] == '`' {
				cell = cell[1 : len(cell)-1]
			}
			cells = append(cells, cell)
		}
		out = append(out, cells)
	}
	return out
}

// Threats, design rule 7: limits sit in one table that docs and tests read.
func TestLimitsAreDocumented(t *testing.T) {
	var got, want [][2]string
	for _, r := range rows(section(t, operations, "limits")) {
		got = append(got, [2]string{r[0], r[1]})
	}
	v := reflect.ValueOf(akkoord.Limits)
	for i := range v.NumField() {
		want = append(want, [2]string{v.Type().Field(i).Name, written(v.Field(i))})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the limits in %s are not those of akkoord.Limits (-want +got):\n%s", operations, diff)
	}
}

// written gives a limit as people write it.
func written(v reflect.Value) string {
	d, ok := v.Interface().(time.Duration)
	if !ok {
		return strconv.FormatInt(v.Int(), 10)
	}
	n, unit := d/time.Minute, "minute"
	switch {
	case d%(24*time.Hour) == 0:
		n, unit = d/(24*time.Hour), "day"
	case d%time.Hour == 0:
		n, unit = d/time.Hour, "hour"
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}

var envTag = regexp.MustCompile("env:\"(AKKOORD_[A-Z_]+)\"(?: default:\"([^\"]*)\")?")

// Contract, Settings: README and operations list each setting with its default.
func TestSettingsAreDocumented(t *testing.T) {
	want := map[string]string{}
	for _, m := range envTag.FindAllStringSubmatch(read(t, "cmd/akkoord/settings.go"), -1) {
		want[m[1]] = m[2]
		if m[2] == "" {
			want[m[1]] = "none"
		}
	}
	if len(want) < 10 {
		t.Fatalf("only %d settings were found; the test no longer reads settings.go rightly", len(want))
	}
	for _, path := range []string{readme, operations} {
		got := map[string]string{}
		for _, r := range rows(read(t, path)) {
			if strings.HasPrefix(r[0], "AKKOORD_") && !strings.Contains(r[0], " ") {
				got[r[0]] = r[1]
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("settings and defaults in %s (-code +document):\n%s", path, diff)
		}
	}
}

// commands gives the commands of the struct cli in main.go, like "user add".
func commands(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "cmd/akkoord/main.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	var walk func(prefix string, s *ast.StructType)
	walk = func(prefix string, s *ast.StructType) {
		for _, f := range s.Fields.List {
			if f.Tag == nil || !strings.Contains(f.Tag.Value, `cmd:""`) {
				continue
			}
			name := prefix + strings.ToLower(f.Names[0].Name)
			if sub, ok := f.Type.(*ast.StructType); ok {
				walk(name+" ", sub)
				continue
			}
			out = append(out, name)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.TypeSpec); ok && spec.Name.Name == "cli" {
			walk("", spec.Type.(*ast.StructType))
		}
		return true
	})
	slices.Sort(out)
	return out
}

func TestCommandsAreDocumented(t *testing.T) {
	want := commands(t)
	word := regexp.MustCompile("^akkoord ([a-z]+(?: [a-z]+)?)")
	for _, path := range []string{readme, operations} {
		var got []string
		for _, r := range rows(read(t, path)) {
			if m := word.FindStringSubmatch(r[0]); m != nil {
				got = append(got, m[1])
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("commands in %s (-code +document):\n%s", path, diff)
		}
	}
}

// P28, M27: the documented matrix is the one that is enforced.
func TestRightsAreDocumented(t *testing.T) {
	var want [][]string
	for _, right := range []akkoord.Right{
		akkoord.ReadPeople, akkoord.ChangePeople, akkoord.ErasePeople, akkoord.ReadCatalogue, akkoord.ChangePurposes,
		akkoord.WriteMailings, akkoord.SendMailings, akkoord.ReleaseSending, akkoord.ReadAudit, akkoord.ReadRecords, akkoord.ManageAccess, akkoord.ManageGrants, akkoord.ChangeRegister, akkoord.ManageWebhooks, akkoord.SetUp,
		akkoord.WriteContracts, akkoord.SendContracts, akkoord.ReadContracts, akkoord.ReceiveMail,
	} {
		row := []string{string(right)}
		for _, role := range akkoord.Roles {
			cell := "–"
			if role.May(right) {
				cell = "yes"
			}
			row = append(row, cell)
		}
		want = append(want, row)
	}
	if diff := cmp.Diff(want, rows(section(t, operations, "rights"))); diff != "" {
		t.Errorf("rights in %s (-code +document):\n%s", operations, diff)
	}
}

func TestStatesOfMailingsAreDocumented(t *testing.T) {
	var want [][]string
	for _, from := range []akkoord.MailingState{
		akkoord.MailingDraft, akkoord.MailingScheduled, akkoord.MailingSending, akkoord.MailingPaused, akkoord.MailingSent, akkoord.MailingCancelled,
	} {
		for _, act := range []string{"send", "schedule", "pause", "resume", "cancel", "finish", "send_again"} {
			if to, err := from.Next(act); err == nil {
				want = append(want, []string{string(from), act, string(to)})
			}
		}
	}
	if diff := cmp.Diff(want, rows(section(t, states, "mailing moves"))); diff != "" {
		t.Errorf("moves of a mailing in %s (-code +document):\n%s", states, diff)
	}
}

func TestStatesOfDeliveriesAndSubscriptionsAreDocumented(t *testing.T) {
	var got, want []string
	for _, r := range rows(read(t, states)) {
		if len(r) == 4 && regexp.MustCompile(`^\d$`).MatchString(r[1]) {
			got = append(got, r[1]+" "+r[0])
		}
	}
	for s := akkoord.Queued; s <= akkoord.Uncertain; s++ {
		want = append(want, fmt.Sprintf("%d %s", s, s))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("states of a delivery in %s (-code +document):\n%s", states, diff)
	}
	text := read(t, states)
	for _, s := range []akkoord.State{akkoord.Never, akkoord.Pending, akkoord.Active, akkoord.Withdrawn, akkoord.Lapsed} {
		if !strings.Contains(text, "| `"+string(s)+"` |") {
			t.Errorf("%s does not say what the state %q of a subscription means", states, s)
		}
	}
}

// Each kind of background work stands in the table of those.
func TestJobsAreDocumented(t *testing.T) {
	var got, want []string
	for _, m := range regexp.MustCompile(`JobKind = "(\w+)"`).FindAllStringSubmatch(read(t, "job.go"), -1) {
		want = append(want, m[1])
	}
	for _, r := range rows(section(t, "docs/architecture.md", "jobs")) {
		got = append(got, r[0])
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("kinds of jobs in docs/architecture.md (-code +document):\n%s", diff)
	}
}

// goFiles gives all Go files but tests and test data.
func goFiles(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			out = append(out, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Whoever reads a line of the log finds in the manual what to do.
func TestLogLinesAreDocumented(t *testing.T) {
	call := regexp.MustCompile(`[lL]og\.(Info|Warn|Error)(?:Context)?\((?:[a-zA-Z.()]+, )?"([^"]+)"`)
	got, want := map[string]string{}, map[string]string{}
	for _, path := range goFiles(t) {
		if strings.HasPrefix(path, "cmd/bench/") {
			continue
		}
		for _, m := range call.FindAllStringSubmatch(read(t, path), -1) {
			want[m[2]] = strings.ToLower(m[1])
		}
	}
	for _, r := range rows(section(t, operations, "log")) {
		got[r[0]] = r[1]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log lines in %s (-code +document):\n%s", operations, diff)
	}
}

// A link in a document leads to a file that is there, and to a heading in it.
func TestLinksInDocumentsLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	var docs []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/adr/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, found...)
	}
	for _, doc := range docs {
		for _, m := range link.FindAllStringSubmatch(read(t, doc), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			file, anchor, _ := strings.Cut(m[1], "#")
			target := filepath.Join(filepath.Dir(doc), file)
			if file == "" {
				target = doc
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", doc, m[1])
				continue
			}
			if anchor != "" && !slices.Contains(anchors(read(t, target)), anchor) {
				t.Errorf("%s links to %s, which has no such heading", doc, m[1])
			}
		}
	}
}

// anchors gives the anchors of a document's headings.
func anchors(text string) []string {
	var out []string
	drop := regexp.MustCompile(`[^a-z0-9 _-]`)
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			h := strings.ToLower(strings.TrimSpace(strings.TrimLeft(line, "#")))
			out = append(out, strings.ReplaceAll(drop.ReplaceAllString(h, ""), " ", "-"))
		}
	}
	return out
}

// design.md, Imports: the arrows of docs/architecture.md.
func TestImportsGoOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Deps}} {{.}}{{end}}`, "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	within := func(pkg string, roots ...string) bool {
		return slices.ContainsFunc(roots, func(r string) bool { return pkg == r || strings.HasPrefix(pkg, r+"/") })
	}
	// What each of our parts may reach of our own, besides itself.
	may := map[string][]string{
		"akkoord/store": nil, "akkoord/templates": nil, "akkoord/static": nil, "akkoord/pdf": nil,
		"akkoord/mailer":  {"akkoord/templates"},
		"akkoord/dossier": {"akkoord/templates", "akkoord/static", "akkoord/pdf"},
		"akkoord/server":  {"akkoord/templates", "akkoord/static", "akkoord/pdf"},
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkg, deps := fields[0], fields[1:]
		for part, others := range may {
			if !within(pkg, part) {
				continue
			}
			seen++
			for _, dep := range deps {
				if within(dep, "akkoord") && dep != "akkoord" && !within(dep, part) && !within(dep, others...) {
					t.Errorf("%s reaches %s, which it may not import", pkg, dep)
				}
			}
		}
		if pkg != "akkoord" {
			continue
		}
		seen++
		for _, dep := range deps {
			standard := !strings.Contains(strings.SplitN(dep, "/", 2)[0], ".") && !within(dep, "akkoord")
			if !standard && !within(dep, "golang.org/x/text", "golang.org/x/net/idna", "github.com/golang-jwt/jwt/v5") {
				t.Errorf("the root package reaches %s; it may use the standard library, x/text, x/net/idna and jwt", dep)
			}
		}
	}
	if seen < len(may)+1 {
		t.Errorf("only %d of our packages were looked at", seen)
	}
}

// Issue 3, point 12: no file over 600 lines.
func TestFilesAreShort(t *testing.T) {
	for _, path := range goFiles(t) {
		if n := strings.Count(read(t, path), "\n"); n > 600 {
			t.Errorf("%s has %d lines; cut it at its subjects, 600 are the most", path, n)
		}
	}
}
