package mailer

import (
	"strings"
	"time"

	"akkoord"
)

// State is what became of one message to one person.
type State string

// The states of an Outcome. Only Uncertain leaves room for doubt.
const (
	Sent      State = "sent"      // the relay took it over (2xx to the final dot)
	Deferred  State = "deferred"  // refused for now; counts as an attempt, see Backoff
	Failed    State = "failed"    // refused for good; Class says whom that tells something about
	Uncertain State = "uncertain" // body begun, answer lost: the person may have it or not (P06, P08)
	Requeue   State = "requeue"   // no byte of the body left; counts as no attempt
	Skipped   State = "skipped"   // the last question at the gate said no (P09)
)

// Stage is the step of the SMTP conversation that an outcome comes from.
type Stage string

// The stages, in the order of the conversation.
const (
	StageConnect  Stage = "connect"
	StageGreeting Stage = "greeting" // greeting, EHLO and STARTTLS replies
	StageTLS      Stage = "tls"
	StageAuth     Stage = "auth"
	StageMail     Stage = "mail"
	StageRcpt     Stage = "rcpt"
	StageData     Stage = "data"
	StageBody     Stage = "body" // from the first body byte to the answer to the final dot
)

// Class says whom a refusal tells something about (mail rule J.5).
type Class = akkoord.Class

// The classes of refusals. Only ClassHard says that the mailbox is gone.
const (
	ClassNone    = akkoord.ClassNone
	ClassHard    = akkoord.ClassHard
	ClassSoft    = akkoord.ClassSoft
	ClassPolicy  = akkoord.ClassPolicy
	ClassContent = akkoord.ClassContent
)

// RelayEffect is what an outcome means for the relay as a whole.
type RelayEffect string

// The effects on the relay.
const (
	RelayFine RelayEffect = ""
	RelayWait RelayEffect = "wait" // try the relay again after RelayBackoff
	RelayStop RelayEffect = "stop" // pause and alert: it will not heal by itself (P11, D.5)
)

// Outcome is what became of one envelope. The zero Code means that no reply came.
type Outcome struct {
	State    State
	Class    Class
	Stage    Stage
	Code     int    // SMTP reply code
	Enhanced string // RFC 3463 code, "" where the reply had none
	Reply    string // the relay's words, at most MaxReply bytes, addresses masked (M.16)
	Relay    RelayEffect
}

// How long a message may be deferred before it fails for good (mail rule M.8).
const (
	GiveUpCampaign     = 4 * 24 * time.Hour
	GiveUpConfirmation = 24 * time.Hour
)

// Classify decides what a reply at a stage means: for the person, and for the
// relay (M.7, D.5, J.5). Code 0 stands for a connection that broke or timed
// out. Enhanced may be empty; text is the reply's own words, looked at only
// where the codes leave it open (J.4). It decides about refusals and about the
// answer to the final dot: a reply out of place counts as none.
func Classify(stage Stage, code int, enhanced, text string) Outcome {
	o := Outcome{Stage: stage, Code: code, Enhanced: enhanced}
	reached := stage == StageRcpt || stage == StageData || stage == StageBody
	switch {
	case stage == StageBody && code/100 == 2:
		o.State = Sent
	case code == 421 && stage == StageBody:
		o.State, o.Relay = Deferred, RelayWait
	case code == 421:
		o.State, o.Relay = Requeue, RelayWait
	case code/100 == 4 && reached:
		o.State, o.Class = Deferred, ClassSoft
		if strings.HasPrefix(enhanced, "4.7.") {
			o.Class = ClassPolicy
		}
	case code/100 == 4:
		o.State, o.Relay = Requeue, RelayWait
	case code/100 == 5 && reached:
		o.refuse(text)
	case code/100 == 5:
		o.State, o.Class, o.Relay = Requeue, ClassPolicy, RelayStop
	case stage == StageBody:
		o.State, o.Relay = Uncertain, RelayWait
	default:
		o.State, o.Relay = Requeue, RelayWait
	}
	return o
}

// refuse settles a 5xx to a recipient or a body. What is about us is never
// held against the person: it stays deferred while the relay is stopped.
func (o *Outcome) refuse(text string) {
	o.State = Failed
	switch o.Code {
	case 530, 534, 535, 538: // authentication wanted (RFC 4954 section 6)
		o.State, o.Class, o.Relay = Deferred, ClassPolicy, RelayStop
		return
	}
	var aboutUs bool
	o.Class, aboutUs = akkoord.ClassOf(o.Enhanced, text)
	if aboutUs {
		o.State, o.Relay = Deferred, RelayStop
	}
}

// recipientGaps are the pauses between attempts for one person (M.8).
var recipientGaps = []time.Duration{
	5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour,
}

// Backoff is how long to wait after the attempt-th refused attempt (from 1) for
// one person: 5, 15, 30 minutes, 1, 2, then 4 hours, give or take a tenth and
// never over 4 hours (RFC 5321 section 4.5.4.1). rnd is in [0, 1).
func Backoff(attempt int, rnd float64) time.Duration {
	gap := recipientGaps[min(max(attempt, 1), len(recipientGaps))-1]
	return min(time.Duration(float64(gap)*(0.9+0.2*rnd)), 4*time.Hour)
}

// RelayBackoff is how long to leave the relay alone after its failures-th
// failure in a row (from 1): 15 seconds doubling to 15 minutes, less up to a
// fifth, so at most ten connects in an hour (P10). rnd is in [0, 1).
func RelayBackoff(failures int, rnd float64) time.Duration {
	gap := min(15*time.Second<<min(max(failures-1, 0), 10), 15*time.Minute)
	return time.Duration(float64(gap) * (0.8 + 0.2*rnd))
}
