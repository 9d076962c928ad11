package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"akkoord"
)

// importPoll is how often RunImports looks for imports that it was not told of.
const importPoll = 30 * time.Second

// spoolDir is where uploads wait to be imported: beside the database, on the
// same disk and as private. Nodes that share a database keep their own.
func (s *Store) spoolDir() string {
	if s.dialect.shared() {
		return filepath.Join(os.TempDir(), "akkoord-imports")
	}
	return s.cfg.File() + ".imports"
}

// SpoolImport writes an upload to a file of its own, mode 0600, and gives its
// size and digest. Whoever does not begin an import with it drops it.
func (s *Store) SpoolImport(body io.Reader) (akkoord.ImportFile, error) {
	if err := os.MkdirAll(s.spoolDir(), 0o700); err != nil {
		return akkoord.ImportFile{}, fmt.Errorf("make the folder for uploads: %w", err)
	}
	f, err := os.CreateTemp(s.spoolDir(), "upload-*")
	if err != nil {
		return akkoord.ImportFile{}, fmt.Errorf("keep an upload: %w", err)
	}
	out := akkoord.ImportFile{Spool: f.Name()}
	sum := sha256.New()
	out.Size, err = io.Copy(io.MultiWriter(f, sum), body)
	if err == nil {
		err = f.Sync() // the answer says that the import will be run
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return akkoord.ImportFile{}, errors.Join(err, s.DropSpool(out))
	}
	sum.Sum(out.Digest[:0])
	return out, nil
}

// DropSpool deletes an upload.
func (s *Store) DropSpool(f akkoord.ImportFile) error {
	if err := os.Remove(f.Spool); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// RunImports runs the imports whose files the server keeps, one after the
// other, those that an earlier process began first, until ctx ends.
func (s *Store) RunImports(ctx context.Context) {
	tick := time.NewTicker(importPoll)
	defer tick.Stop()
	for {
		if err := s.RunOpenImports(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.Error("an import stopped; it goes on by itself", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.wakeImport:
		}
	}
}

// RunOpenImports runs all imports that are open now, then deletes uploads that
// belong to none.
func (s *Store) RunOpenImports(ctx context.Context) error {
	open, err := s.openImports(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, i := range open {
		errs = append(errs, s.runSpooled(ctx, i))
	}
	return errors.Join(append(errs, s.sweepSpool(ctx))...)
}

func (s *Store) runSpooled(ctx context.Context, i akkoord.Import) error {
	f, err := os.Open(i.Spool)
	if errors.Is(err, os.ErrNotExist) && s.dialect.shared() && s.cfg.Now().Sub(i.UpdatedAt) < spoolKept {
		return nil // it lies on another node
	}
	if errors.Is(err, os.ErrNotExist) {
		return s.failImport(ctx, i, "The uploaded file is gone; upload it again.")
	}
	if err != nil {
		return err
	}
	defer f.Close()
	done, err := s.RunImport(ctx, i.PublicID, f, nil)
	if errors.Is(err, ErrImportTaken) {
		return nil
	}
	if err != nil {
		return err
	}
	s.cfg.Log.Info("an import ended", "import", i.PublicID.String(), "state", string(done.State), "rows", done.Tally.Rows)
	return s.DropSpool(akkoord.ImportFile{Spool: i.Spool})
}

// failImport ends an import that can't be run.
func (s *Store) failImport(ctx context.Context, i akkoord.Import, why string) error {
	claimed, fence, err := s.claimImport(ctx, i.PublicID)
	if err != nil || fence == 0 {
		return err
	}
	return (&importRun{Store: s, i: claimed, fence: fence}).end(ctx, akkoord.ImportFailed, why)
}

// sweepSpool deletes what a process left that died between an upload and its
// import, or between the end of an import and the deletion of its file.
func (s *Store) sweepSpool(ctx context.Context) error {
	files, err := filepath.Glob(filepath.Join(s.spoolDir(), "upload-*"))
	if err != nil || len(files) == 0 {
		return err
	}
	needed := map[string]bool{}
	open, err := s.openImports(ctx)
	if err != nil {
		return err
	}
	for _, i := range open {
		needed[i.Spool] = true
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil || needed[f] || s.cfg.Now().Sub(info.ModTime()) < spoolKept {
			continue
		}
		if err := s.DropSpool(akkoord.ImportFile{Spool: f}); err != nil {
			return err
		}
	}
	return nil
}

// spoolKept is how long an upload may take until its import begins.
const spoolKept = 24 * time.Hour
