package akkoord

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var jobNow = time.Date(2027, 1, 15, 9, 30, 0, 0, time.UTC)

func TestAFailedJobIsRunAgainAfterALongerAndLongerPause(t *testing.T) {
	want := []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 160 * time.Second, 320 * time.Second,
		640 * time.Second, 1280 * time.Second, 2560 * time.Second, time.Hour, time.Hour}
	var got []time.Duration
	j := Job{Kind: "test"}
	for range want {
		j = j.Ran(time.Time{}, errors.New("no"), jobNow)
		got = append(got, j.RunAt.Sub(jobNow))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pauses (-want +got):\n%s", diff)
	}
	for j.State == JobOpen {
		j = j.Ran(time.Time{}, errors.New("no"), jobNow)
	}
	if j.State != JobFailed || j.Attempts != JobAttempts {
		t.Errorf("state %d after %d runs, want it given up after %d", j.State, j.Attempts, JobAttempts)
	}
}

func TestWhatBecomesOfAJob(t *testing.T) {
	later := jobNow.Add(time.Minute)
	failed := Job{Attempts: 3, Error: "no"}
	for name, c := range map[string]struct {
		job  Job
		next time.Time
		err  error
		want Job
	}{
		"done":                           {failed, time.Time{}, nil, Job{State: JobDone, EndedAt: jobNow}},
		"asks to be run again":           {failed, later, nil, Job{RunAt: later, EndedAt: jobNow}},
		"periodic":                       {Job{Every: time.Hour, Attempts: 30}, time.Time{}, nil, Job{Every: time.Hour, RunAt: jobNow.Add(time.Hour), EndedAt: jobNow}},
		"a periodic one is not given up": {Job{Every: time.Minute, Attempts: 40}, time.Time{}, errors.New("no"), Job{Every: time.Minute, Attempts: 41, Error: "no", RunAt: later, EndedAt: jobNow}},
		"an error is cut":                {Job{}, time.Time{}, errors.New("\x00" + strings.Repeat("é", 400)), Job{Attempts: 1, Error: strings.Repeat("é", 249), RunAt: jobNow.Add(10 * time.Second), EndedAt: jobNow}},
	} {
		if diff := cmp.Diff(c.want, c.job.Ran(c.next, c.err, jobNow)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestArgumentsOfAJobComeBack(t *testing.T) {
	type args struct{ Import int64 }
	j, err := NewJob("test", "1", jobNow, args{7})
	if err != nil {
		t.Fatal(err)
	}
	var got args
	if err := j.Bind(&got); err != nil || got != (args{7}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// P20: a run of the series that failed is no look: the rest since the last one
// goes on, so that nobody late is mailed without somebody's yes.
func TestAFailedRunOfTheSeriesIsNoLook(t *testing.T) {
	last, now := time.Unix(1000, 0), time.Unix(5000, 0)
	for kind, want := range map[JobKind]time.Time{JobSeries: last, JobRound: now} {
		if got := (Job{Kind: kind, EndedAt: last}).Ran(time.Time{}, errors.New("cut"), now); !got.EndedAt.Equal(want) {
			t.Errorf("%s: a failed run ended at %v, want %v", kind, got.EndedAt, want)
		}
		if got := (Job{Kind: kind, EndedAt: last}).Ran(time.Time{}, nil, now); !got.EndedAt.Equal(now) {
			t.Errorf("%s: a run ended at %v", kind, got.EndedAt)
		}
	}
}
