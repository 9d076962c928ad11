package mailer

import (
	"bytes"
	"fmt"
	htmltemplate "html/template"
	"strconv"

	"golang.org/x/net/html"

	"akkoord"
)

// drawnBlock is an akkoord.Block as its template draws it: what an author wrote is checked
// and holds marks in the place of fields.
type drawnBlock struct {
	Kind                    string
	Level                   int
	Text, Title, Price, Alt string // Text: of a heading or button; of an offer its button's
	Topic                   string
	URL, Image              htmltemplate.URL
	Body                    htmltemplate.HTML // sanitised
	Width                   string            // of a picture, in pixels
	Share                   string            // of one column, in percent
	Columns                 [][]drawnBlock
}

// Widths of pictures in pixels: Outlook takes them from the attribute, all others shrink
// them to the room there is.
const (
	wholeWidth   = 518 // of a card of 600 with its padding and border
	offerPadding = 48
	columnGap    = 16
)

// fromBlocks gives the body of a mail in blocks. What authors wrote is sanitised
// before it is put into our own tables, whose classes the style sheet needs.
func (l language) fromBlocks(all []akkoord.Block) (*html.Node, error) {
	drawn, err := drawBlocks(all, wholeWidth)
	if err != nil {
		return nil, err
	}
	layouts, err := l.parse()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := layouts.html["blocks"].ExecuteTemplate(&b, "blocks", drawn); err != nil {
		return nil, fmt.Errorf("draw blocks: %w", err)
	}
	root, err := parseFragment(b.Bytes())
	if err != nil {
		return nil, err
	}
	markLinks(root)
	return root, nil
}

func drawBlocks(all []akkoord.Block, width int) ([]drawnBlock, error) {
	var out []drawnBlock
	for _, in := range all {
		b := drawnBlock{Kind: string(in.Kind), Level: in.Level, Text: in.Text, Title: in.Title, Price: in.Price, Alt: in.Alt, Topic: in.Topic, Width: strconv.Itoa(width)}
		switch in.Kind {
		case akkoord.BlockFooter:
			continue // it comes by itself
		case akkoord.BlockOffer:
			b.Text, b.Width = in.Label, strconv.Itoa(width-offerPadding)
		case akkoord.BlockColumns:
			n := len(in.Columns)
			b.Share = strconv.Itoa(100/n) + "%"
			for _, column := range in.Columns {
				drawn, err := drawBlocks(column, width/n-columnGap)
				if err != nil {
					return nil, err
				}
				b.Columns = append(b.Columns, drawn)
			}
		}
		if err := b.read(in); err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

// read checks a block's addresses and sanitises its Markdown.
func (b *drawnBlock) read(in akkoord.Block) error {
	for _, u := range []struct {
		from string
		to   *htmltemplate.URL
	}{{in.URL, &b.URL}, {in.Image, &b.Image}} {
		if u.from == "" {
			continue
		}
		checked, err := mailURL([]byte(u.from))
		if err != nil {
			return err
		}
		*u.to = htmltemplate.URL(checked)
	}
	if in.Kind != akkoord.BlockText && in.Kind != akkoord.BlockOffer || in.Text == "" {
		return nil
	}
	body, err := fromMarkdown(in.Text)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := renderChildren(&text, body); err != nil {
		return err
	}
	b.Body = htmltemplate.HTML(text.String())
	return nil
}

// withMarks gives blocks with a mark for each field.
func withMarks(all []akkoord.Block, gaps *marks, constants map[string]string) ([]akkoord.Block, error) {
	fields := 0
	return akkoord.MapBlocks(all, func(text string) (string, error) {
		if err := checkMarks(text); err != nil {
			return "", err
		}
		t, err := akkoord.ParseTemplate(text)
		if err != nil {
			return "", err
		}
		before := len(gaps.slots)
		out := gaps.template(t, constants)
		if fields += len(gaps.slots) - before; fields > akkoord.MaxMergeFields {
			return "", akkoord.Errorf(akkoord.Invalid, "template_invalid", "There are more than %d fields in this mail.", akkoord.MaxMergeFields)
		}
		return out, nil
	})
}
