package akkoord

import (
	"cmp"
	"slices"
)

// Audience says how many people a mailing is for, and why the gate leaves
// others out. Total is the sum of all.
type Audience struct {
	Total   int64     `json:"total"`
	Allowed int64     `json:"allowed"`
	LeftOut []LeftOut `json:"left_out" nullable:"false"` // most first

	RoundedTo int64 `json:"rounded_to,omitempty" doc:"All numbers are rounded down to multiples of this, total to their sum, and reasons of fewer people are left out: the segment asks about people what the key may not read of each. Without it they are exact."`
}

// LeftOut are people whom the gate refuses with one code.
type LeftOut struct {
	Code    string `json:"code"`
	Count   int64  `json:"count"`
	Skipped int64  `json:"skipped,omitempty" doc:"Of these, who were let pass when sending began and refused when it was their turn."`
}

// Add counts people of whom the gate says the same; the empty code lets them
// pass.
func (a *Audience) Add(code string, n int64) { a.add(LeftOut{Code: code, Count: n}) }

// AddSkipped is Add for people whom the gate let pass when sending began.
func (a *Audience) AddSkipped(code string, n int64) {
	a.add(LeftOut{Code: code, Count: n, Skipped: n})
}

func (a *Audience) add(l LeftOut) {
	a.Total += l.Count
	if l.Code == "" {
		a.Allowed += l.Count
		return
	}
	i := slices.IndexFunc(a.LeftOut, func(have LeftOut) bool { return have.Code == l.Code })
	if i < 0 {
		i, a.LeftOut = len(a.LeftOut), append(a.LeftOut, LeftOut{Code: l.Code})
	}
	a.LeftOut[i].Count += l.Count
	a.LeftOut[i].Skipped += l.Skipped
	slices.SortFunc(a.LeftOut, mostFirst)
}

func mostFirst(x, y LeftOut) int {
	return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Code, y.Code))
}
