package mailer

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"akkoord"
)

// Checks gives all that is to be said of a mailing before it is sent: what
// forbids it first, as Obstacles has it, then what is left to its author.
func (t *Tester) Checks(ctx context.Context, m akkoord.Mailing, s akkoord.Sender) ([]akkoord.Finding, error) {
	why, err := t.Obstacles(ctx, m.Draft(), s)
	if err != nil {
		return nil, err
	}
	out := []akkoord.Finding{}
	for _, r := range why {
		out = append(out, akkoord.Finding{Code: r.Code, Severity: akkoord.SeverityStop, Message: r.Message})
	}
	all, languages, err := t.composed(ctx, m)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		for _, f := range c.Check() {
			if !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	e := akkoord.Envelope{From: t.Press.Sender.From.Address, Spoken: languages.spoken, Written: languages.written}
	if t.Signer.signs() {
		e.DKIM = t.Signer.domain
	}
	if t.Readers != nil {
		if e.Readers, err = t.Readers(ctx, m); err != nil {
			return nil, err
		}
	}
	return append(out, e.Check()...), nil
}

// Answers asks the pages that a mailing leads to whether they are there, each
// once. It never asks for an address that is made for one person.
func (t *Tester) Answers(ctx context.Context, m akkoord.Mailing) ([]akkoord.LinkAnswer, error) {
	all, _, err := t.composed(ctx, m)
	if err != nil || t.Asker == nil {
		return nil, err
	}
	var urls []string
	for _, c := range all {
		for _, l := range c.Links {
			own := strings.HasPrefix(l.URL, t.Press.Sender.BaseURL+"/")
			if strings.HasPrefix(l.URL, "http") && !own && !strings.Contains(l.URL, "{{") && !slices.Contains(urls, l.URL) {
				urls = append(urls, l.URL)
			}
		}
	}
	return t.Asker.Ask(ctx, urls), nil
}

// mailingLanguages are those that the purpose of a mailing has texts in, and the mailing has.
type mailingLanguages struct{ spoken, written []string }

// composed gives each content of a mailing that can be composed, in each language that
// it has, and these.
func (t *Tester) composed(ctx context.Context, m akkoord.Mailing) (all []akkoord.ComposedMail, in mailingLanguages, err error) {
	c, err := t.Press.Catalog.CampaignByID(ctx, m.CampaignID)
	if err != nil {
		return nil, in, err
	}
	purpose, err := t.Press.Catalog.PurposeByID(ctx, c.PurposeID)
	if err != nil {
		return nil, in, err
	}
	in.spoken, in.written = purpose.Languages(), m.Written(purpose)
	for i := range max(len(m.Variants), 1) {
		variant := m.Latest() + i
		for n, locale := range in.written {
			text := m.Text(variant, locale)
			if n > 0 && !text.Translated {
				continue // it is of another variant
			}
			mail, err := t.Press.Composer.examine(t.Press.letter(m, c, purpose, plateKey{variant: variant, locale: locale, everything: true}))
			if akkoord.KindOf(err) != "" {
				continue // Obstacles says why
			}
			if err != nil {
				return nil, in, err
			}
			if i < len(m.Variants) {
				mail.Variant, mail.Untranslated = m.Variants[i].Name, m.Untranslated(i, locale)
			}
			if mail.Lacks = text.Lacks; text.Translated {
				mail.Language = locale
			}
			all = append(all, mail)
		}
	}
	return all, in, nil
}

// examine composes a letter and gives what its checks look at.
func (c *Composer) examine(l Letter) (akkoord.ComposedMail, error) {
	out := akkoord.ComposedMail{Subject: l.Subject, Preheader: l.Preheader}
	l.Track = nil
	d, err := c.draft(l)
	if err != nil {
		return out, err
	}
	out.HTMLSize = len(d.html)
	var gaps marks
	lang, _ := c.language(l.Locale)
	body, err := l.body(lang, &gaps, map[string]string{"campaign": l.CampaignName, "purpose": l.PurposeName, "locale": d.locale})
	if err != nil {
		return out, err
	}
	out.Text = gaps.named(plainText(body))
	for _, s := range append(slices.Clone(d.subject), gaps.slots...) {
		if s.part.Field == "name" && s.part.Text == "" && !slices.Contains(out.Bare, s.part.Field) {
			out.Bare = append(out.Bare, s.part.Field)
		}
	}
	for n := range body.Descendants() {
		switch n.DataAtom {
		case atom.A:
			if href := attr(n, "href"); href != "" {
				out.Links = append(out.Links, akkoord.ComposedLink{URL: gaps.named(href), Words: strings.TrimSpace(gaps.named(wordsOf(n)))})
			}
		case atom.Img:
			described := slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "alt" })
			out.Images = append(out.Images, akkoord.ComposedImage{URL: gaps.named(attr(n, "src")), Alt: attr(n, "alt"), Described: described})
		}
	}
	out.Shades = shadesOf(body, newPalette(l.Brand))
	return out, nil
}

var anyMark = regexp.MustCompile(markStart + `(\d{4})[zu]`)

// named writes the gaps of a text as fields, like {{name}}.
func (m *marks) named(s string) string {
	return anyMark.ReplaceAllStringFunc(s, func(found string) string {
		n, _ := strconv.Atoi(found[len(markStart) : len(markStart)+4])
		if n >= len(m.slots) {
			return ""
		}
		if p := m.slots[n].part; p.Field == "" {
			return p.Text
		}
		return "{{" + m.slots[n].part.Field + "}}"
	})
}

// wordsOf gives what somebody reads of a link: its words and those in place of
// its pictures.
func wordsOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		switch {
		case d.Type == html.TextNode:
			b.WriteString(d.Data)
		case d.DataAtom == atom.Img:
			b.WriteString(attr(d, "alt"))
		}
	}
	return b.String()
}

// shade is how text looks at a place of a body; empty colours are the layout's.
type shade struct{ ink, ground string }

// shadesOf gives the colours of text where its author chose one, each pair once.
func shadesOf(body *html.Node, p palette) []akkoord.Shade {
	var out []akkoord.Shade
	var walk func(n *html.Node, at shade, link bool)
	walk = func(n *html.Node, at shade, link bool) {
		if n.Type == html.ElementNode {
			at, link = at.under(n), link || n.DataAtom == atom.A
		}
		if n.Type == html.TextNode && strings.TrimSpace(n.Data) != "" && at != (shade{}) {
			if s, ok := at.measure(p, link); ok && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
		for c := range n.ChildNodes() {
			walk(c, at, link)
		}
	}
	walk(body, shade{}, false)
	return out
}

// under gives the colours inside an element.
func (s shade) under(n *html.Node) shade {
	for declaration := range strings.SplitSeq(attr(n, "style"), ";") {
		name, value, _ := strings.Cut(declaration, ":")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "color":
			s.ink = strings.TrimSpace(value)
		case "background-color":
			s.ground = strings.TrimSpace(value)
		}
	}
	return s
}

// measure gives the contrasts of a place, unless a colour can't be read.
func (s shade) measure(p palette, link bool) (akkoord.Shade, bool) {
	light := [2]string{"#1b1c1e", "#ffffff"}
	dark := [2]string{"#f1f2f3", string(p.DarkCard)}
	if link {
		light[0], dark[0] = string(p.Text), string(p.DarkText)
	}
	var out akkoord.Shade
	for i, pair := range [][2]string{light, dark} {
		ink, ground := pair[0], pair[1]
		if s.ink != "" {
			ink = s.ink
		}
		if s.ground != "" {
			ground = s.ground
		}
		a, known := readColour(ink)
		b, too := readColour(ground)
		if !known || !too {
			return out, false
		}
		if i == 0 {
			out.Ink, out.Ground, out.Light = string(a.css()), string(b.css()), a.contrast(b)
		} else {
			out.Dark = a.contrast(b)
		}
	}
	return out, true
}

// basicColours are the names of CSS Color 4 that mails use.
var basicColours = map[string]string{
	"black": "#000000", "white": "#ffffff", "gray": "#808080", "grey": "#808080", "silver": "#c0c0c0", "lightgray": "#d3d3d3", "lightgrey": "#d3d3d3", "darkgray": "#a9a9a9",
	"red": "#ff0000", "maroon": "#800000", "orange": "#ffa500", "yellow": "#ffff00", "olive": "#808000", "lime": "#00ff00", "green": "#008000", "teal": "#008080",
	"aqua": "#00ffff", "cyan": "#00ffff", "blue": "#0000ff", "navy": "#000080", "purple": "#800080", "fuchsia": "#ff00ff", "magenta": "#ff00ff", "pink": "#ffc0cb", "brown": "#a52a2a",
}

// readColour reads a colour as style sheets write it: #rgb, #rrggbb, rgb(r, g, b) or a name.
func readColour(s string) (colour, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if hex, ok := basicColours[s]; ok {
		s = hex
	}
	if len(s) == 4 && s[0] == '#' {
		s = string([]byte{'#', s[1], s[1], s[2], s[2], s[3], s[3]})
	}
	var r, g, b uint8
	if _, err := fmt.Sscanf(strings.ReplaceAll(s, " ", ""), "rgb(%d,%d,%d)", &r, &g, &b); err == nil {
		return colour{float64(r) / 255, float64(g) / 255, float64(b) / 255}, true
	}
	return parseColour(s)
}
