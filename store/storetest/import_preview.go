package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// runImport runs the next import that waits, by its job.
func (a *Agency) runImport(t testing.TB, id akkoord.ID) akkoord.Import {
	t.Helper()
	j, claimed, err := a.ClaimJob(t.Context(), akkoord.JobImport)
	if err != nil || !claimed {
		t.Fatalf("no import is due: %v", err)
	}
	next, err := a.RunImportJob(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.SettleJob(t.Context(), j.Ran(next, nil, a.Clock.Now())); err != nil {
		t.Fatal(err)
	}
	return must(a.Import(t.Context(), id))(t)
}

// preview begins a preview of a file.
func (a *Agency) preview(t testing.TB, spec akkoord.ImportSpec, file string) akkoord.Import {
	t.Helper()
	spec.Preview = true
	f := must(a.SpoolImport(strings.NewReader(file)))(t)
	return must(a.BeginImport(t.Context(), spec, f))(t)
}

// Issue 7, point 3, P15: a preview tells what importing a file would do, of people on
// record with what stands there and what would, and stores nothing of it; confirmed by
// the number that was seen, it does just that, once.
func testImportPreview(t *testing.T, a *Agency) {
	ctx := t.Context()
	for _, slug := range []string{"city", "shoe"} {
		must(a.AddAttribute(ctx, Admin, akkoord.Attribute{Slug: slug, Type: akkoord.AttributeText}, "travel-news"))(t)
	}
	a.active(t, "keen@voorbeeld.example", a.News)
	a.active(t, "ski@voorbeeld.example", a.Ski)
	gone := a.active(t, "gone@voorbeeld.example", a.News)
	if err := a.Withdraw(ctx, gone.Subscriber.PublicID, a.News.ID, "asked", akkoord.Origin{Source: "admin", Actor: Admin}); err != nil {
		t.Fatal(err)
	}
	const file = "email,interests,confirmed_at,status,attribute:city,attribute:shoe\n" +
		"new@voorbeeld.example,,2026-01-02,,Utrecht,\nheld@voorbeeld.example,,,,,\nkeen@voorbeeld.example,,2026-01-02,,Utrecht,41\nski@voorbeeld.example,strand,2026-01-02,,,\n" +
		"gone@voorbeeld.example,,2026-01-02,,Breda,\nnew@voorbeeld.example,,2026-01-02,,,\nbad,,,,,\nleft@voorbeeld.example,,,unsubscribed,,\n"
	head := must(a.SignHead(ctx))(t)
	i := a.runImport(t, a.preview(t, a.spec(akkoord.BasisConsent), file).PublicID)
	want := map[akkoord.ImportOutcome]int64{"added": 1, "changed": 1, "held": 1, "opt_outs": 1, "unchanged": 1, "departed": 1, "duplicates": 1, "rejected": 1}
	if diff := cmp.Diff(want, i.Tally.Outcomes); diff != "" || i.Tally.Updated != 1 || i.Tally.Effects() != 5 || !i.Kept() {
		t.Errorf("%d updated, %d do something, kept %v (-want +got):\n%s", i.Tally.Updated, i.Tally.Effects(), i.Kept(), diff)
	}
	if after := must(a.SignHead(ctx))(t); after.Seq != head.Seq || a.standing(t, "new@voorbeeld.example").Subscriber.ID != 0 || len(must(a.AttributesOf(ctx, a.standing(t, "keen@voorbeeld.example").Subscriber.ID))(t)) > 0 {
		t.Error("a preview changed something")
	}
	told := map[string][]akkoord.FieldChange{}
	for _, o := range append([]akkoord.ImportOutcome{akkoord.ImportUpdated}, akkoord.ImportOutcomes...) {
		for _, r := range a.importRows(t, i, o) {
			address, changes := r.Previewed()
			told[string(o)+" "+address] = changes
		}
	}
	if diff := cmp.Diff(map[string][]akkoord.FieldChange{
		"added new@voorbeeld.example": nil, "held held@voorbeeld.example": nil, "opt_outs left@voorbeeld.example": nil, "duplicates new@voorbeeld.example": nil, "departed gone@voorbeeld.example": nil, "rejected ": nil,
		"changed ski@voorbeeld.example":  {{Field: "state", Old: "never", New: "active"}, {Field: "interests", Old: "wintersport", New: "wintersport; strand"}},
		"updated keen@voorbeeld.example": {{Field: "attribute:city", New: "Utrecht"}, {Field: "attribute:shoe", New: "41"}},
	}, told); diff != "" {
		t.Errorf("the rows that are shown (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int64{"state": 1, "interests": 1, "attribute:city": 1, "attribute:shoe": 1}, i.Tally.Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if _, err := a.ConfirmImport(ctx, Admin, i.PublicID, i.Version(), 4); akkoord.CodeOf(err) != "preview_changed" {
		t.Errorf("another number than was seen: %v", err)
	}
	seen := i.Version()
	a.Clock.Move(time.Minute)
	must(a.AgainImport(ctx, Admin, i.PublicID, nil))(t)
	i = a.runImport(t, i.PublicID)
	if _, err := a.ConfirmImport(ctx, Admin, i.PublicID, seen, 5); akkoord.CodeOf(err) != "preview_changed" {
		t.Errorf("another preview than was seen: %v", err)
	}
	queued := must(a.ConfirmImport(ctx, Admin, i.PublicID, i.Version(), 5))(t)
	if _, err := a.ConfirmImport(ctx, Admin, i.PublicID, i.Version(), 5); akkoord.CodeOf(err) != "preview_over" || queued.State != akkoord.ImportQueued {
		t.Errorf("twice: %v", err)
	}
	done := a.runImport(t, i.PublicID)
	if diff := cmp.Diff(want, done.Tally.Outcomes); diff != "" || done.Tally.Total != 8 || !cmp.Equal(done.Tally.Foreseen, want) || done.Spool != "" {
		t.Errorf("the import is %+v (-want +got):\n%s", done, diff)
	}
	if v := must(a.AttributesOf(ctx, a.standing(t, "keen@voorbeeld.example").Subscriber.ID))(t); v["city"] != "Utrecht" || v["shoe"] != "41" {
		t.Errorf("the attributes are %v", v)
	}
	if a.standing(t, "new@voorbeeld.example").Subscription(a.News.ID).State != akkoord.Active || a.standing(t, "gone@voorbeeld.example").Subscription(a.News.ID).State != akkoord.Withdrawn {
		t.Error("the new person is not active, or who left came back")
	}
	if rows := a.importRows(t, done, akkoord.ImportAdded); len(rows) > 0 || len(a.importRows(t, done, akkoord.ImportRejected)) != 1 {
		t.Errorf("the examples of the preview are there yet: %v", rows)
	}
	if _, err := a.ImportHead(ctx, done); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("the file is there yet: %v", err)
	}
	must(a.VerifyLedger(ctx, nil))(t)
}

// A preview whose columns are called otherwise is kept, and made anew with what somebody
// says that they are; rows that name no language have the one of the import.
func testImportColumns(t *testing.T, a *Agency) {
	ctx := t.Context()
	spec := a.spec(akkoord.BasisConsent)
	spec.Locale = "fr"
	i := a.runImport(t, a.preview(t, spec, "Correo;Alias;confirmed_at\nanouk@voorbeeld.example;Anouk;2026-01-02\n").PublicID)
	if i.State != akkoord.ImportFailed || !i.Kept() {
		t.Fatalf("the preview is %+v", i)
	}
	if _, err := a.ConfirmImport(ctx, Admin, i.PublicID, i.Version(), 0); akkoord.CodeOf(err) != "preview_over" {
		t.Errorf("what failed is imported: %v", err)
	}
	if diff := cmp.Diff([]akkoord.ImportColumn{
		{Name: "Correo", Values: []string{"anouk@voorbeeld.example"}}, {Name: "Alias", Values: []string{"Anouk"}}, {Name: "confirmed_at", Read: true, Values: []string{"2026-01-02"}},
	}, must(a.ImportHead(ctx, i))(t)); diff != "" {
		t.Errorf("the columns (-want +got):\n%s", diff)
	}
	if _, err := a.AgainImport(ctx, Admin, i.PublicID, map[string]string{"Correo": "mailbox"}); akkoord.CodeOf(err) != "column_unknown" {
		t.Errorf("a column as nothing that there is: %v", err)
	}
	must(a.AgainImport(ctx, Admin, i.PublicID, map[string]string{"Correo": "email", "Alias": "name"}))(t)
	i = a.runImport(t, i.PublicID)
	must(a.ConfirmImport(ctx, Admin, i.PublicID, i.Version(), i.Tally.Effects()))(t)
	if i = a.runImport(t, i.PublicID); i.State != akkoord.ImportDone {
		t.Fatalf("the import is %+v", i)
	}
	if p := a.standing(t, "anouk@voorbeeld.example").Subscriber; p.Name != "Anouk" || p.Locale != "fr" {
		t.Errorf("the person is %+v", p)
	}
}

// Nobody's file is kept longer than was said, and what is dropped is gone at once.
func testImportPreviewEnds(t *testing.T, a *Agency) {
	ctx := t.Context()
	const file = "email\nanouk@voorbeeld.example\n"
	left := a.runImport(t, a.preview(t, a.spec(akkoord.BasisConsent), file).PublicID)
	dropped := a.runImport(t, a.preview(t, a.spec(akkoord.BasisConsent), file).PublicID)
	if err := a.DropPreview(ctx, Admin, dropped.PublicID); err != nil {
		t.Fatal(err)
	}
	if _, err := a.ImportHead(ctx, dropped); akkoord.KindOf(err) != akkoord.NotFound || len(a.importRows(t, dropped, akkoord.ImportHeldBack)) > 0 {
		t.Errorf("what was dropped is there yet: %v", err)
	}
	must(a.ArchivePurpose(ctx, Admin, a.News.Slug))(t)
	if _, err := a.ConfirmImport(ctx, Admin, left.PublicID, left.Version(), left.Tally.Effects()); akkoord.CodeOf(err) != "purpose_archived" {
		t.Errorf("for a purpose that was archived meanwhile: %v", err)
	}
	must(a.RestorePurpose(ctx, Admin, a.News.Slug))(t)
	a.Clock.Move(akkoord.PreviewKept - time.Hour)
	must(a.AgainImport(ctx, Admin, left.PublicID, nil))(t)
	left = a.runImport(t, left.PublicID) // looking again keeps no file longer
	a.Clock.Move(59 * time.Minute)
	must(a.ExpirePending(ctx, 100))(t)
	must(a.ImportHead(ctx, left))(t)
	a.Clock.Move(2 * time.Minute)
	must(a.ExpirePending(ctx, 100))(t)
	if _, err := a.ImportHead(ctx, left); akkoord.KindOf(err) != akkoord.NotFound || len(a.importRows(t, left, akkoord.ImportHeldBack)) > 0 {
		t.Errorf("the file, or what was shown of it, is there after a day: %v", err)
	}
	for _, i := range []akkoord.Import{left, dropped} {
		if _, err := a.ConfirmImport(ctx, Admin, i.PublicID, i.Version(), 1); akkoord.CodeOf(err) != "preview_over" {
			t.Errorf("a file that is gone is imported: %v", err)
		}
	}
	newest, next, err := a.LatestImports(ctx, akkoord.Page{Limit: 1})
	if err != nil || len(newest) != 1 || newest[0].PublicID != dropped.PublicID || next != dropped.ID {
		t.Errorf("the newest import is %+v, %d, %v", newest, next, err)
	}
}

// No more files wait at a time than was said; who drops one makes room.
func testImportPreviewsBounded(t *testing.T, a *Agency) {
	ctx := t.Context()
	const file = "email\nanouk@voorbeeld.example\n"
	var last akkoord.Import
	for range akkoord.Limits.ImportPreviews {
		last = a.preview(t, a.spec(akkoord.BasisConsent), file)
	}
	spec := a.spec(akkoord.BasisConsent)
	spec.Preview = true
	upload := must(a.SpoolImport(strings.NewReader(file)))(t)
	if _, err := a.BeginImport(ctx, spec, upload); akkoord.CodeOf(err) != "previews_many" || akkoord.KindOf(err) != akkoord.Conflict {
		t.Errorf("one more: %v", err)
	}
	for range akkoord.Limits.ImportPreviews {
		a.runImport(t, last.PublicID)
	}
	if err := a.DropPreview(ctx, Admin, last.PublicID); err != nil {
		t.Fatal(err)
	}
	must(a.BeginImport(ctx, spec, upload))(t)
}

// An import that waits while its purpose is archived brings nobody.
func testImportArchivedMeanwhile(t *testing.T, a *Agency) {
	ctx := t.Context()
	upload := must(a.SpoolImport(strings.NewReader("email,confirmed_at\nanouk@voorbeeld.example,2026-01-02\n")))(t)
	i := must(a.BeginImport(ctx, a.spec(akkoord.BasisConsent), upload))(t)
	must(a.ArchivePurpose(ctx, Admin, a.News.Slug))(t)
	if i = a.runImport(t, i.PublicID); i.State != akkoord.ImportFailed || !strings.Contains(i.Why, "archived") || a.standing(t, "anouk@voorbeeld.example").Subscriber.ID != 0 {
		t.Errorf("the import is %+v", i)
	}
}

// A window of long rows ends before it holds as many as it may: memory is bounded by
// bytes too.
func testImportWindowsOfLongRows(t *testing.T, a *Agency) {
	spec := a.spec(akkoord.BasisConsent)
	spec.DryRun = true
	i := must(a.BeginImport(t.Context(), spec, akkoord.ImportFile{}))(t)
	file := "email,wording\n" + strings.Repeat("anouk@voorbeeld.example,"+strings.Repeat("x", akkoord.Limits.ImportRecord-100)+"\n", 20)
	begins := map[int64]bool{}
	i = must(a.RunImport(t.Context(), i.PublicID, strings.NewReader(file), func(i akkoord.Import) { begins[i.Tally.Begin.Offset] = true }))(t)
	if i.Tally.Rows != 20 || len(begins) != 2 {
		t.Errorf("%d rows in %d windows", i.Tally.Rows, len(begins))
	}
}
