package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"akkoord"
	"akkoord/store"
	"akkoord/store/pgtest"
)

const testJob = akkoord.JobKind("test")

// nodeWith is a node on a store that knows one kind of job more.
func nodeWith(st *store.Store, run runJob) *background {
	b := newBackground(&app{store: st, log: slog.New(slog.DiscardHandler)})
	b.runs[testJob] = run
	return b
}

// running runs a node until the test or stop ends it.
func (b *background) running(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		if err := b.run(ctx); err != nil {
			t.Error(err)
		}
	})
	stop = func() { cancel(); done.Wait() }
	t.Cleanup(stop)
	return stop
}

// onEach runs a test on a new database of each kind, with a function that opens
// it once more, as another node does where several may.
func onEach(t *testing.T, test func(t *testing.T, d databaseSettings, node func() *store.Store)) {
	t.Helper()
	for name, database := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "akkoord.db") },
		"postgres": func(t *testing.T) string { return pgtest.New(t, store.Migrate) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := databaseSettings{Database: database(t), SecretFile: filepath.Join(t.TempDir(), "akkoord.key")}
			first := openTest(t, d, 0)
			test(t, d, func() *store.Store {
				if name == "sqlite" {
					return first
				}
				return openTest(t, d, 0)
			})
		})
	}
}

// openTest opens a database by a clock that is ahead.
func openTest(t *testing.T, d databaseSettings, ahead time.Duration) *store.Store {
	t.Helper()
	cfg, err := d.storeConfig(true)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Now = func() time.Time { return time.Now().Add(ahead) }
	st, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

func enqueue(t *testing.T, st *store.Store, keys ...string) {
	t.Helper()
	for _, key := range keys {
		j, err := akkoord.NewJob(testJob, key, time.Now(), nil)
		if err == nil {
			err = st.EnqueueJobs(t.Context(), j)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// await waits until a stored job is as it should be.
func await(t *testing.T, st *store.Store, kind akkoord.JobKind, want func(akkoord.Job) bool) akkoord.Job {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		jobs, _, err := st.Jobs(ctx, akkoord.Page{})
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range jobs {
			if j.Kind == kind && want(j) {
				return j
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain; stored: %+v", jobs)
		}
	}
}

func isDone(j akkoord.Job) bool { return j.State == akkoord.JobDone }

// Nodes that share a database share its jobs: each is run once.
func TestEachJobIsRunByOneNode(t *testing.T) {
	onEach(t, func(t *testing.T, _ databaseSettings, node func() *store.Store) {
		st := node()
		var mu sync.Mutex
		runs := map[string]int{}
		count := func(_ context.Context, j akkoord.Job) (time.Time, error) {
			mu.Lock()
			defer mu.Unlock()
			runs[j.Key]++
			return time.Time{}, nil
		}
		keys := numbered("%d", 40)
		enqueue(t, st, keys...)
		for range 3 {
			nodeWith(node(), count).running(t)
		}
		for _, key := range keys {
			await(t, st, testJob, func(j akkoord.Job) bool { return j.Key == key && isDone(j) })
		}
		mu.Lock()
		defer mu.Unlock()
		for _, key := range keys {
			if runs[key] != 1 {
				t.Errorf("job %s was run %d times", key, runs[key])
			}
		}
	})
}

// What the server does by itself is a job, and shows when it was done last.
func TestPeriodicWorkIsDoneAndShown(t *testing.T) {
	onEach(t, func(t *testing.T, _ databaseSettings, node func() *store.Store) {
		st := node()
		if _, err := st.PutPurpose(t.Context(), commandActor, demoPurposes[0]); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			nodeWith(node(), nil).running(t)
		}
		for _, kind := range []akkoord.JobKind{akkoord.JobExpire, akkoord.JobHead, akkoord.JobRules} {
			j := await(t, st, kind, func(j akkoord.Job) bool { return !j.EndedAt.IsZero() })
			if j.Fence != 1 || j.Error != "" || j.RunAt.Sub(j.EndedAt) < houseKeeps/2 {
				t.Errorf("%s: %+v, want one run, and the next after %v", kind, j, houseKeeps)
			}
		}
		if head, err := st.LedgerHead(t.Context()); err != nil || head.Seq == 0 {
			t.Errorf("the signed head is %d, %v", head.Seq, err)
		}
	})
}

// A run that fails, or panics, is told and put off; the others go on.
func TestAFailedRunIsStoredWithItsError(t *testing.T) {
	onEach(t, func(t *testing.T, _ databaseSettings, node func() *store.Store) {
		st := node()
		enqueue(t, st, "error", "panic", "good")
		nodeWith(st, func(_ context.Context, j akkoord.Job) (time.Time, error) {
			switch j.Key {
			case "error":
				return time.Time{}, errors.New("the disk is full")
			case "panic":
				panic("no such row")
			}
			return time.Time{}, nil
		}).running(t)
		await(t, st, testJob, func(j akkoord.Job) bool { return j.Key == "good" && isDone(j) })
		for key, want := range map[string]string{"error": "the disk is full", "panic": "panic: no such row"} {
			j := await(t, st, testJob, func(j akkoord.Job) bool { return j.Key == key && j.Attempts == 1 })
			if j.Error != want || j.State != akkoord.JobOpen || !j.RunAt.After(j.EndedAt) {
				t.Errorf("%s: %+v, want error %q and a later run", key, j, want)
			}
		}
	})
}

// A server that ends tells its runs to stop, waits for them and gives their
// jobs back; that is no failure (P24).
func TestP24ARunIsGivenBackAtTheEnd(t *testing.T) {
	onEach(t, func(t *testing.T, _ databaseSettings, node func() *store.Store) {
		st := node()
		enqueue(t, st, "a")
		begun := make(chan struct{})
		var ended atomic.Bool
		stop := nodeWith(st, func(ctx context.Context, _ akkoord.Job) (time.Time, error) {
			close(begun)
			<-ctx.Done()
			ended.Store(true)
			return time.Time{}, ctx.Err()
		}).running(t)
		<-begun
		stop()
		if !ended.Load() {
			t.Error("the node ended before its run")
		}
		nodeWith(node(), func(context.Context, akkoord.Job) (time.Time, error) { return time.Time{}, nil }).running(t)
		if j := await(t, st, testJob, isDone); j.Fence != 2 || j.Attempts != 0 {
			t.Errorf("%+v, want done by the second run", j)
		}
	})
}

// jobberMain is a process of its own: a node whose run of a job says so and
// never ends.
func jobberMain() {
	ctx := context.Background()
	st, err := (&databaseSettings{Database: os.Args[1], SecretFile: os.Args[2]}).openOrMake(ctx, io.Discard, "")
	if err == nil {
		err = nodeWith(st, func(context.Context, akkoord.Job) (time.Time, error) {
			os.Stderr.WriteString("running\n")
			select {}
		}).run(ctx)
	}
	os.Stderr.WriteString(err.Error())
	os.Exit(1)
}

// A job whose process is killed in the middle is run again: at the next start
// on SQLite, on PostgreSQL by any node when the lease has ended.
func TestP01P19AJobInProgressIsRunAgainAfterSIGKILL(t *testing.T) {
	onEach(t, func(t *testing.T, d databaseSettings, node func() *store.Store) {
		st := node()
		enqueue(t, st, "a")
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
		out := newConsole()
		cmd := exec.Command("jobber", d.Database, d.SecretFile)
		cmd.Stderr = out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer cmd.Wait()
		defer cmd.Process.Kill()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if _, err := out.await(ctx, regexp.MustCompile(`running\n`)); err != nil {
			t.Fatal(err)
		}
		cmd.Process.Kill()
		cmd.Wait()

		ahead := time.Duration(0)
		if _, file := store.File(d.Database); !file {
			ahead = store.JobLease
		}
		st = openTest(t, d, ahead)
		if err := st.ReclaimJobs(t.Context()); err != nil {
			t.Fatal(err)
		}
		nodeWith(st, func(context.Context, akkoord.Job) (time.Time, error) { return time.Time{}, nil }).running(t)
		if j := await(t, st, testJob, isDone); j.Fence != 2 {
			t.Errorf("%+v, want done by the second run", j)
		}
	})
}

// The doctor names what fails, and why.
func TestTheDoctorTellsWhichJobsFail(t *testing.T) {
	onEach(t, func(t *testing.T, _ databaseSettings, node func() *store.Store) {
		st := node()
		enqueue(t, st, "7")
		nodeWith(st, func(context.Context, akkoord.Job) (time.Time, error) {
			return time.Time{}, errors.New("the disk is full")
		}).running(t)
		await(t, st, testJob, func(j akkoord.Job) bool { return j.Attempts > 0 })
		f := checkJobs(t.Context(), st)
		if want := regexp.MustCompile(`^test 7 failed \(1 in a row\), tried again from \S+: the disk is full$`); f.verdict != "warn" || !want.MatchString(f.text) {
			t.Errorf("%+v", f)
		}
	})
}

// A scheduled mailing starts at its time, once, whatever the server went
// through before (P06).
func TestP06AScheduledMailingStartsAfterAKill(t *testing.T) {
	t.Parallel()
	sink := startSink(t)
	in := install(t, sink.url(connections), numbered("reiziger%02d@voorbeeld.example", 20)...)
	in.start()
	mailing := in.draft()
	at := time.Now().Add(2 * time.Second)
	in.must(in.api("POST", "/mailings/"+mailing+"/send", map[string]any{"send_at": at.UTC().Format(time.RFC3339Nano)}, nil))
	in.kill()
	in.start()
	m := in.await(mailing, isSent)
	if m.Total != 20 || m.Sent != 20 {
		t.Errorf("%+v of 20 people", m)
	}
	for to, receipts := range sink.got(mailing) {
		if len(receipts) != 1 || receipts[0].at.Before(at) {
			t.Errorf("%s got %d, the first at %v; want one, not before %v", to, len(receipts), receipts[0].at, at)
		}
	}
}
