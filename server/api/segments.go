package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"

	"akkoord"
	"akkoord/server/trail"

	"github.com/danielgtaylor/huma/v2"
)

// Segments keeps the segments and finds who is in them.
type Segments interface {
	PutSegment(ctx context.Context, actor akkoord.Actor, s akkoord.Segment) (akkoord.Segment, error)
	Segment(ctx context.Context, slug string) (akkoord.Segment, error)
	Segments(ctx context.Context, of akkoord.Archival, p akkoord.Page) (segments []akkoord.Segment, next int64, err error)
	SegmentUses(ctx context.Context, segmentID int64) (akkoord.SegmentUses, error)
	ArchiveSegment(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Segment, error)
	RestoreSegment(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Segment, error)
	SegmentSlugs(ctx context.Context, ids []int64) (map[int64]string, error)
	CountSegmentNow(ctx context.Context, purposeID int64, f akkoord.Filter) (akkoord.SegmentCount, error)
	CountSegmentSoon(ctx context.Context, purposeID int64, f akkoord.Filter) (akkoord.SegmentCount, error)
	SampleSegment(ctx context.Context, purposeID int64, f akkoord.Filter, p akkoord.Page) (people []akkoord.Subscriber, next int64, err error)
}

// filterJSON is a filter as it came in. akkoord.ParseFilter reads it, so that
// every mistake names its node.
type filterJSON struct{ json.RawMessage }

// UnmarshalJSON keeps the text.
func (f *filterJSON) UnmarshalJSON(b []byte) error {
	f.RawMessage = bytes.Clone(b)
	return nil
}

// Schema describes a node for the OpenAPI document.
func (filterJSON) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{
		Description: `A tree of {"all":[…]}, {"any":[…]} and {"not":{…}} over the leaves {"interest":SLUG}, {"learned":TOPIC}, {"locale":"nl"}, {"attribute":SLUG,"op":"eq|ne|lt|lte|gt|gte|exists","value":…}, ` +
			`{"clicked":{"campaign":SLUG}} or {"topic":SLUG} or {"link":URL} with "within_days", {"active_within_days":N}, {"consented_before":"2026-01-01"}, {"consented_after":…} and {"source":"form:home"}. ` +
			`What belongs to another purpose is refused with the code purpose_limitation.`,
		Examples: []any{map[string]any{"all": []any{map[string]any{"interest": "wintersport"}, map[string]any{"locale": "nl"}}}},
	}
	s.PrecomputeMessages()
	return s
}

// newSegment is the body of POST /segments.
type newSegment struct {
	Slug    string     `json:"slug"`
	Name    string     `json:"name,omitempty" doc:"For those who choose it; the slug when left out."`
	Purpose string     `json:"purpose" doc:"Slug of the purpose among whose people it chooses."`
	Filter  filterJSON `json:"filter"`
}

type segment struct {
	ID         akkoord.ID   `json:"id" format:"uuid"`
	Slug       string       `json:"slug"`
	Name       string       `json:"name"`
	Purpose    string       `json:"purpose"`
	Filter     storedFilter `json:"filter"`
	Version    int          `json:"version" doc:"Of name and filter. A mailing keeps the one by which its audience was chosen; a series that runs takes the newest."`
	CreatedAt  *Time        `json:"created_at"`
	ChangedAt  *Time        `json:"changed_at"`
	ArchivedAt *Time        `json:"archived_at" doc:"Since when nothing new is chosen by it; null: it is in use."`
}

// storedFilter is a filter in an answer.
type storedFilter struct{ akkoord.Filter }

// Schema describes a node for the OpenAPI document.
func (storedFilter) Schema(r huma.Registry) *huma.Schema { return filterJSON{}.Schema(r) }

func showSegment(s akkoord.Segment, purpose string) segment {
	return segment{s.PublicID, s.Slug, s.Name, purpose, storedFilter{s.Filter}, s.Version, when(s.CreatedAt), when(s.ChangedAt), when(s.ArchivedAt)}
}

func (a *API) createSegment(ctx context.Context, in *struct{ Body newSegment }) (segment, error) {
	b := in.Body
	p, f, err := a.filter(ctx, b.Purpose, b.Filter)
	if err != nil {
		return segment{}, err
	}
	s, err := a.cfg.Store.PutSegment(ctx, caller(ctx).Actor(), akkoord.Segment{Slug: b.Slug, Name: b.Name, PurposeID: p.ID, Filter: f})
	return showSegment(s, p.Slug), err
}

// filter reads a filter and the purpose that it is for.
func (a *API) filter(ctx context.Context, purpose string, text filterJSON) (akkoord.Purpose, akkoord.Filter, error) {
	p, err := a.cfg.Store.Purpose(ctx, purpose)
	if err != nil {
		return p, akkoord.Filter{}, unknown(err, "purpose")
	}
	f, err := akkoord.ParseFilter("filter", text.RawMessage)
	return p, f, err
}

// segmentChange is the body of PATCH /segments/{slug}. What is left out stays as it
// is.
type segmentChange struct {
	Name    string      `json:"name,omitempty"`
	Filter  *filterJSON `json:"filter,omitempty" doc:"Takes the place of the one there was, for what goes out from now on: GET /segments/{slug}/uses tells what that is."`
	Version int         `json:"version,omitempty" minimum:"1" doc:"The one that was read: 409 segment_changed where there is a newer. Without it the change is to the one there is."`
}

func (a *API) changeSegment(ctx context.Context, in *struct {
	BySlug
	Body segmentChange
}) (segment, error) {
	s, err := a.cfg.Store.Segment(ctx, in.Slug)
	if err != nil {
		return segment{}, err
	}
	s.Name, s.Version = cmp.Or(in.Body.Name, s.Name), cmp.Or(in.Body.Version, s.Version)
	if f := in.Body.Filter; f != nil {
		was := s.Filter
		if s.Filter, err = akkoord.ParseFilter("filter", f.RawMessage); err != nil {
			return segment{}, err
		}
		uses, err := a.cfg.Store.SegmentUses(ctx, s.ID)
		if err := cmp.Or(err, uses.CheckEdit(caller(ctx).Role, was, s.Filter)); err != nil {
			return segment{}, err
		}
	}
	if s, err = a.cfg.Store.PutSegment(ctx, caller(ctx).Actor(), s); err != nil {
		return segment{}, err
	}
	return a.nameSegment(ctx, s)
}

func (a *API) nameSegment(ctx context.Context, s akkoord.Segment) (segment, error) {
	slugs, err := a.cfg.Store.PurposeSlugs(ctx, []int64{s.PurposeID})
	return showSegment(s, slugs[s.PurposeID]), err
}

func (a *API) readSegment(ctx context.Context, in *BySlug) (segment, error) {
	s, err := a.cfg.Store.Segment(ctx, in.Slug)
	if err != nil {
		return segment{}, err
	}
	return a.nameSegment(ctx, s)
}

func (a *API) listSegments(ctx context.Context, in *struct {
	Paging
	ByArchive
}) (list[segment], error) {
	page, err := in.page()
	if err != nil {
		return list[segment]{}, err
	}
	rows, next, err := a.cfg.Store.Segments(ctx, in.Archived, page)
	if err != nil {
		return list[segment]{}, err
	}
	ids := make([]int64, len(rows))
	for i, s := range rows {
		ids[i] = s.PurposeID
	}
	slugs, err := a.cfg.Store.PurposeSlugs(ctx, ids)
	return newList(rows, next, func(s akkoord.Segment) segment { return showSegment(s, slugs[s.PurposeID]) }), err
}

// segmentUses are what chooses people by a segment.
type segmentUses struct {
	Drafts    int64             `json:"drafts" doc:"Mailings that go out by the segment as it is from now on. They, scheduled ones and series keep it from being archived."`
	Scheduled int64             `json:"scheduled"`
	Series    int64             `json:"series" doc:"Mailings of series that run or stand still."`
	Begun     int64             `json:"begun" doc:"Other mailings, whose people were chosen by a version of it."`
	Campaigns []segmentCampaign `json:"campaigns" nullable:"false" doc:"Newest first, 20 at most."`
	Mailings  []segmentMailing  `json:"mailings" nullable:"false" doc:"Those that go out by it from now on first, then those that began; newest first, 20 at most."`
	More      bool              `json:"more" doc:"There are more than are listed."`
}

type segmentCampaign struct {
	Slug       string `json:"slug"`
	Name       string `json:"name"`
	ArchivedAt *Time  `json:"archived_at"`
}

type segmentMailing struct {
	ID      akkoord.ID           `json:"id" format:"uuid"`
	Subject string               `json:"subject"`
	State   akkoord.MailingState `json:"state" enum:"draft,scheduled,sending,paused,sent,cancelled"`
	Series  bool                 `json:"series"`
}

func (a *API) segmentUses(ctx context.Context, in *BySlug) (segmentUses, error) {
	s, err := a.cfg.Store.Segment(ctx, in.Slug)
	if err != nil {
		return segmentUses{}, err
	}
	u, err := a.cfg.Store.SegmentUses(ctx, s.ID)
	out := segmentUses{Drafts: u.Drafts, Scheduled: u.Scheduled, Series: u.Series, Begun: u.Begun, More: u.More, Campaigns: []segmentCampaign{}, Mailings: []segmentMailing{}}
	for _, c := range u.Campaigns {
		out.Campaigns = append(out.Campaigns, segmentCampaign{c.Slug, c.Name, when(c.ArchivedAt)})
	}
	for _, m := range u.Mailings {
		out.Mailings = append(out.Mailings, segmentMailing{m.PublicID, m.Variant(m.Latest()).Subject, m.State, m.Trigger != nil})
	}
	return out, err
}

func (a *API) archiveSegment(ctx context.Context, in *BySlug) (segment, error) {
	s, err := a.cfg.Store.ArchiveSegment(ctx, caller(ctx).Actor(), in.Slug)
	if err != nil {
		return segment{}, err
	}
	return a.nameSegment(ctx, s)
}

func (a *API) restoreSegment(ctx context.Context, in *BySlug) (segment, error) {
	s, err := a.cfg.Store.RestoreSegment(ctx, caller(ctx).Actor(), in.Slug)
	if err != nil {
		return segment{}, err
	}
	return a.nameSegment(ctx, s)
}

// segmentQuestion is the body of POST /segments/preview and /segments/count.
type segmentQuestion struct {
	Slug    string     `json:"slug,omitempty" doc:"Not looked at: the body of POST /segments can be asked about as it is."`
	Purpose string     `json:"purpose"`
	Filter  filterJSON `json:"filter"`
}

type segmentPreview struct {
	Count *int64 `json:"count" nullable:"true" doc:"People of the purpose who may be mailed now and are in the filter; null where fewer_than says more."`
	InSteps
}

// InSteps says how a number of people is told to whom none of them may be given away.
type InSteps struct {
	FewerThan int64  `json:"fewer_than,omitempty" doc:"There are fewer people than this, perhaps none; how many exactly could tell about one of them."`
	RoundedTo int64  `json:"rounded_to,omitempty" doc:"The number is rounded down to a multiple of this."`
	Note      string `json:"note,omitempty" doc:"Why it is, in a sentence."`
}

// told gives a count as it may be told; null where there are so few.
func told(n akkoord.SegmentCount) (*int64, InSteps) {
	var out InSteps
	if n.Step > 1 {
		out.RoundedTo, out.Note = n.Step, "The filter asks about people what this key may not read of each of them, so numbers are told in steps: an exact one could tell it of one person."
	}
	if n.Few() {
		out.FewerThan = n.Step
		return nil, out
	}
	return &n.People, out
}

func (a *API) previewSegment(ctx context.Context, in *struct{ Body segmentQuestion }) (segmentPreview, error) {
	p, f, err := a.filter(ctx, in.Body.Purpose, in.Body.Filter)
	if err != nil {
		return segmentPreview{}, err
	}
	n, err := a.cfg.Store.CountSegmentNow(ctx, p.ID, f)
	count, steps := told(n)
	return segmentPreview{count, steps}, err
}

type segmentCount struct {
	People *int64 `json:"people" nullable:"true" doc:"People of the purpose who may be mailed and are in the filter; null where fewer_than says more, and while they are still being counted: then ask again in a second."`
	AsOf   *Time  `json:"as_of" doc:"The time that the number is of."`
	Exact  bool   `json:"exact" doc:"Counted at once by the database. Else put together from sets that were read a moment ago; no mailing is sent by them."`
	InSteps
}

// countSegment answers within about two seconds, whatever the number of people.
func (a *API) countSegment(ctx context.Context, in *struct{ Body segmentQuestion }) (segmentCount, error) {
	p, f, err := a.filter(ctx, in.Body.Purpose, in.Body.Filter)
	if err != nil {
		return segmentCount{}, err
	}
	n, err := a.cfg.Store.CountSegmentSoon(ctx, p.ID, f)
	out := segmentCount{AsOf: when(n.AsOf), Exact: n.Exact && n.Step <= 1}
	if !n.Counting {
		out.People, out.InSteps = told(n)
	}
	return out, err
}

// segmentPerson is somebody in a segment.
type segmentPerson struct {
	ID     akkoord.ID `json:"id" format:"uuid"`
	Email  string     `json:"email"`
	Name   string     `json:"name"`
	Locale string     `json:"locale"`
}

func (a *API) sampleSegment(ctx context.Context, in *struct {
	BySlug
	Paging
}) (list[segmentPerson], error) {
	page, err := in.page()
	if err != nil {
		return list[segmentPerson]{}, err
	}
	s, err := a.cfg.Store.Segment(ctx, in.Slug)
	if err != nil {
		return list[segmentPerson]{}, err
	}
	rows, next, err := a.cfg.Store.SampleSegment(ctx, s.PurposeID, s.Filter, page)
	if err != nil {
		return list[segmentPerson]{}, err
	}
	ids := make([]akkoord.ID, len(rows))
	for i, p := range rows {
		ids[i] = p.PublicID
	}
	if err := a.audit(ctx, "segment.people", "segment:"+s.Slug, trail.People(ids)); err != nil {
		return list[segmentPerson]{}, err
	}
	return newList(rows, next, func(p akkoord.Subscriber) segmentPerson {
		return segmentPerson{p.PublicID, p.Email.Address(), p.Name, p.Locale}
	}), nil
}

// segmentNamed gives the number of the segment with a slug; none is 0.
func (a *API) segmentNamed(ctx context.Context, slug string) (int64, error) {
	if slug == "" {
		return 0, nil
	}
	s, err := a.cfg.Store.Segment(ctx, slug)
	if akkoord.KindOf(err) == akkoord.NotFound {
		err = akkoord.Fieldf("segment", "segment_unknown", "There is no such segment.")
	}
	return s.ID, err
}

// campaignChange is the body of PATCH /campaigns/{slug}. What is left out stays
// as it is.
type campaignChange struct {
	Name    string           `json:"name,omitempty"`
	Segment optional[string] `json:"segment,omitempty" doc:"Slug; null for everybody of the purpose. Mailings that started keep their audience."`
}

func (a *API) changeCampaign(ctx context.Context, in *struct {
	BySlug
	Body campaignChange
}) (campaign, error) {
	c, err := a.cfg.Store.Campaign(ctx, in.Slug)
	if err != nil {
		return campaign{}, err
	}
	c.Name = cmp.Or(in.Body.Name, c.Name)
	if in.Body.Segment.sent {
		var segment int64
		if in.Body.Segment.value != nil {
			if segment, err = a.segmentNamed(ctx, *in.Body.Segment.value); err != nil {
				return campaign{}, err
			}
		}
		scheduled, err := a.cfg.Store.CampaignScheduled(ctx, c.ID)
		if err := cmp.Or(err, c.CheckNarrow(segment, scheduled, caller(ctx).Role)); err != nil {
			return campaign{}, err
		}
		c.SegmentID = segment
	}
	if c, err = a.cfg.Store.PutCampaign(ctx, caller(ctx).Actor(), c); err != nil {
		return campaign{}, err
	}
	return a.nameCampaign(ctx, c)
}
