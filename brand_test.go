package akkoord

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The colour that is offered in place of one that can't be read passes, whatever
// was asked for, and one that passes is taken as it is (WCAG 2.2, 1.4.3).
func TestNearestAccentPasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		asked := fmt.Sprintf("#%06x", rapid.IntRange(0, 0xffffff).Draw(t, "colour"))
		nearest := NearestAccent(asked)
		if err := CheckAccent(nearest); err != nil {
			t.Fatalf("%s is offered for %s and refused: %v", nearest, asked, err)
		}
		err := CheckAccent(asked)
		if (err == nil) != (nearest == asked) {
			t.Fatalf("CheckAccent(%s) = %v, and the nearest is %s", asked, err, nearest)
		}
		if err != nil && (CodeOf(err) != "accent_contrast" || !strings.Contains(err.Error(), nearest)) {
			t.Fatalf("CheckAccent(%s) = %v, want an offer of %s", asked, err, nearest)
		}
		c, _ := ParseColour(nearest)
		if got := c.Contrast(White); got < LegibleContrast {
			t.Fatalf("white on %s is %.2f:1", nearest, got)
		}
	})
}

func TestBrandCheck(t *testing.T) {
	logo := Logo{Image: ID{1}, Width: 100, Height: 50}
	named := logo
	named.Alt = "Zonvaart\nReizen"
	for name, c := range map[string]struct {
		brand Brand
		code  string
	}{
		"nothing":          {Brand{}, ""},
		"colour and logo":  {Brand{Accent: "#b8400e", Logo: logo}, ""},
		"upper case":       {Brand{Accent: "#B8400E"}, ""},
		"words":            {Brand{Accent: "red"}, "accent_invalid"},
		"short":            {Brand{Accent: "#b40"}, "accent_invalid"},
		"no mark":          {Brand{Accent: "b8400ef"}, "accent_invalid"},
		"css":              {Brand{Accent: "#b8400e;}"}, "accent_invalid"},
		"too light":        {Brand{Accent: "#ffcc00"}, "accent_contrast"},
		"words of no logo": {Brand{Logo: Logo{Alt: "Zonvaart"}}, "logo_missing"},
		"two lines":        {Brand{Logo: named}, "text_invalid"},
	} {
		if got := CodeOf(c.brand.Check()); got != c.code {
			t.Errorf("%s: %q, want %q", name, got, c.code)
		}
	}
}

// A logo keeps its shape, and is never shown larger than it is.
func TestLogoFit(t *testing.T) {
	for _, c := range []struct{ width, height, w, h int }{
		{144, 144, 36, 36}, {560, 100, 202, 36}, {560, 20, 224, 8}, {30, 30, 30, 30}, {1, 144, 1, 36},
	} {
		if w, h := (Logo{Width: c.width, Height: c.height}).Fit(224, 36); w != c.w || h != c.h {
			t.Errorf("%d by %d is shown as %d by %d, want %d by %d", c.width, c.height, w, h, c.w, c.h)
		}
	}
}
