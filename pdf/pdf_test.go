package pdf_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"akkoord/pdf"
	"akkoord/pdf/pdftest"
)

// sample is a document with one of everything, long enough for three pages.
func sample() *pdf.Document {
	d := pdf.New(pdf.About{
		Title: "Bewijs van toestemming", Author: "Reisbureau De Vlinder", Language: "nl", Footer: "Anouk de Vries · 3f9c",
		MadeAt: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), Page: "bladzijde {page} van {pages}",
	})
	d.Title("Bewijs van toestemming van één persoon")
	d.Paragraph("Dit is een alinea, met diakrieten: Zoë, façade, Łódź, Ελλάδα, Київ. " + strings.Repeat("Woorden genoeg om over de regel te gaan. ", 6))
	d.Heading("Feiten")
	d.Facts(
		pdf.Fact{Label: "E-mailadres", Value: "anouk@voorbeeld.example"},
		pdf.Fact{Label: "Wie het ook maar was die dit met een lang label vroeg", Value: strings.Repeat("lang ", 40)},
		pdf.Fact{Label: "Leeg", Value: ""},
		pdf.Fact{Label: "Sneeuw", Value: "Zoë 🎿"},
	)
	d.Quote("Ja, ik wil mails over wintersport.\nIk kan me altijd afmelden.")
	d.Item("1.", strings.Repeat("Een stap die meer dan een regel nodig heeft. ", 4))
	d.Subheading("Vingerafdruk")
	d.Code(strings.Repeat("0123456789abcdef", 16))
	d.Note("Kleine letters.")
	var rows [][]string
	for i := range 80 {
		rows = append(rows, []string{fmt.Sprint(i), "24 november 2026 12:00", strings.Repeat("x", i)})
	}
	d.Table([]pdf.Column{{Name: "Nr.", Width: 1}, {Name: "Wanneer", Width: 3}, {Name: "Wat", Width: 4}}, rows)
	return d
}

func write(t *testing.T, d *pdf.Document) []byte {
	t.Helper()
	b, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTheSameDocumentGivesTheSameBytes(t *testing.T) {
	first := write(t, sample())
	if path := os.Getenv("AKKOORD_PDF_SAMPLE"); path != "" {
		if err := os.WriteFile(path, first, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if !bytes.Equal(first, write(t, sample())) {
			t.Fatal("it was written otherwise the second time")
		}
	}
	if !bytes.HasPrefix(first, []byte("%PDF-1.")) || !bytes.HasSuffix(bytes.TrimSpace(first), []byte("%%EOF")) {
		t.Error("it is no whole PDF file")
	}
	if len(first) > 100_000 {
		t.Errorf("it has %d bytes; only the letters in use belong in it", len(first))
	}
}

func TestADocumentShowsAllThatWasWritten(t *testing.T) {
	file := write(t, sample())
	got := pdftest.Text(file)
	for _, want := range []string{
		"Bewijs van toestemming van één persoon\n", "Zoë, façade, Łódź, Ελλάδα, Київ", "anouk@voorbeeld.example\n", "E-mailadres\n",
		"Ja, ik wil mails over wintersport.\nIk kan me altijd afmelden.\n", "Zoë [U+1F3BF]\n", "Kleine letters.\n",
		"bladzijde 1 van 3", "bladzijde 3 van 3", "Anouk de Vries · 3f9c\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in it", want)
		}
	}
	if strings.Contains(got, "Leeg") {
		t.Error("a fact without a value is in it")
	}
	if n := strings.Count(got, "Wanneer\n"); n != 3 {
		t.Errorf("the head of the table stands on %d pages, want 3", n)
	}
	if n := strings.Count(got, "x"); n < 80*79/2 {
		t.Errorf("%d letters of the table's last column are in it, want %d", n, 80*79/2)
	}
	if n := strings.Count(strings.ReplaceAll(got, "\n", ""), strings.Repeat("0123456789abcdef", 16)); n != 1 {
		t.Error("a long word is not in it whole")
	}
	if !bytes.Contains(file, []byte("/Lang (nl)")) {
		t.Error("the language is not in it")
	}
}

// A no-break space holds on to what stands before it, at each width of a line.
func TestNoLineIsBrokenAtANoBreakSpace(t *testing.T) {
	d := pdf.New(pdf.About{MadeAt: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)})
	for n := range 40 {
		d.Paragraph(strings.Repeat("x", n) + strings.Repeat(" mot\u00a0:", 60))
	}
	lines := strings.Split(pdftest.Text(write(t, d)), "\n")
	if len(lines) < 80 {
		t.Fatalf("only %d lines", len(lines))
	}
	for _, l := range lines {
		if strings.HasPrefix(l, ":") || strings.HasSuffix(l, "mot") {
			t.Errorf("a line is %q", l)
		}
	}
}

// Every letter is what it was, whatever stands behind it.
func TestEachLetterStaysItself(t *testing.T) {
	d := pdf.New(pdf.About{Title: "Letters", Language: "fr", Footer: "à la page"})
	var want []string
	for r := rune('!'); r < 0x530; r++ {
		s := string([]rune{r, ' ', r, 'a', r, 'à', r, 'ж', r})
		d.Paragraph(s)
		want = append(want, s)
	}
	got := pdftest.Text(write(t, d))
	for _, s := range want {
		if r, _ := utf8.DecodeRuneInString(s); !strings.Contains("\n"+got, "\n"+s+"\n") && !strings.Contains(got, fmt.Sprintf("[U+%04X] ", r)) && !unicode.IsSpace(r) && r != '\u00ad' {
			t.Errorf("%q is not in it", s)
		}
	}
}

// Whoever writes a name can't break the file.
func TestAnyTextCanBeWritten(t *testing.T) {
	for _, s := range []string{"", "\x00\x01", "\xff\xfe", ") Tj ET (", `\`, "\r\n\t", "👨‍👩‍👧", strings.Repeat("ж", 500), "שלום", "中文"} {
		d := pdf.New(pdf.About{Title: s, Author: s, Language: "nl", Footer: s})
		d.Title(s)
		d.Heading(s)
		d.Facts(pdf.Fact{Label: s, Value: s})
		d.Quote(s)
		d.Table([]pdf.Column{{Name: s, Width: 1}}, [][]string{{s}, {}})
		if _, err := d.Bytes(); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
}
