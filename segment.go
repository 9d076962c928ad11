package akkoord

import (
	"slices"
	"time"
)

// Segment chooses among the people who may be mailed for one purpose; it never
// adds anybody (M15). Its filter is versioned, so that it stays known by which
// words a mailing's audience was chosen.
type Segment struct {
	ID         int64
	PublicID   ID
	Slug       string
	Name       string // for those who choose it; a new one without gets its slug
	PurposeID  int64
	Version    int // of name and filter
	Filter     Filter
	CreatedAt  time.Time
	ChangedAt  time.Time
	ArchivedAt time.Time // since when nothing new is chosen by it; zero: it is in use
}

// Archived reports whether nothing new is chosen by the segment.
func (s Segment) Archived() bool { return !s.ArchivedAt.IsZero() }

// ErrArchived refuses to choose anybody anew by an archived segment.
func (s Segment) ErrArchived() *Error {
	return Errorf(Conflict, "segment_archived", "The segment %s is archived, and nothing new is chosen by it. Take it back into use, or choose another one.", s.Slug)
}

// Check reports the first thing wrong with a segment about to be stored, but for its
// filter, which Filter.Check is asked about.
func (s Segment) Check() error {
	if s.Name == "" {
		return Fieldf("name", "text_missing", "A segment needs a name; those who choose it read it.")
	}
	if err := CheckLine("name", s.Name, Limits.Name); err != nil {
		return err
	}
	return CheckSlug("slug", s.Slug)
}

// FilterKind is what a node of a filter asks.
type FilterKind string

// The kinds of nodes, named as in JSON.
const (
	FilterAll             FilterKind = "all"                // all of Of hold; of none: everybody
	FilterAny             FilterKind = "any"                // one of Of holds; of none: nobody
	FilterNot             FilterKind = "not"                // the one of Of does not hold
	FilterInterest        FilterKind = "interest"           // the person chose the interest Text
	FilterLearned         FilterKind = "learned"            // the topic Text was learned from the person's clicks under the purpose
	FilterLocale          FilterKind = "locale"             // the person's language is Text
	FilterAttribute       FilterKind = "attribute"          // the attribute Text compares by Op with Value
	FilterClicked         FilterKind = "clicked"            // the person clicked what By and Text say, in Days
	FilterActive          FilterKind = "active_within_days" // a sign of life for the purpose in Days
	FilterConsentedBefore FilterKind = "consented_before"   // in since before At
	FilterConsentedAfter  FilterKind = "consented_after"    // in since At or later
	FilterSource          FilterKind = "source"             // came in by Text, like form:home or import
)

// Filter is one node of a segment's typed tree, with those below it. There is
// no text in it that a database would run.
type Filter struct {
	Kind  FilterKind
	Of    []Filter
	Text  string // a slug; of a clicked link its URL
	By    ClickTarget
	Op    FilterOp
	Value string // as Attribute.Parse writes it
	Days  int    // 0: ever
	At    time.Time
}

// ClickTarget is what a click is asked about.
type ClickTarget string

// What can be clicked.
const (
	ClickCampaign ClickTarget = "campaign" // any link of the campaign with a slug
	ClickTopic    ClickTarget = "topic"    // any link with a topic
	ClickLink     ClickTarget = "link"     // the link with a URL
)

// FilterOp compares an attribute with a value. But for exists none holds for
// somebody without the attribute.
type FilterOp string

// The comparisons. Those by size are for numbers and dates.
const (
	OpEqual   FilterOp = "eq"
	OpOther   FilterOp = "ne"
	OpLess    FilterOp = "lt"
	OpAtMost  FilterOp = "lte"
	OpMore    FilterOp = "gt"
	OpAtLeast FilterOp = "gte"
	OpExists  FilterOp = "exists"
)

// Each calls f for the node and all below it, with the path of each in JSON.
func (f Filter) Each(path string, do func(path string, f Filter)) {
	do(path, f)
	for i, child := range f.Of {
		child.Each(f.childPath(path, i), do)
	}
}

func (f Filter) childPath(path string, i int) string {
	if f.Kind == FilterNot {
		return path + ".not"
	}
	return indexed(path+"."+string(f.Kind), i)
}

// Vocabulary is what the names in a filter can mean.
type Vocabulary struct {
	Purposes   map[int64]string // names, for sentences
	LearnAfter map[int64]int    // by purpose, as Purpose.LearnAfter
	Interests  map[string]int64
	Attributes map[string]Attribute
	Campaigns  map[string]Campaign
	Topics     map[string][]int64 // purposes in whose mailings a link has the topic
	Links      map[string][]int64 // the same of URLs
}

// Check reports the first thing in a filter that means nothing, or belongs to
// another purpose than the segment's: what people did or told for one purpose
// chooses nobody for another (M16, Art. 5(1)(b) GDPR), whose code is
// purpose_limitation. It gives the filter with values as they are stored.
func (f Filter) Check(path string, purpose int64, v Vocabulary) (Filter, error) {
	out := f
	out.Of = nil
	for i, child := range f.Of {
		checked, err := child.Check(f.childPath(path, i), purpose, v)
		if err != nil {
			return f, err
		}
		out.Of = append(out.Of, checked)
	}
	var err error
	switch f.Kind {
	case FilterInterest:
		if _, ok := v.Interests[f.Text]; !ok {
			err = Fieldf(path+".interest", "interest_unknown", "There is no interest %q; a form or an import makes one.", f.Text)
		}
	case FilterLocale:
		if !KnownLocale(f.Text) {
			err = Fieldf(path+".locale", "locale_unknown", "The languages are nl, en, de and fr.")
		}
	case FilterAttribute:
		out.Value, err = f.checkAttribute(path, purpose, v)
	case FilterClicked:
		err = f.checkClicked(path, purpose, v)
	case FilterLearned:
		err = f.checkLearned(path, purpose, v)
	}
	return out, err
}

func (f Filter) checkAttribute(path string, purpose int64, v Vocabulary) (string, error) {
	a, ok := v.Attributes[f.Text]
	if !ok {
		return "", Fieldf(path+".attribute", "attribute_unknown", "There is no attribute %q; make it first.", f.Text)
	}
	if a.PurposeID != purpose {
		return "", Fieldf(path+".attribute", "purpose_limitation", "What is known for %s can't select people for %s: that is another purpose.",
			v.Purposes[a.PurposeID], v.Purposes[purpose])
	}
	switch f.Op {
	case OpExists:
		return "", nil
	case OpEqual, OpOther:
	default:
		if a.Type != AttributeNumber && a.Type != AttributeDate {
			return "", Fieldf(path+".op", "op_invalid", "The values of %s have no order; use eq, ne or exists.", a.Slug)
		}
	}
	value, err := a.Parse(f.Value)
	if err != nil {
		return "", Fieldf(path+".value", CodeOf(err), "%s", err.(*Error).Message)
	}
	return value, nil
}

func (f Filter) checkClicked(path string, purpose int64, v Vocabulary) error {
	path += ".clicked." + string(f.By)
	purposes := map[ClickTarget]map[string][]int64{ClickTopic: v.Topics, ClickLink: v.Links}[f.By][f.Text]
	if f.By == ClickCampaign {
		c, ok := v.Campaigns[f.Text]
		if !ok {
			return Fieldf(path, "campaign_unknown", "There is no campaign %q.", f.Text)
		}
		purposes = []int64{c.PurposeID}
	}
	if len(purposes) == 0 || slices.Contains(purposes, purpose) {
		return nil // what nobody can have clicked yet selects nobody yet
	}
	return Fieldf(path, "purpose_limitation", "Clicks in %s can't select people for %s: that is another purpose.", v.Purposes[purposes[0]], v.Purposes[purpose])
}

// checkLearned refuses what can have been learned under other purposes alone.
func (f Filter) checkLearned(path string, purpose int64, v Vocabulary) error {
	purposes := v.Topics[f.Text]
	if len(purposes) == 0 || slices.Contains(purposes, purpose) {
		return nil // what nobody can have clicked yet selects nobody yet
	}
	return Fieldf(path+".learned", "purpose_limitation", "What was learned from clicks in %s can't select people for %s: that is another purpose.", v.Purposes[purposes[0]], v.Purposes[purpose])
}

// FilterPerson is what a filter can ask about somebody, for one purpose.
type FilterPerson struct {
	Locale     string
	Interests  []string // chosen
	Learned    []string // topics, as Purpose.Learned
	Attributes map[string]string
	Clicks     []PersonClick
	Active     time.Time // last sign of life; zero: none
	Since      time.Time // when their standing began
	Source     string    // what that rests on came in by
}

// PersonClick is a link that a person clicked, when last.
type PersonClick struct {
	Campaign, Topic, Link string
	At                    time.Time
}

// Match reports whether a person is in a checked filter at a time. It says
// what the store's SQL has to find; types are those of the attributes.
func (f Filter) Match(p FilterPerson, types map[string]AttributeType, now time.Time) bool {
	holds := func(child Filter) bool { return child.Match(p, types, now) }
	switch f.Kind {
	case FilterAll:
		return !slices.ContainsFunc(f.Of, func(child Filter) bool { return !holds(child) })
	case FilterAny:
		return slices.ContainsFunc(f.Of, holds)
	case FilterNot:
		return !holds(f.Of[0])
	case FilterInterest:
		return slices.Contains(p.Interests, f.Text)
	case FilterLearned:
		return slices.Contains(p.Learned, f.Text)
	case FilterLocale:
		return p.Locale == f.Text
	case FilterAttribute:
		value, ok := p.Attributes[f.Text]
		return ok && f.compares(value, types[f.Text])
	case FilterClicked:
		return slices.ContainsFunc(p.Clicks, func(c PersonClick) bool {
			target := map[ClickTarget]string{ClickCampaign: c.Campaign, ClickTopic: c.Topic, ClickLink: c.Link}[f.By]
			return target == f.Text && !c.At.Before(f.Cutoff(now))
		})
	case FilterActive:
		return !p.Active.IsZero() && !p.Active.Before(f.Cutoff(now))
	case FilterConsentedBefore:
		return p.Since.Before(f.At)
	case FilterConsentedAfter:
		return !p.Since.Before(f.At)
	default:
		return p.Source == f.Text
	}
}

// Cutoff is the time from which on clicks and signs of life count; the zero
// time without days.
func (f Filter) Cutoff(now time.Time) time.Time {
	if f.Days == 0 {
		return time.Time{}
	}
	return now.AddDate(0, 0, -f.Days)
}

func (f Filter) compares(value string, kind AttributeType) bool {
	c := compareValues(value, f.Value, kind)
	switch f.Op {
	case OpEqual:
		return value == f.Value
	case OpOther:
		return value != f.Value
	case OpLess:
		return c < 0
	case OpAtMost:
		return c <= 0
	case OpMore:
		return c > 0
	case OpAtLeast:
		return c >= 0
	}
	return true
}

// SegmentNames are what the conditions of a segment of one purpose can name.
type SegmentNames struct {
	Interests, Topics   []string
	Learns              bool     // interests are learned from clicks under the purpose now
	Campaigns           []string // slugs
	Attributes, Sources []string
}

// SegmentCount is how many people a segment holds, for somebody who edits it.
type SegmentCount struct {
	Counting bool // nothing is known yet; ask again
	People   int64
	AsOf     time.Time // that it is of
	Exact    bool      // counted by the database at once; else put together of what was read a moment ago
	Step     int64     // People is told in steps of so many, rounded down; 0 and 1: it is the number
}
