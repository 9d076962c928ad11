package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

func testSentAgain(t *testing.T, open Open) {
	for _, part := range []struct {
		name string
		run  func(*testing.T, *Agency)
	}{
		{"P08 to whom it may not have reached", testSendAgain},
		{"P13 a second press", testSendAgainTwice},
		{"P07 states", testSendAgainStates},
		{"M.10 a report resolves it", testSendAgainReport},
		{"M.10 a report of the first copy", testSendAgainReportOfFirst},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, newAgency(t, open)) })
	}
}

// lost gives a mailing to four people, of whom two may have it or not.
func (a *Agency) lost(t testing.TB) akkoord.Mailing {
	t.Helper()
	for _, name := range []string{"ada", "bob", "cas", "dot"} {
		a.active(t, name+"@voorbeeld.example", a.News)
	}
	return a.sent(t, a.Mailing, func(to string) akkoord.Result {
		if strings.HasPrefix(to, "bob") || strings.HasPrefix(to, "cas") {
			return akkoord.Result{State: akkoord.Uncertain, Code: "body"}
		}
		return accepted(to)
	})
}

func (a *Agency) again(t testing.TB, m akkoord.Mailing) akkoord.Mailing {
	t.Helper()
	return must(a.SendAgain(t.Context(), Admin, m.PublicID, must(a.Uncertain(t.Context(), m.ID))(t)))(t)
}

func testSendAgain(t *testing.T, a *Agency) {
	ctx := t.Context()
	m := a.lost(t)
	if seen := must(a.Uncertain(ctx, m.ID))(t); m.State != akkoord.MailingSent || seen.Count != 2 {
		t.Fatalf("the mailing is %s with %+v", m.State, seen)
	}
	a.Clock.Move(24 * time.Hour)
	cas := a.standing(t, "cas@voorbeeld.example")
	must(a.Leave(ctx, akkoord.Link{Subscriber: cas.Subscriber.PublicID, Campaign: a.Campaign.ID, Purpose: a.News.ID, Mailing: m.ID}, akkoord.ScopePurpose, byLink))(t)
	m = a.again(t, m)
	if m.State != akkoord.MailingSending || m.AgainAt.Before(a.Clock.Now()) || !m.FinishedAt.IsZero() {
		t.Errorf("it is %s, sent again at %v, finished at %v", m.State, m.AgainAt, m.FinishedAt)
	}
	if diff := cmp.Diff(akkoord.Counts{Total: 4, Sent: 2, Deferred: 2}, must(a.Counts(ctx, m.ID))(t)); diff != "" {
		t.Error(diff)
	}
	if last := a.trail(t); !slices.ContainsFunc(last, func(line string) bool { return strings.Contains(line, "mailing.send_again") }) {
		t.Errorf("the audit trail has no line of it: %v", last)
	}
	var to []string
	w := must(a.Claim(ctx))(t)
	if !w.Again.Equal(m.AgainAt) || len(w.Recipients) != 1 || !w.Recipients[0].FirstAt.Before(m.AgainAt.Add(-23*time.Hour)) {
		t.Fatalf("the window is %+v", w)
	}
	for i, r := range w.Recipients {
		to = append(to, r.Email.Address())
		a.Note(w, i, akkoord.Result{State: akkoord.Sent, Code: "250", At: a.Clock.Now(), FirstAt: r.FirstAt, Attempts: r.Attempts + 1})
	}
	if err := a.Release(ctx, w); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"bob@voorbeeld.example"}, to); diff != "" {
		t.Errorf("mailed again: %s", diff)
	}
	m = must(a.MailingByID(ctx, m.ID))(t)
	if diff := cmp.Diff(akkoord.Counts{Total: 4, Sent: 3, Skipped: 1}, must(a.Counts(ctx, m.ID))(t)); diff != "" || m.State != akkoord.MailingSent || m.FinishedAt.Before(a.Clock.Now()) {
		t.Errorf("it is %s, finished at %v: %s", m.State, m.FinishedAt, diff)
	}
	if d := must(a.DeliveryTo(ctx, m.ID, cas.Subscriber.ID))(t); d.State != akkoord.Skipped || d.Code != "withdrawn" || d.Attempts != 1 {
		t.Errorf("who left meanwhile: %+v", d)
	}
}

func testSendAgainTwice(t *testing.T, a *Agency) {
	ctx := t.Context()
	m := a.lost(t)
	seen := must(a.Uncertain(ctx, m.ID))(t)
	must(a.SendAgain(ctx, Admin, m.PublicID, seen))(t)
	if _, err := a.SendAgain(ctx, Admin, m.PublicID, seen); akkoord.CodeOf(err) != "uncertain_none" || akkoord.KindOf(err) != akkoord.Conflict {
		t.Errorf("the second press gave %v", err)
	}
	a.Clock.Move(time.Minute)
	a.drain(t, func(string) akkoord.Result { return akkoord.Result{State: akkoord.Uncertain, Code: "body"} })
	if _, err := a.SendAgain(ctx, Admin, m.PublicID, seen); akkoord.CodeOf(err) != "uncertain_changed" {
		t.Errorf("the same press after the answers were lost again gave %v", err)
	}
	if _, err := a.SendAgain(ctx, Admin, m.PublicID, akkoord.LostCopies{Count: 1}); akkoord.CodeOf(err) != "uncertain_changed" {
		t.Errorf("another number than there is gave %v", err)
	}
	if diff := cmp.Diff(akkoord.Counts{Total: 4, Sent: 2, Uncertain: 2}, must(a.Counts(ctx, m.ID))(t)); diff != "" {
		t.Error(diff)
	}
	must(a.SendAgain(ctx, Admin, m.PublicID, akkoord.LostCopies{Count: 2}))(t)
}

func testSendAgainStates(t *testing.T, a *Agency) {
	ctx := t.Context()
	none := akkoord.LostCopies{Count: 2}
	if _, err := a.SendAgain(ctx, Admin, a.Mailing.PublicID, none); akkoord.CodeOf(err) != "state" {
		t.Errorf("a draft gave %v", err)
	}
	for _, name := range []string{"eva", "finn", "gijs"} {
		a.active(t, name+"@voorbeeld.example", a.News)
	}
	m := a.sent(t, a.Mailing, func(to string) akkoord.Result {
		switch {
		case strings.HasPrefix(to, "eva"):
			return akkoord.Result{State: akkoord.Uncertain, Code: "body"}
		case strings.HasPrefix(to, "finn"):
			return akkoord.Result{State: akkoord.Deferred, Code: "451", NextAt: a.Clock.Now().Add(time.Hour)}
		}
		return accepted(to)
	})
	if m = a.again(t, m); m.State != akkoord.MailingSending {
		t.Errorf("while it is being sent it becomes %s", m.State)
	}
	a.drain(t, func(string) akkoord.Result { return akkoord.Result{State: akkoord.Uncertain, Code: "body"} })
	must(a.PauseMailing(ctx, Admin, m.PublicID))(t)
	if m = a.again(t, m); m.State != akkoord.MailingPaused {
		t.Errorf("while it stands still it becomes %s", m.State)
	}
	if w := must(a.Claim(ctx))(t); w != nil {
		t.Error("a paused mailing sends")
	}
	must(a.ResumeMailing(ctx, Admin, m.PublicID))(t)
	a.drain(t, func(string) akkoord.Result { return akkoord.Result{State: akkoord.Uncertain, Code: "body"} })
	must(a.CancelMailing(ctx, Admin, m.PublicID))(t)
	if _, err := a.SendAgain(ctx, Admin, m.PublicID, must(a.Uncertain(ctx, m.ID))(t)); akkoord.CodeOf(err) != "state" {
		t.Errorf("a cancelled mailing gave %v", err)
	}
	if c := must(a.Counts(ctx, m.ID))(t); c.Total != 3 || c.Uncertain != 1 || c.Sent != 1 {
		t.Errorf("%+v", c)
	}
}

// A report about the first copy counts although the second was never sent, since the
// person left meanwhile.
func testSendAgainReportOfFirst(t *testing.T, a *Agency) {
	m := a.again(t, a.lost(t))
	bob, cas := a.standing(t, "bob@voorbeeld.example").Subscriber, a.standing(t, "cas@voorbeeld.example").Subscriber
	for _, p := range []akkoord.Subscriber{bob, cas} {
		must(a.Leave(t.Context(), akkoord.Link{Subscriber: p.PublicID, Campaign: a.Campaign.ID, Purpose: a.News.ID, Mailing: m.ID}, akkoord.ScopePurpose, byLink))(t)
	}
	a.Clock.Move(time.Minute)
	a.drain(t, accepted)
	if c := must(a.Counts(t.Context(), m.ID))(t); c.Skipped != 2 {
		t.Fatalf("%+v", c)
	}
	a.take(t, bounced(m, bob.ID, akkoord.ClassHard), akkoord.ReportCounts)
	a.take(t, complained(m, cas.ID), akkoord.ReportCounts)
	if !a.standing(t, "cas@voorbeeld.example").Suppressed(akkoord.SuppressedComplaint) {
		t.Error("who complained of the first copy is mailed on")
	}
	if diff := cmp.Diff(akkoord.Counts{Total: 4, Sent: 2, Bounced: 1, Skipped: 1}, must(a.Counts(t.Context(), m.ID))(t)); diff != "" {
		t.Error(diff)
	}
}

func testSendAgainReport(t *testing.T, a *Agency) {
	m := a.again(t, a.lost(t))
	bob := a.standing(t, "bob@voorbeeld.example").Subscriber
	a.take(t, bounced(m, bob.ID, akkoord.ClassHard), akkoord.ReportCounts)
	a.Clock.Move(time.Minute)
	a.drain(t, accepted)
	if diff := cmp.Diff(akkoord.Counts{Total: 4, Sent: 3, Bounced: 1}, must(a.Counts(t.Context(), m.ID))(t)); diff != "" {
		t.Errorf("who had no mailbox is not mailed again: %s", diff)
	}
	if _, err := a.SendAgain(t.Context(), Admin, m.PublicID, akkoord.LostCopies{Count: 1}); akkoord.CodeOf(err) != "uncertain_none" {
		t.Errorf("where nothing is uncertain it gave %v", err)
	}
}
