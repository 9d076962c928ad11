package api

import (
	"context"

	"akkoord"
)

// Jobs tells what background work there is.
type Jobs interface {
	Jobs(ctx context.Context, p akkoord.Page) (jobs []akkoord.Job, next int64, err error)
}

// job is a piece of background work and how its last run went.
type job struct {
	ID        int64  `json:"id"`
	Kind      string `json:"kind"`
	Key       string `json:"key" doc:"What it is about. Of one kind and key, one job is open at a time."`
	State     string `json:"state" enum:"open,done,failed" doc:"failed: given up, see error."`
	Every     int64  `json:"every_seconds" doc:"0: once."`
	RunAt     *Time  `json:"run_at" doc:"Of the next run. Null: none, or it is running."`
	Runs      int64  `json:"runs"`
	Attempts  int    `json:"failed_in_a_row"`
	Error     string `json:"error" doc:"Of the last run; empty when that succeeded."`
	StartedAt *Time  `json:"started_at" doc:"Of the last run."`
	EndedAt   *Time  `json:"ended_at" doc:"Of the last run that ended."`
	CreatedAt *Time  `json:"created_at"`
}

var jobStates = map[akkoord.JobState]string{akkoord.JobOpen: "open", akkoord.JobDone: "done", akkoord.JobFailed: "failed"}

func (a *API) listJobs(ctx context.Context, in *struct{ Paging }) (list[job], error) {
	page, err := in.page()
	if err != nil {
		return list[job]{}, err
	}
	rows, next, err := a.cfg.Store.Jobs(ctx, page)
	return newList(rows, next, func(j akkoord.Job) job {
		return job{
			ID: j.ID, Kind: string(j.Kind), Key: j.Key, State: jobStates[j.State], Every: int64(j.Every.Seconds()), RunAt: when(j.RunAt),
			Runs: j.Fence, Attempts: j.Attempts, Error: j.Error, StartedAt: when(j.StartedAt), EndedAt: when(j.EndedAt), CreatedAt: when(j.CreatedAt),
		}
	}), err
}
