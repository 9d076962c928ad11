package akkoord

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// LegibleContrast is the least contrast of text with its ground (WCAG 2.2, 1.4.3).
const LegibleContrast = 4.5

// Colour is a colour in OKLCH (B. Ottosson, 2020), in which lightness is what the
// eye sees, so that a brand keeps its hue while it is made legible.
type Colour struct{ Light, Chroma, Hue float64 }

// White is the ground of cards and the text of buttons.
var White = Colour{Light: 1}

// Tints are the grounds that a brand's colour gives light pages.
func (c Colour) Tints() (ground, sunken, soft Colour) {
	return Colour{.972, min(c.Chroma, .01), c.Hue}, Colour{.95, min(c.Chroma, .012), c.Hue}, Colour{.958, min(c.Chroma*.16, .03), c.Hue}
}

// Legible gives the nearest colour of the same hue, darker if need be, that is
// legible on white and on its own tints, and under white text.
func (c Colour) Legible() Colour {
	ground, sunken, soft := c.Tints()
	return c.Until(-.01, White, ground, sunken, soft)
}

// Until moves the lightness by step until the contrast with every ground is
// LegibleContrast.
func (c Colour) Until(step float64, grounds ...Colour) Colour {
	for ; c.Light > 0 && c.Light < 1; c.Light += step {
		legible := true
		for _, ground := range grounds {
			legible = legible && c.Contrast(ground) >= LegibleContrast
		}
		if legible {
			return c
		}
	}
	c.Light = min(max(c.Light, 0), 1)
	return c
}

// Contrast is the ratio of WCAG 2.2 for the colours as they are written, from 1
// to 21.
func (c Colour) Contrast(with Colour) float64 {
	la, lb := luminance(c.rgb()), luminance(with.rgb())
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

// ParseColour reads a colour written #rgb or #rrggbb.
func ParseColour(s string) (c Colour, ok bool) {
	digits, marked := strings.CutPrefix(s, "#")
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil || !marked || len(digits) != 6 {
		return c, false
	}
	r, g, b := linear(uint8(n>>16)), linear(uint8(n>>8)), linear(uint8(n))
	l := math.Cbrt(.4122214708*r + .5363325363*g + .0514459929*b)
	m := math.Cbrt(.2119034982*r + .6806995451*g + .1073969566*b)
	t := math.Cbrt(.0883024619*r + .2817188376*g + .6299787005*b)
	a := 1.9779984951*l - 2.4285922050*m + .4505937099*t
	bb := .0259040371*l + .7827717662*m - .8086757660*t
	return Colour{.2104542553*l + .7936177850*m - .0040720468*t, math.Hypot(a, bb), math.Atan2(bb, a)}, true
}

// Hex writes the colour as #rrggbb.
func (c Colour) Hex() string {
	rgb := c.rgb()
	return fmt.Sprintf("#%02x%02x%02x", rgb[0], rgb[1], rgb[2])
}

// rgb gives the nearest sRGB colour of the same lightness and hue.
func (c Colour) rgb() [3]uint8 {
	for chroma := c.Chroma; ; chroma -= .002 {
		lin, inside := Colour{c.Light, max(chroma, 0), c.Hue}.linearRGB()
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

func (c Colour) linearRGB() (rgb [3]float64, inside bool) {
	a, b := c.Chroma*math.Cos(c.Hue), c.Chroma*math.Sin(c.Hue)
	l := math.Pow(c.Light+.3963377774*a+.2158037573*b, 3)
	m := math.Pow(c.Light-.1055613458*a-.0638541728*b, 3)
	s := math.Pow(c.Light-.0894841775*a-1.2914855480*b, 3)
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
