package akkoord

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// ImportReader reads the rows of a file of addresses: CSV with commas,
// semicolons or tabs, or NDJSON. It holds one row at a time. Rows that are
// not UTF-8 are read as Windows-1252.
type ImportReader struct {
	now     time.Time
	spec    ImportSpec
	csv     *csv.Reader
	lines   *bufio.Reader
	limit   *recordLimit
	columns *columns
	base    ImportMark // where csv or lines begin
	mark    ImportMark // after the row that was read last
	weight  int64
	sets    map[string]*columns
	keep    bool
}

// NewImportReader reads the head of a file as an import of it says, and goes on at a
// mark that an earlier reader of the same file gave; the zero mark is the first row.
// now is what times of rows are held against. A file that can't be read is Invalid
// and named "file".
func NewImportReader(file io.ReadSeeker, spec ImportSpec, from ImportMark, now time.Time) (*ImportReader, error) {
	r := &ImportReader{now: now, spec: spec, limit: &recordLimit{left: int64(Limits.ImportRecord)}, sets: map[string]*columns{}}
	head := make([]byte, 64<<10)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	head = head[:n]
	if err := foreign(head); err != nil {
		return nil, err
	}
	bom := int64(0)
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		bom, head = 3, head[3:]
	}
	text := bytes.TrimLeft(head, " \t\r\n")
	switch {
	case len(text) == 0:
		return nil, Fieldf("file", "file_empty", "The file is empty.")
	case text[0] == '[':
		return nil, Fieldf("file", "json_list", "The file is a JSON list; write one object a line (NDJSON), or CSV.")
	case text[0] == '{':
		return r, r.openLines(file, max(from.Offset, bom), from.Line)
	}
	return r, r.openCSV(file, from, bom, separator(head))
}

// foreign refuses files that are no text of one byte per letter.
func foreign(head []byte) error {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0")):
		return Fieldf("file", "file_spreadsheet", "The file is a spreadsheet or an archive; save it as CSV (UTF-8) first.")
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")), bytes.IndexByte(head[:min(len(head), 512)], 0) >= 0:
		return Fieldf("file", "file_utf16", "The file is UTF-16 or no text; save it as CSV (UTF-8) first.")
	}
	return nil
}

// separator tells what stands between the columns of a header.
func separator(head []byte) rune {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	best, most := ',', 0
	for _, sep := range []rune{',', ';', '\t'} {
		n, quoted := 0, false
		for _, b := range line {
			switch {
			case b == '"':
				quoted = !quoted
			case rune(b) == sep && !quoted:
				n++
			}
		}
		if n > most {
			best, most = sep, n
		}
	}
	return best
}

func (r *ImportReader) seek(file io.ReadSeeker, at ImportMark) (*bufio.Reader, error) {
	if _, err := file.Seek(at.Offset, io.SeekStart); err != nil {
		return nil, err
	}
	r.base, r.mark = at, at
	r.limit.from = file
	return bufio.NewReaderSize(r.limit, 64<<10), nil
}

func (r *ImportReader) openCSV(file io.ReadSeeker, from ImportMark, bom int64, comma rune) error {
	open := func(at ImportMark) error {
		in, err := r.seek(file, at)
		if err != nil {
			return err
		}
		r.csv = csv.NewReader(in)
		r.csv.Comma, r.csv.FieldsPerRecord = comma, -1
		return nil
	}
	if err := open(ImportMark{Offset: bom}); err != nil {
		return err
	}
	header, _, err := r.record()
	if err != nil {
		if errors.Is(err, io.EOF) || errors.As(err, new(*csv.ParseError)) {
			return Fieldf("file", "header_broken", "The first line of the file can't be read; it has to name the columns, like email,name,confirmed_at.")
		}
		return err
	}
	if !decoded(header) {
		return Fieldf("file", "encoding_unknown", "The file is neither UTF-8 nor Windows-1252; save it as CSV (UTF-8) first.")
	}
	if r.columns, err = newColumns(header, r.spec); err != nil || from.Offset <= r.mark.Offset {
		return err
	}
	return open(from)
}

func (r *ImportReader) openLines(file io.ReadSeeker, offset, line int64) error {
	var err error
	if r.lines, err = r.seek(file, ImportMark{offset, line}); err != nil {
		return err
	}
	r.columns, err = newColumns([]string{"email"}, r.spec)
	return err
}

// record reads the next record of CSV and the line where it begins.
func (r *ImportReader) record() ([]string, int64, error) {
	r.limit.left = int64(Limits.ImportRecord)
	fields, err := r.csv.Read()
	line := r.mark.Line + 1
	r.mark.Offset = r.base.Offset + r.csv.InputOffset()
	if broken, ok := errors.AsType[*csv.ParseError](err); ok {
		line = r.base.Line + int64(broken.StartLine)
		r.mark.Line = r.base.Line + int64(broken.Line)
	} else if err == nil {
		first, _ := r.csv.FieldPos(0)
		last, _ := r.csv.FieldPos(len(fields) - 1)
		line = r.base.Line + int64(first)
		r.mark.Line = r.base.Line + int64(last) + int64(strings.Count(fields[len(fields)-1], "\n"))
	}
	if errors.Is(err, errRecordLimit) {
		return nil, line, Fieldf("file", "row_too_long", "The row that begins in line %d is longer than %d bytes; a quote in it may have no end.", line, Limits.ImportRecord)
	}
	return fields, line, err
}

// Next reads the next row, and gives io.EOF after the last. A row that can't
// be used is no error: its Refused says why.
func (r *ImportReader) Next() (ImportRow, error) {
	r.weight = -r.mark.Offset
	if r.lines != nil {
		return r.nextLine()
	}
	fields, line, err := r.record()
	r.weigh(len(fields))
	if errors.As(err, new(*csv.ParseError)) {
		return ImportRow{Line: line, Fields: fields[:min(len(fields), Limits.ImportColumns)], Refused: Fieldf("", "row_malformed", "The quotes of this row don't match.")}, nil
	}
	if err != nil {
		return ImportRow{}, err
	}
	return r.columns.row(line, fields, r.now), nil
}

// weigh adds what the file has of the row that was read last, and its fields.
func (r *ImportReader) weigh(fields int) { r.weight += r.mark.Offset + fieldWeight*int64(fields) }

const fieldWeight = 16 // bytes of memory that a field has besides its own

// Weight gives about how many bytes of memory the row that was read last takes. It
// depends on nothing but the file.
func (r *ImportReader) Weight() int64 { return r.weight }

// nextLine reads the next object of NDJSON.
func (r *ImportReader) nextLine() (ImportRow, error) {
	text, err := r.line()
	if err != nil {
		return ImportRow{}, err
	}
	r.weigh(bytes.Count(text, []byte(",")) + 1) // at least as many as its keys
	return r.object(text), nil
}

// line reads the next line of NDJSON, passing over empty ones.
func (r *ImportReader) line() ([]byte, error) {
	for {
		r.limit.left = int64(Limits.ImportRecord)
		text, err := r.lines.ReadBytes('\n')
		r.mark.Offset += int64(len(text))
		if len(text) > 0 {
			r.mark.Line++
		}
		if errors.Is(err, errRecordLimit) {
			return nil, Fieldf("file", "row_too_long", "Line %d is longer than %d bytes.", r.mark.Line, Limits.ImportRecord)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if text = bytes.TrimSpace(text); len(text) > 0 {
			return text, nil
		}
		if err != nil {
			return nil, io.EOF
		}
	}
}

// object reads a row from a JSON object, whose keys are its columns.
func (r *ImportReader) object(text []byte) ImportRow {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(text, &values); err != nil || values == nil {
		return ImportRow{Line: r.mark.Line, Fields: []string{string(text)}, Refused: Fieldf("", "row_malformed", "The line is no JSON object.")}
	}
	names := slices.Sorted(maps.Keys(values))
	key := strings.Join(names, "\x00")
	set, ok := r.sets[key]
	if !ok {
		var err error
		if set, err = newColumns(names, r.spec); err != nil {
			refused := Fieldf("email", "email_missing", "The row has no e-mail address.")
			if code := CodeOf(err); code != "column_missing" && code != "header_missing" {
				refused = asError(err)
			}
			return ImportRow{Line: r.mark.Line, Fields: []string{string(text)}, Refused: refused}
		}
		if len(r.sets) < maxColumnSets {
			r.sets[key] = set
		}
	}
	fields := make([]string, len(names))
	for i, name := range names {
		fields[i] = plainJSON(values[name])
	}
	row := set.row(r.mark.Line, fields, r.now)
	if row.Refused != nil || r.keep {
		row.Fields = []string{string(text)}
	}
	return row
}

// maxColumnSets bounds how many different sets of keys are remembered.
const maxColumnSets = 64

// plainJSON gives a value as a column of CSV would hold it: a list of strings
// has semicolons between, and what is made of others stays JSON.
func plainJSON(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s // null too
	}
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return strings.Join(list, ";")
	}
	return string(raw)
}

// KeepFields has each row keep its fields, also one that can be used: whether it
// has the facts of the import's basis is seen later.
func (r *ImportReader) KeepFields() {
	r.keep = true
	r.columns.keep = true
}

// Mark gives the place after the last row that was read.
func (r *ImportReader) Mark() ImportMark { return r.mark }

// Header names the columns; of NDJSON, which names them in each row, none.
func (r *ImportReader) Header() []string {
	if r.lines != nil {
		return []string{}
	}
	return r.columns.names
}

// Ignored names the columns that are read for nothing.
func (r *ImportReader) Ignored() []string {
	if r.lines == nil {
		return r.columns.ignored()
	}
	out := []string{}
	for _, set := range r.sets {
		for _, name := range set.ignored() {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return out
}

// recordLimit stops reading when one record takes too many bytes, so that a
// quote without an end does not fill the memory.
type recordLimit struct {
	from io.Reader
	left int64
}

var errRecordLimit = errors.New("the record is too long")

func (l *recordLimit) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("read row: %w", errRecordLimit)
	}
	n, err := l.from.Read(p)
	l.left -= int64(n)
	return n, err
}
