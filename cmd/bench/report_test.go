package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestVerdicts(t *testing.T) {
	tests := map[string]struct {
		row  row
		want string
	}{
		"ratio reached":                {row{target: target{ratio: 0.5}, product: []float64{50}, floor: []float64{100}}, "ok"},
		"ratio missed":                 {row{target: target{ratio: 0.5}, product: []float64{49}, floor: []float64{100}}, "below"},
		"each round by its own floor":  {row{target: target{ratio: 0.5}, product: []float64{60, 6, 10}, floor: []float64{100, 10, 100}}, "ok"},
		"value reached":                {row{target: target{value: 96}, product: []float64{90, 96, 200}}, "ok"},
		"value missed":                 {row{target: target{value: 96}, product: []float64{97}}, "below"},
		"ratio asked, but no floor":    {row{target: target{ratio: 0.5}, product: []float64{97}}, "below"},
		"no target":                    {row{product: []float64{1}}, "–"},
		"no product":                   {row{target: target{ratio: 1}, floor: []float64{1}}, "floor only"},
		"nothing":                      {row{}, "not measured"},
		"even rounds, mean of the two": {row{target: target{value: 15}, product: []float64{10, 20}}, "ok"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.row.verdict(); got != tt.want {
				t.Errorf("verdict() = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTableShowsRowsAndDetails(t *testing.T) {
	var r report
	row := r.row("sign-up", "/s", target{ratio: 0.22})
	row.add(8000, 32000)
	row.add(9000, 30000)
	row.add(7000, 35000)
	r.detail("sign-up", "p50", "ms", 12)
	r.notef("a note")
	var out bytes.Buffer
	if err := r.printTable(&out, options{rounds: 3, people: 10, clients: 128, conns: 8}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sign-up       8000 /s  32000 /s  0.250  ≥ 0.22 ×  ok", "sign-up: p50  12.0 ms", "3 rounds, 10 people", "a note"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("table lacks %q:\n%s", want, out.String())
		}
	}
}

// A server that renders Markdown only gets the same text and links.
func TestMarkdownHoldsNoHTML(t *testing.T) {
	html := strings.Join(paragraphsOf(20_000), "")
	got := asMarkdown(html)
	if strings.ContainsAny(got, "<>") {
		t.Errorf("HTML is left in %.300q", got)
	}
	if links := strings.Count(got, "[Lees verder](https://zonvaart.example/winter/"); links == 0 || links != strings.Count(html, "<a ") {
		t.Errorf("%d links, want %d", links, strings.Count(html, "<a "))
	}
}
