package admin

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"akkoord"
	"akkoord/server/trail"
	"akkoord/templates"
)

// Segmenting keeps the segments, and finds who is in them.
type Segmenting interface {
	PutSegment(ctx context.Context, actor akkoord.Actor, s akkoord.Segment) (akkoord.Segment, error)
	SegmentNames(ctx context.Context, purposeID int64) (akkoord.SegmentNames, error)
	// CheckFilter says what of a filter means nothing, or belongs to another purpose (M16).
	CheckFilter(ctx context.Context, purposeID int64, f akkoord.Filter) (akkoord.Filter, error)
	// CountSegmentSoon takes two seconds at most; its answer may be Counting.
	CountSegmentSoon(ctx context.Context, purposeID int64, f akkoord.Filter) (akkoord.SegmentCount, error)
	SampleSegment(ctx context.Context, purposeID int64, f akkoord.Filter, p akkoord.Page) (people []akkoord.Subscriber, next int64, err error)
	SegmentUses(ctx context.Context, segmentID int64) (akkoord.SegmentUses, error)
	ArchiveSegment(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Segment, error)
	RestoreSegment(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Segment, error)
}

const segmentsPath = Prefix + "/segments"

func segmentPath(g akkoord.Segment) string { return segmentsPath + "/" + g.Slug }

func (s *Site) segments(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	page := templates.SegmentsPage{Admin: s.frame(r, v, "campaigns")}
	if v.user.Role.May(akkoord.WriteMailings) {
		page.New = segmentsPath + "/new"
	}
	purposes, err := s.cfg.Store.Purposes(ctx)
	if err != nil {
		return err
	}
	of, link := akkoord.NotArchived, url.Values{}
	if page.Archived = r.URL.Query().Has("archived"); page.Archived {
		of = akkoord.ArchivedOnly
		link.Set("archived", "1")
	}
	all, next, err := s.cfg.Store.Segments(ctx, of, after(r))
	if err != nil {
		return err
	}
	for _, g := range all {
		page.Segments = append(page.Segments, templates.SegmentCard{Slug: g.Slug, Name: g.Name, URL: segmentPath(g), Purpose: purposeName(purposes, g.PurposeID, v.locale), Filter: g.Filter, ChangedAt: g.ChangedAt})
	}
	if next != 0 {
		link.Set("after", strconv.FormatInt(next, 10))
		page.Next = segmentsPath + "?" + link.Encode()
	}
	return s.page(w, v, http.StatusOK, page)
}

// newSegment asks for the purpose first: it decides what a condition can name.
func (s *Site) newSegment(w http.ResponseWriter, r *http.Request, v visit) error {
	purposes, err := s.cfg.Store.Purposes(r.Context())
	if err != nil {
		return err
	}
	purposes = akkoord.InUse(purposes)
	chosen := r.URL.Query().Get("purpose")
	if chosen == "" && len(purposes) == 1 {
		chosen = purposes[0].Slug
	}
	if chosen == "" {
		return s.page(w, v, http.StatusOK, templates.SegmentPage{Admin: s.frame(r, v, "campaigns"), Purposes: options(purposes, v.locale)})
	}
	p, err := s.cfg.Store.Purpose(r.Context(), chosen)
	if err != nil {
		return err
	}
	return s.showSegment(w, r, v, http.StatusOK, akkoord.Segment{PurposeID: p.ID, Filter: akkoord.Filter{Kind: akkoord.FilterAll}}, typedSegment{}, nil)
}

func (s *Site) segment(w http.ResponseWriter, r *http.Request, v visit) error {
	g, err := s.cfg.Store.Segment(r.Context(), r.PathValue("segment"))
	if err != nil {
		return err
	}
	return s.showSegment(w, r, v, http.StatusOK, g, typedSegment{name: g.Name, read: strconv.Itoa(g.Version)}, nil)
}

// typedSegment is what the form of a segment held.
type typedSegment struct {
	name, slug, read string
	rows             []templates.ConditionRow // nil: as the filter says
	match            string
	isTree           bool
	tree             string
}

// showSegment draws a segment with the form that it is built by, and counts who
// is in it, unless its filter was refused.
func (s *Site) showSegment(w http.ResponseWriter, r *http.Request, v visit, code int, g akkoord.Segment, typed typedSegment, wrong templates.FieldErrors) error {
	ctx := r.Context()
	p, err := s.cfg.Store.PurposeByID(ctx, g.PurposeID)
	if err != nil {
		return err
	}
	page := templates.SegmentPage{Admin: s.frame(r, v, "campaigns"), Slug: g.Slug, Name: g.Name, Archived: g.Archived(), Purpose: templates.Option{Value: p.Slug, Name: p.Text(v.locale).Name}, Filter: g.Filter, Version: g.Version, Errors: wrong}
	page.Path = cmp.Or(strings.TrimSuffix(segmentPath(g), "/"), segmentsPath)
	if g.ID == 0 {
		page.Path = segmentsPath + "/new?" + url.Values{"purpose": {p.Slug}}.Encode()
	} else {
		if v.user.Role.May(akkoord.ReadPeople) {
			page.People = segmentPath(g) + "/people"
		}
		if page.Uses, err = s.segmentUses(ctx, g); err != nil {
			return err
		}
	}
	if len(wrong) == 0 && v.user.Role.May(akkoord.WriteMailings) { // as for a count over the API
		n, err := s.cfg.Store.CountSegmentSoon(ctx, p.ID, g.Filter)
		if err != nil && akkoord.KindOf(err) != akkoord.Invalid { // a stored filter may name what is gone
			return err
		}
		page.Counted, page.Counting, page.Count, page.Step, page.AsOf = err == nil && !n.Counting, n.Counting, int(n.People), int(n.Step), n.AsOf
	}
	if !v.user.Role.May(akkoord.WriteMailings) {
		return s.page(w, v, code, page)
	}
	w.Header().Set("Content-Security-Policy", contentPolicy+scriptPolicy)
	page.Form = &templates.SegmentForm{Action: segmentsPath, Name: typed.name, Slug: typed.slug, Read: typed.read, Match: typed.match, Rows: typed.rows, IsTree: typed.isTree, Tree: typed.tree,
		Kinds: templates.ConditionKinds, Ops: templates.ConditionOps, Locales: akkoord.Locales}
	if g.ID != 0 {
		page.Form.Action = segmentPath(g)
	}
	if page.Form.Names, err = s.cfg.Store.SegmentNames(ctx, p.ID); err != nil {
		return err
	}
	if typed.match == "" {
		var flat bool
		if page.Form.Match, page.Form.Rows, flat = rowsOf(g.Filter); !flat {
			page.Form.IsTree = true
			if page.Form.Tree, err = treeOf(g.Filter); err != nil {
				return err
			}
		}
	}
	return s.page(w, v, code, page)
}

func (s *Site) addSegment(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	p, err := s.cfg.Store.Purpose(r.Context(), r.PostForm.Get("purpose"))
	if akkoord.KindOf(err) == akkoord.NotFound {
		err = akkoord.Fieldf("purpose", "no_such_purpose", "There is no such purpose.")
	}
	if err != nil {
		return err
	}
	return s.buildSegment(w, r, v, akkoord.Segment{PurposeID: p.ID, Filter: akkoord.Filter{Kind: akkoord.FilterAll}})
}

func (s *Site) changeSegment(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	g, err := s.cfg.Store.Segment(r.Context(), r.PathValue("segment"))
	if err != nil {
		return err
	}
	switch r.PostForm.Get("act") {
	case "archive":
		_, err = s.cfg.Store.ArchiveSegment(r.Context(), v.user.Actor(), g.Slug)
		if e, ok := errors.AsType[*akkoord.Error](err); ok && e.Code == "segment_used" {
			return s.showSegment(w, r, v, http.StatusConflict, g, typedSegment{name: g.Name, read: strconv.Itoa(g.Version)}, templates.FieldErrors{{Field: "uses", Code: e.Code, Text: e.Message, At: "uses"}})
		}
		return s.done(w, r, err, "segment_archived", segmentPath(g))
	case "restore":
		_, err = s.cfg.Store.RestoreSegment(r.Context(), v.user.Actor(), g.Slug)
		return s.done(w, r, err, "segment_restored", segmentPath(g))
	}
	return s.buildSegment(w, r, v, g)
}

// segmentUses tells what chooses by a segment.
func (s *Site) segmentUses(ctx context.Context, g akkoord.Segment) (templates.SegmentUses, error) {
	u, err := s.cfg.Store.SegmentUses(ctx, g.ID)
	out := templates.SegmentUses{Drafts: int(u.Drafts), Scheduled: int(u.Scheduled), Series: int(u.Series), Begun: int(u.Begun), More: u.More}
	for _, c := range u.Campaigns {
		out.Campaigns = append(out.Campaigns, templates.UsingCampaign{Link: templates.Link{Title: c.Name, URL: campaignPath(c)}, Archived: c.Archived()})
	}
	for i, m := range u.Mailings {
		out.Mailings = append(out.Mailings, templates.UsingMailing{Subject: m.Title(), URL: mailingPath(m), State: string(m.State), Series: m.Trigger != nil, Waits: int64(i) < u.Waiting()})
	}
	return out, err
}

// buildSegment does what the form's button says: another condition, one less, a
// count, or the segment itself. The page's script presses the one that counts while
// somebody types, and takes words, count and faults from the page that answers.
func (s *Site) buildSegment(w http.ResponseWriter, r *http.Request, v visit, g akkoord.Segment) error {
	ctx, act, typed := r.Context(), r.PostForm.Get("act"), readSegment(r.PostForm)
	if kind := r.PostForm.Get("add"); act == "add" && slices.Contains(templates.ConditionKinds, kind) {
		names, err := s.cfg.Store.SegmentNames(ctx, g.PurposeID)
		if err != nil {
			return err
		}
		typed.add(kind, names)
	}
	filter, err := typed.filter()
	if err == nil {
		filter, err = s.cfg.Store.CheckFilter(ctx, g.PurposeID, filter)
	}
	if err != nil && act != "add" { // a condition that was just added may lack something yet
		return s.refusedSegment(w, r, v, g, typed, err)
	}
	stored, was := strconv.Itoa(g.Version), g.Filter
	if err == nil {
		g.Filter = filter
	}
	if act != "save" {
		return s.showSegment(w, r, v, http.StatusOK, g, typed, nil)
	}
	if g.ID != 0 {
		uses, err := s.cfg.Store.SegmentUses(ctx, g.ID)
		if err := cmp.Or(err, uses.CheckEdit(v.user.Role, was, g.Filter)); err != nil {
			return s.refusedSegment(w, r, v, g, typed, err)
		}
	}
	wanted := g
	wanted.Name = typed.name
	if g.ID == 0 {
		typed.slug = cmp.Or(typed.slug, akkoord.SlugOf(typed.name))
		wanted.Slug = typed.slug
	} else if wanted.Version, err = strconv.Atoi(typed.read); err != nil {
		wanted.Version = 0 // which no stored one has
	}
	saved, err := s.cfg.Store.PutSegment(ctx, v.user.Actor(), wanted)
	if err == nil {
		return s.done(w, r, nil, "segment", segmentPath(saved))
	}
	if akkoord.CodeOf(err) == "segment_changed" {
		typed.read = stored // saving once more puts it in the place of theirs
	}
	return s.refusedSegment(w, r, v, g, typed, err)
}

// refusedSegment shows the form again with what was typed, and with what is
// wrong beside the condition that it is about.
func (s *Site) refusedSegment(w http.ResponseWriter, r *http.Request, v visit, g akkoord.Segment, typed typedSegment, err error) error {
	e, ok := errors.AsType[*akkoord.Error](err)
	if !ok || e.Kind == "" {
		return err
	}
	at := map[string]string{}
	if strings.HasPrefix(e.Field, "filter") {
		at[e.Field] = typed.anchor(e.Field)
	}
	wrong, code, ok := faults(err, at)
	if !ok {
		return err
	}
	return s.showSegment(w, r, v, code, g, typed, wrong)
}

// segmentPeople lists who is in a segment now, and leaves a line about it (M27).
func (s *Site) segmentPeople(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	g, err := s.cfg.Store.Segment(ctx, r.PathValue("segment"))
	if err != nil {
		return err
	}
	people, next, err := s.cfg.Store.SampleSegment(ctx, g.PurposeID, g.Filter, after(r))
	if err != nil {
		return err
	}
	page := templates.SegmentPeoplePage{Admin: s.frame(r, v, "campaigns"), Name: g.Name, Back: segmentPath(g), Filter: g.Filter}
	var ids []akkoord.ID
	for _, p := range people {
		ids = append(ids, p.PublicID)
		page.People = append(page.People, templates.PersonRow{
			URL: Prefix + "/people/" + p.PublicID.String(), Address: cmp.Or(p.Email.Display(), hidden), Name: p.Name, Locale: p.Locale, Since: p.CreatedAt,
		})
	}
	if next != 0 {
		page.Next = r.URL.Path + "?after=" + strconv.FormatInt(next, 10)
	}
	if err := s.cfg.Store.Audit(ctx, v.user.Actor(), "segment.people", "segment:"+g.Slug, trail.People(ids)); err != nil {
		return err
	}
	return s.page(w, v, http.StatusOK, page)
}
