package templates

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"akkoord"
)

// From any colour, every pair of text and ground reaches 4.5:1, and the accent
// stands out from the page by 3:1, in light and in dark (WCAG 2.2, 1.4.3 and 1.4.11).
func TestBrandIsLegible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hex := fmt.Sprintf("#%06x", rapid.IntRange(0, 0xffffff).Draw(t, "colour"))
		brand, ok := akkoord.ParseColour(hex)
		if !ok {
			t.Fatalf("%s is not read", hex)
		}
		white, dark := mustInk("#fff"), darkRoles(brand)
		checkRoles(t, hex+" light", append(roles{{"surface", white}, {"ink", mustInk("#141922")}, {"ink-3", mustInk("#5a6473")}}, lightRoles(brand)...))
		checkRoles(t, hex+" dark", append(roles{{"ink", mustInk("#eef1f5")}, {"ink-3", mustInk("#98a2b0")}}, dark...))
	})
}

func checkRoles(t *rapid.T, name string, all roles) {
	by := map[string]akkoord.Colour{}
	for _, r := range all {
		by[r.name] = r.value
	}
	for _, pair := range []struct {
		front, back string
		least       float64
	}{
		{"accent-ink", "accent", 4.5}, {"accent-ink", "accent-hover", 4.5},
		{"accent-text", "surface", 4.5}, {"accent-text", "bg", 4.5}, {"accent-text", "sunken", 4.5}, {"accent-text", "accent-soft", 4.5},
		{"ink", "accent-soft", 4.5}, {"ink", "bg", 7}, {"ink-3", "bg", 4.5}, {"ink-3", "surface", 4.5},
		{"accent", "surface", 3},
	} {
		if got := by[pair.front].Contrast(by[pair.back]); got < pair.least {
			t.Errorf("%s: %s on %s is %.2f:1, want %.1f:1", name, pair.front, pair.back, got, pair.least)
		}
	}
}

func TestBrandCSS(t *testing.T) {
	for _, none := range []string{"", "blue", "#12", "#12345g", "url(x)"} {
		if css := BrandCSS(none); len(css) != 0 {
			t.Errorf("BrandCSS(%q) = %s, want nothing", none, css)
		}
	}
	css := string(BrandCSS("#b8400e"))
	for _, want := range []string{"--accent: #b8400e;", "prefers-color-scheme: dark", `[data-theme="dark"]`} {
		if !strings.Contains(css, want) {
			t.Errorf("the brand lacks %q:\n%s", want, css)
		}
	}
}

func mustInk(hex string) akkoord.Colour {
	c, ok := akkoord.ParseColour(hex)
	if !ok {
		panic(hex)
	}
	return c
}
