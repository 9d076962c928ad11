package akkoord_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"akkoord"
)

// What each condition tells of whoever is counted by it.
func TestWhatFiltersTell(t *testing.T) {
	attributes, history, mails, name := akkoord.FieldAttributes, akkoord.FieldHistory, akkoord.FieldMails, akkoord.FieldName
	for kind, want := range map[akkoord.FilterKind][]akkoord.GrantField{
		akkoord.FilterInterest: {attributes}, akkoord.FilterLearned: {attributes}, akkoord.FilterAttribute: {attributes}, akkoord.FilterLocale: {name}, akkoord.FilterClicked: {mails},
		akkoord.FilterActive: {history}, akkoord.FilterConsentedBefore: {history}, akkoord.FilterConsentedAfter: {history}, akkoord.FilterSource: {history},
		akkoord.FilterAll: nil, akkoord.FilterAny: nil,
	} {
		leaf := akkoord.Filter{Kind: kind}
		deep := akkoord.Filter{Kind: akkoord.FilterNot, Of: []akkoord.Filter{{Kind: akkoord.FilterAny, Of: []akkoord.Filter{leaf, leaf}}}}
		for _, f := range []akkoord.Filter{leaf, deep} {
			if diff := cmp.Diff(want, f.Tells()); diff != "" {
				t.Errorf("%s tells (-want +got):\n%s", kind, diff)
			}
		}
	}
	for _, tt := range []struct {
		trigger akkoord.MailingTrigger
		want    []akkoord.GrantField
	}{
		{akkoord.MailingTrigger{On: akkoord.OnConfirmed}, nil}, {akkoord.MailingTrigger{On: akkoord.OnMailing}, nil}, {akkoord.MailingTrigger{On: akkoord.OnDate, Attribute: "born"}, []akkoord.GrantField{attributes}},
		{akkoord.MailingTrigger{On: akkoord.OnClicked, Topic: "ski"}, []akkoord.GrantField{mails}}, {akkoord.MailingTrigger{On: akkoord.OnInactive, Days: 9}, []akkoord.GrantField{history}},
		{akkoord.MailingTrigger{On: akkoord.OnDate, Filter: &akkoord.Filter{Kind: akkoord.FilterLocale, Text: "nl"}}, []akkoord.GrantField{attributes, name}},
	} {
		if diff := cmp.Diff(tt.want, tt.trigger.Tells()); diff != "" {
			t.Errorf("%+v tells (-want +got):\n%s", tt.trigger, diff)
		}
	}
}

// M26: exact numbers are for those whose role reads people and whose grants open all that
// is asked of them; a filter that asks nothing tells nobody anything.
func TestWhoIsToldExactNumbers(t *testing.T) {
	now := time.Date(2027, 1, 2, 12, 0, 0, 0, time.UTC)
	grant := func(purposes []int64, fields ...akkoord.GrantField) akkoord.Access {
		return akkoord.AccessOf([]akkoord.Grant{{Purposes: purposes, Fields: fields, From: now.Add(-time.Hour)}}, now)
	}
	all := grant(nil)
	asks := []akkoord.GrantField{akkoord.FieldAttributes, akkoord.FieldMails}
	few := int64(akkoord.Limits.ClickGroup)
	for name, tt := range map[string]struct {
		role   akkoord.Role
		access akkoord.Access
		tells  []akkoord.GrantField
		want   int64
	}{
		"a manager with all grants":       {akkoord.RoleManager, all, asks, 1},
		"a data protection officer":       {akkoord.RoleDPO, all, asks, 1},
		"an editor with all grants":       {akkoord.RoleEditor, all, asks, few},
		"an analyst":                      {akkoord.RoleAnalyst, all, asks, few},
		"nobody":                          {"", nil, asks, few},
		"a manager without grants":        {akkoord.RoleManager, nil, asks, few},
		"of one of the fields":            {akkoord.RoleManager, grant(nil, akkoord.FieldAttributes), asks, few},
		"of both":                         {akkoord.RoleManager, grant(nil, asks...), asks, 1},
		"of another purpose":              {akkoord.RoleOwner, grant([]int64{2}), asks, few},
		"of this purpose":                 {akkoord.RoleOwner, grant([]int64{1}), asks, 1},
		"an editor, of what asks nothing": {akkoord.RoleEditor, nil, nil, 1},
	} {
		if got := akkoord.CountStep(tt.role, tt.access, 1, tt.tells); got != tt.want {
			t.Errorf("%s is told numbers in steps of %d, want %d", name, got, tt.want)
		}
	}
}

// One person more or less behind a small number is not to be seen.
func TestFewPeopleLookAlikeM26(t *testing.T) {
	step, many := int64(akkoord.Limits.ClickGroup), akkoord.SegmentCount{People: 9000}
	for n := range step {
		if c := (akkoord.SegmentCount{People: n}).InSteps(many, step); !c.Few() || c.People != 0 {
			t.Errorf("%d people are told as %+v", n, c)
		}
	}
	if c := (akkoord.SegmentCount{People: 3001}).InSteps(many, step); c.Few() || c.People != 3000 {
		t.Errorf("3001 people are told as %+v", c)
	}
	all := akkoord.SegmentCount{People: 3000}
	for leftOut := range step {
		if c := (akkoord.SegmentCount{People: all.People - leftOut}).InSteps(all, step); c.People != all.People {
			t.Errorf("all but %d are told as %+v", leftOut, c)
		}
	}
	if c := (akkoord.SegmentCount{People: 2995}).InSteps(all, step); c.People != 2995 {
		t.Errorf("all but a step are told as %+v", c)
	}
	if c := (akkoord.SegmentCount{People: 7}).InSteps(akkoord.SegmentCount{Counting: true}, step); !c.Counting || c.People != 0 {
		t.Errorf("among people who are not counted yet it is %+v", c)
	}
	if c := (akkoord.SegmentCount{People: 1}).InSteps(many, 1); c.Few() || c.People != 1 {
		t.Errorf("exactly it is %+v", c)
	}
	if c := (akkoord.SegmentCount{Counting: true}).InSteps(many, step); c.Few() {
		t.Error("what is not counted yet is told as few")
	}
	var one, none akkoord.Audience
	for _, a := range []*akkoord.Audience{&one, &none} {
		a.Add("", 3004)
		a.Add("withdrawn", 7)
	}
	one.Add("complaint", 1) // 3,012 of whom 3,004 get it: a whole that is rounded by itself would tell of the one
	want := akkoord.Audience{Total: 3005, Allowed: 3000, LeftOut: []akkoord.LeftOut{{Code: "withdrawn", Count: 5}}, RoundedTo: step}
	for _, a := range []akkoord.Audience{one, none} {
		if diff := cmp.Diff(want, a.InSteps(step)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if got := one.InSteps(1); got.Total != 3012 || got.RoundedTo != 0 {
		t.Errorf("exactly: %+v", got)
	}
}

// No number of an answer in steps, and no difference of two of them, is one of fewer than
// a step; and people who are moved among parts of fewer than a step change nothing.
func TestNoDifferenceTellsOfFewM26(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		step := rapid.Int64Range(2, 20).Draw(t, "step")
		codes := []string{"", "withdrawn", "complaint", "paused", "restricted"}
		var a akkoord.Audience
		for _, code := range codes {
			if n := rapid.Int64Range(0, 60).Draw(t, "people"); rapid.Bool().Draw(t, "skipped") && code != "" {
				a.AddSkipped(code, n)
			} else {
				a.Add(code, n)
			}
		}
		told := a.InSteps(step)
		numbers := []int64{0, told.Total, told.Allowed}
		for _, l := range told.LeftOut {
			numbers = append(numbers, l.Count, l.Skipped, l.Count-l.Skipped)
		}
		for _, x := range numbers {
			for _, y := range numbers {
				if d := x - y; d > 0 && d < step {
					t.Fatalf("%d and %d are %d apart in %+v", x, y, d, told)
				}
			}
		}
		if told.Total > a.Total || told.Allowed > a.Allowed {
			t.Fatalf("more people are told than there are: %+v of %+v", told, a)
		}
		var emptied akkoord.Audience
		emptied.Add("", a.Allowed)
		for _, l := range a.LeftOut {
			if l.Count >= step {
				emptied.AddSkipped(l.Code, l.Skipped)
				emptied.Add(l.Code, l.Count-l.Skipped)
			}
		}
		if diff := cmp.Diff(told, emptied.InSteps(step)); diff != "" {
			t.Fatalf("without its small parts it is told otherwise:\n%s", diff)
		}
		if !slices.IsSortedFunc(told.LeftOut, func(x, y akkoord.LeftOut) int { return int(y.Count - x.Count) }) {
			t.Fatalf("not most first: %+v", told)
		}
	})
}
