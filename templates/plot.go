package templates

import (
	"strconv"
	"strings"
	"time"
)

// Plots are drawn on a ground of this size, in its own units.
const (
	plotWidth  = 600
	plotHeight = 120
)

func units(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }

// plotLine gives a point for each value, from bottom to top of the ground.
func plotLine(values []int, bottom, top int) string {
	var b strings.Builder
	if top == bottom { // a number that stays is beside its name, at the top, and not on the ground
		bottom = 0
	}
	span := max(1, top-bottom)
	for i, n := range values {
		x := float64(plotWidth) * float64(i) / float64(max(1, len(values)-1))
		y := plotHeight - float64(plotHeight)*float64(n-bottom)/float64(span)
		b.WriteString(units(x) + "," + units(y) + " ")
	}
	return strings.TrimSpace(b.String())
}

// plotArea closes a line down to the ground.
func plotArea(line string) string {
	return "0," + strconv.Itoa(plotHeight) + " " + line + " " + strconv.Itoa(plotWidth) + "," + strconv.Itoa(plotHeight)
}

// Bars are numbers by time, or by something else that has an order, as bars on
// a common ground. A number below 0 is one that may not be told.
type Bars struct {
	Key         string // of results.plot_<Key>
	Total       int
	Numbers     []int
	First, Last time.Time // when the first and the last bar begin; zero: they are not by time
}

// Bar is one of them, in the units of the ground.
type Bar struct{ X, Y, Width, Height string }

// Top is the highest number.
func (b Bars) Top() int {
	top := 0
	for _, n := range b.Numbers {
		top = max(top, n)
	}
	return top
}

// Drawn are the bars that have a height.
func (b Bars) Drawn() []Bar {
	var out []Bar
	step, top := float64(plotWidth)/float64(max(1, len(b.Numbers))), float64(b.Top())
	for i, n := range b.Numbers {
		if n > 0 {
			h := max(1, float64(plotHeight)*float64(n)/top)
			out = append(out, Bar{units(step * (float64(i) + .05)), units(plotHeight - h), units(step * .9), units(h)})
		}
	}
	return out
}
