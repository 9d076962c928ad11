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
	At      string `query:"at" format:"date-time" doc:"Asks what the consent history allowed at this time, whether or not the mailing was being sent then."`
}

func (a *API) askGate(ctx context.Context, in *gateQuestion) (akkoord.Verdict, error) {
	email, err := akkoord.ParseEmail(in.Email)
	if err != nil {
		return akkoord.Verdict{}, err
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
	}
	st, err := a.cfg.Store.StandingByEmail(ctx, email)
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
	events, err := a.cfg.Store.Events(ctx, st.Subscriber.ID)
	return akkoord.Gate(factsAt(events, purpose, campaign, at)), err
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

// factsAt folds a person's events up to a time into the gate's facts.
func factsAt(events []akkoord.Event, purpose, campaign int64, at time.Time) akkoord.Facts {
	f := akkoord.Facts{State: akkoord.Never}
	for _, e := range events {
		if e.At.After(at) {
			break
		}
		f.Known = true
		if e.CampaignID == campaign && (e.Kind == akkoord.CampaignLeft || e.Kind == akkoord.CampaignBack) {
			f.LeftCampaign = e.Kind == akkoord.CampaignLeft
		}
		if state, ok := stateAfter[e.Kind]; ok && e.PurposeID == purpose {
			f.State = state
		}
	}
	f.Paused = akkoord.PausedAt(events, at)
	return f
}

// stateAfter is the state of a subscription after an event about it.
var stateAfter = map[akkoord.EventKind]akkoord.State{
	akkoord.Requested: akkoord.Pending, akkoord.Confirmed: akkoord.Active, akkoord.Reinstated: akkoord.Active,
	akkoord.Withdrew: akkoord.Withdrawn, akkoord.Refused: akkoord.Withdrawn, akkoord.Objected: akkoord.Withdrawn, akkoord.Expiry: akkoord.Lapsed,
	akkoord.Imported: akkoord.Active, akkoord.ImportedHeld: akkoord.Held,
}

// unknown makes of "not found" that a field names what does not exist.
func unknown(err error, field string) error {
	if akkoord.KindOf(err) == akkoord.NotFound {
		return akkoord.Fieldf(field, field+"_unknown", "There is no such %s.", field)
	}
	return err
}
