package akkoord

import (
	"slices"
	"strings"
	"time"
)

// DrillAge is how old the last good restore drill may be.
const DrillAge = 92 * 24 * time.Hour

// drillTook bounds how long a drill can have taken.
const drillTook = 30 * 24 * time.Hour

// DrillStep is one of the things that a restore drill checks.
type DrillStep string

// The steps of a restore drill, as docs/operations.md tells them.
const (
	DrillFetched  DrillStep = "fetched"  // copy and key came from where they would come from in earnest
	DrillRestored DrillStep = "restored" // the copy is whole, and the key fits
	DrillLooked   DrillStep = "looked"   // a person and the last mailing are as on the server
	DrillLeft     DrillStep = "left"     // an old link for leaving works
	DrillDeleted  DrillStep = "deleted"  // what was restored is gone again
)

// DrillSteps are all steps, in their order.
var DrillSteps = []DrillStep{DrillFetched, DrillRestored, DrillLooked, DrillLeft, DrillDeleted}

// Drill is a backup that was put back for practice, as it is on record. It
// names nobody but who recorded it.
type Drill struct {
	ID       int64
	PublicID ID
	At       time.Time // when it was done
	CopyAt   time.Time // of what time the copy was
	Place    string    // where it was put back
	Steps    []DrillStep
	Took     time.Duration // in whole minutes
	Good     bool          // the backup was shown to be of use
	Fault    string        // what went wrong; empty where it was good
	Remark   string
	MadeAt   time.Time
	MadeBy   Actor
}

// DrillTook gives how long a drill of so many minutes took; 0, which Check refuses, of a
// number that no drill has.
func DrillTook(minutes int64) time.Duration {
	if minutes < 0 || minutes > int64(drillTook/time.Minute) {
		return 0
	}
	return time.Duration(minutes) * time.Minute
}

// Checked reports whether a step was done.
func (d Drill) Checked(s DrillStep) bool { return slices.Contains(d.Steps, s) }

// Check reports the first thing wrong with a drill about to be stored.
func (d Drill) Check(now time.Time) error {
	switch {
	case d.At.IsZero() || d.At.After(now):
		return Fieldf("at", "drill_at", "Say when the drill was done; it can't be after now.")
	case d.CopyAt.IsZero() || d.CopyAt.After(d.At):
		return Fieldf("copy_at", "drill_copy", "Say of what time the copy was; it can't be after the drill.")
	case strings.TrimSpace(d.Place) == "":
		return Fieldf("place", "drill_place", "Say where the copy was put back.")
	case d.Took < time.Minute || d.Took > drillTook || d.Took%time.Minute != 0:
		return Fieldf("minutes", "drill_minutes", "Say how long it took, in whole minutes from 1 to %d.", drillTook/time.Minute)
	}
	for _, f := range []struct{ field, text string }{{"place", d.Place}, {"fault", d.Fault}, {"remark", d.Remark}} {
		if err := CheckNoPerson(f.field, f.text); err != nil {
			return err
		}
	}
	for i, s := range d.Steps {
		if !slices.Contains(DrillSteps, s) || slices.Contains(d.Steps[:i], s) {
			return Fieldf("steps", "value_invalid", "The steps are fetched, restored, looked, left and deleted, each once.")
		}
	}
	switch {
	case !d.Good && strings.TrimSpace(d.Fault) == "":
		return Fieldf("fault", "drill_fault_missing", "Say what went wrong.")
	case d.Good && d.Fault != "":
		return Fieldf("fault", "drill_fault_extra", "A drill that went well has no fault; put what is worth remembering into the remark.")
	case d.Good && len(d.Steps) < len(DrillSteps):
		return Fieldf("steps", "drill_steps", "A drill is good when all five steps were done. Say what went wrong, or do the rest first.")
	}
	return nil
}

// DrillDue reports whether a restore drill is due: there are people, and none
// went well for DrillAge.
func (d Desk) DrillDue(now time.Time) bool {
	return d.People && (d.GoodDrill.IsZero() || now.Sub(d.GoodDrill) > DrillAge)
}

// Backup is a copy of the database that proved itself: it was put back beside
// it, and held what the database held.
type Backup struct {
	At     time.Time
	People int64
	Lines  int64 // of the ledger; 0: it was not put down
}

// BackupLate reports whether the last backup, which is of a time, is older than it may be.
// Nothing is late before the first one (a zero time), nor where most is 0 (P36).
func BackupLate(last time.Time, most time.Duration, now time.Time) bool {
	return most > 0 && !last.IsZero() && now.Sub(last) > most
}

// BackupAhead is how far the clock of whoever made a backup or a drill may run ahead.
// What is later than that says nothing of how long ago the last one was (P20, P36).
const BackupAhead = time.Hour

// Ahead reports whether a backup is of a time that is still to come: a clock ran ahead.
func (b Backup) Ahead(now time.Time) bool { return b.At.After(now.Add(BackupAhead)) }

// ErrBackupsUnread reports that what is known of earlier backups can't be read (P36).
var ErrBackupsUnread = Errorf(Unavailable, "backups_unread", "What is known of earlier backups can't be read. Make one (akkoord backup), and it is written anew.")

// BackupsKept is how many backups are remembered.
const BackupsKept = 30

// Restoration is a database that was put back from a backup in earnest.
type Restoration struct {
	ID         int64
	At         time.Time
	BackupAt   time.Time // zero: not known
	Reason     HoldReason
	ReleasedAt time.Time // when mail went out again; zero: it is held
	ReleasedBy Actor
}
