package sight

import (
	"context"

	"akkoord"
)

// BeginImport of a preview is for those who may see the people of its purpose: what
// would become of rows tells who is on record. To bring a file takes no grant.
func (g *Guard) BeginImport(ctx context.Context, spec akkoord.ImportSpec, file akkoord.ImportFile) (akkoord.Import, error) {
	if !spec.Preview {
		return g.store.BeginImport(ctx, spec, file)
	}
	access, err := g.access(ctx)
	if err != nil {
		return akkoord.Import{}, err
	}
	p, err := g.store.Purpose(ctx, spec.Purpose)
	if err == nil {
		err = access.CheckPurpose(p.ID)
	}
	if err != nil && akkoord.KindOf(err) != akkoord.NotFound { // of which the store tells
		return akkoord.Import{}, err
	}
	return g.store.BeginImport(ctx, spec, file)
}

// AgainImport is as BeginImport of a preview.
func (g *Guard) AgainImport(ctx context.Context, actor akkoord.Actor, id akkoord.ID, columns map[string]string) (akkoord.Import, error) {
	if err := g.mayImport(ctx, id); err != nil {
		return akkoord.Import{}, err
	}
	return g.store.AgainImport(ctx, actor, id, columns)
}

// ConfirmImport is as BeginImport of a preview.
func (g *Guard) ConfirmImport(ctx context.Context, actor akkoord.Actor, id akkoord.ID, effects int64) (akkoord.Import, error) {
	if err := g.mayImport(ctx, id); err != nil {
		return akkoord.Import{}, err
	}
	return g.store.ConfirmImport(ctx, actor, id, effects)
}

func (g *Guard) mayImport(ctx context.Context, id akkoord.ID) error {
	access, err := g.access(ctx)
	if err != nil {
		return err
	}
	i, err := g.store.Import(ctx, id)
	if err != nil {
		return err
	}
	return access.CheckPurpose(i.Spec.PurposeID)
}

// ImportRows is for those who may see all of everybody: a row that was refused
// holds whatever its file said.
func (g *Guard) ImportRows(ctx context.Context, importID int64, outcome akkoord.ImportOutcome, f func(akkoord.ImportedRow) error) error {
	if _, err := g.everybody(ctx, akkoord.GrantFields...); err != nil {
		return err
	}
	return g.store.ImportRows(ctx, importID, outcome, f)
}

// ImportHead is as ImportRows. Those who may not see the values of columns see what the
// columns are called.
func (g *Guard) ImportHead(ctx context.Context, i akkoord.Import) ([]akkoord.ImportColumn, error) {
	access, err := g.access(ctx)
	if err != nil {
		return nil, err
	}
	if err := access.CheckPurpose(i.Spec.PurposeID); err != nil {
		return nil, err
	}
	columns, err := g.store.ImportHead(ctx, i)
	if access.CheckPurpose(0, akkoord.GrantFields...) != nil {
		withhold(ctx, akkoord.GrantFields...)
		for n := range columns {
			columns[n].Values = nil
		}
	}
	return columns, err
}
