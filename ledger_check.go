package akkoord

import "time"

// LedgerCheckState is how far a check of the whole ledger is.
type LedgerCheckState string

// The states of a check of the ledger.
const (
	LedgerChecking LedgerCheckState = "running"
	LedgerVerified LedgerCheckState = "verified"
	LedgerBroken   LedgerCheckState = "broken"  // something does not verify
	LedgerStopped  LedgerCheckState = "stopped" // it failed again and again, and says nothing of the ledger
)

// LedgerAtOnce is how many lines a check takes at most for which whoever asked
// for it may wait.
const LedgerAtOnce = 2000

// LedgerCheck is a check of everything that the ledger proves, from its first
// line: its lines with their evidence and signed heads, the texts, everybody's
// standing, and the audit trail.
type LedgerCheck struct {
	ID        int64
	PublicID  ID
	Actor     Actor // who asked for it
	State     LedgerCheckState
	Done      int64  // lines of ledger and audit trail that were looked at; some people count as one
	Total     int64  // of them when the present run began; 0: it has not begun
	Head      Head   // the last line that was checked, without its signature
	Problem   string // what does not verify
	CreatedAt time.Time
	UpdatedAt time.Time
	RunAt     time.Time // when the present run began: one that died with its node is begun anew
	EndedAt   time.Time
}

// Remaining estimates the time until a check ends, from the speed of its
// present run; false while nothing is known.
func (c LedgerCheck) Remaining() (time.Duration, bool) {
	took := c.UpdatedAt.Sub(c.RunAt)
	if c.State != LedgerChecking || c.RunAt.IsZero() || c.Done <= 0 || took <= 0 {
		return 0, false
	}
	return time.Duration(float64(took) / float64(c.Done) * float64(max(0, c.Total-c.Done))), true
}

// Result says in the audit trail what a check came to.
func (c LedgerCheck) Result() string {
	switch c.State {
	case LedgerVerified:
		return "verifies"
	case LedgerStopped:
		return "stopped"
	default:
		return "does not verify"
	}
}
