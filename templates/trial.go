package templates

import (
	"strconv"
	"time"
)

// TrialFacts are a test of a mailing's variants, as its page tells it.
type TrialFacts struct {
	Measure    string // clicks or unsubscribes
	Share      int    // percent of the audience
	Wait       time.Duration
	Each       int     // people of each variant
	Counting   int     // of them, of whom the measure can know
	Detectable float64 // percentage points; 0: no difference would be found
	Started    bool
	Code       string // won, no_difference or guarded; empty until it is decided
	Winner     string
	At         time.Time
	Arms       []TrialArm
}

// TrialArm is one variant. Rates are in percent.
type TrialArm struct {
	Name                        string
	Sent, Waited, Counted, Left int
	Few                         bool // the rate could tell who it was
	Rate, Low, High             float64
}

// The drawing of a test, in its own units.
const (
	trialWidth = 400
	trialRow   = 28
)

// Height is that of the drawing.
func (t TrialFacts) Height() int { return trialRow*len(t.Arms) + 4 }

// Top is that of most that the drawing shows, in percent.
func (t TrialFacts) Top() float64 {
	top := 1.0
	for _, a := range t.Arms {
		top = max(top, a.High)
	}
	return top
}

// X is where a rate is in the drawing.
func (t TrialFacts) X(percent float64) string {
	return strconv.FormatFloat(percent/t.Top()*trialWidth, 'f', 1, 64)
}

// Y is where the line of an arm is in the drawing.
func (t TrialFacts) Y(arm int) int { return trialRow*arm + trialRow/2 + 2 }
