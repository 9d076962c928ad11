package akkoord_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"akkoord"
)

// A timeline covers its time in at most sixty slots, of a minute for a short
// one and of a week or some for years.
func TestTimelinesCoverTheirTime(t *testing.T) {
	from := time.Date(2027, 1, 15, 9, 30, 0, 0, time.UTC)
	for span, want := range map[time.Duration]time.Duration{
		-time.Hour: time.Minute, 0: time.Minute, 59 * time.Minute: time.Minute, time.Hour: 5 * time.Minute, 24 * time.Hour: time.Hour, 14 * 24 * time.Hour: 6 * time.Hour,
		365 * 24 * time.Hour: 7 * 24 * time.Hour, 3 * 365 * 24 * time.Hour: 21 * 24 * time.Hour,
	} {
		if got := akkoord.NewTimeline(from, from.Add(span)); got.Step != want {
			t.Errorf("%s: steps of %s, want %s", span, got.Step, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		until := from.Add(time.Duration(rapid.Int64Range(0, int64(20*365*24*time.Hour)).Draw(t, "span")))
		l := akkoord.NewTimeline(from, until)
		if l.Slots < 1 || l.Slots > 60 || l.At(l.Slots-1).After(until) || !l.At(l.Slots).After(until) {
			t.Fatalf("%+v until %s", l, until)
		}
	})
}
