package akkoord_test

import (
	"testing"

	"akkoord"
)

// D.4: rates are held against their limits; of few mails they say nothing, and a single
// report is chance.
func TestRatesStandToTheirLimits(t *testing.T) {
	for _, c := range []struct {
		tally   akkoord.ReportTally
		n, sent int64
		want    akkoord.RateStanding
	}{
		{akkoord.TallyComplaint, 0, 0, akkoord.RateFew},
		{akkoord.TallyComplaint, 199, 199, akkoord.RateFew},
		{akkoord.TallyComplaint, 0, 200, akkoord.RateFine},
		{akkoord.TallyComplaint, 1, 200, akkoord.RateFine}, // half a per cent, by one person
		{akkoord.TallyComplaint, 2, 2001, akkoord.RateFine},
		{akkoord.TallyComplaint, 2, 2000, akkoord.RateWarn},
		{akkoord.TallyComplaint, 5, 2000, akkoord.RateWarn},
		{akkoord.TallyComplaint, 6, 2000, akkoord.RateHigh},
		{akkoord.TallyHard, 19, 1000, akkoord.RateFine},
		{akkoord.TallyHard, 20, 1000, akkoord.RateWarn},
		{akkoord.TallyHard, 50, 1000, akkoord.RateHigh},
		{akkoord.TallyPolicy, 50, 1000, akkoord.RateHigh},
	} {
		limit, _ := akkoord.LimitOf(c.tally)
		if got := (akkoord.Rate{ReportLimit: limit, N: c.n, Sent: c.sent}).Standing(); got != c.want {
			t.Errorf("%d of %d, %s: %s, want %s", c.n, c.sent, c.tally, got, c.want)
		}
	}
	one := akkoord.Reports{Complaints: 1, Bounces: map[akkoord.Class]int64{akkoord.ClassHard: 3}}.Rates(akkoord.Counts{Sent: 97, Bounced: 2, Failed: 1, Uncertain: 9})
	total := akkoord.TotalRates([][]akkoord.Rate{one, one})
	for i, want := range []int64{2, 6, 0} {
		if total[i].N != want || total[i].Sent != 200 {
			t.Errorf("%s: %d of %d", total[i].Tally, total[i].N, total[i].Sent)
		}
	}
}
