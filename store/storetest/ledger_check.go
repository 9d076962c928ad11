package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"akkoord"
)

// testLedgerChecks (P25, issue 7 point 3): a small ledger is checked at once. A check of
// many lines is a job: one at a time, begun anew where it was cut off, and kept with who
// asked for it and how far it reached.
func testLedgerChecks(t *testing.T, open Open) {
	a, ctx := newAgency(t, open), t.Context()
	a.active(t, "anouk@voorbeeld.example", a.News)
	small := must(a.CheckLedger(ctx, Admin))(t)
	head := must(a.SignHead(ctx))(t)
	if small.State != akkoord.LedgerVerified || small.Head.Seq != head.Seq || small.Head.Hash != head.Hash || small.Done != small.Total || small.Total == 0 || small.Actor != Admin || small.EndedAt.IsZero() {
		t.Errorf("at once: %+v", small)
	}
	if got := a.ledgerNotes(t); fmt.Sprint(got) != "[begun verifies]" {
		t.Errorf("the trail says %q", got)
	}
	a.manyLines(t)
	began := must(a.CheckLedger(ctx, Admin))(t)
	if left, known := began.Remaining(); began.State != akkoord.LedgerChecking || !began.RunAt.IsZero() || known {
		t.Errorf("begun: %+v, %v left", began, left)
	}
	if again := must(a.CheckLedger(ctx, akkoord.ActorSystem))(t); again.PublicID != began.PublicID || again.Actor != Admin {
		t.Errorf("asked for meanwhile: %+v", again)
	}
	job := a.claimLedgerJob(t)
	dying, stop := context.WithCancel(ctx)
	stop()
	if _, err := a.RunLedgerCheck(dying, job); !errors.Is(err, context.Canceled) {
		t.Errorf("a run that was told to stop gives %v", err)
	}
	noFault(t, a.ReturnJob(ctx, job))
	if c := must(a.LedgerCheck(ctx, began.PublicID))(t); c.State != akkoord.LedgerChecking {
		t.Errorf("cut off: %+v", c)
	}
	a.runLedgerJob(t)
	done := must(a.LedgerCheck(ctx, began.PublicID))(t)
	if done.State != akkoord.LedgerVerified || done.Head.Seq != head.Seq || done.Head.Hash != head.Hash || done.Done != done.Total || done.Total <= akkoord.LedgerAtOnce {
		t.Errorf("done: %+v", done)
	}
	list, next, err := a.LedgerChecks(ctx, akkoord.Page{Limit: 1})
	if err != nil || len(list) != 1 || list[0].PublicID != began.PublicID || next == 0 {
		t.Errorf("newest first: %+v, %d, %v", list, next, err)
	}
	if list, _, err = a.LedgerChecks(ctx, akkoord.Page{After: next}); err != nil || len(list) != 1 || list[0].PublicID != small.PublicID {
		t.Errorf("then: %+v, %v", list, err)
	}

	// One whose job was given up is stopped, and another may begin.
	lost := must(a.CheckLedger(ctx, Admin))(t)
	job = a.claimLedgerJob(t)
	job.State = akkoord.JobFailed
	noFault(t, a.SettleJob(ctx, job))
	if c := must(a.LedgerCheck(ctx, lost.PublicID))(t); c.State != akkoord.LedgerStopped {
		t.Errorf("given up: %+v", c)
	}
	if c := must(a.CheckLedger(ctx, Admin))(t); c.PublicID == lost.PublicID || c.State != akkoord.LedgerChecking {
		t.Errorf("another: %+v", c)
	}
	a.runLedgerJob(t)
	if c := must(a.LedgerCheck(ctx, lost.PublicID))(t); c.State != akkoord.LedgerStopped || c.EndedAt.IsZero() {
		t.Errorf("given up, afterwards: %+v", c)
	}
}

// manyLines makes the audit trail too long for a check at once.
func (a *Agency) manyLines(t *testing.T) {
	t.Helper()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range akkoord.LedgerAtOnce / 20 {
				if err := a.Audit(t.Context(), Admin, "subscriber.list", "subscriber", ""); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func (a *Agency) claimLedgerJob(t *testing.T) akkoord.Job {
	t.Helper()
	a.Clock.Move(time.Second) // past the commits of before
	job, due, err := a.ClaimJob(t.Context(), akkoord.JobLedger)
	if err != nil || !due {
		t.Fatalf("no job: %v", err)
	}
	return job
}

func (a *Agency) runLedgerJob(t *testing.T) {
	t.Helper()
	job := a.claimLedgerJob(t)
	next, err := a.RunLedgerCheck(t.Context(), job)
	noFault(t, err)
	noFault(t, a.SettleJob(t.Context(), job.Ran(next, nil, a.Clock.Now())))
}

func (a *Agency) ledgerNotes(t *testing.T) (notes []string) {
	t.Helper()
	lines, _, err := a.SearchAudit(t.Context(), akkoord.AuditFilter{Action: "ledger.verify"}, akkoord.Page{})
	noFault(t, err)
	for _, l := range lines {
		notes = append(notes, l.Note)
	}
	return notes
}
