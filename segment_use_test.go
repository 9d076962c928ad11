package akkoord_test

import (
	"strings"
	"testing"

	"akkoord"
)

// What goes out without anybody else's word gets other readers from those alone who may send.
func TestWhoChangesConditionsOfWhatGoesOut(t *testing.T) {
	dutch, german := akkoord.Filter{Kind: akkoord.FilterLocale, Text: "nl"}, akkoord.Filter{Kind: akkoord.FilterLocale, Text: "de"}
	listed := akkoord.Filter{Kind: akkoord.FilterAll, Of: []akkoord.Filter{dutch}}
	for name, tt := range map[string]struct {
		uses akkoord.SegmentUses
		role akkoord.Role
		is   akkoord.Filter
		want string
	}{
		"an editor, of a draft":             {akkoord.SegmentUses{Drafts: 1, Begun: 2}, akkoord.RoleEditor, german, ""},
		"an editor, of a scheduled mailing": {akkoord.SegmentUses{Scheduled: 1}, akkoord.RoleEditor, german, "segment_sending"},
		"an editor, of a series":            {akkoord.SegmentUses{Series: 1}, akkoord.RoleEditor, german, "segment_sending"},
		"an editor, of the same conditions": {akkoord.SegmentUses{Series: 1}, akkoord.RoleEditor, listed, ""},
		"a manager":                         {akkoord.SegmentUses{Series: 1}, akkoord.RoleManager, german, ""},
	} {
		if err := tt.uses.CheckEdit(tt.role, dutch, tt.is); akkoord.CodeOf(err) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := akkoord.Campaign{SegmentID: 1}
	for _, tt := range []struct {
		segment   int64
		scheduled bool
		role      akkoord.Role
		want      string
	}{{2, true, akkoord.RoleEditor, "segment_sending"}, {1, true, akkoord.RoleEditor, ""}, {2, false, akkoord.RoleEditor, ""}, {2, true, akkoord.RoleManager, ""}} {
		if err := c.CheckNarrow(tt.segment, tt.scheduled, tt.role); akkoord.CodeOf(err) != tt.want {
			t.Errorf("%+v: %v", tt, err)
		}
	}
}

// The refusal to archive names some of what goes out by the segment, and counts the rest.
func TestASegmentInUseIsNotArchived(t *testing.T) {
	mailing := func(subject string) akkoord.Mailing {
		return akkoord.Mailing{Content: akkoord.Content{Subject: subject}}
	}
	for _, tt := range []struct {
		uses akkoord.SegmentUses
		want string
	}{
		{akkoord.SegmentUses{Begun: 3, Mailings: []akkoord.Mailing{mailing("Gone")}}, ""},
		{akkoord.SegmentUses{Drafts: 1, Begun: 1, Mailings: []akkoord.Mailing{mailing("Snow"), mailing("Gone")}}, "is used by 1 draft: “Snow”. Send"},
		{akkoord.SegmentUses{Drafts: 3, Series: 2, Mailings: []akkoord.Mailing{mailing("a"), mailing("b"), mailing("c"), mailing("d"), mailing("e")}}, "by 3 drafts, 2 running mailings of series: “a”, “b”, “c” and 2 more. Send"},
	} {
		err := tt.uses.CheckArchive(akkoord.Segment{Slug: "x"})
		if got := akkoord.CodeOf(err) == "segment_used" && strings.Contains(err.Error(), tt.want); got != (tt.want != "") {
			t.Errorf("%+v: %v", tt.uses, err)
		}
	}
}
