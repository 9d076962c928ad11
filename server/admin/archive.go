package admin

import (
	"cmp"
	"context"
	"net/http"
	"strconv"

	"akkoord"
	"akkoord/templates"
)

// Archiving puts purposes out of use, and takes them back.
type Archiving interface {
	ArchivePurpose(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Purpose, error)
	RestorePurpose(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Purpose, error)
	ForecastArchive(ctx context.Context, p akkoord.Purpose) (akkoord.ArchiveForecast, error)
	ArchiveCampaign(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Campaign, error)
	RestoreCampaign(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Campaign, error)
}

func archivePath(p akkoord.Purpose) string { return purposePath(p) + "/archive" }

// askArchive says what archiving a purpose, or taking it back, comes to before its
// button does it.
func (s *Site) askArchive(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	p, err := s.cfg.Store.Purpose(ctx, r.PathValue("slug"))
	if err != nil {
		return err
	}
	f, err := s.cfg.Store.ForecastArchive(ctx, p)
	if err != nil {
		return err
	}
	page := templates.ArchivePage{
		Admin: s.frame(r, v, "purposes"), Name: p.Text(v.locale).Name, Back: purposePath(p), Action: archivePath(p), ArchivedAt: p.ArchivedAt,
		Active: int(f.Active), Pending: int(f.Pending), Round: f.Round,
	}
	for _, m := range f.Mailings {
		page.Mailings = append(page.Mailings, templates.Running{Subject: m.Title(), URL: mailingPath(m), State: string(m.State), Series: m.Trigger != nil})
	}
	for _, slug := range f.Forms {
		page.Forms = append(page.Forms, templates.Link{Title: slug, URL: formsPath + "/" + slug})
	}
	page.Closed = len(f.Closed)
	return s.page(w, v, http.StatusOK, page)
}

// archivePurpose does what the page before asked.
func (s *Site) archivePurpose(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	ctx, actor := r.Context(), v.user.Actor()
	p, err := s.cfg.Store.Purpose(ctx, r.PathValue("slug"))
	if err != nil {
		return err
	}
	switch r.PostForm.Get("act") {
	case "archive":
		_, err = s.cfg.Store.ArchivePurpose(ctx, actor, p.Slug)
		return s.done(w, r, err, "archived", purposePath(p))
	case "restore":
		_, err = s.cfg.Store.RestorePurpose(ctx, actor, p.Slug)
		return s.done(w, r, err, "restored", purposePath(p))
	}
	return errNoAct
}

// editCampaign shows the form of a campaign that there is.
func (s *Site) editCampaign(w http.ResponseWriter, r *http.Request, v visit) error {
	c, err := s.cfg.Store.Campaign(r.Context(), r.PathValue("campaign"))
	if err != nil {
		return err
	}
	var g akkoord.Segment
	if c.SegmentID != 0 {
		if g, err = s.cfg.Store.SegmentByID(r.Context(), c.SegmentID); err != nil {
			return err
		}
	}
	return s.showCampaignForm(w, r, v, http.StatusOK, c, templates.EditCampaignPage{NewName: c.Name, Segment: g.Slug, Read: c.Version})
}

// showCampaignForm draws the form of a campaign with what was typed.
func (s *Site) showCampaignForm(w http.ResponseWriter, r *http.Request, v visit, code int, c akkoord.Campaign, page templates.EditCampaignPage) error {
	page.Admin, page.Name, page.Back, page.Action, page.Archived = s.frame(r, v, "campaigns"), c.Name, campaignPath(c), campaignPath(c)+"/edit", c.Archived()
	segments, err := s.allSegments(r.Context(), akkoord.ArchivedOrNot)
	if err != nil {
		return err
	}
	for _, g := range segments { // the one that it has stays in the form, so that the next save widens nothing
		if g.PurposeID == c.PurposeID && (!g.Archived() || g.ID == c.SegmentID) {
			page.Segments = append(page.Segments, templates.Option{Value: g.Slug, Name: g.Name})
		}
	}
	return s.page(w, v, code, page)
}

// saveCampaign changes a campaign, archives it or takes it back, as the button says.
func (s *Site) saveCampaign(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	ctx, actor, f := r.Context(), v.user.Actor(), r.PostForm
	c, err := s.cfg.Store.Campaign(ctx, r.PathValue("campaign"))
	if err != nil {
		return err
	}
	switch f.Get("act") {
	case "archive":
		if _, err = s.cfg.Store.ArchiveCampaign(ctx, actor, c.Slug); err != nil {
			return s.done(w, r, err, "", campaignPath(c)+"/edit")
		}
		return s.done(w, r, nil, "campaign_archived", campaignPath(c))
	case "restore":
		_, err = s.cfg.Store.RestoreCampaign(ctx, actor, c.Slug)
		return s.done(w, r, err, "campaign_restored", campaignPath(c))
	case "save":
	default:
		return errNoAct
	}
	typed := templates.EditCampaignPage{NewName: f.Get("name"), Segment: f.Get("segment"), Read: c.Version}
	changed := c
	changed.Name, changed.SegmentID = typed.NewName, 0
	if changed.Version, err = strconv.Atoi(f.Get("read")); err != nil {
		changed.Version, err = 0, nil // which no stored one has
	}
	if typed.Segment != "" {
		var g akkoord.Segment
		if g, err = s.cfg.Store.Segment(ctx, typed.Segment); akkoord.KindOf(err) == akkoord.NotFound {
			err = akkoord.Fieldf("segment", "segment_unknown", "There is no such segment.")
		}
		changed.SegmentID = g.ID
	}
	if err == nil {
		var scheduled bool
		scheduled, err = s.cfg.Store.CampaignScheduled(ctx, c.ID)
		err = cmp.Or(err, c.CheckNarrow(changed.SegmentID, scheduled, v.user.Role))
	}
	if err == nil {
		_, err = s.cfg.Store.PutCampaign(ctx, actor, changed)
	}
	if err == nil {
		return s.done(w, r, nil, "campaign_saved", campaignPath(c))
	}
	code, ok := 0, false
	if typed.Errors, code, ok = faults(err, map[string]string{"": "name"}); !ok {
		return err
	}
	return s.showCampaignForm(w, r, v, code, c, typed)
}
