package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"
)

// target is what a row has to reach: a ratio to the floor, or a value of the
// product itself. The zero target asks nothing.
type target struct {
	ratio float64 // at least
	value float64 // at most, in the unit of the row
	least float64 // at least, in the unit of the row
}

func (t target) text(unit string) string {
	switch {
	case t.ratio > 0:
		return fmt.Sprintf("≥ %.2f ×", t.ratio)
	case t.value > 0:
		return fmt.Sprintf("≤ %g %s", t.value, unit)
	case t.least > 0:
		return fmt.Sprintf("≥ %g %s", t.least, unit)
	}
	return "–"
}

// row is a case with its figures, one per round.
type row struct {
	name    string
	unit    string
	target  target
	product []float64
	floor   []float64
}

// add notes one round. A floor of 0 means that the row has none.
func (r *row) add(product, floor float64) {
	r.product = append(r.product, product)
	if floor > 0 {
		r.floor = append(r.floor, floor)
	}
}

// ratio is the median of the ratios of each round: two figures of one round
// met the same neighbours on the machine.
func (r *row) ratio() float64 {
	var ratios []float64
	for i := range min(len(r.product), len(r.floor)) {
		ratios = append(ratios, r.product[i]/r.floor[i])
	}
	return median(ratios)
}

// verdict is ok, below (the target), – (no target), floor only or not measured.
func (r *row) verdict() string {
	switch {
	case len(r.product) == 0 && len(r.floor) == 0:
		return "not measured"
	case len(r.product) == 0:
		return "floor only"
	case r.target == target{}:
		return "–"
	case r.target.ratio > 0 && r.ratio() >= r.target.ratio, r.target.value > 0 && median(r.product) <= r.target.value,
		r.target.least > 0 && median(r.product) >= r.target.least:
		return "ok"
	}
	return "below"
}

// median of no figures is 0.
func median(figures []float64) float64 {
	sorted := slices.Sorted(slices.Values(figures))
	n := len(sorted)
	switch {
	case n == 0:
		return 0
	case n%2 == 0:
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[n/2]
}

// detail is a figure that explains a row: processor time, waits, sizes.
type detail struct {
	Of      string  `json:"of"`
	Name    string  `json:"name"`
	Unit    string  `json:"unit"`
	Figure  float64 `json:"figure"` // median of the rounds
	figures []float64
}

// report gathers the rows of a run, in the order in which they are shown.
type report struct {
	rows    []*row
	details []*detail
	notes   []string
}

// row finds a row by name, or makes it.
func (r *report) row(name, unit string, t target) *row {
	for _, have := range r.rows {
		if have.name == name {
			return have
		}
	}
	made := &row{name: name, unit: unit, target: t}
	r.rows = append(r.rows, made)
	return made
}

func (r *report) detail(of, name, unit string, figure float64) {
	i := slices.IndexFunc(r.details, func(d *detail) bool { return d.Of == of && d.Name == name })
	if i < 0 {
		r.details = append(r.details, &detail{Of: of, Name: name, Unit: unit})
		i = len(r.details) - 1
	}
	d := r.details[i]
	d.figures = append(d.figures, figure)
	d.Figure = median(d.figures)
}

func (r *report) notef(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// printTable writes the report for people.
func (r *report) printTable(w io.Writer, opt options) error {
	fmt.Fprintf(w, "%s, %d cores, %s; %d rounds, %d people, %d HTTP clients, %d SMTP connections\n\n",
		runtime.Version(), runtime.GOMAXPROCS(0), runtime.GOARCH, opt.rounds, opt.people, opt.clients, opt.conns)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "case\tproduct\tfloor\tratio\ttarget\t")
	for _, row := range r.rows {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", row.name,
			figure(row.product, row.unit), figure(row.floor, row.unit), ratioText(row), row.target.text(row.unit), row.verdict())
	}
	fmt.Fprintln(tw, "\t\t\t\t\t")
	for _, d := range r.details {
		fmt.Fprintf(tw, "%s: %s\t%s\t\t\t\t\n", d.Of, d.Name, figure(d.figures, d.Unit))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for _, note := range r.notes {
		fmt.Fprintln(w, note)
	}
	return nil
}

// figure shows the median of the rounds in four digits or so.
func figure(figures []float64, unit string) string {
	if len(figures) == 0 {
		return "–"
	}
	m := median(figures)
	switch {
	case m >= 100:
		return fmt.Sprintf("%.0f %s", m, unit)
	case m >= 10:
		return fmt.Sprintf("%.1f %s", m, unit)
	}
	return fmt.Sprintf("%.2f %s", m, unit)
}

func ratioText(r *row) string {
	if len(r.product) == 0 || len(r.floor) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.3f", r.ratio())
}

// rowDocument is a row in JSON.
type rowDocument struct {
	Case     string    `json:"case"`
	Unit     string    `json:"unit"`
	Product  float64   `json:"product"`
	Floor    float64   `json:"floor,omitempty"`
	Ratio    float64   `json:"ratio,omitempty"`
	Target   string    `json:"target"`
	Verdict  string    `json:"verdict"`
	Products []float64 `json:"product_rounds"`
	Floors   []float64 `json:"floor_rounds,omitempty"`
}

// printJSON writes the report for programs.
func (r *report) printJSON(w io.Writer, opt options) error {
	rows := make([]rowDocument, 0, len(r.rows))
	for _, row := range r.rows {
		rows = append(rows, rowDocument{row.name, row.unit, median(row.product), median(row.floor), row.ratio(),
			row.target.text(row.unit), row.verdict(), row.product, row.floor})
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(map[string]any{
		"go": runtime.Version(), "cores": runtime.GOMAXPROCS(0), "rounds": opt.rounds, "people": opt.people,
		"clients": opt.clients, "connections": opt.conns, "rows": rows, "details": r.details, "notes": r.notes,
	})
}
