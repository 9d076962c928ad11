package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"akkoord"
)

// ErrImportTaken is the error of a run of an import that another run took
// over.
var ErrImportTaken = errors.New("another run of this import has taken over")

// BeginImport puts an import down with its grounds (M7, requirements-mail
// F.17). RunImport runs it. A purpose that does not exist is a field error.
func (s *Store) BeginImport(ctx context.Context, spec akkoord.ImportSpec, file akkoord.ImportFile) (akkoord.Import, error) {
	if err := spec.Check(); err != nil {
		return akkoord.Import{}, err
	}
	p, err := s.Purpose(ctx, spec.Purpose)
	if akkoord.KindOf(err) == akkoord.NotFound {
		err = akkoord.Fieldf("purpose", "purpose_unknown", "There is no such purpose.")
	}
	if err != nil {
		return akkoord.Import{}, err
	}
	if p.Archived() {
		return akkoord.Import{}, p.ErrArchived()
	}
	spec.PurposeID, spec.Purpose, spec.DryRun = p.ID, p.Slug, spec.DryRun || spec.Preview
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return akkoord.Import{}, err
	}
	size := importWindow
	if file.Spool != "" {
		size = serverWindow
	}
	var out akkoord.Import
	err = s.update(ctx, "begin import", func(t *tx) error {
		if err := t.mayComeFrom(spec.Processor); err != nil {
			return err
		}
		if err := t.roomForPreview(spec); err != nil {
			return err
		}
		out = akkoord.Import{
			PublicID: id, State: akkoord.ImportQueued, Spec: spec, Size: file.Size, Digest: file.Digest[:], Spool: file.Spool,
			Tally: akkoord.ImportTally{Window: size, Outcomes: map[akkoord.ImportOutcome]int64{}, Reasons: map[string]int64{}}, CreatedAt: t.now, UpdatedAt: t.now,
		}
		out.Spec.ID = id
		specJSON, err := toJSON(out.Spec)
		if err != nil {
			return err
		}
		tally, err := toJSON(out.Tally)
		if err != nil {
			return err
		}
		if err := t.queryRow(`INSERT INTO import (public_id, state, spec, size, digest, spool, tally, fence, why, created_at, started_at, updated_at, finished_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 0, '', $8, 0, $8, 0) RETURNING id`,
			id[:], string(out.State), specJSON, out.Size, out.Digest, out.Spool, tally, micros(t.now)).Scan(&out.ID); err != nil {
			return err
		}
		if err := t.enqueueImport(out, 0); err != nil {
			return err
		}
		return t.auditBegin(out)
	})
	return out, err
}

// auditBegin leaves a line about an import that is to be run, or looked at.
func (t *tx) auditBegin(i akkoord.Import) error {
	note := fmt.Sprintf("purpose %s, basis %s, source %s, dry run %t, SHA-256 %x", i.Spec.Purpose, i.Spec.Basis, cmp.Or(i.Spec.Processor, akkoord.OwnProcessor), i.Spec.DryRun, i.Digest)
	for n, name := range slices.Sorted(maps.Keys(i.Spec.Columns)) {
		note += fmt.Sprintf("%s %q read as %s", []string{", column", ","}[min(n, 1)], name, i.Spec.Columns[name])
	}
	note += ": " + i.Spec.Evidence
	return t.audit(i.Spec.Actor, "import.begin", named("import", i.PublicID.String()), strings.TrimSuffix(note, ": "))
}

// mayComeFrom refuses people from a party without a valid agreement (M28).
func (t *tx) mayComeFrom(slug string) error {
	why, _, err := processorObstacles(t, slug, t.now)
	if err != nil || len(why) == 0 {
		return err
	}
	return &akkoord.Error{Kind: akkoord.Conflict, Code: why[0].Code, Field: "source_processor", Message: why[0].Message, Reasons: why}
}

const importColumns = `id, public_id, state, spec, size, digest, spool, tally, why, created_at, started_at, updated_at, finished_at`

func scanImport(r row) (akkoord.Import, error) {
	var i akkoord.Import
	var id []byte
	var spec, tally string
	var created, started, updated, finished int64
	if err := r.Scan(&i.ID, &id, &i.State, &spec, &i.Size, &i.Digest, &i.Spool, &tally, &i.Why, &created, &started, &updated, &finished); err != nil {
		return i, err
	}
	i.PublicID = id16(id)
	i.CreatedAt, i.StartedAt, i.UpdatedAt, i.FinishedAt = fromMicros(created), fromMicros(started), fromMicros(updated), fromMicros(finished)
	if err := json.Unmarshal([]byte(spec), &i.Spec); err != nil {
		return i, fmt.Errorf("the grounds of import %d do not parse: %w", i.ID, err)
	}
	if err := json.Unmarshal([]byte(tally), &i.Tally); err != nil {
		return i, fmt.Errorf("the tally of import %d does not parse: %w", i.ID, err)
	}
	i.Spec.ID = i.PublicID
	return i, nil
}

// Import reads an import, or gives NotFound.
func (s *Store) Import(ctx context.Context, id akkoord.ID) (akkoord.Import, error) {
	i, err := scanImport(s.view(ctx).queryRow(`SELECT `+importColumns+` FROM import WHERE public_id = $1`, id[:]))
	return i, missing(err, "import")
}

// Imports gives a page of imports, oldest first, and the number after which
// the next page begins; 0 when there is none.
func (s *Store) Imports(ctx context.Context, p akkoord.Page) ([]akkoord.Import, int64, error) {
	rows, err := s.view(ctx).query(`SELECT `+importColumns+` FROM import WHERE id > $1 ORDER BY id LIMIT $2`, p.After, p.Size()+1)
	out, err := list(rows, err, scanImport)
	out, next := cut(out, p, func(i akkoord.Import) int64 { return i.ID })
	return out, next, err
}

// UnfinishedImport finds an import of the same file on the same grounds that
// was begun by a command and did not end; false when there is none.
func (s *Store) UnfinishedImport(ctx context.Context, spec akkoord.ImportSpec, file akkoord.ImportFile) (akkoord.Import, bool, error) {
	var out akkoord.Import
	var found bool
	rows, err := s.view(ctx).query(`SELECT `+importColumns+` FROM import
		WHERE state IN ('queued', 'running') AND spool = '' AND digest = $1 ORDER BY id DESC`, file.Digest[:])
	err = each(rows, err, func(r row) error {
		i, err := scanImport(r)
		same := i.Spec.Purpose == spec.Purpose && i.Spec.Basis == spec.Basis && i.Spec.Evidence == spec.Evidence && i.Spec.Processor == spec.Processor && i.Spec.DryRun == spec.DryRun
		if err == nil && same && !found {
			out, found = i, true
		}
		return err
	})
	return out, found, err
}

// importsWithFile gives the imports whose file the server keeps, oldest first.
func (s *Store) importsWithFile(ctx context.Context) ([]akkoord.Import, error) {
	rows, err := s.view(ctx).query(`SELECT ` + importColumns + ` FROM import WHERE spool <> '' ORDER BY id`)
	return list(rows, err, scanImport)
}

// importByID reads an import by its number, or gives NotFound.
func (s *Store) importByID(ctx context.Context, id int64) (akkoord.Import, error) {
	i, err := scanImport(s.view(ctx).queryRow(`SELECT `+importColumns+` FROM import WHERE id = $1`, id))
	return i, missing(err, "import")
}

// importPage is how many rows one query of ImportRows reads.
const importPage = 1000

// ImportRows calls f for the refused rows of an import, or those held for want
// of the facts of their basis, or, for another outcome, the examples of a dry run,
// in the order of the file.
func (s *Store) ImportRows(ctx context.Context, importID int64, outcome akkoord.ImportOutcome, f func(akkoord.ImportedRow) error) error {
	for after, more := int64(0), true; more; {
		more = false
		n := 0
		rows, err := s.view(ctx).query(importRowQuery, importID, string(outcome), after, importPage)
		err = each(rows, err, func(r row) error {
			x, err := scanImportRow(r)
			if err != nil {
				return err
			}
			n++
			after, more = x.Line, n == importPage
			return f(x)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ImportRowPage gives a page of the rows of ImportRows, after the line p.After, and the
// line after which the next page begins; 0 when there is none.
func (s *Store) ImportRowPage(ctx context.Context, importID int64, outcome akkoord.ImportOutcome, p akkoord.Page) ([]akkoord.ImportedRow, int64, error) {
	rows, err := s.view(ctx).query(importRowQuery, importID, string(outcome), p.After, p.Size()+1)
	out, err := list(rows, err, scanImportRow)
	out, next := cut(out, p, func(r akkoord.ImportedRow) int64 { return r.Line })
	return out, next, err
}

const importRowQuery = `SELECT outcome, line, code, why, fields FROM import_row WHERE import_id = $1 AND outcome = $2 AND line > $3 ORDER BY line LIMIT $4`

func scanImportRow(r row) (akkoord.ImportedRow, error) {
	var x akkoord.ImportedRow
	var fields string
	if err := r.Scan(&x.Outcome, &x.Line, &x.Code, &x.Why, &fields); err != nil {
		return x, err
	}
	return x, json.Unmarshal([]byte(fields), &x.Fields)
}

// DropImportRows deletes what ImportRows gives, once it was handed over.
func (s *Store) DropImportRows(ctx context.Context, importID int64) error {
	for {
		var n int64
		err := s.update(ctx, "drop import rows", func(t *tx) error {
			var err error
			n, err = t.execCount(`DELETE FROM import_row WHERE import_id = $1 AND (outcome, line) IN
				(SELECT outcome, line FROM import_row WHERE import_id = $1 LIMIT $2)`, importID, importPage)
			return err
		})
		if err != nil || n < importPage {
			return err
		}
	}
}

// claimImport makes the caller the one run of an import. An import that ended
// is given as it is, with fence 0.
func (s *Store) claimImport(ctx context.Context, id akkoord.ID) (i akkoord.Import, fence int64, err error) {
	err = s.update(ctx, "claim import", func(t *tx) error {
		var err error
		if i, err = scanImport(t.queryRow(`SELECT `+importColumns+` FROM import WHERE public_id = $1`, id[:])); err != nil {
			return missing(err, "import")
		}
		if i.State != akkoord.ImportQueued && i.State != akkoord.ImportRunning {
			fence = 0
			return nil
		}
		i.State, i.StartedAt, i.UpdatedAt, i.Tally.RunFrom = akkoord.ImportRunning, t.now, t.now, i.Tally.Position
		tally, err := toJSON(i.Tally)
		if err != nil {
			return err
		}
		err = t.queryRow(`UPDATE import SET fence = fence + 1, state = $2, tally = $3, started_at = $4, updated_at = $4 WHERE id = $1 RETURNING fence`,
			i.ID, string(i.State), tally, micros(t.now)).Scan(&fence)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrImportTaken
		}
		return err
	})
	return i, fence, err
}
