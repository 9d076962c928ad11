package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// testSegmentArchive: a segment by which something still goes out is not archived, and
// who tries is told what that is; archived, nothing new is chosen by it, nothing that
// went out changes, and no campaign reaches more people by it (M15).
func testSegmentArchive(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	a.withSegments(t)
	seg := must(a.PutSegment(ctx, Admin, akkoord.Segment{Slug: "dutch", Name: "Reads Dutch", PurposeID: a.News.ID, Filter: filter(t, `{"locale":"nl"}`)}))(t)
	if u := must(a.SegmentUses(ctx, seg.ID))(t); u.Waiting()+u.Begun != 0 || len(u.Campaigns)+len(u.Mailings) != 0 {
		t.Errorf("before anything uses it: %+v", u)
	}
	a.Campaign.SegmentID = seg.ID
	a.Campaign = must(a.PutCampaign(ctx, Admin, a.Campaign))(t)
	other := must(a.PutMailing(ctx, Admin, akkoord.Mailing{CampaignID: a.Campaign.ID, Content: akkoord.Content{Subject: "Later", Markdown: "Hallo"}}))(t)
	must(a.ScheduleMailing(ctx, Admin, other.PublicID, a.Clock.Now().Add(time.Hour)))(t)
	series := a.begin(t, "Welkom", akkoord.MailingTrigger{On: akkoord.OnConfirmed})
	u := must(a.SegmentUses(ctx, seg.ID))(t)
	if u.Drafts != 1 || u.Scheduled != 1 || u.Series != 1 || u.Begun != 0 || u.More || len(u.Mailings) != 3 || len(u.Campaigns) != 1 || u.Mailings[0].PublicID != series.PublicID {
		t.Errorf("it is used by %+v", u)
	}
	_, err := a.ArchiveSegment(ctx, Admin, "dutch")
	if akkoord.CodeOf(err) != "segment_used" || !strings.Contains(err.Error(), "1 draft, 1 scheduled mailing, 1 running mailing of a series: “Welkom”, “Later”, “Sneeuw”.") {
		t.Errorf("archived while it is used: %v", err)
	}
	must(a.StartMailing(ctx, Admin, a.Mailing.PublicID))(t)
	must(a.CancelMailing(ctx, Admin, other.PublicID))(t)
	must(a.PauseMailing(ctx, Admin, series.PublicID))(t)
	if _, err := a.ArchiveSegment(ctx, Admin, "dutch"); akkoord.CodeOf(err) != "segment_used" {
		t.Errorf("archived while a series stands still: %v", err)
	}
	must(a.CancelMailing(ctx, Admin, series.PublicID))(t)
	if s := must(a.ArchiveSegment(ctx, Admin, "dutch"))(t); !s.Archived() || !must(a.Segment(ctx, "dutch"))(t).Archived() {
		t.Errorf("archived: %+v", s)
	}
	if u := must(a.SegmentUses(ctx, seg.ID))(t); u.Waiting() != 0 || u.Begun != 2 {
		t.Errorf("what went out by it is %+v", u)
	}
	if got := must(a.Audience(ctx, must(a.MailingByID(ctx, a.Mailing.ID))(t)))(t); got.Total != 2 {
		t.Errorf("the audience of before is %+v", got)
	}
	must(a.CancelMailing(ctx, Admin, a.Mailing.PublicID))(t)
	narrowed := a.Campaign
	narrowed.Name = "Sneeuw"
	a.Campaign = must(a.PutCampaign(ctx, Admin, narrowed))(t) // its name changes, its segment stays
	if a.Campaign.SegmentID != seg.ID {
		t.Errorf("renaming a campaign took its segment off: %+v", a.Campaign)
	}
	for what, err := range map[string]error{
		"again":      second(a.ArchiveSegment(ctx, Admin, "dutch")),
		"a draft":    second(a.PutMailing(ctx, Admin, akkoord.Mailing{CampaignID: a.Campaign.ID})),
		"a campaign": second(a.PutCampaign(ctx, Admin, akkoord.Campaign{Slug: "nieuw", Name: "Nieuw", PurposeID: a.News.ID, SegmentID: seg.ID})),
	} {
		if akkoord.CodeOf(err) != "segment_archived" {
			t.Errorf("%s: %v", what, err)
		}
	}
	if all, _, err := a.Segments(ctx, akkoord.NotArchived, akkoord.Page{}); err != nil || len(all) != 0 {
		t.Errorf("in use: %+v, %v", all, err)
	}
	if all, _, err := a.Segments(ctx, akkoord.ArchivedOnly, akkoord.Page{}); err != nil || len(all) != 1 {
		t.Errorf("archived: %+v, %v", all, err)
	}
	if all, _, err := a.Campaigns(ctx, akkoord.ArchivedOnly, akkoord.Page{}); err != nil || len(all) != 0 {
		t.Errorf("archived campaigns: %+v, %v", all, err)
	}
	must(a.RestoreSegment(ctx, Admin, "dutch"))(t)
	if _, err := a.RestoreSegment(ctx, Admin, "dutch"); akkoord.CodeOf(err) != "segment_in_use" {
		t.Errorf("restored again: %v", err)
	}
	draft := must(a.PutMailing(ctx, Admin, akkoord.Mailing{CampaignID: a.Campaign.ID, Content: akkoord.Content{Subject: "Nog een", Markdown: "Hallo"}}))(t)

	// A draft that rested in an archived campaign begins by no archived segment.
	must(a.ArchiveCampaign(ctx, Admin, a.Campaign.Slug))(t)
	must(a.ArchiveSegment(ctx, Admin, "dutch"))(t)
	must(a.RestoreCampaign(ctx, Admin, a.Campaign.Slug))(t)
	for what, err := range map[string]error{
		"send":     second(a.StartMailing(ctx, Admin, draft.PublicID)),
		"schedule": second(a.ScheduleMailing(ctx, Admin, draft.PublicID, a.Clock.Now().Add(time.Hour))),
	} {
		if akkoord.CodeOf(err) != "segment_archived" {
			t.Errorf("%s: %v", what, err)
		}
	}
	trail := a.trail(t)
	for _, line := range []string{"user:1 segment.archive segment:dutch", "user:1 segment.restore segment:dutch"} {
		if !slices.Contains(trail, line) {
			t.Errorf("the audit trail lacks %q", line)
		}
	}
}

// testSegmentEdits: an edit holds for what goes out from now on, a series that runs
// included, and changes nothing of whom was chosen before; one of what is no longer so
// is refused (M15).
func testSegmentEdits(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	a.withSegments(t)
	seg := must(a.PutSegment(ctx, Admin, akkoord.Segment{Slug: "dutch", PurposeID: a.News.ID, Filter: filter(t, `{"locale":"nl"}`)}))(t)
	if seg.Name != "dutch" {
		t.Errorf("without a name it is called %q", seg.Name)
	}
	a.Campaign.SegmentID = seg.ID
	a.Campaign = must(a.PutCampaign(ctx, Admin, a.Campaign))(t)
	series := a.begin(t, "Welkom", akkoord.MailingTrigger{On: akkoord.OnConfirmed})
	got := map[[2]int64]int{}
	first := a.active(t, "eerste@voorbeeld.example", a.News)
	a.pass(t, time.Hour, got)
	frozen := must(a.StartMailing(ctx, Admin, a.Mailing.PublicID))(t)

	stale := seg
	seg.Name, seg.Filter = "Reads German", filter(t, `{"locale":"de"}`)
	seg = must(a.PutSegment(ctx, Admin, seg))(t)
	if seg.Version != 2 || seg.Name != "Reads German" {
		t.Errorf("edited: %+v", seg)
	}
	stale.Name = "Mine"
	if _, err := a.PutSegment(ctx, Admin, stale); akkoord.CodeOf(err) != "segment_changed" {
		t.Errorf("a stale edit: %v", err)
	}
	later := a.active(t, "tweede@voorbeeld.example", a.News)
	a.pass(t, time.Hour, got)
	if !gotIt(got, series, first) || gotIt(got, series, later) {
		t.Errorf("the series took %v", got)
	}
	if m := must(a.MailingByID(ctx, series.ID))(t); m.SegmentVersion != 2 {
		t.Errorf("the series goes by version %d", m.SegmentVersion)
	}
	if m := must(a.MailingByID(ctx, frozen.ID))(t); m.SegmentVersion != 1 {
		t.Errorf("what was frozen goes by version %d", m.SegmentVersion)
	}
	seg.Filter = filter(t, `{"all":[]}`)
	must(a.PutSegment(ctx, Admin, seg))(t)
	third := a.active(t, "derde@voorbeeld.example", a.News)
	a.pass(t, time.Hour, got)
	if !gotIt(got, series, third) {
		t.Errorf("after the segment was widened the series took %v", got)
	}
	blank := must(a.Segment(ctx, "dutch"))(t)
	blank.Name = ""
	if _, err := a.PutSegment(ctx, Admin, blank); akkoord.CodeOf(err) != "text_missing" {
		t.Errorf("without a name: %v", err)
	}
}
