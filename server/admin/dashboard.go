package admin

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"akkoord"
	"akkoord/templates"
)

// shown is how many mailings the dashboard counts; older ones stand there
// without their bar.
const shown = 20

// Seconds until a page with something going on reloads itself, for who follows
// it.
const (
	dashboardRefresh = 5
	mailingRefresh   = 2
)

func (s *Site) dashboard(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	page := templates.DashboardPage{Admin: s.frame(r, v, "campaigns"), Missing: missing(s.cfg.Sender())}
	hold, err := s.cfg.Store.Hold(ctx)
	if err != nil {
		return err
	}
	if hold.Reason != "" {
		page.Hold = &templates.HoldNotice{
			Reason: string(hold.Reason), BackupAt: hold.BackupAt, Mailings: hold.Mailings, Twice: int(hold.Twice), System: int(hold.System),
			CanRelease: v.user.Role.May(akkoord.ReleaseSending),
		}
	}
	if page.Attention, err = s.attention(ctx, v); err != nil {
		return err
	}
	if err := s.setupCard(ctx, v, &page); err != nil {
		return err
	}
	people, err := s.people7(ctx)
	if err != nil {
		return err
	}
	page.Active, page.Pending, page.Left = int(people.active), int(people.pending), int(people.left)
	access, err := s.cfg.Store.Access(ctx, v.user.Actor())
	if err != nil {
		return err
	}
	page.ActiveURL = behind(v, access, 0, akkoord.PeopleFilter{State: akkoord.Active})
	page.PendingURL = behind(v, access, 0, akkoord.PeopleFilter{State: akkoord.Pending})
	page.LeftURL = behind(v, access, 0, akkoord.PeopleFilter{State: akkoord.Withdrawn, From: akkoord.DayOf(s.cfg.Now()) - leftDays})
	if v.user.Role.May(akkoord.WriteMailings) {
		page.New = Prefix + "/campaigns/new"
	}
	lately, err := s.grown(ctx, v, access, akkoord.GrowthDays)
	if err != nil {
		return err
	}
	if len(lately.Purposes) > 0 {
		page.Lately = &lately
	}
	campaigns, err := s.allCampaigns(ctx)
	if err != nil {
		return err
	}
	mailings, err := s.allMailings(ctx, 0)
	if err != nil {
		return err
	}
	rows := map[int64][]templates.MailingRow{}
	for i, m := range slices.Backward(mailings) {
		row, err := s.row(ctx, m, len(mailings)-i <= shown)
		if err != nil {
			return err
		}
		rows[m.CampaignID] = append(rows[m.CampaignID], row)
		if m.State == akkoord.MailingSending {
			page.Follow = follow(r, dashboardRefresh)
		}
	}
	page.Archived = r.URL.Query().Has("archived")
	for _, c := range slices.Backward(campaigns) {
		if c.Archived() != page.Archived {
			page.Others++
			continue
		}
		p, err := s.cfg.Store.PurposeByID(ctx, c.PurposeID)
		if err != nil {
			return err
		}
		page.Campaigns = append(page.Campaigns, templates.CampaignCard{
			Slug: c.Slug, Name: c.Name, URL: campaignPath(c), Purpose: p.Text(v.locale).Name, Mailings: rows[c.ID],
		})
	}
	return s.page(w, v, http.StatusOK, page)
}

// release lets mail go out again after a restore: an owner has read on the
// start page what may be sent twice (P22).
func (s *Site) release(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := s.cfg.Store.EndHold(r.Context(), v.user.Actor()); err != nil {
		return err
	}
	http.Redirect(w, r, Prefix, http.StatusSeeOther)
	return nil
}

// follow offers to follow what is going on, or does it where it was asked for.
func follow(r *http.Request, seconds int) templates.Follow {
	f := templates.Follow{Going: true}
	if r.URL.Query().Get("live") != "" {
		f.Refresh = seconds
	}
	return f
}

// row gives a mailing as a line, with its counts when wanted.
func (s *Site) row(ctx context.Context, m akkoord.Mailing, counts bool) (templates.MailingRow, error) {
	row := templates.MailingRow{
		ID: m.PublicID.String(), URL: mailingPath(m), Subject: title(m),
		State: string(m.State), At: latest(m.FinishedAt, m.StartedAt, m.SendAt),
	}
	if !counts || m.StartedAt.IsZero() {
		return row, nil
	}
	var err error
	row.Progress, err = s.progress(ctx, m)
	return row, err
}

// title names a mailing in lists, where its subject may be missing.
func title(m akkoord.Mailing) string { return cmp.Or(m.Title(), "–") }

// allMailings gives every mailing of a campaign, or of all campaigns for 0,
// oldest first.
func (s *Site) allMailings(ctx context.Context, campaignID int64) ([]akkoord.Mailing, error) {
	return akkoord.AllPages(ctx, func(ctx context.Context, p akkoord.Page) ([]akkoord.Mailing, int64, error) {
		return s.cfg.Store.Mailings(ctx, campaignID, p)
	})
}

// latest gives the first time that is set.
func latest(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// missing names the settings that sending waits for, as the page's texts do.
func missing(f akkoord.Sender) []string {
	var out []string
	for _, m := range []struct {
		missing bool
		name    string
	}{
		{f.Controller == "", "controller"}, {f.PostalAddress == "", "postal_address"}, {f.Contact == "", "contact"},
		{!f.Relay, "smtp"}, {f.From == "", "from"},
	} {
		if m.missing {
			out = append(out, m.name)
		}
	}
	return out
}

func (s *Site) purposes(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	purposes, err := s.cfg.Store.Purposes(ctx)
	if err != nil {
		return err
	}
	forms, err := s.cfg.Store.Forms(ctx)
	if err != nil {
		return err
	}
	counts, err := s.perPurpose(ctx)
	if err != nil {
		return err
	}
	access, err := s.cfg.Store.Access(ctx, v.user.Actor())
	if err != nil {
		return err
	}
	page := templates.PurposesPage{Admin: s.frame(r, v, "purposes")}
	if v.user.Role.May(akkoord.ChangePurposes) {
		page.New = purposesPath + "/new"
	}
	page.Archived = r.URL.Query().Has("archived")
	for _, p := range purposes {
		if p.Archived() != page.Archived {
			page.Others++
			continue
		}
		card := templates.PurposeCard{
			Slug: p.Slug, Name: p.Text(v.locale).Name, URL: purposePath(p), Basis: string(p.Basis), Version: p.Version, Archived: p.Archived(),
			Active: int(counts[p.ID][akkoord.Active]), Pending: int(counts[p.ID][akkoord.Pending]), Forms: formLinks(forms, p.Slug, v.locale),
			Policy: policyPath(p), ActiveURL: behind(v, access, p.ID, akkoord.PeopleFilter{Purpose: p.Slug, State: akkoord.Active}),
			PendingURL: behind(v, access, p.ID, akkoord.PeopleFilter{Purpose: p.Slug, State: akkoord.Pending}),
		}
		for _, locale := range akkoord.Locales {
			if t, ok := p.Texts[locale]; ok {
				card.Wordings = append(card.Wordings, templates.Wording{Locale: locale, Text: t.Wording})
			}
		}
		if err := s.round(ctx, v, &card, p); err != nil {
			return err
		}
		page.Purposes = append(page.Purposes, card)
	}
	return s.page(w, v, http.StatusOK, page)
}

// formLinks gives the forms that ask for a purpose.
func formLinks(forms []akkoord.Form, purpose, locale string) []templates.FormLink {
	var out []templates.FormLink
	for _, f := range forms {
		if slices.Contains(f.Version.Purposes, purpose) {
			out = append(out, templates.FormLink{Title: cmp.Or(f.Version.Texts[locale].Title, f.Slug), URL: "/f/" + f.Slug})
		}
	}
	return out
}
