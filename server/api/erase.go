package api

import (
	"context"

	"akkoord"
)

// Erasing erases people (M19).
type Erasing interface {
	Erase(ctx context.Context, person akkoord.ID, reason string, o akkoord.Origin) (akkoord.Erasure, error)
	// Withdraw ends a purpose, or everything where purposeID is 0.
	Withdraw(ctx context.Context, person akkoord.ID, purposeID int64, reason string, o akkoord.Origin) error
}

// erasureOrder is the body of POST /subscribers/{id}/erase.
type erasureOrder struct {
	Reason string `json:"reason" doc:"Why; kept in the audit trail, so it must not name the person."`
}

// erasure says that a person is erased, now or before.
type erasure struct {
	Erased  bool   `json:"erased"`
	At      *Time  `json:"at"`
	Receipt string `json:"receipt" doc:"A signed statement for the person to keep; holds no personal data."`
}

func (a *API) eraseSubscriber(ctx context.Context, in *struct {
	ByID
	Body erasureOrder
}) (erasure, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return erasure{}, err
	}
	e, err := a.cfg.Store.Erase(ctx, id, in.Body.Reason, origin(ctx))
	if err != nil {
		return erasure{}, err
	}
	return erasure{Erased: true, At: when(e.At), Receipt: e.Receipt}, nil
}
