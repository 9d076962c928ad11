package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"akkoord"
)

// spoolDir is where uploads wait to be imported when the database is a file:
// beside it, on the same disk and as private.
func (s *Store) spoolDir() string { return s.cfg.File() + ".imports" }

// SpoolImport keeps an upload, in a file of its own, mode 0600, or in the
// database where nodes share that, and gives its size and digest. Whoever does
// not begin an import with it drops it.
func (s *Store) SpoolImport(body io.Reader) (akkoord.ImportFile, error) {
	keep := s.spoolFile
	if s.dialect.shared() {
		keep = s.spoolParts
	}
	sum := sha256.New()
	var out akkoord.ImportFile
	var err error
	if out.Spool, out.Size, err = keep(io.TeeReader(body, sum)); err != nil {
		if out.Spool != "" {
			err = errors.Join(err, s.DropSpool(out))
		}
		return akkoord.ImportFile{}, err
	}
	sum.Sum(out.Digest[:0])
	return out, nil
}

func (s *Store) spoolFile(body io.Reader) (name string, size int64, err error) {
	if err := os.MkdirAll(s.spoolDir(), 0o700); err != nil {
		return "", 0, fmt.Errorf("make the folder for uploads: %w", err)
	}
	f, err := os.CreateTemp(s.spoolDir(), "upload-*")
	if err != nil {
		return "", 0, fmt.Errorf("keep an upload: %w", err)
	}
	size, err = io.Copy(f, body)
	if err == nil {
		err = f.Sync() // the answer says that the import will be run
	}
	return f.Name(), size, errors.Join(err, f.Close())
}

// DropSpool deletes an upload.
func (s *Store) DropSpool(f akkoord.ImportFile) error {
	if strings.HasPrefix(f.Spool, inParts) {
		return s.dropParts(f.Spool)
	}
	if err := os.Remove(f.Spool); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// sweepSpool deletes what a process left that died between an upload and its
// import, or between the end of an import and the deletion of its upload.
func (s *Store) sweepSpool(ctx context.Context) error {
	kept, err := s.spooled(ctx)
	if err != nil || len(kept) == 0 {
		return err
	}
	open, err := s.importsWithFile(ctx)
	if err != nil {
		return err
	}
	for _, i := range open {
		delete(kept, i.Spool)
	}
	for name, since := range kept {
		if s.cfg.Now().Sub(since) < spoolKept {
			continue
		}
		if err := s.DropSpool(akkoord.ImportFile{Spool: name}); err != nil {
			return err
		}
	}
	return nil
}

// spooled names all uploads that are kept, with the time of each.
func (s *Store) spooled(ctx context.Context) (map[string]time.Time, error) {
	kept := map[string]time.Time{}
	rows, err := s.view(ctx).query(`SELECT upload, max(at) FROM import_part GROUP BY upload`)
	err = each(rows, err, func(r row) error {
		var name string
		var at int64
		err := r.Scan(&name, &at)
		kept[name] = fromMicros(at)
		return err
	})
	if err != nil || s.dialect.shared() {
		return kept, err
	}
	files, err := filepath.Glob(filepath.Join(s.spoolDir(), "upload-*"))
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			kept[f] = info.ModTime()
		}
	}
	return kept, err
}

// spoolKept is how long an upload may take until its import begins.
const spoolKept = 24 * time.Hour
