package api

import (
	"context"
	"strconv"

	"akkoord"
	"akkoord/server/trail"
)

// delivery is one person's copy of a mailing.
type delivery struct {
	Subscriber *akkoord.ID `json:"subscriber" format:"uuid" doc:"Null when the person was erased."`
	Email      *string     `json:"email"`
	State      string      `json:"state" enum:"queued,onwire,sent,deferred,failed,bounced,skipped,uncertain"`
	Variant    *string     `json:"variant"`
	Attempts   int         `json:"attempts"`
	Code       *string     `json:"code" doc:"The gate's reason for a skip, or the SMTP reply's code."`
	Reply      *string     `json:"reply" doc:"What the mail server said last, with addresses hidden."`
	Relay      *string     `json:"relay" doc:"Slug of the mail server that it was last given to; null before the first attempt."`
	FirstAt    *Time       `json:"first_at" doc:"Of the first attempt."`
	UpdatedAt  *Time       `json:"updated_at"`
	NextAt     *Time       `json:"next_at" doc:"When a deferred one is tried again."`
}

func showDelivery(m akkoord.Mailing, d akkoord.Delivery) delivery {
	out := delivery{
		Email: orNil(d.Email.Address()), State: d.State.String(), Attempts: d.Attempts, Code: orNil(d.Code), Reply: orNil(d.Reply), Relay: orNil(d.Relay),
		FirstAt: when(d.FirstAt), UpdatedAt: when(d.UpdatedAt), NextAt: when(d.NextAt),
	}
	if !d.Subscriber.IsZero() {
		out.Subscriber = &d.Subscriber
	}
	if d.Variant >= 0 && d.Variant < len(m.Versions) {
		number := strconv.Itoa(d.Variant + 1)
		out.Variant = &number
	}
	if d.Variant >= 0 && d.Variant < len(m.Variants) {
		out.Variant = &m.Variants[d.Variant].Name
	}
	return out
}

func (a *API) listDeliveries(ctx context.Context, in *struct {
	ByID
	Paging
	State string `query:"state" enum:"queued,onwire,sent,deferred,failed,bounced,skipped,uncertain"`
	Code  string `query:"code" maxLength:"100" doc:"Those with this code alone: of skipped ones the gate's, of failed ones the reason."`
	Class string `query:"class" enum:"hard,soft,policy,content" doc:"Failed and bounced ones of this class alone; soft is also where it was not said."`
}) (list[delivery], error) {
	page, err := in.page()
	if err != nil {
		return list[delivery]{}, err
	}
	m, err := a.mailing(ctx, in.ID)
	if err != nil {
		return list[delivery]{}, err
	}
	rows, next, err := a.cfg.Store.Deliveries(ctx, m.ID, akkoord.DeliveryFilter{State: stateNamed(in.State), Code: in.Code, Class: akkoord.Class(in.Class)}, page)
	if err != nil {
		return list[delivery]{}, err
	}
	ids := make([]akkoord.ID, len(rows))
	for i, d := range rows {
		ids[i] = d.Subscriber
	}
	if err := a.audit(ctx, "mailing.deliveries", trail.Mailing(m), trail.People(ids)); err != nil {
		return list[delivery]{}, err
	}
	return newList(rows, next, func(d akkoord.Delivery) delivery { return showDelivery(m, d) }), nil
}

// stateNamed gives the state with a name, or nil for all of them.
func stateNamed(name string) *akkoord.DeliveryState {
	for s := akkoord.Queued; s <= akkoord.Uncertain; s++ {
		if s.String() == name {
			return &s
		}
	}
	return nil
}
