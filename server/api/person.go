package api

import (
	"context"

	"akkoord"
	"akkoord/server/trail"
)

// Persons is what is done for one person, and what was sent to them.
type Persons interface {
	PersonMails(ctx context.Context, subscriberID int64, purposes []int64, p akkoord.Page) (mails []akkoord.PersonMail, next int64, err error)
	LeaveCampaign(ctx context.Context, person akkoord.ID, c akkoord.Campaign, reason string, o akkoord.Origin) error
	AskAddress(ctx context.Context, person akkoord.ID, to akkoord.Email, reason string, o akkoord.Origin) error
	RepeatConfirmation(ctx context.Context, person akkoord.ID, purposeID int64, o akkoord.Origin) error
}

// personMail is one person's copy of a mailing.
type personMail struct {
	Mailing  akkoord.ID    `json:"mailing" format:"uuid"`
	Campaign string        `json:"campaign" doc:"Slug."`
	Subject  string        `json:"subject"`
	State    string        `json:"state" enum:"queued,onwire,sent,deferred,failed,bounced,skipped,uncertain"`
	Code     *string       `json:"code" doc:"Why it was left out, or the codes of the relay's answer."`
	Class    akkoord.Class `json:"class,omitempty" enum:"hard,soft,policy,content" doc:"Of a refusal."`
	Attempts int           `json:"attempts"`
	FirstAt  *Time         `json:"first_at"`
	At       *Time         `json:"updated_at"`
}

func (a *API) listPersonMails(ctx context.Context, in *struct {
	ByID
	Paging
}) (list[personMail], error) {
	page, err := in.page()
	if err != nil {
		return list[personMail]{}, err
	}
	st, err := a.person(ctx, in.ID)
	if err != nil {
		return list[personMail]{}, err
	}
	if err := a.audit(ctx, "subscriber.mails", trail.Subscriber(st.Subscriber), ""); err != nil {
		return list[personMail]{}, err
	}
	rows, next, err := a.cfg.Store.PersonMails(ctx, st.Subscriber.ID, nil, page)
	if err != nil {
		return list[personMail]{}, err
	}
	campaigns := make([]int64, len(rows))
	for i, m := range rows {
		campaigns[i] = m.CampaignID
	}
	slugs, err := a.cfg.Store.CampaignSlugs(ctx, campaigns)
	return newList(rows, next, func(m akkoord.PersonMail) personMail {
		return personMail{
			Mailing: m.Public, Campaign: slugs[m.CampaignID], Subject: m.SubjectFor(st.Subscriber), State: m.State.String(), Code: orNil(m.Code), Class: m.Class(),
			Attempts: m.Attempts, FirstAt: when(m.FirstAt), At: when(m.UpdatedAt),
		}
	}), err
}

// askAddress begins a change of address, which the holder of the new one has to
// confirm (M21).
func (a *API) askAddress(ctx context.Context, in *struct {
	ByID
	Body struct {
		Email  string `json:"email" doc:"The new address. A mail to it asks to confirm; nothing changes before."`
		Reason string `json:"reason" doc:"Why; kept in the audit trail, so it must not name the person."`
	}
}) (subscriber, error) {
	to, err := akkoord.ParseEmail(in.Body.Email)
	if err != nil {
		return subscriber{}, err
	}
	st, err := a.person(ctx, in.ID)
	if err != nil {
		return subscriber{}, err
	}
	if err := a.cfg.Store.AskAddress(ctx, st.Subscriber.PublicID, to, in.Body.Reason, origin(ctx)); err != nil {
		return subscriber{}, err
	}
	return a.showSubscriber(ctx, st)
}

// repeatConfirmation sends the confirmation mail of a sign-up once more.
func (a *API) repeatConfirmation(ctx context.Context, in *struct {
	ByID
	Body struct {
		Purpose string `json:"purpose" doc:"Slug of the purpose that waits for a confirmation."`
	}
}) (subscriber, error) {
	st, err := a.person(ctx, in.ID)
	if err != nil {
		return subscriber{}, err
	}
	p, err := a.cfg.Store.Purpose(ctx, in.Body.Purpose)
	if err != nil {
		return subscriber{}, unknown(err, "purpose")
	}
	if err := a.cfg.Store.RepeatConfirmation(ctx, st.Subscriber.PublicID, p.ID, origin(ctx)); err != nil {
		return subscriber{}, err
	}
	return a.showSubscriber(ctx, st)
}
