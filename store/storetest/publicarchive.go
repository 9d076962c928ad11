package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// testPublicArchive: what everybody may read are the mailings of a purpose that went out
// whole and that somebody got, where somebody switched that on: none to a segment unless
// somebody says so, none of a series, none left out; and one whose copies are sent again
// stays.
func testPublicArchive(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	eva := a.active(t, "eva@voorbeeld.example", a.News, a.Ski).Subscriber
	noFault(t, a.SetProfile(ctx, eva.PublicID, akkoord.Profile{Interests: &[]string{"wintersport"}}, byLink))
	first := a.lost(t)
	sent := func(m akkoord.Mailing, result func(string) akkoord.Result) akkoord.Mailing {
		t.Helper()
		a.Clock.Move(time.Minute)
		if m = a.sent(t, m, result); m.State != akkoord.MailingSent {
			t.Fatalf("%q is %s", m.Content.Subject, m.State)
		}
		return m
	}
	draft := func(c akkoord.Campaign, subject string) akkoord.Mailing {
		t.Helper()
		return must(a.PutMailing(ctx, Admin, akkoord.Mailing{CampaignID: c.ID, Content: akkoord.Content{Subject: subject, Markdown: "Hallo"}}))(t)
	}
	if first.State != akkoord.MailingSent || !first.CompletedAt.Equal(first.FinishedAt) {
		t.Fatalf("the mailing is %s, complete since %v", first.State, first.CompletedAt)
	}
	narrow := must(a.PutSegment(ctx, Admin, akkoord.Segment{Slug: "sneeuw", PurposeID: a.News.ID, Filter: akkoord.Filter{Kind: akkoord.FilterInterest, Text: "wintersport"}}))(t)
	snow := must(a.PutCampaign(ctx, Admin, akkoord.Campaign{Slug: "sneeuw", Name: "Sneeuw", PurposeID: a.News.ID, SegmentID: narrow.ID}))(t)
	ski := must(a.PutCampaign(ctx, Admin, akkoord.Campaign{Slug: "ski", Name: "Ski", PurposeID: a.Ski.ID}))(t)
	chosen := sent(draft(snow, "Voor wie sneeuw koos"), accepted)
	other := sent(draft(ski, "Ski's"), accepted)
	second := sent(draft(a.Campaign, "Dooi"), accepted)
	unsent := draft(a.Campaign, "Niet verstuurd")
	ended := draft(a.Campaign, "Afgebroken")
	must(a.StartMailing(ctx, Admin, ended.PublicID))(t)
	must(a.CancelMailing(ctx, Admin, ended.PublicID))(t)

	refused := sent(draft(a.Campaign, "Aan niemand"), func(string) akkoord.Result { return akkoord.Result{State: akkoord.Failed, Code: "550"} })
	unsure := sent(draft(a.Campaign, "Zoek"), func(string) akkoord.Result { return akkoord.Result{State: akkoord.Uncertain, Code: "body"} })

	if _, _, err := a.BackIssues(ctx, a.News.ID, akkoord.ID{}, 10); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("an archive that nobody switched on: %v", err)
	}
	if _, err := a.IssueMarks(ctx, a.News.ID, 10); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("marks of it: %v", err)
	}
	if _, err := a.BackIssue(ctx, a.News.ID, first.PublicID); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("a mailing of it: %v", err)
	}
	p := must(a.SetPublicArchive(ctx, Admin, "travel-news", true))(t)
	if !p.PublicArchive || !must(a.Purpose(ctx, "travel-news"))(t).HasPublicArchive() {
		t.Fatal("it is not on")
	}
	// holds says what stands there, and that every way to ask tells the same.
	holds := func(want ...akkoord.Mailing) {
		t.Helper()
		p := must(a.PurposeByID(ctx, a.News.ID))(t)
		issues, older, err := a.BackIssues(ctx, p.ID, akkoord.ID{}, 10)
		noFault(t, err)
		var got, wanted []string
		for _, i := range issues {
			got = append(got, i.Content.Subject)
		}
		for _, m := range want {
			wanted = append(wanted, m.Content.Subject)
		}
		if !slices.Equal(got, wanted) || older {
			t.Errorf("there stand %q, want %q", got, wanted)
		}
		var marks []akkoord.IssueMark
		for _, i := range issues {
			marks = append(marks, i.Mark())
		}
		if got := must(a.IssueMarks(ctx, p.ID, 10))(t); !slices.Equal(got, marks) {
			t.Errorf("its marks are %v, want %v", got, marks)
		}
		for _, m := range []akkoord.Mailing{first, chosen, other, second, unsent, ended, refused, unsure} {
			in := slices.ContainsFunc(want, func(w akkoord.Mailing) bool { return w.ID == m.ID })
			i, err := a.BackIssue(ctx, p.ID, m.PublicID)
			if now := must(a.MailingByID(ctx, m.ID))(t); (err == nil) != in || now.InPublicArchive(p) != (in || m.ID == other.ID) || in && i.Campaign == "" {
				t.Errorf("%q: %v, %v", m.Content.Subject, i.Campaign, err)
			}
		}
	}
	holds(second, first)
	if _, err := a.ChooseArchive(ctx, Admin, second.PublicID, "later"); akkoord.CodeOf(err) != "archive_choice" {
		t.Errorf("an unknown choice: %v", err)
	}
	before := must(a.PurposeByID(ctx, a.News.ID))(t).PublicArchiveAt
	a.Clock.Move(time.Minute)
	must(a.ChooseArchive(ctx, Admin, second.PublicID, akkoord.ArchiveExclude))(t)
	must(a.ChooseArchive(ctx, Admin, chosen.PublicID, akkoord.ArchiveInclude))(t)
	holds(chosen, first)
	if at := must(a.PurposeByID(ctx, a.News.ID))(t).PublicArchiveAt; !at.After(before) {
		t.Errorf("it changed at %v", at)
	}
	must(a.ChooseArchive(ctx, Admin, second.PublicID, akkoord.ArchiveByAudience))(t)
	holds(second, chosen, first)

	issues, older, err := a.BackIssues(ctx, a.News.ID, akkoord.ID{}, 2)
	if err != nil || len(issues) != 2 || !older {
		t.Errorf("a page of two: %d, %v, %v", len(issues), older, err)
	}
	if issues, older, err = a.BackIssues(ctx, a.News.ID, issues[1].PublicID, 2); err != nil || len(issues) != 1 || issues[0].ID != first.ID || older {
		t.Errorf("the page after: %d, %v, %v", len(issues), older, err)
	}
	for _, m := range []akkoord.Mailing{unsent, other, ended, refused} {
		if _, _, err := a.BackIssues(ctx, a.News.ID, m.PublicID, 2); akkoord.KindOf(err) != akkoord.NotFound {
			t.Errorf("those before %q, which does not stand there: %v", m.Content.Subject, err)
		}
	}
	a.again(t, unsure)
	a.drain(t, accepted)
	holds(unsure, second, chosen, first)
	must(a.ChooseArchive(ctx, Admin, unsure.PublicID, akkoord.ArchiveExclude))(t)
	if _, _, err := a.BackIssues(ctx, a.News.ID, unsure.PublicID, 2); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("those before one that was left out: %v", err)
	}
	if m := a.again(t, first); m.State != akkoord.MailingSending {
		t.Fatalf("sent again, it is %s", m.State)
	}
	holds(second, chosen, first)
	must(a.ArchiveCampaign(ctx, Admin, snow.Slug))(t)
	holds(second, chosen, first)
	must(a.ArchivePurpose(ctx, Admin, "travel-news"))(t)
	if _, _, err := a.BackIssues(ctx, a.News.ID, akkoord.ID{}, 10); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("of an archived purpose: %v", err)
	}
	must(a.RestorePurpose(ctx, Admin, "travel-news"))(t)
	must(a.SetPublicArchive(ctx, Admin, "travel-news", false))(t)
	if _, err := a.BackIssue(ctx, a.News.ID, first.PublicID); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("once it is off: %v", err)
	}
	trail := strings.Join(a.trail(t), "\n")
	for _, want := range []string{"purpose.public_archive", "mailing.public_archive"} {
		if !strings.Contains(trail, want) {
			t.Errorf("the audit trail lacks %s", want)
		}
	}
}
