package store

import (
	"context"
	"errors"
	"os"
	"strconv"
	"time"

	"akkoord"
)

// importJob are the arguments of a job of the kind akkoord.JobImport.
type importJob struct {
	Import int64 `json:"import"`
}

// enqueueImport stores the run of an import whose file the server keeps, after the
// run with a number.
func (t *tx) enqueueImport(i akkoord.Import, fence int64) error {
	if i.Spool == "" {
		return nil
	}
	key := strconv.FormatInt(i.ID, 10)
	if fence > 0 {
		key += "/" + strconv.FormatInt(fence, 10) // the job of its preview may be open yet
	}
	j, err := akkoord.NewJob(akkoord.JobImport, key, time.Time{}, importJob{i.ID})
	if err != nil {
		return err
	}
	return t.enqueue(j)
}

// RunImportJob is the run of a job of the kind akkoord.JobImport: RunImport
// with the upload, which is deleted afterwards unless it was a preview. After a kill any node that can
// reach the upload goes on where the last one ended.
func (s *Store) RunImportJob(ctx context.Context, j akkoord.Job) (time.Time, error) {
	var args importJob
	if err := j.Bind(&args); err != nil {
		return time.Time{}, err
	}
	i, err := s.importByID(ctx, args.Import)
	if err != nil {
		return time.Time{}, err
	}
	upload := akkoord.ImportFile{Spool: i.Spool, Size: i.Size}
	if i.Spool != "" { // else it ended, and the node died before it said so
		if err := s.runSpooled(ctx, i, j.Attempts+1 >= akkoord.JobAttempts); err != nil {
			return time.Time{}, err
		}
		if i, err = s.importByID(ctx, args.Import); err != nil {
			return time.Time{}, err
		}
	}
	if i.Spool == "" && upload.Spool != "" {
		if err := s.DropSpool(upload); err != nil {
			return time.Time{}, err
		}
	}
	return time.Time{}, s.sweepSpool(ctx)
}

// runSpooled runs an import of an upload. What the last of its runs can't do
// ends it as failed.
func (s *Store) runSpooled(ctx context.Context, i akkoord.Import, last bool) error {
	f, err := s.openSpool(ctx, akkoord.ImportFile{Spool: i.Spool, Size: i.Size})
	if errors.Is(err, os.ErrNotExist) {
		return s.failImport(ctx, i, "The uploaded file is gone; upload it again.")
	}
	if err == nil {
		defer f.Close()
		var done akkoord.Import
		if done, err = s.RunImport(ctx, i.PublicID, f, nil); err == nil {
			s.cfg.Log.Info("an import ended", "import", i.PublicID.String(), "state", string(done.State), "rows", done.Tally.Rows)
			return nil
		}
	}
	if last && ctx.Err() == nil && !errors.Is(err, ErrImportTaken) {
		return errors.Join(err, s.failImport(ctx, i, "The server could not run this import; see its log, and upload the rest again."))
	}
	return err
}

// failImport ends an import that can't be run.
func (s *Store) failImport(ctx context.Context, i akkoord.Import, why string) error {
	claimed, fence, err := s.claimImport(ctx, i.PublicID)
	if err != nil || fence == 0 {
		return err
	}
	return (&importRun{Store: s, i: claimed, fence: fence}).end(ctx, akkoord.ImportFailed, why, false)
}
