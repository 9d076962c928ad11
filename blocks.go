package akkoord

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// BlockKind is what a block of a mail is.
type BlockKind string

// The kinds of blocks.
const (
	BlockHeading BlockKind = "heading" // Text, Level
	BlockText    BlockKind = "text"    // Text in Markdown
	BlockImage   BlockKind = "image"   // Image, Alt; URL where it leads somewhere
	BlockButton  BlockKind = "button"  // Text, URL
	BlockColumns BlockKind = "columns" // Columns
	BlockOffer   BlockKind = "offer"   // Title; Image, Alt, Text in Markdown, Price, Label and URL as there are
	BlockDivider BlockKind = "divider"
	BlockFooter  BlockKind = "footer" // where the footer comes, which is the end; it comes without it too
)

// BlockKinds are all of them.
var BlockKinds = []BlockKind{BlockHeading, BlockText, BlockImage, BlockButton, BlockColumns, BlockOffer, BlockDivider, BlockFooter}

// Block is one part of a mail that is written in blocks (ADR 46). All of its texts and
// addresses can hold fields, an address not before its path.
type Block struct {
	Kind    BlockKind `json:"kind" enum:"heading,text,image,button,columns,offer,divider,footer"`
	Text    string    `json:"text,omitempty" doc:"Words of a heading or button; Markdown of a text or offer."`
	Level   int       `json:"level,omitempty" doc:"Of a heading: 1 to 3; 2 when left out."`
	Title   string    `json:"title,omitempty" doc:"Of an offer."`
	Price   string    `json:"price,omitempty" doc:"Of an offer, in words like from € 299."`
	Image   string    `json:"image,omitempty" doc:"Address of a picture: of an image, and of an offer if it has one."`
	Alt     string    `json:"alt,omitempty" doc:"What is said in place of the picture; empty: it only decorates."`
	URL     string    `json:"url,omitempty" doc:"Where a button, an image or an offer leads."`
	Label   string    `json:"label,omitempty" doc:"Words of an offer's button."`
	Topic   string    `json:"topic,omitempty" doc:"What the link is about, where clicks on it may teach interests."`
	Only    string    `json:"only,omitempty" doc:"Slug of an interest: only who chose it sees the block."`
	Except  string    `json:"except,omitempty" doc:"Slug of an interest: who chose it does not see the block."`
	Columns [][]Block `json:"columns,omitempty" doc:"Two or three columns of blocks, none of which are columns or the footer."`
}

// The bounds of a mail in blocks.
const (
	MaxBlocks  = 100 // columns' own counted
	maxColumns = 3

	defaultLevel = 2 // of a heading
)

// ParseBlocks reads a list of blocks as JSON and checks it. Errors are those of
// CheckBlocks, and blocks_invalid about the field blocks.
func ParseBlocks(s string) ([]Block, error) {
	if err := CheckText("blocks", s, Limits.Content); err != nil {
		return nil, err
	}
	d := json.NewDecoder(strings.NewReader(s))
	d.DisallowUnknownFields()
	var all []Block
	if err := d.Decode(&all); err != nil {
		return nil, Fieldf("blocks", "blocks_invalid", "The blocks are not a list of blocks as JSON.")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, Fieldf("blocks", "blocks_invalid", "The blocks are more than one list.")
	}
	return all, CheckBlocks(all)
}

// FormatBlocks writes blocks as they are stored: the same list, the same text; empty
// for none.
func FormatBlocks(all []Block) string {
	if len(all) == 0 {
		return ""
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(all); err != nil {
		panic(err) // strings and numbers alone
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// CheckBlocks reports the first thing wrong with a list of blocks. Its field is the path
// of what is wrong in the list, like blocks[2].columns[0][1].url.
func CheckBlocks(all []Block) error {
	n := 0
	if err := checkBlocks(all, &n, "blocks", false); err != nil {
		return err
	}
	return checkReaders(all)
}

func checkBlocks(all []Block, n *int, path string, inside bool) error {
	for i, b := range all {
		at := blockPlace{path: fmt.Sprintf("%s[%d]", path, i)}
		if *n++; *n > MaxBlocks {
			return Fieldf(at.path, "block_count", "A mail has at most %d blocks, those in columns counted.", MaxBlocks)
		}
		at.n = *n
		if err := b.check(at, inside); err != nil {
			return err
		}
		if b.Kind == BlockFooter && i != len(all)-1 {
			return at.fault("", "block_footer", "the footer comes last.")
		}
		for c, column := range b.Columns {
			if err := checkBlocks(column, n, fmt.Sprintf("%s.columns[%d]", at.path, c), true); err != nil {
				return err
			}
		}
	}
	return nil
}

// blockPlace is where a block stands: its path, and its number in reading order.
type blockPlace struct {
	path string
	n    int
}

// fault says what is wrong with a block, or with one of its texts.
func (p blockPlace) fault(text, code, what string) error {
	path := p.path
	if text != "" {
		path += "." + text
	}
	return Fieldf(path, code, "Block %d: %s", p.n, what)
}

// check reports the first thing wrong with a block by itself.
func (b Block) check(at blockPlace, inside bool) error {
	for _, t := range b.texts() {
		if utf8.RuneCountInString(*t.text) > t.limit {
			return at.fault(t.name, "text_too_long", t.name+" is too long.")
		}
		err := CheckText("blocks", *t.text, Limits.Content)
		if t.line {
			err = CheckLine("blocks", *t.text, Limits.Content)
		}
		if err != nil {
			return at.fault(t.name, CodeOf(err), t.name+": "+err.Error())
		}
	}
	blank := func(s string) bool { return strings.TrimSpace(s) == "" }
	missing := func(text, what string) error {
		return at.fault(text, "block_incomplete", "a "+string(b.Kind)+" needs "+what+".")
	}
	for _, s := range []struct{ name, slug string }{{"topic", b.Topic}, {"only", b.Only}, {"except", b.Except}} {
		if s.slug == "" {
			continue
		}
		if err := CheckSlug("blocks", s.slug); err != nil {
			return at.fault(s.name, "slug_invalid", s.name+": "+err.Error())
		}
	}
	if b.Kind == BlockFooter && b.Only+b.Except != "" {
		return at.fault("", "block_footer", "the footer comes last, for everybody.")
	}
	if b.Kind != BlockColumns && len(b.Columns) > 0 {
		return at.fault("columns", "block_columns", "only columns have columns.")
	}
	switch b.Kind {
	case BlockHeading:
		if blank(b.Text) {
			return missing("text", "text")
		}
		if b.Level < 0 || b.Level > 3 {
			return at.fault("level", "block_level", "the level of a heading is 1 to 3.")
		}
	case BlockText:
		if blank(b.Text) {
			return missing("text", "text")
		}
	case BlockImage:
		if blank(b.Image) {
			return missing("image", "the address of a picture in image")
		}
	case BlockButton:
		switch {
		case blank(b.Text):
			return missing("text", "text and url")
		case blank(b.URL):
			return missing("url", "text and url")
		}
	case BlockOffer:
		switch {
		case blank(b.Title):
			return missing("title", "title")
		case !blank(b.Label) && blank(b.URL):
			return missing("url", "url, where it has a label")
		}
	case BlockColumns:
		if inside || len(b.Columns) < 2 || len(b.Columns) > maxColumns {
			return at.fault("columns", "block_columns", "there are two or three columns, and none inside another.")
		}
	case BlockDivider:
	case BlockFooter:
		if inside {
			return at.fault("", "block_footer", "the footer comes last, and stands in no column.")
		}
	default:
		return at.fault("kind", "block_kind", "there is no such kind of block.")
	}
	return nil
}

// blockText is one of a block's texts.
type blockText struct {
	name  string
	text  *string
	limit int // characters
	line  bool
}

// texts gives all texts of a block but those of its columns.
func (b *Block) texts() []blockText {
	return []blockText{
		{"text", &b.Text, Limits.Content, b.Kind != BlockText && b.Kind != BlockOffer}, {"title", &b.Title, Limits.Subject, true}, {"price", &b.Price, Limits.Subject, true},
		{"image", &b.Image, Limits.FilterText, true}, {"alt", &b.Alt, Limits.Text, true}, {"url", &b.URL, Limits.FilterText, true},
		{"label", &b.Label, Limits.Subject, true}, {"topic", &b.Topic, Limits.Slug, true},
		{"only", &b.Only, Limits.Slug, true}, {"except", &b.Except, Limits.Slug, true},
	}
}

// MapBlocks gives blocks with each text replaced by what a function gives for it; the
// first error ends it. The blocks themselves stay as they are.
func MapBlocks(all []Block, f func(text string) (string, error)) ([]Block, error) {
	out := make([]Block, len(all))
	for i, b := range all {
		for _, t := range b.texts() {
			changed, err := f(*t.text)
			if err != nil {
				return nil, AtField("blocks", err)
			}
			*t.text = changed
		}
		columns := b.Columns
		b.Columns = nil
		for _, column := range columns {
			mapped, err := MapBlocks(column, f)
			if err != nil {
				return nil, err
			}
			b.Columns = append(b.Columns, mapped)
		}
		out[i] = b
	}
	return out, nil
}

// checkBlockFields reports the first thing wrong with the fields of blocks, of which there
// are at most as many as in one text. Errors are those of ParseTemplate.
func checkBlockFields(all []Block) error {
	fields := 0
	_, err := MapBlocks(all, func(text string) (string, error) {
		t, err := ParseTemplate(text)
		for _, p := range t.Parts() {
			if p.Field != "" {
				fields++
			}
		}
		if err == nil && fields > MaxMergeFields {
			err = Errorf(Invalid, "template_invalid", "There are more than %d fields in this mail.", MaxMergeFields)
		}
		return text, err
	})
	return err
}
