package templates

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// DeskPage is GET /admin/privacy: what waits for the privacy officer.
type DeskPage struct {
	Admin
	Items    []DeskItem
	HeadSeq  int // the last signed line of the ledger; 0: none yet
	HeadAt   time.Time
	BackupAt time.Time // of the last proven backup; zero: none
	SeesHead bool

	BackupUnread bool // what is known of backups can't be read

	SeesGrants bool // who may see what
}

// DeskItem counts one kind of thing and leads to it.
type DeskItem struct {
	Key, URL string // desk.item_<Key>
	Count    int    // 0 with a Mark: a thing of which there is one
	Mark     string // "warn" or "bad" where attention is needed
}

// RecordsPage is GET /admin/privacy/records.
type RecordsPage struct {
	Admin
	Record Record
	PDF    string
}

// RequestsPage is GET /admin/privacy/requests.
type RequestsPage struct {
	Admin
	State           string // that the list is limited to; empty for all
	Rows            []RequestRow
	Next            string
	Add             string // where a new one is posted; empty: not by this user
	Kinds, Channels []string
	Now             string // for the field of a time
}

// RequestRow is a request in the list.
type RequestRow struct {
	URL, Kind, State, Channel, Email, Handler string
	ReceivedAt, DueOn                         time.Time
	Overdue, Weekend                          bool
	Left                                      int // days to the last one
}

// RequestPage is GET /admin/privacy/requests/{id}. Its forms post to Action
// with act=take, change, extend, done or refuse.
type RequestPage struct {
	Admin
	RequestRow
	Note, Extension, Answer string
	ExtendedAt, ClosedAt    time.Time
	Person                  string // path of the person's page; empty: nobody on record
	Action                  string // empty: not by this user
	CanExtend               bool
}

// ProcessorsPage is GET /admin/privacy/processors.
type ProcessorsPage struct {
	Admin
	Rows       []ProcessorRow
	Add        string // empty: not by this user
	Slug, Name string // to begin the form of a new one with
	Roles      []string
}

// ProcessorRow is a party with its agreement. Its forms post to Action with
// act=renew or end.
type ProcessorRow struct {
	Slug, Name, Role, Country, Document, Action string
	SignedOn, ValidUntil, EndedAt               time.Time
	Allowed, Expiring                           bool
}

// NoticesPage is GET /admin/privacy/notices.
type NoticesPage struct {
	Admin
	All  bool // those that are done too
	Rows []NoticeRow
	Next string
}

// NoticeRow is a task to tell a party of something.
type NoticeRow struct {
	Processor, Kind, Reference, Note, Action string
	DueOn, DoneAt                            time.Time
	Overdue                                  bool
}

// AuditPage is GET /admin/privacy/audit.
type AuditPage struct {
	Admin
	Actor, Subject, Kind, From, To string // as they were asked
	Rows                           []AuditRow
	Next, CSV                      string
}

// Acts are the acts on the page, and their kinds, to search for.
func (p AuditPage) Acts() []string {
	acts := map[string]bool{}
	for _, row := range p.Rows {
		kind, _, _ := strings.Cut(row.Action, ".")
		acts[kind], acts[row.Action] = true, true
	}
	return slices.Sorted(maps.Keys(acts))
}

// AuditRow is a line of the audit trail.
type AuditRow struct {
	Seq                         int64
	At                          time.Time
	Who                         string // what a user or key is called; empty: it is somebody else, or gone
	Actor, Action, Object, Note string
	Urgent                      bool // somebody took access themselves
}

// LedgerPage is GET /admin/privacy/ledger. Its button begins a check.
type LedgerPage struct {
	Admin
	Seq               int
	At                time.Time
	Hash, Fingerprint string
	Last              *LedgerCheckRow  // the newest; nil: there is none, or the page shows older ones
	Checks            []LedgerCheckRow // the newest first
	Next              string
	Follow
}

// LedgerCheckRow is a check of the ledger.
type LedgerCheckRow struct {
	State, By     string // desk.check_<State>
	At, EndedAt   time.Time
	Lines         int // the last line that was checked
	Hash, Problem string
	Looked, Total int // lines
	Left          time.Duration
}

// Busy reports whether it is going on.
func (r LedgerCheckRow) Busy() bool { return r.State == "running" }

// Done is how much of it is done, in percent.
func (r LedgerCheckRow) Done() int {
	if r.Total == 0 {
		return 0
	}
	return 100 * r.Looked / r.Total
}

// Parts is the progress as the bar draws it.
func (r LedgerCheckRow) Parts() []Part { return []Part{{State: "sent", Width: r.Done() * 10}} }

// BreachesPage is GET /admin/privacy/breaches.
type BreachesPage struct {
	Admin
	Rows     []BreachRow
	Next     string
	Purposes []Option
	Now      string
}

// BreachRow is a breach on record.
type BreachRow struct {
	What, Scope, Pack, Action     string
	Count                         int
	Since, Until                  time.Time
	AwareAt, ReportBy, ReportedAt time.Time
	Overdue                       bool
}

func (DeskPage) file() string       { return "admin/privacy.html" }
func (RecordsPage) file() string    { return "admin/records.html" }
func (RequestsPage) file() string   { return "admin/requests.html" }
func (RequestPage) file() string    { return "admin/request.html" }
func (ProcessorsPage) file() string { return "admin/processors.html" }
func (NoticesPage) file() string    { return "admin/notices.html" }
func (AuditPage) file() string      { return "admin/audit.html" }
func (LedgerPage) file() string     { return "admin/ledger.html" }
func (BreachesPage) file() string   { return "admin/breaches.html" }
