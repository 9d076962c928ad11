package sight

import (
	"context"

	"akkoord"
)

// What a preview compares is of everybody: by its counts, and by what its rows would
// change, somebody learns whether what they guessed of people is right. All of it is for
// those who may see all of everybody. To import a file without takes no grant.
func (g *Guard) compare(ctx context.Context) error {
	return g.Everybody(ctx, akkoord.GrantFields...)
}

// BeginImport of a preview is for those who may see all of everybody.
func (g *Guard) BeginImport(ctx context.Context, spec akkoord.ImportSpec, file akkoord.ImportFile) (akkoord.Import, error) {
	if spec.Preview {
		if err := g.compare(ctx); err != nil {
			return akkoord.Import{}, err
		}
	}
	return g.store.BeginImport(ctx, spec, file)
}

// AgainImport is as BeginImport of a preview.
func (g *Guard) AgainImport(ctx context.Context, actor akkoord.Actor, id akkoord.ID, columns map[string]string) (akkoord.Import, error) {
	if err := g.compare(ctx); err != nil {
		return akkoord.Import{}, err
	}
	return g.store.AgainImport(ctx, actor, id, columns)
}

// ConfirmImport is as BeginImport of a preview.
func (g *Guard) ConfirmImport(ctx context.Context, actor akkoord.Actor, id akkoord.ID, version, effects int64) (akkoord.Import, error) {
	if err := g.compare(ctx); err != nil {
		return akkoord.Import{}, err
	}
	return g.store.ConfirmImport(ctx, actor, id, version, effects)
}

// DropPreview is as BeginImport of a preview.
func (g *Guard) DropPreview(ctx context.Context, actor akkoord.Actor, id akkoord.ID) error {
	if err := g.compare(ctx); err != nil {
		return err
	}
	return g.store.DropPreview(ctx, actor, id)
}

// Import of a preview is for those who may see all of everybody.
func (g *Guard) Import(ctx context.Context, id akkoord.ID) (akkoord.Import, error) {
	i, err := g.store.Import(ctx, id)
	if err == nil && i.Spec.Preview {
		err = g.compare(ctx)
	}
	if err != nil {
		return akkoord.Import{}, err
	}
	return i, nil
}

// Imports leaves out of previews what they came to, for those who may not see all of
// everybody.
func (g *Guard) Imports(ctx context.Context, p akkoord.Page) ([]akkoord.Import, int64, error) {
	imports, next, err := g.store.Imports(ctx, p)
	return g.untold(ctx, imports), next, err
}

// LatestImports is as Imports.
func (g *Guard) LatestImports(ctx context.Context, p akkoord.Page) ([]akkoord.Import, int64, error) {
	imports, next, err := g.store.LatestImports(ctx, p)
	return g.untold(ctx, imports), next, err
}

func (g *Guard) untold(ctx context.Context, imports []akkoord.Import) []akkoord.Import {
	if g.compare(ctx) == nil {
		return imports
	}
	for n, i := range imports {
		if i.Spec.Preview {
			withhold(ctx, akkoord.GrantFields...)
			t := i.Tally
			imports[n].Tally = akkoord.ImportTally{Window: t.Window, Rows: t.Rows, Position: t.Position, RunFrom: t.RunFrom}
		}
	}
	return imports
}

// ImportRows is for those who may see all of everybody: a row that was refused
// holds whatever its file said.
func (g *Guard) ImportRows(ctx context.Context, importID int64, outcome akkoord.ImportOutcome, f func(akkoord.ImportedRow) error) error {
	if err := g.compare(ctx); err != nil {
		return err
	}
	return g.store.ImportRows(ctx, importID, outcome, f)
}

// ImportRowPage is as ImportRows.
func (g *Guard) ImportRowPage(ctx context.Context, importID int64, outcome akkoord.ImportOutcome, p akkoord.Page) ([]akkoord.ImportedRow, int64, error) {
	if err := g.compare(ctx); err != nil {
		return nil, 0, err
	}
	return g.store.ImportRowPage(ctx, importID, outcome, p)
}

// ImportHead is as ImportRows.
func (g *Guard) ImportHead(ctx context.Context, i akkoord.Import) ([]akkoord.ImportColumn, error) {
	if err := g.compare(ctx); err != nil {
		return nil, err
	}
	return g.store.ImportHead(ctx, i)
}
