package akkoord

import (
	"slices"
	"time"
)

// PauseMonths are the lengths of a pause that people can choose.
var PauseMonths = []int{1, 3, 6}

// Pause decides what pausing all mail for some months does. It ends by
// itself. Asking again for what is on already changes nothing.
func (s Standing) Pause(months int, o Origin, now time.Time) (Change, error) {
	if !slices.Contains(PauseMonths, months) {
		return Change{}, Fieldf("pause", "pause_invalid", "Choose how long: 1, 3 or 6 months.")
	}
	until := now.AddDate(0, months, 0).Truncate(time.Microsecond)
	if apart := until.Sub(s.PausedUntil); s.Subscriber.ID == 0 || apart >= 0 && apart < Limits.RepeatWindow {
		return Change{}, nil
	}
	o.Evidence.Until = Moment{until}.String()
	return Change{Pause: &until, Events: []Event{o.event(Paused, Subscription{}, now)}}, nil
}

// Resume decides what ending a pause before its time does.
func (s Standing) Resume(o Origin, now time.Time) Change {
	if !s.PausedUntil.After(now) {
		return Change{}
	}
	return Change{Pause: &time.Time{}, Events: []Event{o.event(Resumed, Subscription{}, now)}}
}

// PausedAt tells from the ledger's lines whether a person's pause was on at a
// time. The lines are of one person, oldest first, with their evidence.
func PausedAt(events []Event, at time.Time) bool {
	var until time.Time
	for _, e := range events {
		if e.At.After(at) {
			break
		}
		switch e.Kind {
		case Paused:
			until, _ = time.Parse(momentLayout, e.Evidence.Until) // written by Pause
		case Resumed:
			until = time.Time{}
		}
	}
	return until.After(at)
}

// Track decides what saying yes or no to the counting of clicks for one
// purpose does. Nobody is counted who did not say so, and only while they get
// the mails (Art. 5(3) ePrivacy Directive).
func (s Standing) Track(purposeID int64, yes bool, o Origin, now time.Time) Change {
	sub := s.Subscription(purposeID)
	if sub.State != Active || yes != sub.Tracking.IsZero() {
		return Change{}
	}
	kind := TrackingOff
	sub.Tracking, sub.Learning = time.Time{}, time.Time{} // from what is not counted nothing is learned
	if yes {
		kind, sub.Tracking = TrackingOn, now
	}
	return Change{Subscriptions: []Subscription{sub}, Events: []Event{o.event(kind, sub, now)}}
}

// LeaveReasons are the reasons that the page after a leaving offers.
var LeaveReasons = []string{"too_often", "not_relevant", "never_asked", "other"}

// ParseLeaveReason reads why somebody left: one of LeaveReasons, and a note
// of at most Limits.LeaveNote characters, or both. Errors name the field.
func ParseLeaveReason(reason, note string) (string, string, error) {
	if reason == "" && note != "" {
		reason = "other"
	}
	if !slices.Contains(LeaveReasons, reason) {
		return "", "", Fieldf("reason", "leave_reason_unknown", "Choose one of the reasons.")
	}
	if err := CheckText("note", note, 4*Limits.LeaveNote); err != nil {
		return "", "", err
	}
	if len([]rune(note)) > Limits.LeaveNote {
		return "", "", Fieldf("note", "text_too_long", "The text has at most %d characters.", Limits.LeaveNote)
	}
	return reason, note, nil
}

// Explain decides what telling why one left does.
func (s Standing) Explain(reason, note string, purposeID int64, o Origin, now time.Time) Change {
	if s.Subscriber.ID == 0 {
		return Change{}
	}
	o.Evidence.Reason, o.Evidence.Note = reason, note
	return Change{Events: []Event{o.event(Explained, Subscription{PurposeID: purposeID}, now)}}
}
