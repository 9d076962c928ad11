package akkoord

import (
	"strings"
	"testing"
)

// A name gives a slug that can be stored, or none.
func TestSlugOf(t *testing.T) {
	for name, want := range map[string]string{
		"Winter 2027": "winter-2027", "Zomer in Zürich!": "zomer-in-zurich", "  – L’été –  ": "lete", "冬": "", "": "",
		strings.Repeat("ab ", 99): strings.TrimRight(strings.Repeat("ab-", 99)[:Limits.Slug], "-"),
	} {
		got := SlugOf(name)
		if got != want || got != "" && CheckSlug("slug", got) != nil {
			t.Errorf("SlugOf(%q) = %q, want %q", name, got, want)
		}
	}
}
