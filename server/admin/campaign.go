package admin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"akkoord"
	"akkoord/server/status"
	"akkoord/templates"
)

// Drafting makes campaigns and the drafts of their mailings.
type Drafting interface {
	Segments(ctx context.Context, of akkoord.Archival, p akkoord.Page) (segments []akkoord.Segment, next int64, err error)
	Segment(ctx context.Context, slug string) (akkoord.Segment, error)
	SegmentByID(ctx context.Context, id int64) (akkoord.Segment, error)
	Campaign(ctx context.Context, slug string) (akkoord.Campaign, error)
	CampaignScheduled(ctx context.Context, campaignID int64) (bool, error)
	PutCampaign(ctx context.Context, actor akkoord.Actor, c akkoord.Campaign) (akkoord.Campaign, error)
	// PutMailing makes a draft, or changes the one that was read: Conflict with
	// code mailing_changed where somebody changed it since.
	PutMailing(ctx context.Context, actor akkoord.Actor, m akkoord.Mailing) (akkoord.Mailing, error)
}

func campaignPath(c akkoord.Campaign) string { return Prefix + "/campaigns/" + c.Slug }

// faults tells an error about a form as one of its fields, with the status to
// answer with. at gives, for fields of the rules, the ids of the elements, and
// for "" where an error stands that names no field; what is not the reader's fault
// gives false.
func faults(err error, at map[string]string) (templates.FieldErrors, int, bool) {
	e, ok := errors.AsType[*akkoord.Error](err)
	if !ok || e.Kind == "" {
		return nil, 0, false
	}
	field := e.Field
	if id, ok := at[field]; ok {
		field = id
	}
	return templates.FieldErrors{{Field: field, Code: e.Code, Text: e.Message, At: field}}, status.Of(e.Kind), true
}

func (s *Site) newCampaign(w http.ResponseWriter, r *http.Request, v visit) error {
	in := r.URL.Query()
	return s.askCampaign(w, r, v, http.StatusOK, templates.NewCampaignPage{Name: in.Get("name"), Purpose: in.Get("purpose")})
}

// askCampaign draws the form of a new campaign.
func (s *Site) askCampaign(w http.ResponseWriter, r *http.Request, v visit, code int, page templates.NewCampaignPage) error {
	ctx := r.Context()
	page.Admin = s.frame(r, v, "campaigns")
	if r.Method == http.MethodPost {
		page.Path = Prefix + "/campaigns/new"
	}
	purposes, err := s.cfg.Store.Purposes(ctx)
	if err != nil {
		return err
	}
	page.Purposes = options(akkoord.InUse(purposes), v.locale)
	segments, err := s.allSegments(ctx, akkoord.NotArchived)
	if err != nil {
		return err
	}
	for _, g := range segments {
		page.Segments = append(page.Segments, templates.Option{Value: g.Slug, Name: g.Name + " (" + purposeName(purposes, g.PurposeID, v.locale) + ")"})
	}
	return s.page(w, v, code, page)
}

func (s *Site) allSegments(ctx context.Context, of akkoord.Archival) ([]akkoord.Segment, error) {
	return akkoord.AllPages(ctx, func(ctx context.Context, p akkoord.Page) ([]akkoord.Segment, int64, error) {
		return s.cfg.Store.Segments(ctx, of, p)
	})
}

func (s *Site) allCampaigns(ctx context.Context) ([]akkoord.Campaign, error) {
	return akkoord.AllPages(ctx, func(ctx context.Context, p akkoord.Page) ([]akkoord.Campaign, int64, error) {
		return s.cfg.Store.Campaigns(ctx, akkoord.ArchivedOrNot, p)
	})
}

func (s *Site) addCampaign(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	f := r.PostForm
	page := templates.NewCampaignPage{Name: f.Get("name"), Slug: f.Get("slug"), Purpose: f.Get("purpose"), Segment: f.Get("segment")}
	c, err := s.posted(r.Context(), f)
	if err == nil {
		c, err = s.cfg.Store.PutCampaign(r.Context(), v.user.Actor(), c)
	}
	if err == nil {
		return s.done(w, r, nil, "campaign", campaignPath(c))
	}
	code, ok := 0, false
	if page.Errors, code, ok = faults(err, nil); !ok {
		return err
	}
	if page.Slug == "" {
		page.Slug = c.Slug // what was made of the name, for the reader to change
	}
	return s.askCampaign(w, r, v, code, page)
}

// posted reads a new campaign. Without a slug it gets one made of its name.
func (s *Site) posted(ctx context.Context, f url.Values) (akkoord.Campaign, error) {
	c := akkoord.Campaign{Name: f.Get("name"), Slug: f.Get("slug")}
	if c.Slug == "" {
		c.Slug = akkoord.SlugOf(c.Name)
	}
	if err := c.Check(); err != nil {
		return c, err
	}
	p, err := s.cfg.Store.Purpose(ctx, f.Get("purpose"))
	if akkoord.KindOf(err) == akkoord.NotFound {
		err = akkoord.Fieldf("purpose", "no_such_purpose", "There is no such purpose.")
	}
	c.PurposeID = p.ID
	if f.Get("segment") == "" || err != nil {
		return c, err
	}
	g, err := s.cfg.Store.Segment(ctx, f.Get("segment"))
	if akkoord.KindOf(err) == akkoord.NotFound {
		err = akkoord.Fieldf("segment", "segment_unknown", "There is no such segment.")
	}
	c.SegmentID = g.ID
	return c, err
}

// campaign shows a campaign with its mailings.
func (s *Site) campaign(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	c, err := s.cfg.Store.Campaign(ctx, r.PathValue("campaign"))
	if err != nil {
		return err
	}
	p, err := s.cfg.Store.PurposeByID(ctx, c.PurposeID)
	if err != nil {
		return err
	}
	page := templates.CampaignPage{Admin: s.frame(r, v, "campaigns"), CampaignCard: templates.CampaignCard{Slug: c.Slug, Name: c.Name, Purpose: p.Text(v.locale).Name}}
	page.Results = campaignPath(c) + "/results"
	page.Archived = c.Archived()
	if v.user.Role.May(akkoord.WriteMailings) {
		page.Edit = campaignPath(c) + "/edit"
		if !c.Archived() && !p.Archived() {
			page.Draft = campaignPath(c) + "/mailings"
		}
	}
	if c.SegmentID != 0 {
		g, err := s.cfg.Store.SegmentByID(ctx, c.SegmentID)
		if err != nil {
			return err
		}
		page.Segment, page.SegmentArchived = templates.Link{Title: g.Name, URL: segmentPath(g)}, g.Archived()
		if g.Archived() {
			page.Draft = ""
		}
	}
	mailings, next, err := s.cfg.Store.Mailings(ctx, c.ID, after(r))
	if err != nil {
		return err
	}
	if page.Series, mailings, err = s.timeline(ctx, mailings); err != nil {
		return err
	}
	for i, m := range slices.Backward(mailings) {
		row, err := s.row(ctx, m, len(mailings)-i <= shown)
		if err != nil {
			return err
		}
		page.Mailings = append(page.Mailings, row)
	}
	if next != 0 {
		page.Next = campaignPath(c) + "?after=" + strconv.FormatInt(next, 10)
	}
	return s.page(w, v, http.StatusOK, page)
}

// draft makes a mailing of a campaign, empty or like an earlier one, and opens
// its editor.
func (s *Site) draft(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	if err := form(r); err != nil {
		return err
	}
	c, err := s.cfg.Store.Campaign(ctx, r.PathValue("campaign"))
	if err != nil {
		return err
	}
	m := akkoord.Mailing{CampaignID: c.ID}
	if like := r.PostForm.Get("copy"); like != "" {
		id, err := akkoord.ParseID(like)
		if err != nil {
			return err
		}
		old, err := s.cfg.Store.Mailing(ctx, id)
		if err != nil {
			return err
		}
		m.Content, m.Variants, m.Plan, m.Trial = old.Content, old.Variants, old.Plan, old.Trial
	}
	if m, err = s.cfg.Store.PutMailing(ctx, v.user.Actor(), m); err != nil {
		return err
	}
	http.Redirect(w, r, editPath(m), http.StatusSeeOther)
	return nil
}
