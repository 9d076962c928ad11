package sight

import (
	"context"

	"akkoord"
)

// PrepareBulkAct chooses among the people who may be found by the filter, and of whom
// all may be seen that the act takes; to end a purpose is for those who may see its
// people. Each person is looked at once more when it is done.
func (g *Guard) PrepareBulkAct(ctx context.Context, by akkoord.Actor, spec akkoord.BulkSpec) (akkoord.BulkAct, error) {
	access, err := g.access(ctx)
	if err != nil {
		return akkoord.BulkAct{}, err
	}
	if spec.Filter, err = g.among(ctx, access, spec.Filter, spec.Kind.Fields()...); err != nil {
		return akkoord.BulkAct{}, err
	}
	if spec.Purpose != "" {
		p, err := g.store.Purpose(ctx, spec.Purpose)
		if err == nil {
			err = access.CheckPurpose(p.ID)
		}
		if err != nil && akkoord.KindOf(err) != akkoord.NotFound { // which the store refuses
			return akkoord.BulkAct{}, err
		}
	}
	return g.store.PrepareBulkAct(ctx, by, spec)
}

// whose gives of whom somebody may see bulk acts: of themselves alone, or of all where
// they may see all of everybody, which is empty. How many people a filter lets through,
// and what became of them, tells about these.
func (g *Guard) whose(ctx context.Context) (akkoord.Actor, error) {
	access, err := g.access(ctx)
	if err != nil || access.CheckPurpose(0, akkoord.GrantFields...) == nil {
		return "", err
	}
	return ctx.Value(lookKey{}).(*look).holder, nil
}

// BulkAct is for who does it, and for those who may see all of everybody; to others it
// is not there.
func (g *Guard) BulkAct(ctx context.Context, id akkoord.ID) (akkoord.BulkAct, error) {
	of, err := g.whose(ctx)
	if err != nil {
		return akkoord.BulkAct{}, err
	}
	b, err := g.store.BulkAct(ctx, id)
	if err == nil && of != "" && b.Actor != of {
		err = akkoord.Errorf(akkoord.NotFound, "not_found", "There is no such bulk act.")
	}
	if err != nil {
		return akkoord.BulkAct{}, err
	}
	return b, nil
}

// BulkActs gives those that may be seen.
func (g *Guard) BulkActs(ctx context.Context, _ akkoord.Actor, p akkoord.Page) ([]akkoord.BulkAct, int64, error) {
	of, err := g.whose(ctx)
	if err != nil {
		return nil, 0, err
	}
	return g.store.BulkActs(ctx, of, p)
}

// StopBulkAct is for those who may see it.
func (g *Guard) StopBulkAct(ctx context.Context, by akkoord.Actor, id akkoord.ID) (akkoord.BulkAct, error) {
	if _, err := g.BulkAct(ctx, id); err != nil {
		return akkoord.BulkAct{}, err
	}
	return g.store.StopBulkAct(ctx, by, id)
}

// BulkPeople gives those of a few who may be seen, and found by the filter still.
func (g *Guard) BulkPeople(ctx context.Context, b akkoord.BulkAct, limit int) ([]akkoord.Standing, error) {
	access, err := g.access(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := g.among(ctx, access, b.Filter); err != nil {
		return nil, err
	}
	people, err := g.store.BulkPeople(ctx, b, limit)
	if err != nil {
		return nil, err
	}
	var out []akkoord.Standing
	for _, st := range people {
		if access.CheckPerson(st) != nil {
			continue
		}
		if st, err = see(ctx, access, st); err != nil {
			return nil, err
		}
		out = append(out, st)
	}
	return out, nil
}
