package api

import (
	"context"
	"time"

	"akkoord"
	"akkoord/server/trail"
)

// Desk keeps what people asked for (chapter III GDPR) and who is restricted.
type Desk interface {
	AddRequest(ctx context.Context, actor akkoord.Actor, r akkoord.PersonRequest) (akkoord.PersonRequest, error)
	// EditRequest changes a request from what it is at that moment; edit may be
	// called more than once.
	EditRequest(ctx context.Context, actor akkoord.Actor, id akkoord.ID, action string, edit func(akkoord.PersonRequest, time.Time) (akkoord.PersonRequest, error)) (akkoord.PersonRequest, error)
	Request(ctx context.Context, id akkoord.ID) (akkoord.PersonRequest, error)
	Requests(ctx context.Context, state akkoord.RequestState, p akkoord.Page) (requests []akkoord.PersonRequest, next int64, err error)
	Restrict(ctx context.Context, person akkoord.ID, reason string, o akkoord.Origin) error
	Unrestrict(ctx context.Context, person akkoord.ID, told time.Time, reason string, o akkoord.Origin) error
}

// newRequest is the body of POST /requests.
type newRequest struct {
	Kind       string    `json:"kind" doc:"access, rectification, erasure, restriction, portability or objection."`
	Channel    string    `json:"channel,omitempty" default:"other" doc:"How it came: email, phone, letter, in_person or other."`
	Email      string    `json:"email,omitempty" doc:"Of who asks. Whoever has it on record is found by it."`
	Subscriber string    `json:"subscriber,omitempty" doc:"UUID of the person on record."`
	ReceivedAt time.Time `json:"received_at,omitempty" doc:"Now where it is left out. The month begins with it."`
	Note       string    `json:"note,omitempty" doc:"Goes with the person's data when they are erased."`
}

// request is what somebody asked for, as the API shows it.
type request struct {
	ID         akkoord.ID           `json:"id" format:"uuid"`
	Kind       akkoord.RequestKind  `json:"kind"`
	State      akkoord.RequestState `json:"state" enum:"open,done,refused"`
	Channel    string               `json:"channel"`
	Subscriber *akkoord.ID          `json:"subscriber" format:"uuid" doc:"Null where nobody on record is known to be the one who asks."`
	Email      *string              `json:"email"`
	Note       string               `json:"note"`
	Handler    *string              `json:"handler" doc:"user:UUID or key:UUID who took it."`
	ReceivedAt *Time                `json:"received_at"`
	DueOn      Day                  `json:"due_on" doc:"The last day, in UTC (Art. 12(3) GDPR)."`
	Weekend    bool                 `json:"due_on_weekend" doc:"The last day is a Saturday or Sunday; the time ends with the next working day. Public holidays are not known."`
	Overdue    bool                 `json:"overdue"`
	ExtendedAt *Time                `json:"extended_at"`
	Extension  string               `json:"extension_reason"`
	ClosedAt   *Time                `json:"closed_at"`
	Answer     string               `json:"answer"`
}

func (a *API) showRequest(ctx context.Context, r akkoord.PersonRequest) (request, error) {
	names, err := a.cfg.Store.PublicNames(ctx, []string{string(r.Handler)})
	return a.namedRequest(r, names), err
}

func (a *API) namedRequest(r akkoord.PersonRequest, names map[string]string) request {
	out := request{
		ID: r.PublicID, Kind: r.Kind, State: r.State, Channel: r.Channel, Email: orNil(r.Email), Note: r.Note, Handler: orNil(publicName(names, string(r.Handler))),
		ReceivedAt: when(r.ReceivedAt), DueOn: Day{r.DueOn}, Weekend: akkoord.OnWeekend(r.DueOn), Overdue: r.Overdue(a.cfg.Now()),
		ExtendedAt: when(r.ExtendedAt), Extension: r.Extension, ClosedAt: when(r.ClosedAt), Answer: r.Answer,
	}
	if !r.Person.IsZero() {
		out.Subscriber = &r.Person
	}
	return out
}

func (a *API) createRequest(ctx context.Context, in *struct{ Body newRequest }) (request, error) {
	b := in.Body
	r := akkoord.PersonRequest{
		Kind: akkoord.RequestKind(b.Kind), Channel: b.Channel, ReceivedAt: b.ReceivedAt,
		RequestDetail: akkoord.RequestDetail{Email: b.Email, Note: b.Note},
	}
	var err error
	if b.Subscriber != "" {
		if r.Person, err = akkoord.ParseID(b.Subscriber); err != nil {
			return request{}, unknown(err, "subscriber")
		}
	}
	if r, err = a.cfg.Store.AddRequest(ctx, caller(ctx).Actor(), r); err != nil {
		return request{}, unknown(err, "subscriber")
	}
	return a.showRequest(ctx, r)
}

func (a *API) listRequests(ctx context.Context, in *struct {
	Paging
	State string `query:"state" enum:"open,done,refused" doc:"Only those in this state."`
}) (list[request], error) {
	page, err := in.page()
	if err != nil {
		return list[request]{}, err
	}
	rows, next, err := a.cfg.Store.Requests(ctx, akkoord.RequestState(in.State), page)
	if err != nil {
		return list[request]{}, err
	}
	var people []akkoord.ID
	var handlers []string
	for _, r := range rows {
		people, handlers = append(people, r.Person), append(handlers, string(r.Handler))
	}
	names, err := a.cfg.Store.PublicNames(ctx, handlers)
	if err != nil {
		return list[request]{}, err
	}
	out := newList(rows, next, func(r akkoord.PersonRequest) request { return a.namedRequest(r, names) })
	return out, a.audit(ctx, "request.list", "request", trail.People(people))
}

func (a *API) readRequest(ctx context.Context, in *ByID) (request, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return request{}, err
	}
	r, err := a.cfg.Store.Request(ctx, id)
	if err != nil {
		return request{}, err
	}
	if err := a.audit(ctx, "request.read", r.Name(), ""); err != nil {
		return request{}, err
	}
	return a.showRequest(ctx, r)
}

// editRequest changes a request by a rule.
func (a *API) editRequest(ctx context.Context, in string, action string, rule func(akkoord.PersonRequest, time.Time) (akkoord.PersonRequest, error)) (request, error) {
	id, err := akkoord.ParseID(in)
	if err != nil {
		return request{}, err
	}
	r, err := a.cfg.Store.EditRequest(ctx, caller(ctx).Actor(), id, action, rule)
	if err != nil {
		return request{}, err
	}
	return a.showRequest(ctx, r)
}

func (a *API) changeRequest(ctx context.Context, in *struct {
	ByID
	Body struct {
		Note string `json:"note" doc:"Takes the place of the note."`
	}
}) (request, error) {
	return a.editRequest(ctx, in.ID, "request.change", func(r akkoord.PersonRequest, _ time.Time) (akkoord.PersonRequest, error) {
		return r.Said(in.Body.Note)
	})
}

func (a *API) takeRequest(ctx context.Context, in *ByID) (request, error) {
	actor := caller(ctx).Actor()
	return a.editRequest(ctx, in.ID, "request.take", func(r akkoord.PersonRequest, _ time.Time) (akkoord.PersonRequest, error) {
		r.Handler = actor
		return r, nil
	})
}

func (a *API) extendRequest(ctx context.Context, in *struct {
	ByID
	Body struct {
		Months int    `json:"months" doc:"1 or 2 further months (Art. 12(3) GDPR)."`
		Reason string `json:"reason" doc:"As the person is told it, within the first month."`
	}
}) (request, error) {
	return a.editRequest(ctx, in.ID, "request.extend", func(r akkoord.PersonRequest, now time.Time) (akkoord.PersonRequest, error) {
		return r.Extend(in.Body.Months, in.Body.Reason, now)
	})
}

// requestAnswer is the body of POST /requests/{id}/done, which may be empty.
type requestAnswer struct {
	Answer string `json:"answer,omitempty" doc:"What was done, as the person is told it."`
}

func (a *API) finishRequest(ctx context.Context, in *struct {
	ByID
	Body *requestAnswer
}) (request, error) {
	var body requestAnswer
	if in.Body != nil {
		body = *in.Body
	}
	return a.editRequest(ctx, in.ID, "request.done", func(r akkoord.PersonRequest, now time.Time) (akkoord.PersonRequest, error) {
		return r.Close(akkoord.RequestDone, body.Answer, now)
	})
}

func (a *API) refuseRequest(ctx context.Context, in *struct {
	ByID
	Body struct {
		Reason string `json:"reason" doc:"As the person is told it, with their right to complain (Art. 12(4) GDPR)."`
	}
}) (request, error) {
	return a.editRequest(ctx, in.ID, "request.refuse", func(r akkoord.PersonRequest, now time.Time) (akkoord.PersonRequest, error) {
		return r.Close(akkoord.RequestRefused, in.Body.Reason, now)
	})
}

func (a *API) restrictSubscriber(ctx context.Context, in *struct {
	ByID
	Body struct {
		Reason string `json:"reason" doc:"Kept with the person's data, and erased with it."`
	}
}) (subscriber, error) {
	return a.restriction(ctx, in.ID, func(id akkoord.ID, o akkoord.Origin) error {
		return a.cfg.Store.Restrict(ctx, id, in.Body.Reason, o)
	})
}

func (a *API) unrestrictSubscriber(ctx context.Context, in *struct {
	ByID
	Body struct {
		Reason string `json:"reason" doc:"Kept with the person's data, and erased with it."`
		ToldOn Day    `json:"told_on" doc:"The day on which the person was told that the restriction ends (Art. 18(3) GDPR)."`
	}
}) (subscriber, error) {
	return a.restriction(ctx, in.ID, func(id akkoord.ID, o akkoord.Origin) error {
		return a.cfg.Store.Unrestrict(ctx, id, in.Body.ToldOn.Time, in.Body.Reason, o)
	})
}

func (a *API) restriction(ctx context.Context, person string, act func(akkoord.ID, akkoord.Origin) error) (subscriber, error) {
	st, err := a.person(ctx, person)
	if err != nil {
		return subscriber{}, err
	}
	if err := act(st.Subscriber.PublicID, origin(ctx)); err != nil {
		return subscriber{}, err
	}
	if st, err = a.person(ctx, person); err != nil {
		return subscriber{}, err
	}
	return a.showSubscriber(ctx, st)
}
