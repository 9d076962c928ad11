package api

import (
	"context"

	"akkoord"
)

// withdrawal is the body of POST /subscribers/{id}/withdraw.
type withdrawal struct {
	Purpose  string `json:"purpose,omitempty" doc:"Slug. Give this, campaign or all."`
	Campaign string `json:"campaign,omitempty" doc:"Slug; the purpose goes on."`
	All      bool   `json:"all,omitempty" doc:"Everything, also what is still to come."`
	Reason   string `json:"reason" doc:"Why; kept in the audit trail, so it must not name the person."`
}

// withdrawSubscriber records what a person told staff: that they leave (M13).
func (a *API) withdrawSubscriber(ctx context.Context, in *struct {
	ByID
	Body withdrawal
}) (subscriber, error) {
	given := 0
	for _, named := range []bool{in.Body.Purpose != "", in.Body.Campaign != "", in.Body.All} {
		if named {
			given++
		}
	}
	if given != 1 {
		return subscriber{}, akkoord.Fieldf("purpose", "field_missing", "Say what ends: a purpose, a campaign, or all.")
	}
	st, err := a.person(ctx, in.ID)
	if err != nil {
		return subscriber{}, err
	}
	person, o := st.Subscriber.PublicID, origin(ctx)
	switch {
	case in.Body.Campaign != "":
		var c akkoord.Campaign
		if c, err = a.cfg.Store.Campaign(ctx, in.Body.Campaign); err != nil {
			return subscriber{}, unknown(err, "campaign")
		}
		err = a.cfg.Store.LeaveCampaign(ctx, person, c, in.Body.Reason, o)
	default:
		var purpose akkoord.Purpose
		if !in.Body.All {
			if purpose, err = a.cfg.Store.Purpose(ctx, in.Body.Purpose); err != nil {
				return subscriber{}, unknown(err, "purpose")
			}
		}
		err = a.cfg.Store.Withdraw(ctx, person, purpose.ID, in.Body.Reason, o)
	}
	if err != nil {
		return subscriber{}, err
	}
	if st, err = a.person(ctx, in.ID); err != nil {
		return subscriber{}, err
	}
	return a.showSubscriber(ctx, st)
}
