package akkoord

import "time"

// Restrict decides what a restriction of processing does (Art. 18 GDPR): what is
// stored of the person is kept, also beyond its time, and no mail goes to
// them. The reason is kept as evidence, so it goes with the person. Whoever is
// restricted stays so.
func (s Standing) Restrict(reason string, o Origin, now time.Time) (Change, error) {
	if err := checkTold(reason); err != nil {
		return Change{}, err
	}
	if s.Suppressed(SuppressedRestricted) {
		return Change{}, nil
	}
	o.Evidence.Note = reason
	return Change{Suppress: []SuppressionKind{SuppressedRestricted}, Events: []Event{o.event(Restricted, Subscription{}, now)}}, nil
}

// Unrestrict decides what the end of a restriction does. The person has to be
// told before it (Art. 18(3) GDPR): told is the day on which that was done.
func (s Standing) Unrestrict(told time.Time, reason string, o Origin, now time.Time) (Change, error) {
	if err := checkTold(reason); err != nil {
		return Change{}, err
	}
	if told.IsZero() || told.After(now) {
		return Change{}, Fieldf("told_on", "told_missing", "Tell the person first that the restriction ends, and give the day on which you did.")
	}
	if !s.Suppressed(SuppressedRestricted) {
		return Change{}, nil
	}
	o.Evidence.Note = reason + " (told on " + told.Format(time.DateOnly) + ")"
	return Change{Lift: []SuppressionKind{SuppressedRestricted}, Events: []Event{o.event(Unrestricted, Subscription{}, now)}}, nil
}

// RestrictedAt tells from the ledger's lines whether a restriction was on at a
// time. The lines are of one person, oldest first.
func RestrictedAt(events []Event, at time.Time) (on bool) {
	for _, e := range events {
		if e.At.After(at) {
			break
		}
		if e.Kind == Restricted || e.Kind == Unrestricted {
			on = e.Kind == Restricted
		}
	}
	return on
}

// unrestricted is what is lifted of somebody of whom nothing is kept any more.
func (s Standing) unrestricted() []SuppressionKind {
	if s.Suppressed(SuppressedRestricted) {
		return []SuppressionKind{SuppressedRestricted}
	}
	return nil
}
