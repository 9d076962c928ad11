package akkoord

import "strings"

// Brand is how the organisation shows itself on public pages and in mails, as the
// admin site was told. The zero Brand is Akkoord's own look.
type Brand struct {
	Accent  string // colour of buttons and links, like "#b8400e"; empty: Akkoord's own
	Logo    Logo
	Version int // how often it was changed; who changes it says which one they read
}

// Logo is a picture of the organisation. Without an Image there is none.
type Logo struct {
	Image         ID
	Width, Height int    // of the picture, in points
	Alt           string // what is written in it; then the name is not repeated beside it. Empty: it is a picture alone
}

// A logo is kept twice as large as it is shown, for screens that are fine.
const (
	LogoWidth  = 560
	LogoHeight = 144
)

// ErrBrandChanged is the Conflict of whoever changes a brand that they did not
// read.
var ErrBrandChanged = Errorf(Conflict, "brand_changed", "Somebody changed this since you read it; read it again, and change it then.")

// Path is where the site shows the picture.
func (l Logo) Path() string { return "/media/" + l.Image.String() }

// Fit gives the size at which the logo is shown where there is room for width by
// height: never larger than it is.
func (l Logo) Fit(width, height int) (w, h int) {
	scale := min(1, float64(width)/float64(l.Width), float64(height)/float64(l.Height))
	return max(1, int(scale*float64(l.Width)+.5)), max(1, int(scale*float64(l.Height)+.5))
}

// Check reports what of a brand can't be stored. Errors are Invalid and name the
// field "accent" or "logo_alt".
func (b Brand) Check() error {
	if err := CheckAccent(b.Accent); err != nil {
		return err
	}
	if b.Logo.Image.IsZero() && b.Logo.Alt != "" {
		return Fieldf("logo_alt", "logo_missing", "There is no logo that this could be written in.")
	}
	return CheckLine("logo_alt", b.Logo.Alt, Limits.Text)
}

// CheckAccent refuses a colour that nobody could read (WCAG 2.2, 1.4.3): as text on
// the grounds of light pages, or under white text. Pages and mails in the dark get
// a shade of it that is made for them.
// Errors are Invalid: accent_invalid, and accent_contrast, which offers the
// nearest that passes.
func CheckAccent(accent string) error {
	if accent == "" {
		return nil
	}
	c, ok := ParseColour(accent)
	if !ok || len(accent) != len("#b8400e") {
		return Fieldf("accent", "accent_invalid", "A colour is written like #b8400e.")
	}
	if nearest := NearestAccent(accent); nearest != strings.ToLower(accent) {
		return Fieldf("accent", "accent_contrast", "White text on %s has a contrast of %.1f:1, and text of that colour on a tinted page less. Both take 4.5:1 (WCAG 2.2). The nearest colour that passes is %s.", c.Hex(), c.Contrast(White), nearest)
	}
	return nil
}

// NearestAccent gives the colour nearest to one that passes CheckAccent; empty
// where it is no colour.
func NearestAccent(accent string) string {
	c, ok := ParseColour(accent)
	if !ok {
		return ""
	}
	for { // what the screen can't show is rounded, and has other tints then
		near := c.Legible().Hex()
		if near == c.Hex() {
			return near
		}
		c, _ = ParseColour(near)
	}
}
