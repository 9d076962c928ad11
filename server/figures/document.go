package figures

import (
	"strings"
	"time"

	"akkoord"
	"akkoord/pdf"
	"akkoord/templates"
)

// Sheet is what a document about the results of a mailing is made from.
type Sheet struct {
	Mailing   akkoord.Mailing
	Campaign  string // its name
	Results   akkoord.MailingResults
	Scopes    map[string]int64 // what those who left it left: akkoord.Leavings
	CountedAt time.Time
}

// words say a Sheet in a language.
type words struct {
	set    *templates.Set
	locale string
}

func (w words) t(key string, args ...any) string { return w.set.T(w.locale, "results."+key, args...) }
func (w words) number(n int64) string            { return w.set.Number(w.locale, int(n)) }
func (w words) share(n, of int64) string         { return w.set.Share(w.locale, int(n), int(of)) }

func (w words) at(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return w.set.Compact(w.locale, t)
}

// of writes what is said of something, after its name.
func (w words) of(name, said string) string {
	return name + w.set.T(w.locale, "list.colon") + " " + said
}

// told writes a number, or why there is none where it may not be told (M22).
func (w words) told(n *int64, instead string) string {
	if n == nil {
		return w.t(instead)
	}
	return w.number(*n)
}

// PDF writes the results of a mailing as a document in a language, to be printed or
// handed on. It says what the page of the results says of the mailing, except the tables
// under its plots, and of single providers the course in time and why they refused. It
// withholds what the page withholds (ClicksOf), and names nobody.
func PDF(set *templates.Set, locale string, sheet Sheet) ([]byte, error) {
	w := words{set, locale}
	clicks := ClicksOf(sheet.Results)
	r, subject := sheet.Results, strings.TrimSpace(sheet.Mailing.Title())
	d := pdf.New(pdf.About{Title: w.of(w.t("title"), subject), Author: sheet.Campaign, Language: locale, MadeAt: sheet.CountedAt, Footer: subject, Page: set.T(locale, "dossier.page")})
	d.Title(w.t("title"))
	d.Facts(pdf.Fact{Label: w.t("mailing"), Value: subject}, pdf.Fact{Label: set.T(locale, "dossier.campaign"), Value: sheet.Campaign},
		pdf.Fact{Label: w.t("begun"), Value: w.at(sheet.Mailing.StartedAt)}, pdf.Fact{Label: strings.TrimRight(w.t("counted"), "\u00a0: "), Value: w.at(sheet.CountedAt) + " (" + akkoord.HomeZone + ")"})
	d.Heading(w.t("outcomes"))
	d.Table([]pdf.Column{{Name: w.t("outcome"), Width: 3}, {Name: w.t("people"), Width: 1}, {Name: w.t("share"), Width: 1}, {Name: w.t("meaning"), Width: 5}}, w.outcomes(r.All))
	if r.All.HandedOver() > 0 {
		d.Plots(w.sent(r))
	}
	d.Heading(w.t("after"))
	did := []pdf.Fact{{Label: w.t("left"), Value: w.number(r.All.Left)}}
	for _, scope := range MostFirst(sheet.Scopes) {
		did = append(did, pdf.Fact{Label: w.of(w.t("left"), set.T(locale, "admin.left_scope_"+scope)), Value: w.number(sheet.Scopes[scope])})
	}
	d.Facts(append(did, pdf.Fact{Label: w.t("complaints"), Value: w.number(r.All.Complaints)},
		pdf.Fact{Label: w.t("clicked_people"), Value: w.told(Shown(r.Readers.Clicked), "hidden")}, pdf.Fact{Label: w.t("counted_people"), Value: w.number(r.Readers.Counted)})...)
	d.Plots(w.after(r, clicks)...)
	d.Note(w.t("left_note"))
	w.providers(d, r)
	w.links(d, r, clicks)
	return d.Bytes()
}

func (w words) outcomes(o akkoord.Outcomes) [][]string {
	var rows [][]string
	for _, out := range OutcomesOf(o) {
		name := w.t("out_" + out.Key)
		if out.Part {
			name = "– " + name
		}
		rows = append(rows, []string{name, w.number(out.N), w.share(out.N, o.Total), w.t("means_" + out.Key)})
	}
	return append(rows, []string{w.set.T(w.locale, "admin.total"), w.number(o.Total)})
}

// bars are numbers by the slots of a timeline, under their sum as it is said. Those that
// may not be told have no bar.
func (w words) bars(key string, line akkoord.Timeline, numbers []*int64, sum string) pdf.Bars {
	b := pdf.Bars{Label: w.of(w.t("plot_"+key), sum), First: w.at(line.From), Last: w.at(line.At(line.Slots - 1))}
	top := 0
	for _, n := range numbers {
		shown := 0
		if n != nil {
			shown = int(*n)
		}
		b.Numbers, top = append(b.Numbers, shown), max(top, shown)
	}
	b.Top = w.set.Number(w.locale, top)
	return b
}

// sent is a plot of when copies were handed over.
func (w words) sent(r akkoord.MailingResults) pdf.Bars {
	var total int64
	numbers := make([]*int64, len(r.ByTime))
	for i, n := range r.ByTime {
		numbers[i] = &r.ByTime[i]
		total += n
	}
	return w.bars("handed_over", r.Sending, numbers, w.number(total))
}

// after are plots of what people and programs did.
func (w words) after(r akkoord.MailingResults, clicks Clicks) []pdf.Bars {
	var out []pdf.Bars
	for _, of := range ResponsesOf(r, clicks) {
		out = append(out, w.bars(string(of.Kind), r.After, of.ByTime, w.told(of.Total, "withheld")))
	}
	return out
}

func (w words) providers(d *pdf.Document, r akkoord.MailingResults) {
	if len(r.Providers) == 0 {
		return
	}
	d.Heading(w.t("providers"))
	var rows [][]string
	for _, p := range r.Providers {
		name := p.Name
		if name == "" {
			name = w.t("others")
		}
		rows = append(rows, []string{name, w.number(p.Total), w.share(p.HandedOver(), p.Total), w.number(p.Deferred), w.number(p.Failed + p.Bounced), w.number(p.Uncertain), w.number(p.Left), w.number(p.Complaints)})
	}
	d.Table([]pdf.Column{{Name: w.t("provider"), Width: 4}, {Name: w.t("people"), Width: 2}, {Name: w.t("handed_over"), Width: 2}, {Name: w.t("out_deferred"), Width: 2}, {Name: w.t("refused"), Width: 2},
		{Name: w.t("out_uncertain"), Width: 2}, {Name: w.t("left"), Width: 2}, {Name: w.t("complaints"), Width: 2}}, rows)
}

func (w words) links(d *pdf.Document, r akkoord.MailingResults, clicks Clicks) {
	var rows [][]string
	for i, l := range r.Links {
		if l.URL != "" {
			rows = append(rows, []string{l.URL, l.Topic, w.told(clicks.Links[i], "withheld"), w.number(l.Machine)})
		}
	}
	if len(rows) == 0 {
		return
	}
	d.Heading(w.t("links"))
	d.Table([]pdf.Column{{Name: w.t("link"), Width: 6}, {Name: w.t("topic"), Width: 2}, {Name: w.t("clicks"), Width: 2}, {Name: w.t("machine"), Width: 2}}, rows)
	_, _, machine := r.Clicks()
	d.Facts(pdf.Fact{Label: w.t("known"), Value: w.told(clicks.Known, "withheld")}, pdf.Fact{Label: w.t("nameless"), Value: w.told(clicks.Nameless, "withheld")},
		pdf.Fact{Label: w.t("machine"), Value: w.number(machine)})
	d.Note(w.t("clicks_note"))
}
