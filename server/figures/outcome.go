package figures

import (
	"cmp"
	"maps"
	"slices"

	"akkoord"
)

// Outcome is one thing that became of copies, with the text results.out_<Key>. Part is
// one of the outcome before it that is a whole. State and Class say which deliveries they
// are, where a list of them can be had.
type Outcome struct {
	Key   string
	N     int64
	Part  bool
	State string // as the list of deliveries names it
	Class akkoord.Class
}

// OutcomesOf tells what became of copies, wholes before their parts; parts that nothing
// became of are left out.
func OutcomesOf(o akkoord.Outcomes) []Outcome {
	rows := []Outcome{{Key: "sent", N: o.Sent, State: "sent"}, {Key: "refused", N: o.Failed + o.Bounced}}
	part := func(key string, n int64, state string, class akkoord.Class) {
		if n > 0 {
			rows = append(rows, Outcome{key, n, true, state, class})
		}
	}
	part("failed", o.Failed, "failed", "")
	part("bounced", o.Bounced, "bounced", "")
	for _, class := range Classes {
		part("refused_"+string(class), o.Refused[class], "", class)
	}
	rows = append(rows, Outcome{Key: "deferred", N: o.Deferred, State: "deferred"})
	part("deferred_soft", o.Waiting[akkoord.ClassSoft], "", "")
	part("deferred_policy", o.Waiting[akkoord.ClassPolicy], "", "")
	part("deferred_turn", o.Waiting[akkoord.ClassNone], "", "")
	return append(rows, Outcome{Key: "uncertain", N: o.Uncertain, State: "uncertain"}, Outcome{Key: "skipped", N: o.Skipped, State: "skipped"}, Outcome{Key: "open", N: o.Open, State: "open"})
}

// MostFirst gives the keys of numbers, that of the largest first.
func MostFirst(numbers map[string]int64) []string {
	keys := slices.Sorted(maps.Keys(numbers))
	slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(numbers[b], numbers[a]) })
	return keys
}
