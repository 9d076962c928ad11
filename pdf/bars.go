package pdf

import "slices"

// Bars are numbers by time, or by something else that has an order, as bars on a common
// ground. A number that is not above 0 has no bar; where none has one, the label stands
// alone.
type Bars struct {
	Label       string // above the bars
	Top         string // how the highest number is said
	First, Last string // below the first and the last bar
	Numbers     []int
}

func (b Bars) top() int { return slices.Max(append([]int{0}, b.Numbers...)) }

// The ground of Bars, in millimetres.
const (
	barsHeight = 22.0
	barsGap    = 8.0  // between two that stand beside each other
	barsFoot   = 9.0  // below the ground, with its words
	barMost    = 12.0 // from one bar to the next, where they are few
)

// Plots draws bars, two beside each other where there are several. Those without a bar
// come last, a line each.
func (d *Document) Plots(all ...Bars) {
	drawn := slices.DeleteFunc(slices.Clone(all), func(b Bars) bool { return b.top() == 0 })
	beside := min(2, max(1, len(drawn)))
	width := (d.width() - barsGap*float64(beside-1)) / float64(beside)
	for row := range slices.Chunk(drawn, beside) {
		d.keep(line + barsHeight + barsFoot)
		y := d.f.GetY()
		for n, b := range row {
			d.plot(b, margin+float64(n)*(width+barsGap), y, width)
		}
		d.f.SetXY(margin, y+line+barsHeight+barsFoot)
	}
	for _, b := range all {
		if b.top() == 0 {
			d.Note(b.Label)
		}
	}
}

func (d *Document) plot(b Bars, x, y, width float64) {
	d.use("text", "", small, 60)
	d.f.SetXY(x, y)
	d.f.CellFormat(width, line, d.drawable("text", b.Label), "", 0, "L", false, 0, "")
	d.use("text", "", small, 110)
	d.f.SetXY(x, y)
	d.f.CellFormat(width, line, d.drawable("text", b.Top), "", 0, "R", false, 0, "")
	ground := y + line + barsHeight
	d.f.SetFillColor(36, 68, 184)
	step, top := min(barMost, width/float64(len(b.Numbers))), float64(b.top())
	for i, n := range b.Numbers {
		if n > 0 {
			h := max(0.3, barsHeight*float64(n)/top)
			d.f.Rect(x+step*(float64(i)+.05), ground-h, step*.9, h, "F")
		}
	}
	d.f.SetDrawColor(120, 120, 120)
	d.f.SetLineWidth(0.2)
	d.f.Line(x, ground, x+width, ground)
	d.use("text", "", small, 110)
	d.f.SetXY(x, ground+0.5)
	if step == barMost { // they end before the ground does
		words := d.f.GetStringWidth(d.drawable("text", b.First+b.Last)) + 6*d.f.GetCellMargin()
		width = min(width, max(step*float64(len(b.Numbers)), words))
	}
	d.f.CellFormat(width, rowLine, d.drawable("text", b.First), "", 0, "L", false, 0, "")
	if b.Last != b.First {
		d.f.SetXY(x, ground+0.5)
		d.f.CellFormat(width, rowLine, d.drawable("text", b.Last), "", 0, "R", false, 0, "")
	}
}
