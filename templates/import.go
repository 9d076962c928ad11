package templates

import "time"

// ImportsPage is GET /admin/imports: what was imported, and where a file is brought.
type ImportsPage struct {
	Admin
	Rows                 []ImportRow
	Next                 string
	First                bool   // nothing was imported yet
	Add                  string // where a file is posted; empty: not by this user
	Purposes, Processors []Option
	Bases, Locales       []string
	KeptHours, MegaBytes int // how long a file is kept, and how large it can be
	Follow
}

// ImportRow is an import as a line of the list.
type ImportRow struct {
	URL, Purpose, Basis, Phase string // imports.phase_<Phase>
	At                         time.Time
	Rows, Total                int // dealt with, and of the file; Total 0: not known
	Percent                    int // of the file, by its bytes
	Left                       time.Duration
	Rate                       int // rows a second; 0: not known
}

// Busy reports whether something is being done.
func (r ImportRow) Busy() bool { return r.Phase == "looking" || r.Phase == "importing" }

// Preview reports whether nothing was imported yet.
func (r ImportRow) Preview() bool {
	return r.Phase == "looking" || r.Phase == "ready" || r.Phase == "unread" || r.Phase == "looked"
}

// Parts is the progress as the bar draws it.
func (r ImportRow) Parts() []Part { return []Part{{State: "sent", Width: r.Percent * 10}} }

// Done is the share that is dealt with, in percent.
func (r ImportRow) Done() int { return r.Percent }

// ImportPage is GET /admin/imports/{id}: an import, or what it would do. Its forms post to
// Action with act=import, columns or drop.
type ImportPage struct {
	Admin
	ImportRow
	Evidence, Source, By, Locale string
	Why                          string // why the file could not be read; English
	Outcomes                     []ImportCount
	Fields, Reasons              []ImportCount
	Ignored                      []string
	Rejects                      string // path of the refused rows as CSV; empty: none, or not for this user
	Action                       string // empty: not by this user, or the file is gone
	Version                      int64  // of the preview that the button imports
	Effects, Held, OptOuts       int
	Last                         time.Time // when the file is deleted
	Columns                      []ImportColumn
	Uses                         []string
	Attributes                   []string
	Shown                        string // the outcome whose rows are shown
	Examples                     []ImportExample
	More                         string
	Follow
}

// Foresaw reports whether a preview said what the import would do.
func (p ImportPage) Foresaw() bool { return !p.Preview() && p.Total > 0 }

// ImportCount is a number of rows.
type ImportCount struct {
	Key, Kind, Name, URL string // imports.out_<Key>, imports.why_<Key> or imports.field_<Kind>; Name of what is called by itself
	N, Foreseen          int
	Part                 bool // of the line before
}

// ImportColumn is a column of the file with its first values, and what it is read as.
type ImportColumn struct {
	Name, Use string
	Read      bool
	Values    []string
}

// ImportExample is a row of a preview.
type ImportExample struct {
	Line          int
	Address, Code string // of why it is refused or held
	Why           string // imports.why_<Why>
	Changes       []ImportChange
}

// ImportChange is what a row would change of somebody on record.
type ImportChange struct{ Kind, Name, Old, New string }

// importValue is a value of a field, told as the field tells it.
type importValue struct{ Kind, Value string }

// Before and After are what stands there, and what would.
func (c ImportChange) Before() any { return importValue{c.Kind, c.Old} }

// After is described at Before.
func (c ImportChange) After() any { return importValue{c.Kind, c.New} }

func (ImportsPage) file() string { return "admin/imports.html" }
func (ImportPage) file() string  { return "admin/import.html" }
