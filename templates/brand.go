package templates

import (
	"fmt"
	"strings"

	"akkoord"
)

// stylePrefix, the digits of the colour and styleEdition are the name of a brand's
// style sheet: who kept one never sees another under its name. The edition rises
// when BrandCSS writes something else of the same colour.
const (
	stylePrefix  = "brand-"
	styleEdition = "-1.css"
)

// Style is the path of the brand's style sheet; empty for Akkoord's own.
func (b Brand) Style() string {
	c, ok := akkoord.ParseColour(b.Accent)
	if !ok {
		return ""
	}
	return "/static/" + stylePrefix + c.Hex()[1:] + styleEdition
}

// AccentOf gives the colour whose style sheet has a name under /static/; false where
// none has.
func AccentOf(name string) (accent string, ok bool) {
	digits, prefixed := strings.CutPrefix(name, stylePrefix)
	digits, suffixed := strings.CutSuffix(digits, styleEdition)
	if !prefixed || !suffixed || len(digits) != len("b8400e") {
		return "", false
	}
	_, ok = akkoord.ParseColour("#" + digits)
	return "#" + digits, ok
}

// BrandCSS writes a style sheet from the one colour that the organisation
// chose ("#b8400e"). It is darkened or lightened until each pair of text and
// ground reaches 4.5:1 in light and in dark (WCAG 2.2, 1.4.3). No colour, or one
// that can't be read, gives an empty file: Akkoord's own blue.
func BrandCSS(accentHex string) []byte {
	brand, ok := akkoord.ParseColour(accentHex)
	if !ok {
		return nil
	}
	light, dark := lightRoles(brand), darkRoles(brand)
	return []byte("/* From " + brand.Hex() + ": see BrandCSS. */\n" +
		":root, :host {\n" + light.css() + "}\n" +
		"@media screen and (prefers-color-scheme: dark) {\n:root:not([data-theme=\"light\"]) {\n" + dark.css() + "}\n}\n" +
		"[data-theme=\"dark\"] {\n" + dark.css() + "}\n")
}

// role is one custom property of tokens.css with its value.
type role struct {
	name  string
	value akkoord.Colour
}

type roles []role

func (all roles) css() string {
	var b strings.Builder
	for _, r := range all {
		fmt.Fprintf(&b, "  --%s: %s;\n", r.name, r.value.Hex())
	}
	return b.String()
}

func lightRoles(brand akkoord.Colour) roles {
	bg, sunken, soft := brand.Tints()
	accent := brand.Legible()
	return roles{
		{"bg", bg}, {"sunken", sunken},
		{"accent", accent}, {"accent-hover", lit(accent, max(accent.Light-.09, 0))}, {"accent-ink", akkoord.White},
		{"accent-text", accent}, {"accent-soft", soft},
	}
}

// lit gives the colour with another lightness.
func lit(c akkoord.Colour, light float64) akkoord.Colour {
	c.Light = light
	return c
}

func darkRoles(brand akkoord.Colour) roles {
	tint := func(light, chroma float64) akkoord.Colour {
		return akkoord.Colour{Light: light, Chroma: min(brand.Chroma, chroma), Hue: brand.Hue}
	}
	surface, sunken, soft := tint(.215, .01), tint(.155, .008), tint(.28, .045)
	accent := lit(brand, max(brand.Light, .56)).Until(-.01, akkoord.White)
	return roles{
		{"bg", tint(.18, .008)}, {"surface", surface}, {"sunken", sunken}, {"line", tint(.315, .014)},
		{"accent", accent}, {"accent-hover", lit(accent, accent.Light-.06)}, {"accent-ink", akkoord.White},
		{"accent-text", tint(max(brand.Light, .78), .15).Until(.01, surface, sunken, soft)}, {"accent-soft", soft},
	}
}
