package akkoord_test

import (
	"testing"
	"time"

	"akkoord"
)

// Art. 12(3) GDPR and Regulation 1182/71: a month ends on the day with the same
// number, or on the last day of a shorter month.
func TestTheMonthOfARequestEndsOnTheRightDay(t *testing.T) {
	for _, c := range []struct {
		event  string
		months int
		want   string
	}{
		{"2027-01-15T09:30:00Z", 1, "2027-02-15"},
		{"2027-01-31T23:59:59Z", 1, "2027-02-28"},
		{"2028-01-31T00:00:00Z", 1, "2028-02-29"},
		{"2027-12-31T12:00:00Z", 2, "2028-02-29"},
		{"2027-08-31T12:00:00Z", 1, "2027-09-30"},
		{"2027-02-28T12:00:00Z", 1, "2027-03-28"},
		{"2027-11-30T12:00:00Z", 3, "2028-02-29"},
		{"2027-06-01T01:00:00+02:00", 1, "2027-06-30"}, // still May in UTC
	} {
		event, err := time.Parse(time.RFC3339, c.event)
		if err != nil {
			t.Fatal(err)
		}
		if got := akkoord.DueOn(event, c.months).Format(time.DateOnly); got != c.want {
			t.Errorf("%d months from %s end on %s, want %s", c.months, c.event, got, c.want)
		}
	}
	if !akkoord.OnWeekend(time.Date(2027, 2, 28, 0, 0, 0, 0, time.UTC)) || akkoord.OnWeekend(time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)) {
		t.Error("28 February 2027 is a Sunday")
	}
}

func TestARequestIsOverdueWhenItsLastDayIsOver(t *testing.T) {
	r := akkoord.PersonRequest{State: akkoord.RequestOpen, DueOn: time.Date(2027, 2, 15, 0, 0, 0, 0, time.UTC)}
	for at, want := range map[time.Time]bool{
		time.Date(2027, 2, 15, 23, 59, 59, 0, time.UTC): false, time.Date(2027, 2, 16, 0, 0, 0, 0, time.UTC): true,
	} {
		if r.Overdue(at) != want {
			t.Errorf("at %v it is overdue: %v", at, !want)
		}
	}
	r.State = akkoord.RequestDone
	if r.Overdue(r.DueOn.AddDate(1, 0, 0)) {
		t.Error("what is done is overdue")
	}
}

// Art. 33(1) GDPR.
func TestTheSeventyTwoHoursOfABreach(t *testing.T) {
	now := time.Date(2027, 1, 15, 9, 30, 0, 0, time.UTC)
	b := akkoord.Breach{What: "A laptop was lost.", Scope: "all", Since: now.Add(-time.Hour), Until: now, AwareAt: now}
	if err := b.Check(now); err != nil || !b.ReportBy().Equal(time.Date(2027, 1, 18, 9, 30, 0, 0, time.UTC)) {
		t.Errorf("%v, report by %v", err, b.ReportBy())
	}
	for name, c := range map[string]struct {
		change func(*akkoord.Breach)
		code   string
	}{
		"nothing said":     {func(b *akkoord.Breach) { b.What = " " }, "field_missing"},
		"an address in it": {func(b *akkoord.Breach) { b.What = "mail of a@b.example" }, "reason_personal"},
		"no beginning":     {func(b *akkoord.Breach) { b.Since = time.Time{} }, "field_missing"},
		"ends before":      {func(b *akkoord.Breach) { b.Until = b.Since }, "period_reversed"},
		"begins after now": {func(b *akkoord.Breach) { b.Since, b.Until = now.Add(time.Hour), now.Add(2*time.Hour) }, "since_future"},
		"known only later": {func(b *akkoord.Breach) { b.AwareAt = now.Add(time.Hour) }, "aware_future"},
	} {
		wrong := b
		c.change(&wrong)
		if err := wrong.Check(now); akkoord.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}
