package akkoord

import "slices"

// Whoever may not read of a person what a filter asks about them could ask by counts all
// the same: narrow it to one person, and read the answer from 0 or 1. So they are told
// numbers in steps of Limits.ClickGroup people, rounded down, of which neither one nor the
// difference of two is a number of fewer (M26). What is rounded is each part of a whole,
// and the whole is the sum of these: rounded by itself it would tell that a part that
// was left out is not empty.

// Tells gives the groups of fields of which being counted by the filter tells something.
func (f Filter) Tells() []GrantField {
	var out []GrantField
	f.Each("", func(_ string, f Filter) {
		switch f.Kind {
		case FilterInterest, FilterLearned, FilterAttribute:
			out = append(out, FieldAttributes)
		case FilterLocale:
			out = append(out, FieldName)
		case FilterClicked:
			out = append(out, FieldMails)
		case FilterActive, FilterConsentedBefore, FilterConsentedAfter, FilterSource:
			out = append(out, FieldHistory)
		}
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// Tells is Filter.Tells of those whose time a trigger counts.
func (t MailingTrigger) Tells() []GrantField {
	out := t.Asks().Tells()
	switch t.On {
	case OnDate:
		out = append(out, FieldAttributes)
	case OnInactive:
		out = append(out, FieldHistory)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// CountStep gives the steps in which numbers of people of a purpose that tell these fields
// of them are told to somebody; 1: exactly.
func CountStep(role Role, access Access, purpose int64, tells []GrantField) int64 {
	if len(tells) == 0 || role.May(ReadPeople) && access.CheckPurpose(purpose, tells...) == nil {
		return 1
	}
	return int64(Limits.ClickGroup)
}

// InSteps rounds a number of people down to a multiple of a step.
func InSteps(n, step int64) int64 { return n - n%step }

// InSteps gives the audience as it is told in steps: a reason that fewer have than one
// step is left out, as if nobody had it.
func (a Audience) InSteps(step int64) Audience {
	if step == 1 {
		return a
	}
	out := Audience{Allowed: InSteps(a.Allowed, step), LeftOut: []LeftOut{}, RoundedTo: step}
	out.Total = out.Allowed
	for _, l := range a.LeftOut {
		l.Count, l.Skipped = InSteps(l.Count, step), InSteps(l.Skipped, step)
		if l.Count > 0 {
			out.Total, out.LeftOut = out.Total+l.Count, append(out.LeftOut, l)
		}
	}
	slices.SortFunc(out.LeftOut, mostFirst)
	return out
}

// InSteps gives the count as it is told in steps, of people chosen among all of a purpose:
// where fewer than one step of them were left out, it is told as if nobody was.
func (c SegmentCount) InSteps(all SegmentCount, step int64) SegmentCount {
	if all.Counting {
		return SegmentCount{Counting: true, Step: step}
	}
	if all.People-c.People < step {
		c.People = all.People
	}
	c.People, c.Step = InSteps(c.People, step), step
	return c
}

// Few reports whether there are fewer people than one of the steps that the count is told in.
func (c SegmentCount) Few() bool { return c.Step > 1 && c.People == 0 && !c.Counting }

// InSteps gives the figures as they are told in steps.
func (f TriggerFigures) InSteps(step int64) TriggerFigures {
	f.Past, f.Step = InSteps(f.Past, step), step
	if f.Waiting != nil {
		n := InSteps(*f.Waiting, step)
		f.Waiting = &n
	}
	return f
}
