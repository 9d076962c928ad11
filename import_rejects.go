package akkoord

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
)

// RejectWriter writes the refused rows of an import as CSV: where each
// stands in the file, why it was refused, and its columns as they were, so that
// the file can be mended and imported in its turn. What a spreadsheet would
// take for a formula gets an apostrophe before it.
type RejectWriter struct{ csv *csv.Writer }

// NewRejectWriter writes the header: our own columns before those of the file.
func NewRejectWriter(w io.Writer, header []string) (*RejectWriter, error) {
	if len(header) == 0 {
		header = []string{"row"}
	}
	r := &RejectWriter{csv.NewWriter(w)}
	return r, r.csv.Write(inert(append([]string{"line", "reason", "explanation"}, header...)))
}

// Write writes one row.
func (r *RejectWriter) Write(row ImportedRow) error {
	return r.csv.Write(inert(append([]string{strconv.FormatInt(row.Line, 10), row.Code, row.Why}, row.Fields...)))
}

// Flush writes what waits, and gives the first error of all writing.
func (r *RejectWriter) Flush() error {
	r.csv.Flush()
	return r.csv.Error()
}

func inert(fields []string) []string {
	for i, f := range fields {
		if f != "" && strings.ContainsRune("=+-@\t\r", rune(f[0])) {
			fields[i] = "'" + f
		}
	}
	return fields
}
