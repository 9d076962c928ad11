package figures

import (
	"cmp"
	"encoding/csv"
	"io"
	"strconv"
	"time"

	"akkoord"
)

// Figure is a number under the name that it has in files.
type Figure struct {
	Name   string
	Number int64
}

// Classes are the classes of refusals, in the order in which they are shown.
var Classes = []akkoord.Class{akkoord.ClassHard, akkoord.ClassSoft, akkoord.ClassPolicy, akkoord.ClassContent}

// Of gives the figures of outcomes.
func Of(o akkoord.Outcomes) []Figure {
	out := []Figure{
		{"total", o.Total}, {"handed_over", o.HandedOver()}, {"open", o.Open}, {"sent", o.Sent}, {"deferred", o.Deferred}, {"bounced", o.Bounced},
		{"failed", o.Failed}, {"uncertain", o.Uncertain}, {"skipped", o.Skipped},
	}
	for _, class := range Classes {
		out = append(out, Figure{"refused_" + string(class), o.Refused[class]})
	}
	return append(out, Figure{"deferred_soft", o.Waiting[akkoord.ClassSoft]}, Figure{"deferred_policy", o.Waiting[akkoord.ClassPolicy]},
		Figure{"deferred_turn", o.Waiting[akkoord.ClassNone]}, Figure{"left", o.Left}, Figure{"complaints", o.Complaints})
}

// Shown gives a number that may tell who it was: nil where it could (M22).
func Shown(n int64) *int64 {
	if akkoord.Few(n) {
		return nil
	}
	return &n
}

func cell(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

// WriteCSV writes the results of a mailing, one number a line: the part of the
// results, what of it, the begin of the slot in parts by time, and the number's
// name. Numbers that are withheld are empty.
// See ClicksOf.
func WriteCSV(w io.Writer, r akkoord.MailingResults) error {
	out := csv.NewWriter(w)
	line := func(part, of string, at time.Time, figure string, n *int64) {
		when := ""
		if !at.IsZero() {
			when = at.UTC().Format(time.RFC3339)
		}
		_ = out.Write([]string{part, akkoord.PlainCell(of), when, figure, cell(n)}) // Error tells
	}
	_ = out.Write([]string{"part", "of", "from", "figure", "number"})
	var never time.Time
	for _, f := range Of(r.All) {
		line("all", "", never, f.Name, &f.Number)
	}
	_, _, machine := r.Clicks()
	people := ClicksOf(r)
	line("all", "", never, "people_counted", &r.Readers.Counted)
	line("all", "", never, "people_clicked", Shown(r.Readers.Clicked))
	line("all", "", never, "clicks", people.Known)
	line("all", "", never, "nameless_clicks", people.Nameless)
	line("all", "", never, "machine_clicks", &machine)
	for i, n := range r.ByTime {
		line("sending", "", r.Sending.At(i), "handed_over", &n)
	}
	for _, p := range r.Providers {
		name := cmp.Or(p.Name, "others")
		for _, f := range Of(p.Outcomes) {
			line("provider", name, never, f.Name, &f.Number)
		}
		for i, n := range p.ByTime {
			line("provider", name, r.Sending.At(i), "handed_over", &n)
		}
	}
	for _, kind := range akkoord.ResponseKinds {
		numbers, later := people.Of(r, kind)
		for i, n := range numbers {
			line("after", "", r.After.At(i), string(kind), n)
		}
		line("after", "later", never, string(kind), later)
	}
	for i, l := range r.Links {
		if l.URL != "" {
			line("link", l.URL, never, "clicks", people.Links[i])
			line("link", l.URL, never, "machine_clicks", &l.Machine)
		}
	}
	out.Flush()
	return out.Error()
}

// WriteComparison writes mailings of a campaign, one a line.
func WriteComparison(w io.Writer, all []Summary) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"mailing", "subject", "state", "started_at", "total", "handed_over", "open", "sent", "deferred", "bounced", "failed", "uncertain", "skipped", "left", "complaints", "people_counted", "people_clicked"})
	for _, s := range all {
		row := []string{s.PublicID.String(), akkoord.PlainCell(s.Content.Subject), string(s.State), s.StartedAt.UTC().Format(time.RFC3339)}
		for _, n := range []int64{s.Total, s.HandedOver(), s.Open, s.Sent, s.Deferred, s.Bounced, s.Failed, s.Uncertain, s.Skipped, s.Left, s.Complaints, s.Counted} {
			row = append(row, strconv.FormatInt(n, 10))
		}
		_ = out.Write(append(row, cell(Shown(s.Clicked)))) // Error tells
	}
	out.Flush()
	return out.Error()
}
