package templates

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"akkoord"
)

// SegmentsPage is GET /admin/segments: who can be chosen among the people of a
// purpose (M15).
type SegmentsPage struct {
	Admin
	New      string // empty: not by this user
	Archived bool   // those are shown, and not those in use
	Segments []SegmentCard
	Next     string
}

// SegmentCard is one segment in words.
type SegmentCard struct {
	Slug, Name, URL, Purpose string
	Filter                   akkoord.Filter
	ChangedAt                time.Time
}

// SegmentPage is GET /admin/segments/new and /admin/segments/{segment}, and the
// same with what was typed when an act of its form was done or refused.
type SegmentPage struct {
	Admin
	Slug     string // empty: a new one
	Name     string // as it is stored
	Archived bool
	Uses     SegmentUses
	Purpose  Option   // empty: one of Purposes is to be chosen first
	Purposes []Option // of a new segment
	Filter   akkoord.Filter
	Version  int
	People   string // where its people are listed; empty: not by this user
	Counted  bool   // Count holds, as of AsOf; not of a filter that was refused
	Counting bool   // it will in a moment
	Count    int
	Step     int // Count is rounded down to a multiple of it; up to 1: it is exact
	AsOf     time.Time
	Form     *SegmentForm // nil: not by this user
	Errors   FieldErrors
}

// SegmentForm is a filter as it is built: conditions in a row, or the tree as JSON
// where it has more levels. It is posted to Action with act=add, remove-N,
// count or save.
type SegmentForm struct {
	Action, Name, Slug, Read, Match string // Match: all or any
	Rows                            []ConditionRow
	IsTree                          bool // Tree holds it, as JSON, and not Rows
	Tree                            string
	Kinds                           []string
	Ops                             []akkoord.FilterOp
	Locales                         []string
	Names                           akkoord.SegmentNames
}

// SegmentUses are what chooses people by a segment.
type SegmentUses struct {
	Campaigns                        []UsingCampaign
	Mailings                         []UsingMailing
	Drafts, Scheduled, Series, Begun int
	More                             bool // than are listed
}

// UsingCampaign is a campaign that chooses by a segment.
type UsingCampaign struct {
	Link
	Archived bool
}

// UsingMailing is a mailing whose people a segment chose, or will choose.
type UsingMailing struct {
	Subject, URL, State string
	Series, Waits       bool // Waits: what is saved holds for it
}

// Waiting is how many mailings go out by the segment as it is from now on.
func (u SegmentUses) Waiting() int { return u.Drafts + u.Scheduled + u.Series }

// Idle is how many campaigns in use choose by the segment.
func (u SegmentUses) Idle() (n int) {
	for _, c := range u.Campaigns {
		if !c.Archived {
			n++
		}
	}
	return n
}

// ConditionRow is one condition as it is typed.
type ConditionRow struct {
	Number                    int
	Kind                      string // of ConditionKinds
	Not                       bool
	Text, Op, Value, Days, At string
}

// ConditionKinds are the kinds of conditions that a row can hold: leaves of a
// filter, of which clicks are three.
var ConditionKinds = []string{"interest", "learned", "locale", "attribute", "clicked_topic", "clicked_campaign", "clicked_link", "active_within_days", "consented_after", "consented_before", "source"}

// ConditionOps are the comparisons of an attribute.
var ConditionOps = []akkoord.FilterOp{akkoord.OpEqual, akkoord.OpOther, akkoord.OpLess, akkoord.OpAtMost, akkoord.OpMore, akkoord.OpAtLeast, akkoord.OpExists}

// SegmentPeoplePage is GET /admin/segments/{segment}/people.
type SegmentPeoplePage struct {
	Admin
	Name, Back string
	Filter     akkoord.Filter
	People     []PersonRow
	Next       string
}

func (SegmentsPage) file() string      { return "admin/segments.html" }
func (SegmentPage) file() string       { return "admin/segment.html" }
func (SegmentPeoplePage) file() string { return "admin/segment-people.html" }

// Among gives the names that can be chosen. The row's own, where it is not among them, as
// one that is gone or too far down a long list, comes first: nothing else is chosen in
// its place.
func (r ConditionRow) Among(names []string) []string {
	if r.Text == "" || slices.Contains(names, r.Text) {
		return names
	}
	return append([]string{r.Text}, names...)
}

// HasDays reports whether the condition is about the days before today.
func (r ConditionRow) HasDays() bool {
	return r.Kind == string(akkoord.FilterActive) || strings.HasPrefix(r.Kind, "clicked_")
}

// condition tells a filter's node that has none below it.
func (s *Set) condition(t *texts, f akkoord.Filter) (template.HTML, error) {
	key, text := string(f.Kind), f.Text
	switch f.Kind {
	case akkoord.FilterClicked:
		key += "_" + string(f.By)
	case akkoord.FilterAttribute:
		key += "_" + string(f.Op)
	case akkoord.FilterLocale:
		text = s.languageName(text)
	}
	args := []any{"Text", text, "Value", f.Value, "Count", f.Days, "Day", t.calendar.write(t.calendar.day, time.UTC, f.At)}
	p, ok := t.phrase("segments.words_"+key, args)
	if !ok {
		return "", fmt.Errorf("no text for a condition %q", key)
	}
	words := p.html(args)
	if within, ok := t.phrase("segments.within", args); ok && f.Kind == akkoord.FilterClicked && f.Days > 0 {
		words += " " + within.html(args)
	}
	return words, nil
}
