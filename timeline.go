package akkoord

import "time"

// Timeline cuts a time into slots of the same length.
type Timeline struct {
	From  time.Time
	Step  time.Duration
	Slots int
}

// timelineSlots is how many slots a timeline has at most.
const timelineSlots = 60

// timelineSteps are the lengths of slots; longer ones are a number of the last.
var timelineSteps = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}

// NewTimeline gives the timeline of the shortest slots that covers a time.
func NewTimeline(from, until time.Time) Timeline {
	span := max(until.Sub(from), 0)
	step := timelineSteps[len(timelineSteps)-1]
	step *= span/step/timelineSlots + 1
	for _, s := range timelineSteps {
		if span/s < timelineSlots {
			step = s
			break
		}
	}
	return Timeline{from, step, int(span/step) + 1}
}

// At is when a slot begins.
func (t Timeline) At(slot int) time.Time { return t.From.Add(time.Duration(slot) * t.Step) }
