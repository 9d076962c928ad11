package api

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"math"

	"akkoord"
	"akkoord/server/intake"
)

// Imports takes files of people in, and tells how far they are.
type Imports interface {
	// SpoolImport keeps an upload until DropSpool, or, when an import is begun
	// with it, until that ends.
	SpoolImport(body io.Reader) (akkoord.ImportFile, error)
	DropSpool(f akkoord.ImportFile) error
	BeginImport(ctx context.Context, spec akkoord.ImportSpec, file akkoord.ImportFile) (akkoord.Import, error)
	Import(ctx context.Context, id akkoord.ID) (akkoord.Import, error)
	Imports(ctx context.Context, p akkoord.Page) (imports []akkoord.Import, next int64, err error)
	AgainImport(ctx context.Context, actor akkoord.Actor, id akkoord.ID, columns map[string]string) (akkoord.Import, error)
	ConfirmImport(ctx context.Context, actor akkoord.Actor, id akkoord.ID, version, effects int64) (akkoord.Import, error)
	// ImportRows calls f for refused rows, those held for want of facts, or the examples of a dry run.
	ImportRows(ctx context.Context, importID int64, outcome akkoord.ImportOutcome, f func(akkoord.ImportedRow) error) error
	ImportRowPage(ctx context.Context, importID int64, outcome akkoord.ImportOutcome, p akkoord.Page) (rows []akkoord.ImportedRow, next int64, err error)
}

// importJob is an import: on what grounds, how far it is, and what became of
// the rows. The outcomes add up to the rows.
type importJob struct {
	ID         akkoord.ID       `json:"id" format:"uuid"`
	State      string           `json:"state" enum:"queued,running,done,failed" doc:"failed: the file can't be read, see error."`
	Purpose    string           `json:"purpose" doc:"Slug."`
	Basis      akkoord.Basis    `json:"basis"`
	Evidence   string           `json:"evidence"`
	Processor  *string          `json:"source_processor" doc:"Slug of the party that the file comes from."`
	DryRun     bool             `json:"dry_run"`
	Preview    *importPreview   `json:"preview,omitempty" doc:"Of a preview whose file is kept."`
	Size       int64            `json:"size" doc:"Bytes of the file."`
	Digest     string           `json:"sha256"`
	Rows       int64            `json:"rows" doc:"Rows that are dealt with."`
	Added      int64            `json:"added" doc:"New people, active."`
	Changed    int64            `json:"changed" doc:"People on record, active for the purpose now."`
	Held       int64            `json:"held" doc:"On record without proof of consent, or without the facts of their basis: not mailed."`
	OptOuts    int64            `json:"opt_outs" doc:"Opt-outs added."`
	Unchanged  int64            `json:"unchanged"`
	Duplicates int64            `json:"duplicates" doc:"Rows whose address an earlier row has."`
	Suppressed int64            `json:"suppressed" doc:"Not taken: the address must not be mailed."`
	Departed   int64            `json:"departed" doc:"Not taken: the person left the purpose, or never confirmed."`
	Rejected   int64            `json:"rejected" doc:"Rows that can't be used."`
	Reasons    map[string]int64 `json:"reasons" doc:"Of rejected rows, and of those held for want of the facts of their basis, by code."`
	Ignored    []string         `json:"ignored_columns" nullable:"false"`
	Progress   float64          `json:"progress" doc:"From 0 to 1, by the bytes of the file."`
	ETA        *int64           `json:"eta_seconds" doc:"From the speed of the present run; null while unknown, and when nothing runs."`
	Examples   []importExample  `json:"examples,omitempty" doc:"Of a dry run: the first rows of each outcome."`
	CreatedAt  *Time            `json:"created_at"`
	StartedAt  *Time            `json:"started_at" doc:"Of the present run."`
	FinishedAt *Time            `json:"finished_at"`
	Error      *string          `json:"error"`
}

// importPreview is what a preview says besides the outcomes.
type importPreview struct {
	Version   int64             `json:"version" doc:"Another each time that it is made anew."`
	Effects   int64             `json:"effects" doc:"Rows that would do something: the number by which the import is confirmed."`
	Updated   int64             `json:"updated" doc:"Rows among the unchanged that bring other values of attributes."`
	Fields    map[string]int64  `json:"fields" doc:"Rows by what they would change of people on record: state, suppression, name, interests, or attribute: with a slug."`
	Columns   map[string]string `json:"columns" doc:"What columns are read as, where their names don't say it."`
	KeptUntil *Time             `json:"kept_until" doc:"When the file is deleted, if it is not imported."`
}

// importExample is a row of a dry run.
type importExample struct {
	Outcome akkoord.ImportOutcome `json:"outcome"`
	Line    int64                 `json:"line"`
	Email   string                `json:"email,omitempty"`
	Reason  string                `json:"reason,omitempty"`
}

func showImport(i akkoord.Import) importJob {
	n := i.Tally.Outcomes
	out := importJob{
		ID: i.PublicID, State: string(i.State), Purpose: i.Spec.Purpose, Basis: i.Spec.Basis, Evidence: i.Spec.Evidence, Processor: orNil(i.Spec.Processor), DryRun: i.Spec.DryRun,
		Size: i.Size, Digest: hex.EncodeToString(i.Digest), Rows: i.Tally.Rows,
		Added: n[akkoord.ImportAdded], Changed: n[akkoord.ImportChanged], Held: n[akkoord.ImportHeldBack], OptOuts: n[akkoord.ImportOptOut],
		Unchanged: n[akkoord.ImportUnchanged], Duplicates: n[akkoord.ImportDuplicate], Suppressed: n[akkoord.ImportSuppressed],
		Departed: n[akkoord.ImportDeparted], Rejected: n[akkoord.ImportRejected], Reasons: i.Tally.Reasons, Ignored: some(i.Tally.Ignored),
		Progress: math.Round(i.Progress()*1000) / 1000, CreatedAt: when(i.CreatedAt), StartedAt: when(i.StartedAt), FinishedAt: when(i.FinishedAt), Error: orNil(i.Why),
	}
	if i.Kept() {
		out.Preview = &importPreview{i.Version(), i.Tally.Effects(), i.Tally.Updated, filled(i.Tally.Fields), filled(i.Spec.Columns), when(i.KeptUntil())}
	}
	if left, known := i.Remaining(); known {
		seconds := int64(math.Ceil(left.Seconds()))
		out.ETA = &seconds
	}
	return out
}

// filled gives a map, which in JSON is never null.
func filled[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

// createImport begins an import with the upload that serveImport has kept.
func (a *API) createImport(ctx context.Context, in *struct {
	Purpose  string `query:"purpose" required:"true" doc:"Slug of the purpose that the people are to be mailed for."`
	Basis    string `query:"basis" required:"true" doc:"consent, existing_customer, contract or other. With consent, rows without confirmed_at are held; with existing_customer those without sold_on, sale, similar and refusal_offered."`
	Evidence string `query:"evidence" doc:"Where the addresses come from and what proves the basis. Needed for any basis but consent."`
	Source   string `query:"source_processor" doc:"Slug of the party in the register that the file comes from, or own. Without a valid agreement with it the import is refused (409)."`
	DryRun   bool   `query:"dry_run" doc:"Only tell what the import would do."`
	Preview  bool   `query:"preview" doc:"Tell what the import would do, and keep the file for a day, so that it can be confirmed."`
	Locale   string `query:"locale" doc:"Language of rows that name none; the first of the server's languages if nothing is said."`
}) (importJob, error) {
	spec := akkoord.ImportSpec{Actor: caller(ctx).Actor(), Purpose: in.Purpose, Basis: akkoord.Basis(in.Basis), Evidence: in.Evidence, Processor: in.Source, DryRun: in.DryRun, Preview: in.Preview, Locale: in.Locale}
	up, ok := ctx.Value(uploadKey{}).(*spooled)
	if !ok {
		return importJob{}, errors.New("an import came without its upload")
	}
	i, err := a.cfg.Store.BeginImport(ctx, spec, up.file)
	up.taken = err == nil
	return showImport(i), err
}

func (a *API) listImports(ctx context.Context, in *struct{ Paging }) (list[importJob], error) {
	page, err := in.page()
	if err != nil {
		return list[importJob]{}, err
	}
	rows, next, err := a.cfg.Store.Imports(ctx, page)
	return newList(rows, next, showImport), err
}

func (a *API) importOf(ctx context.Context, id string) (akkoord.Import, error) {
	public, err := akkoord.ParseID(id)
	if err != nil {
		return akkoord.Import{}, err
	}
	return a.cfg.Store.Import(ctx, public)
}

func (a *API) readImport(ctx context.Context, in *ByID) (importJob, error) {
	i, err := a.importOf(ctx, in.ID)
	if err != nil {
		return importJob{}, err
	}
	out := showImport(i)
	if !i.Spec.DryRun {
		return out, nil
	}
	if err := a.audit(ctx, "import.examples", importName(i), ""); err != nil {
		return out, err
	}
	for _, outcome := range akkoord.ImportOutcomes {
		rows, _, err := a.cfg.Store.ImportRowPage(ctx, i.ID, outcome, akkoord.Page{Limit: maxExamples})
		if err != nil {
			return out, err
		}
		for _, r := range rows {
			x := importExample{Outcome: outcome, Line: r.Line, Reason: r.Code}
			x.Email, _ = r.Previewed()
			out.Examples = append(out.Examples, x)
		}
	}
	return out, nil
}

const maxExamples = 5 // rows of each outcome that are shown

// readRejects writes the refused rows as CSV while it reads them.
func (a *API) readRejects(ctx context.Context, in *ByID) (stream, error) {
	i, err := a.importOf(ctx, in.ID)
	if err != nil {
		return stream{}, err
	}
	if err := a.sight.Export(ctx, akkoord.GrantFields...); err != nil {
		return stream{}, err
	}
	if err := a.audit(ctx, "import.rejects", importName(i), ""); err != nil {
		return stream{}, err
	}
	return stream{
		header: map[string]string{"Content-Disposition": `attachment; filename="` + i.PublicID.String() + `.rejected.csv"`},
		write: func(w io.Writer) error {
			return intake.WriteRejects(w, i, func(outcome akkoord.ImportOutcome, f func(akkoord.ImportedRow) error) error {
				return a.cfg.Store.ImportRows(ctx, i.ID, outcome, f)
			})
		},
	}, nil
}

// importName names an import in the audit trail.
func importName(i akkoord.Import) string { return "import:" + i.PublicID.String() }
