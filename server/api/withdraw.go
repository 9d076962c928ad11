package api

import (
	"context"

	"akkoord"
)

// withdrawal is the body of POST /subscribers/{id}/withdraw.
type withdrawal struct {
	Purpose string `json:"purpose,omitempty" doc:"Slug. Give this or all."`
	All     bool   `json:"all,omitempty" doc:"Everything, also what is still to come."`
	Reason  string `json:"reason" doc:"Why; kept in the audit trail, so it must not name the person."`
}

// withdrawSubscriber records what a person told staff: that they leave (M13).
func (a *API) withdrawSubscriber(ctx context.Context, in *struct {
	ByID
	Body withdrawal
}) (subscriber, error) {
	if in.Body.All == (in.Body.Purpose != "") {
		return subscriber{}, akkoord.Fieldf("purpose", "field_missing", "Say what ends: a purpose, or all.")
	}
	st, err := a.person(ctx, in.ID)
	if err != nil {
		return subscriber{}, err
	}
	var purpose akkoord.Purpose
	if !in.Body.All {
		if purpose, err = a.cfg.Store.Purpose(ctx, in.Body.Purpose); err != nil {
			return subscriber{}, unknown(err, "purpose")
		}
	}
	o := origin(ctx)
	if err := a.cfg.Store.Withdraw(ctx, st.Subscriber.PublicID, purpose.ID, in.Body.Reason, o); err != nil {
		return subscriber{}, err
	}
	if st, err = a.person(ctx, in.ID); err != nil {
		return subscriber{}, err
	}
	return a.showSubscriber(ctx, st)
}
