package akkoord

import (
	"cmp"
	"slices"
	"strings"
)

// MarkdownOf writes blocks as Markdown, in the order in which they are read, and gives
// the kinds of those that lose something by it: their places beside one another, their
// frames, the pictures' links. Where some are not for everybody reader is among them.
func MarkdownOf(all []Block) (markdown string, loses []BlockKind) {
	var parts []string
	for _, b := range all {
		part, whole := b.markdown()
		if !whole && !slices.Contains(loses, b.Kind) {
			loses = append(loses, b.Kind)
		}
		if b.Only+b.Except != "" && !slices.Contains(loses, lostReader) {
			loses = append(loses, lostReader)
		}
		if part != "" {
			parts = append(parts, part)
		}
		for _, column := range b.Columns {
			inner, lost := MarkdownOf(column)
			if inner != "" {
				parts = append(parts, inner)
			}
			for _, kind := range lost {
				if !slices.Contains(loses, kind) {
					loses = append(loses, kind)
				}
			}
		}
	}
	return strings.Join(parts, "\n\n"), loses
}

const lostReader BlockKind = "reader"

// markdown writes one block, and reports whether it stays what it is.
func (b Block) markdown() (text string, whole bool) {
	link := func(words string) string {
		topic := ""
		if b.Topic != "" {
			topic = ` "topic:` + b.Topic + `"`
		}
		return "[" + words + "](" + b.URL + topic + ")"
	}
	picture := ""
	if b.Image != "" {
		picture = "![" + b.Alt + "](" + b.Image + ")"
	}
	switch b.Kind {
	case BlockHeading:
		return strings.Repeat("#", cmp.Or(b.Level, defaultLevel)) + " " + b.Text, true
	case BlockText:
		return b.Text, true
	case BlockImage:
		return picture, b.URL == ""
	case BlockButton:
		return link(b.Text), false
	case BlockDivider:
		return "---", true
	case BlockFooter:
		return "", true
	case BlockOffer:
		parts := []string{picture, "### " + b.Title, b.Text}
		if b.Price != "" {
			parts = append(parts, "**"+b.Price+"**")
		}
		if b.Label != "" {
			parts = append(parts, link(b.Label))
		}
		return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "\n\n"), false
	}
	return "", false
}
