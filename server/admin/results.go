package admin

import (
	"net/http"
	"slices"
	"time"

	"akkoord"
	"akkoord/server/figures"
	"akkoord/templates"
)

func resultsPath(m akkoord.Mailing) string { return mailingPath(m) + "/results" }

// ofStarted loads the results of the mailing in the path. Where nothing of it was
// sent it leads to the mailing's page, and gives false.
func (s *Site) ofStarted(w http.ResponseWriter, r *http.Request) (m akkoord.Mailing, res akkoord.MailingResults, at time.Time, ok bool, err error) {
	if m, err = s.load(r); err != nil {
		return m, res, at, false, err
	}
	if m.StartedAt.IsZero() {
		http.Redirect(w, r, mailingPath(m), http.StatusSeeOther)
		return m, res, at, false, nil
	}
	res, at, err = s.cfg.Figures.Results(r.Context(), m)
	return m, res, at, err == nil, err
}

// results shows what became of a mailing.
func (s *Site) results(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	m, res, at, ok, err := s.ofStarted(w, r)
	if !ok {
		return err
	}
	c, err := s.cfg.Store.CampaignByID(ctx, m.CampaignID)
	if err != nil {
		return err
	}
	page := templates.ResultsPage{
		Admin: s.frame(r, v, "campaigns"), Campaign: c.Name, CampaignURL: campaignPath(c), Comparison: campaignPath(c) + "/results", CSV: resultsPath(m) + ".csv", PDF: resultsPath(m) + ".pdf", CountedAt: at,
		Total: int(res.All.Total), Outcomes: outcomeRows(m, res.All, v.user.Role.May(akkoord.ReadPeople)), Left: int(res.All.Left), Complaints: int(res.All.Complaints),
		Sending: bars("handed_over", res.Sending, res.ByTime), Slots: slotRows(res.Sending, res.ByTime), Step: res.Sending.Step, AfterStep: res.After.Step,
		Readers: readerFigures(res.Readers), Providers: providerRows(res),
	}
	_, _, machine := res.Clicks()
	clicks := figures.ClicksOf(res)
	page.Known, page.Nameless, page.Machine = told(clicks.Known), told(clicks.Nameless), int(machine)
	if page.MailingRow, err = s.row(ctx, m, false); err != nil {
		return err
	}
	groups, err := s.leavings(ctx, m)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if g.By == "scope" {
			page.Scopes = g.Rows
		}
	}
	afterRows(&page, res, clicks)
	for i, l := range res.Links {
		if l.URL != "" {
			page.Links = append(page.Links, templates.LinkRow{URL: l.URL, Topic: l.Topic, Clicks: told(clicks.Links[i]), Machine: int(l.Machine)})
		}
	}
	all, err := s.cfg.Figures.CompareUpTo(ctx, m.CampaignID, m.StartedAt)
	if err != nil {
		return err
	}
	page.Compared = comparedRows(all, m.ID)
	return s.page(w, v, http.StatusOK, page)
}

// told gives a number, or -1 where it may not be told (M22).
func told(n *int64) int {
	if n == nil {
		return -1
	}
	return int(*n)
}

func readerFigures(r akkoord.Readers) templates.ReaderFigures {
	return templates.ReaderFigures{Counted: int(r.Counted), Clicked: told(figures.Shown(r.Clicked))}
}

// outcomeRows tells what became of copies, with the lists of those whom it
// became of.
func outcomeRows(m akkoord.Mailing, o akkoord.Outcomes, lists bool) []templates.OutcomeRow {
	var rows []templates.OutcomeRow
	for _, out := range figures.OutcomesOf(o) {
		row := templates.OutcomeRow{Key: out.Key, N: int(out.N), Part: out.Part}
		switch {
		case !lists:
		case out.State != "":
			row.URL = mailingPath(m) + "?state=" + out.State + "#deliveries"
		case out.Class != "":
			row.URL = mailingPath(m) + "?class=" + string(out.Class) + "#deliveries"
		}
		rows = append(rows, row)
	}
	return rows
}

func bars(key string, t akkoord.Timeline, numbers []int64) templates.Bars {
	b := templates.Bars{Key: key, First: t.From, Last: t.At(t.Slots - 1)}
	for _, n := range numbers {
		b.Total += int(n)
		b.Numbers = append(b.Numbers, int(n))
	}
	return b
}

func slotRows(t akkoord.Timeline, numbers []int64) []templates.SlotRow {
	var out []templates.SlotRow
	for i, n := range numbers {
		if n > 0 {
			out = append(out, templates.SlotRow{At: t.At(i), N: int(n)})
		}
	}
	return out
}

// afterRows adds what people and programs did, in plots and as a table.
func afterRows(page *templates.ResultsPage, res akkoord.MailingResults, clicks figures.Clicks) {
	for _, of := range figures.ResponsesOf(res, clicks) {
		b := bars(string(of.Kind), res.After, nil)
		b.Total = told(of.Total)
		for _, n := range of.ByTime {
			b.Numbers = append(b.Numbers, told(n))
		}
		page.After = append(page.After, b)
	}
	row := func(at time.Time, clicks *int64, number func(akkoord.ResponseKind) int64) {
		r := templates.AfterRow{At: at, Left: int(number(akkoord.RespondedLeaving)), Complaints: int(number(akkoord.RespondedComplaint)), Clicks: told(clicks), Machine: int(number(akkoord.RespondedMachine))}
		if r.Left+r.Complaints+r.Machine+max(r.Clicks, 0) > 0 { // else a row would be there for each zero that hides another number
			page.AfterSlots = append(page.AfterSlots, r)
		}
	}
	for i := range res.After.Slots {
		row(res.After.At(i), clicks.ByTime[i], func(k akkoord.ResponseKind) int64 { return res.Responses[k][i] })
	}
	row(time.Time{}, clicks.Later, func(k akkoord.ResponseKind) int64 { return res.Later[k] })
}

func providerRows(res akkoord.MailingResults) []templates.ProviderRow {
	var out []templates.ProviderRow
	for _, p := range res.Providers {
		row := templates.ProviderRow{
			Name: p.Name, Total: int(p.Total), HandedOver: int(p.HandedOver()), Deferred: int(p.Deferred),
			Hard: int(p.Refused[akkoord.ClassHard]), Soft: int(p.Refused[akkoord.ClassSoft]), Policy: int(p.Refused[akkoord.ClassPolicy]), Content: int(p.Refused[akkoord.ClassContent]),
			Uncertain: int(p.Uncertain), Left: int(p.Left), Complaints: int(p.Complaints), Slots: slotRows(res.Sending, p.ByTime),
		}
		for _, n := range p.ByTime {
			row.Numbers = append(row.Numbers, int(n))
		}
		out = append(out, row)
	}
	return out
}

// comparedRows are mailings beside each other, of which one is marked.
func comparedRows(all []figures.Summary, this int64) []templates.ComparedRow {
	var out []templates.ComparedRow
	for _, c := range all {
		out = append(out, templates.ComparedRow{
			Subject: title(c.Mailing), URL: resultsPath(c.Mailing), State: string(c.State), This: c.ID == this, At: c.StartedAt,
			Tried: int(c.Total - c.Open - c.Skipped), HandedOver: int(c.HandedOver()), Refused: int(c.Failed + c.Bounced), Uncertain: int(c.Uncertain),
			Left: int(c.Left), Complaints: int(c.Complaints), Readers: readerFigures(c.Readers), Small: c.Small(),
		})
	}
	return out
}

// campaignResults shows the last mailings of a campaign beside each other.
func (s *Site) campaignResults(w http.ResponseWriter, r *http.Request, v visit) error {
	c, err := s.cfg.Store.Campaign(r.Context(), r.PathValue("campaign"))
	if err != nil {
		return err
	}
	page := templates.CampaignResultsPage{Admin: s.frame(r, v, "campaigns"), Name: c.Name, URL: campaignPath(c), CSV: campaignPath(c) + "/results.csv"}
	all, err := s.cfg.Figures.Compare(r.Context(), c.ID)
	if err != nil {
		return err
	}
	page.Compared = comparedRows(all, 0)
	page.Plots = sharePlots(page.Compared)
	return s.page(w, v, http.StatusOK, page)
}

// sharePlots draws shares of mailings that are given newest first.
func sharePlots(rows []templates.ComparedRow) []templates.Bars {
	var out []templates.Bars
	for _, p := range []struct {
		key  string
		part func(templates.ComparedRow) (n, of int)
	}{
		{"refused", func(r templates.ComparedRow) (int, int) { return r.Refused, r.Tried }},
		{"left", func(r templates.ComparedRow) (int, int) { return r.Left, r.HandedOver }},
		{"complaints", func(r templates.ComparedRow) (int, int) { return r.Complaints, r.HandedOver }},
		{"clicked", func(r templates.ComparedRow) (int, int) { return r.Readers.Clicked, r.Readers.Counted }},
	} {
		b := templates.Bars{Key: p.key}
		for i, row := range slices.Backward(rows) {
			n, of := p.part(row)
			b.Numbers = append(b.Numbers, 10000*n/max(of, 1))
			if b.Last = row.At; i == len(rows)-1 {
				b.First = row.At
			}
		}
		out = append(out, b)
	}
	return out
}

// takeResults hands out the results of a mailing.
func (s *Site) takeResults(w http.ResponseWriter, r *http.Request, _ visit) error {
	m, res, _, ok, err := s.ofStarted(w, r)
	if !ok {
		return err
	}
	attach(w, "text/csv; charset=utf-8", "results-"+m.PublicID.String()+".csv")
	return s.cutOff(r, figures.WriteCSV(w, res))
}

// printResults hands out the results of a mailing as a document.
func (s *Site) printResults(w http.ResponseWriter, r *http.Request, v visit) error {
	m, res, at, ok, err := s.ofStarted(w, r)
	if !ok {
		return err
	}
	c, err := s.cfg.Store.CampaignByID(r.Context(), m.CampaignID)
	if err != nil {
		return err
	}
	left, err := s.cfg.Store.Leavings(r.Context(), m.ID)
	if err != nil {
		return err
	}
	file, err := figures.PDF(s.cfg.Pages, v.locale, figures.Sheet{Mailing: m, Campaign: c.Name, Results: res, Scopes: left.Scopes, CountedAt: at})
	if err != nil {
		return err
	}
	attach(w, "application/pdf", "results-"+m.PublicID.String()+".pdf")
	_, err = w.Write(file)
	return s.cutOff(r, err)
}

// takeCampaignResults hands out the comparison of a campaign's mailings.
func (s *Site) takeCampaignResults(w http.ResponseWriter, r *http.Request, _ visit) error {
	c, err := s.cfg.Store.Campaign(r.Context(), r.PathValue("campaign"))
	if err != nil {
		return err
	}
	all, err := s.cfg.Figures.Compare(r.Context(), c.ID)
	if err != nil {
		return err
	}
	attach(w, "text/csv; charset=utf-8", "results-"+c.Slug+".csv")
	return s.cutOff(r, figures.WriteComparison(w, all))
}
