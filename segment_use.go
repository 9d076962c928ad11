package akkoord

import (
	"fmt"
	"reflect"
	"strings"
)

// Archival says which of the things that can be archived are asked for.
type Archival string

// The kinds of asking.
const (
	ArchivedOrNot Archival = ""
	ArchivedOnly  Archival = "true"
	NotArchived   Archival = "false"
)

// Takes reports whether what is archived, or is not, is asked for.
func (a Archival) Takes(archived bool) bool {
	return a == ArchivedOrNot || (a == ArchivedOnly) == archived
}

// SegmentUses are what chooses people by a segment.
type SegmentUses struct {
	Campaigns []Campaign // newest first, archived ones too
	Mailings  []Mailing  // newest first: those that go out by it from now on, then those that began by it
	More      bool       // there are more of the one or the other than are given

	// Mailings that go out by the segment as it is from now on: drafts and scheduled ones
	// of campaigns in use, and mailings of series that run or stand still.
	Drafts, Scheduled, Series int64
	Begun                     int64 // others, whose people were chosen by one of its versions
}

// Waiting is how many mailings go out by the segment as it is from now on.
func (u SegmentUses) Waiting() int64 { return u.Drafts + u.Scheduled + u.Series }

// CheckEdit refuses other conditions by somebody whose role may not send: what is
// scheduled or runs goes out by them without anybody else's word.
func (u SegmentUses) CheckEdit(role Role, was, is Filter) error {
	if u.Scheduled+u.Series == 0 || role.May(SendMailings) || reflect.DeepEqual(was.bare(), is.bare()) {
		return nil
	}
	return Errorf(Forbidden, "segment_sending", "Mailings that are scheduled or run go out by this segment, and this role may not send mailings. Somebody who may has to change its conditions.")
}

// bare is a filter without the list around its one node, which a form writes.
func (f Filter) bare() Filter {
	for (f.Kind == FilterAll || f.Kind == FilterAny) && len(f.Of) == 1 {
		f = f.Of[0]
	}
	return f
}

// mailingsNamed is how many mailings a sentence names.
const mailingsNamed = 3

// CheckArchive refuses to archive a segment by which something still goes out: it would
// go to nobody knows whom.
func (u SegmentUses) CheckArchive(s Segment) error {
	if u.Waiting() == 0 {
		return nil
	}
	var counts, names []string
	for _, c := range []struct {
		n         int64
		one, many string
	}{{u.Drafts, "draft", "drafts"}, {u.Scheduled, "scheduled mailing", "scheduled mailings"}, {u.Series, "running mailing of a series", "running mailings of series"}} {
		switch {
		case c.n == 1:
			counts = append(counts, "1 "+c.one)
		case c.n > 1:
			counts = append(counts, fmt.Sprintf("%d %s", c.n, c.many))
		}
	}
	for _, m := range u.Mailings[:min(len(u.Mailings), mailingsNamed, int(u.Waiting()))] {
		names = append(names, fmt.Sprintf("“%s”", m.Variant(m.Latest()).Subject))
	}
	like := ""
	if len(names) > 0 {
		like = ": " + strings.Join(names, ", ")
	}
	if u.Waiting() > int64(len(names)) && len(names) > 0 {
		like += fmt.Sprintf(" and %d more", u.Waiting()-int64(len(names)))
	}
	return Errorf(Conflict, "segment_used", "The segment %s is used by %s%s. Send or cancel them, or give their campaign another segment; then archive it.", s.Slug, strings.Join(counts, ", "), like)
}
