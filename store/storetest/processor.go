package storetest

import (
	"testing"
	"time"

	"akkoord"
)

// testImportSource holds imports against M28: none from a party of the register
// without an agreement in force, and what came in names its party.
func testImportSource(t *testing.T, open Open) {
	cfg, clock := Config(t)
	a := NewAgency(t, open(t, cfg), clock)
	ctx := t.Context()
	spec := a.spec(akkoord.BasisConsent)
	spec.Processor = "beurs"
	file := akkoord.ImportFile{Size: 10, Digest: [32]byte{7}}
	refused := func(code string) {
		t.Helper()
		_, err := a.BeginImport(ctx, spec, file)
		if akkoord.CodeOf(err) != code || akkoord.KindOf(err) != akkoord.Conflict {
			t.Errorf("an import gave %v, want %s", err, code)
		}
	}
	refused("no_agreement")
	day := Start.Truncate(24 * time.Hour)
	must(a.AddProcessor(ctx, Admin, akkoord.Processor{
		Slug: "beurs", Name: "Beurs B.V.", Role: "import_source", Agreement: akkoord.Agreement{SignedOn: day.AddDate(-2, 0, 0), ValidUntil: day.AddDate(-1, 0, 0)},
	}))(t)
	refused("agreement_expired")
	if have, _, err := a.Imports(ctx, akkoord.Page{}); err != nil || len(have) != 0 {
		t.Errorf("refused imports left %v, %v", have, err)
	}
	must(a.EditProcessor(ctx, Admin, "beurs", "processor.change", "", func(p *akkoord.Processor, _ time.Time) { p.Agreement.ValidUntil = time.Time{} }))(t)
	i := must(a.BeginImport(ctx, spec, file))(t)
	if have := must(a.Import(ctx, i.PublicID))(t); have.Spec.Processor != "beurs" {
		t.Errorf("the import names %q as its source", have.Spec.Processor)
	}
}

// testProcessors holds the register of parties against M28: no mail goes to a
// relay whose party has no agreement in force.
func testProcessors(t *testing.T, open Open) {
	cfg, clock := Config(t)
	cfg.Relay = "post"
	a := NewAgency(t, open(t, cfg), clock)
	ctx := t.Context()
	for _, address := range []string{"anouk@voorbeeld.example", "pim@voorbeeld.example"} {
		a.active(t, address, a.News)
	}
	a.refuses(t, "no_agreement")
	if due := must(a.ClaimSystem(ctx, 10))(t); len(due) != 0 {
		t.Errorf("%d confirmation mails go to a party that is not on record", len(due))
	}

	post := akkoord.Processor{Slug: "post", Name: "Post B.V.", Role: "relay", Country: "NL"}
	must(a.AddProcessor(ctx, Admin, post))(t)
	if _, err := a.AddProcessor(ctx, Admin, post); akkoord.CodeOf(err) != "slug_taken" {
		t.Errorf("the same party twice gave %v", err)
	}
	a.refuses(t, "no_agreement")
	until := func(day time.Time) func(*akkoord.Processor, time.Time) {
		return func(p *akkoord.Processor, _ time.Time) {
			p.Agreement = akkoord.Agreement{SignedOn: Start.Truncate(24 * time.Hour), ValidUntil: day}
		}
	}
	last := Start.Truncate(24 * time.Hour)
	must(a.EditProcessor(ctx, Admin, "post", "processor.change", "", until(last)))(t)
	if why := must(a.RelayObstacles(ctx))(t); len(why) != 0 {
		t.Fatalf("with an agreement: %v", why)
	}
	if m := must(a.StartMailing(ctx, Admin, a.Mailing.PublicID))(t); m.State != akkoord.MailingSending {
		t.Fatalf("the mailing is %s", m.State)
	}

	// It ends while the mailing is being sent: the next claim pauses it.
	clock.Move(24 * time.Hour)
	if w := must(a.Claim(ctx))(t); w != nil {
		t.Error("a window was claimed on the day after the agreement ended")
	}
	m := must(a.Store.Mailing(ctx, a.Mailing.PublicID))(t)
	if m.State != akkoord.MailingPaused || m.Why.Text == "" {
		t.Errorf("the mailing is %s (%q)", m.State, m.Why.Text)
	}
	if _, err := a.ResumeMailing(ctx, Admin, m.PublicID); akkoord.CodeOf(err) != "agreement_expired" {
		t.Errorf("resuming without an agreement gave %v", err)
	}
	must(a.EditProcessor(ctx, Admin, "post", "processor.change", "", until(last.AddDate(1, 0, 0))))(t)
	must(a.ResumeMailing(ctx, Admin, m.PublicID))(t)
	w := must(a.Claim(ctx))(t)
	if w == nil || len(w.Recipients) != 2 {
		t.Fatalf("after the renewal the window is %+v", w)
	}
	if err := a.Release(ctx, w); err != nil {
		t.Fatal(err)
	}
	must(a.EditProcessor(ctx, Admin, "post", "processor.end", "other party", func(p *akkoord.Processor, now time.Time) { p.EndedAt = now }))(t)
	if w := must(a.Claim(ctx))(t); w != nil {
		t.Error("a window was claimed after the dealings were ended")
	}
	if _, err := a.Processor(ctx, "nobody"); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("a party that is not there gave %v", err)
	}
	if parties, next, err := a.Processors(ctx, akkoord.Page{}); len(parties) != 1 || next != 0 || err != nil {
		t.Errorf("the register holds %v, %v", parties, err)
	}
}

// refuses reports a mailing that starts, or one that is refused for another
// reason.
func (a *Agency) refuses(t *testing.T, code string) {
	t.Helper()
	if _, err := a.StartMailing(t.Context(), Admin, a.Mailing.PublicID); akkoord.CodeOf(err) != code {
		t.Errorf("starting gave %v, want %s", err, code)
	}
	if why := must(a.RelayObstacles(t.Context()))(t); len(why) == 0 || why[0].Code != code {
		t.Errorf("what forbids it is %v, want %s", why, code)
	}
}
