package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"akkoord"
	"akkoord/store"
)

type importCommand struct {
	databaseSettings
	File     string `arg:"" help:"CSV or NDJSON; exports of Mailchimp, rapidmail, listmonk and HubSpot are read as they are."`
	Purpose  string `required:"" help:"Slug of the purpose that these people are to be mailed for."`
	Basis    string `required:"" help:"Lawful basis: consent, existing_customer, contract or other. With consent, rows without confirmed_at are held and not mailed; with existing_customer, those without sold_on, sale, similar and refusal_offered."`
	Evidence string `help:"Where the addresses come from and what proves the basis; kept on record. Needed for any basis but consent."`
	Source   string `name:"source-processor" help:"Slug of the party in the register that the file comes from; without a valid agreement with it the import is refused." placeholder:"SLUG"`
	Rejects  string `help:"Where rows go that can't be used, with reasons (FILE.rejected.csv)." placeholder:"FILE"`
	DryRun   bool   `help:"Only tell what the import would do; change nothing."`
}

// importMemory bounds Go's own memory softly, as memoryLimit does for a server.
const importMemory = 40 << 20

func (c *importCommand) Run(ctx context.Context, io streams) error {
	spec := akkoord.ImportSpec{Actor: commandActor, Purpose: c.Purpose, Basis: akkoord.Basis(c.Basis), Evidence: c.Evidence, Processor: c.Source, DryRun: c.DryRun}
	if err := spec.Check(); err != nil {
		return usageError{err}
	}
	f, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("%s can't be read: %w", c.File, errors.Unwrap(err))
	}
	defer f.Close()
	file, err := fingerprint(f)
	if err != nil {
		return fmt.Errorf("%s can't be read: %w", c.File, err)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(importMemory)
	}
	st, err := c.open(ctx, "use POST /api/v1/imports of that server")
	if err != nil {
		return err
	}
	defer st.Close()
	i, err := c.begin(ctx, st, spec, file, io)
	if err != nil {
		return err
	}
	i, err = st.RunImport(ctx, i.PublicID, f, importProgress(io.err))
	if ctx.Err() != nil {
		return fmt.Errorf("interrupted after %d rows; the same command goes on from there", i.Tally.Rows)
	}
	if err != nil {
		return err
	}
	rejects, err := c.writeRejects(ctx, st, i)
	if err != nil {
		return err
	}
	if err := c.tell(ctx, io.out, st, i, rejects); err != nil {
		return err
	}
	if err := st.DropImportRows(ctx, i.ID); err != nil { // the command has handed them over
		return err
	}
	if i.State == akkoord.ImportFailed {
		return errors.New(i.Why)
	}
	return nil
}

// begin goes on with an earlier run of the same import, or begins a new one.
func (c *importCommand) begin(ctx context.Context, st *store.Store, spec akkoord.ImportSpec, file akkoord.ImportFile, io streams) (akkoord.Import, error) {
	i, found, err := st.UnfinishedImport(ctx, spec, file)
	if err != nil || found {
		if found && i.Tally.Rows > 0 {
			fmt.Fprintf(io.err, "An earlier run of this import was cut short after %d rows; going on from there.\n", i.Tally.Rows)
		}
		return i, err
	}
	i, err = st.BeginImport(ctx, spec, file)
	if akkoord.CodeOf(err) == "purpose_unknown" {
		err = fmt.Errorf("there is no purpose %q; make it first, in the admin site or with POST /api/v1/purposes", c.Purpose)
	}
	return i, err
}

// fingerprint gives a file's size and digest, and goes back to its beginning.
func fingerprint(f *os.File) (akkoord.ImportFile, error) {
	var out akkoord.ImportFile
	sum := sha256.New()
	var err error
	if out.Size, err = io.Copy(sum, f); err != nil {
		return out, err
	}
	sum.Sum(out.Digest[:0])
	_, err = f.Seek(0, io.SeekStart)
	return out, err
}

// writeRejects writes the refused rows, and those held for want of the facts of
// their basis, to a file of their own, readable by its owner alone, and gives its
// name; none when there are none.
func (c *importCommand) writeRejects(ctx context.Context, st *store.Store, i akkoord.Import) (string, error) {
	if len(i.Tally.Reasons) == 0 || i.Spec.DryRun {
		return "", nil
	}
	name := cmp.Or(c.Rejects, c.File+".rejected.csv")
	f, err := os.CreateTemp(filepath.Dir(name), ".rejected-*") // mode 0600
	if err != nil {
		return "", fmt.Errorf("the refused rows can't be written; give a place with --rejects: %w", err)
	}
	defer os.Remove(f.Name()) // it is gone when all went well
	w, err := akkoord.NewRejectWriter(f, i.Tally.Header)
	if err == nil {
		err = st.ImportRows(ctx, i.ID, akkoord.ImportRejected, w.Write)
	}
	if err == nil {
		err = st.ImportRows(ctx, i.ID, akkoord.ImportHeldBack, w.Write)
	}
	if err == nil {
		err = w.Flush()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	return name, os.Rename(f.Name(), name)
}

// meanings say what became of rows, for people.
var meanings = map[akkoord.ImportOutcome]string{
	akkoord.ImportAdded:      "new and active",
	akkoord.ImportChanged:    "known, active for this purpose now",
	akkoord.ImportHeldBack:   "on record without proof of what the basis needs: not mailed",
	akkoord.ImportOptOut:     "opt-outs added",
	akkoord.ImportUnchanged:  "known as such already",
	akkoord.ImportDuplicate:  "again in this file",
	akkoord.ImportSuppressed: "not taken: left everything, bounced, complained or erased",
	akkoord.ImportDeparted:   "not taken: left this purpose, or never confirmed",
	akkoord.ImportRejected:   "can't be used",
}

// tell prints what the import did, or would do.
func (c *importCommand) tell(ctx context.Context, w io.Writer, st *store.Store, i akkoord.Import, rejects string) error {
	verb := "imported"
	if i.Spec.DryRun {
		verb = "looked at, nothing changed"
	}
	fmt.Fprintf(w, "%d rows for %s on the basis %s %s\n", i.Tally.Rows, i.Spec.Purpose, i.Spec.Basis, verb)
	for _, o := range akkoord.ImportOutcomes {
		n := i.Tally.Outcomes[o]
		if n == 0 && o != akkoord.ImportAdded && o != akkoord.ImportRejected {
			continue
		}
		fmt.Fprintf(w, "%10d %-10s %s\n", n, o, meanings[o])
		if err := c.examples(ctx, w, st, i, o); err != nil {
			return err
		}
	}
	for _, code := range slices.Sorted(maps.Keys(i.Tally.Reasons)) {
		fmt.Fprintf(w, "%21d %s\n", i.Tally.Reasons[code], code)
	}
	if len(i.Tally.Ignored) > 0 {
		fmt.Fprintf(w, "Columns not used: %s\n", strings.Join(i.Tally.Ignored, ", "))
	}
	if rejects != "" {
		fmt.Fprintf(w, "Rows that can't be used, with reasons: %s\n", rejects)
	}
	return nil
}

// examples prints the first rows of an outcome of a dry run.
func (c *importCommand) examples(ctx context.Context, w io.Writer, st *store.Store, i akkoord.Import, o akkoord.ImportOutcome) error {
	if !i.Spec.DryRun {
		return nil
	}
	rows, _, err := st.ImportRowPage(ctx, i.ID, o, akkoord.Page{Limit: 5})
	if err != nil {
		return err
	}
	for _, r := range rows {
		text := strings.Join(r.Fields, ", ")
		if r.Code != "" {
			text = r.Code + ": " + text
		}
		if _, err := fmt.Fprintf(w, "%21s line %d: %s\n", "", r.Line, text); err != nil {
			return err
		}
	}
	return nil
}

// importProgress keeps one line on a terminal up to date; elsewhere it is nil.
func importProgress(w io.Writer) func(akkoord.Import) {
	f, ok := w.(*os.File)
	if !ok {
		return nil
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	var last time.Time
	return func(i akkoord.Import) {
		ended := i.Tally.Position >= i.Size
		if now := time.Now(); !ended && now.Sub(last) < 200*time.Millisecond {
			return
		} else {
			last = now
		}
		fmt.Fprintf(f, "\r%3.0f %%, %d rows", 100*i.Progress(), i.Tally.Rows)
		if left, known := i.Remaining(); known && !ended {
			fmt.Fprintf(f, ", %v left", left.Round(time.Second))
		}
		fmt.Fprint(f, "        ")
		if ended {
			fmt.Fprintln(f)
		}
	}
}
