package templates

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ink is a colour in OKLCH (B. Ottosson, 2020), in which lightness is what the
// eye sees, so that a brand keeps its hue while it is made legible.
type ink struct{ light, chroma, hue float64 }

// BrandCSS writes /static/brand.css from the one colour that the organisation
// chose ("#b8400e"). It is darkened or lightened until each pair of text and
// ground reaches 4.5:1 in light and in dark (WCAG 2.2, 1.4.3). No colour, or one
// that can't be read, gives an empty file: Akkoord's own blue.
func BrandCSS(accentHex string) []byte {
	brand, ok := readHex(accentHex)
	if !ok {
		return nil
	}
	light, dark := lightRoles(brand), darkRoles(brand)
	return []byte("/* From " + brand.hex() + ": see BrandCSS. */\n" +
		":root {\n" + light.css() + "}\n" +
		"@media (prefers-color-scheme: dark) {\n:root:not([data-theme=\"light\"]) {\n" + dark.css() + "}\n}\n" +
		"[data-theme=\"dark\"] {\n" + dark.css() + "}\n")
}

// role is one custom property of tokens.css with its value.
type role struct {
	name  string
	value ink
}

type roles []role

func (all roles) css() string {
	var b strings.Builder
	for _, r := range all {
		fmt.Fprintf(&b, "  --%s: %s;\n", r.name, r.value.hex())
	}
	return b.String()
}

func lightRoles(brand ink) roles {
	white := ink{light: 1}
	bg := ink{.972, min(brand.chroma, .01), brand.hue}
	sunken := ink{.95, min(brand.chroma, .012), brand.hue}
	soft := ink{.958, min(brand.chroma*.16, .03), brand.hue}
	accent := brand.until(-.01, white, bg, sunken, soft)
	return roles{
		{"bg", bg}, {"sunken", sunken},
		{"accent", accent}, {"accent-hover", ink{max(accent.light-.09, 0), accent.chroma, accent.hue}}, {"accent-ink", white},
		{"accent-text", accent}, {"accent-soft", soft},
	}
}

func darkRoles(brand ink) roles {
	white := ink{light: 1}
	tint := func(light, chroma float64) ink { return ink{light, min(brand.chroma, chroma), brand.hue} }
	surface, sunken, soft := tint(.215, .01), tint(.155, .008), tint(.28, .045)
	accent := ink{max(brand.light, .56), brand.chroma, brand.hue}.until(-.01, white)
	return roles{
		{"bg", tint(.18, .008)}, {"surface", surface}, {"sunken", sunken}, {"line", tint(.315, .014)},
		{"accent", accent}, {"accent-hover", ink{accent.light - .06, accent.chroma, accent.hue}}, {"accent-ink", white},
		{"accent-text", tint(max(brand.light, .78), .15).until(.01, surface, sunken, soft)}, {"accent-soft", soft},
	}
}

// until moves the lightness by step until the contrast with every ground is 4.5:1.
func (c ink) until(step float64, grounds ...ink) ink {
	for ; c.light > 0 && c.light < 1; c.light += step {
		legible := true
		for _, ground := range grounds {
			legible = legible && contrast(c, ground) >= 4.5
		}
		if legible {
			return c
		}
	}
	c.light = min(max(c.light, 0), 1)
	return c
}

// contrast is the ratio of WCAG 2.2 for the colours as they are written.
func contrast(a, b ink) float64 {
	la, lb := luminance(a.rgb()), luminance(b.rgb())
	return (max(la, lb) + .05) / (min(la, lb) + .05)
}

func luminance(rgb [3]uint8) float64 {
	return .2126*linear(rgb[0]) + .7152*linear(rgb[1]) + .0722*linear(rgb[2])
}

func linear(v uint8) float64 {
	c := float64(v) / 255
	if c <= .04045 {
		return c / 12.92
	}
	return math.Pow((c+.055)/1.055, 2.4)
}

func readHex(s string) (ink, bool) {
	digits := strings.TrimPrefix(strings.TrimSpace(s), "#")
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil || len(digits) != 6 {
		return ink{}, false
	}
	r, g, b := linear(uint8(n>>16)), linear(uint8(n>>8)), linear(uint8(n))
	l := math.Cbrt(.4122214708*r + .5363325363*g + .0514459929*b)
	m := math.Cbrt(.2119034982*r + .6806995451*g + .1073969566*b)
	t := math.Cbrt(.0883024619*r + .2817188376*g + .6299787005*b)
	a := 1.9779984951*l - 2.4285922050*m + .4505937099*t
	bb := .0259040371*l + .7827717662*m - .8086757660*t
	return ink{.2104542553*l + .7936177850*m - .0040720468*t, math.Hypot(a, bb), math.Atan2(bb, a)}, true
}

func (c ink) hex() string {
	rgb := c.rgb()
	return fmt.Sprintf("#%02x%02x%02x", rgb[0], rgb[1], rgb[2])
}

// rgb gives the nearest sRGB colour of the same lightness and hue.
func (c ink) rgb() [3]uint8 {
	for chroma := c.chroma; ; chroma -= .002 {
		lin, inside := ink{c.light, max(chroma, 0), c.hue}.linearRGB()
		if !inside && chroma > 0 {
			continue
		}
		var rgb [3]uint8
		for i, v := range lin {
			rgb[i] = gamma(v)
		}
		return rgb
	}
}

func (c ink) linearRGB() (rgb [3]float64, inside bool) {
	a, b := c.chroma*math.Cos(c.hue), c.chroma*math.Sin(c.hue)
	l := math.Pow(c.light+.3963377774*a+.2158037573*b, 3)
	m := math.Pow(c.light-.1055613458*a-.0638541728*b, 3)
	s := math.Pow(c.light-.0894841775*a-1.2914855480*b, 3)
	rgb = [3]float64{
		4.0767416621*l - 3.3077115913*m + .2309699292*s,
		-1.2684380046*l + 2.6097574011*m - .3413193965*s,
		-.0041960863*l - .7034186147*m + 1.7076147010*s,
	}
	inside = true
	for _, v := range rgb {
		inside = inside && v >= -.0005 && v <= 1.0005
	}
	return rgb, inside
}

func gamma(v float64) uint8 {
	v = min(max(v, 0), 1)
	if v <= .0031308 {
		return uint8(math.Round(v * 12.92 * 255))
	}
	return uint8(math.Round((1.055*math.Pow(v, 1/2.4) - .055) * 255))
}
