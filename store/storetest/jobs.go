package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
	"akkoord/store"
)

// jobs is a store whose jobs a test runs by hand.
type jobs struct {
	*testing.T
	store *store.Store
	clock *Clock
}

const testKind = akkoord.JobKind("test")

func newJobs(t *testing.T, open Open) jobs {
	cfg, clock := Config(t)
	return jobs{t, open(t, cfg), clock}
}

func (j jobs) enqueue(key string, in, every time.Duration) {
	j.Helper()
	job := must(akkoord.NewJob(testKind, key, j.clock.Now().Add(in), map[string]int64{"n": 7}))(j)
	job.Every = every
	if err := j.store.EnqueueJobs(j.Context(), job); err != nil {
		j.Fatal(err)
	}
}

// claim gives the key of the job that was claimed; empty: none is due. What is
// due and what can be claimed must agree.
func (j jobs) claim() akkoord.Job {
	j.Helper()
	due := must(j.store.JobDue(j.Context(), testKind))(j)
	job, found, err := j.store.ClaimJob(j.Context(), testKind)
	if err != nil || found != due {
		j.Fatalf("due %v, claimed %v, %v", due, found, err)
	}
	return job
}

func (j jobs) settle(job akkoord.Job, next time.Time, err error) {
	j.Helper()
	if err := j.store.SettleJob(j.Context(), job.Ran(next, err, j.clock.Now())); err != nil {
		j.Fatal(err)
	}
}

func (j jobs) stored() []akkoord.Job {
	j.Helper()
	list, _, err := j.store.Jobs(j.Context(), akkoord.Page{})
	if err != nil {
		j.Fatal(err)
	}
	return list
}

func testJobs(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(jobs)
	}{
		{"a job is run once, at its time", aJobIsRunOnce},
		{"one job of a key is open at a time", oneJobOfAKey},
		{"what is asked for during a run is done after it", askedDuringARun},
		{"a failed run is repeated, and given up in the end", failedRuns},
		{"a dead run is taken over and fenced", deadRun},
		{"a living run keeps its job", livingRun},
		{"a run that was given back is due at once", givenBack},
		{"a periodic job is run again and again", periodicJob},
		{"nodes whose clocks differ leave each other's runs alone", clocksDiffer},
		{"a clock that is set back holds nothing up (P20)", clockSetBack},
		{"done jobs go after 30 days", doneJobsGo},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newJobs(t, open)) })
	}
}

func aJobIsRunOnce(j jobs) {
	j.enqueue("a", time.Minute, 0)
	if got := j.claim(); got.Key != "" {
		j.Errorf("job %q was claimed before its time", got.Key)
	}
	j.clock.Move(time.Minute)
	got := j.claim()
	want := akkoord.Job{
		ID: got.ID, Kind: testKind, Key: "a", Args: `{"n":7}`, Fence: 1, StartedAt: j.clock.Now(), CreatedAt: got.CreatedAt,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		j.Errorf("claimed (-want +got):\n%s", diff)
	}
	if again := j.claim(); again.Key != "" {
		j.Error("the job was handed out twice")
	}
	j.clock.Move(time.Second)
	j.settle(got, time.Time{}, nil)
	j.clock.Move(24 * time.Hour)
	if again := j.claim(); again.Key != "" {
		j.Error("the job was run again")
	}
	want.State, want.EndedAt = akkoord.JobDone, Start.Add(61*time.Second)
	if diff := cmp.Diff([]akkoord.Job{want}, j.stored()); diff != "" {
		j.Errorf("stored (-want +got):\n%s", diff)
	}
}

func oneJobOfAKey(j jobs) {
	j.enqueue("a", time.Hour, 0)
	j.enqueue("b", time.Hour, 0)
	j.enqueue("a", time.Minute, 0)
	j.enqueue("a", 2*time.Hour, 0)
	if n := len(j.stored()); n != 2 {
		j.Fatalf("%d jobs are stored, want 2", n)
	}
	j.clock.Move(time.Minute)
	j.settle(j.claim(), time.Time{}, nil)
	if n := j.claim(); n.Key != "" {
		j.Errorf("job %q is due", n.Key)
	}
	j.enqueue("a", 0, 0) // the first is done
	if got := j.claim(); got.Key != "a" {
		j.Errorf("job %q is due, want the new a", got.Key)
	}
}

func askedDuringARun(j jobs) {
	j.enqueue("a", 0, 0)
	run := j.claim()
	j.enqueue("a", time.Second, 0)
	j.clock.Move(time.Second)
	if got := j.claim(); got.Key != "" {
		j.Fatal("the job was handed out while it is running")
	}
	j.settle(run, time.Time{}, nil)
	if got := j.claim(); got.ID != run.ID || got.Fence != 2 {
		j.Errorf("claimed %+v, want the second run of the same job", got)
	}
}

func failedRuns(j jobs) {
	j.enqueue("a", 0, 0)
	for n := range akkoord.JobAttempts {
		run := j.claim()
		if run.Attempts != n {
			j.Fatalf("run %d says %d attempts", n, run.Attempts)
		}
		j.settle(run, time.Time{}, errors.New("the relay is away"))
		if got := j.claim(); got.Key != "" {
			j.Fatal("it is run again without a pause")
		}
		j.clock.Move(akkoord.JobBackoff)
	}
	if got := j.stored()[0]; got.State != akkoord.JobFailed || got.Error != "the relay is away" || got.Attempts != akkoord.JobAttempts {
		j.Errorf("stored %+v, want it given up with its error", got)
	}
	j.enqueue("a", 0, 0)
	if got := j.claim(); got.Attempts != 0 || got.Error != "" {
		j.Errorf("who asks again gets %+v, want a new job", got)
	}
}

func deadRun(j jobs) {
	ctx := j.Context()
	j.enqueue("a", 0, 0)
	dead := j.claim()
	j.clock.Move(store.JobLease - time.Microsecond)
	if got := j.claim(); got.Key != "" {
		j.Fatal("it was taken over before its lease had ended")
	}
	j.clock.Move(time.Microsecond)
	heir := j.claim()
	if heir.ID != dead.ID || heir.Fence != 2 {
		j.Fatalf("claimed %+v, want the same job", heir)
	}
	for name, err := range map[string]error{
		"renew":  j.store.RenewJob(ctx, dead),
		"settle": j.store.SettleJob(ctx, dead.Ran(time.Time{}, nil, j.clock.Now())),
		"return": j.store.ReturnJob(ctx, dead),
	} {
		if !errors.Is(err, store.ErrFenced) {
			j.Errorf("%s of the run that was taken over: %v, want it fenced", name, err)
		}
	}
	j.settle(heir, time.Time{}, nil)
	if err := j.store.SettleJob(ctx, heir.Ran(time.Time{}, errors.New("late"), j.clock.Now())); !errors.Is(err, store.ErrFenced) {
		j.Errorf("a run was settled twice: %v", err)
	}
	if got := j.stored()[0]; got.State != akkoord.JobDone || got.Error != "" {
		j.Errorf("stored %+v", got)
	}
}

func livingRun(j jobs) {
	j.enqueue("a", 0, 0)
	run := j.claim()
	for range 10 {
		j.clock.Move(store.JobLease / 2)
		if err := j.store.RenewJob(j.Context(), run); err != nil {
			j.Fatal(err)
		}
		if got := j.claim(); got.Key != "" {
			j.Fatal("a run that lives was taken over")
		}
	}
	j.settle(run, time.Time{}, nil)
}

func givenBack(j jobs) {
	j.enqueue("a", 0, 0)
	if err := j.store.ReturnJob(j.Context(), j.claim()); err != nil {
		j.Fatal(err)
	}
	if got := j.claim(); got.Fence != 2 || got.Attempts != 0 {
		j.Errorf("claimed %+v, want a second run that counts no failure", got)
	}
}

func periodicJob(j jobs) {
	j.enqueue("a", 0, time.Hour)
	for range 3 {
		j.settle(j.claim(), time.Time{}, nil)
		j.clock.Move(time.Hour - time.Second)
		if got := j.claim(); got.Key != "" {
			j.Fatal("it was run before its period had passed")
		}
		j.clock.Move(time.Second)
	}
	j.settle(j.claim(), time.Time{}, errors.New("no"))
	j.enqueue("a", time.Minute, time.Minute) // the next start of a program that knows another period
	j.clock.Move(10 * time.Second)
	j.settle(j.claim(), time.Time{}, nil)
	j.clock.Move(time.Minute)
	if got := j.claim(); got.Fence != 6 {
		j.Errorf("claimed %+v, want the sixth run after the new period", got)
	}
}

func clocksDiffer(j jobs) {
	j.enqueue("a", 0, 0)
	run := j.claim()
	j.clock.Move(-20 * time.Second) // another node's clock
	if got := j.claim(); got.Key != "" {
		j.Error("the run of a node whose clock is ahead was taken over")
	}
	j.clock.Move(40 * time.Second)
	if got := j.claim(); got.Key != "" {
		j.Error("the run of a node whose clock is behind was taken over before its lease had ended")
	}
	j.settle(run, time.Time{}, nil)
}

func clockSetBack(j jobs) {
	j.clock.Move(365 * 24 * time.Hour)
	j.enqueue("periodic", 0, time.Hour)
	j.settle(j.claim(), time.Time{}, nil)
	j.enqueue("failed", 0, 0)
	j.settle(j.claim(), time.Time{}, errors.New("no"))
	j.enqueue("dead", 0, 0)
	j.claim()
	j.clock.Move(-365 * 24 * time.Hour)
	j.enqueue("later", 365*24*time.Hour, 0)

	var got []string
	for job := j.claim(); job.Key != ""; job = j.claim() {
		got = append(got, job.Key)
		j.settle(job, time.Time{}, nil)
	}
	if diff := cmp.Diff([]string{"dead", "failed", "periodic"}, got); diff != "" {
		j.Errorf("due after the clock was set back (-want +got):\n%s", diff)
	}
}

func doneJobsGo(j jobs) {
	j.enqueue("a", 0, 0)
	j.settle(j.claim(), time.Time{}, nil)
	j.enqueue("open", 0, 0)
	j.clock.Move(30*24*time.Hour - time.Second)
	for _, want := range []int{2, 1} {
		if _, err := j.store.ExpirePending(j.Context(), 10); err != nil {
			j.Fatal(err)
		}
		if got := len(j.stored()); got != want {
			j.Errorf("%d jobs are stored, want %d", got, want)
		}
		j.clock.Move(time.Second)
	}
}

// A mailing's move and the job that it calls for are one change.
func testMailingJobs(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()
	for i := range 3 {
		a.active(t, fmt.Sprintf("p%d@voorbeeld.example", i), a.News)
	}
	run := func(want akkoord.MailingState) {
		t.Helper()
		j, claimed, err := a.ClaimJob(ctx, akkoord.JobMailing)
		if err != nil || !claimed {
			t.Fatal("no job is due: ", err)
		}
		next, err := a.AdvanceMailing(ctx, j)
		if err := a.SettleJob(ctx, j.Ran(next, err, a.Clock.Now())); err != nil {
			t.Fatal(err)
		}
		if m := must(a.MailingByID(ctx, a.Mailing.ID))(t); m.State != want || err != nil {
			t.Fatalf("the mailing is %s, want %s; %v", m.State, want, err)
		}
	}
	idle := func() {
		t.Helper()
		if due := must(a.JobDue(ctx, akkoord.JobMailing))(t); due {
			t.Fatal("a job is due")
		}
	}
	at := Start.Add(time.Hour)
	must(a.ScheduleMailing(ctx, Admin, a.Mailing.PublicID, at))(t)
	idle()
	must(a.ScheduleMailing(ctx, Admin, a.Mailing.PublicID, at.Add(time.Hour)))(t)
	a.Clock.Move(time.Hour) // the time that was set first
	run(akkoord.MailingScheduled)
	idle()
	must(a.PauseMailing(ctx, Admin, a.Mailing.PublicID))(t)
	a.Clock.Move(time.Hour)
	run(akkoord.MailingDraft)
	must(a.ScheduleMailing(ctx, Admin, a.Mailing.PublicID, a.Clock.Now()))(t)
	run(akkoord.MailingSending)
	run(akkoord.MailingSending) // that move asked for another run
	if c := must(a.Counts(ctx, a.Mailing.ID))(t); c.Total != 3 {
		t.Errorf("%d people were frozen, want 3", c.Total)
	}
	idle()

	w := must(a.Claim(ctx))(t)
	must(a.CancelMailing(ctx, Admin, a.Mailing.PublicID))(t)
	run(akkoord.MailingCancelled) // three are held by a connection: to be swept when it gives them back
	if err := a.Release(ctx, w); err != nil {
		t.Fatal(err)
	}
	a.Clock.Move(time.Second)
	run(akkoord.MailingCancelled)
	if c := must(a.Counts(ctx, a.Mailing.ID))(t); c.Skipped != 3 {
		t.Errorf("%+v, want three skipped", c)
	}
	a.Clock.Move(24 * time.Hour)
	idle()
}
