package api

import (
	"context"

	"akkoord"
)

// importDifference is a row of a preview.
type importDifference struct {
	Line    int64          `json:"line"`
	Email   string         `json:"email,omitempty"`
	Reason  string         `json:"reason,omitempty" doc:"Why it is refused or held."`
	Changes []importChange `json:"changes" nullable:"false" doc:"Of somebody on record."`
}

// importChange is one field that a row would change.
type importChange struct {
	Field string `json:"field" doc:"state, suppression, name, interests, or attribute: with a slug."`
	Old   string `json:"old"`
	New   string `json:"new"`
}

// readDifference lists rows of a preview, which keeps the first 200 of each outcome, and
// all that are refused.
func (a *API) readDifference(ctx context.Context, in *struct {
	ByID
	Paging
	Outcome string `query:"outcome" required:"true" enum:"added,changed,updated,held,opt_outs,unchanged,duplicates,suppressed,departed,rejected" doc:"updated: unchanged, but for attributes."`
}) (list[importDifference], error) {
	page, err := in.page()
	if err != nil {
		return list[importDifference]{}, err
	}
	i, err := a.importOf(ctx, in.ID)
	if err != nil {
		return list[importDifference]{}, err
	}
	if err := a.sight.Everybody(ctx, akkoord.GrantFields...); err != nil {
		return list[importDifference]{}, err
	}
	if !i.Spec.DryRun {
		return list[importDifference]{}, akkoord.Errorf(akkoord.Conflict, "no_preview", "This import is no preview: it tells its outcomes, and hands back refused rows at /rejects.")
	}
	if err := a.audit(ctx, "import.examples", importName(i), in.Outcome); err != nil {
		return list[importDifference]{}, err
	}
	rows, next, err := a.cfg.Store.ImportRowPage(ctx, i.ID, akkoord.ImportOutcome(in.Outcome), page)
	return newList(rows, next, func(r akkoord.ImportedRow) importDifference {
		address, changes := r.Previewed()
		out := importDifference{Line: r.Line, Email: address, Reason: r.Code, Changes: []importChange{}}
		for _, c := range changes {
			out.Changes = append(out.Changes, importChange(c))
		}
		return out
	}), err
}

func (a *API) mapImport(ctx context.Context, in *struct {
	ByID
	Body struct {
		Columns map[string]string `json:"columns" doc:"By the name of a column what it is read as: one of ours, like email, attribute: with a slug, or - for nothing."`
	}
}) (importJob, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return importJob{}, err
	}
	i, err := a.cfg.Store.AgainImport(ctx, caller(ctx).Actor(), id, in.Body.Columns)
	return showImport(i), err
}

func (a *API) confirmImport(ctx context.Context, in *struct {
	ByID
	Body struct {
		Version int64 `json:"version" doc:"Of the preview that was seen. Where it was made anew since, nothing is done (409)."`
		Effects int64 `json:"effects" doc:"As the preview told it."`
	}
}) (importJob, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return importJob{}, err
	}
	i, err := a.cfg.Store.ConfirmImport(ctx, caller(ctx).Actor(), id, in.Body.Version, in.Body.Effects)
	return showImport(i), err
}
