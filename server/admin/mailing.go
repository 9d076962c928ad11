package admin

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"

	"akkoord"
	"akkoord/server/figures"
	"akkoord/server/trail"
	"akkoord/templates"
)

// pageSize is how many people a page of a list shows.
const pageSize = 50

// load finds the mailing in the path.
func (s *Site) load(r *http.Request) (akkoord.Mailing, error) {
	id, err := akkoord.ParseID(r.PathValue("id"))
	if err != nil {
		return akkoord.Mailing{}, err
	}
	return s.cfg.Store.Mailing(r.Context(), id)
}

func (s *Site) mailing(w http.ResponseWriter, r *http.Request, v visit) error {
	m, err := s.load(r)
	if err != nil {
		return err
	}
	return s.mailingPage(w, r, v, m, nil)
}

// sentFor gives the campaign of a mailing, and the purpose that it is for.
func (s *Site) sentFor(ctx context.Context, m akkoord.Mailing) (akkoord.Campaign, akkoord.Purpose, error) {
	c, err := s.cfg.Store.CampaignByID(ctx, m.CampaignID)
	if err != nil {
		return c, akkoord.Purpose{}, err
	}
	p, err := s.cfg.Store.PurposeByID(ctx, c.PurposeID)
	return c, p, err
}

// mailingPage draws the page of a mailing, with what became of asking its links.
func (s *Site) mailingPage(w http.ResponseWriter, r *http.Request, v visit, m akkoord.Mailing, links *templates.LinkReport) (err error) {
	ctx := r.Context()
	page := templates.MailingPage{Admin: s.frame(r, v, "campaigns"), Action: r.URL.Path, Preview: r.URL.Path + "/preview", Look: lookPath(m), TestTo: v.user.Email, Links: links}
	if page.MailingRow, err = s.row(ctx, m, true); err != nil {
		return err
	}
	c, p, err := s.sentFor(ctx, m)
	if err != nil {
		return err
	}
	written := m.Written(p)
	if len(written) > 1 {
		page.TestLocales = written
	}
	page.Campaign, page.CampaignURL, page.Purpose = c.Name, campaignPath(c), p.Text(v.locale).Name
	if mayEdit(m, v.user.Role) {
		page.Edit = editPath(m)
	}
	if err := s.offer(ctx, &page, m, v.user.Role); err != nil {
		return err
	}
	if err := s.findings(ctx, &page, m); err != nil {
		return err
	}
	if !m.StartedAt.IsZero() {
		page.Results = resultsPath(m)
		if page.Leavings, err = s.leavings(ctx, m); err != nil {
			return err
		}
		if page.Warnings, err = s.warnings(ctx, m); err != nil {
			return err
		}
	}
	if err := s.ofSeries(ctx, &page, m); err != nil {
		return err
	}
	page.Public = s.archivePlace(m, c, p, v.user.Role)
	if err := s.plan(ctx, &page, m); err != nil {
		return err
	}
	if err := s.leftOut(ctx, v, &page, m); err != nil {
		return err
	}
	by, err := s.cfg.Mail.SenderOf(ctx, m, s.cfg.Sender())
	if err != nil {
		return err
	}
	s.ticks(&page, m, written, by.From)
	if err := s.trial(ctx, &page, m); err != nil {
		return err
	}
	if m.State == akkoord.MailingSending {
		page.Follow = follow(r, mailingRefresh)
	}
	if !m.StartedAt.IsZero() && v.user.Role.May(akkoord.ReadPeople) {
		if err := s.deliveries(r, v, &page, m); err != nil && !beyondGrant(err) {
			return err
		}
	}
	return s.page(w, v, http.StatusOK, page)
}

// beyondGrant tells of a part of a page that no grant of the user opens; the
// rest of it is drawn.
func beyondGrant(err error) bool { return akkoord.CodeOf(err) == "grant_missing" }

// offer sets which buttons a page has for a role, and what stands in the way.
func (s *Site) offer(ctx context.Context, page *templates.MailingPage, m akkoord.Mailing, role akkoord.Role) error {
	can := func(act string) bool {
		_, err := m.State.Next(act)
		return err == nil && role.May(akkoord.SendMailings)
	}
	page.CanPause, page.CanResume, page.CanCancel = can("pause"), can("resume"), can("cancel")
	page.CanTest = role.May(akkoord.WriteMailings)
	if len(m.Variants) > 1 {
		for _, v := range m.Variants {
			page.TestVariants = append(page.TestVariants, v.Name)
		}
	}
	if can("send_again") && page.Progress.Uncertain > 0 {
		page.SendAgain = againPath(m)
	}
	if page.Progress.Uncertain > 0 && role.May(akkoord.ReadPeople) {
		page.Uncertain = "?state=uncertain#deliveries"
	}
	if _, err := m.State.Next("send"); err == nil {
		why, err := s.cfg.Mail.Obstacles(ctx, m, s.cfg.Sender())
		if err != nil {
			return err
		}
		for _, reason := range why {
			page.Blockers = append(page.Blockers, templates.Blocker{Code: reason.Code, Text: reason.Message})
		}
		unchosen, err := s.byArchivedSegment(ctx, m)
		if err != nil {
			return err
		}
		if unchosen {
			page.Blockers = append(page.Blockers, templates.Blocker{Code: "segment_archived"})
		}
		page.CanSend = m.State == akkoord.MailingDraft && can("send") && len(page.Blockers) == 0 // what is scheduled goes by itself
		if m.Trigger == nil && !m.SendAt.IsZero() {
			page.Later = m.SendAt.After(s.cfg.Now())
			page.Late = m.State == akkoord.MailingDraft && !page.Later
		}
		page.Asks = m.State == akkoord.MailingDraft && role.May(akkoord.WriteMailings) && !role.May(akkoord.SendMailings)
	}
	archived, err := s.archivedUnder(ctx, m)
	if err != nil {
		return err
	}
	if archived != "" {
		page.Blockers = append(page.Blockers, templates.Blocker{Code: archived})
		page.CanSend, page.CanResume, page.CanTest = false, false, false
	}
	page.Stop = m.Why
	return nil
}

// byArchivedSegment reports whether a mailing's people would be chosen by an archived
// segment.
func (s *Site) byArchivedSegment(ctx context.Context, m akkoord.Mailing) (bool, error) {
	c, err := s.cfg.Store.CampaignByID(ctx, m.CampaignID)
	if err != nil || c.SegmentID == 0 {
		return false, err
	}
	g, err := s.cfg.Store.SegmentByID(ctx, c.SegmentID)
	return g.Archived(), err
}

// archivedUnder gives the code of what a mailing is archived with: its campaign or
// their purpose; empty where it is not.
func (s *Site) archivedUnder(ctx context.Context, m akkoord.Mailing) (code string, err error) {
	c, err := s.cfg.Store.CampaignByID(ctx, m.CampaignID)
	if err != nil {
		return "", err
	}
	p, err := s.cfg.Store.PurposeByID(ctx, c.PurposeID)
	switch {
	case err != nil:
		return "", err
	case p.Archived():
		return "purpose_archived", nil
	case c.Archived():
		return "campaign_archived", nil
	}
	return "", nil
}

// stateNames are the states that deliveries are filtered by.
var stateNames = map[string]akkoord.DeliveryState{
	"open": akkoord.Queued, "sent": akkoord.Sent, "deferred": akkoord.Deferred, "bounced": akkoord.Bounced,
	"failed": akkoord.Failed, "uncertain": akkoord.Uncertain, "skipped": akkoord.Skipped,
}

var gateCode = regexp.MustCompile(`^[a-z_]{1,40}$`)

// deliveries adds a page of people to a mailing's page.
func (s *Site) deliveries(r *http.Request, v visit, page *templates.MailingPage, m akkoord.Mailing) error {
	ctx := r.Context()
	var filter akkoord.DeliveryFilter
	query := r.URL.Query()
	if state, ok := stateNames[query.Get("state")]; ok {
		page.Filter, filter.State = query.Get("state"), &state
	}
	if code := query.Get("code"); gateCode.MatchString(code) && page.Filter == "skipped" {
		page.Reason, filter.Code = code, code
	}
	if class := akkoord.Class(query.Get("class")); slices.Contains(figures.Classes, class) {
		page.Class, filter.Class = string(class), class
	}
	rows, next, err := s.cfg.Store.Deliveries(ctx, m.ID, filter, after(r))
	if err != nil {
		return err
	}
	ids, numbers := make([]akkoord.ID, len(rows)), make([]int64, len(rows))
	for i, d := range rows {
		ids[i], numbers[i] = d.Subscriber, d.SubscriberID
	}
	names, err := s.cfg.Store.PersonNames(ctx, numbers)
	if err != nil {
		return err
	}
	for _, d := range rows {
		row := templates.DeliveryRow{Address: d.Email.Masked(), Name: names[d.SubscriberID], State: d.State.String(), Reply: d.Reply, Attempts: d.Attempts, At: d.UpdatedAt}
		if d.State == akkoord.Queued || d.State == akkoord.OnWire {
			row.State = "open"
		}
		if d.State == akkoord.Skipped {
			row.Reason = d.Code
		}
		if !d.Email.IsZero() {
			row.Person = Prefix + "/people/" + d.Subscriber.String()
		}
		page.Deliveries = append(page.Deliveries, row)
	}
	if next != 0 {
		page.Next = r.URL.Path + "?" + url.Values{"state": {page.Filter}, "code": {page.Reason}, "class": {page.Class}, "after": {strconv.FormatInt(next, 10)}}.Encode() + "#deliveries"
	}
	if s.looked(ctx, trail.Mailing(m)+"?"+r.URL.RawQuery) {
		return nil
	}
	return s.cfg.Store.Audit(ctx, v.user.Actor(), "mailing.deliveries", trail.Mailing(m), trail.People(ids))
}

// lookTime is how long a page that reloads itself counts as one look.
const lookTime = time.Minute

// looked reports whether the session is still looking at the same thing, so
// that a page that reloads itself does not fill the audit trail.
func (s *Site) looked(ctx context.Context, at string) bool {
	now := s.cfg.Now()
	if s.sessions.GetString(ctx, keyLook) == at && now.Sub(time.UnixMicro(s.sessions.GetInt64(ctx, keyLookTime))) < lookTime {
		return true
	}
	s.sessions.Put(ctx, keyLook, at)
	s.sessions.Put(ctx, keyLookTime, now.UnixMicro())
	return false
}

// after reads where a page of a list begins.
func after(r *http.Request) akkoord.Page {
	n, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	if err != nil || n < 0 {
		n = 0
	}
	return akkoord.Page{After: n, Limit: pageSize}
}

// errNoAct is for a form that our page does not have.
var errNoAct = akkoord.Fieldf("act", "act_unknown", "Use one of the buttons of the page.")

// act does what a button of the mailing page says, and goes back to the page.
func (s *Site) act(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	m, err := s.load(r)
	if err != nil {
		return err
	}
	if r.PostForm.Get("act") == "links" {
		return s.askLinks(w, r, v, m)
	}
	notice, err := s.do(r.Context(), v, m, r.PostForm)
	return s.done(w, r, err, notice, mailingPath(m))
}

// do checks the right to an act and does it. It gives the notice to show.
func (s *Site) do(ctx context.Context, v visit, m akkoord.Mailing, in url.Values) (string, error) {
	act := in.Get("act")
	if act == "test" {
		return "tested", s.test(ctx, v, m, in)
	}
	if !v.user.Role.May(akkoord.SendMailings) {
		return "", s.nothing(nil, nil, v)
	}
	var err error
	actor := v.user.Actor()
	switch act {
	case "send":
		return s.send(ctx, actor, m)
	case "pause":
		was := m.State
		m, err = s.cfg.Store.PauseMailing(ctx, actor, m.PublicID)
		if was == akkoord.MailingScheduled && m.State == akkoord.MailingDraft {
			return "drafted", err
		}
		return "paused", err
	case "resume":
		_, err = s.cfg.Store.ResumeMailing(ctx, actor, m.PublicID)
		return "resumed", err
	case "cancel":
		_, err = s.cfg.Store.CancelMailing(ctx, actor, m.PublicID)
		return "cancelled", err
	case "publish", "withhold":
		return "saved", s.chooseArchive(ctx, actor, m, act == "publish")
	}
	return "", errNoAct
}

func (s *Site) send(ctx context.Context, actor akkoord.Actor, m akkoord.Mailing) (string, error) {
	why, err := s.cfg.Mail.Obstacles(ctx, m, s.cfg.Sender())
	if err != nil {
		return "", err
	}
	if err := refusal(why); err != nil {
		return "", err
	}
	if m.SendAt.After(s.cfg.Now()) {
		_, err := s.cfg.Store.ScheduleMailing(ctx, actor, m.PublicID, m.SendAt)
		return "scheduled", err
	}
	_, err = s.cfg.Store.StartMailing(ctx, actor, m.PublicID)
	return "sent", err
}

// test sends a test to an address: of the variant that was chosen, in the language that
// was, or a mail in each that the mailing has texts in.
func (s *Site) test(ctx context.Context, v visit, m akkoord.Mailing, in url.Values) error {
	to, err := akkoord.ParseEmail(in.Get("email"))
	if err != nil {
		return err
	}
	variant, err := m.VariantNamed(in.Get("variant"))
	if err != nil {
		return err
	}
	draft := m
	draft.State = akkoord.MailingDraft // a test is no sending: any state may be tested
	by, err := s.cfg.Mail.SenderOf(ctx, m, s.cfg.Sender())
	if err != nil {
		return err
	}
	if err := refusal(draft.Sendable(by)); err != nil {
		return err
	}
	locales, err := s.testLocales(ctx, m, v, in.Get("in"))
	if err != nil {
		return err
	}
	if err := s.cfg.Store.BeginTest(ctx, v.user.Actor(), m.PublicID, to, m.TestCopies(variant, locales)); err != nil {
		return err
	}
	for _, locale := range locales {
		if err := s.cfg.Mail.SendTest(ctx, m, variant, locale, to); err != nil {
			return err
		}
	}
	return nil
}

// testLocales gives the languages of a test, of which one was chosen, or all: "each".
func (s *Site) testLocales(ctx context.Context, m akkoord.Mailing, v visit, chosen string) ([]string, error) {
	_, p, err := s.sentFor(ctx, m)
	if err != nil {
		return nil, err
	}
	written := m.Written(p)
	switch {
	case chosen == "":
		return []string{localeFor(p, v.locale)}, nil
	case chosen == "each":
		return written, nil
	case !slices.Contains(written, chosen):
		return nil, akkoord.Fieldf("in", "locale_unknown", "There are no mails in this language.")
	}
	return []string{chosen}, nil
}

// refusal is the first of some reasons why a mailing can't be sent, as a Conflict; nil
// where there are none.
func refusal(why []akkoord.Reason) error {
	if len(why) == 0 {
		return nil
	}
	return &akkoord.Error{Kind: akkoord.Conflict, Code: why[0].Code, Message: why[0].Message}
}
