package akkoord

import "time"

// LostCopies are the copies of a mailing of which nobody knows whether they
// arrived: the answer to them was lost. Who wants them sent again says which
// ones they saw.
type LostCopies struct {
	Count int64
	Last  time.Time // when the last of them became so; zero: not said
}

// CodeSentAgain is the code of a copy that waits to be sent again.
const CodeSentAgain = "sent_again"

// CheckAgain refuses to send lost copies again in a state that forbids it, where
// there are none, and where they are others than those that were seen, so that
// nobody is mailed twice for a press that was made twice. Errors are Conflict.
func (m Mailing) CheckAgain(seen, have LostCopies) error {
	if _, err := m.State.Next("send_again"); err != nil {
		return err
	}
	switch {
	case have.Count == 0:
		return Errorf(Conflict, "uncertain_none", "No copy of this mailing is uncertain now: they were sent again already, or a report told what became of them.")
	case seen.Count != have.Count, !seen.Last.IsZero() && !seen.Last.Equal(have.Last):
		return Errorf(Conflict, "uncertain_changed", "Other copies are uncertain now than you saw: there are %d. Look at them again, and send them then.", have.Count)
	}
	return nil
}

// SendableAgain gives all that the sender's facts forbid, as of a mailing that
// begins now.
func (m Mailing) SendableAgain(s Sender) []Reason { return m.Draft().Sendable(s) }
