package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
	"akkoord/store"
)

// spec gives the grounds of an import.
func (a *Agency) spec(basis akkoord.Basis) akkoord.ImportSpec {
	return akkoord.ImportSpec{Actor: Admin, Purpose: a.News.Slug, Basis: basis, Evidence: "stand on the fair in Utrecht"}
}

// imported runs an import of a file to its end.
func (a *Agency) imported(t testing.TB, spec akkoord.ImportSpec, file string) akkoord.Import {
	t.Helper()
	i := must(a.BeginImport(t.Context(), spec, akkoord.ImportFile{Size: int64(len(file)), Digest: [32]byte{1}}))(t)
	i = must(a.RunImport(t.Context(), i.PublicID, strings.NewReader(file), nil))(t)
	if stored := must(a.Import(t.Context(), i.PublicID))(t); !cmp.Equal(stored, i) {
		t.Errorf("the import is stored otherwise than it is given (-stored +given):\n%s", cmp.Diff(stored, i))
	}
	var sum int64
	for _, n := range i.Tally.Outcomes {
		sum += n
	}
	if sum != i.Tally.Rows {
		t.Errorf("%d rows and %d outcomes", i.Tally.Rows, sum)
	}
	return i
}

// refused gives the refused rows of an import.
func (a *Agency) importRows(t testing.TB, i akkoord.Import, outcome akkoord.ImportOutcome) (out []akkoord.ImportedRow) {
	t.Helper()
	if err := a.ImportRows(t.Context(), i.ID, outcome, func(r akkoord.ImportedRow) error { out = append(out, r); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

func (a *Agency) standing(t testing.TB, address string) akkoord.Standing {
	t.Helper()
	return must(a.StandingByEmail(t.Context(), email(t, address)))(t)
}

func testImport(t *testing.T, open Open) {
	for _, part := range []struct {
		name string
		run  func(*testing.T, *Agency)
	}{
		{"grounds and evidence", testImportEvidence},
		{"customers", testImportCustomers},
		{"nobody comes back", testImportBringsNobodyBack},
		{"dry run", testImportRehearsal},
		{"twice", testImportTwice},
		{"cut short", testImportCutShort},
		{"unusable", testImportUnusable},
		{"by job", testImportByJob},
		{"preview", testImportPreview},
		{"columns", testImportColumns},
		{"preview ends", testImportPreviewEnds},
		{"previews bounded", testImportPreviewsBounded},
		{"archived meanwhile", testImportArchivedMeanwhile},
		{"windows of long rows", testImportWindowsOfLongRows},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, newAgency(t, open)) })
	}
}

// M8: with the basis of an existing customer a row is active on the facts of the
// sale, which are kept; without them the person is held, and the row is handed
// back with what it lacks. A later file with the facts makes them active.
func testImportCustomers(t *testing.T, a *Agency) {
	const head = "email,sold_on,sale,similar,refusal_offered\n"
	i := a.imported(t, a.spec(akkoord.BasisExistingCustomer), head+
		"anouk@voorbeeld.example,24-11-2025,F-118,yes,ja\nbram@voorbeeld.example,2025-11-24,F-119,yes,\ncor@voorbeeld.example,soon,F-120,yes,yes\ndaan@voorbeeld.example,2025-11-24,,1,1\nels@voorbeeld.example,2025-11-24,F-121,maybe,1\n")
	want := map[akkoord.ImportOutcome]int64{"added": 1, "held": 4}
	if diff := cmp.Diff(want, i.Tally.Outcomes); diff != "" || i.Tally.Reasons["basis_facts_missing"] != 4 || len(i.Tally.Ignored) > 0 {
		t.Errorf("%v, ignored %v (-want +got):\n%s", i.Tally.Reasons, i.Tally.Ignored, diff)
	}
	var lacks []string
	for _, r := range a.importRows(t, i, akkoord.ImportHeldBack) {
		lacks = append(lacks, fmt.Sprint(r.Line, " ", r.Code, " ", r.Fields[0], ": ", r.Why))
	}
	if diff := cmp.Diff([]string{
		"3 basis_facts_missing bram@voorbeeld.example: Without a consent customers are mailed only when refusing was offered to them at the sale; confirm that it was.",
		"4 basis_facts_missing cor@voorbeeld.example: Say on which day this customer bought something, like 2026-11-24.",
		"5 basis_facts_missing daan@voorbeeld.example: Name the sale, like the number of its invoice.",
		"6 basis_facts_missing els@voorbeeld.example: Without a consent customers get mail about similar products of your own only; confirm that this purpose is about those.",
	}, lacks); diff != "" {
		t.Errorf("what the held rows lack (-want +got):\n%s", diff)
	}
	st := a.standing(t, "anouk@voorbeeld.example")
	ground := akkoord.Ground{SoldOn: "2025-11-24", Sale: "F-118", Similar: true, RefusalOffered: true, Text: "stand on the fair in Utrecht"}
	if sub := st.Subscription(a.News.ID); sub.State != akkoord.Active || sub.Ground != ground {
		t.Errorf("the customer is %+v", sub)
	}
	if events := must(a.Events(t.Context(), st.Subscriber.ID))(t); len(events) != 1 || events[0].Evidence.Ground != ground {
		t.Errorf("the ledger says %+v", events)
	}
	gate := func(address string) string {
		t.Helper()
		return must(a.Gate(t.Context(), email(t, address), a.News.Slug, nil))(t).Code
	}
	if got := gate("anouk@voorbeeld.example") + gate("bram@voorbeeld.example"); got != "held" {
		t.Errorf("the gate says %q", got)
	}
	if g := a.standing(t, "bram@voorbeeld.example").Subscription(a.News.ID).Ground; g.Sale != "" {
		t.Errorf("half of the facts is kept: %+v", g)
	}
	a.imported(t, a.spec(akkoord.BasisExistingCustomer), head+"bram@voorbeeld.example,2025-11-24,F-119,true,true\n")
	if got := gate("bram@voorbeeld.example"); got != "" {
		t.Errorf("with the facts the gate says %q", got)
	}
	must(a.VerifyLedger(t.Context(), nil))(t)
}

// F.17, M7, M30: consent of elsewhere is active since it was given, with its
// proof in the erasable evidence; without proof a person is held.
func testImportEvidence(t *testing.T, a *Agency) {
	i := a.imported(t, a.spec(akkoord.BasisConsent), "email,name,locale,interests,confirmed_at,confirmed_ip,source,phone\n"+
		"Anouk@Voorbeeld.example,Anouk,en,wintersport;stedentrip,2026-01-02T10:00:00Z,192.0.2.7,beurs,061234\nbram@voorbeeld.example,Bram,,,,,,\nbram@voorbeeld.example,Bram,,,,,,\nnobody,,,,,,,\n")
	want := map[akkoord.ImportOutcome]int64{"added": 1, "held": 1, "duplicates": 1, "rejected": 1}
	if diff := cmp.Diff(want, i.Tally.Outcomes); diff != "" || i.State != akkoord.ImportDone || i.Tally.Rows != 4 {
		t.Errorf("%s of %d rows (-want +got):\n%s", i.State, i.Tally.Rows, diff)
	}
	if diff := cmp.Diff([]string{"phone"}, i.Tally.Ignored); diff != "" {
		t.Errorf("ignored columns (-want +got):\n%s", diff)
	}
	rejects := []akkoord.ImportedRow{{Line: 5, Outcome: "rejected", Code: "email_missing_at", Why: "This e-mail address has no @. It should look like name@example.org.", Fields: []string{"nobody", "", "", "", "", "", "", ""}}}
	if diff := cmp.Diff(rejects, a.importRows(t, i, akkoord.ImportRejected)); diff != "" {
		t.Errorf("refused rows (-want +got):\n%s", diff)
	}
	if err := a.DropImportRows(t.Context(), i.ID); err != nil || len(a.importRows(t, i, akkoord.ImportRejected)) > 0 {
		t.Errorf("dropped rows are still there, %v", err)
	}

	st := a.standing(t, "anouk@voorbeeld.example")
	sub := st.Subscription(a.News.ID)
	if sub.State != akkoord.Active || !sub.Since.Equal(time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)) || sub.Basis != akkoord.BasisConsent || sub.Request != i.PublicID {
		t.Errorf("the subscription is %+v", sub)
	}
	if p := st.Subscriber; p.Email.Address() != "Anouk@voorbeeld.example" || p.Name != "Anouk" || p.Locale != "en" || !cmp.Equal(p.Interests, []string{"stedentrip", "wintersport"}) {
		t.Errorf("the person is %+v", p)
	}
	events := must(a.Events(t.Context(), st.Subscriber.ID))(t)
	evidence := akkoord.Evidence{Address: "Anouk@voorbeeld.example", IP: "192.0.2.0/24", Imported: `{"confirmed_at":"2026-01-02T10:00:00Z","confirmed_ip":"192.0.2.7","source":"beurs"}`}
	if len(events) != 1 || events[0].Kind != akkoord.Imported || events[0].Evidence != evidence || events[0].Source != "import" || events[0].Actor != Admin {
		t.Errorf("the ledger says %+v", events)
	}
	held := a.standing(t, "bram@voorbeeld.example")
	if verdict := must(a.Gate(t.Context(), held.Subscriber.Email, a.News.Slug, nil))(t); verdict.Code != "held" {
		t.Errorf("the gate says %q of somebody without proof", verdict.Code)
	}
	if diff := cmp.Diff([]string{"imported_held news"}, a.lines(t, held.Subscriber.ID)); diff != "" {
		t.Errorf("the ledger of a held person (-want +got):\n%s", diff)
	}
	if signalled(a.Store) {
		t.Error("F.17: an import put a mail into the outbox")
	}

	// The person's own sign-up leads out of being held.
	if got := a.active(t, "bram@voorbeeld.example", a.News); got.Subscription(a.News.ID).State != akkoord.Active {
		t.Error("a held person can't confirm")
	}
	must(a.VerifyLedger(t.Context(), nil))(t)
	if _, err := a.BeginImport(t.Context(), akkoord.ImportSpec{Actor: Admin, Purpose: "nothing", Basis: akkoord.BasisConsent}, akkoord.ImportFile{}); akkoord.CodeOf(err) != "purpose_unknown" {
		t.Errorf("an import for no purpose gave %v", err)
	}
	record := must(a.ExportPerson(t.Context(), Admin, st.Subscriber.PublicID, ""))(t)
	if record.Events[0].Imported != evidence.Imported {
		t.Errorf("M20: the export says %q", record.Events[0].Imported)
	}
}

// P15: every way of having gone, and none leads back by a file. Opt-outs of a
// file are added, of people on record and of strangers.
func testImportBringsNobodyBack(t *testing.T, a *Agency) {
	ctx := t.Context()
	leave := func(address string, scope akkoord.Scope) {
		st := a.active(t, address, a.News)
		must(a.Leave(ctx, akkoord.Link{Subscriber: st.Subscriber.PublicID, Purpose: a.News.ID, Campaign: a.Campaign.ID}, scope, byLink))(t)
	}
	leave("purpose@voorbeeld.example", akkoord.ScopePurpose)
	leave("all@voorbeeld.example", akkoord.ScopeAll)
	if err := a.SignUp(ctx, a.signUp(email(t, "notme@voorbeeld.example"), a.News)); err != nil {
		t.Fatal(err)
	}
	st := a.standing(t, "notme@voorbeeld.example")
	if err := a.NotMe(ctx, akkoord.Link{Subscriber: st.Subscriber.PublicID, Request: st.Subscription(a.News.ID).Request}, byLink); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"keen@voorbeeld.example", "left-there@voorbeeld.example", "bounced-there@voorbeeld.example", "blocked-there@voorbeeld.example"} {
		a.active(t, address, a.News, a.Ski)
	}
	i := a.imported(t, a.spec(akkoord.BasisConsent), "email,status,confirmed_at\n"+
		"left-there@voorbeeld.example,unsubscribed,\nbounced-there@voorbeeld.example,cleaned,\nblocked-there@voorbeeld.example,blocklisted,\n"+
		"stranger-left@voorbeeld.example,unsubscribed,\nstranger-bounced@voorbeeld.example,bounced,\nstranger-complained@voorbeeld.example,spam,\n")
	if n := i.Tally.Outcomes[akkoord.ImportOptOut]; n != 6 {
		t.Errorf("%d opt-outs were added of 6: %v", n, i.Tally.Outcomes)
	}
	gone := []string{"purpose", "all", "notme", "left-there", "bounced-there", "blocked-there", "stranger-left", "stranger-bounced", "stranger-complained"}
	before := map[string]akkoord.Standing{}
	file := "email,confirmed_at\nkeen@voorbeeld.example,2026-01-01\n"
	for _, name := range gone {
		address := name + "@voorbeeld.example"
		before[name] = a.standing(t, address)
		file += strings.ToUpper(address) + ",2026-01-01\n"
	}
	for _, basis := range []akkoord.Basis{akkoord.BasisConsent, akkoord.BasisExistingCustomer} {
		i := a.imported(t, a.spec(basis), file)
		if i.Tally.Outcomes[akkoord.ImportSuppressed]+i.Tally.Outcomes[akkoord.ImportDeparted] != int64(len(gone)) || i.Tally.Outcomes[akkoord.ImportUnchanged] != 1 {
			t.Errorf("%s: %v", basis, i.Tally.Outcomes)
		}
	}
	for _, name := range gone {
		after := a.standing(t, name+"@voorbeeld.example")
		if diff := cmp.Diff(before[name], after, cmp.Comparer(func(x, y akkoord.Email) bool { return x == y })); diff != "" {
			t.Errorf("%s came nearer (-before +after):\n%s", name, diff)
		}
		if verdict := must(a.Gate(ctx, email(t, name+"@voorbeeld.example"), a.News.Slug, nil))(t); verdict.Allowed {
			t.Errorf("P15: %s may be mailed", name)
		}
	}
	if diff := cmp.Diff([]string{"requested news", "requested ski", "confirmed news", "confirmed ski", "withdrawn news", "withdrawn ski"},
		a.lines(t, a.standing(t, "blocked-there@voorbeeld.example").Subscriber.ID)); diff != "" {
		t.Errorf("the ledger of somebody on a blocklist (-want +got):\n%s", diff)
	}
	if a.standing(t, "stranger-bounced@voorbeeld.example").Subscriber.ID != 0 {
		t.Error("I.10: a stranger whose address bounced is stored with more than a hash")
	}
	must(a.VerifyLedger(ctx, nil))(t)
}

const rehearsed = "email,name,confirmed_at,status\n" +
	"new@voorbeeld.example,Nieuw,2026-01-01,\nNEW@voorbeeld.example,,2026-01-01,\nheld@voorbeeld.example,,,\nheld@voorbeeld.example,,2026-01-01,\n" +
	"keen@voorbeeld.example,,2026-01-01,\nkeen@voorbeeld.example,,,unsubscribed\nkeen@voorbeeld.example,,2026-01-01,\n" +
	"gone@voorbeeld.example,,,unsubscribed\ngone@voorbeeld.example,,2026-01-01,\nsick@voorbeeld.example,,,bounced\nsick@voorbeeld.example,,2026-01-01,\n" +
	"ski@voorbeeld.example,Ski,2026-01-01,\nbad,,,\n"

// Issue 4, point 5: a dry run counts what the run then does, and changes
// nothing.
func testImportRehearsal(t *testing.T, a *Agency) {
	a.active(t, "keen@voorbeeld.example", a.News)
	a.active(t, "ski@voorbeeld.example", a.Ski)
	spec := a.spec(akkoord.BasisConsent)
	spec.DryRun = true
	head := must(a.SignHead(t.Context()))(t)
	dry := a.imported(t, spec, rehearsed)
	if after := must(a.SignHead(t.Context()))(t); after.Seq != head.Seq || a.standing(t, "new@voorbeeld.example").Subscriber.ID != 0 || len(a.standing(t, "sick@voorbeeld.example").Suppressions) > 0 {
		t.Error("a dry run changed something")
	}
	if rows := a.importRows(t, dry, akkoord.ImportAdded); len(rows) != 1 || rows[0].Fields[0] != "new@voorbeeld.example" || rows[0].Line != 2 {
		t.Errorf("the examples are %v", rows)
	}
	real := a.imported(t, a.spec(akkoord.BasisConsent), rehearsed)
	if diff := cmp.Diff(dry.Tally, real.Tally); diff != "" {
		t.Errorf("the dry run told something else (-dry +real):\n%s", diff)
	}
	want := map[akkoord.ImportOutcome]int64{"added": 1, "changed": 2, "held": 1, "opt_outs": 3, "unchanged": 1, "duplicates": 1, "departed": 2, "suppressed": 1, "rejected": 1}
	if diff := cmp.Diff(want, real.Tally.Outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if st := a.standing(t, "ski@voorbeeld.example"); st.Subscription(a.News.ID).State != akkoord.Active || st.Subscriber.Name != "Anouk" {
		t.Errorf("M21: a person on record is now %+v", st.Subscriber)
	}
	if rows := a.importRows(t, real, akkoord.ImportAdded); len(rows) > 0 {
		t.Errorf("a real run keeps %d examples", len(rows))
	}
	must(a.VerifyLedger(t.Context(), nil))(t)
}

// The same file again, under another import, changes nothing.
func testImportTwice(t *testing.T, a *Agency) {
	a.imported(t, a.spec(akkoord.BasisConsent), rehearsed)
	head := must(a.SignHead(t.Context()))(t)
	again := a.imported(t, a.spec(akkoord.BasisConsent), rehearsed)
	for _, o := range []akkoord.ImportOutcome{akkoord.ImportAdded, akkoord.ImportChanged, akkoord.ImportOptOut, akkoord.ImportHeldBack, akkoord.ImportDuplicate} {
		if n := again.Tally.Outcomes[o]; n > 0 {
			t.Errorf("%d rows are %s the second time", n, o)
		}
	}
	if after := must(a.SignHead(t.Context()))(t); after.Seq != head.Seq {
		t.Errorf("%d lines were added", after.Seq-head.Seq)
	}
}

// P01, P02: an import that is cut anywhere goes on where it was, counts each
// row once and stores each person once; a run that was taken over writes
// nothing more.
func testImportCutShort(t *testing.T, a *Agency) {
	const people = 50_000
	var b strings.Builder
	b.WriteString("email,name,confirmed_at,interests\n")
	for n := range people {
		fmt.Fprintf(&b, "p%d@voorbeeld.example,P %d,2026-01-01T10:00:00Z,wintersport\n", n, n)
		if n%1000 == 0 {
			b.WriteString("broken\n")
		}
	}
	file := b.String()
	i := must(a.BeginImport(t.Context(), a.spec(akkoord.BasisConsent), akkoord.ImportFile{Size: int64(len(file)), Digest: [32]byte{9}}))(t)
	var last int64
	for runs := 1; ; runs++ {
		ctx, cut := context.WithCancel(t.Context())
		commits := 0
		done, err := a.RunImport(ctx, i.PublicID, strings.NewReader(file), func(now akkoord.Import) {
			if now.Tally.Position <= last || now.Tally.Position > now.Size || now.Progress() > 1 {
				t.Errorf("after %d bytes of %d come %d", last, now.Size, now.Tally.Position)
			}
			last = now.Tally.Position
			if _, known := now.Remaining(); !known {
				t.Error("nothing is known of the time that remains")
			}
			if commits++; commits == runs {
				cut()
			}
		})
		cut()
		if err == nil {
			i = done
			break
		}
		if !errors.Is(err, context.Canceled) || runs > 20 {
			t.Fatalf("run %d: %v", runs, err)
		}
		found, ok, err := a.UnfinishedImport(t.Context(), a.spec(akkoord.BasisConsent), akkoord.ImportFile{Digest: [32]byte{9}})
		if err != nil || !ok || found.PublicID != i.PublicID {
			t.Fatalf("the import is not found again: %v", err)
		}
	}
	if i.State != akkoord.ImportDone || i.Tally.Rows != people+50 || i.Tally.Outcomes[akkoord.ImportAdded] != people || i.Tally.Reasons["columns_mismatch"] != 50 || len(a.importRows(t, i, akkoord.ImportRejected)) != 50 {
		t.Errorf("%s: %d rows, %v, %v", i.State, i.Tally.Rows, i.Tally.Outcomes, i.Tally.Reasons)
	}
	active, _, _, err := a.PeopleCounts(t.Context(), Start)
	if err != nil || active != people {
		t.Errorf("%d people are active, %v", active, err)
	}
	if head := must(a.VerifyLedger(t.Context(), nil))(t); head.Seq != 4+people {
		t.Errorf("the ledger has %d lines", head.Seq)
	}
	if again := must(a.RunImport(t.Context(), i.PublicID, strings.NewReader(file), nil))(t); !cmp.Equal(again, i) {
		t.Errorf("a finished import ran again: %s", cmp.Diff(i, again))
	}

	other := must(a.BeginImport(t.Context(), a.spec(akkoord.BasisConsent), akkoord.ImportFile{Size: int64(len(file))}))(t)
	_, err = a.RunImport(t.Context(), other.PublicID, strings.NewReader(file), func(now akkoord.Import) {
		if now.Tally.Done == now.Tally.Window {
			return
		}
		if _, err := a.RunImport(t.Context(), other.PublicID, strings.NewReader(file), nil); err != nil {
			t.Error(err)
		}
	})
	if !errors.Is(err, store.ErrImportTaken) {
		t.Errorf("a run that was taken over gave %v", err)
	}
	if got := must(a.Import(t.Context(), other.PublicID))(t); got.State != akkoord.ImportDone || got.Tally.Rows != people+50 {
		t.Errorf("two runs counted %d rows", got.Tally.Rows)
	}
}

// A file that turns out to be none ends the import with a reason.
func testImportUnusable(t *testing.T, a *Agency) {
	for file, words := range map[string]string{
		"name\nx\n": "no column with addresses",
		"email,name\na@voorbeeld.example,b\nc@voorbeeld.example,\"" + strings.Repeat("x\n", akkoord.Limits.ImportRecord): "a quote in it may have no end",
	} {
		i := must(a.BeginImport(t.Context(), a.spec(akkoord.BasisConsent), akkoord.ImportFile{Size: int64(len(file))}))(t)
		i = must(a.RunImport(t.Context(), i.PublicID, strings.NewReader(file), nil))(t)
		if i.State != akkoord.ImportFailed || !strings.Contains(i.Why, words) {
			t.Errorf("%s, %q; want %q", i.State, i.Why, words)
		}
	}
}

// Issue 4: an upload is imported by a job. A run that was cut short is gone on
// with by the next, and nothing of the upload stays; an upload that was cut off
// is none.
func testImportByJob(t *testing.T, a *Agency) {
	const people = 20_000
	var b strings.Builder
	b.WriteString("email,name,confirmed_at\n")
	for n := range people {
		fmt.Fprintf(&b, "p%d@voorbeeld.example,P %d,2026-01-01T10:00:00Z\n", n, n)
	}
	broken := errors.New("cut off")
	if f, err := a.SpoolImport(io.MultiReader(strings.NewReader(b.String()), iotest.ErrReader(io.ErrUnexpectedEOF))); err == nil {
		t.Errorf("an upload that was cut off was kept: %v", f)
	}
	f := must(a.SpoolImport(strings.NewReader(b.String())))(t)
	if f.Size != int64(b.Len()) || f.Digest != sha256.Sum256([]byte(b.String())) {
		t.Errorf("the upload is %d bytes, %x", f.Size, f.Digest)
	}
	i := must(a.BeginImport(t.Context(), a.spec(akkoord.BasisConsent), f))(t)
	for run := 1; ; run++ {
		j, claimed, err := a.ClaimJob(t.Context(), akkoord.JobImport)
		if err != nil || !claimed {
			t.Fatalf("run %d of the import is not due: %v", run, err)
		}
		ctx, cut := context.WithCancelCause(t.Context())
		done := make(chan struct{})
		if run == 1 {
			go func() {
				defer close(done)
				for ctx.Err() == nil {
					if now, err := a.Import(t.Context(), i.PublicID); err != nil || now.Tally.Rows > 0 {
						cut(broken)
					}
				}
			}()
		} else {
			close(done)
		}
		next, err := a.RunImportJob(ctx, j)
		cut(nil)
		<-done
		if err == nil {
			if err := a.SettleJob(t.Context(), j.Ran(next, nil, a.Clock.Now())); err != nil {
				t.Fatal(err)
			}
			break
		}
		if run > 1 {
			t.Fatal(err)
		}
		if rows := must(a.Import(t.Context(), i.PublicID))(t).Tally.Rows; rows == 0 || rows == people {
			t.Errorf("the first run ended after %d rows", rows)
		}
		if err := a.ReturnJob(t.Context(), j); err != nil {
			t.Fatal(err)
		}
	}
	i = must(a.Import(t.Context(), i.PublicID))(t)
	if i.State != akkoord.ImportDone || i.Tally.Outcomes[akkoord.ImportAdded] != people || i.Spool != "" {
		t.Errorf("the import is %+v", i)
	}
	f.Digest = [32]byte{}
	gone := must(a.BeginImport(t.Context(), a.spec(akkoord.BasisConsent), f))(t)
	j, _, err := a.ClaimJob(t.Context(), akkoord.JobImport)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.RunImportJob(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	if gone = must(a.Import(t.Context(), gone.PublicID))(t); gone.State != akkoord.ImportFailed || gone.Why == "" {
		t.Errorf("the upload was to be gone, and its import is %+v", gone)
	}
	must(a.VerifyLedger(t.Context(), nil))(t)
}
