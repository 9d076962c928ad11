package api_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// Background work can be seen from outside: what waits, what was done, what
// failed and why.
func TestJobsAreListedWithTheirLastRun(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	at := f.now.Add(-time.Minute)
	for _, key := range []string{"bad", "good", "waits"} {
		j, err := akkoord.NewJob("test", key, at, nil)
		f.check(err)
		f.check(f.store.EnqueueJobs(ctx, j))
		at = at.Add(time.Second)
	}
	for _, failure := range []error{errors.New("the disk is full"), nil} {
		j, _, err := f.store.ClaimJob(ctx, "test")
		f.check(err)
		f.check(f.store.SettleJob(ctx, j.Ran(time.Time{}, failure, f.clock())))
	}
	var got [][]any
	for _, item := range f.must("GET", "/jobs", "").object()["items"].([]any) {
		j := item.(map[string]any)
		got = append(got, []any{j["key"], j["state"], j["runs"], j["failed_in_a_row"], j["error"], j["ended_at"] == nil, j["run_at"] == nil})
	}
	want := [][]any{
		{"bad", "open", 1.0, 1.0, "the disk is full", false, false},
		{"good", "done", 1.0, 0.0, "", false, true},
		{"waits", "open", 0.0, 0.0, "", true, false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("jobs (-want +got):\n%s", diff)
	}
	if a := f.call(akkoord.RoleEditor, "GET", "/jobs", ""); a.status != 403 {
		t.Errorf("an editor reads them: %d", a.status)
	}
}
