package akkoord

import (
	"encoding/json"
	"strings"
	"time"
)

// JobKind names a kind of background work. A node runs the kinds it knows.
type JobKind string

// The kinds of jobs.
const (
	JobExpire    JobKind = "expire"    // periodic: end sign-ups that nobody confirmed, delete what is kept for a time only
	JobHead      JobKind = "head"      // periodic: sign the last line of the ledger
	JobLedger    JobKind = "ledger"    // check the whole ledger, for who asked for it
	JobPublish   JobKind = "publish"   // periodic: hand signed heads to the place outside that keeps them
	JobMailbox   JobKind = "mailbox"   // periodic: fetch reports, and mails that leave, from a mailbox
	JobImport    JobKind = "import"    // run an import whose upload is kept
	JobBulkAct   JobKind = "bulk_act"  // do something to the people of a bulk act, or drop them
	JobRound     JobKind = "round"     // ask the people of a re-permission round, remind them
	JobRules     JobKind = "rules"     // periodic: rules about dates whose time has come
	JobRetention JobKind = "retention" // periodic: ask those who gave no sign of life for long, and end what they don't answer (M18)
	JobSeries    JobKind = "series"    // periodic: take people whose time has come into the running mailings of series
	JobWebhook   JobKind = "webhook"   // tell the endpoints of webhooks what waits for them
	JobGrowth    JobKind = "growth"    // periodic: count what the ledger says of forms and purposes, by day
	JobMailing   JobKind = "mailing"   // start a mailing at its time, freeze its audience, finish it or sweep it
)

// JobState says whether a job is still to be run.
type JobState int

// The states of a job.
const (
	JobOpen   JobState = 0 // to be run, running, or to be run again
	JobDone   JobState = 1
	JobFailed JobState = 2 // given up after JobAttempts runs
)

// Job is durable background work. It is stored in the transaction that causes
// it, and run by one node at a time until a run succeeds; a run that dies with
// its node is begun anew by another. So what a job does must bear repeating.
type Job struct {
	ID        int64
	Kind      JobKind
	Key       string        // of the jobs of a kind with the same key, one is open at a time
	Args      string        // JSON; read it by Bind
	Every     time.Duration // of a periodic job, from the end of a run to the next; 0: once
	State     JobState
	RunAt     time.Time // not before
	Fence     int64     // number of the run: only the latest one may write its result
	Attempts  int       // runs in a row that failed
	Error     string    // of the last run; empty when it succeeded
	StartedAt time.Time // of the last run; zero: none yet
	EndedAt   time.Time // of the last run that ended
	CreatedAt time.Time
}

const (
	// JobAttempts is how often a job that is not periodic is run in vain
	// before it is given up, after some 13 hours.
	JobAttempts = 20
	// JobBackoff is the longest pause after a failed run.
	JobBackoff = time.Hour

	jobPause     = 10 * time.Second // after the first failed run
	jobErrorSize = 500              // bytes of an error that are kept
)

// NewJob makes a job to be run at a time. args is anything that JSON holds, or
// nil.
func NewJob(kind JobKind, key string, at time.Time, args any) (Job, error) {
	j := Job{Kind: kind, Key: key, Args: "{}", RunAt: at}
	if args == nil {
		return j, nil
	}
	b, err := json.Marshal(args)
	j.Args = string(b)
	return j, err
}

// Bind reads the arguments into v.
func (j Job) Bind(v any) error { return json.Unmarshal([]byte(j.Args), v) }

// Ran decides what becomes of a job whose run ended at now: with an error it is
// run again after a pause that doubles from 10 seconds up to JobBackoff, or
// given up; else it is run again at next, if that is not zero, or when its
// period has passed, or it is done.
func (j Job) Ran(next time.Time, err error, now time.Time) Job {
	if err == nil || j.Kind != JobSeries { // whose failed run is no look at who was late (P20)
		j.EndedAt = now
	}
	if err != nil {
		j.Attempts++
		j.Error = jobError(err)
		j.RunAt = now.Add(j.pause())
		if j.Every == 0 && j.Attempts >= JobAttempts {
			j.State = JobFailed
		}
		return j
	}
	j.Attempts, j.Error = 0, ""
	switch {
	case !next.IsZero():
		j.RunAt = next
	case j.Every > 0:
		j.RunAt = now.Add(j.Every)
	default:
		j.State = JobDone
	}
	return j
}

// pause is the time before the next run of a job that failed. A periodic job
// waits no longer than its period.
func (j Job) pause() time.Duration {
	d := JobBackoff
	if n := j.Attempts - 1; n < 9 {
		d = min(d, jobPause<<n)
	}
	if j.Every > 0 {
		d = min(d, j.Every)
	}
	return d
}

func jobError(err error) string {
	s := err.Error()
	return strings.ToValidUTF8(strings.ReplaceAll(s[:min(len(s), jobErrorSize)], "\x00", ""), "")
}
