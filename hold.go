package akkoord

import "time"

// Hold says why nothing is sent, and what may be sent twice once it is (P22).
type Hold struct {
	Reason   HoldReason // empty: nothing is held
	BackupAt time.Time  // zero: not known
	At       time.Time

	Mailings int   // that were being sent or paused then
	Twice    int64 // people of these for whom no mail is on record, and who may have had it since
	System   int64 // confirmation mails that wait
}

// HoldReason is why nothing is sent.
type HoldReason string

// The reasons of a hold.
const (
	HoldRestored    HoldReason = "restored"     // the database was put back from a backup
	HoldJournalLost HoldReason = "journal_lost" // nobody knows who left since a backup
	HoldMoving      HoldReason = "moving"       // the database is the target of a move that has not ended
	HoldMoved       HoldReason = "moved"        // the installation was moved to another database
)
