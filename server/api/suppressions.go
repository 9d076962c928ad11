package api

import (
	"context"

	"akkoord"
	"akkoord/server/trail"
)

// Suppressing keeps the do-not-mail list.
type Suppressing interface {
	Suppressions(ctx context.Context, kind akkoord.SuppressionKind, after akkoord.Suppression, limit int) (entries []akkoord.SuppressionEntry, more bool, err error)
	SuppressionsOf(ctx context.Context, e akkoord.Email) ([]akkoord.SuppressionEntry, error)
	LiftSuppression(ctx context.Context, hash akkoord.AddressHash, kind akkoord.SuppressionKind, reason string, o akkoord.Origin) error
}

// suppression is an entry of the do-not-mail list as the API shows it.
type suppression struct {
	ID         string      `json:"id" doc:"Names the entry; it says nothing of the address."`
	Kind       string      `json:"kind" enum:"unsubscribed,objection,erased,hard_bounce,complaint,restricted,blocked,expired"`
	At         *Time       `json:"at"`
	Subscriber *akkoord.ID `json:"subscriber" format:"uuid" doc:"Null where nobody with this address is on record."`
	Email      *string     `json:"email"`
	Evidence   *evidence   `json:"evidence" doc:"The report that put it there. Null: the person's own act, or an import; their history tells."`
	Liftable   bool        `json:"liftable" doc:"Whether staff may take it back. What a person said ends by their own new confirmation alone."`
}

// evidence is the report behind an entry.
type evidence struct {
	Source  string      `json:"source" doc:"dsn, arf, smtp (refused while sending) or a provider's name."`
	Class   *string     `json:"class"`
	Status  *string     `json:"status" doc:"Codes, like 550 5.1.1."`
	Mailing *akkoord.ID `json:"mailing" format:"uuid"`
}

func showSuppression(e akkoord.SuppressionEntry) suppression {
	out := suppression{
		ID: e.Name(), Kind: string(e.Kind), At: when(e.At), Email: orNil(e.Person.Email.Address()), Liftable: e.Kind.Liftable(),
	}
	if e.Person.ID != 0 {
		out.Subscriber = &e.Person.PublicID
	}
	if e.Report.Kind != "" {
		out.Evidence = &evidence{Source: e.Report.Source, Class: orNil(string(e.Report.Class)), Status: orNil(e.Report.Status)}
		if !e.Mailing.IsZero() {
			out.Evidence.Mailing = &e.Mailing
		}
	}
	return out
}

func (a *API) listSuppressions(ctx context.Context, in *struct {
	Email  string `query:"email" doc:"What stands against this address."`
	Kind   string `query:"kind" enum:"unsubscribed,objection,erased,hard_bounce,complaint,restricted,blocked,expired"`
	Cursor string `query:"cursor" doc:"The next_cursor of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Rows of a page."`
}) (list[suppression], error) {
	var rows []akkoord.SuppressionEntry
	var more bool
	var err error
	if in.Email != "" {
		e, bad := akkoord.ParseEmail(in.Email)
		if bad != nil {
			return list[suppression]{}, bad
		}
		rows, err = a.cfg.Store.SuppressionsOf(ctx, e)
	} else {
		after, bad := akkoord.ParseSuppressionCursor(in.Cursor)
		if bad != nil {
			return list[suppression]{}, bad
		}
		rows, more, err = a.cfg.Store.Suppressions(ctx, akkoord.SuppressionKind(in.Kind), after, in.Limit)
	}
	if err != nil {
		return list[suppression]{}, err
	}
	ids := make([]akkoord.ID, 0, len(rows))
	for _, e := range rows {
		if e.Person.ID != 0 {
			ids = append(ids, e.Person.PublicID)
		}
	}
	if err := a.audit(ctx, "suppression.list", "suppression", trail.People(ids)); err != nil {
		return list[suppression]{}, err
	}
	out := newList(rows, 0, showSuppression)
	if more {
		cursor := rows[len(rows)-1].Cursor()
		out.NextCursor = &cursor
	}
	return out, nil
}

func (a *API) liftSuppression(ctx context.Context, in *struct {
	ID   string `path:"id" maxLength:"100"`
	Body reasonOrder
}) (struct{}, error) {
	entry, err := akkoord.ParseSuppressionName(in.ID)
	if err != nil {
		return struct{}{}, err
	}
	return struct{}{}, a.cfg.Store.LiftSuppression(ctx, entry.Hash, entry.Kind, in.Body.Reason, origin(ctx))
}
