package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"akkoord"
)

func testReports(t *testing.T, open Open) {
	for _, part := range []struct {
		name string
		run  func(*testing.T, *Agency)
	}{
		{"J.6 a mailbox that is gone", testHardBounce},
		{"J.6 a mailbox that refuses for long", testSoftBounces},
		{"J.6 what is about us or the mail", testBouncesAboutUs},
		{"J.9 a complaint", testComplaint},
		{"J.7 a confirmation mail", testBounceAsked},
		{"J.12 about what was never sent", testUnsentReports},
		{"J.6 refused while sending", testRefusedWhileSending},
		{"M21 a mailbox that was left", testBounceOfFormerAddress},
		{"P07 totals add up whatever is told", testReportTotals},
		{"I.5 asked once in 90 days", testAskedOnceAfterComplaint},
		{"D.4 too many complaints pause", testComplaintsPause},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, newAgency(t, open)) })
	}
}

// sent sends a mailing to all who may get it; result says what became of each.
func (a *Agency) sent(t testing.TB, m akkoord.Mailing, result func(email string) akkoord.Result) akkoord.Mailing {
	t.Helper()
	m = must(a.StartMailing(t.Context(), Admin, m.PublicID))(t)
	a.drain(t, result)
	return must(a.MailingByID(t.Context(), m.ID))(t)
}

// drain sends all that can be claimed.
func (a *Agency) drain(t testing.TB, result func(email string) akkoord.Result) {
	t.Helper()
	for {
		w := must(a.Claim(t.Context()))(t)
		if w == nil {
			return
		}
		for i, r := range w.Recipients {
			if err := a.Mark(w, i, a.Clock.Now()); err != nil {
				t.Fatal(err)
			}
			res := result(r.Email.Address())
			res.At, res.FirstAt, res.Attempts = a.Clock.Now(), a.Clock.Now(), 1
			a.Note(w, i, res)
		}
		if err := a.Release(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
}

func accepted(string) akkoord.Result { return akkoord.Result{State: akkoord.Sent, Code: "250"} }

// draft gives a new mailing of a campaign.
func (a *Agency) draft(t testing.TB, campaign int64) akkoord.Mailing {
	t.Helper()
	return must(a.PutMailing(t.Context(), Admin, akkoord.Mailing{CampaignID: campaign, Content: akkoord.Content{Subject: "Sneeuw", Markdown: "Hallo"}}))(t)
}

func bounced(m akkoord.Mailing, person int64, class akkoord.Class) akkoord.Report {
	return akkoord.Report{Kind: akkoord.ReportBounce, Class: class, Mailing: m.ID, Subscriber: person, Status: "550 5.1.1", Reply: "no such user", Source: "dsn"}
}

func complained(m akkoord.Mailing, person int64) akkoord.Report {
	return akkoord.Report{Kind: akkoord.ReportComplaint, Mailing: m.ID, Subscriber: person, Source: "arf"}
}

func (a *Agency) take(t testing.TB, r akkoord.Report, want akkoord.ReportCode) {
	t.Helper()
	if got := must(a.TakeReport(t.Context(), r))(t); got.Code != want {
		t.Fatalf("the report came to %q, want %q", got.Code, want)
	}
}

func testHardBounce(t *testing.T, a *Agency) {
	p := a.active(t, "pim@voorbeeld.example", a.News, a.Ski)
	m := a.sent(t, a.Mailing, accepted)
	before := a.lines(t, p.Subscriber.ID)
	a.take(t, bounced(m, p.Subscriber.ID, akkoord.ClassHard), akkoord.ReportCounts)
	for range 2 { // the same report twice is once
		a.take(t, bounced(m, p.Subscriber.ID, akkoord.ClassHard), akkoord.ReportRepeats)
	}
	st := a.standing(t, "pim@voorbeeld.example")
	if !st.Suppressed(akkoord.SuppressedHardBounce) || !cmp.Equal(st.Subscriptions, p.Subscriptions) {
		t.Errorf("consent is untouched and mail stops: %+v", st)
	}
	if diff := cmp.Diff(append(before, "suppressed"), a.lines(t, p.Subscriber.ID)); diff != "" {
		t.Errorf("the ledger: %s", diff)
	}
	d := must(a.DeliveryTo(t.Context(), m.ID, p.Subscriber.ID))(t)
	if d.State != akkoord.Bounced || d.Code != "550 5.1.1" || d.Reply != "no such user" {
		t.Errorf("the delivery is %+v", d)
	}
	if v := must(a.Gate(t.Context(), p.Subscriber.Email, a.News.Slug, nil))(t); v.Code != "bounced" {
		t.Errorf("the gate says %+v", v)
	}
	if got := must(a.Reports(t.Context(), m.ID))(t); got.Bounces[akkoord.ClassHard] != 1 || got.Complaints != 0 {
		t.Errorf("the mailing's reports are %+v", got)
	}
	if _, err := a.VerifyLedger(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

func testSoftBounces(t *testing.T, a *Agency) {
	p := a.active(t, "pim@voorbeeld.example", a.News).Subscriber
	campaigns := []int64{a.Campaign.ID}
	for _, slug := range []string{"zomer", "herfst"} {
		campaigns = append(campaigns, must(a.PutCampaign(t.Context(), Admin, akkoord.Campaign{Slug: slug, Name: slug, PurposeID: a.News.ID}))(t).ID)
	}
	first := a.sent(t, a.draft(t, campaigns[0]), accepted) // of which nothing comes back
	for i := range 5 {
		a.Clock.Move(4 * 24 * time.Hour)
		m := a.sent(t, a.draft(t, campaigns[i%3]), accepted)
		if st := a.standing(t, "pim@voorbeeld.example"); st.PausedUntil.After(a.Clock.Now()) {
			t.Fatalf("left alone after %d", i)
		}
		a.take(t, bounced(m, p.ID, akkoord.ClassSoft), akkoord.ReportCounts)
	}
	a.take(t, bounced(first, p.ID, akkoord.ClassSoft), akkoord.ReportCounts) // late, and before all others
	st := a.standing(t, "pim@voorbeeld.example")
	if rest := st.PausedUntil.Sub(a.Clock.Now()); rest < 89*24*time.Hour || rest > 91*24*time.Hour || len(st.Suppressions) > 0 {
		t.Errorf("left alone until %s, with %v", st.PausedUntil, st.Suppressions)
	}
	a.Clock.Move(91 * 24 * time.Hour)
	if v := must(a.Gate(t.Context(), p.Email, a.News.Slug, nil))(t); !v.Allowed {
		t.Errorf("after three months the gate says %+v", v)
	}
}

func testBouncesAboutUs(t *testing.T, a *Agency) {
	p := a.active(t, "pim@voorbeeld.example", a.News)
	for range 6 {
		a.Clock.Move(7 * 24 * time.Hour)
		for _, class := range []akkoord.Class{akkoord.ClassPolicy, akkoord.ClassContent} {
			m := a.sent(t, a.draft(t, a.Campaign.ID), accepted)
			a.take(t, bounced(m, p.Subscriber.ID, class), akkoord.ReportCounts)
			if d := must(a.DeliveryTo(t.Context(), m.ID, p.Subscriber.ID))(t); d.State != akkoord.Bounced {
				t.Errorf("the delivery is %s", d.State)
			}
		}
	}
	if diff := cmp.Diff(p, a.standing(t, "pim@voorbeeld.example"), cmpopts.EquateComparable(akkoord.Email{})); diff != "" {
		t.Errorf("the person changed: %s", diff)
	}
}

func testComplaint(t *testing.T, a *Agency) {
	p := a.active(t, "pim@voorbeeld.example", a.News, a.Ski).Subscriber
	m := a.sent(t, a.Mailing, accepted)
	a.take(t, complained(m, p.ID), akkoord.ReportCounts)
	a.take(t, complained(m, p.ID), akkoord.ReportRepeats)
	a.take(t, bounced(m, p.ID, akkoord.ClassHard), akkoord.ReportCounts)
	st := a.standing(t, "pim@voorbeeld.example")
	if !st.Suppressed(akkoord.SuppressedComplaint) || st.Subscription(a.News.ID).State != akkoord.Withdrawn || st.Subscription(a.Ski.ID).State != akkoord.Withdrawn {
		t.Errorf("every purpose ends: %+v", st)
	}
	if got := a.lines(t, p.ID); strings.Join(got[len(got)-4:], ",") != "withdrawn news,withdrawn ski,suppressed,suppressed" {
		t.Errorf("the ledger: %q", got)
	}
	i := a.imported(t, a.spec(akkoord.BasisConsent), "email,confirmed_at\npim@voorbeeld.example,2027-01-01\n")
	if st := a.standing(t, "pim@voorbeeld.example"); st.Subscription(a.News.ID).State != akkoord.Withdrawn {
		t.Errorf("P15: import %s brought them back", i.State)
	}
	if a.active(t, "pim@voorbeeld.example", a.News).Suppressed(akkoord.SuppressedComplaint) {
		t.Error("I.5: their own new confirmation lifts it")
	}
	if _, err := a.VerifyLedger(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

func testBounceAsked(t *testing.T, a *Agency) {
	ctx := t.Context()
	e := email(t, "typo@voorbeeld.example")
	known := a.active(t, "pim@voorbeeld.example", a.News).Subscriber
	report := func(p int64) akkoord.Report {
		return akkoord.Report{Kind: akkoord.ReportBounce, Class: akkoord.ClassHard, Subscriber: p, Status: "5.1.1", Source: "dsn"}
	}
	send := func(code string) {
		t.Helper()
		for _, d := range must(a.ClaimSystem(ctx, 10))(t) {
			if err := a.SettleSystem(ctx, akkoord.SystemResult{ID: d.ID, Fence: d.Fence, Done: true, Code: code, Attempts: 1}); err != nil {
				t.Fatal(err)
			}
		}
	}
	send("250") // of pim's sign-up nothing is left to ask
	for _, how := range []string{"told later", "refused at once"} {
		if err := a.SignUp(ctx, a.signUp(e, a.News)); err != nil {
			t.Fatal(err)
		}
		p := a.standing(t, e.Address()).Subscriber
		a.take(t, report(p.ID), akkoord.ReportUnsent) // nothing went out yet
		if how == "told later" {
			send("250")
			soft := report(p.ID)
			a.take(t, report(p.ID), akkoord.ReportCounts)
			a.take(t, soft, akkoord.ReportUnsent)
		} else {
			send("550 5.1.1")
		}
		st := a.standing(t, e.Address())
		if st.Subscriber.ID != 0 || len(st.Suppressions) > 0 {
			t.Errorf("%s: what nobody confirmed is forgotten at once: %+v", how, st)
		}
		if got := a.lines(t, p.ID); strings.Join(got, ",") != "requested news,expired news" {
			t.Errorf("%s: the ledger: %q", how, got)
		}
	}

	if err := a.SignUp(ctx, a.signUp(known.Email, a.Ski)); err != nil {
		t.Fatal(err)
	}
	send("250")
	a.take(t, report(known.ID), akkoord.ReportCounts)
	st := a.standing(t, "pim@voorbeeld.example")
	if !st.Suppressed(akkoord.SuppressedHardBounce) || st.Subscription(a.News.ID).State != akkoord.Active || st.Subscription(a.Ski.ID).State != akkoord.Lapsed {
		t.Errorf("whoever agreed to something stays on record: %+v", st)
	}
	if _, err := a.VerifyLedger(ctx, nil); err != nil {
		t.Error(err)
	}
}

// An address that complained and is typed into a form again gets one question in
// 90 days, whoever types it.
func testAskedOnceAfterComplaint(t *testing.T, a *Agency) {
	ctx := t.Context()
	p := a.active(t, "pim@voorbeeld.example", a.News)
	m := a.sent(t, a.Mailing, accepted)
	a.take(t, complained(m, p.Subscriber.ID), akkoord.ReportCounts)
	day := 24 * time.Hour
	for _, tt := range []struct {
		after time.Duration
		mails int
	}{{time.Hour, 1}, {time.Minute, 0}, {2 * day, 0}, {40 * day, 0}, {47 * day, 0}, {2 * day, 1}, {80 * day, 0}} {
		a.Clock.Move(tt.after)
		must(a.ExpirePending(ctx, 10))(t)
		noFault(t, a.SignUp(ctx, a.signUp(p.Subscriber.Email, a.News)))
		if got := a.empty(t); len(got) != tt.mails || len(got) > 0 && got[0].Mail != akkoord.MailConfirm {
			t.Errorf("after %s more: %d mails, want %d", tt.after, len(got), tt.mails)
		}
	}
	other := a.signUp(must(akkoord.ParseEmail("bo@voorbeeld.example"))(t), a.News)
	for range 2 {
		a.Clock.Move(2 * day)
		noFault(t, a.SignUp(ctx, other))
		if got := a.empty(t); len(got) != 1 {
			t.Errorf("whoever did not complain gets %d mails", len(got))
		}
	}
}

func testUnsentReports(t *testing.T, a *Agency) {
	p := a.active(t, "pim@voorbeeld.example", a.News)
	queued := must(a.StartMailing(t.Context(), Admin, a.Mailing.PublicID))(t)
	skipped := a.draft(t, a.Campaign.ID)
	for name, r := range map[string]akkoord.Report{
		"queued":           bounced(queued, p.Subscriber.ID, akkoord.ClassHard),
		"queued complaint": complained(queued, p.Subscriber.ID),
		"a draft":          bounced(skipped, p.Subscriber.ID, akkoord.ClassHard),
		"no mailing":       {Kind: akkoord.ReportBounce, Class: akkoord.ClassHard, Mailing: 99, Subscriber: p.Subscriber.ID},
		"nobody":           bounced(queued, 99, akkoord.ClassHard),
		"no sign-up's":     {Kind: akkoord.ReportComplaint, Subscriber: p.Subscriber.ID},
	} {
		if got := must(a.TakeReport(t.Context(), r))(t); got.Code != akkoord.ReportUnsent {
			t.Errorf("%s: %q", name, got.Code)
		}
	}
	if diff := cmp.Diff(p, a.standing(t, "pim@voorbeeld.example"), cmpopts.EquateComparable(akkoord.Email{})); diff != "" {
		t.Errorf("the person changed: %s", diff)
	}
	// One that is quicker than what is settled counts.
	w := must(a.Claim(t.Context()))(t)
	a.take(t, bounced(queued, p.Subscriber.ID, akkoord.ClassHard), akkoord.ReportCounts)
	if v := must(a.Ask(t.Context(), w, 0))(t); v.Code != "bounced" {
		t.Errorf("the gate says %+v", v)
	}
	a.Note(w, 0, akkoord.Result{State: akkoord.Sent, Code: "250", At: a.Clock.Now()})
	if err := a.Release(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	if c := must(a.Counts(t.Context(), queued.ID))(t); c != (akkoord.Counts{Total: 1, Bounced: 1}) {
		t.Errorf("the counts are %+v", c)
	}
	if m := must(a.MailingByID(t.Context(), queued.ID))(t); m.State != akkoord.MailingSent {
		t.Errorf("the mailing is %s", m.State)
	}
}

func testRefusedWhileSending(t *testing.T, a *Agency) {
	want := map[string]bool{}
	for i, code := range []string{"550 5.1.1", "550 5.1.1", "550 5.1.1", "552 5.2.2", "552 5.3.4", "250", "expired"} {
		address := fmt.Sprintf("p%d@voorbeeld.example", i)
		a.active(t, address, a.News)
		want[address] = code == "550 5.1.1"
	}
	codes := []string{"550 5.1.1", "550 5.1.1", "550 5.1.1", "552 5.2.2", "552 5.3.4", "250", "expired"}
	m := a.sent(t, a.Mailing, func(address string) akkoord.Result {
		code := codes[address[1]-'0']
		if code == "250" {
			return accepted(address)
		}
		return akkoord.Result{State: akkoord.Failed, Code: code, Reply: "no"}
	})
	for address, gone := range want {
		if st := a.standing(t, address); st.Suppressed(akkoord.SuppressedHardBounce) != gone {
			t.Errorf("%s stands as %+v", address, st.Suppressions)
		}
	}
	got := must(a.Reports(t.Context(), m.ID))(t)
	if diff := cmp.Diff(map[akkoord.Class]int64{akkoord.ClassHard: 3, akkoord.ClassSoft: 2, akkoord.ClassContent: 1}, got.Bounces); diff != "" {
		t.Errorf("the mailing's reports: %s", diff)
	}
	if diff := cmp.Diff(map[int64]akkoord.Reports{m.ID: got, 4711: {Bounces: map[akkoord.Class]int64{}}}, must(a.ReportsOf(t.Context(), []int64{m.ID, 4711}))(t)); diff != "" {
		t.Errorf("beside those of another mailing: %s", diff)
	}
	for class, want := range map[akkoord.Class]int{akkoord.ClassNone: 7, akkoord.ClassHard: 3, akkoord.ClassSoft: 2, akkoord.ClassContent: 1, akkoord.ClassPolicy: 0} {
		if list, _, err := a.Deliveries(t.Context(), m.ID, akkoord.DeliveryFilter{Class: class}, akkoord.Page{}); err != nil || len(list) != want {
			t.Errorf("%d deliveries of class %q (%v), want %d", len(list), class, err, want)
		}
	}
	if c := must(a.Counts(t.Context(), m.ID))(t); c.Failed != 6 || c.Sent != 1 || c.Total != 7 {
		t.Errorf("the counts are %+v", c)
	}
}

func testBounceOfFormerAddress(t *testing.T, a *Agency) {
	p := a.active(t, "oud@voorbeeld.example", a.News).Subscriber
	m := a.sent(t, a.Mailing, accepted)
	a.Clock.Move(time.Hour)
	a.readdress(t, p.PublicID, "nieuw@voorbeeld.example")
	a.take(t, bounced(m, p.ID, akkoord.ClassHard), akkoord.ReportCounts)
	if st := a.standing(t, "nieuw@voorbeeld.example"); st.Subscriber.ID != p.ID || len(st.Suppressions) > 0 {
		t.Errorf("what is said of the old mailbox stands against the new one: %+v", st)
	}
}

func testReportTotals(t *testing.T, a *Agency) {
	people := make([]int64, 12)
	for i := range people {
		people[i] = a.active(t, fmt.Sprintf("p%d@voorbeeld.example", i), a.News).Subscriber.ID
	}
	var sent []akkoord.Mailing
	rapid.Check(t, func(rt *rapid.T) {
		sent = append(sent, a.sent(t, a.draft(t, a.Campaign.ID), func(string) akkoord.Result {
			return rapid.SampledFrom([]akkoord.Result{
				{State: akkoord.Sent, Code: "250"}, {State: akkoord.Sent, Code: "250"}, {State: akkoord.Uncertain, Code: "body"}, {State: akkoord.Failed, Code: "552 5.2.2"},
			}).Draw(rt, "result")
		}))
		for range rapid.IntRange(0, 12).Draw(rt, "reports") {
			m := rapid.SampledFrom(sent).Draw(rt, "mailing")
			person := rapid.SampledFrom(people).Draw(rt, "person")
			r := complained(m, person)
			if rapid.IntRange(0, 9).Draw(rt, "kind") > 0 {
				r = bounced(m, person, rapid.SampledFrom([]akkoord.Class{akkoord.ClassHard, akkoord.ClassSoft, akkoord.ClassPolicy, akkoord.ClassContent}).Draw(rt, "class"))
			}
			before := must(a.Counts(t.Context(), m.ID))(t)
			was, err := a.DeliveryTo(t.Context(), m.ID, person)
			out := must(a.TakeReport(t.Context(), r))(t)
			after := must(a.Counts(t.Context(), m.ID))(t)
			if after.Total != before.Total {
				rt.Fatalf("%d people became %d", before.Total, after.Total)
			}
			moves := err == nil && r.Kind == akkoord.ReportBounce && out.Code == akkoord.ReportCounts && was.State != akkoord.Bounced
			if (after.Bounced-before.Bounced == 1) != moves {
				rt.Fatalf("%+v came to %+v, and %+v became %+v", r, out, before, after)
			}
			if err == nil && (was.State == akkoord.Skipped || was.State == akkoord.Failed) && out.Code != akkoord.ReportUnsent {
				rt.Fatalf("a report about a %s delivery came to %q", was.State, out.Code)
			}
		}
	})
	if _, err := a.VerifyLedger(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

func testComplaintsPause(t *testing.T, a *Agency) {
	ctx := t.Context()
	people := make([]int64, akkoord.ReportSample+300)
	for i := range people {
		people[i] = a.active(t, fmt.Sprintf("p%d@voorbeeld.example", i), a.News).Subscriber.ID
	}
	m := a.sent(t, a.Mailing, func(address string) akkoord.Result {
		if address == "p499@voorbeeld.example" { // so that it is not over
			return akkoord.Result{State: akkoord.Deferred, Code: "451", NextAt: a.Clock.Now().Add(time.Hour)}
		}
		return accepted(address)
	})
	state := func() akkoord.Mailing { return must(a.MailingByID(ctx, m.ID))(t) }
	a.take(t, complained(m, people[0]), akkoord.ReportCounts)
	if state().State != akkoord.MailingSending {
		t.Fatal("one complaint of 499 pauses")
	}
	a.take(t, complained(m, people[1]), akkoord.ReportCounts)
	if got := state(); got.State != akkoord.MailingPaused || !strings.HasPrefix(got.Why.Text, "2 of 499 people reported this mailing as unwanted: 0.40 %, and it stops at 0.30 %.") {
		t.Fatalf("two complaints of 499: %s, %q", got.State, got.Why.Text)
	}
	must(a.ResumeMailing(ctx, Admin, m.PublicID))(t)
	a.take(t, complained(m, people[2]), akkoord.ReportCounts)
	if got := state(); got.State != akkoord.MailingSending || got.Why.Text != "" {
		t.Errorf("after somebody resumed it is counted anew: %s, %q", got.State, got.Why.Text)
	}
	for i := 10; i < 24; i++ {
		a.take(t, bounced(m, people[i], akkoord.ClassPolicy), akkoord.ReportCounts)
	}
	if got := state(); got.State != akkoord.MailingSending {
		t.Errorf("14 of 499 refusals about us: %s, %q", got.State, got.Why.Text)
	}
	warnings := must(a.Reports(ctx, m.ID))(t).Warnings(must(a.Counts(ctx, m.ID))(t))
	if len(warnings) != 2 || warnings[0].Code != "complaints" || warnings[1].Code != "policy_bounces" {
		t.Errorf("the warnings are %+v", warnings)
	}
}
