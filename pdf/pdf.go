// Package pdf writes plain documents that people print and file: headings,
// paragraphs, facts, tables, and page numbers. The same document gives the
// same bytes.
package pdf

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
)

// About is what a document says of itself.
type About struct {
	Title    string
	Author   string
	Language string    // BCP 47
	MadeAt   time.Time // the date in the file
	// Footer stands at the left of each page's foot; empty for none.
	Footer string
	// Page is how "page {page} of {pages}" is said, with these two words in it;
	// empty: "{page} / {pages}".
	Page string
}

// Fact is a line of Document.Facts.
type Fact struct{ Label, Value string }

// Document is an A4 document that grows from the top. What goes wrong on the
// way is told by Bytes.
type Document struct {
	f     *fpdf.Fpdf
	fonts map[string]*sfnt.Font // by family
	buf   sfnt.Buffer
}

// Sizes in millimetres, and of letters in points.
const (
	margin = 22
	body   = 10
	small  = 8.5
	line   = 5 // of body text
	indent = 6
	label  = 46 // width of the labels of facts
)

// pages stands in the text until it is known how many there are. It is a letter that no
// text has, and neither has one that ends in its first byte before one that begins with
// its second, since it is looked for byte by byte: U+E000 was found in "à ".
const pages = "\ue0e5"

// New begins a document.
func New(about About) *Document {
	d := &Document{f: fpdf.New("P", "mm", "A4", ""), fonts: map[string]*sfnt.Font{}}
	d.f.SetCatalogSort(true)
	d.f.SetCreationDate(about.MadeAt.UTC())
	d.f.SetModificationDate(about.MadeAt.UTC())
	d.f.SetProducer("Akkoord", true)
	d.f.SetLang(about.Language)
	d.f.SetMargins(margin, margin, margin)
	d.f.SetAutoPageBreak(true, margin)
	d.font("text", "", goregular.TTF)
	d.font("text", "B", gobold.TTF)
	d.font("mono", "", gomono.TTF)
	d.f.SetTitle(d.drawable("text", about.Title), true)
	d.f.SetAuthor(d.drawable("text", about.Author), true)
	d.f.AliasNbPages(pages)
	d.f.SetFooterFunc(func() { d.foot(about) })
	d.f.AddPage()
	return d
}

func (d *Document) font(family, style string, ttf []byte) {
	d.f.AddUTF8FontFromBytes(family, style, bytes.Clone(ttf)) // it writes into them
	if style != "" {
		return // has the same letters
	}
	font, err := sfnt.Parse(ttf)
	if err != nil {
		d.f.SetError(err)
		return
	}
	d.fonts[family] = font
}

func (d *Document) foot(about About) {
	d.f.SetY(-margin + line)
	d.use("text", "", small, 110)
	d.f.CellFormat(120, line, d.drawable("text", about.Footer), "", 0, "L", false, 0, "")
	words := strings.NewReplacer("{page}", fmt.Sprint(d.f.PageNo()), "{pages}", pages)
	// The alias is narrower than the number it stands for.
	d.f.CellFormat(0, line, words.Replace(cmp.Or(about.Page, "{page} / {pages}"))+" ", "", 0, "R", false, 0, "")
}

func (d *Document) use(family, style string, size float64, grey int) {
	d.f.SetFont(family, style, size)
	d.f.SetTextColor(grey, grey, grey)
}

// drawable gives a text in letters that a font has: others are written as their
// code point, like [U+1F3BF], so that nothing goes missing unseen.
func (d *Document) drawable(family, text string) string {
	var out strings.Builder
	for _, r := range strings.ToValidUTF8(text, "\ufffd") {
		switch {
		case r == '\n':
			out.WriteRune(r)
		case (r == '\u00a0' || r == '\u202f') && d.has(family, '\u00a0'):
			out.WriteRune('\u00a0') // no line is broken there
		case r == '\t' || r == '\u00a0' || r == '\u2009' || r == '\u202f':
			out.WriteByte(' ')
		case r == '\u00ad' || r == '\u200b' || r == '\r': // a place to break at
		case d.has(family, r):
			out.WriteRune(r)
		default:
			fmt.Fprintf(&out, "[U+%04X]", r)
		}
	}
	return out.String()
}

func (d *Document) has(family string, r rune) bool {
	font := d.fonts[family]
	if font == nil || r < ' ' || r > 0xffff {
		return false
	}
	n, err := font.GlyphIndex(&d.buf, r)
	return err == nil && n != 0
}

// Title begins the document.
func (d *Document) Title(text string) {
	d.use("text", "B", 20, 20)
	d.write("text", 9, text)
	d.f.Ln(5)
}

// Heading begins a part, which readers find in the document's outline.
func (d *Document) Heading(text string) {
	d.keep(30)
	d.f.Ln(4)
	d.f.Bookmark(d.drawable("text", text), 0, -1)
	d.use("text", "B", 13, 20)
	d.write("text", 7, text)
	d.f.Ln(1.5)
}

// Subheading begins a part of a part.
func (d *Document) Subheading(text string) {
	d.keep(20)
	d.f.Ln(2)
	d.use("text", "B", body, 20)
	d.write("text", line+0.5, text)
	d.f.Ln(0.5)
}

// Paragraph writes a text; a line break in it is one on the page.
func (d *Document) Paragraph(text string) {
	d.use("text", "", body, 30)
	d.write("text", line, text)
	d.f.Ln(2)
}

// Note writes a text in small grey letters.
func (d *Document) Note(text string) {
	d.keep(3 * line) // not alone at the foot of a page, where it says what follows
	d.use("text", "", small, 90)
	d.write("text", line-0.8, text)
	d.f.Ln(2)
}

// Item writes a text with a mark before it, such as "1." or "•".
func (d *Document) Item(mark, text string) {
	d.use("text", "", body, 30)
	d.f.CellFormat(indent, line, d.drawable("text", mark), "", 0, "L", false, 0, "")
	d.inset(indent, func() { d.write("text", line, text) })
	d.f.Ln(1)
}

// Quote writes somebody's literal words, with a bar beside them.
func (d *Document) Quote(text string) {
	d.use("text", "", body, 30)
	d.f.SetDrawColor(150, 150, 150)
	d.f.SetLineWidth(0.6)
	d.inset(indent, func() {
		for _, part := range d.split("text", text) {
			d.keep(line)
			top := d.f.GetY()
			d.f.CellFormat(0, line, part, "", 1, "L", false, 0, "")
			d.f.Line(margin+2, top, margin+2, top+line)
		}
	})
	d.f.Ln(2)
}

// Code writes letters of one width, such as hashes and commands.
func (d *Document) Code(text string) {
	d.use("mono", "", small, 30)
	d.write("mono", line-0.6, text)
	d.f.Ln(2)
}

// Facts writes names and values beside each other. Facts without a value are
// left out.
func (d *Document) Facts(facts ...Fact) {
	for _, fact := range facts {
		if fact.Value == "" {
			continue
		}
		d.use("text", "", body, 110)
		names := d.splitTo("text", fact.Label, label-3)
		d.use("text", "", body, 20)
		values := d.splitTo("text", fact.Value, d.width()-label)
		for i := range max(len(names), len(values)) {
			d.keep(line)
			d.use("text", "", body, 110)
			d.f.CellFormat(label, line, at(names, i), "", 0, "L", false, 0, "")
			d.use("text", "", body, 20)
			d.f.CellFormat(0, line, at(values, i), "", 1, "L", false, 0, "")
		}
		d.f.Ln(0.8)
	}
	d.f.Ln(2)
}

// Bytes ends the document.
func (d *Document) Bytes() ([]byte, error) {
	var out bytes.Buffer
	if err := d.f.Output(&out); err != nil {
		return nil, fmt.Errorf("write a PDF: %w", err)
	}
	return out.Bytes(), nil
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

// write writes a text in the font in use over the whole width.
func (d *Document) write(family string, height float64, text string) {
	for _, part := range d.split(family, text) {
		d.f.CellFormat(0, height, part, "", 1, "L", false, 0, "")
	}
}

// inset moves the left margin while f writes.
func (d *Document) inset(by float64, f func()) {
	left, _, _, _ := d.f.GetMargins()
	d.f.SetLeftMargin(left + by)
	d.f.SetX(left + by)
	f()
	d.f.SetLeftMargin(left)
	d.f.SetX(left)
}

// keep begins a new page when less than a height is left of this one.
func (d *Document) keep(height float64) {
	if _, total := d.f.GetPageSize(); d.f.GetY()+height > total-margin {
		d.f.AddPage()
	}
}

// width is what is left of the page between the margins.
func (d *Document) width() float64 {
	total, _ := d.f.GetPageSize()
	left, _, right, _ := d.f.GetMargins()
	return total - left - right
}

func (d *Document) split(family, text string) []string { return d.splitTo(family, text, d.width()) }

// splitTo cuts a text into lines that fit, at spaces, or anywhere where a word
// is longer than a line.
func (d *Document) splitTo(family, text string, width float64) []string {
	width -= 2*d.f.GetCellMargin() + 0.1
	var out []string
	for part := range strings.SplitSeq(d.drawable(family, strings.TrimRight(text, "\n")), "\n") {
		now := ""
		for word := range strings.SplitSeq(part, " ") {
			switch longer := now + " " + word; {
			case now == "":
				now = word
			case d.f.GetStringWidth(longer) <= width:
				now = longer
			default:
				out, now = append(out, now), word
			}
			for d.f.GetStringWidth(now) > width {
				head, rest := d.cut(now, width)
				out, now = append(out, head), rest
			}
		}
		out = append(out, now)
	}
	return out
}

// cut takes as many letters off a word as fit, one at least.
func (d *Document) cut(word string, width float64) (head, rest string) {
	end := 0
	for i, r := range word {
		next := i + len(string(r))
		if end > 0 && d.f.GetStringWidth(word[:next]) > width {
			break
		}
		end = next
	}
	return word[:end], word[end:]
}
