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
}

// LeftOut are people whom the gate refuses with one code.
type LeftOut struct {
	Code  string `json:"code"`
	Count int64  `json:"count"`
}

// Add counts people of whom the gate says the same; the empty code lets them
// pass.
func (a *Audience) Add(code string, n int64) {
	a.Total += n
	if code == "" {
		a.Allowed += n
		return
	}
	i := slices.IndexFunc(a.LeftOut, func(l LeftOut) bool { return l.Code == code })
	if i < 0 {
		i, a.LeftOut = len(a.LeftOut), append(a.LeftOut, LeftOut{Code: code})
	}
	a.LeftOut[i].Count += n
	slices.SortFunc(a.LeftOut, func(x, y LeftOut) int { return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Code, y.Code)) })
}
