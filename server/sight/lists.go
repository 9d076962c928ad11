package sight

import (
	"context"
	"time"

	"akkoord"
)

// Deliveries is for those who may see mails to the people of the mailing's
// purpose.
func (g *Guard) Deliveries(ctx context.Context, mailingID int64, f akkoord.DeliveryFilter, p akkoord.Page) ([]akkoord.Delivery, int64, error) {
	access, err := g.access(ctx)
	if err != nil {
		return nil, 0, err
	}
	purpose, err := g.store.PurposeOfMailing(ctx, mailingID)
	if err != nil {
		return nil, 0, err
	}
	if err := access.CheckPurpose(purpose, akkoord.FieldMails); err != nil {
		withhold(ctx, akkoord.FieldMails) // of a page that shows more than these
		return nil, 0, err
	}
	rows, next, err := g.store.Deliveries(ctx, mailingID, f, p)
	if access.CheckPurpose(purpose, akkoord.FieldAddress) != nil {
		withhold(ctx, akkoord.FieldAddress)
		for i := range rows {
			rows[i].Email = akkoord.Email{}
		}
	}
	return rows, next, err
}

// LeftOutPeople is for those who may see the history of the purpose's people:
// being in the list tells why they get no mail.
func (g *Guard) LeftOutPeople(ctx context.Context, m akkoord.Mailing, code string, p akkoord.Page) ([]akkoord.Standing, int64, error) {
	access, err := g.access(ctx)
	if err != nil {
		return nil, 0, err
	}
	purpose, err := g.store.PurposeOfMailing(ctx, m.ID)
	if err == nil {
		err = access.CheckPurpose(purpose, akkoord.FieldHistory)
	}
	if err != nil {
		return nil, 0, err
	}
	people, next, err := g.store.LeftOutPeople(ctx, m, code, p)
	for i := range people {
		if people[i], err = see(ctx, access, people[i]); err != nil {
			return nil, 0, err
		}
	}
	return people, next, err
}

// SampleSegment is for those who may see interests and attributes of the
// purpose's people, and whatever else the filter asks: being in the sample tells it.
func (g *Guard) SampleSegment(ctx context.Context, purposeID int64, f akkoord.Filter, p akkoord.Page) ([]akkoord.Subscriber, int64, error) {
	access, err := g.access(ctx)
	if err != nil {
		return nil, 0, err
	}
	if err := access.CheckPurpose(purposeID, append(f.Tells(), akkoord.FieldAttributes)...); err != nil {
		return nil, 0, err
	}
	rows, next, err := g.store.SampleSegment(ctx, purposeID, f, p)
	address, name := access.CheckPurpose(purposeID, akkoord.FieldAddress) == nil, access.CheckPurpose(purposeID, akkoord.FieldName) == nil
	for i := range rows {
		if !address {
			withhold(ctx, akkoord.FieldAddress)
			rows[i].Email = akkoord.Email{}
		}
		if !name {
			withhold(ctx, akkoord.FieldName)
			rows[i].Name, rows[i].Locale = "", ""
		}
	}
	return rows, next, err
}

// RetentionPeople is for those who may see the people of the purpose.
func (g *Guard) RetentionPeople(ctx context.Context, of akkoord.Purpose, on time.Time, p akkoord.Page) ([]akkoord.RetentionPerson, int64, error) {
	access, err := g.access(ctx)
	if err == nil {
		err = access.CheckPurpose(of.ID)
	}
	if err != nil {
		return nil, 0, err
	}
	return g.store.RetentionPeople(ctx, of, on, p)
}

// UnconfirmedPeople is for those who may see everybody: it is about no purpose.
func (g *Guard) UnconfirmedPeople(ctx context.Context, on time.Time, p akkoord.Page) ([]akkoord.RetentionPerson, int64, error) {
	if _, err := g.everybody(ctx); err != nil {
		return nil, 0, err
	}
	return g.store.UnconfirmedPeople(ctx, on, p)
}

// What people ask for is about all that is stored of them, so that it takes a
// grant for the history of everybody.
func (g *Guard) desk(ctx context.Context) (show func(akkoord.PersonRequest) akkoord.PersonRequest, err error) {
	access, err := g.everybody(ctx, akkoord.FieldHistory)
	return func(r akkoord.PersonRequest) akkoord.PersonRequest {
		if r.Email != "" && access.CheckPurpose(0, akkoord.FieldAddress) != nil {
			withhold(ctx, akkoord.FieldAddress)
			r.Email = ""
		}
		return r
	}, err
}

// AddRequest is for those who may see everybody's history.
func (g *Guard) AddRequest(ctx context.Context, actor akkoord.Actor, r akkoord.PersonRequest) (akkoord.PersonRequest, error) {
	show, err := g.desk(ctx)
	if err != nil {
		return akkoord.PersonRequest{}, err
	}
	r, err = g.store.AddRequest(ctx, actor, r)
	return show(r), err
}

// EditRequest is as AddRequest.
func (g *Guard) EditRequest(ctx context.Context, actor akkoord.Actor, id akkoord.ID, action string, edit func(akkoord.PersonRequest, time.Time) (akkoord.PersonRequest, error)) (akkoord.PersonRequest, error) {
	show, err := g.desk(ctx)
	if err != nil {
		return akkoord.PersonRequest{}, err
	}
	r, err := g.store.EditRequest(ctx, actor, id, action, edit)
	return show(r), err
}

// Request is as AddRequest.
func (g *Guard) Request(ctx context.Context, id akkoord.ID) (akkoord.PersonRequest, error) {
	show, err := g.desk(ctx)
	if err != nil {
		return akkoord.PersonRequest{}, err
	}
	r, err := g.store.Request(ctx, id)
	return show(r), err
}

// Requests is as AddRequest.
func (g *Guard) Requests(ctx context.Context, state akkoord.RequestState, p akkoord.Page) ([]akkoord.PersonRequest, int64, error) {
	show, err := g.desk(ctx)
	if err != nil {
		return nil, 0, err
	}
	rows, next, err := g.store.Requests(ctx, state, p)
	for i := range rows {
		rows[i] = show(rows[i])
	}
	return rows, next, err
}

// BreachPeople is for those who may see everybody; addresses are left out for
// those who may not see these.
func (g *Guard) BreachPeople(ctx context.Context, b akkoord.Breach, each func(akkoord.BreachPerson) error) error {
	access, err := g.everybody(ctx)
	if err != nil {
		return err
	}
	hide := access.CheckPurpose(0, akkoord.FieldAddress) != nil
	if hide {
		withhold(ctx, akkoord.FieldAddress)
	}
	return g.store.BreachPeople(ctx, b, func(p akkoord.BreachPerson) error {
		if hide {
			p.Email = ""
		}
		return each(p)
	})
}

// The do-not-mail list is about whoever was ever here, so that it takes a grant
// for the history of everybody.
func (g *Guard) suppressions(ctx context.Context) (show func([]akkoord.SuppressionEntry) []akkoord.SuppressionEntry, err error) {
	access, err := g.everybody(ctx, akkoord.FieldHistory)
	return func(rows []akkoord.SuppressionEntry) []akkoord.SuppressionEntry {
		if access.CheckPurpose(0, akkoord.FieldAddress) != nil {
			withhold(ctx, akkoord.FieldAddress)
			for i := range rows {
				rows[i].Person.Email = akkoord.Email{}
			}
		}
		return rows
	}, err
}

// Suppressions is for those who may see everybody's history.
func (g *Guard) Suppressions(ctx context.Context, kind akkoord.SuppressionKind, after akkoord.Suppression, limit int) ([]akkoord.SuppressionEntry, bool, error) {
	show, err := g.suppressions(ctx)
	if err != nil {
		return nil, false, err
	}
	rows, more, err := g.store.Suppressions(ctx, kind, after, limit)
	return show(rows), more, err
}

// SuppressionsOf is as Suppressions.
func (g *Guard) SuppressionsOf(ctx context.Context, e akkoord.Email) ([]akkoord.SuppressionEntry, error) {
	show, err := g.suppressions(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := g.store.SuppressionsOf(ctx, e)
	return show(rows), err
}

// LiftSuppression is as Suppressions.
func (g *Guard) LiftSuppression(ctx context.Context, hash akkoord.AddressHash, kind akkoord.SuppressionKind, reason string, o akkoord.Origin) error {
	if err := g.Everybody(ctx, akkoord.FieldHistory); err != nil {
		return err
	}
	return g.store.LiftSuppression(ctx, hash, kind, reason, o)
}

// What a contract calls for has no purpose, so that the log takes a grant for
// everybody's mails.
func (g *Guard) contracts(ctx context.Context) (show func(akkoord.ContractMail) akkoord.ContractMail, err error) {
	access, err := g.everybody(ctx, akkoord.FieldMails)
	return func(m akkoord.ContractMail) akkoord.ContractMail {
		if access.CheckPurpose(0, akkoord.FieldAddress) != nil {
			withhold(ctx, akkoord.FieldAddress)
			m.To = akkoord.Email{}
		}
		return m
	}, err
}

// ContractMail is for those who may see everybody's mails.
func (g *Guard) ContractMail(ctx context.Context, id akkoord.ID) (akkoord.ContractMail, error) {
	show, err := g.contracts(ctx)
	if err != nil {
		return akkoord.ContractMail{}, err
	}
	m, err := g.store.ContractMail(ctx, id)
	return show(m), err
}

// ContractMails is as ContractMail.
func (g *Guard) ContractMails(ctx context.Context, f akkoord.ContractFilter, p akkoord.Page) ([]akkoord.ContractMail, int64, error) {
	show, err := g.contracts(ctx)
	if err != nil {
		return nil, 0, err
	}
	rows, next, err := g.store.ContractMails(ctx, f, p)
	for i := range rows {
		rows[i] = show(rows[i])
	}
	return rows, next, err
}
