package akkoord

import "fmt"

// Stop is why a mailing was stopped by something else than a person's press: it
// paused, was not sent at its time, or is a draft again. The zero Stop is none.
type Stop struct {
	Code   string `json:"code"`   // stable: stopped.<Code> or error.<Code> in the locale files
	Text   string `json:"-"`      // the same as an English sentence, with the way out: for the audit trail and the API
	Number int    `json:"number"` // in the sentence: of people or mails
	Of     int    `json:"of"`     // of how many
	Limit  int    `json:"limit"`  // share that was reached, in hundredths of a per cent
	Detail string `json:"detail"` // a mail server's codes, or what can't be written
}

// None reports whether nothing stopped the mailing.
func (s Stop) None() bool { return s.Text == "" }

// Codes of what stops a mailing by itself; those of limits are with them, and those of
// reasons why nothing may be sent with these.
const (
	StopArchived   = "purpose_archived"
	StopMissed     = "schedule_missed"
	StopSkipped    = "schedule_skipped"
	StopRestored   = "restored"
	StopRefusal    = "relay_refuses"
	StopFaulty     = "unwritable"
	StopSeriesLate = "series_late"
)

// Stops without numbers.
var (
	StoppedByArchive = Stop{Code: StopArchived, Text: "The purpose of this mailing was archived. Take it back into use, and then let the mailing go on."}
	StoppedByRestore = Stop{Code: StopRestored, Text: "The database was put back from a backup. Some people may have had this mailing since."}
	MissedAndAsks    = Stop{Code: StopMissed, Text: "No server ran at the time of this mailing. Send it, or give it another time."}
	MissedAndSkipped = Stop{Code: StopSkipped, Text: "No server ran at the time of this mailing. It was skipped, as its plan says."}
)

// StopFor is the stop of a mailing that may not go by its mail servers.
func StopFor(r Reason) Stop { return Stop{Code: r.Code, Text: r.Message} }

// StopRefused is the stop of a mailing that a mail server refuses for everybody;
// codes are its answer and where it came: "550 5.7.1 at rcpt".
func StopRefused(codes string) Stop {
	return Stop{Code: StopRefusal, Detail: codes, Text: fmt.Sprintf("The mail server refuses our mail (%s). Mend that, then resume.", codes)}
}

// StopUnwritable is the stop of a mailing that can't be written.
func StopUnwritable(err error) Stop {
	return Stop{Code: StopFaulty, Detail: err.Error(), Text: "This mailing can't be written: " + err.Error()}
}

// StopLate is the stop of a series of which people's time has passed.
func StopLate(people int64) Stop {
	return Stop{Code: StopSeriesLate, Number: int(people), Text: fmt.Sprintf("Nobody looked for people of this series for more than a day: no server ran, or the clock was wrong. The time of %d people has passed; resume to mail them.", people)}
}

// Stop says why a mailing pauses of which n of sent mails came back.
func (l ReportLimit) Stop(n, sent int64) Stop {
	return Stop{Code: l.code, Number: int(n), Of: int(sent), Limit: int(l.Pause),
		Text: fmt.Sprintf("%d of %d %s: %s, and it stops at %s. %s", n, sent, l.what, share(n, sent), percent(l.Pause), l.cure)}
}
