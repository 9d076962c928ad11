package api

import (
	"context"

	"akkoord"
)

// Bases changes on which basis people are mailed.
type Bases interface {
	SetBasis(ctx context.Context, person akkoord.ID, slug string, b akkoord.BasisChange) error
}

// basisChange is the body of POST /subscribers/{id}/basis.
type basisChange struct {
	Purpose        string        `json:"purpose" doc:"Slug."`
	Basis          akkoord.Basis `json:"basis" doc:"existing_customer, contract or other; consent comes from the person alone."`
	Reason         string        `json:"reason" doc:"Why; kept as evidence."`
	SoldOn         string        `json:"sold_on,omitempty" doc:"Of an existing customer: the day of the sale, like 2026-11-24."`
	Sale           string        `json:"sale,omitempty" doc:"Its number or name."`
	Similar        bool          `json:"similar,omitempty" doc:"The purpose is about similar products of your own."`
	RefusalOffered bool          `json:"refusal_offered,omitempty" doc:"Refusing was offered at the sale."`
	Text           string        `json:"text,omitempty" doc:"Of a contract or another basis: what it rests on."`
}

// changeBasis gives a person another basis for one purpose (M7, M8).
func (a *API) changeBasis(ctx context.Context, in *struct {
	ByID
	Body basisChange
}) (subscriber, error) {
	st, err := a.person(ctx, in.ID)
	if err != nil {
		return subscriber{}, err
	}
	b := in.Body
	err = a.cfg.Store.SetBasis(ctx, st.Subscriber.PublicID, b.Purpose, akkoord.BasisChange{
		Basis: b.Basis, Reason: b.Reason, Origin: origin(ctx),
		Ground: akkoord.Ground{SoldOn: b.SoldOn, Sale: b.Sale, Similar: b.Similar, RefusalOffered: b.RefusalOffered, Text: b.Text},
	})
	if err != nil {
		return subscriber{}, err
	}
	if st, err = a.person(ctx, in.ID); err != nil {
		return subscriber{}, err
	}
	return a.showSubscriber(ctx, st)
}
