package sight

import (
	"context"
	"slices"

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

// seesAct refuses those who may not see a bulk act: it is for who does it, while all that
// it is about may still be seen, and for those who may see all of everybody. How many
// people a filter lets through, and what became of them, tells about these.
func seesAct(holder akkoord.Actor, access akkoord.Access, b akkoord.BulkAct) error {
	if err := access.CheckPurpose(0, akkoord.GrantFields...); err == nil || b.Actor != holder {
		return err
	}
	fields := append(b.Filter.Tells(), b.Kind.Fields()...)
	if b.Filter.Among == nil {
		return access.CheckPurpose(0, fields...)
	}
	for _, purpose := range b.Filter.Among {
		if err := access.CheckPurpose(purpose, fields...); err != nil {
			return err
		}
	}
	if b.PurposeID == 0 {
		return nil
	}
	return access.CheckPurpose(b.PurposeID)
}

// looks gives who looks, and what they may see.
func (g *Guard) looks(ctx context.Context) (akkoord.Actor, akkoord.Access, error) {
	access, err := g.access(ctx)
	if err != nil {
		return "", nil, err
	}
	return ctx.Value(lookKey{}).(*look).holder, access, nil
}

// BulkAct is for who does it, and for those who may see all of everybody.
func (g *Guard) BulkAct(ctx context.Context, id akkoord.ID) (akkoord.BulkAct, error) {
	holder, access, err := g.looks(ctx)
	if err != nil {
		return akkoord.BulkAct{}, err
	}
	b, err := g.store.BulkAct(ctx, id)
	if err == nil {
		err = seesAct(holder, access, b)
	}
	if err != nil {
		return akkoord.BulkAct{}, err
	}
	return b, nil
}

// BulkActs gives those that may be seen.
func (g *Guard) BulkActs(ctx context.Context, of akkoord.Actor, p akkoord.Page) ([]akkoord.BulkAct, int64, error) {
	holder, access, err := g.looks(ctx)
	if err != nil {
		return nil, 0, err
	}
	if access.CheckPurpose(0, akkoord.GrantFields...) != nil {
		of = holder
	}
	acts, next, err := g.store.BulkActs(ctx, of, p)
	return slices.DeleteFunc(acts, func(b akkoord.BulkAct) bool { return seesAct(holder, access, b) != nil }), next, err
}

// ConfirmBulkAct is for those who may see it.
func (g *Guard) ConfirmBulkAct(ctx context.Context, by akkoord.Actor, id akkoord.ID, seen int64) (akkoord.BulkAct, error) {
	if _, err := g.BulkAct(ctx, id); err != nil {
		return akkoord.BulkAct{}, err
	}
	return g.store.ConfirmBulkAct(ctx, by, id, seen)
}

// StopBulkAct is for those who may see it.
func (g *Guard) StopBulkAct(ctx context.Context, by akkoord.Actor, id akkoord.ID) (akkoord.BulkAct, error) {
	if _, err := g.BulkAct(ctx, id); err != nil {
		return akkoord.BulkAct{}, err
	}
	return g.store.StopBulkAct(ctx, by, id)
}

// BulkPeople gives those of a few who may be seen.
func (g *Guard) BulkPeople(ctx context.Context, b akkoord.BulkAct, limit int) ([]akkoord.Standing, error) {
	holder, access, err := g.looks(ctx)
	if err == nil {
		err = seesAct(holder, access, b)
	}
	if err != nil {
		return nil, err
	}
	people, err := g.store.BulkPeople(ctx, b, limit)
	people = slices.DeleteFunc(people, func(st akkoord.Standing) bool { return access.CheckPerson(st) != nil })
	for i := range people {
		if people[i], err = see(ctx, access, people[i]); err != nil {
			return nil, err
		}
	}
	return people, err
}
