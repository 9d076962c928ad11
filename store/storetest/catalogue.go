package storetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

func testCatalogue(t *testing.T, open Open) {
	t.Run("M4 texts are versions", func(t *testing.T) {
		a := newAgency(t, open)
		texts := map[string]akkoord.PurposeText{"nl": {Name: "Reisnieuws", Explanation: "Anders.", Wording: "Ja, graag."}}
		p := must(a.AddPurposeTexts(t.Context(), Admin, "travel-news", texts, akkoord.WordingChange{Kind: akkoord.WordingCorrection, Reason: "clearer words"}))(t)
		if p.Version != 2 || p.Texts["nl"] != texts["nl"] || p.Texts["en"] != a.News.Texts["en"] {
			t.Errorf("the new version is %+v", p)
		}
		for version, want := range map[int]string{1: "Ja, stuur mij travel-news.", 2: "Ja, graag."} {
			if got := must(a.Wording(t.Context(), p.ID, version, "nl"))(t); got.Wording != want {
				t.Errorf("version %d is worded %q, want %q", version, got.Wording, want)
			}
		}
		if again := must(a.PutPurpose(t.Context(), Admin, p))(t); again.Version != 2 {
			t.Errorf("an edit that changes nothing made version %d", again.Version)
		}
		p.InactiveAfter = 0
		if kept := must(a.PutPurpose(t.Context(), Admin, p))(t); kept.Version != 2 || kept.InactiveAfter != 0 {
			t.Errorf("a change of retention gave version %d, %d days", kept.Version, kept.InactiveAfter)
		}
		read := must(a.PurposeByID(t.Context(), p.ID))(t)
		if diff := cmp.Diff(p, read); diff != "" {
			t.Errorf("read back (-want +got):\n%s", diff)
		}
		all := must(a.Purposes(t.Context()))(t)
		if len(all) != 2 || all[0].ID != a.News.ID || all[1].ID != a.Ski.ID {
			t.Errorf("the purposes are %+v", all)
		}
		slugs := must(a.PurposeSlugs(t.Context(), []int64{a.Ski.ID, 99}))(t)
		if diff := cmp.Diff(map[int64]string{a.Ski.ID: "ski-offers"}, slugs); diff != "" {
			t.Errorf("slugs (-want +got):\n%s", diff)
		}
	})

	t.Run("of edits at once none undoes another", func(t *testing.T) {
		a := newAgency(t, open)
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				if _, err := a.EditPurpose(t.Context(), Admin, "travel-news", func(p *akkoord.Purpose) error {
					text := p.Texts["nl"]
					text.Wording += fmt.Sprintf(" %d", i)
					p.Change = akkoord.WordingChange{Kind: akkoord.WordingCorrection, Reason: "clearer words"}
					p.Texts["nl"] = text
					return nil
				}); err != nil {
					t.Error(err)
				}
				if _, err := a.EditForm(t.Context(), Admin, "home", func(v *akkoord.FormVersion) error {
					v.Interests = append(v.Interests, fmt.Sprintf("reis-%d", i))
					return nil
				}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		p, f := must(a.Purpose(t.Context(), "travel-news"))(t), must(a.Store.Form(t.Context(), "home"))(t)
		if want := len(a.News.Texts["nl"].Wording) + 20; p.Version != 11 || len(p.Texts["nl"].Wording) != want {
			t.Errorf("after ten edits version %d is worded %q", p.Version, p.Texts["nl"].Wording)
		}
		if f.Version.Number != 11 || len(f.Version.Interests) != len(a.Form.Version.Interests)+10 {
			t.Errorf("after ten edits the form is %+v", f.Version)
		}
		if same := must(a.EditForm(t.Context(), Admin, "home", func(*akkoord.FormVersion) error { return nil }))(t); same.Version.Number != 11 {
			t.Errorf("an edit that changes nothing made version %d", same.Version.Number)
		}
		if _, err := a.EditForm(t.Context(), Admin, "none", func(*akkoord.FormVersion) error { return nil }); akkoord.KindOf(err) != akkoord.NotFound {
			t.Errorf("editing no form gave %v", err)
		}
		if _, err := a.EditForm(t.Context(), Admin, "home", func(v *akkoord.FormVersion) error { v.Purposes = nil; return nil }); akkoord.CodeOf(err) != "purpose_required" {
			t.Errorf("a form without a purpose gave %v", err)
		}
	})

	t.Run("form versions never change", func(t *testing.T) {
		a := newAgency(t, open)
		edited := a.Form
		edited.Version.Purposes = []string{"ski-offers"}
		edited.Version.Origins = []string{"https://www.zonvaart.example"}
		edited.Version.Texts = map[string]akkoord.FormText{"nl": {Title: "Blijf op de hoogte", Interests: map[string]string{"strand": "Zon en strand"}}}
		next := must(a.PutForm(t.Context(), Admin, edited))(t)
		if next.Version.Number != 2 || next.Version.ID == a.Form.Version.ID || next.PublicID != a.Form.PublicID {
			t.Errorf("the edit made %+v of %+v", next.Version, a.Form.Version)
		}
		if diff := cmp.Diff(next, must(a.PutForm(t.Context(), Admin, next))(t)); diff != "" {
			t.Errorf("an edit that changes nothing made a version (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(next, must(a.PutForm(t.Context(), Admin, next))(t)); diff != "" {
			t.Error(diff)
		}
		got := must(a.Store.Form(t.Context(), "home"))(t)
		if diff := cmp.Diff(next, got); diff != "" {
			t.Errorf("read back (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]akkoord.Form{next}, must(a.Forms(t.Context()))(t)); diff != "" {
			t.Errorf("the list of forms (-want +got):\n%s", diff)
		}
	})

	t.Run("what does not fit is refused and leaves nothing", func(t *testing.T) {
		a := newAgency(t, open)
		before := a.trail(t)
		renamed, rebased, moved, reslugged := a.News, a.News, a.Campaign, a.Form
		renamed.Slug, rebased.Basis, moved.PurposeID, reslugged.Slug = "other", akkoord.BasisContract, a.Ski.ID, "other"
		gone, goneForm, goneCampaign := a.News, a.Form, a.Campaign
		gone.ID, goneForm.ID, goneCampaign.ID = 99, 99, 99
		purpose := func(p akkoord.Purpose) func() error {
			return func() error { _, err := a.PutPurpose(t.Context(), Admin, p); return err }
		}
		form := func(f akkoord.Form) func() error {
			return func() error { _, err := a.PutForm(t.Context(), Admin, f); return err }
		}
		campaign := func(c akkoord.Campaign) func() error {
			return func() error { _, err := a.PutCampaign(t.Context(), Admin, c); return err }
		}
		for _, tt := range []struct {
			name string
			do   func() error
			kind akkoord.Kind
			code string
		}{
			{"a purpose's slug is taken", purpose(Purpose("travel-news")), akkoord.Conflict, "slug_taken"},
			{"a purpose's slug changes", purpose(renamed), akkoord.Conflict, "slug_fixed"},
			{"a purpose's basis changes", purpose(rebased), akkoord.Conflict, "basis_fixed"},
			{"a purpose is not there", purpose(gone), akkoord.NotFound, "not_found"},
			{"a purpose has no texts", purpose(akkoord.Purpose{Slug: "x", Basis: akkoord.BasisConsent}), akkoord.Invalid, "text_missing"},
			{"texts of no purpose", func() error {
				_, err := a.AddPurposeTexts(t.Context(), Admin, "nothing", a.News.Texts, akkoord.WordingChange{Kind: akkoord.WordingCorrection, Reason: "clearer words"})
				return err
			}, akkoord.NotFound, "not_found"},
			{"a form's slug is taken", form(Form("home", "travel-news")), akkoord.Conflict, "slug_taken"},
			{"a form's slug changes", form(reslugged), akkoord.Conflict, "slug_fixed"},
			{"a form is not there", form(goneForm), akkoord.NotFound, "not_found"},
			{"a form asks for an unknown purpose", form(Form("other", "nothing")), akkoord.Invalid, "purpose_unknown"},
			{"a campaign's slug is taken", campaign(akkoord.Campaign{Slug: "winter", Name: "W", PurposeID: a.News.ID}), akkoord.Conflict, "slug_taken"},
			{"a campaign's purpose changes", campaign(moved), akkoord.Conflict, "purpose_fixed"},
			{"a campaign's purpose is not there", campaign(akkoord.Campaign{Slug: "x", Name: "X", PurposeID: 99}), akkoord.Invalid, "purpose_unknown"},
			{"a campaign is not there", campaign(goneCampaign), akkoord.NotFound, "not_found"},
		} {
			if err := tt.do(); akkoord.KindOf(err) != tt.kind || akkoord.CodeOf(err) != tt.code {
				t.Errorf("%s: %v, want %s %s", tt.name, err, tt.kind, tt.code)
			}
		}
		if diff := cmp.Diff(before, a.trail(t)); diff != "" {
			t.Errorf("what was refused left audit lines (-before +after):\n%s", diff)
		}
		for _, missing := range []error{
			second(a.Purpose(t.Context(), "x")), second(a.PurposeByID(t.Context(), 99)), second(a.Wording(t.Context(), a.News.ID, 2, "nl")),
			second(a.Store.Form(t.Context(), "x")), second(a.Store.Campaign(t.Context(), "x")), second(a.CampaignByID(t.Context(), 99)),
			second(a.Store.Mailing(t.Context(), akkoord.ID{1})), second(a.MailingByID(t.Context(), 99)), second(a.Image(t.Context(), akkoord.ID{1})),
			second(a.User(t.Context(), 99)),
		} {
			if akkoord.KindOf(missing) != akkoord.NotFound {
				t.Errorf("reading what is not there gave %v", missing)
			}
		}
	})

	t.Run("a reader sees every acknowledged change while others read", func(t *testing.T) {
		a := newAgency(t, open)
		stop := make(chan struct{})
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				for last := 0; ; {
					p, err := a.Purpose(t.Context(), "travel-news")
					if err != nil || p.Version < last {
						t.Errorf("after version %d a reader saw %d, %v", last, p.Version, err)
						return
					}
					last = p.Version
					select {
					case <-stop:
						return
					default:
					}
				}
			})
		}
		for version := 2; version <= 40; version++ {
			wording := fmt.Sprintf("Ja, versie %d.", version)
			if _, err := a.AddPurposeTexts(t.Context(), Admin, "travel-news", map[string]akkoord.PurposeText{"nl": {Name: "N", Explanation: "E", Wording: wording}}, akkoord.WordingChange{Kind: akkoord.WordingCorrection, Reason: "clearer words"}); err != nil {
				t.Fatal(err)
			}
			if p := must(a.Purpose(t.Context(), "travel-news"))(t); p.Version != version || p.Texts["nl"].Wording != wording {
				t.Fatalf("after version %d was acknowledged a read gave %d, %q", version, p.Version, p.Texts["nl"].Wording)
			}
			form := a.Form
			form.Version.Interests = []string{fmt.Sprintf("reis-%d", version)}
			a.Form = must(a.PutForm(t.Context(), Admin, form))(t)
			if f := must(a.Store.Form(t.Context(), "home"))(t); f.Version.Number != version {
				t.Fatalf("after form version %d was acknowledged a read gave %d", version, f.Version.Number)
			}
		}
		close(stop)
		readers.Wait()
	})
}

// second gives the error of a call.
func second[T any](_ T, err error) error { return err }

func testMailings(t *testing.T, open Open) {
	a := newAgency(t, open)
	m := a.Mailing
	if m.State != akkoord.MailingDraft || m.PublicID.IsZero() || m.CreatedAt.IsZero() {
		t.Errorf("a new mailing is %+v", m)
	}
	m.Content = akkoord.Content{Subject: "IJs", HTML: "<p>Hallo {{name}}</p>"}
	m.Variants = []akkoord.Variant{{Name: "A"}, {Name: "B", Content: akkoord.Content{Subject: "Anders"}}}
	m.SendAt = Start.AddDate(0, 0, 1)
	edited := must(a.PutMailing(t.Context(), Admin, m))(t)
	if edited.ChangedAt.IsZero() {
		t.Error("an edit has no time")
	}
	if _, err := a.PutMailing(t.Context(), Admin, m); akkoord.CodeOf(err) != "mailing_changed" {
		t.Errorf("an edit of what somebody changed since gave %v", err)
	}
	m.ChangedAt = edited.ChangedAt
	for _, read := range []akkoord.Mailing{must(a.Store.Mailing(t.Context(), m.PublicID))(t), must(a.MailingByID(t.Context(), m.ID))(t), edited} {
		if diff := cmp.Diff(m, read); diff != "" {
			t.Errorf("read back (-want +got):\n%s", diff)
		}
	}
	other := must(a.PutCampaign(t.Context(), Admin, akkoord.Campaign{Slug: "zomer", Name: "Zomer", PurposeID: a.News.ID}))(t)
	for range 3 {
		must(a.PutMailing(t.Context(), Admin, akkoord.Mailing{CampaignID: other.ID}))(t)
	}
	for _, tt := range []struct {
		campaign  int64
		page      akkoord.Page
		want      []int64
		wantAfter int64
	}{
		{0, akkoord.Page{Limit: 3}, []int64{1, 2, 3}, 3},
		{0, akkoord.Page{After: 3, Limit: 3}, []int64{4}, 0},
		{other.ID, akkoord.Page{Limit: 2}, []int64{2, 3}, 3},
		{other.ID, akkoord.Page{After: 3, Limit: 2}, []int64{4}, 0},
		{a.Campaign.ID, akkoord.Page{}, []int64{1}, 0},
		{99, akkoord.Page{}, nil, 0},
	} {
		list, next, err := a.Mailings(t.Context(), tt.campaign, tt.page)
		var got []int64
		for _, m := range list {
			got = append(got, m.ID)
		}
		if err != nil || next != tt.wantAfter || !cmp.Equal(tt.want, got) {
			t.Errorf("mailings of campaign %d, %+v: %v, next %d, %v; want %v, next %d", tt.campaign, tt.page, got, next, err, tt.want, tt.wantAfter)
		}
	}
	must(a.CancelMailing(t.Context(), Admin, m.PublicID))(t)
	if _, err := a.PutMailing(t.Context(), Admin, m); akkoord.CodeOf(err) != "state" {
		t.Errorf("editing what is no draft gave %v", err)
	}
	if _, err := a.PutMailing(t.Context(), Admin, akkoord.Mailing{CampaignID: 99}); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("a mailing of no campaign gave %v", err)
	}
	m.ID = 99
	if _, err := a.PutMailing(t.Context(), Admin, m); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("editing no mailing gave %v", err)
	}

	other.Name = "Zomer 2027"
	renamed := other
	renamed.Version++
	if got := must(a.PutCampaign(t.Context(), Admin, other))(t); got != renamed {
		t.Errorf("renaming gave %+v", got)
	}
	campaigns, next, err := a.Campaigns(t.Context(), akkoord.ArchivedOrNot, akkoord.Page{Limit: 1})
	if err != nil || len(campaigns) != 1 || next != a.Campaign.ID {
		t.Errorf("the first page of campaigns is %v, next %d, %v", campaigns, next, err)
	}
	slugs := must(a.CampaignSlugs(t.Context(), []int64{other.ID, 0, 99, a.Campaign.ID, other.ID}))(t)
	if diff := cmp.Diff(map[int64]string{a.Campaign.ID: "winter", other.ID: "zomer"}, slugs); diff != "" {
		t.Errorf("slugs (-want +got):\n%s", diff)
	}

	img := must(a.PutImage(t.Context(), Admin, akkoord.Image{ContentType: "image/png", Data: []byte{1, 0, 255}}))(t)
	if diff := cmp.Diff(img, must(a.Image(t.Context(), img.PublicID))(t)); diff != "" {
		t.Errorf("the picture (-want +got):\n%s", diff)
	}
	newer := must(a.PutImage(t.Context(), Admin, akkoord.Image{ContentType: "image/gif", Data: []byte{2}}))(t)
	first, after, err := a.Images(t.Context(), akkoord.Page{Limit: 1})
	if err != nil || len(first) != 1 || first[0].PublicID != newer.PublicID || first[0].Data != nil || first[0].At.IsZero() {
		t.Errorf("the newest picture is %+v, %v", first, err)
	}
	rest, last, err := a.Images(t.Context(), akkoord.Page{After: after})
	if err != nil || last != 0 || len(rest) != 1 || rest[0].PublicID != img.PublicID || rest[0].ContentType != "image/png" {
		t.Errorf("the others are %+v, next %d, %v", rest, last, err)
	}
	if _, err := a.PutImage(t.Context(), Admin, akkoord.Image{ContentType: "image/svg+xml", Data: []byte("<svg/>")}); akkoord.CodeOf(err) != "image_type" {
		t.Errorf("a picture that can hold script gave %v", err)
	}
}
