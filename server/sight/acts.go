package sight

import (
	"context"
	"time"

	"akkoord"
)

// SetProfile lets those change fields who may see them.
func (g *Guard) SetProfile(ctx context.Context, id akkoord.ID, p akkoord.Profile, o akkoord.Origin) error {
	var fields []akkoord.GrantField
	if p.Name != nil || p.Locale != nil {
		fields = append(fields, akkoord.FieldName)
	}
	if p.Interests != nil || len(p.Attributes) > 0 {
		fields = append(fields, akkoord.FieldAttributes)
	}
	attributes, err := g.store.Attributes(ctx)
	if err != nil {
		return err
	}
	if err := g.may(ctx, id, func(a akkoord.Access, st akkoord.Standing) error {
		for _, of := range attributes {
			if _, sent := p.Attributes[of.Slug]; !sent {
				continue
			}
			if err := a.CheckPurpose(of.PurposeID, akkoord.FieldAttributes); err != nil {
				return err
			}
		}
		return a.CheckPerson(st, fields...)
	}); err != nil {
		return err
	}
	return g.store.SetProfile(ctx, id, p, o)
}

// SetBasis is for the purposes whose people may be seen.
func (g *Guard) SetBasis(ctx context.Context, person akkoord.ID, slug string, b akkoord.BasisChange) error {
	p, err := g.store.Purpose(ctx, slug)
	if err != nil && akkoord.KindOf(err) != akkoord.NotFound {
		return err
	}
	if err := g.may(ctx, person, ofPurpose(p.ID)); err != nil {
		return err
	}
	return g.store.SetBasis(ctx, person, slug, b)
}

// Withdraw is for the purposes whose people may be seen; everything can be
// ended by whoever sees the person at all, since that is what the person wants.
func (g *Guard) Withdraw(ctx context.Context, person akkoord.ID, purposeID int64, reason string, o akkoord.Origin) error {
	if err := g.may(ctx, person, func(a akkoord.Access, st akkoord.Standing) error {
		if err := a.CheckPerson(st); err != nil || purposeID == 0 {
			return err
		}
		return a.CheckPurpose(purposeID)
	}); err != nil {
		return err
	}
	return g.store.Withdraw(ctx, person, purposeID, reason, o)
}

// LeaveCampaign is as Withdraw, for the purpose of the campaign.
func (g *Guard) LeaveCampaign(ctx context.Context, person akkoord.ID, c akkoord.Campaign, reason string, o akkoord.Origin) error {
	if err := g.may(ctx, person, ofPurpose(c.PurposeID)); err != nil {
		return err
	}
	return g.store.LeaveCampaign(ctx, person, c, reason, o)
}

// AskAddress is for those who may see the person's address.
func (g *Guard) AskAddress(ctx context.Context, person akkoord.ID, to akkoord.Email, reason string, o akkoord.Origin) error {
	if err := g.may(ctx, person, func(a akkoord.Access, st akkoord.Standing) error { return a.CheckPerson(st, akkoord.FieldAddress) }); err != nil {
		return err
	}
	return g.store.AskAddress(ctx, person, to, reason, o)
}

// RepeatConfirmation is for the purposes whose people may be seen.
func (g *Guard) RepeatConfirmation(ctx context.Context, person akkoord.ID, purposeID int64, o akkoord.Origin) error {
	if err := g.may(ctx, person, ofPurpose(purposeID)); err != nil {
		return err
	}
	return g.store.RepeatConfirmation(ctx, person, purposeID, o)
}

// ofPurpose asks for a person as one of a purpose.
func ofPurpose(purposeID int64) func(akkoord.Access, akkoord.Standing) error {
	return func(a akkoord.Access, st akkoord.Standing) error {
		if err := a.CheckPerson(st); err != nil {
			return err
		}
		return a.CheckPurpose(purposeID)
	}
}

// Erase is for those who may see all that ends by it.
func (g *Guard) Erase(ctx context.Context, person akkoord.ID, reason string, o akkoord.Origin) (akkoord.Erasure, error) {
	if err := g.may(ctx, person, whole); err != nil {
		return akkoord.Erasure{}, err
	}
	if err := g.mass(ctx, akkoord.MassErasure); err != nil {
		return akkoord.Erasure{}, err
	}
	return g.store.Erase(ctx, person, reason, o)
}

func seen(a akkoord.Access, st akkoord.Standing) error { return a.CheckPerson(st) }

// Restrict is for those who may see the person.
func (g *Guard) Restrict(ctx context.Context, person akkoord.ID, reason string, o akkoord.Origin) error {
	if err := g.may(ctx, person, seen); err != nil {
		return err
	}
	return g.store.Restrict(ctx, person, reason, o)
}

// Unrestrict is as Restrict.
func (g *Guard) Unrestrict(ctx context.Context, person akkoord.ID, told time.Time, reason string, o akkoord.Origin) error {
	if err := g.may(ctx, person, seen); err != nil {
		return err
	}
	return g.store.Unrestrict(ctx, person, told, reason, o)
}
