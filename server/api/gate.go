package api

import (
	"context"

	"akkoord"
)

func (a *API) askGate(ctx context.Context, in *struct {
	Email   string `query:"email" required:"true"`
	Purpose string `query:"purpose" doc:"Slug. Give this or mailing."`
	Mailing string `query:"mailing" doc:"UUID. Asks about the mailing's purpose and campaign, and whether it is being sent."`
}) (akkoord.Verdict, error) {
	email, err := akkoord.ParseEmail(in.Email)
	if err != nil {
		return akkoord.Verdict{}, err
	}
	var mailing *akkoord.ID
	switch {
	case in.Mailing != "":
		m, err := a.mailing(ctx, in.Mailing)
		if err != nil {
			return akkoord.Verdict{}, unknown(err, "mailing")
		}
		mailing = &m.PublicID
	case in.Purpose == "":
		return akkoord.Verdict{}, akkoord.Fieldf("purpose", "field_missing", "Say for which purpose or mailing.")
	default:
		if _, err := a.cfg.Store.Purpose(ctx, in.Purpose); err != nil {
			return akkoord.Verdict{}, unknown(err, "purpose")
		}
	}
	st, err := a.cfg.Store.StandingByEmail(ctx, email)
	if err != nil {
		return akkoord.Verdict{}, err
	}
	if err := a.audit(ctx, "gate.ask", subscriberObject(st), in.Purpose); err != nil {
		return akkoord.Verdict{}, err
	}
	return a.cfg.Store.Gate(ctx, email, in.Purpose, mailing)
}

// unknown makes of "not found" that a field names what does not exist.
func unknown(err error, field string) error {
	if akkoord.KindOf(err) == akkoord.NotFound {
		return akkoord.Fieldf(field, field+"_unknown", "There is no such %s.", field)
	}
	return err
}
