package admin

import (
	"testing"
	"time"
)

// TestPace gives no rate before one is measured, and forgets what is old.
func TestPace(t *testing.T) {
	start := time.Date(2026, time.November, 24, 9, 30, 0, 0, time.UTC)
	type look struct {
		after time.Duration
		done  int64
		want  float64
	}
	for name, looks := range map[string][]look{
		"the first look knows nothing":      {{0, 0, 0}},
		"too soon to tell":                  {{0, 0, 0}, {2 * time.Second, 100, 0}},
		"measured":                          {{0, 0, 0}, {2 * time.Second, 100, 0}, {4 * time.Second, 400, 100}},
		"standing still":                    {{0, 50, 0}, {10 * time.Second, 50, 0}},
		"an old look says nothing":          {{0, 0, 0}, {2 * time.Minute, 1000, 0}, {2*time.Minute + 5*time.Second, 1500, 100}},
		"the last minute counts":            {{0, 0, 0}, {50 * time.Second, 5000, 100}, {100 * time.Second, 5000, 0}},
		"looks in one second are one":       {{0, 0, 0}, {time.Millisecond, 10, 0}, {5 * time.Second, 500, 100}},
		"counts that fell begin a new pace": {{0, 500, 0}, {5 * time.Second, 100, 0}, {10 * time.Second, 200, 20}},
	} {
		t.Run(name, func(t *testing.T) {
			var p pace
			for _, l := range looks {
				if got := p.rate(1, l.done, start.Add(l.after)); got != l.want {
					t.Errorf("after %s: rate %v, want %v", l.after, got, l.want)
				}
			}
			if p.forget(1); p.rate(1, 9999, start.Add(time.Hour)) != 0 {
				t.Error("a paused mailing keeps its pace")
			}
		})
	}
}
