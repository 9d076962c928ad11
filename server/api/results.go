package api

import (
	"bytes"
	"context"
	"time"

	"akkoord"
	"akkoord/server/figures"
)

// Outcomes is what became of a number of copies of a mailing.
type Outcomes struct {
	akkoord.Counts
	HandedOver int64         `json:"handed_over" doc:"Sent and bounced ones: those that the mail server took."`
	Refused    refusedCopies `json:"refused" doc:"Failed and bounced ones, by class."`
	Waiting    waitingCopies `json:"waiting" doc:"Deferred ones, by why they wait."`
	Left       int64         `json:"left" doc:"People who left by a link in it, those who complained among them."`
	Complaints int64         `json:"complaints"`
}

type refusedCopies struct {
	Hard    int64 `json:"hard" doc:"There is no such mailbox."`
	Soft    int64 `json:"soft" doc:"Full, unreachable, or not said."`
	Policy  int64 `json:"policy" doc:"Because of the sender: reputation, authentication."`
	Content int64 `json:"content" doc:"Because of this mail."`
}

type waitingCopies struct {
	Soft   int64 `json:"soft" doc:"Refused for now."`
	Policy int64 `json:"policy" doc:"Refused for now because of the sender."`
	Turn   int64 `json:"turn" doc:"Not tried yet: their provider puts mail off and is spared."`
}

func showOutcomes(o akkoord.Outcomes) Outcomes {
	return Outcomes{
		Counts: o.Counts, HandedOver: o.HandedOver(), Left: o.Left, Complaints: o.Complaints,
		Refused: refusedCopies{o.Refused[akkoord.ClassHard], o.Refused[akkoord.ClassSoft], o.Refused[akkoord.ClassPolicy], o.Refused[akkoord.ClassContent]},
		Waiting: waitingCopies{o.Waiting[akkoord.ClassSoft], o.Waiting[akkoord.ClassPolicy], o.Waiting[akkoord.ClassNone]},
	}
}

// results answers GET /mailings/{id}/results.
type results struct {
	Mailing   akkoord.ID           `json:"mailing" format:"uuid"`
	Campaign  string               `json:"campaign"`
	State     akkoord.MailingState `json:"state" enum:"sending,paused,sent,cancelled"`
	CountedAt *Time                `json:"counted_at" doc:"When this was counted; a large mailing is not counted anew each time."`
	Outcomes
	Sending   timeline          `json:"sending" doc:"Slots of handing over."`
	ByTime    []int64           `json:"handed_over_by_time" nullable:"false" doc:"By slot of sending."`
	Providers []providerResults `json:"providers" nullable:"false" doc:"Most people first; small ones are counted together."`
	After     responses         `json:"after" doc:"What people and programs did, up to two weeks after the last copy."`
	Readers   readers           `json:"readers"`
	Clicks    clickResults      `json:"clicks" doc:"First clicks per person and link. The three are never added."`
	Links     []linkCount       `json:"links" nullable:"false"`
}

type timeline struct {
	From        *Time `json:"from"`
	StepSeconds int64 `json:"step_seconds"`
	Slots       int   `json:"slots"`
}

func showTimeline(t akkoord.Timeline) timeline {
	return timeline{when(t.From), int64(t.Step / time.Second), t.Slots}
}

type providerResults struct {
	Provider *string `json:"provider" doc:"A group of domains, or a domain; null for all others."`
	Outcomes
	ByTime []int64 `json:"handed_over_by_time" nullable:"false"`
}

type responses struct {
	From        *Time          `json:"from"`
	StepSeconds int64          `json:"step_seconds"`
	Slots       int            `json:"slots"`
	Left        []int64        `json:"left" nullable:"false"`
	Complaints  []int64        `json:"complaints" nullable:"false"`
	Clicks      []*int64       `json:"clicks" nullable:"false" doc:"Null below 5, since so few could tell who it was, and where it would give such a number away."`
	Machine     []int64        `json:"machine_clicks" nullable:"false"`
	Later       laterResponses `json:"later" doc:"After the last slot."`
}

type laterResponses struct {
	Left       int64  `json:"left"`
	Complaints int64  `json:"complaints"`
	Clicks     *int64 `json:"clicks" doc:"Null as clicks."`
	Machine    int64  `json:"machine_clicks"`
}

type readers struct {
	Counted int64  `json:"counted" doc:"People who got it and let their clicks be counted."`
	Clicked *int64 `json:"clicked" doc:"Of them, who clicked. Null below 5."`
}

type clickResults struct {
	Known    *int64 `json:"known" doc:"By people who let them be counted. Null below 5, and where it would give such a number away."`
	Nameless *int64 `json:"nameless" doc:"By people who took that back or were forgotten: of them no time is kept. Null below 5, and where it would give such a number away."`
	Machine  int64  `json:"machine"`
}

func showResults(m akkoord.Mailing, campaign string, r akkoord.MailingResults, at time.Time) results {
	_, _, machine := r.Clicks()
	clicks := figures.ClicksOf(r)
	return results{
		Mailing: m.PublicID, Campaign: campaign, State: m.State, CountedAt: when(at), Outcomes: showOutcomes(r.All),
		Sending: showTimeline(r.Sending), ByTime: r.ByTime, Providers: showProviders(r.Providers),
		After: responses{
			From: when(r.After.From), StepSeconds: int64(r.After.Step / time.Second), Slots: r.After.Slots,
			Left: r.Responses[akkoord.RespondedLeaving], Complaints: r.Responses[akkoord.RespondedComplaint], Clicks: clicks.ByTime, Machine: r.Responses[akkoord.RespondedMachine],
			Later: laterResponses{r.Later[akkoord.RespondedLeaving], r.Later[akkoord.RespondedComplaint], clicks.Later, r.Later[akkoord.RespondedMachine]},
		},
		Readers: readers{r.Readers.Counted, figures.Shown(r.Readers.Clicked)},
		Clicks:  clickResults{clicks.Known, clicks.Nameless, machine},
		Links:   showLinks(r.Links, clicks.Links),
	}
}

func showProviders(all []akkoord.ProviderResults) []providerResults {
	out := []providerResults{}
	for _, p := range all {
		out = append(out, providerResults{orNil(p.Name), showOutcomes(p.Outcomes), p.ByTime})
	}
	return out
}

func (a *API) readResults(ctx context.Context, in *ByID) (results, error) {
	m, err := a.mailing(ctx, in.ID)
	if err != nil {
		return results{}, err
	}
	slugs, err := a.cfg.Store.CampaignSlugs(ctx, []int64{m.CampaignID})
	if err != nil {
		return results{}, err
	}
	r, at, err := a.cfg.Figures.Results(ctx, m)
	if err != nil {
		return results{}, err
	}
	return showResults(m, slugs[m.CampaignID], r, at), nil
}

func (a *API) takeResults(ctx context.Context, in *ByID) (document, error) {
	m, err := a.mailing(ctx, in.ID)
	if err != nil {
		return document{}, err
	}
	r, _, err := a.cfg.Figures.Results(ctx, m)
	if err != nil {
		return document{}, err
	}
	var out bytes.Buffer
	err = figures.WriteCSV(&out, r)
	return csvDocument("results-"+m.PublicID.String(), out.Bytes()), err
}

func (a *API) printResults(ctx context.Context, in *struct {
	ByID
	Lang string `query:"lang" default:"nl" enum:"nl,en,de,fr" doc:"Language of its words."`
}) (document, error) {
	m, err := a.mailing(ctx, in.ID)
	if err != nil {
		return document{}, err
	}
	c, err := a.cfg.Store.CampaignByID(ctx, m.CampaignID)
	if err != nil {
		return document{}, err
	}
	r, at, err := a.cfg.Figures.Results(ctx, m)
	if err != nil {
		return document{}, err
	}
	left, err := a.cfg.Store.Leavings(ctx, m.ID)
	if err != nil {
		return document{}, err
	}
	file, err := figures.PDF(a.cfg.Pages, in.Lang, figures.Sheet{Mailing: m, Campaign: c.Name, Results: r, Scopes: left.Scopes, CountedAt: at})
	return document{"application/pdf", map[string]string{"Content-Disposition": `attachment; filename="results-` + m.PublicID.String() + `.pdf"`, "Content-Language": in.Lang}, file}, err
}

func csvDocument(name string, body []byte) document {
	return document{"text/csv; charset=utf-8", map[string]string{"Content-Disposition": `attachment; filename="` + name + `.csv"`}, body}
}

// comparison answers GET /campaigns/{slug}/results.
type comparison struct {
	Campaign string            `json:"campaign"`
	Mailings []comparedMailing `json:"mailings" nullable:"false" doc:"The last twelve that were started, newest first."`
}

type comparedMailing struct {
	Mailing   akkoord.ID           `json:"mailing" format:"uuid"`
	Subject   string               `json:"subject"`
	State     akkoord.MailingState `json:"state" enum:"sending,paused,sent,cancelled"`
	StartedAt *Time                `json:"started_at"`
	akkoord.Counts
	HandedOver int64   `json:"handed_over"`
	Left       int64   `json:"left"`
	Complaints int64   `json:"complaints"`
	Readers    readers `json:"readers"`
	Few        bool    `json:"few" doc:"Fewer than 200 were handed over: shares say little."`
}

func (a *API) compare(ctx context.Context, slug string) (akkoord.Campaign, []figures.Summary, error) {
	c, err := a.cfg.Store.Campaign(ctx, slug)
	if err != nil {
		return c, nil, err
	}
	all, err := a.cfg.Figures.Compare(ctx, c.ID)
	return c, all, err
}

func (a *API) readComparison(ctx context.Context, in *BySlug) (comparison, error) {
	c, all, err := a.compare(ctx, in.Slug)
	out := comparison{Campaign: c.Slug, Mailings: []comparedMailing{}}
	for _, s := range all {
		out.Mailings = append(out.Mailings, comparedMailing{
			s.PublicID, s.Content.Subject, s.State, when(s.StartedAt), s.Counts, s.HandedOver(), s.Left, s.Complaints, readers{s.Counted, figures.Shown(s.Clicked)}, s.Small(),
		})
	}
	return out, err
}

func (a *API) takeComparison(ctx context.Context, in *BySlug) (document, error) {
	c, all, err := a.compare(ctx, in.Slug)
	if err != nil {
		return document{}, err
	}
	var out bytes.Buffer
	err = figures.WriteComparison(&out, all)
	return csvDocument("results-"+c.Slug, out.Bytes()), err
}
