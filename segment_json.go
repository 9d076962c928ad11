package akkoord

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParseFilter reads a filter from JSON as the contract describes it. Errors are
// Invalid and name the node by its path, like filter.all[1].interest. What the
// names in it mean, Filter.Check asks.
func ParseFilter(path string, text []byte) (Filter, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return Filter{}, Fieldf(path, "filter_missing", `A filter is needed, like {"interest":"wintersport"}; {"all":[]} is everybody.`)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return Filter{}, Fieldf(path, "filter_invalid", "The filter is not well-formed JSON.")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Filter{}, Fieldf(path, "filter_invalid", "The filter is one JSON object.")
	}
	p := filterParser{left: Limits.FilterNodes}
	return p.node(path, v, Limits.FilterDepth)
}

type filterParser struct{ left int }

var filterKinds = []FilterKind{FilterAll, FilterAny, FilterNot, FilterInterest, FilterLearned, FilterLocale, FilterAttribute, FilterClicked, FilterActive,
	FilterConsentedBefore, FilterConsentedAfter, FilterSource}

func (p *filterParser) node(path string, v any, depth int) (Filter, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return Filter{}, Fieldf(path, "filter_type", `A node of a filter is an object, like {"locale":"nl"}.`)
	}
	if depth == 0 {
		return Filter{}, Fieldf(path, "filter_too_deep", "A filter has at most %d levels.", Limits.FilterDepth)
	}
	if p.left--; p.left < 0 {
		return Filter{}, Fieldf(path, "filter_too_large", "A filter has at most %d nodes.", Limits.FilterNodes)
	}
	var kinds []FilterKind
	for _, k := range filterKinds {
		if _, ok := m[string(k)]; ok {
			kinds = append(kinds, k)
		}
	}
	if len(kinds) != 1 {
		return Filter{}, Fieldf(path, "filter_unknown", "A node of a filter holds one of %s.", joinKinds())
	}
	f := Filter{Kind: kinds[0]}
	own := map[FilterKind][]string{FilterAttribute: {"attribute", "op", "value"}, FilterClicked: {"clicked", "within_days"}}[f.Kind]
	for _, key := range sortedKeys(m) {
		if key != string(f.Kind) && !slices.Contains(own, key) {
			return f, Fieldf(path+"."+key, "filter_unknown", "A node with %q holds no %q.", f.Kind, key)
		}
	}
	return p.fill(f, path, m, depth)
}

func (p *filterParser) fill(f Filter, path string, m map[string]any, depth int) (Filter, error) {
	value, at := m[string(f.Kind)], path+"."+string(f.Kind)
	var err error
	switch f.Kind {
	case FilterAll, FilterAny:
		list, ok := value.([]any)
		if !ok {
			return f, Fieldf(at, "filter_type", "This is a list of nodes.")
		}
		for i, v := range list {
			child, err := p.node(indexed(at, i), v, depth-1)
			if err != nil {
				return f, err
			}
			f.Of = append(f.Of, child)
		}
		return f, nil
	case FilterNot:
		child, err := p.node(at, value, depth-1)
		f.Of = []Filter{child}
		return f, err
	case FilterInterest, FilterLocale, FilterSource:
		f.Text, err = filterText(at, value)
	case FilterLearned:
		if f.Text, err = filterText(at, value); err == nil {
			err = CheckSlug(at, f.Text)
		}
	case FilterActive:
		f.Days, err = filterDays(at, value)
	case FilterConsentedBefore, FilterConsentedAfter:
		f.At, err = filterTime(at, value)
	case FilterAttribute:
		return filterAttribute(f, path, m)
	case FilterClicked:
		return filterClicked(f, path, m)
	}
	return f, err
}

func filterAttribute(f Filter, path string, m map[string]any) (Filter, error) {
	var err error
	if f.Text, err = filterText(path+".attribute", m["attribute"]); err != nil {
		return f, err
	}
	op, given := m["op"]
	if !given {
		op = string(OpEqual)
	}
	name, ok := op.(string)
	f.Op = FilterOp(name)
	if !ok || !slices.Contains([]FilterOp{OpEqual, OpOther, OpLess, OpAtMost, OpMore, OpAtLeast, OpExists}, f.Op) {
		return f, Fieldf(path+".op", "op_invalid", "The comparisons are eq, ne, lt, lte, gt, gte and exists.")
	}
	value, given := m["value"]
	if given == (f.Op == OpExists) {
		return f, Fieldf(path+".value", "filter_type", "Every comparison but exists needs a value, and exists has none.")
	}
	switch v := value.(type) {
	case nil:
		if given {
			return f, Fieldf(path+".value", "filter_type", "A value is a text, a number, true or false.")
		}
	case string:
		f.Value = v
	case bool:
		f.Value = strconv.FormatBool(v)
	case json.Number:
		f.Value = v.String()
	default:
		return f, Fieldf(path+".value", "filter_type", "A value is a text, a number, true or false.")
	}
	return f, nil
}

func filterClicked(f Filter, path string, m map[string]any) (Filter, error) {
	at := path + ".clicked"
	target, ok := m["clicked"].(map[string]any)
	if !ok || len(target) != 1 {
		return f, Fieldf(at, "filter_type", `What was clicked is one of {"campaign":…}, {"topic":…} and {"link":…}.`)
	}
	key := sortedKeys(target)[0]
	f.By = ClickTarget(key)
	var err error
	if f.Text, err = filterText(at+"."+key, target[key]); err != nil {
		return f, err
	}
	switch f.By {
	case ClickCampaign, ClickTopic:
		err = CheckSlug(at+"."+key, f.Text)
	case ClickLink:
	default:
		err = Fieldf(at+"."+key, "filter_unknown", "What was clicked is a campaign, a topic or a link.")
	}
	if days, given := m["within_days"]; given && err == nil {
		f.Days, err = filterDays(path+".within_days", days)
	}
	return f, err
}

func filterText(path string, v any) (string, error) {
	s, ok := v.(string)
	if !ok || s == "" {
		return "", Fieldf(path, "filter_type", "Give a text that is not empty.")
	}
	return s, CheckLine(path, s, Limits.FilterText)
}

func filterDays(path string, v any) (int, error) {
	n, _ := v.(json.Number)
	days, err := strconv.Atoi(n.String())
	if err != nil || days < 1 || days > maxFilterDays {
		return 0, Fieldf(path, "filter_type", "Give a number of days from 1 to %d.", maxFilterDays)
	}
	return days, nil
}

const maxFilterDays = 36500

func filterTime(path string, v any) (time.Time, error) {
	s, _ := v.(string)
	for _, layout := range []string{time.DateOnly, time.RFC3339Nano} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 0 && t.Year() < 10000 {
			return t.UTC().Truncate(time.Microsecond), nil
		}
	}
	return time.Time{}, Fieldf(path, "filter_type", "Give a day like 2026-01-01, or a time like 2026-01-01T09:30:00Z.")
}

// MarshalJSON writes a filter as ParseFilter reads it.
func (f Filter) MarshalJSON() ([]byte, error) {
	m := map[string]any{}
	key := string(f.Kind)
	switch f.Kind {
	case FilterAll, FilterAny:
		m[key] = append([]Filter{}, f.Of...)
	case FilterNot:
		m[key] = f.Of[0]
	case FilterAttribute:
		m[key], m["op"] = f.Text, f.Op
		if f.Op != OpExists {
			m["value"] = f.Value
		}
	case FilterClicked:
		m[key] = map[string]string{string(f.By): f.Text}
		if f.Days > 0 {
			m["within_days"] = f.Days
		}
	case FilterActive:
		m[key] = f.Days
	case FilterConsentedBefore, FilterConsentedAfter:
		m[key] = f.At.Format(time.RFC3339Nano)
		if day := f.At.Format(time.DateOnly); f.At.Equal(f.At.Truncate(24 * time.Hour)) {
			m[key] = day
		}
	default:
		m[key] = f.Text
	}
	return json.Marshal(m)
}

// compareValues compares two values of an attribute as its type orders them.
func compareValues(a, b string, kind AttributeType) int {
	if kind != AttributeNumber {
		return strings.Compare(a, b)
	}
	x, _ := strconv.ParseFloat(a, 64) // written by Attribute.Parse
	y, _ := strconv.ParseFloat(b, 64)
	return cmp.Compare(x, y)
}

func indexed(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

func joinKinds() string {
	var names []string
	for _, k := range filterKinds {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
