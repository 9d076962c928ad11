package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"akkoord"
	"akkoord/store"
)

const (
	jobPoll     = time.Second        // how often a node looks for jobs
	jobRenewal  = store.JobLease / 3 // how often a run gives a sign of life
	houseKeeps  = 5 * time.Minute    // period of expiry and signed heads
	expiryBatch = 1000               // people of one look for what nobody confirmed
	seriesEvery = time.Minute        // period of the look for people of series
	retains     = time.Hour          // period of the question whether people still want their mail
	retainsOn   = 20 * time.Second   // and while there are more than may wait in the outbox at once
	trustedRest = 3 * 24 * time.Hour // the longest rest after which the clock is believed at once
)

// runJob does the work of one run. It returns soon after ctx has ended, and may
// be called again for the same job: after a kill, after an error, or at next
// when that is not zero.
type runJob func(ctx context.Context, j akkoord.Job) (next time.Time, err error)

// background runs jobs: of each kind one at a time and node. Nodes that share a
// database share its jobs (docs/adr/0013).
type background struct {
	store *store.Store
	runs  map[akkoord.JobKind]runJob
	now   func() time.Time
	log   *slog.Logger
	heads bool                       // signed heads go somewhere
	mail  bool                       // there is a mailbox to look into
	rests func(akkoord.JobKind) bool // jobs of a kind wait

	mu   sync.Mutex
	busy map[akkoord.JobKind]bool
	idle chan struct{} // one slot: a run has ended
}

// newBackground knows all that the server does by itself.
func newBackground(a *app) *background {
	b := &background{store: a.store, now: time.Now, log: a.log, rests: a.rests, heads: a.site != nil && a.site.heads != nil, mail: a.site != nil && a.site.mailbox != nil}
	b.runs = map[akkoord.JobKind]runJob{akkoord.JobExpire: b.expire, akkoord.JobHead: b.signHead, akkoord.JobImport: a.store.RunImportJob, akkoord.JobBulkAct: a.store.RunBulkAct, akkoord.JobRules: a.store.RunRules, akkoord.JobPublish: a.publish, akkoord.JobMailbox: a.collect, akkoord.JobWebhook: a.outbound.Run, akkoord.JobGrowth: a.store.RunGrowth, akkoord.JobLedger: a.store.RunLedgerCheck}
	if a.sender != nil {
		b.runs[akkoord.JobMailing] = b.store.AdvanceMailing
		b.runs[akkoord.JobSeries] = b.store.RunSeries
		b.runs[akkoord.JobRound] = b.store.AdvanceRound
		b.runs[akkoord.JobRetention] = b.retain
	}
	return b
}

// run runs jobs until ctx ends, and then waits for those that run: each is
// told to stop and given back.
func (b *background) run(ctx context.Context) error {
	b.busy, b.idle = map[akkoord.JobKind]bool{}, make(chan struct{}, 1)
	var runs sync.WaitGroup
	defer runs.Wait()
	tick := time.NewTicker(jobPoll)
	defer tick.Stop()
	begun := false
	for {
		var err error
		if !begun {
			err = b.begin(ctx)
			begun = err == nil
		}
		if begun {
			err = b.start(ctx, &runs)
		}
		if err != nil && ctx.Err() == nil {
			b.log.Error("background work can't be read", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-b.idle:
		case <-tick.C:
		}
	}
}

// begin makes the periodic jobs, where there are none yet.
func (b *background) begin(ctx context.Context) error {
	var periodic []akkoord.Job
	every := map[akkoord.JobKind]time.Duration{akkoord.JobExpire: houseKeeps, akkoord.JobHead: houseKeeps, akkoord.JobRules: houseKeeps, akkoord.JobRetention: retains, akkoord.JobSeries: seriesEvery, akkoord.JobGrowth: houseKeeps}
	if b.heads {
		every[akkoord.JobPublish] = headsEvery
	}
	if b.mail {
		every[akkoord.JobMailbox] = mailboxEvery
	}
	for kind, period := range every {
		j, err := akkoord.NewJob(kind, "", b.now(), nil)
		if err != nil {
			return err
		}
		j.Every = period
		periodic = append(periodic, j)
	}
	return b.store.EnqueueJobs(ctx, periodic...)
}

// start begins a run of each kind that is due and not running here.
func (b *background) start(ctx context.Context, runs *sync.WaitGroup) error {
	for kind := range b.runs {
		if b.isBusy(kind) || b.rests(kind) {
			continue
		}
		due, err := b.store.JobDue(ctx, kind)
		if err != nil {
			return err
		}
		if !due {
			continue
		}
		j, claimed, err := b.store.ClaimJob(ctx, kind)
		if err != nil {
			return err
		}
		if claimed {
			b.setBusy(kind, true)
			runs.Go(func() {
				b.work(ctx, j)
				b.setBusy(kind, false)
			})
		}
	}
	return nil
}

func (b *background) isBusy(kind akkoord.JobKind) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.busy[kind]
}

func (b *background) setBusy(kind akkoord.JobKind, busy bool) {
	b.mu.Lock()
	b.busy[kind] = busy
	b.mu.Unlock()
	if !busy {
		select {
		case b.idle <- struct{}{}:
		default:
		}
	}
}

// work runs a job and stores what became of it.
func (b *background) work(ctx context.Context, j akkoord.Job) {
	running, stop := context.WithCancelCause(ctx)
	var renewal sync.WaitGroup
	renewal.Go(func() { b.renew(running, stop, j) })
	next, err := b.guarded(running, j)
	fenced := errors.Is(context.Cause(running), store.ErrFenced)
	stop(nil)
	renewal.Wait()

	var stored error
	switch {
	case fenced:
		stored = store.ErrFenced
	case err != nil && ctx.Err() != nil: // told to stop: no fault of its own
		stored = b.store.ReturnJob(context.WithoutCancel(ctx), j)
	default:
		j = j.Ran(next, err, b.now())
		b.tell(j)
		stored = b.store.SettleJob(context.WithoutCancel(ctx), j)
	}
	if stored != nil { // it is run again when its lease has ended
		b.log.Warn("the result of a job was not stored", "job", j.Kind, "number", j.ID, "error", stored)
	}
}

func (b *background) tell(j akkoord.Job) {
	switch {
	case j.State == akkoord.JobFailed:
		b.log.Error("a job was given up", "job", j.Kind, "number", j.ID, "attempts", j.Attempts, "error", j.Error)
	case j.Error != "":
		b.log.Error("a job failed", "job", j.Kind, "number", j.ID, "attempts", j.Attempts, "again", j.RunAt, "error", j.Error)
	}
}

// guarded turns a panic into the error of the run.
func (b *background) guarded(ctx context.Context, j akkoord.Job) (next time.Time, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return b.runs[j.Kind](ctx, j)
}

// renew gives signs of life until the run ends. A run that can't show itself
// alive for as long as its lease is stopped before another takes over.
func (b *background) renew(ctx context.Context, stop context.CancelCauseFunc, j akkoord.Job) {
	tick := time.NewTicker(jobRenewal)
	defer tick.Stop()
	alive := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		asked := time.Now()
		err := b.store.RenewJob(ctx, j)
		switch {
		case err == nil:
			alive = asked
		case errors.Is(err, store.ErrFenced) || time.Since(alive) > store.JobLease-jobRenewal:
			stop(store.ErrFenced)
			return
		}
	}
}

// expire ends what nobody confirmed and deletes what is kept for a time only.
func (b *background) expire(ctx context.Context, _ akkoord.Job) (time.Time, error) {
	people, more := 0, true
	var err error
	for more && err == nil && ctx.Err() == nil {
		var n int
		n, err = b.store.ExpirePending(ctx, expiryBatch)
		people, more = people+n, n == expiryBatch
	}
	if people > 0 {
		b.log.Info("unconfirmed sign-ups expired", "people", people)
	}
	gone := 0
	for n := expiryBatch; n >= expiryBatch && err == nil && ctx.Err() == nil; gone += n {
		n, err = b.store.ForgetOutlived(ctx, expiryBatch)
	}
	if gone > 0 {
		b.log.Info("people of whom nothing has to be kept were forgotten", "people", gone)
	}
	return time.Time{}, errors.Join(err, ctx.Err())
}

// retain asks people who gave no sign of life for long whether they still want
// their mail, and ends what they don't answer (M18). After a long rest it only
// looks at the clock and comes back in an hour: a clock that is wrong for a
// while mails and ends nobody (P20).
func (b *background) retain(ctx context.Context, j akkoord.Job) (time.Time, error) {
	if rest := b.now().Sub(j.EndedAt); !j.EndedAt.IsZero() && rest > trustedRest {
		return b.now().Add(retains), nil
	}
	did, more, err := b.store.Retain(ctx)
	if asked, ended := did[akkoord.ActAsk]+did[akkoord.ActAskAgain], did[akkoord.ActExpire]; asked+ended > 0 {
		b.log.Info("people were asked whether they still want their mail", "asked", asked, "ended", ended)
	}
	if err == nil && more {
		return b.now().Add(retainsOn), nil
	}
	return time.Time{}, err
}

// signHead signs the last line of the ledger.
func (b *background) signHead(ctx context.Context, _ akkoord.Job) (time.Time, error) {
	_, err := b.store.SignHead(ctx)
	if akkoord.KindOf(err) == akkoord.NotFound { // there is no line yet
		err = nil
	}
	return time.Time{}, err
}
