package api

import (
	"context"
	"time"

	"akkoord"
	"akkoord/server/trail"
)

// gateQuestion is what GET /gate asks.
type gateQuestion struct {
	Email   string `query:"email" required:"true"`
	Purpose string `query:"purpose" doc:"Slug. Give this or mailing."`
	Mailing string `query:"mailing" doc:"UUID. Asks about the mailing's purpose and campaign, and whether it is being sent."`
	Kind    string `query:"kind" enum:"mailing,transactional" default:"mailing" doc:"transactional asks about mail that a contract calls for, which needs neither purpose nor mailing."`
	At      string `query:"at" format:"date-time" doc:"Asks what the consent history allowed at this time, whether or not the mailing was being sent then."`
}

func (a *API) askGate(ctx context.Context, in *gateQuestion) (akkoord.Verdict, error) {
	email, err := akkoord.ParseEmail(in.Email)
	if err != nil {
		return akkoord.Verdict{}, err
	}
	if in.Kind == "transactional" {
		return a.askContractGate(ctx, email, in)
	}
	purpose, campaign, mailing, err := a.gateSubject(ctx, in)
	if err != nil {
		return akkoord.Verdict{}, err
	}
	var at time.Time
	if in.At != "" {
		if at, err = time.Parse(time.RFC3339, in.At); err != nil {
			return akkoord.Verdict{}, akkoord.Fieldf("at", "value_invalid", "The time is written like 2026-11-24T09:30:00Z.")
		}
		if err := akkoord.CheckPast(at, a.cfg.Now()); err != nil {
			return akkoord.Verdict{}, err
		}
	}
	st, err := a.sight.Whom(ctx, email, purpose)
	if err != nil {
		return akkoord.Verdict{}, err
	}
	if err := a.audit(ctx, "gate.ask", trail.Subscriber(st.Subscriber), in.Purpose); err != nil {
		return akkoord.Verdict{}, err
	}
	if at.IsZero() {
		return a.cfg.Store.Gate(ctx, email, in.Purpose, mailing)
	}
	if st.Subscriber.ID == 0 { // unknown, or erased: nothing leads to their history any more
		return akkoord.Gate(akkoord.Facts{}), nil
	}
	return a.gateAt(ctx, st.Subscriber.ID, purpose, campaign, at)
}

// gateAt answers for a past time, from the ledger.
func (a *API) gateAt(ctx context.Context, person, purpose, campaign int64, at time.Time) (akkoord.Verdict, error) {
	p, err := a.cfg.Store.PurposeAt(ctx, purpose, at)
	if err != nil {
		return akkoord.Verdict{}, err
	}
	events, err := a.sight.Past(ctx, person, purpose)
	return akkoord.Gate(akkoord.FactsAt(events, p, campaign, at)), err
}

// askContractGate asks about mail that a contract calls for (M9), now.
func (a *API) askContractGate(ctx context.Context, email akkoord.Email, in *gateQuestion) (akkoord.Verdict, error) {
	if in.Purpose != "" || in.Mailing != "" || in.At != "" {
		return akkoord.Verdict{}, akkoord.Fieldf("kind", "value_invalid", "Mail that a contract calls for has no purpose, mailing or past; leave these out.")
	}
	st, err := a.sight.Whom(ctx, email, 0)
	if err == nil {
		err = a.audit(ctx, "gate.ask", trail.Subscriber(st.Subscriber), "transactional")
	}
	return akkoord.GateContract(st.Suppressions), err
}

// gateSubject finds the purpose and the campaign that a question is about.
func (a *API) gateSubject(ctx context.Context, in *gateQuestion) (purpose, campaign int64, mailing *akkoord.ID, err error) {
	switch {
	case in.Mailing != "":
		m, err := a.mailing(ctx, in.Mailing)
		if err != nil {
			return 0, 0, nil, unknown(err, "mailing")
		}
		c, err := a.cfg.Store.CampaignByID(ctx, m.CampaignID)
		return c.PurposeID, c.ID, &m.PublicID, err
	case in.Purpose == "":
		return 0, 0, nil, akkoord.Fieldf("purpose", "field_missing", "Say for which purpose or mailing.")
	}
	p, err := a.cfg.Store.Purpose(ctx, in.Purpose)
	return p.ID, 0, nil, unknown(err, "purpose")
}

// unknown makes of "not found" that a field names what does not exist.
func unknown(err error, field string) error {
	if akkoord.KindOf(err) == akkoord.NotFound {
		return akkoord.Fieldf(field, field+"_unknown", "There is no such %s.", field)
	}
	return err
}
