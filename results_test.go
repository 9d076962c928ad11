package akkoord_test

import (
	"fmt"
	"testing"
	"time"

	"akkoord"
)

// However many providers there are, twelve are told apart and the sum stays.
func TestResultsTellTwelveProvidersApart(t *testing.T) {
	start := time.Date(2027, 1, 15, 9, 30, 0, 0, time.UTC)
	c := akkoord.CountResults(akkoord.Mailing{StartedAt: start}, start.Add(time.Hour))
	for i := range int64(30) {
		c.Copies(akkoord.Copies{State: akkoord.Sent, Domain: fmt.Sprintf("d%d.example", i), Slot: 99, Count: 10 + i})
	}
	c.Response(akkoord.Response{Kind: akkoord.RespondedComplaint, Domain: "moved.example", Slot: -1, Count: 1})
	r := c.Results(akkoord.Readers{}, nil)
	if len(r.Providers) != 13 || r.Providers[0].Name != "d29.example" || r.Providers[12].Name != "" || r.Providers[12].Complaints != 1 {
		t.Fatalf("%d providers: %+v", len(r.Providers), r.Providers)
	}
	var sum int64
	for _, p := range r.Providers {
		sum += p.Total
	}
	if sum != r.All.Total || r.ByTime[len(r.ByTime)-1] != sum || r.Responses[akkoord.RespondedComplaint][0] != 1 {
		t.Errorf("%d of %d", sum, r.All.Total)
	}
}

// A refusal for now is told by its codes; who waits for their provider was not
// refused.
func TestWhyCopiesWait(t *testing.T) {
	for code, want := range map[string]akkoord.Class{"450 4.7.1": akkoord.ClassPolicy, "451 4.2.2": akkoord.ClassSoft, "450": akkoord.ClassSoft, "timeout": akkoord.ClassSoft, akkoord.DelayProvider: akkoord.ClassNone} {
		c := akkoord.CountResults(akkoord.Mailing{}, time.Time{})
		c.Copies(akkoord.Copies{State: akkoord.Deferred, Code: code, Count: 1})
		if r := c.Results(akkoord.Readers{}, nil); r.All.Waiting[want] != 1 {
			t.Errorf("%s: %v, want %q", code, r.All.Waiting, want)
		}
	}
}
