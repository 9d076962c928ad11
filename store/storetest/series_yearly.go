package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// bornOn gives somebody of travel news a date.
func (a *Agency) bornOn(t testing.TB, address, day string) akkoord.Standing {
	t.Helper()
	st := a.active(t, address, a.News)
	noFault(t, a.SetProfile(t.Context(), st.Subscriber.PublicID, akkoord.Profile{Attributes: map[string]*string{"born": &day}}, byAdmin))
	return st
}

// years gives the mailings of a campaign by the year of their trigger.
func (a *Agency) years(t testing.TB) map[int]akkoord.Mailing {
	t.Helper()
	all, _, err := a.Mailings(t.Context(), a.Campaign.ID, akkoord.Page{})
	noFault(t, err)
	out := map[int]akkoord.Mailing{}
	for _, m := range all {
		if m.Trigger != nil && m.Trigger.Yearly {
			if _, twice := out[m.Trigger.Year]; twice {
				t.Errorf("two mailings are about %d", m.Trigger.Year)
			}
			out[m.Trigger.Year] = m
		}
	}
	return out
}

// testSeriesYearly: a mailing about a date goes out each year, each year by a mailing of
// its own that begins and ends by itself, once to each person, also when their date is
// changed, and not to who left.
func testSeriesYearly(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	must(a.AddAttribute(ctx, Admin, akkoord.Attribute{Slug: "born", Type: akkoord.AttributeDate}, "travel-news"))(t)
	must(a.AddAttribute(ctx, Admin, akkoord.Attribute{Slug: "zone", Type: akkoord.AttributeText}, "travel-news"))(t)
	start := time.Date(2027, 1, 20, 10, 0, 0, 0, time.UTC)
	a.Clock.Move(start.Sub(a.Clock.Now()))
	leap, leaves, moves := a.bornOn(t, "leap@voorbeeld.example", "1980-02-29"), a.bornOn(t, "leaves@voorbeeld.example", "1980-06-01"), a.bornOn(t, "moves@voorbeeld.example", "1980-03-10")
	newYear, child := a.bornOn(t, "newyear@voorbeeld.example", "1980-01-01"), a.bornOn(t, "child@voorbeeld.example", "2028-05-05")
	var many []akkoord.Standing
	for i := range 12 {
		many = append(many, a.bornOn(t, fmt.Sprintf("m%d@voorbeeld.example", i), fmt.Sprintf("19%d-%02d-15", 60+i, i+1)))
	}
	born := akkoord.MailingTrigger{On: akkoord.OnDate, Attribute: "born", At: "09:00", Yearly: true}
	if f := must(a.TriggerFigures(ctx, a.step(t, "Figures", born)))(t); f.Past != 2 {
		t.Errorf("this year it was before for %+v", f)
	}
	m := a.begin(t, "Gefeliciteerd", born)
	if m.Trigger.Year != 2027 {
		t.Fatalf("it begins with %d", m.Trigger.Year)
	}
	if f := must(a.TriggerFigures(ctx, m))(t); f.Waiting == nil || *f.Waiting != 14 {
		t.Errorf("they wait: %d", *f.Waiting)
	}
	if _, err := a.PutMailing(ctx, Admin, akkoord.Mailing{CampaignID: a.Campaign.ID, Content: akkoord.Content{Subject: "Daarna", Markdown: "Hallo"}, Trigger: &akkoord.MailingTrigger{On: akkoord.OnMailing, Mailing: m.PublicID}}); akkoord.CodeOf(err) != "trigger_yearly" {
		t.Errorf("a mailing after one of every year: %v", err)
	}
	once := must(a.MailingByID(ctx, m.ID))(t)
	trigger := *once.Trigger
	trigger.Yearly = false
	once.Trigger = &trigger
	if _, err := a.PutMailing(ctx, Admin, once); akkoord.CodeOf(err) != "trigger_every_fixed" {
		t.Errorf("once, while it runs: %v", err)
	}
	got := map[[2]int64]int{}
	upto := func(day time.Time) {
		t.Helper()
		for a.Clock.Now().Before(day) {
			a.pass(t, min(day.Sub(a.Clock.Now()), 20*24*time.Hour), got)
		}
	}
	upto(time.Date(2027, 2, 28, 9, 30, 0, 0, time.UTC))
	if !gotIt(got, m, leap) || len(got) != 2 {
		t.Errorf("on 28 February of a year without the 29th: %v", got)
	}
	upto(time.Date(2027, 3, 12, 0, 0, 0, 0, time.UTC))
	later := "1980-11-10"
	noFault(t, a.SetProfile(ctx, moves.Subscriber.PublicID, akkoord.Profile{Attributes: map[string]*string{"born": &later}}, byAdmin))
	must(a.Leave(ctx, akkoord.Link{Subscriber: leaves.Subscriber.PublicID, Purpose: a.News.ID}, akkoord.ScopePurpose, byLink))(t)
	renewed := must(a.MailingByID(ctx, m.ID))(t)
	before, far := renewed, *renewed.Trigger
	far.Days = 300
	before.Trigger = &far
	if _, err := a.PutMailing(ctx, Admin, before); akkoord.CodeOf(err) != "trigger_year_before" {
		t.Errorf("days of which those of last year are due: %v", err)
	}
	renewed.Content.Subject = "Van harte"
	must(a.PutMailing(ctx, Admin, renewed))(t)
	upto(time.Date(2028, 3, 2, 0, 0, 0, 0, time.UTC))
	years := a.years(t)
	next, made := years[2028]
	if !made || next.State != akkoord.MailingSending || next.Variant(next.Latest()).Subject != "Van harte" || len(years) != 3 { // the draft of 0 too
		t.Fatalf("in the next year there are %+v", years)
	}
	if m := years[2027]; m.State != akkoord.MailingSent || m.FinishedAt.IsZero() {
		t.Errorf("the year that is over is %s", m.State)
	}
	if !gotIt(got, m, moves) || gotIt(got, m, leaves) || gotIt(got, m, newYear) || !gotIt(got, next, newYear) || !gotIt(got, next, leap) || gotIt(got, next, moves) {
		t.Errorf("of 2027 and 2028: %v", got)
	}
	upto(time.Date(2029, 2, 1, 0, 0, 0, 0, time.UTC))
	if gotIt(got, m, child) || !gotIt(got, next, child) || gotIt(got, next, leaves) || !gotIt(got, next, moves) {
		t.Errorf("whose own year is 2028, or who left: %v", got)
	}
	for i, st := range many {
		if in := gotIt(got, m, st); in != (i > 0) || !gotIt(got, next, st) { // the first's day of 2027 was before the start
			t.Errorf("person %d of each month: %v in 2027, %v in 2028", i, in, gotIt(got, next, st))
		}
	}
	last := a.years(t)[2029]
	must(a.CancelMailing(ctx, Admin, last.PublicID))(t)
	upto(time.Date(2030, 3, 1, 0, 0, 0, 0, time.UTC))
	if years := a.years(t); len(years) != 4 {
		t.Errorf("after it was ended it goes on: %+v", years)
	}
}

// testSeriesYearlyZones: around new year two mailings run, so that each person gets that of
// their own day's year, by their own clock.
func testSeriesYearlyZones(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	must(a.AddAttribute(ctx, Admin, akkoord.Attribute{Slug: "born", Type: akkoord.AttributeDate}, "travel-news"))(t)
	must(a.AddAttribute(ctx, Admin, akkoord.Attribute{Slug: "zone", Type: akkoord.AttributeText}, "travel-news"))(t)
	start := time.Date(2027, 12, 31, 23, 0, 0, 0, time.UTC)
	a.Clock.Move(start.Sub(a.Clock.Now()))
	var west []akkoord.Standing
	for i, born := range []string{"1980-12-31", "1980-01-01"} {
		st := a.bornOn(t, fmt.Sprintf("west%d@voorbeeld.example", i), born)
		zone := "Etc/GMT+12"
		noFault(t, a.SetProfile(ctx, st.Subscriber.PublicID, akkoord.Profile{Attributes: map[string]*string{"zone": &zone}}, byAdmin))
		west = append(west, st)
	}
	draft := a.step(t, "Gefeliciteerd", akkoord.MailingTrigger{On: akkoord.OnDate, Attribute: "born", At: "12:00", Yearly: true})
	draft.Plan.ZoneAttribute = "zone"
	draft = must(a.PutMailing(ctx, Admin, draft))(t)
	m := must(a.StartMailing(ctx, Admin, draft.PublicID))(t)
	got := map[[2]int64]int{}
	a.pass(t, 20*time.Hour, got)
	years := a.years(t)
	if m.Trigger.Year != 2027 || len(years) != 2 {
		t.Fatalf("it began with %d, and there are %+v", m.Trigger.Year, years)
	}
	if !gotIt(got, m, west[0]) || gotIt(got, m, west[1]) {
		t.Errorf("on the last day of 2027 in the far west, which is 1 January in UTC: %v", got)
	}
	a.pass(t, 24*time.Hour, got)
	if !gotIt(got, years[2028], west[1]) || gotIt(got, years[2028], west[0]) || len(got) != 2 {
		t.Errorf("on 1 January: %v", got)
	}
	states := func(want akkoord.MailingState) {
		t.Helper()
		for _, year := range []int{2027, 2028} {
			if m := a.years(t)[year]; m.State != want {
				t.Errorf("the mailing of %d is %s, want %s", year, m.State, want)
			}
		}
	}
	states(akkoord.MailingSending)
	must(a.PauseMailing(ctx, Admin, m.PublicID))(t)
	states(akkoord.MailingPaused)
	must(a.ResumeMailing(ctx, Admin, years[2028].PublicID))(t)
	must(a.CancelMailing(ctx, Admin, m.PublicID))(t)
	states(akkoord.MailingCancelled)
}

// testSeriesRestored: who was due between a backup and its restore may have had the mail, of
// which the backup knows nothing, and is passed by (P22, P06).
func testSeriesRestored(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	m := a.begin(t, "Welkom", akkoord.MailingTrigger{On: akkoord.OnConfirmed, Hours: 2})
	a.Clock.Move(time.Minute)
	between := a.active(t, "between@voorbeeld.example", a.News)
	a.Clock.Move(3 * time.Hour)
	must(a.RepeatDepartures(ctx, strings.NewReader("")))(t)
	must(0, a.EndHold(ctx, Admin))(t)
	must(a.ResumeMailing(ctx, Admin, m.PublicID))(t)
	after := a.active(t, "after@voorbeeld.example", a.News)
	got := map[[2]int64]int{}
	a.pass(t, 6*time.Hour, got)
	if gotIt(got, m, between) || !gotIt(got, m, after) {
		t.Errorf("after a restore: %v", got)
	}
}
