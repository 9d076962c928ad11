package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"akkoord"
	"akkoord/store"
)

const day = 24 * time.Hour

// step drafts a mailing of the agency's campaign with a trigger.
func (a *Agency) step(t testing.TB, subject string, trigger akkoord.MailingTrigger) akkoord.Mailing {
	t.Helper()
	return must(a.PutMailing(t.Context(), Admin, akkoord.Mailing{CampaignID: a.Campaign.ID, Content: akkoord.Content{Subject: subject, Markdown: "Hallo"}, Trigger: &trigger}))(t)
}

func (a *Agency) begin(t testing.TB, subject string, trigger akkoord.MailingTrigger) akkoord.Mailing {
	t.Helper()
	return must(a.StartMailing(t.Context(), Admin, a.step(t, subject, trigger).PublicID))(t)
}

// pass lets time go by, in hours or in 48 parts, and sends what becomes due. It
// gives who got which mailing, and fails where somebody gets one twice.
func (a *Agency) pass(t testing.TB, d time.Duration, got map[[2]int64]int) {
	t.Helper()
	ctx := t.Context()
	stride := max(time.Hour, d/48)
	for {
		noFault(t, second(a.RunSeries(ctx, akkoord.Job{EndedAt: a.Clock.Now()})))
		for w := must(a.Claim(ctx))(t); w != nil; w = must(a.Claim(ctx))(t) {
			for i, r := range w.Recipients {
				if got[[2]int64{w.MailingID, r.SubscriberID}]++; got[[2]int64{w.MailingID, r.SubscriberID}] > 1 {
					t.Errorf("person %d got mailing %d twice", r.SubscriberID, w.MailingID)
				}
				noFault(t, a.Mark(w, i, a.Clock.Now()))
				a.Note(w, i, akkoord.Result{State: akkoord.Sent, Code: "250", Attempts: 1, At: a.Clock.Now(), FirstAt: a.Clock.Now()})
			}
			noFault(t, a.Release(ctx, w))
		}
		if d <= 0 {
			return
		}
		by := min(d, stride)
		a.Clock.Move(by)
		d -= by
	}
}

// gotIt tells whether a person got a mailing.
func gotIt(got map[[2]int64]int, m akkoord.Mailing, st akkoord.Standing) bool {
	return got[[2]int64{m.ID, st.Subscriber.ID}] > 0
}

// A welcome series: from its start on, each step once, and nobody who leaves.
func testSeries(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	before := a.active(t, "before@voorbeeld.example", a.News)
	a.Clock.Move(time.Minute)
	welcome := a.step(t, "Welkom", akkoord.MailingTrigger{On: akkoord.OnConfirmed})
	if f := must(a.TriggerFigures(ctx, welcome))(t); f.Past != 1 || f.Waiting != nil {
		t.Errorf("before the start it is said that %+v", f)
	}
	tips := a.step(t, "Tips", akkoord.MailingTrigger{On: akkoord.OnMailing, Mailing: welcome.PublicID, Days: 2})
	for _, m := range []akkoord.Mailing{welcome, tips} {
		if m := must(a.StartMailing(ctx, Admin, m.PublicID))(t); m.State != akkoord.MailingSending || m.StartedAt.IsZero() {
			t.Fatalf("it is %s", m.State)
		}
	}
	got := map[[2]int64]int{}
	a.pass(t, time.Hour, got)
	if len(got) != 0 {
		t.Fatalf("somebody of before got mail: %v", got)
	}
	stays, leaves := a.active(t, "stays@voorbeeld.example", a.News), a.active(t, "leaves@voorbeeld.example", a.News)
	ski := a.active(t, "ski@voorbeeld.example", a.Ski)
	a.pass(t, 2*time.Hour, got)
	if !gotIt(got, welcome, stays) || !gotIt(got, welcome, leaves) || len(got) != 2 {
		t.Fatalf("after confirming: %v", got)
	}
	if f := must(a.TriggerFigures(ctx, must(a.MailingByID(ctx, tips.ID))(t)))(t); f.Waiting == nil || *f.Waiting != 2 {
		t.Errorf("two wait for the second step, it is said that %+v", f)
	}
	a.Clock.Move(40 * time.Hour)
	link := akkoord.Link{Subscriber: leaves.Subscriber.PublicID, Purpose: a.News.ID, Campaign: a.Campaign.ID, Mailing: welcome.ID}
	noFault(t, second(a.Leave(ctx, link, akkoord.ScopeCampaign, akkoord.Origin{Source: "unsubscribe", Actor: akkoord.ActorPerson})))
	a.pass(t, 20*time.Hour, got)
	if !gotIt(got, tips, stays) || len(got) != 3 {
		t.Errorf("after two days: %v", got)
	}
	if gotIt(got, tips, leaves) || gotIt(got, welcome, before) || gotIt(got, welcome, ski) {
		t.Errorf("somebody got what they should not: %v", got)
	}
	if c := must(a.Counts(ctx, welcome.ID))(t); c.Total != 2 || c.Sent != 2 {
		t.Errorf("%+v", c)
	}
	if m := must(a.MailingByID(ctx, welcome.ID))(t); m.State != akkoord.MailingSending {
		t.Errorf("it is %s; a series goes on", m.State)
	}
	must(a.CancelMailing(ctx, Admin, welcome.PublicID))(t)
	a.active(t, "late@voorbeeld.example", a.News)
	a.pass(t, 2*time.Hour, got)
	if len(got) != 3 {
		t.Errorf("after its end: %v", got)
	}
}

// Whoever is claimed and leaves, or was taken in and leaves, gets nothing: the
// gate is asked as for every mailing (M1).
func testSeriesGate(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	welcome := a.begin(t, "Welkom", akkoord.MailingTrigger{On: akkoord.OnConfirmed})
	a.Clock.Move(time.Minute)
	st := a.active(t, "p@voorbeeld.example", a.News)
	a.Clock.Move(time.Minute)
	noFault(t, second(a.RunSeries(ctx, akkoord.Job{})))
	link := akkoord.Link{Subscriber: st.Subscriber.PublicID, Purpose: a.News.ID, Campaign: a.Campaign.ID, Mailing: welcome.ID}
	noFault(t, second(a.Leave(ctx, link, akkoord.ScopePurpose, akkoord.Origin{Source: "unsubscribe", Actor: akkoord.ActorPerson})))
	if w := must(a.Claim(ctx))(t); w != nil {
		t.Fatalf("claimed %+v", w)
	}
	if d := must(a.DeliveryTo(ctx, welcome.ID, st.Subscriber.ID))(t); d.State != akkoord.Skipped || d.Code != "withdrawn" {
		t.Errorf("it is %s %s", d.State, d.Code)
	}
}

// An edit of a running series mails nobody again and no crowd; it makes a version.
func testSeriesEdits(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	old := a.active(t, "old@voorbeeld.example", a.News)
	a.Clock.Move(time.Minute)
	m := a.begin(t, "Welkom", akkoord.MailingTrigger{On: akkoord.OnConfirmed, Days: 10})
	got := map[[2]int64]int{}
	early := a.active(t, "early@voorbeeld.example", a.News)
	a.pass(t, 3*day, got)
	late := a.active(t, "late@voorbeeld.example", a.News)
	edit := func(change func(*akkoord.Mailing)) akkoord.Mailing {
		t.Helper()
		m := must(a.MailingByID(ctx, m.ID))(t)
		change(&m)
		return must(a.PutMailing(ctx, Admin, m))(t)
	}
	edit(func(m *akkoord.Mailing) { m.Trigger.Days = 1 }) // early would have been due two days ago
	a.pass(t, 2*day, got)
	if gotIt(got, m, early) || !gotIt(got, m, late) {
		t.Errorf("after the edit: %v", got)
	}
	m = edit(func(m *akkoord.Mailing) { m.Content.Subject = "Welkom terug" })
	if len(m.Versions) != 2 || m.Latest() != 1 || m.Versions[0].Subject != "Welkom" || m.Variant(0).Subject != "Welkom" || m.Variant(m.Latest()).Subject != "Welkom terug" {
		t.Fatalf("the versions are %+v", m.Versions)
	}
	third := a.active(t, "third@voorbeeld.example", a.News)
	a.pass(t, 2*day, got)
	for person, want := range map[int64]int{late.Subscriber.ID: 0, third.Subscriber.ID: 1} {
		if d := must(a.DeliveryTo(ctx, m.ID, person))(t); d.Variant != want || d.State != akkoord.Sent {
			t.Errorf("person %d got version %d, %s", person, d.Variant, d.State)
		}
	}
	if sent := must(a.MailsTo(ctx, third.Subscriber.ID, 0, 9))(t); len(sent) != 1 || sent[0].Subject != "Welkom terug" {
		t.Errorf("the person is shown %+v", sent)
	}
	_ = edit(func(m *akkoord.Mailing) { m.Trigger.Past = true })
	a.pass(t, time.Hour, got)
	if !gotIt(got, m, early) || !gotIt(got, m, old) || len(got) != 4 {
		t.Errorf("with people of before: %v", got)
	}
	entries, _, err := a.SearchAudit(ctx, akkoord.AuditFilter{Action: "mailing.change"}, akkoord.Page{})
	noFault(t, err)
	var notes []string
	for _, e := range entries {
		notes = append(notes, e.Note)
	}
	slices.Sort(notes) // in the order of the versions
	if want := []string{"version 1, trigger confirmed", "version 2", "version 2, trigger confirmed"}; !slices.Equal(notes, want) {
		t.Errorf("the audit trail says %q", notes)
	}
	if _, err := a.PutMailing(ctx, Admin, m); akkoord.CodeOf(err) != "mailing_changed" {
		t.Errorf("an edit of what is no longer so gave %v", err)
	}
	broken := must(a.MailingByID(ctx, m.ID))(t)
	broken.Content.Subject = ""
	if _, err := a.PutMailing(ctx, Admin, broken); akkoord.CodeOf(err) != "subject_missing" {
		t.Errorf("an empty subject gave %v", err)
	}
	broken.Content.Subject, broken.Trigger = "Welkom", nil
	if _, err := a.PutMailing(ctx, Admin, broken); akkoord.CodeOf(err) != "trigger_needed" {
		t.Errorf("no trigger gave %v", err)
	}
}

// Whose time came by the trigger of before, and was not looked for since, gets the
// mailing; after a long rest the edit has to wait for whoever decides (P20).
func testSeriesEditPassesNobodyBy(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	m := a.begin(t, "Welkom", akkoord.MailingTrigger{On: akkoord.OnConfirmed, Days: 1})
	got := map[[2]int64]int{}
	due := a.active(t, "due@voorbeeld.example", a.News)
	a.pass(t, 23*time.Hour, got)
	young := a.active(t, "young@voorbeeld.example", a.News)
	a.Clock.Move(2 * time.Hour)
	longer := func() (akkoord.Mailing, error) {
		m := must(a.MailingByID(ctx, m.ID))(t)
		m.Trigger.Days++
		return a.PutMailing(ctx, Admin, m)
	}
	must(longer())(t)
	a.pass(t, time.Hour, got)
	if !gotIt(got, m, due) || gotIt(got, m, young) {
		t.Errorf("after the edit: %v", got)
	}
	a.Clock.Move(3 * day)
	if _, err := longer(); akkoord.CodeOf(err) != "series_behind" || akkoord.KindOf(err) != akkoord.Conflict {
		t.Errorf("an edit after days in which nobody looked gave %v", err)
	}
	a.pass(t, time.Hour, got)
	must(longer())(t)
	if !gotIt(got, m, young) {
		t.Errorf("after the second edit: %v", got)
	}
}

// What can't be a series is refused in words.
func testSeriesRefusals(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	must(a.AddAttribute(ctx, Admin, akkoord.Attribute{Slug: "city", Type: akkoord.AttributeText}, "travel-news"))(t)
	must(a.AddAttribute(ctx, Admin, akkoord.Attribute{Slug: "ski-day", Type: akkoord.AttributeDate}, "ski-offers"))(t)
	skiing := must(a.PutCampaign(ctx, Admin, akkoord.Campaign{Slug: "ski", Name: "Ski", PurposeID: a.Ski.ID}))(t)
	other := must(a.PutMailing(ctx, Admin, akkoord.Mailing{CampaignID: skiing.ID, Content: akkoord.Content{Subject: "Ski", Markdown: "Hallo"}}))(t)
	must(a.MailLinks(ctx, other.ID, []akkoord.MailLink{{URL: "https://zonvaart.example/ski", Topic: "ski"}}))(t)
	first := a.step(t, "Een", akkoord.MailingTrigger{On: akkoord.OnConfirmed})
	next := a.step(t, "Twee", akkoord.MailingTrigger{On: akkoord.OnMailing, Mailing: first.PublicID})
	last := a.step(t, "Drie", akkoord.MailingTrigger{On: akkoord.OnMailing, Mailing: next.PublicID})
	for code, trigger := range map[string]akkoord.MailingTrigger{
		"trigger_unknown":    {On: "birthday"},
		"trigger_cycle":      {On: akkoord.OnMailing, Mailing: last.PublicID},
		"mailing_unknown":    {On: akkoord.OnMailing, Mailing: other.PublicID},
		"trigger_missing":    {On: akkoord.OnMailing, Mailing: a.Mailing.PublicID},
		"attribute_no_date":  {On: akkoord.OnDate, Attribute: "city"},
		"attribute_unknown":  {On: akkoord.OnDate, Attribute: "nothing"},
		"number_range":       {On: akkoord.OnInactive},
		"trigger_mixed":      {On: akkoord.OnConfirmed, Topic: "ski"},
		"purpose_limitation": {On: akkoord.OnClicked, Topic: "ski"},
	} {
		m := first
		m.Trigger = &trigger
		if _, err := a.PutMailing(ctx, Admin, m); akkoord.CodeOf(err) != code {
			t.Errorf("%+v gave %v, want %s", trigger, err, code)
		}
	}
	m := first
	m.Trigger = &akkoord.MailingTrigger{On: akkoord.OnDate, Attribute: "ski-day"}
	if _, err := a.PutMailing(ctx, Admin, m); akkoord.CodeOf(err) != "purpose_limitation" {
		t.Errorf("a day of another purpose gave %v", err)
	}
	m.Trigger = &akkoord.MailingTrigger{On: akkoord.OnConfirmed, Filter: &akkoord.Filter{Kind: akkoord.FilterClicked, By: akkoord.ClickTopic, Text: "ski"}}
	if _, err := a.PutMailing(ctx, Admin, m); akkoord.CodeOf(err) != "purpose_limitation" {
		t.Errorf("clicks of another purpose gave %v", err)
	}
	m.Trigger = nil
	if _, err := a.PutMailing(ctx, Admin, m); akkoord.CodeOf(err) != "trigger_awaited" {
		t.Errorf("taking away what another waits for gave %v", err)
	}
	m = first
	m.Variants = []akkoord.Variant{{Name: "a"}, {Name: "b"}}
	if _, err := a.PutMailing(ctx, Admin, m); akkoord.CodeOf(err) != "trigger_variants" {
		t.Errorf("variants gave %v", err)
	}
}

// Days, clicks and silence; a condition that is asked when the time comes.
func testSeriesOccasions(t *testing.T, open Open) {
	a := paced(t, open, 0, store.Pace{})
	ctx := t.Context()
	for slug, kind := range map[string]akkoord.AttributeType{"departure": akkoord.AttributeDate, "zone": akkoord.AttributeText} {
		must(a.AddAttribute(ctx, Admin, akkoord.Attribute{Slug: slug, Type: kind}, "travel-news"))(t)
	}
	person := func(name string, attributes map[string]string) akkoord.Standing {
		t.Helper()
		st := a.active(t, name+"@voorbeeld.example", a.News)
		set := map[string]*string{}
		for k, v := range attributes {
			set[k] = &v
		}
		noFault(t, a.SetProfile(ctx, st.Subscriber.PublicID, akkoord.Profile{Attributes: set}, akkoord.Origin{Source: "api", Actor: Admin}))
		return st
	}
	start := a.Clock.Now()
	on := func(days int) string { return start.AddDate(0, 0, days).Format(time.DateOnly) }
	home := person("home", map[string]string{"departure": on(10)})
	tokyo := person("tokyo", map[string]string{"departure": on(10), "zone": "Asia/Tokyo"})
	gone := person("gone", map[string]string{"departure": on(2)})
	trigger := akkoord.MailingTrigger{On: akkoord.OnDate, Attribute: "departure", Days: -7, At: "09:00"}
	m := must(a.PutMailing(ctx, Admin, akkoord.Mailing{CampaignID: a.Campaign.ID, Content: akkoord.Content{Subject: "Bijna", Markdown: "Hallo"}, Trigger: &trigger, Plan: akkoord.Plan{ZoneAttribute: "zone"}}))(t)
	if f := must(a.TriggerFigures(ctx, m))(t); f.Past != 1 {
		t.Errorf("of one the day has passed, it is said that %+v", f)
	}
	m = must(a.StartMailing(ctx, Admin, m.PublicID))(t)
	if f := must(a.TriggerFigures(ctx, m))(t); f.Waiting == nil || *f.Waiting != 2 {
		t.Errorf("two wait for their day, it is said that %+v", f)
	}
	clicked := a.begin(t, "Wintersport", akkoord.MailingTrigger{On: akkoord.OnClicked, Topic: "wintersport", Hours: 2, Filter: &akkoord.Filter{Kind: akkoord.FilterLocale, Text: "nl"}})
	silent := a.begin(t, "Nog daar?", akkoord.MailingTrigger{On: akkoord.OnInactive, Days: 30})
	clicker := person("clicker", nil)
	noFault(t, a.Track(ctx, clicker.Subscriber.PublicID, a.News.ID, true, byLink))
	quiet := person("quiet", nil)
	noFault(t, a.Track(ctx, quiet.Subscriber.PublicID, a.News.ID, true, byLink))
	links := must(a.MailLinks(ctx, a.Mailing.ID, []akkoord.MailLink{{URL: "https://zonvaart.example/sneeuw", Topic: "wintersport"}}))(t)
	got, when := map[[2]int64]int{}, map[int64]time.Time{}
	must(a.StartMailing(ctx, Admin, a.Mailing.PublicID))(t)
	for range 5 * 24 {
		before := len(got)
		a.pass(t, time.Hour, got)
		if len(got) != before {
			for k := range got {
				if k[0] == m.ID && when[k[1]].IsZero() {
					when[k[1]] = a.Clock.Now()
				}
			}
		}
	}
	noFault(t, a.NoteClick(ctx, akkoord.Link{Subscriber: clicker.Subscriber.PublicID, Target: links[0]}, byPerson))
	a.pass(t, 26*day, got)
	if gotIt(got, silent, clicker) {
		t.Error("somebody who clicked counts as silent")
	}
	a.pass(t, 10*day, got)
	nine := time.Date(start.Year(), start.Month(), start.Day()+3, 9, 0, 0, 0, time.UTC)
	for _, w := range []struct {
		st  akkoord.Standing
		due time.Time
	}{{home, nine.Add(-time.Hour)}, {tokyo, nine.Add(-9 * time.Hour)}} {
		if late := when[w.st.Subscriber.ID].Sub(w.due); late < 0 || late > time.Hour {
			t.Errorf("%s got it %s after their nine o'clock", w.st.Subscriber.Email.Address(), late)
		}
	}
	if gotIt(got, m, gone) {
		t.Error("whose day had passed got it")
	}
	if !gotIt(got, clicked, clicker) || gotIt(got, clicked, quiet) {
		t.Errorf("clicks: %v", got)
	}
	if !gotIt(got, silent, quiet) || gotIt(got, silent, home) {
		t.Errorf("silence: %v", got)
	}
	if !gotIt(got, silent, clicker) { // 30 days after the click
		t.Errorf("silence after a click: %v", got)
	}
}

// P20: a clock that jumps mails nobody twice, and no crowd without a yes.
func testSeriesClock(t *testing.T, open Open) {
	for _, jump := range []time.Duration{-time.Hour, time.Hour, 365 * day, -365 * day} {
		t.Run(fmt.Sprint(jump), func(t *testing.T) {
			a := newAgency(t, open)
			ctx := t.Context()
			m := a.begin(t, "Welkom", akkoord.MailingTrigger{On: akkoord.OnConfirmed, Hours: 3})
			got := map[[2]int64]int{}
			for i := range 3 {
				a.active(t, fmt.Sprintf("p%d@voorbeeld.example", i), a.News)
			}
			a.pass(t, 5*time.Hour, got)
			if len(got) != 3 {
				t.Fatalf("%v", got)
			}
			waits := a.active(t, "waits@voorbeeld.example", a.News)
			ended := a.Clock.Now()
			a.Clock.Move(jump)
			noFault(t, second(a.RunSeries(ctx, akkoord.Job{EndedAt: ended})))
			m = must(a.MailingByID(ctx, m.ID))(t)
			if paused := jump > day; paused != (m.State == akkoord.MailingPaused) || paused != (m.Why.Text != "") {
				t.Fatalf("it is %s: %s", m.State, m.Why.Text)
			}
			if m.State == akkoord.MailingPaused {
				must(a.ResumeMailing(ctx, Admin, m.PublicID))(t)
			}
			a.Clock.Move(-jump)
			a.pass(t, 5*time.Hour, got)
			if len(got) != 4 || !gotIt(got, m, waits) {
				t.Errorf("%v", got)
			}
		})
	}
}

// P20: a plan may say that a series goes on after a rest, with those who are late
// or without them.
func testSeriesRest(t *testing.T, open Open) {
	for missed, want := range map[akkoord.Missed]int{akkoord.MissedSend: 1, akkoord.MissedSkip: 0} {
		a := newAgency(t, open)
		ctx := t.Context()
		m := a.step(t, "Welkom", akkoord.MailingTrigger{On: akkoord.OnConfirmed, Hours: 3})
		m.Plan.Missed = missed
		m = must(a.PutMailing(ctx, Admin, m))(t)
		must(a.StartMailing(ctx, Admin, m.PublicID))(t)
		a.active(t, "late@voorbeeld.example", a.News)
		ended := a.Clock.Now()
		a.Clock.Move(3 * day)
		next := a.active(t, "next@voorbeeld.example", a.News)
		noFault(t, second(a.RunSeries(ctx, akkoord.Job{EndedAt: ended})))
		got := map[[2]int64]int{}
		a.pass(t, 0, got)
		if m := must(a.MailingByID(ctx, m.ID))(t); m.State != akkoord.MailingSending || len(got) != want {
			t.Errorf("%s: it is %s, %d were mailed, want %d", missed, m.State, len(got), want)
		}
		a.pass(t, 4*time.Hour, got)
		if !gotIt(got, m, next) || len(got) != want+1 {
			t.Errorf("%s: whose time came later: %v", missed, got)
		}
	}
}

// A crowd is taken in step by step, and everybody once.
func testSeriesCrowd(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	var seeds []store.Seed
	const people = 1203
	for i := range people {
		seeds = append(seeds, store.Seed{Email: email(t, fmt.Sprintf("p%d@voorbeeld.example", i)), Locale: "nl", Purposes: []akkoord.Purpose{a.News},
			Origin: akkoord.Origin{Source: "form:home", FormID: a.Form.Version.ID}, RequestedAt: Start.Add(-48 * time.Hour), ConfirmedAt: Start.Add(-47 * time.Hour)})
	}
	noFault(t, a.SeedPeople(ctx, seeds))
	got := map[[2]int64]int{}
	m := a.begin(t, "Welkom", akkoord.MailingTrigger{On: akkoord.OnConfirmed, Past: true})
	a.pass(t, 0, got)
	if c := must(a.Counts(ctx, m.ID))(t); c.Total != people || c.Sent != people || len(got) != people {
		t.Errorf("%+v", c)
	}
}
