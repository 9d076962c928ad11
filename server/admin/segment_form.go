package admin

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"akkoord"
	"akkoord/templates"
)

// readSegment reads the form of a segment. A row that act=remove names is gone.
func readSegment(in url.Values) typedSegment {
	t := typedSegment{name: strings.TrimSpace(in.Get("name")), slug: strings.TrimSpace(in.Get("slug")), read: in.Get("read"), match: string(akkoord.FilterAll), isTree: in.Has("tree"), tree: in.Get("tree")}
	if in.Get("match") == string(akkoord.FilterAny) {
		t.match = string(akkoord.FilterAny)
	}
	for _, at := range in["row"][:min(len(in["row"]), akkoord.Limits.FilterNodes)] {
		n, err := strconv.Atoi(at)
		kind := in.Get("kind-" + at)
		if err != nil || n < 0 || n > akkoord.Limits.FilterNodes || in.Get("act") == "remove-"+at || slices.ContainsFunc(t.rows, func(r templates.ConditionRow) bool { return r.Number == n }) || !slices.Contains(templates.ConditionKinds, kind) {
			continue
		}
		t.rows = append(t.rows, templates.ConditionRow{Number: n, Kind: kind, Not: in.Get("not-"+at) != "", Text: strings.TrimSpace(in.Get("text-" + at)),
			Op: in.Get("op-" + at), Value: strings.TrimSpace(in.Get("value-" + at)), Days: strings.TrimSpace(in.Get("days-" + at)), At: in.Get("at-" + at)})
	}
	return t
}

// add adds a condition of a kind, filled with the first thing that it can name.
func (t *typedSegment) add(kind string, names akkoord.SegmentNames) {
	row := templates.ConditionRow{Kind: kind}
	for _, r := range t.rows {
		row.Number = max(row.Number, r.Number+1)
	}
	first := map[string][]string{
		"interest": names.Interests, "learned": names.Topics, "locale": akkoord.Locales, "attribute": names.Attributes, "clicked_topic": names.Topics, "clicked_campaign": names.Campaigns, "source": names.Sources,
	}[kind]
	if len(first) > 0 {
		row.Text = first[0]
	}
	switch kind {
	case "attribute":
		row.Op = string(akkoord.OpEqual)
	case "active_within_days":
		row.Days = "90"
	}
	t.rows = append(t.rows, row)
}

// filter gives the tree that was typed, by the same reading as that of the API, so
// that what is wrong names its node.
func (t typedSegment) filter() (akkoord.Filter, error) {
	if t.isTree {
		return akkoord.ParseFilter("filter", []byte(t.tree))
	}
	nodes := []any{}
	for _, row := range t.rows {
		node := nodeOf(row)
		if row.Not {
			node = map[string]any{"not": node}
		}
		nodes = append(nodes, node)
	}
	text, err := json.Marshal(map[string]any{t.match: nodes})
	if err != nil {
		return akkoord.Filter{}, err
	}
	return akkoord.ParseFilter("filter", text)
}

// nodeOf is a row as the contract writes it.
func nodeOf(row templates.ConditionRow) map[string]any {
	days := func(node map[string]any, key string) map[string]any {
		if row.Days != "" {
			node[key] = row.Days
			if n, err := strconv.Atoi(row.Days); err == nil {
				node[key] = n
			}
		}
		return node
	}
	switch by, clicked := strings.CutPrefix(row.Kind, "clicked_"); {
	case clicked:
		return days(map[string]any{"clicked": map[string]any{by: row.Text}}, "within_days")
	case row.Kind == string(akkoord.FilterActive):
		return days(map[string]any{row.Kind: ""}, row.Kind)
	case row.Kind == string(akkoord.FilterConsentedBefore), row.Kind == string(akkoord.FilterConsentedAfter):
		return map[string]any{row.Kind: row.At}
	case row.Kind == string(akkoord.FilterAttribute) && row.Op == string(akkoord.OpExists):
		return map[string]any{"attribute": row.Text, "op": row.Op}
	case row.Kind == string(akkoord.FilterAttribute):
		return map[string]any{"attribute": row.Text, "op": row.Op, "value": row.Value}
	}
	return map[string]any{row.Kind: row.Text}
}

var nodeNumber = regexp.MustCompile(`^filter\.(?:all|any)\[(\d+)\]`)

// anchor gives the place in the form of the node that a path names.
func (t typedSegment) anchor(path string) string {
	if t.isTree {
		return "tree"
	}
	if m := nodeNumber.FindStringSubmatch(path); m != nil {
		if i, err := strconv.Atoi(m[1]); err == nil && i < len(t.rows) {
			return "row-" + strconv.Itoa(t.rows[i].Number)
		}
	}
	return "match"
}

// rowsOf gives a filter as conditions in a row, if it is no deeper than that.
func rowsOf(f akkoord.Filter) (match string, rows []templates.ConditionRow, flat bool) {
	if f.Kind != akkoord.FilterAll && f.Kind != akkoord.FilterAny {
		f = akkoord.Filter{Kind: akkoord.FilterAll, Of: []akkoord.Filter{f}}
	}
	if f.Kind == akkoord.FilterAny && len(f.Of) == 0 {
		return "", nil, false
	}
	for i, leaf := range f.Of {
		row := templates.ConditionRow{Number: i}
		if row.Not = leaf.Kind == akkoord.FilterNot; row.Not {
			leaf = leaf.Of[0]
		}
		row.Kind, row.Text, row.Op, row.Value = string(leaf.Kind), leaf.Text, string(leaf.Op), leaf.Value
		if leaf.Kind == akkoord.FilterClicked {
			row.Kind += "_" + string(leaf.By)
		}
		if leaf.Days > 0 {
			row.Days = strconv.Itoa(leaf.Days)
		}
		if !leaf.At.IsZero() {
			row.At = leaf.At.Format(time.DateOnly)
			if !leaf.At.Equal(leaf.At.Truncate(24 * time.Hour)) { // the form knows days only
				return "", nil, false
			}
		}
		if !slices.Contains(templates.ConditionKinds, row.Kind) {
			return "", nil, false
		}
		rows = append(rows, row)
	}
	return string(f.Kind), rows, true
}

// treeOf writes a filter as its author would.
func treeOf(f akkoord.Filter) (string, error) {
	b, err := json.MarshalIndent(f, "", "  ")
	return string(b), err
}
