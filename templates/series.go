package templates

// TriggerLine is what a mailing of a series waits for, in one line.
type TriggerLine struct {
	Key         string // of the sentence: confirmed, after, clicked, each also with _now; date, date_before, date_after, each also with _yearly; inactive
	Days, Hours int    // never below 0
	Name        string // of the earlier mailing, the attribute or the topic
	At          string // clock of a date
	Year        int    // of what goes out every year, once it began; 0: none
}

// SeriesRow is a mailing on the timeline of a series.
type SeriesRow struct {
	MailingRow
	Trigger TriggerLine
	SeriesFacts
}

// SeriesFacts are the people of a mailing of a series beside those in Progress.
type SeriesFacts struct {
	Past    int  // of a draft: of whom the occasion was before
	Takes   bool // those are taken in
	Runs    bool
	Waits   bool // Waiting is known
	Waiting int  // whose time is yet to come
	Step    int  // Past and Waiting are rounded down to multiples of it; up to 1: they are exact
	Left    int  // who left by it
	Version int  // number of the content that goes out now; 0: there was one
}

// Few reports whether fewer wait than are told in a number.
func (f SeriesFacts) Few() bool { return f.Step > 1 && f.Waiting == 0 }

// TriggerForm is a trigger as its form shows it, word for word what was typed.
// Of none On is empty.
type TriggerForm struct {
	On, Days, Hours, Mailing, Attribute, At, Every, Topic string
	Past, Filtered                                        bool
}

// Occasions are the kinds of triggers that the form offers.
func (EditPage) Occasions() []string {
	return []string{"confirmed", "after", "date", "clicked", "inactive"}
}
