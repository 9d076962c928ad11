package templates

import "time"

// BackupsPage is GET /admin/privacy/backups: what is known of backups, and the
// register of restore drills.
type BackupsPage struct {
	Admin
	Made     []BackupRow // that proved themselves, the newest first
	Unread   bool        // what is known of them can't be read
	Unproven bool        // none can prove itself: the database's user may make no database
	Age      Span
	MostAge  Span // that the last one may have; 0: any
	Late     bool // the last one is older
	Restored []RestoredRow
	Drills   []DrillRow // the newest first
	Next     string
	LastGood time.Time // of drills; zero: none was
	DrillAge Span
	DrillDue bool

	Add         string // where a drill is posted; empty: not by this user
	Steps       []string
	Now, CopyAt string // for fields of times
}

// Span is a time that is told in days, where it is that long.
type Span time.Duration

// Time is the span itself.
func (s Span) Time() time.Duration { return time.Duration(s) }

// Days is how many whole days it has.
func (s Span) Days() int { return int(s.Time() / (24 * time.Hour)) }

// BackupRow is a backup that proved itself.
type BackupRow struct {
	At            time.Time
	People, Lines int // no lines: neither was put down
}

// RestoredRow is a restore in earnest.
type RestoredRow struct {
	At, BackupAt, ReleasedAt time.Time
	Reason, ReleasedBy       string
}

// DrillRow is a restore drill on record.
type DrillRow struct {
	At, CopyAt, MadeAt       time.Time
	By, Place, Fault, Remark string // no fault: it was good
	Took                     time.Duration
	Steps                    []DrillStep
}

// DrillStep is a step of a drill: backups.step_<Key>.
type DrillStep struct {
	Key  string
	Done bool
}

func (BackupsPage) file() string { return "admin/backups.html" }
