package api

import (
	"cmp"
	"context"
	"time"

	"akkoord"
	"akkoord/server/figures"
)

// variant is one of several contents of a mailing. It inherits what it lacks.
type variant struct {
	Name      string          `json:"name"`
	Subject   string          `json:"subject,omitempty"`
	Preheader string          `json:"preheader,omitempty"`
	Markdown  string          `json:"markdown,omitempty"`
	HTML      string          `json:"html,omitempty"`
	Blocks    []akkoord.Block `json:"blocks,omitempty"`
	Sender    string          `json:"sender,omitempty" doc:"Name of the sender, in place of that of AKKOORD_FROM."`
	At        string          `json:"at,omitempty" doc:"In a test: sent when the clock of the plan's zone shows this, like 09:00."`

	Languages map[string]translation `json:"languages,omitempty" doc:"Its translations; what one lacks is that of the mailing's translation, and then the main text."`
}

// newMailing is the body of POST /campaigns/{slug}/mailings.
type newMailing struct {
	Subject   string          `json:"subject,omitempty" doc:"May hold fields: {{name}} or {{name | default: \"text\"}}."`
	Preheader string          `json:"preheader,omitempty" doc:"The line that mail programs show beside the subject; may hold fields."`
	Markdown  string          `json:"markdown,omitempty"`
	HTML      string          `json:"html,omitempty" doc:"Instead of markdown."`
	Blocks    []akkoord.Block `json:"blocks,omitempty" doc:"Instead of markdown."`
	Variants  []variant       `json:"variants,omitempty" doc:"Two to ten; they split the audience evenly."`
	AB        *ab             `json:"ab,omitempty" doc:"Tests the variants on a part of the audience; without it they split the audience evenly."`
	Plan      *plan           `json:"plan,omitempty"`
	Trigger   *mailingTrigger `json:"trigger,omitempty" doc:"Makes it one of a series: once started it goes to each person when their time comes, and never again."`
	Language  string          `json:"language,omitempty" doc:"Of the main text, like nl; the first in which the purpose has texts when left out."`

	Languages map[string]translation `json:"languages,omitempty" doc:"Translations, by language like en: one in which the purpose has texts, and not that of the main text. Each has at least a subject or a text. Who reads another language gets the main text."`

	SendAt *Time `json:"send_at,omitempty" doc:"When POST send is to take effect; at once when it is null, or past by then. A time more than five minutes past is not stored (422, send_at_past)."`
}

// Mailing is a mailing as lists show it. (Types that others embed are exported:
// huma does not look into those that are not.)
type Mailing struct {
	ID        akkoord.ID           `json:"id" format:"uuid"`
	Campaign  string               `json:"campaign"`
	State     akkoord.MailingState `json:"state" enum:"draft,scheduled,sending,paused,sent,cancelled"`
	Subject   string               `json:"subject"`
	Preheader string               `json:"preheader"`
	Markdown  string               `json:"markdown"`
	HTML      string               `json:"html"`
	Blocks    []akkoord.Block      `json:"blocks" nullable:"false" doc:"Empty unless it is written in blocks."`
	Language  *string              `json:"language" doc:"Of the main text; null: the first in which the purpose has texts."`
	Variants  []variant            `json:"variants"`
	AB        *ab                  `json:"ab"`

	Languages map[string]translation `json:"languages" nullable:"false" doc:"Translations, by language."`

	Plan       plan            `json:"plan"`
	Trigger    *mailingTrigger `json:"trigger" doc:"Null unless it is one of a series."`
	Why        *string         `json:"why" doc:"Why the system paused it, or did not start it at its time."`
	WhyCode    *string         `json:"why_code" doc:"The same as a stable code."`
	SendAt     *Time           `json:"send_at"`
	StartedAt  *Time           `json:"started_at"`
	FinishedAt *Time           `json:"finished_at"`
	CreatedAt  *Time           `json:"created_at"`

	PublicArchive string `json:"public_archive" enum:"auto,include,exclude" doc:"Whether it stands in the public archive of its purpose, where that is on, once it has gone out. Auto: unless it went to a segment. One of a series never does. POST /mailings/{id}/public-archive changes it."`
}

// progress is a mailing with its deliveries by state. Total is the sum of the
// seven states from open to skipped.
type progress struct {
	Mailing
	akkoord.Counts
	Clicks       int64            `json:"clicks" doc:"First clicks per person and link, of people who let them be counted."`
	Machine      int64            `json:"machine_clicks" doc:"The same by programs, as far as can be told. Never added to clicks."`
	Links        []linkCount      `json:"links" nullable:"false" doc:"Links that are counted, once somebody got a mail with them."`
	Unsubscribes int64            `json:"unsubscribes"`
	Leavings     akkoord.Leavings `json:"leavings" doc:"Leavings by this mailing's links: by scope, by place, and by reason where one was given."`
	Reports      akkoord.Reports  `json:"reports" doc:"What came back: complaints, and bounces by class, those while sending among them."`
	Trial        *trial           `json:"trial" doc:"Null without a test."`
	ETA          *eta             `json:"eta" doc:"Null unless it is being sent, and of a series."`
	Series       *series          `json:"series" doc:"Null without a trigger."`
	Warnings     []akkoord.Reason `json:"warnings" nullable:"false" doc:"What of it is more than it should be."`
}

// linkCount is one link of a mailing.
type linkCount struct {
	URL     string  `json:"url"`
	Topic   *string `json:"topic"`
	Clicks  *int64  `json:"clicks" doc:"Null below 5, since so few could tell who it was, and where it would give such a number away."`
	Machine int64   `json:"machine_clicks"`
}

// count adds what the links of a mailing were followed.
func (p *progress) count(all []akkoord.LinkCount) {
	for _, l := range all {
		p.Clicks, p.Machine = p.Clicks+l.Clicks, p.Machine+l.Machine
	}
	p.Links = showLinks(all, figures.LinkClicks(all))
}

// showLinks shows links with the clicks of people on each as they may be told.
func showLinks(all []akkoord.LinkCount, clicks []*int64) []linkCount {
	out := []linkCount{}
	for i, l := range all {
		if l.URL != "" { // it is not the decoy
			out = append(out, linkCount{URL: l.URL, Topic: orNil(l.Topic), Clicks: clicks[i], Machine: l.Machine})
		}
	}
	return out
}

func showMailing(m akkoord.Mailing, campaign string) Mailing {
	out := Mailing{
		ID: m.PublicID, Campaign: campaign, State: m.State, Subject: m.Content.Subject, Preheader: m.Content.Preheader, Markdown: m.Content.Markdown, HTML: m.Content.HTML, Blocks: showBlocks(m.Content.Blocks),
		Language: orNil(m.Content.Language), Languages: showTranslations(m.Content.Languages),
		Variants: []variant{}, AB: showTrial(m.Trial), Plan: showPlan(m.Plan), Trigger: showTrigger(m.Trigger), Why: orNil(m.Why.Text), WhyCode: orNil(m.Why.Code), SendAt: when(m.SendAt), StartedAt: when(m.StartedAt), FinishedAt: when(m.FinishedAt), CreatedAt: when(m.CreatedAt),
		PublicArchive: cmp.Or(string(m.Archive), archiveAuto),
	}
	for _, v := range m.Variants {
		out.Variants = append(out.Variants, variant{v.Name, v.Subject, v.Preheader, v.Markdown, v.HTML, showBlocks(v.Blocks), v.Sender, v.At, showTranslations(v.Languages)})
	}
	return out
}

// showBlocks reads stored blocks, which were checked.
func showBlocks(stored string) []akkoord.Block {
	all, err := akkoord.ParseBlocks(stored)
	if err != nil {
		return []akkoord.Block{}
	}
	return all
}

func variants(in []variant) []akkoord.Variant {
	var out []akkoord.Variant
	for _, v := range in {
		out = append(out, akkoord.Variant{Name: v.Name, Sender: v.Sender, At: v.At, Content: akkoord.Content{Subject: v.Subject, Preheader: v.Preheader, Markdown: v.Markdown, HTML: v.HTML, Blocks: akkoord.FormatBlocks(v.Blocks), Languages: translations(v.Languages)}})
	}
	return out
}

// mailing loads the mailing in the path, or gives NotFound.
func (a *API) mailing(ctx context.Context, id string) (akkoord.Mailing, error) {
	public, err := akkoord.ParseID(id)
	if err != nil {
		return akkoord.Mailing{}, err
	}
	return a.cfg.Store.Mailing(ctx, public)
}

// progress adds to a mailing what became of it.
func (a *API) progress(ctx context.Context, m akkoord.Mailing) (progress, error) {
	slugs, err := a.cfg.Store.CampaignSlugs(ctx, []int64{m.CampaignID})
	if err != nil {
		return progress{}, err
	}
	counts, err := a.cfg.Store.Counts(ctx, m.ID)
	if err != nil {
		return progress{}, err
	}
	leavings, err := a.cfg.Store.Leavings(ctx, m.ID)
	if err != nil {
		return progress{}, err
	}
	links, err := a.cfg.Store.LinkCounts(ctx, m.ID)
	if err != nil {
		return progress{}, err
	}
	reports, err := a.cfg.Store.Reports(ctx, m.ID)
	if err != nil {
		return progress{}, err
	}
	left, err := a.cfg.Store.UnsubscribedBy(ctx, m.ID)
	out := progress{
		Mailing: showMailing(m, slugs[m.CampaignID]), Counts: counts, Unsubscribes: left, Leavings: leavings, Reports: reports, Warnings: some(reports.Warnings(counts)),
	}
	out.count(links)
	if err != nil {
		return out, err
	}
	if out.Trial, err = a.trial(ctx, m, counts); err != nil {
		return out, err
	}
	if out.Series, err = a.series(ctx, m); err != nil {
		return out, err
	}
	out.ETA, err = a.end(ctx, m, counts)
	return out, err
}

func (a *API) createMailing(ctx context.Context, in *struct {
	BySlug
	Body newMailing
}) (progress, error) {
	c, err := a.cfg.Store.Campaign(ctx, in.Slug)
	if err != nil {
		return progress{}, err
	}
	b := in.Body
	m := akkoord.Mailing{CampaignID: c.ID, Content: akkoord.Content{Subject: b.Subject, Preheader: b.Preheader, Markdown: b.Markdown, HTML: b.HTML, Blocks: akkoord.FormatBlocks(b.Blocks), Language: b.Language, Languages: translations(b.Languages)}, Variants: variants(b.Variants), Trial: b.AB.read(), Plan: b.Plan.read()}
	if m.Trigger, err = b.Trigger.read(); err != nil {
		return progress{}, err
	}
	if b.SendAt != nil {
		m.SendAt = b.SendAt.Time
	}
	if m, err = a.cfg.Store.PutMailing(ctx, caller(ctx).Actor(), m); err != nil {
		return progress{}, err
	}
	return a.progress(ctx, m)
}

func (a *API) listMailings(ctx context.Context, in *struct {
	BySlug
	Paging
}) (list[Mailing], error) {
	page, err := in.page()
	if err != nil {
		return list[Mailing]{}, err
	}
	c, err := a.cfg.Store.Campaign(ctx, in.Slug)
	if err != nil {
		return list[Mailing]{}, err
	}
	rows, next, err := a.cfg.Store.Mailings(ctx, c.ID, page)
	return newList(rows, next, func(m akkoord.Mailing) Mailing { return showMailing(m, c.Slug) }), err
}

func (a *API) readMailing(ctx context.Context, in *ByID) (progress, error) {
	m, err := a.mailing(ctx, in.ID)
	if err != nil {
		return progress{}, err
	}
	return a.progress(ctx, m)
}

// mailingChange is the body of PATCH /mailings/{id}. What is left out stays
// as it is.
type mailingChange struct {
	Subject   *string                  `json:"subject,omitempty"`
	Preheader *string                  `json:"preheader,omitempty"`
	Markdown  *string                  `json:"markdown,omitempty"`
	HTML      *string                  `json:"html,omitempty"`
	Blocks    *[]akkoord.Block         `json:"blocks,omitempty" doc:"An empty list takes them away."`
	Variants  *[]variant               `json:"variants,omitempty"`
	Language  *string                  `json:"language,omitempty" doc:"Of the main text."`
	Languages *map[string]translation  `json:"languages,omitempty" doc:"Takes the place of all translations; {} takes them away."`
	AB        optional[ab]             `json:"ab,omitempty" doc:"Null takes the test away."`
	Plan      *plan                    `json:"plan,omitempty" doc:"Takes the place of the whole plan."`
	Trigger   optional[mailingTrigger] `json:"trigger,omitempty" doc:"Takes the place of the whole trigger; null takes it away from a draft. Of a running mailing: for those whose time comes from now on, and for people of before where include_past becomes true."`
	SendAt    optional[Time]           `json:"send_at,omitempty" doc:"Null takes the time away."`
}

func (c mailingChange) apply(m *akkoord.Mailing) (err error) {
	for _, f := range []struct {
		from *string
		to   *string
	}{{c.Subject, &m.Content.Subject}, {c.Preheader, &m.Content.Preheader}, {c.Markdown, &m.Content.Markdown}, {c.HTML, &m.Content.HTML}, {c.Language, &m.Content.Language}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if c.Blocks != nil {
		m.Content.Blocks = akkoord.FormatBlocks(*c.Blocks)
	}
	if c.Languages != nil {
		m.Content.Languages = translations(*c.Languages)
	}
	if c.Variants != nil {
		m.Variants = variants(*c.Variants)
	}
	if c.AB.sent {
		m.Trial = c.AB.value.read()
	}
	if c.Plan != nil {
		m.Plan = c.Plan.read()
	}
	if c.SendAt.sent {
		m.SendAt = time.Time{}
		if c.SendAt.value != nil {
			m.SendAt = c.SendAt.value.Time
		}
	}
	if c.Trigger.sent {
		m.Trigger, err = c.Trigger.value.read()
	}
	return err
}

func (a *API) changeMailing(ctx context.Context, in *struct {
	ByID
	Body mailingChange
}) (progress, error) {
	m, err := a.mailing(ctx, in.ID)
	if err != nil {
		return progress{}, err
	}
	runs := m.Runs()
	if err := in.Body.apply(&m); err != nil {
		return progress{}, err
	}
	if runs {
		if err := a.mayEdit(ctx, m); err != nil {
			return progress{}, err
		}
	}
	if m, err = a.cfg.Store.PutMailing(ctx, caller(ctx).Actor(), m); err != nil {
		return progress{}, err
	}
	return a.progress(ctx, m)
}
