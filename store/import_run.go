package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"akkoord"
)

// An import reads windows of rows, sorts each by the hash of the address, and
// commits it in steps: neighbours in a step are neighbours in the index too,
// so that a step dirties few pages. A step takes some 50 ms, which is how long
// a sign-up waits (docs/adr/0012).
const (
	importWindow = 8000 // rows that are sorted together, about 6 MiB, while as many are read
	serverWindow = 6000 // the same in a server, whose memory is bounded for its sites
	importStep   = 1000 // rows that one commit writes
	stepOptOuts  = 100  // opt-outs among them: their journal is written with a commit of the usual size
	exampleRows  = 5    // rows of each outcome that a dry run shows
	previewRows  = 200  // the same of a preview

	windowWeight = 16 << 20 // bytes of memory of a window's rows, at which it ends
)

// importRun is one run of an import: from where an earlier one ended to the
// end of the file.
type importRun struct {
	*Store
	i     akkoord.Import     // as it is committed: only the writing side reads it
	spec  akkoord.ImportSpec // of it; never changes
	fence int64
	rules *catalogue         // with the attributes that rows may have
	seen  map[uint64]dryMark // of a dry run: what earlier rows would have done
}

// importRow is a row with what storing it as a new person takes. It is made
// beside the writer, whose time all others wait for.
type importRow struct {
	akkoord.ImportRow
	hash       akkoord.AddressHash
	id         akkoord.ID
	salt       []byte
	evidence   string // as JSON
	commitment [32]byte
	lacks      *akkoord.Error        // of the facts of the import's basis; nil: nothing
	changes    []akkoord.FieldChange // of somebody on record, in a preview
}

// window is a run of rows in the order of their hashes.
type window struct {
	begin, end akkoord.ImportMark
	rows       []*importRow
	err        error
}

// RunImport runs an import to its end and gives it as it then is; one that
// ended before is given as it is. progress may be nil; it is told after each
// commit. When ctx ends, or after a fault, the import stays unfinished, and a
// later run goes on where this one ended: rows and their tally are committed
// together. A file that can't be read ends the import as failed. ErrImportTaken
// says that another run took over.
func (s *Store) RunImport(ctx context.Context, id akkoord.ID, file io.ReadSeeker, progress func(akkoord.Import)) (akkoord.Import, error) {
	i, fence, err := s.claimImport(ctx, id)
	if err != nil || fence == 0 {
		return i, err
	}
	rules, err := s.catalogue(ctx)
	if err != nil {
		return i, err
	}
	run := &importRun{Store: s, i: i, spec: i.Spec, fence: fence, rules: rules, seen: map[uint64]dryMark{}}
	if i.Spec.DryRun { // nothing was written, and what earlier rows would have done is not on record
		run.i.Tally = akkoord.ImportTally{Window: i.Tally.Window, Outcomes: map[akkoord.ImportOutcome]int64{}, Reasons: map[string]int64{}}
	}
	if run.i.Tally.Rows == 0 {
		if err := s.DropImportRows(ctx, i.ID); err != nil {
			return i, err
		}
	}
	if err = run.inUse(); err == nil {
		err = run.windows(ctx, file, progress)
	}
	if akkoord.KindOf(err) == akkoord.Invalid {
		return run.i, run.end(ctx, akkoord.ImportFailed, err.Error(), i.Spec.Preview)
	}
	if err != nil {
		return run.i, err
	}
	return run.i, run.end(ctx, akkoord.ImportDone, "", i.Spec.Preview)
}

// inUse refuses people for a purpose that was archived since they waited.
func (r *importRun) inUse() error {
	p, err := r.rules.purposeNamed(r.spec.Purpose)
	if err == nil && p.Archived() && !r.spec.DryRun {
		return akkoord.Fieldf("purpose", "purpose_archived", "%s", p.ErrArchived().Message)
	}
	return err
}

func (r *importRun) windows(ctx context.Context, file io.ReadSeeker, progress func(akkoord.Import)) error {
	reader, err := akkoord.NewImportReader(file, r.spec, r.i.Tally.Begin, r.cfg.Now())
	if err != nil {
		return err
	}
	if r.spec.Basis == akkoord.BasisExistingCustomer {
		reader.KeepFields()
	}
	ctx, cancel := context.WithCancel(ctx)
	next := make(chan window)
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.read(ctx, reader, r.i.Tally.Window, next)
	}()
	defer func() {
		cancel()
		<-done // the caller may close the file
	}()
	for w := range next {
		if w.err != nil {
			return w.err
		}
		r.i.Tally.Begin = w.begin
		for r.i.Tally.Done < len(w.rows) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := r.step(ctx, reader, w); err != nil {
				return err
			}
			if progress != nil {
				progress(r.i)
			}
		}
		r.i.Tally.Done = 0
	}
	r.i.Tally.Header, r.i.Tally.Ignored = reader.Header(), reader.Ignored()
	return ctx.Err()
}

// read reads windows until the file or ctx ends. An import keeps the size of
// its windows, so that a later run finds its place in one again.
func (r *importRun) read(ctx context.Context, reader *akkoord.ImportReader, size int, next chan<- window) {
	defer close(next)
	for ended := false; !ended; {
		w := r.readWindow(reader, size)
		if ended = errors.Is(w.err, io.EOF); ended {
			w.err = nil
		}
		ended = ended || w.err != nil
		if len(w.rows) == 0 && w.err == nil {
			return
		}
		select {
		case next <- w:
		case <-ctx.Done():
			return
		}
	}
}

// readWindow reads rows and gets them ready, in the order of their hashes, and
// those of one address in the order of the file.
func (r *importRun) readWindow(reader *akkoord.ImportReader, size int) window {
	w := window{begin: reader.Mark(), rows: make([]*importRow, 0, size)}
	for weight := int64(0); len(w.rows) < size && weight < windowWeight && w.err == nil; {
		var row akkoord.ImportRow
		if row, w.err = reader.Next(); w.err == nil {
			w.rows = append(w.rows, &importRow{ImportRow: row})
			weight += reader.Weight()
		}
	}
	w.end = reader.Mark()
	if err := r.ready(w.rows); err != nil {
		w.err = err
	}
	return w
}

// ready gives rows their hashes and what new people need, and sorts them.
func (r *importRun) ready(rows []*importRow) error {
	salts, err := r.random(16 * len(rows))
	if err != nil {
		return err
	}
	ids := make([]akkoord.ID, len(rows))
	now := r.cfg.Now()
	for i, row := range rows {
		row.salt = salts[16*i : 16*i+16 : 16*i+16]
		if row.Refused == nil && len(row.Attributes) > 0 {
			r.checkAttributes(row)
		}
		if row.Refused == nil {
			row.hash = r.hasher.Person(row.Email)
			r.found(row, now)
			evidence, commitment, err := row.Evidence().Commit(row.salt)
			if err != nil {
				return err
			}
			row.evidence, row.commitment = string(evidence), commitment
			if proof := row.evidence[max(0, len(row.evidence)-1-len(row.Proof)):max(0, len(row.evidence)-1)]; proof == string(row.Proof) {
				row.Proof = akkoord.ImportedColumns(proof) // once in memory
			}
		} else if !row.Email.IsZero() {
			row.hash = r.hasher.Person(row.Email)
		}
		if ids[i], err = r.newID(now); err != nil {
			return err
		}
	}
	slices.SortFunc(rows, func(a, b *importRow) int {
		return cmp.Or(bytes.Compare(a.hash[:], b.hash[:]), cmp.Compare(a.Line, b.Line))
	})
	slices.SortFunc(ids, func(a, b akkoord.ID) int { return bytes.Compare(a[:], b[:]) })
	for i, row := range rows {
		row.id = ids[i]
	}
	return nil
}

// found leaves in a row what makes the import's basis good for its person, where
// the row is what says so.
func (r *importRun) found(row *importRow, now time.Time) {
	ground, lacks := r.spec.Facts(row.ImportRow, now)
	row.Ground, row.lacks = akkoord.Ground{}, lacks
	if r.spec.Basis == akkoord.BasisExistingCustomer {
		row.Ground = ground
	}
}

// step decides and commits the next rows of a window, with the tally.
func (r *importRun) step(ctx context.Context, reader *akkoord.ImportReader, w window) error {
	from := r.i.Tally.Done
	rows := nextStep(w.rows[from:])
	var after akkoord.Import
	var shown []akkoord.ImportedRow
	var hashes []akkoord.AddressHash
	begin := func() {
		after, shown, hashes = r.i, nil, nil
		after.Tally.Outcomes, after.Tally.Reasons = maps.Clone(r.i.Tally.Outcomes), maps.Clone(r.i.Tally.Reasons)
		if r.spec.Preview {
			after.Tally.Fields = map[string]int64{}
			maps.Copy(after.Tally.Fields, r.i.Tally.Fields)
		}
		after.Tally.Done += len(rows)
		after.Tally.Rows += int64(len(rows))
		after.Tally.Position = w.begin.Offset + (w.end.Offset-w.begin.Offset)*int64(after.Tally.Done)/int64(len(w.rows))
		after.Tally.Header, after.Tally.Ignored = reader.Header(), []string{}
	}
	count := func(row *importRow, outcome akkoord.ImportOutcome) {
		x, n := akkoord.ImportedRow{Line: row.Line, Outcome: outcome}, after.Tally.Outcomes[outcome]
		if outcome == akkoord.ImportUnchanged && len(row.changes) > 0 {
			x.Outcome, n = akkoord.ImportUpdated, after.Tally.Updated
			after.Tally.Updated++
		}
		for _, c := range row.changes {
			after.Tally.Fields[c.Field]++
		}
		wanted := r.spec.DryRun && n < r.examples()
		switch {
		case outcome == akkoord.ImportHeldBack && row.lacks != nil:
			after.Tally.Reasons[row.lacks.Code]++
			x.Code, x.Why, wanted = row.lacks.Code, row.lacks.Message, wanted || !r.spec.DryRun
		case outcome == akkoord.ImportRejected:
			after.Tally.Reasons[row.Refused.Code]++
			x.Code, x.Why, wanted = row.Refused.Code, row.Refused.Message, true
		}
		if wanted {
			x.Fields = r.fields(row)
			shown, hashes = append(shown, x), append(hashes, row.hash)
		}
		after.Tally.Outcomes[outcome]++
	}
	if r.spec.DryRun {
		begin()
		if err := r.rehearse(ctx, rows, count); err != nil {
			return err
		}
	}
	err := r.update(ctx, "import", func(t *tx) error {
		if !r.spec.DryRun {
			begin()
			if err := r.write(t, rows, count); err != nil {
				return err
			}
		}
		after.UpdatedAt = t.now
		if err := t.putImportRows(after.ID, shown, hashes); err != nil {
			return err
		}
		return t.putTally(after, r.fence)
	})
	if err == nil {
		r.i = after
		clear(rows) // their memory is wanted for those being read
	}
	return err
}

// fields gives what is shown of a row that can't be used or is held: all of it, so that
// it can be mended; and of a dry run's example the address with what would change.
func (r *importRun) fields(row *importRow) []string {
	if r.spec.DryRun && row.Refused == nil {
		return akkoord.PreviewRow(row.Email.Display(), row.changes)
	}
	return row.Fields
}

// examples is how many rows of each outcome a dry run shows.
func (r *importRun) examples() int64 {
	if r.spec.Preview {
		return previewRows
	}
	return exampleRows
}

// nextStep gives the rows of one commit.
func nextStep(rows []*importRow) []*importRow {
	optOuts := 0
	for i, row := range rows[:min(importStep, len(rows))] {
		if row.Status.OptOut() {
			optOuts++
		}
		if optOuts == stepOptOuts {
			return rows[:i+1]
		}
	}
	return rows[:min(importStep, len(rows))]
}

// putTally stores how far an import is, unless another run took over.
func (t *tx) putTally(i akkoord.Import, fence int64) error {
	tally, err := toJSON(i.Tally)
	if err != nil {
		return err
	}
	n, err := t.execCount(`UPDATE import SET tally = $3, state = $4, why = $5, updated_at = $6, finished_at = $7, spool = $8 WHERE id = $1 AND fence = $2`,
		i.ID, fence, tally, string(i.State), i.Why, micros(i.UpdatedAt), micros(i.FinishedAt), i.Spool)
	if err == nil && n == 0 {
		err = ErrImportTaken
	}
	return err
}

func (t *tx) putImportRows(importID int64, rows []akkoord.ImportedRow, hashes []akkoord.AddressHash) error {
	for i, x := range rows {
		for j, f := range x.Fields {
			x.Fields[j] = strings.ToValidUTF8(strings.ReplaceAll(f, "\x00", ""), "\uFFFD")
		}
		fields, err := toJSON(append([]string{}, x.Fields...))
		if err != nil {
			return err
		}
		if err := t.exec(`INSERT INTO import_row (import_id, outcome, line, code, why, hash, fields, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
			importID, string(x.Outcome), x.Line, x.Code, x.Why, hashes[i][:], fields, micros(t.now)); err != nil {
			return err
		}
	}
	return nil
}

// end puts down that the import ended, and what it came to in the audit trail. Its file
// is kept on record, or is to be deleted.
func (r *importRun) end(ctx context.Context, state akkoord.ImportState, why string, keep bool) error {
	after := r.i
	err := r.update(ctx, "end import", func(t *tx) error {
		after.State, after.Why, after.UpdatedAt, after.FinishedAt = state, why, t.now, t.now
		if !keep {
			after.Spool = ""
		}
		if err := t.putTally(after, r.fence); err != nil {
			return err
		}
		note := fmt.Sprintf("%s: %d rows", state, after.Tally.Rows)
		for _, o := range akkoord.ImportOutcomes {
			if n := after.Tally.Outcomes[o]; n > 0 {
				note += fmt.Sprintf(", %d %s", n, o)
			}
		}
		return t.audit(after.Spec.Actor, "import.end", named("import", after.PublicID.String()), note)
	})
	if err == nil {
		r.i = after
	}
	return err
}
