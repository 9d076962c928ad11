package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"akkoord"
)

func testResults(t *testing.T, open Open) {
	for _, part := range []struct {
		name string
		run  func(*testing.T, *Agency)
	}{
		{"P07 figures add up", testResultsAddUp},
		{"J.5 by class, provider and time", testResultsByTime},
		{"J.5 mailings by when they were started", testStartedMailings},
		{"M22 clicks of people, of the nameless and of programs", testResultsOfClicks},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, newAgency(t, open)) })
	}
}

// testResultsAddUp: whatever becomes of a mailing, its figures by provider,
// class and time are the counts of the mailing.
func testResultsAddUp(t *testing.T, a *Agency) {
	ctx := t.Context()
	var people []akkoord.Subscriber
	for i := range 24 {
		domain := []string{"gmail.com", "googlemail.com", "voorbeeld.example", fmt.Sprintf("d%d.example", i)}[i%4]
		people = append(people, a.active(t, fmt.Sprintf("p%d@%s", i, domain), a.News).Subscriber)
	}
	rapid.Check(t, func(rt *rapid.T) {
		m := a.sent(t, a.draft(t, a.Campaign.ID), func(string) akkoord.Result {
			a.Clock.Move(time.Duration(rapid.IntRange(0, 200).Draw(rt, "seconds")) * time.Second)
			return rapid.SampledFrom([]akkoord.Result{
				{State: akkoord.Sent, Code: "250"}, {State: akkoord.Uncertain, Code: "body"}, {State: akkoord.Failed, Code: "552 5.2.2"},
				{State: akkoord.Deferred, Code: "450 4.7.1", NextAt: a.Clock.Now().Add(1000 * time.Hour)}, {State: akkoord.Deferred, Code: akkoord.DelayProvider, NextAt: a.Clock.Now().Add(1000 * time.Hour)},
			}).Draw(rt, "result")
		})
		for range rapid.IntRange(0, 12).Draw(rt, "acts") {
			a.Clock.Move(time.Duration(rapid.IntRange(0, 100).Draw(rt, "hours")) * time.Hour)
			p := rapid.SampledFrom(people).Draw(rt, "person")
			switch rapid.IntRange(0, 2).Draw(rt, "act") {
			case 0:
				must(a.TakeReport(ctx, complained(m, p.ID)))(t)
			case 1:
				must(a.TakeReport(ctx, bounced(m, p.ID, rapid.SampledFrom([]akkoord.Class{akkoord.ClassSoft, akkoord.ClassPolicy, akkoord.ClassContent}).Draw(rt, "class"))))(t)
			case 2:
				must(a.Leave(ctx, akkoord.Link{Subscriber: p.PublicID, Campaign: a.Campaign.ID, Purpose: a.News.ID, Mailing: m.ID}, akkoord.ScopeCampaign, byLink))(t)
			}
		}
		r := must(a.Results(ctx, must(a.MailingByID(ctx, m.ID))(t)))(t)
		a.addsUp(t, rt, m, r)
	})
}

func (a *Agency) addsUp(t *testing.T, rt *rapid.T, m akkoord.Mailing, r akkoord.MailingResults) {
	ctx := t.Context()
	reports, left, counts := must(a.Reports(ctx, m.ID))(t), must(a.UnsubscribedBy(ctx, m.ID))(t), must(a.Counts(ctx, m.ID))(t)
	all := r.All
	if all.Counts != counts || all.Left != left || all.Complaints != reports.Complaints || r.Readers.Left != left {
		rt.Fatalf("figures of %+v, %d left and %+v: %+v", counts, left, reports, all)
	}
	bounces := map[akkoord.Class]int64{}
	for class, n := range reports.Bounces {
		bounces[class] = n
	}
	if diff := cmp.Diff(bounces, all.Refused); diff != "" {
		rt.Fatalf("refused by class: %s", diff)
	}
	if total(all.Refused) != counts.Failed+counts.Bounced || total(all.Waiting) != counts.Deferred {
		rt.Fatalf("classes of %+v: %+v", counts, all)
	}
	if sum(r.ByTime) != all.HandedOver() {
		rt.Fatalf("%d were handed over, and by time %v", all.HandedOver(), r.ByTime)
	}
	for kind, want := range map[akkoord.ResponseKind]int64{akkoord.RespondedLeaving: left, akkoord.RespondedComplaint: reports.Complaints} {
		if got := sum(r.Responses[kind]) + r.Later[kind]; got != want {
			rt.Fatalf("%s: %d by time, %d in all", kind, got, want)
		}
	}
	var parts akkoord.Outcomes
	parts.Refused, parts.Waiting = map[akkoord.Class]int64{}, map[akkoord.Class]int64{}
	for i, p := range r.Providers {
		if p.Name == "" && i < len(r.Providers)-1 || p.Name != "" && p.Total < int64(akkoord.Limits.ClickGroup) {
			rt.Fatalf("provider %d is %q with %d people", i, p.Name, p.Total)
		}
		if sum(p.ByTime) != p.HandedOver() {
			rt.Fatalf("%s: %d were handed over, and by time %v", p.Name, p.HandedOver(), p.ByTime)
		}
		parts.Counts.Merge(p.Counts)
		parts.Left, parts.Complaints = parts.Left+p.Left, parts.Complaints+p.Complaints
		for class, n := range p.Refused {
			parts.Refused[class] += n
		}
		for class, n := range p.Waiting {
			parts.Waiting[class] += n
		}
	}
	if diff := cmp.Diff(all, parts); diff != "" {
		rt.Fatalf("all is not the sum of the providers: %s", diff)
	}
}

func sum(numbers []int64) (n int64) {
	for _, x := range numbers {
		n += x
	}
	return n
}

func total(classes map[akkoord.Class]int64) (n int64) {
	for _, x := range classes {
		n += x
	}
	return n
}

func testResultsByTime(t *testing.T, a *Agency) {
	ctx := t.Context()
	var gone []akkoord.Subscriber
	for i := range 12 {
		domain := []string{"gmail.com", "googlemail.com", "eigen.example"}[i%3]
		gone = append(gone, a.active(t, fmt.Sprintf("p%d@%s", i, domain), a.News).Subscriber)
	}
	n, code := 0, "250 2.1.5"
	m := a.sent(t, a.Mailing, func(string) akkoord.Result {
		if n++; n == 7 {
			a.Clock.Move(90 * time.Second)
			code = "250 2.0.0" // neighbours of whom the same is known share a time
		}
		switch n {
		case 1:
			return akkoord.Result{State: akkoord.Failed, Code: "550 5.1.1", Reply: "no such user"}
		case 2:
			return akkoord.Result{State: akkoord.Failed, Code: "550 5.7.1", Reply: "spam"}
		}
		return akkoord.Result{State: akkoord.Sent, Code: code}
	})
	a.Clock.Move(time.Hour)
	a.take(t, bounced(m, gone[3].ID, akkoord.ClassContent), akkoord.ReportCounts)
	a.take(t, complained(m, gone[4].ID), akkoord.ReportCounts)
	must(a.Leave(ctx, akkoord.Link{Subscriber: gone[5].PublicID, Campaign: a.Campaign.ID, Purpose: a.News.ID, Mailing: m.ID}, akkoord.ScopeCampaign, byLink))(t)
	must(a.Store.Erase(ctx, gone[6].PublicID, "asked for by phone", byAdmin))(t)
	m = must(a.MailingByID(ctx, m.ID))(t)
	r := must(a.Results(ctx, m))(t)
	if r.Sending.Step != time.Minute || r.After.Step != 5*time.Minute {
		t.Errorf("steps of %s and %s", r.Sending.Step, r.After.Step)
	}
	if diff := cmp.Diff([]int64{4, 6}, r.ByTime); diff != "" {
		t.Errorf("by minute: %s", diff)
	}
	if diff := cmp.Diff(map[akkoord.Class]int64{akkoord.ClassHard: 1, akkoord.ClassPolicy: 1, akkoord.ClassContent: 1}, r.All.Refused); diff != "" {
		t.Errorf("by class: %s", diff)
	}
	if len(r.Providers) != 2 || r.Providers[0].Name != "google" || r.Providers[0].Total != 7 || r.Providers[0].Complaints != 1 || r.Providers[1].Name != "" || r.Providers[1].Total != 5 {
		t.Errorf("both domains of one provider are one, and a domain of four is no name: %+v", r.Providers)
	}
	hour := int(time.Hour / r.After.Step)
	if left := r.Responses[akkoord.RespondedLeaving]; left[hour] != 2 || sum(left) != 2 {
		t.Errorf("who left, whoever complained among them, by %s: %v", r.After.Step, left)
	}
	a.Clock.Move(60 * 24 * time.Hour)
	must(a.Leave(ctx, akkoord.Link{Subscriber: gone[7].PublicID, Campaign: a.Campaign.ID, Purpose: a.News.ID, Mailing: m.ID}, akkoord.ScopePurpose, byLink))(t)
	if r = must(a.Results(ctx, m))(t); r.Later[akkoord.RespondedLeaving] != 1 || r.All.Left != 3 || r.Readers.Left != 3 {
		t.Errorf("two months later: %+v", r)
	}
	if got := must(a.ReadersOf(ctx, []int64{m.ID, m.ID + 1}))(t); got[m.ID].Left != 3 || got[m.ID].Complaints != 1 || got[m.ID+1] != (akkoord.Readers{}) {
		t.Errorf("summed up: %+v", got)
	}
}

// testStartedMailings starts mailings in another order than they were drafted in.
func testStartedMailings(t *testing.T, a *Agency) {
	var all []akkoord.Mailing
	for range 4 {
		all = append(all, a.draft(t, a.Campaign.ID))
	}
	for _, i := range []int{2, 0, 1} {
		a.Clock.Move(time.Minute)
		all[i] = a.sent(t, all[i], func(string) akkoord.Result { return akkoord.Result{State: akkoord.Sent, Code: "250"} })
	}
	for _, c := range []struct {
		upTo  time.Time
		limit int
		want  []int
	}{
		{time.Time{}, 12, []int{1, 0, 2}},
		{time.Time{}, 2, []int{1, 0}},
		{all[0].StartedAt, 12, []int{0, 2}},
		{all[2].StartedAt, 12, []int{2}},
	} {
		var want, got []int64
		for _, i := range c.want {
			want = append(want, all[i].ID)
		}
		for _, m := range must(a.StartedMailings(t.Context(), a.Campaign.ID, c.upTo, c.limit))(t) {
			got = append(got, m.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d up to %s: %s", c.limit, c.upTo, diff)
		}
	}
	for _, c := range []struct {
		since time.Time
		limit int
		want  []int
	}{
		{time.Time{}, 12, []int{1, 0, 2}},
		{all[0].StartedAt, 12, []int{1, 0}},
		{all[2].StartedAt, 2, []int{1, 0}},
		{all[1].StartedAt.Add(time.Microsecond), 12, nil},
	} {
		var want, got []int64
		for _, i := range c.want {
			want = append(want, all[i].ID)
		}
		for _, m := range must(a.LatelyStarted(t.Context(), c.since, c.limit))(t) {
			got = append(got, m.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d since %s: %s", c.limit, c.since, diff)
		}
	}
}

func testResultsOfClicks(t *testing.T, a *Agency) {
	ctx := t.Context()
	yes, too := a.active(t, "anouk@voorbeeld.example", a.News).Subscriber, a.active(t, "bram@voorbeeld.example", a.News).Subscriber
	a.active(t, "chris@voorbeeld.example", a.News)
	for _, p := range []akkoord.Subscriber{yes, too} {
		noFault(t, a.Track(ctx, p.PublicID, a.News.ID, true, byLink))
	}
	a.Clock.Move(time.Minute)
	numbers := a.sentTo(t, akkoord.MailLink{URL: "https://www.zonvaart.example/ski"}, akkoord.MailLink{URL: "https://www.zonvaart.example/zon"})
	click := func(p akkoord.Subscriber, i int, by akkoord.ClickBy) {
		t.Helper()
		noFault(t, a.NoteClick(ctx, akkoord.Link{Subscriber: p.PublicID, Target: numbers[i]}, by))
		a.Clock.Move(time.Hour)
	}
	click(yes, 0, byPerson)
	click(yes, 1, byPerson)
	click(too, 0, akkoord.ClickBy{Head: true, Agent: firefox})
	click(too, 1, byPerson)
	check := func(want akkoord.Readers, known, nameless, machine int64) {
		t.Helper()
		m := must(a.MailingByID(ctx, a.Mailing.ID))(t)
		r := must(a.Results(ctx, m))(t)
		if k, n, p := r.Clicks(); r.Readers != want || k != known || n != nameless || p != machine {
			t.Errorf("%+v, clicks %d, %d, %d", r.Readers, k, n, p)
		}
		if got := must(a.ReadersOf(ctx, []int64{m.ID}))(t)[m.ID]; got != want {
			t.Errorf("summed up: %+v", got)
		}
	}
	check(akkoord.Readers{Counted: 2, Clicked: 2}, 3, 0, 1)
	noFault(t, a.Track(ctx, yes.PublicID, a.News.ID, false, byLink))
	check(akkoord.Readers{Counted: 1, Clicked: 1}, 1, 2, 1)
}
