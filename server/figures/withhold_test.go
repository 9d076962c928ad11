package figures_test

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"akkoord"
	"akkoord/server/figures"
)

// clicks makes results of which the last number by time is of nameless ones.
func clicks(byTime, byLink []int64) akkoord.MailingResults {
	n := len(byTime)
	r := akkoord.MailingResults{
		Responses: map[akkoord.ResponseKind][]int64{akkoord.RespondedClick: byTime[:n-2]},
		Later:     map[akkoord.ResponseKind]int64{akkoord.RespondedClick: byTime[n-2]},
	}
	for _, n := range byLink {
		r.Links = append(r.Links, akkoord.LinkCount{MailLink: akkoord.MailLink{URL: "https://www.zonvaart.example/"}, Clicks: n})
	}
	return r
}

// ways calls f with each way in which numbers have a sum.
func ways(sum int64, numbers []int64, f func()) {
	if len(numbers) == 1 {
		numbers[0] = sum
		f()
		return
	}
	for n := range sum + 1 {
		numbers[0] = n
		ways(sum-n, numbers[1:], f)
	}
}

// M22: from all that is told of clicks nobody can compute one that is withheld,
// not even who knows how it is chosen what is told. Each has at least one other
// number with which the very same would be told.
func TestNoWithheldNumberCanBeComputed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		number := rapid.OneOf(rapid.Int64Range(0, 5), rapid.Int64Range(0, 9))
		byTime := rapid.SliceOfN(number, 3, 4).Draw(rt, "by time")
		sum := sumOf(byTime)
		byLink := make([]int64, rapid.IntRange(1, 3).Draw(rt, "links"))
		rest := sum
		for i := range byLink {
			byLink[i] = rest
			if i < len(byLink)-1 {
				byLink[i] = min(rest, number.Draw(rt, "clicks"))
			}
			rest -= byLink[i]
		}
		told := figures.ClicksOf(clicks(byTime, byLink))
		for _, n := range append(append(slices.Clone(told.ByTime), told.Later, told.Known, told.Nameless), told.Links...) {
			if n != nil && akkoord.Few(*n) {
				rt.Fatalf("%d is told", *n)
			}
		}
		shown := append(append(slices.Clone(told.ByTime), told.Later, told.Nameless, told.Known), told.Links...)
		flat := func(byTime, byLink []int64) []int64 {
			return slices.Concat(byTime, []int64{sumOf(byTime) - byTime[len(byTime)-1]}, byLink)
		}
		is := flat(byTime, byLink)
		open := map[int]bool{}
		for i, n := range shown {
			if n == nil {
				open[i] = true
			} else if *n != is[i] {
				rt.Fatalf("%d is told as %d", is[i], *n)
			}
		}
		try := func(byTime, byLink []int64) {
			if len(open) == 0 || !reflect.DeepEqual(figures.ClicksOf(clicks(byTime, byLink)), told) {
				return
			}
			for i, n := range flat(byTime, byLink) {
				if n != is[i] {
					delete(open, i)
				}
			}
		}
		for other := max(sum-4, 0); other <= sum+4 && len(open) > 0; other++ {
			times, links := make([]int64, len(byTime)), make([]int64, len(byLink))
			left := other
			for i, n := range byLink { // as they are, as far as the sum allows
				links[i] = min(n, left)
				left -= links[i]
			}
			links[0] += left
			ways(other, times, func() { try(times, links) })
			times, links = slices.Clone(byTime), make([]int64, len(byLink))
			if times[0] += other - sum; times[0] >= 0 {
				ways(other, links, func() { try(times, links) })
			}
		}
		if len(open) > 0 {
			rt.Fatalf("by time %v, by link %v: withheld, and known all the same: %v", byTime, byLink, open)
		}
	})
}

func sumOf(numbers []int64) (sum int64) {
	for _, n := range numbers {
		sum += n
	}
	return sum
}

// M22: a single small number is not the total less the rest; a zero hides it, and
// where there is none the next smallest.
func TestASmallNumberIsNotAlone(t *testing.T) {
	for _, c := range []struct {
		name           string
		byTime, byLink []int64 // of byTime the last are later and nameless ones
		times, links   []int64 // as told; -1 is not
	}{
		{"none is small", []int64{5, 80, 0, 9}, []int64{94, 0}, []int64{5, 80, 0, 9}, []int64{94, 0}},
		{"the only small one", []int64{3, 80, 0, 0}, []int64{80, 3}, []int64{-1, 80, -1, -1}, []int64{-1, -1}},
		{"small ones that differ", []int64{3, 80, 1, 9}, []int64{50, 43}, []int64{-1, 80, -1, 9}, []int64{50, 43}},
		{"all ones", []int64{1, 1, 30, 30}, []int64{31, 31}, []int64{-1, -1, -1, -1}, []int64{31, 31}},
		{"nothing that hides them", []int64{8, 0, 0}, []int64{4, 4}, []int64{-1, -1, -1}, []int64{-1, -1}},
		{"few in all", []int64{3, 0, 0}, []int64{3, 0}, []int64{-1, -1, -1}, []int64{-1, -1}},
		{"none at all", []int64{0, 0, 0}, []int64{0}, []int64{0, 0, 0}, []int64{0}},
	} {
		got := figures.ClicksOf(clicks(c.byTime, c.byLink))
		numbers := func(all []*int64) (out []int64) {
			for _, n := range all {
				if n == nil {
					out = append(out, -1)
				} else {
					out = append(out, *n)
				}
			}
			return out
		}
		if times := numbers(append(got.ByTime, got.Later, got.Nameless)); !slices.Equal(times, c.times) {
			t.Errorf("%s, by time: %v", c.name, times)
		}
		if links := numbers(got.Links); !slices.Equal(links, c.links) {
			t.Errorf("%s, by link: %v", c.name, links)
		}
		if got.Known != nil && (got.Nameless == nil || akkoord.Few(*got.Known)) {
			t.Errorf("%s: known ones are told: %d", c.name, *got.Known)
		}
	}
}
