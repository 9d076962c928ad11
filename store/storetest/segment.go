package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"akkoord"
)

func filter(t testing.TB, text string) akkoord.Filter {
	t.Helper()
	return must(akkoord.ParseFilter("filter", []byte(text)))(t)
}

// withSegments adds attributes of travel news and three people: Anouk with all
// that a filter can ask about, Bram with little, and Carla for ski offers alone.
func (a *Agency) withSegments(t testing.TB) {
	t.Helper()
	ctx := t.Context()
	for slug, kind := range map[string]akkoord.AttributeType{"city": akkoord.AttributeText, "spent": akkoord.AttributeNumber, "born": akkoord.AttributeDate, "member": akkoord.AttributeFlag} {
		must(a.AddAttribute(ctx, Admin, akkoord.Attribute{Slug: slug, Type: kind}, "travel-news"))(t)
	}
	a.active(t, "anouk@voorbeeld.example", a.News, a.Ski)
	a.active(t, "bram@voorbeeld.example", a.News)
	a.active(t, "carla@voorbeeld.example", a.Ski)
}

// testSegments: a segment narrows a purpose and never widens it; its versions
// are kept, and a mailing keeps the one by which its audience was chosen (M15).
func testSegments(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	a.withSegments(t)
	utrecht := "Utrecht"
	anouk := a.standing(t, "anouk@voorbeeld.example").Subscriber
	noFault(t, a.SetProfile(ctx, anouk.PublicID, akkoord.Profile{Attributes: map[string]*string{"city": &utrecht}}, byAdmin))
	seg := must(a.PutSegment(ctx, Admin, akkoord.Segment{Slug: "utrecht", PurposeID: a.News.ID, Filter: filter(t, `{"attribute":"city","op":"eq","value":" Utrecht "}`)}))(t)
	if seg.Version != 1 || seg.Filter.Value != "Utrecht" {
		t.Errorf("%+v", seg)
	}
	if diff := cmp.Diff(seg, must(a.Segment(ctx, "utrecht"))(t)); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if n := must(a.CountSegment(ctx, a.News.ID, seg.Filter))(t); n != 1 {
		t.Errorf("%d people are in the segment", n)
	}
	sample, next, err := a.SampleSegment(ctx, a.News.ID, filter(t, `{"all":[]}`), akkoord.Page{Limit: 1})
	if err != nil || len(sample) != 1 || sample[0].PublicID != anouk.PublicID || next != anouk.ID {
		t.Errorf("a sample is %+v, %d, %v", sample, next, err)
	}
	if sample, next, err = a.SampleSegment(ctx, a.News.ID, filter(t, `{"all":[]}`), akkoord.Page{Limit: 1, After: next}); err != nil || len(sample) != 1 || next != 0 {
		t.Errorf("and the last page of it %+v, %d, %v", sample, next, err)
	}
	// The campaign is narrowed: before the start in the forecast, then for good.
	a.Campaign.SegmentID = seg.ID
	a.Campaign = must(a.PutCampaign(ctx, Admin, a.Campaign))(t)
	if got := must(a.Audience(ctx, a.Mailing))(t); got.Total != 1 || got.Allowed != 1 {
		t.Errorf("of the draft: %+v", got)
	}
	m := must(a.StartMailing(ctx, Admin, a.Mailing.PublicID))(t)
	seg.Filter = filter(t, `{"not":{"attribute":"city","op":"exists"}}`)
	seg = must(a.PutSegment(ctx, Admin, seg))(t)
	if again := must(a.PutSegment(ctx, Admin, seg))(t); seg.Version != 2 || again.Version != 2 {
		t.Errorf("an edit made version %d, one that changes nothing %d", seg.Version, again.Version)
	}
	if m.SegmentID != seg.ID || m.SegmentVersion != 1 {
		t.Errorf("the mailing keeps version %d of segment %d", m.SegmentVersion, m.SegmentID)
	}
	got, _, err := a.Deliveries(ctx, m.ID, akkoord.DeliveryFilter{}, akkoord.Page{})
	if err != nil || len(got) != 1 || got[0].Subscriber != anouk.PublicID {
		t.Errorf("the audience is %+v, %v", got, err)
	}
	for name, tt := range map[string]struct {
		seg         akkoord.Segment
		code, field string
	}{
		"a slug that is taken":         {akkoord.Segment{Slug: "utrecht", PurposeID: a.News.ID, Filter: seg.Filter}, "slug_taken", "slug"},
		"a slug that is none":          {akkoord.Segment{Slug: "Utrecht!", PurposeID: a.News.ID, Filter: seg.Filter}, "slug_invalid", "slug"},
		"no purpose":                   {akkoord.Segment{Slug: "x", PurposeID: 99, Filter: filter(t, `{"all":[]}`)}, "purpose_unknown", "purpose"},
		"no interest":                  {akkoord.Segment{Slug: "x", PurposeID: a.News.ID, Filter: filter(t, `{"interest":"zeilen"}`)}, "interest_unknown", "filter.interest"},
		"M16 another's attribute":      {akkoord.Segment{Slug: "x", PurposeID: a.Ski.ID, Filter: seg.Filter}, "purpose_limitation", "filter.not.attribute"},
		"M16 another's clicks":         {akkoord.Segment{Slug: "x", PurposeID: a.Ski.ID, Filter: filter(t, `{"clicked":{"campaign":"winter"}}`)}, "purpose_limitation", "filter.clicked.campaign"},
		"one that is not there":        {akkoord.Segment{ID: 99, Slug: "x", Name: "x", PurposeID: a.News.ID, Filter: seg.Filter}, "not_found", ""},
		"one that was changed since":   {akkoord.Segment{ID: seg.ID, Slug: "utrecht", Name: "utrecht", PurposeID: a.News.ID, Version: 99, Filter: filter(t, `{"locale":"nl"}`)}, "segment_changed", ""},
		"one that changes its purpose": {akkoord.Segment{ID: seg.ID, Slug: "utrecht", Name: "utrecht", PurposeID: a.Ski.ID, Filter: filter(t, `{"locale":"nl"}`)}, "purpose_fixed", "purpose"},
	} {
		_, err := a.PutSegment(ctx, Admin, tt.seg)
		if e, ok := err.(interface{ Unwrap() error }); ok {
			err = e.Unwrap()
		}
		if e, ok := err.(*akkoord.Error); !ok || e.Code != tt.code || e.Field != tt.field {
			t.Errorf("%s: %+v", name, err)
		}
	}
	if _, err := a.PutCampaign(ctx, Admin, akkoord.Campaign{Slug: "ski", Name: "Ski", PurposeID: a.Ski.ID, SegmentID: seg.ID}); akkoord.CodeOf(err) != "purpose_limitation" {
		t.Errorf("M16: a campaign with another purpose's segment: %v", err)
	}
	if all, next, err := a.Segments(ctx, akkoord.ArchivedOrNot, akkoord.Page{}); err != nil || len(all) != 1 || next != 0 || all[0].Version != 2 {
		t.Errorf("the list is %+v, %v", all, err)
	}
	if trail := a.trail(t); !slices.Contains(trail, "user:1 segment.create segment:utrecht") || !slices.Contains(trail, "user:1 segment.change segment:utrecht") {
		t.Errorf("%q", trail)
	}
}

// testSegmentModel plays random people and filters: SQL finds whom
// akkoord.Filter.Match finds, among those whom the gate lets pass.
func testSegmentModel(t *testing.T, open Open) {
	a := newAgency(t, withSets(open))
	a.withSegments(t)
	run := 0
	types := map[string]akkoord.AttributeType{"city": akkoord.AttributeText, "spent": akkoord.AttributeNumber, "born": akkoord.AttributeDate, "member": akkoord.AttributeFlag}
	values := map[string][]string{"city": {"Utrecht", "Den Bosch", "utrecht"}, "spent": {"-3", "9.5", "10", "100"}, "born": {"1980-02-03", "2001-01-01"}, "member": {"true", "false"}}
	rapid.Check(t, func(rt *rapid.T) {
		ctx := rt.Context()
		for range rapid.IntRange(1, 3).Draw(rt, "people") {
			run++
			a.Clock.Move(time.Hour)
			e := email(t, fmt.Sprintf("s%d@voorbeeld.example", run))
			in := a.signUp(e, rapid.SampledFrom([][]akkoord.Purpose{{a.News}, {a.Ski}, {a.News, a.Ski}}).Draw(rt, "purposes")...)
			in.Locale = rapid.SampledFrom([]string{"nl", "en", "de"}).Draw(rt, "locale")
			in.Interests = rapid.SampledFrom([][]string{nil, {"strand"}, {"wintersport"}, {"strand", "wintersport"}}).Draw(rt, "interests")
			in.Origin.Source = rapid.SampledFrom([]string{"form:home", "form:fair"}).Draw(rt, "source")
			noError(rt, a.SignUp(ctx, in))
			st, err := a.StandingByEmail(ctx, e)
			noError(rt, err)
			link := akkoord.Link{Subscriber: st.Subscriber.PublicID, Request: st.Subscription(in.Purposes[0].ID).Request}
			if rapid.IntRange(0, 9).Draw(rt, "confirms") > 0 {
				noError(rt, second(a.Confirm(ctx, link, byLink)))
			}
			set := map[string]*string{}
			for slug := range types {
				if rapid.Bool().Draw(rt, slug) {
					v := rapid.SampledFrom(values[slug]).Draw(rt, "value")
					set[slug] = &v
				}
			}
			noError(rt, a.SetProfile(ctx, st.Subscriber.PublicID, akkoord.Profile{Attributes: set}, byAdmin))
			switch rapid.IntRange(0, 9).Draw(rt, "and then") {
			case 0:
				noError(rt, second(a.Leave(ctx, akkoord.Link{Subscriber: st.Subscriber.PublicID, Purpose: a.News.ID}, akkoord.ScopeAll, byLink)))
			case 1:
				noError(rt, a.Pause(ctx, st.Subscriber.PublicID, 3, byLink))
			}
		}
		f := anyFilter(rt, 3, values, akkoord.FilterInterest, akkoord.FilterLocale, akkoord.FilterAttribute, akkoord.FilterSource, akkoord.FilterConsentedBefore, akkoord.FilterConsentedAfter)
		f, err := a.CheckFilter(ctx, a.News.ID, f)
		noError(rt, err)
		got, err := a.CountSegment(ctx, a.News.ID, f)
		noError(rt, err)
		var want int64
		for after := int64(0); ; {
			people, next, err := a.People(ctx, akkoord.PeopleFilter{}, akkoord.Page{After: after, Limit: 200})
			noError(rt, err)
			for _, st := range people {
				if akkoord.Gate(st.Facts(a.News.ID, 0, "", a.Clock.Now())).Allowed && f.Match(a.filterPerson(rt, st), types, a.Clock.Now()) {
					want++
				}
			}
			if after = next; next == 0 {
				break
			}
		}
		if got != want {
			rt.Fatalf("%d people in SQL, %d by the rule, in %+v", got, want, f)
		}
		a.countsAlike(rt, f)
	})
}

func (a *Agency) filterPerson(rt *rapid.T, st akkoord.Standing) akkoord.FilterPerson {
	attributes, err := a.AttributesOf(rt.Context(), st.Subscriber.ID)
	noError(rt, err)
	events, err := a.Events(rt.Context(), st.Subscriber.ID)
	noError(rt, err)
	sub := st.Subscription(a.News.ID)
	p := akkoord.FilterPerson{Locale: st.Subscriber.Locale, Interests: st.Subscriber.Interests, Attributes: attributes, Since: sub.Since}
	for _, e := range events {
		if e.PurposeID == a.News.ID && e.Request == sub.Request && p.Source == "" {
			p.Source = e.Source
		}
	}
	return p
}

// anyFilter draws a filter of travel news with at most some levels, and leaves of
// these kinds.
func anyFilter(rt *rapid.T, levels int, values map[string][]string, leaves ...akkoord.FilterKind) akkoord.Filter {
	kinds := leaves
	if levels > 0 {
		kinds = append(slices.Clone(leaves), akkoord.FilterAll, akkoord.FilterAny, akkoord.FilterNot)
	}
	f := akkoord.Filter{Kind: rapid.SampledFrom(kinds).Draw(rt, "kind")}
	switch f.Kind {
	case akkoord.FilterAll, akkoord.FilterAny:
		for range rapid.IntRange(0, 3).Draw(rt, "nodes") {
			f.Of = append(f.Of, anyFilter(rt, levels-1, values, leaves...))
		}
	case akkoord.FilterNot:
		f.Of = []akkoord.Filter{anyFilter(rt, levels-1, values, leaves...)}
	case akkoord.FilterInterest:
		f.Text = rapid.SampledFrom([]string{"strand", "wintersport"}).Draw(rt, "interest")
	case akkoord.FilterLocale:
		f.Text = rapid.SampledFrom([]string{"nl", "en"}).Draw(rt, "language")
	case akkoord.FilterSource:
		f.Text = rapid.SampledFrom([]string{"form:home", "form:fair", "import"}).Draw(rt, "came by")
	case akkoord.FilterAttribute:
		f.Text = rapid.SampledFrom([]string{"city", "spent", "born", "member"}).Draw(rt, "attribute")
		ops := []akkoord.FilterOp{akkoord.OpEqual, akkoord.OpOther, akkoord.OpExists}
		if f.Text == "spent" || f.Text == "born" {
			ops = append(ops, akkoord.OpLess, akkoord.OpAtMost, akkoord.OpMore, akkoord.OpAtLeast)
		}
		if f.Op = rapid.SampledFrom(ops).Draw(rt, "op"); f.Op != akkoord.OpExists {
			f.Value = rapid.SampledFrom(values[f.Text]).Draw(rt, "with")
		}
	case akkoord.FilterClicked:
		f.By = rapid.SampledFrom([]akkoord.ClickTarget{akkoord.ClickTopic, akkoord.ClickCampaign, akkoord.ClickLink}).Draw(rt, "clicked")
		f.Text = map[akkoord.ClickTarget]string{akkoord.ClickTopic: "wintersport", akkoord.ClickCampaign: "winter", akkoord.ClickLink: "https://www.zonvaart.example/zon"}[f.By]
		f.Days = rapid.IntRange(0, 6).Draw(rt, "days")
	case akkoord.FilterActive:
		f.Days = rapid.IntRange(1, 6).Draw(rt, "days")
	default:
		f.At = Start.Add(time.Duration(rapid.IntRange(0, 200).Draw(rt, "hours")) * time.Hour)
	}
	return f
}
