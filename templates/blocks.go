package templates

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"akkoord"
)

// BlockList is what a mail or a column of it says, in blocks, as the form of a draft
// shows it.
type BlockList struct {
	Place string // main, v0 of the first variant, c3-0 of the first column of block 3
	Rows  []BlockRow
}

// BlockRow is a block as it is typed. Its fields are named b3-text, where 3 is its Number.
type BlockRow struct {
	Number                                                   int
	Kind, Place                                              string
	Text, Level, Title, Price, Image, Alt, URL, Label, Topic string
	Reader                                                   string   // whom it is for, as BlockReader.Value
	Interests                                                []string // slugs that it can be for
	Columns                                                  []BlockList
	Picture                                                  string // path of the picture, where it is one of ours
	Picking                                                  bool   // one of Pictures is to be chosen
	Pictures                                                 []PictureChoice
	Focus                                                    string // name of the field or button that is worked on; empty: none
	Errors                                                   FieldErrors
}

// PictureChoice is an uploaded picture.
type PictureChoice struct {
	ID, Path string
	At       time.Time
}

// BlockField is one labelled field of a block.
type BlockField struct {
	ID, Name string // Name: as the contract calls it
	As       string // line, area, level, picture, reader or hidden
	Value    string
	Optional bool
	Hint     bool // there is a text blocks.hint_KIND_NAME
	Focus    bool
	Wrong    *FieldError
}

// BlockAdd offers kinds of blocks for a place in a list.
type BlockAdd struct {
	Place string
	After int // number of the block before it; 0: the end of the list
	Kinds []akkoord.BlockKind
}

// blockFields are the fields of each kind, as the form shows them.
var blockFields = map[akkoord.BlockKind][]BlockField{
	akkoord.BlockHeading: {{Name: "text", As: "line"}, {Name: "level", As: "level"}},
	akkoord.BlockText:    {{Name: "text", As: "area", Hint: true}},
	akkoord.BlockImage:   {{Name: "image", As: "picture"}, {Name: "alt", As: "line", Hint: true}, {Name: "url", As: "line", Optional: true}, {Name: "topic", As: "line", Optional: true, Hint: true}},
	akkoord.BlockButton:  {{Name: "text", As: "line"}, {Name: "url", As: "line"}, {Name: "topic", As: "line", Optional: true, Hint: true}},
	akkoord.BlockOffer: {
		{Name: "title", As: "line"}, {Name: "price", As: "line", Optional: true, Hint: true}, {Name: "image", As: "picture", Optional: true}, {Name: "alt", As: "line", Hint: true}, {Name: "text", As: "area", Optional: true},
		{Name: "label", As: "line", Optional: true}, {Name: "url", As: "line", Optional: true}, {Name: "topic", As: "line", Optional: true, Hint: true},
	},
}

// BlockTexts are the names of all fields of blocks.
var BlockTexts = []string{"text", "level", "title", "price", "image", "alt", "url", "label", "topic", "reader"}

// Field gives where a field of a block is kept, by its name of BlockTexts.
func (r *BlockRow) Field(name string) *string {
	return map[string]*string{
		"text": &r.Text, "level": &r.Level, "title": &r.Title, "price": &r.Price, "image": &r.Image, "alt": &r.Alt, "url": &r.URL, "label": &r.Label, "topic": &r.Topic, "reader": &r.Reader,
	}[name]
}

// ID is the id of a field or button of the block.
func (r BlockRow) ID(name string) string { return fmt.Sprintf("b%d-%s", r.Number, name) }

// Fields are those that the block's kind has, then those that it holds besides: they
// are kept, and not shown.
func (r BlockRow) Fields() []BlockField {
	out := slices.Clone(blockFields[akkoord.BlockKind(r.Kind)])
	if r.Kind != string(akkoord.BlockFooter) && len(r.Interests)+len(r.Reader) > 0 {
		out = append(out, BlockField{Name: "reader", As: "reader", Hint: r.Reader != ""})
	}
	for _, name := range BlockTexts {
		if *r.Field(name) != "" && !slices.ContainsFunc(out, func(f BlockField) bool { return f.Name == name }) {
			out = append(out, BlockField{Name: name, As: "hidden"})
		}
	}
	for i := range out {
		f := &out[i]
		f.ID, f.Value, f.Focus, f.Wrong = r.ID(f.Name), *r.Field(f.Name), r.Focus == f.Name, r.Errors.For(r.ID(f.Name))
	}
	return out
}

// Shown reports whether the block has fields.
func (r BlockRow) Shown() bool { return len(r.Fields()) > 0 }

// First is the name of the field that is typed first, or of a button where there is none.
func (r BlockRow) First() string {
	if fields := blockFields[akkoord.BlockKind(r.Kind)]; len(fields) > 0 {
		return fields[0].Name
	}
	return "up"
}

// Levels are the values of a heading's level: 2 is written out, or left out as it was.
func (r BlockRow) Levels() []Option {
	two := ""
	if r.Level == "2" {
		two = "2"
	}
	return []Option{{Value: "1", Name: "1"}, {Value: two, Name: "2"}, {Value: "3", Name: "3"}}
}

// BlockReader is somebody whom a block can be for: everybody, only who chose an interest,
// or all but those.
type BlockReader struct{ Only, Except string }

// Value is how a form says it: nothing, only:SLUG, except:SLUG or both with a space between.
func (b BlockReader) Value() string {
	var out []string
	if b.Only != "" {
		out = append(out, "only:"+b.Only)
	}
	if b.Except != "" {
		out = append(out, "except:"+b.Except)
	}
	return strings.Join(out, " ")
}

// ParseBlockReader reads what Value writes, and takes nothing for everybody.
func ParseBlockReader(s string) (b BlockReader) {
	for part := range strings.FieldsSeq(s) {
		if slug, ok := strings.CutPrefix(part, "only:"); ok {
			b.Only = slug
		}
		if slug, ok := strings.CutPrefix(part, "except:"); ok {
			b.Except = slug
		}
	}
	return b
}

// Kind is all, only, except or both.
func (b BlockReader) Kind() string {
	switch {
	case b.Only != "" && b.Except != "":
		return "both"
	case b.Only != "":
		return "only"
	case b.Except != "":
		return "except"
	}
	return "all"
}

// Readers are those whom the block can be for, the one that it is for among them.
func (r BlockRow) Readers() []BlockReader {
	out := []BlockReader{{}}
	for _, slug := range r.Interests {
		out = append(out, BlockReader{Only: slug}, BlockReader{Except: slug})
	}
	if own := ParseBlockReader(r.Reader); !slices.Contains(out, own) {
		out = append(out, own)
	}
	return out
}

// Wrong is what is wrong with the block as a whole.
func (r BlockRow) Wrong() *FieldError { return r.Errors.For(r.ID("block")) }

// Inside reports whether the blocks stand in a column.
func (l BlockList) Inside() bool { return strings.HasPrefix(l.Place, "c") }

// End offers blocks for the end of the list.
func (l BlockList) End() BlockAdd { return BlockAdd{l.Place, 0, kindsAt(l.Place)} }

// After offers blocks for the place behind this one.
func (r BlockRow) After() BlockAdd { return BlockAdd{r.Place, r.Number, kindsAt(r.Place)} }

// kindsAt are the kinds that can stand in a list: in a column no columns and no footer.
func kindsAt(place string) []akkoord.BlockKind {
	if !(BlockList{Place: place}).Inside() {
		return akkoord.BlockKinds
	}
	return slices.DeleteFunc(slices.Clone(akkoord.BlockKinds), func(k akkoord.BlockKind) bool { return k == akkoord.BlockColumns || k == akkoord.BlockFooter })
}

func (l BlockList) focused() bool {
	return slices.ContainsFunc(l.Rows, func(r BlockRow) bool { return r.Focus != "" || slices.ContainsFunc(r.Columns, BlockList.focused) })
}
