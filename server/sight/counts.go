package sight

import (
	"context"

	"akkoord"
)

// step gives the steps in which whoever asks is told numbers of people of a purpose that
// tell these fields of them. Numbers take no grant: without one they are told in steps.
func (g *Guard) step(ctx context.Context, purpose int64, tells []akkoord.GrantField) (int64, error) {
	l, ok := ctx.Value(lookKey{}).(*look)
	if !ok {
		return akkoord.CountStep("", nil, purpose, tells), nil
	}
	access, err := g.access(ctx)
	if err != nil && akkoord.KindOf(err) != akkoord.Forbidden {
		return 0, err
	}
	return akkoord.CountStep(l.role, access, purpose, tells), nil
}

// stepOf is step for numbers of a mailing's people, whom more than its segment asks about.
func (g *Guard) stepOf(ctx context.Context, m akkoord.Mailing, more []akkoord.GrantField) (int64, error) {
	purpose, f, err := g.store.AudienceFilter(ctx, m)
	if err != nil {
		return 0, err
	}
	return g.step(ctx, purpose, append(f.Tells(), more...))
}

// CountSegmentNow is exact for those who may read what the filter asks about, and in steps
// for all others.
func (g *Guard) CountSegmentNow(ctx context.Context, purposeID int64, f akkoord.Filter) (akkoord.SegmentCount, error) {
	return g.counted(ctx, purposeID, f, g.store.CountSegmentNow)
}

// CountSegmentSoon is as CountSegmentNow.
func (g *Guard) CountSegmentSoon(ctx context.Context, purposeID int64, f akkoord.Filter) (akkoord.SegmentCount, error) {
	return g.counted(ctx, purposeID, f, g.store.CountSegmentSoon)
}

func (g *Guard) counted(ctx context.Context, purposeID int64, f akkoord.Filter, count func(context.Context, int64, akkoord.Filter) (akkoord.SegmentCount, error)) (akkoord.SegmentCount, error) {
	step, err := g.step(ctx, purposeID, f.Tells())
	if err != nil {
		return akkoord.SegmentCount{}, err
	}
	n, err := count(ctx, purposeID, f)
	if err != nil || step == 1 || n.Counting {
		return n, err
	}
	all, err := count(ctx, purposeID, akkoord.Filter{Kind: akkoord.FilterAll})
	return n.InSteps(all, step), err
}

// Audience is in steps of what did not begin, as CountSegmentNow; how many a mailing was
// begun for, everybody is told.
func (g *Guard) Audience(ctx context.Context, m akkoord.Mailing) (akkoord.Audience, error) {
	step := int64(1)
	if m.StartedAt.IsZero() {
		var err error
		if step, err = g.stepOf(ctx, m, nil); err != nil {
			return akkoord.Audience{}, err
		}
	}
	a, err := g.store.Audience(ctx, m)
	return a.InSteps(step), err
}

// Readers is as CountSegmentNow, of their language too; a language of fewer than one step is left out.
func (g *Guard) Readers(ctx context.Context, m akkoord.Mailing) (map[string]int64, error) {
	step, err := g.stepOf(ctx, m, akkoord.Filter{Kind: akkoord.FilterLocale}.Tells())
	if err != nil {
		return nil, err
	}
	readers, err := g.store.Readers(ctx, m)
	if step == 1 || readers == nil {
		return readers, err
	}
	told := map[string]int64{}
	for locale, n := range readers {
		if n = akkoord.InSteps(n, step); n > 0 {
			told[locale] = n
		}
	}
	return told, err
}

// TriggerFigures is as CountSegmentNow, of what the trigger asks too.
func (g *Guard) TriggerFigures(ctx context.Context, m akkoord.Mailing) (akkoord.TriggerFigures, error) {
	if m.Trigger == nil {
		return g.store.TriggerFigures(ctx, m)
	}
	step, err := g.stepOf(ctx, m, m.Trigger.Tells())
	if err != nil {
		return akkoord.TriggerFigures{}, err
	}
	f, err := g.store.TriggerFigures(ctx, m)
	return f.InSteps(step), err
}
