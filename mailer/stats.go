package mailer

import (
	"sync/atomic"
	"time"

	"akkoord"
)

// Mails counts mails by what became of them since the process started.
type Mails struct{ Sent, Deferred, Failed, Uncertain, Skipped uint64 }

// Stats is how a Worker is doing, for operators. It names nobody.
type Stats struct {
	Mailings  Mails // deliveries of mailings
	Contracts Mails // transactional mail; as for Notices
	Notices   Mails // mails that sign-ups cause; one whose answer was lost counts as deferred, since it is sent again

	Connections int64 // to relays, open now
	Limit       int   // as many as may be open
	RelayFails  bool  // no relay answers: each is left alone, or one connection tries whether it is back (P10)

	Beat       time.Time // when some loop last looked for work; zero: not yet
	NoticeBeat time.Time // when the loop of the sign-ups' mails last made a step

	Dial     akkoord.TallyReading // seconds to connect, secure and authenticate, when that succeeded
	Commands akkoord.TallyReading // seconds from MAIL to the relay's 354 or refusal
	Bodies   akkoord.TallyReading // seconds waited for the answer to the final dot
}

// tallies is what the lines of a Worker count.
type tallies struct {
	mailings, notices, contracts [akkoord.Uncertain + 1]atomic.Uint64
	connections                  atomic.Int64
	beat, noticeBeat             atomic.Int64 // nanoseconds since 1970
	dial, command, bodies        *akkoord.Tally
}

func newTallies() *tallies {
	seconds := []float64{.001, .005, .025, .1, .5, 2.5, 10, 60}
	return &tallies{dial: akkoord.NewTally(seconds...), command: akkoord.NewTally(seconds...), bodies: akkoord.NewTally(seconds...)}
}

// beats notes that a loop made a step.
func (w *Worker) beats(beat *atomic.Int64) { beat.Store(w.Now().UnixNano()) }

// begin gives the time at which a step begins, where somebody wants to know.
func (s *Session) begin() (at time.Time) {
	if s.took != nil {
		at = s.now()
	}
	return at
}

// ended tells how long a step took.
func (s *Session) ended(stage Stage, began time.Time) {
	if s.took != nil {
		s.took(stage, s.now().Sub(began))
	}
}

// took counts how long a step of the conversation was.
func (t *tallies) took(stage Stage, d time.Duration) {
	switch stage {
	case StageConnect:
		t.dial.Add(d.Seconds())
	case StageData:
		t.command.Add(d.Seconds())
	case StageBody:
		t.bodies.Add(d.Seconds())
	}
}

// notice counts what became of a mail of a sign-up, or of a contract.
func (t *tallies) notice(mail akkoord.SystemMail, r akkoord.SystemResult) {
	state := akkoord.Deferred
	switch {
	case r.Done && len(r.Code) > 0 && r.Code[0] == '2':
		state = akkoord.Sent
	case r.Done:
		state = akkoord.Failed
	}
	if mail == akkoord.MailContract {
		t.contracts[state].Add(1)
		return
	}
	t.notices[state].Add(1)
}

func mails(counts *[akkoord.Uncertain + 1]atomic.Uint64) Mails {
	return Mails{
		Sent: counts[akkoord.Sent].Load(), Deferred: counts[akkoord.Deferred].Load(), Failed: counts[akkoord.Failed].Load(),
		Uncertain: counts[akkoord.Uncertain].Load(), Skipped: counts[akkoord.Skipped].Load(),
	}
}

// Stats gives the figures of this moment.
func (w *Worker) Stats() Stats {
	t := w.tallies
	return Stats{
		Mailings: mails(&t.mailings), Notices: mails(&t.notices), Contracts: mails(&t.contracts),
		Connections: t.connections.Load(), Limit: w.routes.limit(), RelayFails: w.routes.fail(),
		Beat: moment(t.beat.Load()), NoticeBeat: moment(t.noticeBeat.Load()),
		Dial: t.dial.Read(), Commands: t.command.Read(), Bodies: t.bodies.Read(),
	}
}

func moment(nanoseconds int64) time.Time {
	if nanoseconds == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanoseconds)
}
