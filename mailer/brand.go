package mailer

import (
	"fmt"
	"html/template"
	"math"
)

// palette are the colours of a mail, all derived from a brand's one colour, so
// that text reaches a contrast of 4.5:1 in light and dark (WCAG 1.4.3).
type palette struct {
	Accent, Text, Ground, Soft, Line                               template.CSS
	DarkAccent, DarkText, DarkGround, DarkCard, DarkSoft, DarkLine template.CSS
}

// defaultBrand is the colour of a sender who chose none.
const defaultBrand = "#2447b8"

const readable = 4.5

type colour [3]float64 // red, green and blue from 0 to 1

var (
	white = colour{1, 1, 1}
	black = colour{}
)

// newPalette derives the colours from a brand colour written #rrggbb; anything
// else counts as no choice.
func newPalette(brand string) palette {
	c, ok := parseColour(brand)
	if !ok {
		c, _ = parseColour(defaultBrand)
	}
	ground := white.mix(c, .05)
	soft := white.mix(c, .09)
	card := colour{.102, .106, .118}.mix(c, .04)
	accent := c.towards(black, white, readable)
	return palette{
		Accent:   accent.css(),
		Text:     c.towards(black, soft, readable+.3).css(),
		Ground:   ground.css(),
		Soft:     soft.css(),
		Line:     white.mix(c, .2).css(),
		DarkCard: card.css(), DarkAccent: accent.css(),
		DarkText:   c.towards(white, card, 7).css(),
		DarkGround: colour{.059, .062, .071}.mix(c, .03).css(),
		DarkSoft:   card.mix(c, .18).css(),
		DarkLine:   colour{.22, .225, .24}.mix(c, .1).css(),
	}
}

func parseColour(s string) (c colour, ok bool) {
	var r, g, b uint8
	if len(s) != 7 {
		return c, false
	}
	if _, err := fmt.Sscanf(s, "#%02x%02x%02x", &r, &g, &b); err != nil {
		return c, false
	}
	return colour{float64(r) / 255, float64(g) / 255, float64(b) / 255}, true
}

func (c colour) css() template.CSS {
	return template.CSS(fmt.Sprintf("#%02x%02x%02x", uint8(c[0]*255+.5), uint8(c[1]*255+.5), uint8(c[2]*255+.5)))
}

// mix gives c with a share of another colour.
func (c colour) mix(other colour, share float64) colour {
	for i := range c {
		c[i] += (other[i] - c[i]) * share
	}
	return c
}

// towards moves c to an end until it stands out enough from a ground.
func (c colour) towards(end, ground colour, contrast float64) colour {
	for share := 0.0; share < 1; share += .02 {
		if m := c.mix(end, share); m.contrast(ground) >= contrast {
			return m
		}
	}
	return end
}

// contrast is the ratio of WCAG 2.2, from 1 to 21.
func (c colour) contrast(other colour) float64 {
	a, b := c.luminance(), other.luminance()
	return (max(a, b) + .05) / (min(a, b) + .05)
}

func (c colour) luminance() float64 {
	for i, v := range c {
		if v <= .04045 {
			c[i] = v / 12.92
		} else {
			c[i] = math.Pow((v+.055)/1.055, 2.4)
		}
	}
	return .2126*c[0] + .7152*c[1] + .0722*c[2]
}
