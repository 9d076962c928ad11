package figures

import (
	"slices"

	"akkoord"
)

// withhold gives a series of numbers of people as it may be told: nil for each
// that could tell who it was, and for as many more as it takes that none of
// them is their sum less what is told (M22). First the zeros go, then the next
// smallest. What is told depends on how large numbers are, and not on where they
// stand: so where two withheld ones differ nobody knows which is which. Where
// nothing helps, and where the sum itself could tell who it was, nothing is
// told, nor may the sum be.
func withhold(numbers []int64) (told []*int64, sum bool) {
	var few []int64 // numbers that are withheld, each once
	var all int64
	for _, n := range numbers {
		if all += n; akkoord.Few(n) && !slices.Contains(few, n) {
			few = append(few, n)
		}
	}
	if len(few) == 1 {
		if slices.Contains(numbers, 0) {
			few = append(few, 0)
		} else if next := nextAbove(numbers, few[0]); next > 0 {
			few = append(few, next)
		}
	}
	told = make([]*int64, len(numbers))
	if len(few) == 1 || akkoord.Few(all) {
		return told, false
	}
	for i, n := range numbers {
		if !slices.Contains(few, n) {
			told[i] = &n
		}
	}
	return told, true
}

// nextAbove is the smallest of the numbers above one, or 0.
func nextAbove(numbers []int64, one int64) (next int64) {
	for _, n := range numbers {
		if n > one && (next == 0 || n < next) {
			next = n
		}
	}
	return next
}

// Clicks are clicks of people as they may be told; nil is not told.
type Clicks struct {
	ByTime          []*int64 // by slot of MailingResults.After
	Later           *int64   // after the end of After
	Known, Nameless *int64
	Links           []*int64 // as MailingResults.Links; the decoy's is nil
}

// Responses are what people, or programs, did of one kind after a mailing; nil where a
// number may not be told (M22).
type Responses struct {
	Kind   akkoord.ResponseKind
	ByTime []*int64 // by slot of MailingResults.After
	Total  *int64   // what came later is in it
}

// ResponsesOf gives what was done after a mailing, of each kind. Clicks of people are those
// that ClicksOf tells.
func ResponsesOf(r akkoord.MailingResults, clicks Clicks) []Responses {
	var out []Responses
	for _, kind := range akkoord.ResponseKinds {
		if kind == akkoord.RespondedClick {
			out = append(out, Responses{kind, clicks.ByTime, clicks.Known})
			continue
		}
		numbers, total := r.Responses[kind], r.Later[kind]
		of := Responses{Kind: kind, Total: &total}
		for i, n := range numbers {
			total += n
			of.ByTime = append(of.ByTime, &numbers[i])
		}
		out = append(out, of)
	}
	return out
}

// ClicksOf gives the clicks of people after a mailing so that none of those that
// are withheld can be computed from all that is told (M22). Their sum is the
// same by time, with the nameless ones, as by link.
func ClicksOf(r akkoord.MailingResults) Clicks {
	known, nameless, _ := r.Clicks()
	slots := r.Responses[akkoord.RespondedClick]
	series, timed := withhold(append(slices.Clone(slots), r.Later[akkoord.RespondedClick], nameless))
	links, linked := clicksByLink(r.Links)
	switch last := series[len(slots)+1]; {
	case !timed || !linked:
		clear(series)
		clear(links)
	case (last == nil || akkoord.Few(known)) && !slices.ContainsFunc(series[:len(slots)+1], func(n *int64) bool { return n != nil && *n > 0 }):
		clear(series) // else it would say whether the known ones, which are all but the nameless, are few
	}
	out := Clicks{ByTime: series[:len(slots)], Later: series[len(slots)], Nameless: series[len(slots)+1], Links: links}
	if out.Nameless != nil {
		out.Known = &known
	}
	return out
}

// Of gives what people did by time as it may be told: clicks, or the numbers of
// another kind as they are.
func (c Clicks) Of(r akkoord.MailingResults, kind akkoord.ResponseKind) (byTime []*int64, later *int64) {
	if kind == akkoord.RespondedClick {
		return c.ByTime, c.Later
	}
	for _, n := range r.Responses[kind] {
		byTime = append(byTime, &n)
	}
	n := r.Later[kind]
	return byTime, &n
}

// LinkClicks gives the clicks of people on the links of a mailing as they may be
// told; the decoy's are nil.
func LinkClicks(links []akkoord.LinkCount) []*int64 {
	told, _ := clicksByLink(links)
	return told
}

func clicksByLink(links []akkoord.LinkCount) (out []*int64, sum bool) {
	var numbers []int64
	for _, l := range links {
		if l.URL != "" {
			numbers = append(numbers, l.Clicks)
		}
	}
	told, sum := withhold(numbers)
	for _, l := range links {
		if l.URL == "" {
			out = append(out, nil)
		} else {
			out, told = append(out, told[0]), told[1:]
		}
	}
	return out, sum
}
