package akkoord

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// PreviewKept is how long the file of a preview is kept since it was brought.
const PreviewKept = 24 * time.Hour

// ImportUpdated marks the examples of a preview's rows that leave somebody's standing
// as it is and bring other values of attributes. Their outcome is ImportUnchanged.
const ImportUpdated ImportOutcome = "updated"

// Effects counts the rows that do something, as far as was looked.
func (t ImportTally) Effects() int64 {
	return t.Outcomes[ImportAdded] + t.Outcomes[ImportChanged] + t.Outcomes[ImportHeldBack] + t.Outcomes[ImportOptOut] + t.Updated
}

// Ended reports whether nothing more is done with an import by itself.
func (i Import) Ended() bool { return i.State == ImportDone || i.State == ImportFailed }

// Kept reports whether a preview ended and its file is there.
func (i Import) Kept() bool { return i.Spec.Preview && i.Ended() && i.Spool != "" }

// KeptUntil gives when the file of a preview is deleted.
func (i Import) KeptUntil() time.Time { return i.CreatedAt.Add(PreviewKept) }

// Version tells one preview of a file from those that were made of it before.
func (i Import) Version() int64 { return i.FinishedAt.UnixMicro() }

// Again gives a preview that is to be made anew, with its columns read for something
// else.
func (i Import) Again(by Actor, columns map[string]string) (Import, error) {
	if !i.Kept() {
		return i, errPreviewOver
	}
	i.Spec.Columns = columns
	return i.queued(by), i.Spec.Check()
}

// Confirmed gives the import that a preview leads to, for somebody who saw a version of
// it, and that so many rows do something. Each row is decided anew when it is imported.
func (i Import) Confirmed(by Actor, version, effects int64) (Import, error) {
	switch {
	case !i.Kept(), i.State == ImportFailed:
		return i, errPreviewOver
	case i.Version() != version, i.Tally.Effects() != effects:
		return i, Errorf(Conflict, "preview_changed", "The preview was made anew since you saw it, or its number is another. Look at the difference again.")
	case effects == 0:
		return i, Errorf(Conflict, "preview_empty", "No row of this file would change anything.")
	}
	total, foreseen := i.Tally.Rows, i.Tally.Outcomes
	i.Spec.DryRun, i.Spec.Preview = false, false
	i = i.queued(by)
	i.Tally.Total, i.Tally.Foreseen = total, foreseen
	return i, nil
}

var errPreviewOver = Errorf(Conflict, "preview_over", "This file was imported already, or is no longer kept. Upload it again.")

// queued gives an import to be run from the beginning.
func (i Import) queued(by Actor) Import {
	i.State, i.Spec.Actor, i.Why, i.FinishedAt = ImportQueued, by, "", time.Time{}
	i.Tally = ImportTally{Window: i.Tally.Window, Outcomes: map[ImportOutcome]int64{}, Reasons: map[string]int64{}}
	return i
}

// FieldChange is what a row would change of somebody on record: "state" for the purpose,
// "suppression", "name", "interests", or "attribute:" with a slug.
type FieldChange struct{ Field, Old, New string }

// Kind names the field without the slug of an attribute.
func (c FieldChange) Kind() string {
	kind, _, _ := strings.Cut(c.Field, ":")
	return kind
}

// PreviewRow gives an example of a preview, as its fields are stored: the address, and
// each change as its field, what is there and what would be.
func PreviewRow(address string, changes []FieldChange) []string {
	out := []string{address}
	for _, c := range changes {
		out = append(out, c.Field, c.Old, c.New)
	}
	return out
}

// Previewed reads what PreviewRow gave. A row that was refused has neither.
func (r ImportedRow) Previewed() (address string, changes []FieldChange) {
	if r.Outcome == ImportRejected || len(r.Fields) == 0 {
		return "", nil
	}
	for c := range slices.Chunk(r.Fields[1:], 3) {
		if len(c) == 3 {
			changes = append(changes, FieldChange{c[0], c[1], c[2]})
		}
	}
	return r.Fields[0], changes
}

// ImportExample is a file as it can be imported, for those who make one.
const ImportExample = "email,name,locale,interests,confirmed_at,confirmed_ip,source,wording\n" +
	"anouk@voorbeeld.example,Anouk,nl,winter;city,2026-01-02T10:00:00Z,192.0.2.7,fair in Utrecht,\"Yes, mail me.\"\n" +
	"ben@example.org,Ben,en,,2026-03-14 09:30:00,,shop,\"Yes, mail me.\"\n"

// ImportColumns are the names of columns that a column of another name can be read as,
// besides "attribute:" with a slug, and "-" for nothing.
var ImportColumns = []string{
	"email", "name", "first_name", "last_name", "locale", "interests", "confirmed_at", "confirmed_ip", "status", "unsubscribed_at",
	"source", "wording", "sold_on", "sale", "similar", "refusal_offered",
}

// columnUnread is what a column is read as that is read for nothing.
const columnUnread = "-"

// mappedColumns is how many columns of a file can be read for something else.
const mappedColumns = 200

func checkImportColumns(columns map[string]string) error {
	if len(columns) > mappedColumns {
		return Fieldf("columns", "columns_many", "At most %d columns can be read for something else than their names say.", mappedColumns)
	}
	for name, read := range columns {
		if len(name) > Limits.Name || strings.Contains(name, "@") {
			return Fieldf("columns", "column_name", "A column that is read as something else has a name of at most %d bytes without @ in the first line of the file.", Limits.Name)
		}
		if err := CheckText("columns", name, Limits.Name); err != nil {
			return err
		}
		if own := columnUse(name); (own.optsOut() || own == useOptIn || own == useProof) && columnUse(read) != own && !(own.optsOut() && columnUse(read).optsOut()) {
			return Fieldf("columns", "column_kept", "The column %s says who must not be mailed, or what proves that somebody may be. It is read as that, and can't be left out or read as something else.", name)
		}
		if slug := attributeColumn(read); slug != "" && CheckSlug("columns", slug) == nil || read == columnUnread || slices.Contains(ImportColumns, read) {
			continue
		}
		return Fieldf("columns", "column_unknown", "A column is read as one of ours, like email, as attribute: with the slug of an attribute, or as - for nothing.")
	}
	return nil
}

// ImportColumn is a column of a file with its first values.
type ImportColumn struct {
	Name   string
	Read   bool // its name, or what it is to be read as, says something
	Values []string
}

const (
	headRows  = 3   // rows of a file that are shown
	headValue = 120 // bytes of each of their values
)

// Head gives the columns of a file and the first values of each, also where none of
// them is read as an address.
func (s ImportSpec) Head(file io.ReadSeeker, now time.Time) ([]ImportColumn, error) {
	r, err := NewImportReader(file, s, ImportMark{}, now)
	if err != nil && !byColumns(err) {
		return nil, err
	}
	var names []string
	rows := make([]map[string]string, 0, headRows)
	for len(rows) < headRows {
		row, err := r.values()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	if names = slices.Clone(r.Header()); len(names) == 0 {
		all := map[string]bool{}
		for _, row := range rows {
			for name := range row {
				all[name] = true
			}
		}
		names = slices.Sorted(maps.Keys(all))
	}
	columns, err := newColumns(names, s)
	if err != nil && !byColumns(err) {
		return nil, err
	}
	out := make([]ImportColumn, len(names))
	for i, name := range names {
		out[i] = ImportColumn{Name: name, Read: columns.uses[i] != useNothing}
		for _, row := range rows {
			v := row[name]
			out[i].Values = append(out[i].Values, strings.ToValidUTF8(v[:min(len(v), headValue)], ""))
		}
	}
	return out, nil
}

// byColumns reports whether a file can't be read for what its columns are read as.
func byColumns(err error) bool {
	return CodeOf(err) == "column_missing" || CodeOf(err) == "column_twice"
}

// values reads the next row as it stands, by the names of its columns.
func (r *ImportReader) values() (map[string]string, error) {
	out := map[string]string{}
	if r.lines == nil {
		fields, _, err := r.record()
		if errors.As(err, new(*csv.ParseError)) {
			return out, nil
		}
		if err != nil || !decoded(fields) {
			return out, err
		}
		for i, v := range fields[:min(len(fields), len(r.columns.names))] {
			out[r.columns.names[i]] = v
		}
		return out, nil
	}
	text, err := r.line()
	if err != nil {
		return nil, err
	}
	var values map[string]json.RawMessage
	if json.Unmarshal(text, &values) == nil {
		for name, raw := range values {
			out[name] = plainJSON(raw)
		}
	}
	return out, nil
}
