package sight

import (
	"context"
	"maps"
	"slices"

	"akkoord"
)

// People gives a page of those who may be seen. A filter that tells more than a
// list does, like what people did on a day, is about those of whom that may be
// seen.
func (g *Guard) People(ctx context.Context, f akkoord.PeopleFilter, p akkoord.Page) (people []akkoord.Standing, next int64, err error) {
	access, err := g.access(ctx)
	if err != nil {
		return nil, 0, err
	}
	if f, err = g.among(ctx, access, f); err != nil {
		return nil, 0, err
	}
	people, next, err = g.store.People(ctx, f, p)
	for i := range people {
		if people[i], err = see(ctx, access, people[i]); err != nil {
			return nil, 0, err
		}
	}
	return people, next, err
}

// CountPeople counts those whom People gives, up to a number.
func (g *Guard) CountPeople(ctx context.Context, f akkoord.PeopleFilter, most int) (int, error) {
	access, err := g.access(ctx)
	if err != nil {
		return 0, err
	}
	if f, err = g.among(ctx, access, f); err != nil {
		return 0, err
	}
	return g.store.CountPeople(ctx, f, most)
}

// among narrows a filter to the people who may be found by it, and of whom these
// fields may be seen.
func (g *Guard) among(ctx context.Context, access akkoord.Access, f akkoord.PeopleFilter, fields ...akkoord.GrantField) (akkoord.PeopleFilter, error) {
	fields = append(f.Tells(), fields...)
	if f.Purpose != "" {
		p, err := g.store.Purpose(ctx, f.Purpose)
		if akkoord.KindOf(err) == akkoord.NotFound {
			return f, akkoord.Fieldf("purpose", "filter_purpose", "There is no such purpose.")
		}
		if err == nil {
			err = access.CheckPurpose(p.ID, fields...)
		}
		f.Among = []int64{p.ID}
		return f, err
	}
	purposes, all := access.Scope(fields...)
	switch {
	case all:
		f.Among = nil
	case len(purposes) == 0:
		return f, access.CheckPurpose(0, fields...)
	default:
		f.Among = purposes
	}
	return f, nil
}

// Standing is store.Store's, as far as it may be seen.
func (g *Guard) Standing(ctx context.Context, id akkoord.ID) (akkoord.Standing, error) {
	access, err := g.access(ctx)
	if err != nil {
		return akkoord.Standing{}, err
	}
	st, err := g.store.Standing(ctx, id)
	if err != nil {
		return st, err
	}
	return see(ctx, access, st)
}

// StandingByEmail is store.Store's, as far as it may be seen.
func (g *Guard) StandingByEmail(ctx context.Context, e akkoord.Email) (akkoord.Standing, error) {
	access, err := g.access(ctx)
	if err != nil {
		return akkoord.Standing{}, err
	}
	st, err := g.store.StandingByEmail(ctx, e)
	if err != nil {
		return st, err
	}
	return see(ctx, access, st)
}

// Whom finds the person whom the gate is asked about, for a purpose whose
// people may be seen: also who is none of them yet, since the answer is about
// this purpose alone. Purpose 0 is that of transactional mail.
func (g *Guard) Whom(ctx context.Context, e akkoord.Email, purpose int64) (akkoord.Standing, error) {
	access, err := g.access(ctx)
	if err != nil {
		return akkoord.Standing{}, err
	}
	if err := access.CheckPurpose(purpose); err != nil {
		return akkoord.Standing{}, err
	}
	return g.store.StandingByEmail(ctx, e)
}

// Past gives the history by which the gate answers about a past time. Reading
// it takes the field history.
func (g *Guard) Past(ctx context.Context, subscriberID, purpose int64) ([]akkoord.Event, error) {
	access, err := g.access(ctx)
	if err != nil {
		return nil, err
	}
	if err := access.CheckPurpose(purpose, akkoord.FieldHistory); err != nil {
		return nil, err
	}
	return g.store.Events(ctx, subscriberID)
}

// Gate answers about the purposes whose people may be seen.
func (g *Guard) Gate(ctx context.Context, e akkoord.Email, slug string, mailing *akkoord.ID) (akkoord.Verdict, error) {
	access, err := g.access(ctx)
	if err != nil {
		return akkoord.Verdict{}, err
	}
	var purpose int64
	if mailing != nil {
		purpose, err = g.store.PurposeOfMailingID(ctx, *mailing)
	} else {
		var p akkoord.Purpose
		p, err = g.store.Purpose(ctx, slug)
		purpose = p.ID
	}
	if err == nil {
		err = access.CheckPurpose(purpose)
	}
	if err != nil {
		return akkoord.Verdict{}, err
	}
	return g.store.Gate(ctx, e, slug, mailing)
}

// Events gives of a person's history what is about purposes whose people may
// be seen, and what is about none.
func (g *Guard) Events(ctx context.Context, subscriberID int64) ([]akkoord.Event, error) {
	access, err := g.access(ctx)
	if err != nil {
		return nil, err
	}
	st, err := g.store.StandingByNumber(ctx, subscriberID)
	if err != nil {
		return nil, err
	}
	if err := access.CheckPerson(st, akkoord.FieldHistory); err != nil {
		return nil, err
	}
	addresses := access.CheckPerson(st, akkoord.FieldAddress) == nil
	events, err := g.store.Events(ctx, subscriberID)
	events = slices.DeleteFunc(events, func(e akkoord.Event) bool { return e.PurposeID != 0 && !access.Covers(e.PurposeID) })
	if !addresses {
		withhold(ctx, akkoord.FieldAddress)
		for i := range events {
			events[i].Evidence = akkoord.Evidence{Reason: events[i].Evidence.Reason, Ground: events[i].Evidence.Ground, ToldIn: events[i].Evidence.ToldIn}
		}
	}
	return events, err
}

// AttributesOf gives the attributes of the purposes whose people may be seen.
func (g *Guard) AttributesOf(ctx context.Context, subscriberID int64) (map[string]string, error) {
	access, err := g.access(ctx)
	if err != nil {
		return nil, err
	}
	all, err := g.store.Attributes(ctx)
	if err != nil {
		return nil, err
	}
	values, err := g.store.AttributesOf(ctx, subscriberID)
	maps.DeleteFunc(values, func(slug, _ string) bool {
		i := slices.IndexFunc(all, func(a akkoord.Attribute) bool { return a.Slug == slug })
		return i < 0 || access.CheckPurpose(all[i].PurposeID, akkoord.FieldAttributes) != nil
	})
	return values, err
}

// Learned gives what was learned of a person under the purposes whose people may be
// seen.
func (g *Guard) Learned(ctx context.Context, st akkoord.Standing) ([]akkoord.LearnedInterest, error) {
	access, err := g.access(ctx)
	if err != nil {
		return nil, err
	}
	all, err := g.store.Learned(ctx, st)
	return slices.DeleteFunc(all, func(l akkoord.LearnedInterest) bool {
		return access.CheckPurpose(l.PurposeID, akkoord.FieldAttributes) != nil
	}), err
}

// PersonMails gives a person's copies of the mailings of purposes for which
// mails may be seen.
func (g *Guard) PersonMails(ctx context.Context, subscriberID int64, _ []int64, p akkoord.Page) ([]akkoord.PersonMail, int64, error) {
	access, err := g.access(ctx)
	if err != nil {
		return nil, 0, err
	}
	purposes, all := access.Scope(akkoord.FieldMails)
	if !all {
		withhold(ctx, akkoord.FieldMails)
	}
	switch {
	case all:
		purposes = nil
	case len(purposes) == 0:
		return nil, 0, nil
	}
	return g.store.PersonMails(ctx, subscriberID, purposes, p)
}

// Opening gives the grants by which a person, as the guard showed them, is opened to
// whoever asks, and which fields they open.
func (g *Guard) Opening(ctx context.Context, st akkoord.Standing) (akkoord.Access, error) {
	access, err := g.access(ctx)
	return access.Opening(st), err
}

// Whole refuses those who may not see all that is stored of a person.
func (g *Guard) Whole(ctx context.Context, id akkoord.ID) error { return g.may(ctx, id, whole) }

// PersonNames gives the names that go with a list of people who may be seen;
// none to those who may not see the names of everybody.
func (g *Guard) PersonNames(ctx context.Context, ids []int64) (map[int64]string, error) {
	access, err := g.access(ctx)
	if err != nil {
		return nil, err
	}
	if access.CheckPurpose(0, akkoord.FieldName) != nil {
		withhold(ctx, akkoord.FieldName)
		return map[int64]string{}, nil
	}
	return g.store.PersonNames(ctx, ids)
}

// ExportPerson gives the whole record to those who may see all of it: half a
// record given as the whole one would be worse than none.
func (g *Guard) ExportPerson(ctx context.Context, actor akkoord.Actor, id akkoord.ID, reason string) (akkoord.PersonRecord, error) {
	if err := g.may(ctx, id, whole); err != nil {
		return akkoord.PersonRecord{}, err
	}
	return g.store.ExportPerson(ctx, actor, id, reason)
}

// EvidenceBundle is as ExportPerson.
func (g *Guard) EvidenceBundle(ctx context.Context, actor akkoord.Actor, id akkoord.ID, reason string, pages akkoord.BundlePages) ([]byte, error) {
	if err := g.may(ctx, id, whole); err != nil {
		return nil, err
	}
	return g.store.EvidenceBundle(ctx, actor, id, reason, pages)
}
