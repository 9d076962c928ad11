package akkoord

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// PeopleFilter narrows a list of people. Its zero value lets everybody through.
type PeopleFilter struct {
	Purpose  string // slug: who ever dealt with it; State and Act are then about it
	State    State  // who stands so for a purpose
	Interest string // slug
	Locale   string // the person's language; with ActAsked and ActAnswered that of the request
	Source   string // how they came in who did Act, as for segments: form:home, import
	Act      PeopleAct
	From, To Day // of the act; where none is named, since when the state holds. To is in it; 0: no bound

	// Among keeps to those who ever dealt with one of these purposes, and to what
	// they did about these; nil: all.
	Among []int64
}

// PeopleAct is something that people did, by which they are found.
type PeopleAct string

// The acts by which people are found.
const (
	ActAsked     PeopleAct = "asked"     // signed up
	ActAnswered  PeopleAct = "answered"  // signed up in the period, and confirmed that since
	ActConfirmed PeopleAct = "confirmed" // pressed the button
	ActJoined    PeopleAct = "joined"    // became active, in whatever way
	ActLeft      PeopleAct = "left"      // were active and ended, in whatever way
)

// Asks reports whether the act is a sign-up, to which language and source belong.
func (a PeopleAct) Asks() bool { return a == ActAsked || a == ActAnswered }

// PeopleActs are all acts by which people are found.
var PeopleActs = []PeopleAct{ActAsked, ActAnswered, ActConfirmed, ActJoined, ActLeft}

// PeopleStates are the states by which people are found.
var PeopleStates = []State{Pending, Active, Withdrawn, Lapsed, Held}

// the names of a filter's parts in an address.
const (
	byPurpose, byState, byInterest, byLocale = "purpose", "state", "interest", "locale"
	bySource, byAct, byFrom, byTo            = "source", "act", "from", "to"
)

// ParsePeopleFilter reads a filter from the query of an address, see Query.
func ParsePeopleFilter(q url.Values) (PeopleFilter, error) {
	f := PeopleFilter{Purpose: q.Get(byPurpose), State: State(q.Get(byState)), Interest: q.Get(byInterest), Locale: q.Get(byLocale), Source: q.Get(bySource), Act: PeopleAct(q.Get(byAct))}
	switch {
	case f.Purpose != "" && CheckSlug(byPurpose, f.Purpose) != nil:
		return f, CheckSlug(byPurpose, f.Purpose)
	case f.Interest != "" && CheckSlug(byInterest, f.Interest) != nil:
		return f, CheckSlug(byInterest, f.Interest)
	case f.State != "" && !slices.Contains(PeopleStates, f.State):
		return f, Fieldf(byState, "filter_state", "A state is pending, active, withdrawn, expired or held.")
	case f.Act != "" && !slices.Contains(PeopleActs, f.Act):
		return f, Fieldf(byAct, "filter_act", "An act is asked, answered, confirmed, joined or left.")
	case f.Locale != "" && !KnownLocale(f.Locale):
		return f, Fieldf(byLocale, "locale_unknown", "There are no mails in this language.")
	case f.Source != "" && !knownShape(f.Source):
		return f, Fieldf(bySource, "filter_source", "A source is a form, like form:home, or a word like import.")
	case f.Source != "" && f.Act == "":
		return f, Fieldf(byAct, "filter_source_act", "Say with how people came in also what they did, like asked or joined.")
	}
	var err error
	if f.From, err = parseFilterDay(byFrom, q.Get(byFrom)); err != nil {
		return f, err
	}
	if f.To, err = parseFilterDay(byTo, q.Get(byTo)); err != nil {
		return f, err
	}
	switch {
	case f.From != 0 && f.To != 0 && f.To < f.From:
		return f, Fieldf(byTo, "filter_period", "The last day is before the first.")
	case (f.From != 0 || f.To != 0) && f.Act == "" && f.State == "":
		return f, Fieldf(byAct, "filter_act_missing", "Say what was done on these days: an act, or a state that began then.")
	}
	return f, nil
}

// knownShape reports whether a source is a word or a word with a slug. What a filter
// says stands in the audit trail, where no address may get.
func knownShape(source string) bool {
	word, slug, has := strings.Cut(source, ":")
	return CheckSlug(bySource, word) == nil && (!has || CheckSlug(bySource, slug) == nil)
}

func parseFilterDay(field, text string) (Day, error) {
	if text == "" {
		return 0, nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < 1971 || t.Year() > 9998 {
		return 0, Fieldf(field, "filter_day", "A day is written like 2026-11-24.")
	}
	return DayOf(t), nil
}

// Query writes the filter as ParsePeopleFilter reads it.
func (f PeopleFilter) Query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{
		byPurpose: f.Purpose, byState: string(f.State), byInterest: f.Interest, byLocale: f.Locale, bySource: f.Source, byAct: string(f.Act), byFrom: f.From.text(), byTo: f.To.text(),
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

func (d Day) text() string {
	if d == 0 {
		return ""
	}
	return d.Time().Format(time.DateOnly)
}

// Everybody reports whether the filter lets everybody through whom Among does.
func (f PeopleFilter) Everybody() bool { return len(f.Query()) == 0 }

// Period gives the times of the filter's days, from and before.
func (f PeopleFilter) Period() (from, before time.Time) {
	before = time.Date(9999, time.January, 1, 0, 0, 0, 0, time.UTC)
	if f.To != 0 {
		before = (f.To + 1).Time()
	}
	return f.From.Time(), before
}

// Tells gives the groups of fields of which being in the list tells something,
// so that it takes a grant for these.
func (f PeopleFilter) Tells() []GrantField {
	var out []GrantField
	if f.Locale != "" {
		out = append(out, FieldName)
	}
	if f.Interest != "" {
		out = append(out, FieldAttributes)
	}
	if f.Act != "" || f.Source != "" {
		out = append(out, FieldHistory)
	}
	return out
}
