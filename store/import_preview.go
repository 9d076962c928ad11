package store

import (
	"context"
	"errors"
	"math"
	"os"
	"slices"

	"akkoord"
)

// AgainImport makes a preview anew with its columns read for something else, and
// ConfirmImport runs the import that it leads to, for somebody who saw a version of it, and
// that so many rows do something. Errors: NotFound, Invalid, and Conflict of akkoord.Import.Again and
// Confirmed.
func (s *Store) AgainImport(ctx context.Context, actor akkoord.Actor, id akkoord.ID, columns map[string]string) (akkoord.Import, error) {
	return s.requeue(ctx, id, func(i akkoord.Import) (akkoord.Import, error) { return i.Again(actor, columns) })
}

// ConfirmImport is described at AgainImport.
func (s *Store) ConfirmImport(ctx context.Context, actor akkoord.Actor, id akkoord.ID, version, effects int64) (akkoord.Import, error) {
	return s.requeue(ctx, id, func(i akkoord.Import) (akkoord.Import, error) { return i.Confirmed(actor, version, effects) })
}

func (s *Store) requeue(ctx context.Context, id akkoord.ID, change func(akkoord.Import) (akkoord.Import, error)) (akkoord.Import, error) {
	var out akkoord.Import
	err := s.update(ctx, "requeue import", func(t *tx) error {
		before, err := scanImport(t.queryRow(`SELECT `+importColumns+` FROM import WHERE public_id = $1`, id[:]))
		if err != nil {
			return missing(err, "import")
		}
		if out, err = change(before); err != nil {
			return err
		}
		if err := t.mayComeFrom(out.Spec.Processor); err != nil {
			return err
		}
		p, err := t.purposeNamed(out.Spec.Purpose)
		if err != nil {
			return err
		}
		if p.Archived() {
			return p.ErrArchived()
		}
		out.UpdatedAt = t.now
		spec, err := toJSON(out.Spec)
		if err != nil {
			return err
		}
		tally, err := toJSON(out.Tally)
		if err != nil {
			return err
		}
		var fence int64
		if err := t.queryRow(`UPDATE import SET state = $2, spec = $3, tally = $4, why = '', finished_at = 0, updated_at = $5 WHERE id = $1 RETURNING fence`,
			out.ID, string(out.State), spec, tally, micros(t.now)).Scan(&fence); err != nil {
			return err
		}
		if err := t.enqueueImport(out, fence); err != nil {
			return err
		}
		return t.auditBegin(out)
	})
	return out, err
}

// LatestImports gives a page of imports, newest first, before the number of p.After, and
// the number before which the next page begins; 0 when there is none.
func (s *Store) LatestImports(ctx context.Context, p akkoord.Page) ([]akkoord.Import, int64, error) {
	before := p.After
	if before == 0 {
		before = math.MaxInt64
	}
	rows, err := s.view(ctx).query(`SELECT `+importColumns+` FROM import WHERE id < $1 ORDER BY id DESC LIMIT $2`, before, p.Size()+1)
	out, err := list(rows, err, scanImport)
	out, next := cut(out, p, func(i akkoord.Import) int64 { return i.ID })
	return out, next, err
}

// ImportHead gives the columns of the file of a preview with their first values. A file
// that is no longer kept is NotFound.
func (s *Store) ImportHead(ctx context.Context, i akkoord.Import) ([]akkoord.ImportColumn, error) {
	if !i.Kept() {
		return nil, errFileGone
	}
	f, err := s.openSpool(ctx, akkoord.ImportFile{Spool: i.Spool, Size: i.Size})
	if errors.Is(err, os.ErrNotExist) {
		return nil, errFileGone
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return i.Spec.Head(f, s.cfg.Now())
}

var errFileGone = akkoord.Errorf(akkoord.NotFound, "file_gone", "The file of this import is no longer kept.")

// DropPreview deletes the file of a preview, and what was shown of it. One whose file is
// gone stays as it is.
func (s *Store) DropPreview(ctx context.Context, actor akkoord.Actor, id akkoord.ID) error {
	i, err := s.Import(ctx, id)
	if err != nil || !i.Kept() {
		return err
	}
	return s.endPreview(ctx, actor, i)
}

// endPreview takes the file of a preview off the record and deletes it, with what was
// shown of it. A process that dies between leaves the file to sweepSpool.
func (s *Store) endPreview(ctx context.Context, actor akkoord.Actor, i akkoord.Import) error {
	ended := false
	err := s.update(ctx, "end preview", func(t *tx) error {
		n, err := t.execCount(`UPDATE import SET spool = '', updated_at = $3 WHERE id = $1 AND spool = $2 AND state IN ('done', 'failed')`, i.ID, i.Spool, micros(t.now))
		ended = n > 0
		if err != nil || !ended {
			return err
		}
		return t.audit(actor, "import.drop", named("import", i.PublicID.String()), "")
	})
	if err != nil || !ended {
		return err
	}
	return errors.Join(s.DropSpool(akkoord.ImportFile{Spool: i.Spool}), s.DropImportRows(ctx, i.ID))
}

// roomForPreview refuses a preview while as many files as may be kept are.
func (t *tx) roomForPreview(spec akkoord.ImportSpec) error {
	if !spec.Preview {
		return nil
	}
	rows, err := t.query(`SELECT ` + importColumns + ` FROM import WHERE spool <> '' ORDER BY id`)
	waiting, err := list(rows, err, scanImport)
	if err != nil {
		return err
	}
	if n := len(slices.DeleteFunc(waiting, func(i akkoord.Import) bool { return !i.Spec.Preview })); n >= akkoord.Limits.ImportPreviews {
		return akkoord.Errorf(akkoord.Conflict, "previews_many", "%d files were looked at already and wait. Import one of them, or delete one on the page Imports, and bring this file again.", n)
	}
	return nil
}

// endPreviews deletes the files that nobody imported in akkoord.PreviewKept with what was
// shown of them, and what processes left that died.
func (s *Store) endPreviews(ctx context.Context) error {
	kept, err := s.importsWithFile(ctx)
	if err != nil {
		return err
	}
	for _, i := range kept {
		if i.Kept() && !s.cfg.Now().Before(i.KeptUntil()) {
			if err := s.endPreview(ctx, akkoord.ActorSystem, i); err != nil {
				return err
			}
		}
	}
	return s.sweepSpool(ctx)
}
