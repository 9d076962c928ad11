package admin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"akkoord"
	"akkoord/templates"
)

// The ways in which the form of a draft takes what a mail says. Source is blocks as JSON.
const (
	asMarkdown = "markdown"
	asHTML     = "html"
	asBlocks   = "blocks"
	asSource   = "source"
)

var errKinds = akkoord.Errorf(akkoord.Conflict, "kinds_mixed", "The variants of this mailing are of different kinds: Markdown, HTML or blocks. The form knows one kind for all; change it over the API.")

// kindOf gives the kind of content that a draft and its variants have, and whether
// they have several.
func kindOf(m akkoord.Mailing) (kind string, mixed bool) {
	contents := []akkoord.Content{m.Content}
	for _, v := range m.Variants {
		contents = append(contents, v.Content)
	}
	for _, c := range contents {
		of := asMarkdown
		switch {
		case !c.Body():
			continue
		case c.HTML != "":
			of = asHTML
		case c.Blocks != "":
			of = asBlocks
		}
		mixed = mixed || kind != "" && kind != of
		kind = of
	}
	return cmp.Or(kind, asMarkdown), mixed
}

// part is what one of a form's contents says: the mailing's own, or a variant's.
type part struct {
	body   *string
	blocks *templates.BlockList
	id     string // of the element that the body is typed in
}

// parts are all contents of a form, the mailing's own first.
func parts(f *templates.MailingForm) []part {
	out := []part{{&f.Body, &f.Blocks, "body"}}
	for i := range f.Variants {
		v := &f.Variants[i]
		out = append(out, part{&v.Body, &v.Blocks, "v" + strconv.Itoa(i) + "-body"})
	}
	return out
}

// show fills in what a stored content says. Numbers of its blocks begin at next.
func (p part) show(c akkoord.Content, place string, next int) int {
	p.blocks.Place = place
	*p.body = cmp.Or(c.HTML, c.Markdown)
	blocks, err := akkoord.ParseBlocks(cmp.Or(c.Blocks, "[]"))
	if err != nil {
		*p.body = c.Blocks // nothing that was stored is hidden
		return next
	}
	*p.blocks, next = shownBlocks(blocks, place, next)
	return next
}

// read gives what was typed as it is stored. Errors name the element that is wrong.
func (p part) read(kind, subject, preheader string) (akkoord.Content, error) {
	c := akkoord.Content{Subject: subject, Preheader: preheader}
	switch kind {
	case asHTML:
		c.HTML = *p.body
	case asBlocks:
		blocks := blocksOf(*p.blocks)
		if err := akkoord.CheckBlocks(blocks); err != nil {
			return c, p.wrongBlock(err)
		}
		c.Blocks = akkoord.FormatBlocks(blocks)
		if err := akkoord.CheckText("blocks", c.Blocks, akkoord.Limits.Content); err != nil {
			return c, p.wrongBlock(err)
		}
	case asSource:
		blocks, err := p.source()
		c.Blocks = akkoord.FormatBlocks(blocks)
		return c, err
	default:
		c.Markdown = *p.body
	}
	return c, nil
}

// source reads blocks that were typed as JSON.
func (p part) source() ([]akkoord.Block, error) {
	if strings.TrimSpace(*p.body) == "" {
		return nil, nil
	}
	blocks, err := akkoord.ParseBlocks(*p.body)
	return blocks, moved(err, p.id)
}

// moved gives an error about another field.
func moved(err error, field string) error {
	e, ok := errors.AsType[*akkoord.Error](err)
	if !ok {
		return err
	}
	out := *e
	out.Field = field
	return &out
}

// wrongBlock tells an error of akkoord.CheckBlocks at the field that it is about, which
// needs no number of a block.
func (p part) wrongBlock(err error) error {
	e, ok := errors.AsType[*akkoord.Error](err)
	if !ok {
		return err
	}
	out := *e
	if strings.HasPrefix(e.Code, "block_") {
		out.Code = "row_" + e.Code
	}
	return moved(&out, blockField(p.blocks, e.Field))
}

// become writes all that was typed in another way. What would lose something by it asks
// first, unless it is sure.
func become(f *templates.MailingForm, to string, sure bool) error {
	if !slices.Contains([]string{asMarkdown, asHTML, asBlocks, asSource}, to) {
		return errNoAct
	}
	was, all, next := f.Kind, parts(f), 1
	read := make([][]akkoord.Block, len(all))
	for i, p := range all {
		switch was {
		case asBlocks:
			read[i] = blocksOf(*p.blocks)
		case asSource:
			var err error
			if read[i], err = p.source(); err != nil {
				return err
			}
		}
		_, loses := akkoord.MarkdownOf(read[i])
		inBlocks, fromBlocks := to == asBlocks || to == asSource, was == asBlocks || was == asSource
		switch {
		case fromBlocks && to == asHTML && len(read[i]) > 0, was == asHTML && inBlocks && strings.TrimSpace(*p.body) != "":
			return akkoord.Errorf(akkoord.Conflict, "kinds_apart", "HTML of one's own can't be turned into blocks, nor blocks into it. Start with an empty text.")
		case fromBlocks && to == asMarkdown:
			for _, kind := range loses {
				if !slices.Contains(f.Loses, string(kind)) {
					f.Loses = append(f.Loses, string(kind))
				}
			}
		case was == asMarkdown && inBlocks && strings.TrimSpace(*p.body) != "":
			read[i] = []akkoord.Block{{Kind: akkoord.BlockText, Text: *p.body}}
		}
	}
	if len(f.Loses) > 0 && !sure {
		return nil // the form asks
	}
	f.Kind, f.Loses = to, nil
	for i, p := range all {
		place := p.blocks.Place
		switch {
		case to == asMarkdown && (was == asBlocks || was == asSource):
			*p.body, _ = akkoord.MarkdownOf(read[i])
		case to == asSource:
			*p.body = spread(akkoord.FormatBlocks(read[i]))
		case to == asBlocks && was != asBlocks:
			*p.body = ""
			*p.blocks, next = shownBlocks(read[i], place, next)
		}
		if to != asBlocks {
			p.blocks.Rows = nil
		}
	}
	return nil
}

// spread writes stored blocks for somebody to read and change: each value on a line.
func spread(blocks string) string {
	var b bytes.Buffer
	if blocks == "" || json.Indent(&b, []byte(blocks), "", "  ") != nil {
		return blocks
	}
	return b.String()
}
