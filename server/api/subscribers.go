package api

import (
	"context"
	"errors"

	"akkoord"
	"akkoord/server/trail"

	"github.com/danielgtaylor/huma/v2"
)

// ByID names a thing in the path.
type ByID struct {
	ID string `path:"id" doc:"A UUID."`
}

// consent is where a person stands with one purpose.
type consent struct {
	Purpose  string        `json:"purpose"`
	State    akkoord.State `json:"state" enum:"pending,active,withdrawn,expired,held"`
	Since    *Time         `json:"since"`
	Basis    akkoord.Basis `json:"basis"`
	Tracked  *Time         `json:"tracked_since" doc:"Since when the person lets clicks be counted; null: they don't."`
	Learning *Time         `json:"learned_from_since" doc:"Since when interests may be learned from these clicks; null: they may not."`
}

// learnedInterest is a topic that a person is taken to like by what they clicked in
// mails of one purpose.
type learnedInterest struct {
	Purpose string `json:"purpose"`
	Topic   string `json:"topic"`
	Links   int    `json:"links" doc:"With the topic, that they clicked within a year."`
	LastAt  *Time  `json:"last_at"`
}

// subscriber is a person as the API shows them.
type subscriber struct {
	ID           akkoord.ID                `json:"id" format:"uuid"`
	Email        string                    `json:"email"`
	Name         string                    `json:"name"`
	Locale       string                    `json:"locale"`
	Interests    []string                  `json:"interests"`
	Consents     []consent                 `json:"consents"`
	Suppressions []akkoord.SuppressionKind `json:"suppressions" doc:"Why the address must not be mailed."`
	PausedUntil  *Time                     `json:"paused_until" doc:"The person wants no mail before it; null: they do."`
	Learned      []learnedInterest         `json:"learned_interests,omitempty" doc:"What clicks say they like, where they allow that; only where one person is read. Not what they chose."`
	Attributes   map[string]string         `json:"attributes,omitempty" doc:"By slug; only where one person is read."`
	CreatedAt    *Time                     `json:"created_at"`
}

func (a *API) showSubscriber(ctx context.Context, st akkoord.Standing) (subscriber, error) {
	p := st.Subscriber
	out := subscriber{
		ID: p.PublicID, Email: p.Email.Address(), Name: p.Name, Locale: p.Locale, Interests: some(p.Interests),
		Consents: []consent{}, Suppressions: some(st.Suppressions), CreatedAt: when(p.CreatedAt),
	}
	if st.PausedUntil.After(a.cfg.Now()) {
		out.PausedUntil = when(st.PausedUntil)
	}
	ids := make([]int64, len(st.Subscriptions))
	for i, sub := range st.Subscriptions {
		ids[i] = sub.PurposeID
	}
	slugs, err := a.cfg.Store.PurposeSlugs(ctx, ids)
	for _, sub := range st.Subscriptions {
		out.Consents = append(out.Consents, consent{slugs[sub.PurposeID], sub.State, when(sub.Since), sub.Basis, when(sub.Tracking), when(sub.Learning)})
	}
	return out, err
}

// subscriberQuery is what GET /subscribers asks for.
type subscriberQuery struct {
	Paging
	Email    string            `query:"email" doc:"Lists the person with this address, pending or not, or nobody. Goes with no other filter."`
	Purpose  string            `query:"purpose" doc:"Slug: who ever dealt with this purpose; state and act are then about it alone."`
	State    akkoord.State     `query:"state" enum:"pending,active,withdrawn,expired,held" doc:"Who stands so for a purpose."`
	Interest string            `query:"interest" doc:"Slug: who chose this interest."`
	Locale   string            `query:"locale" doc:"The person's language; with the acts asked and answered that of the request."`
	Source   string            `query:"source" doc:"How those came in who did the act, like form:home, import, api or rule. Goes with an act."`
	Act      akkoord.PeopleAct `query:"act" enum:"asked,answered,confirmed,joined,left" doc:"Who did this, in the order in which they did: signed up, signed up and confirmed since, confirmed, became active in whatever way, were active and ended in whatever way."`
	From     string            `query:"from" doc:"First day of the act, like 2026-11-24 (UTC); without one, since when the state holds."`
	To       string            `query:"to" doc:"Last day of it."`

	filter akkoord.PeopleFilter
}

// Resolve reads the filter. It refuses an empty address: whoever looks for one
// person and lost the address on the way is not shown all people.
func (q *subscriberQuery) Resolve(ctx huma.Context) []error {
	u := ctx.URL()
	asked := u.Query()
	var err error
	q.filter, err = akkoord.ParsePeopleFilter(asked)
	switch {
	case q.Email == "" && asked.Has("email"):
		return []error{&huma.ErrorDetail{Location: "query.email", Message: "it is empty"}}
	case q.Email != "" && !q.filter.Everybody():
		return []error{&huma.ErrorDetail{Location: "query.email", Message: "an address goes with no other filter"}}
	}
	if e, ok := errors.AsType[*akkoord.Error](err); ok {
		return []error{&huma.ErrorDetail{Location: "query." + e.Field, Message: e.Message}}
	}
	return nil
}

func (a *API) listSubscribers(ctx context.Context, in *subscriberQuery) (list[subscriber], error) {
	if in.Email != "" {
		return a.findSubscriber(ctx, in.Email)
	}
	page, err := in.page()
	if err != nil {
		return list[subscriber]{}, err
	}
	people, next, err := a.cfg.Store.People(ctx, in.filter, page)
	if err != nil {
		return list[subscriber]{}, err
	}
	var rows []subscriber
	for _, st := range people {
		row, err := a.showSubscriber(ctx, st)
		if err != nil {
			return list[subscriber]{}, err
		}
		rows = append(rows, row)
	}
	ids := make([]akkoord.ID, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	err = a.audit(ctx, "subscriber.list", "subscriber", trail.Found(in.filter, ids))
	return newList(rows, next, func(s subscriber) subscriber { return s }), err
}

func (a *API) findSubscriber(ctx context.Context, address string) (list[subscriber], error) {
	none := list[subscriber]{Items: []subscriber{}}
	email, err := akkoord.ParseEmail(address)
	if err != nil {
		return none, err
	}
	st, err := a.cfg.Store.StandingByEmail(ctx, email)
	if err != nil {
		return none, err
	}
	if st.Subscriber.ID == 0 {
		return none, a.audit(ctx, "subscriber.search", "subscriber", "nobody found")
	}
	if err := a.audit(ctx, "subscriber.read", trail.Subscriber(st.Subscriber), "by address"); err != nil {
		return none, err
	}
	row, err := a.showSubscriber(ctx, st)
	return list[subscriber]{Items: []subscriber{row}}, err
}

// person loads the person in the path, or gives NotFound.
func (a *API) person(ctx context.Context, id string) (akkoord.Standing, error) {
	public, err := akkoord.ParseID(id)
	if err != nil {
		return akkoord.Standing{}, err
	}
	st, err := a.cfg.Store.Standing(ctx, public)
	if err == nil && st.Subscriber.ID == 0 {
		err = akkoord.Errorf(akkoord.NotFound, "not_found", "There is no such person.")
	}
	return st, err
}

func (a *API) readSubscriber(ctx context.Context, in *ByID) (subscriber, error) {
	st, err := a.person(ctx, in.ID)
	if err != nil {
		return subscriber{}, err
	}
	opening, err := a.sight.Opening(ctx, st)
	if err == nil {
		err = a.audit(ctx, "subscriber.read", trail.Subscriber(st.Subscriber), trail.Opened(opening))
	}
	if err != nil {
		return subscriber{}, err
	}
	return a.showOne(ctx, st)
}

// profileChange is the body of PATCH /subscribers/{id}. What is left out
// stays as it is.
type profileChange struct {
	Name      *string   `json:"name,omitempty"`
	Locale    *string   `json:"locale,omitempty"`
	Interests *[]string `json:"interests,omitempty" doc:"Slugs that a form offers; takes the place of those there were."`

	Attributes map[string]any `json:"attributes,omitempty" doc:"By slug: text, a number, true or false, or a day like 2026-11-24; null takes one away. Rules may follow."`
}

func (c profileChange) profile() (akkoord.Profile, error) {
	p := akkoord.Profile{Locale: c.Locale, Interests: c.Interests}
	if c.Name != nil {
		name, err := akkoord.ParseName(*c.Name)
		if err != nil {
			return p, err
		}
		p.Name = &name
	}
	var err error
	p.Attributes, err = attributeValues(c.Attributes)
	return p, err
}

func (a *API) changeSubscriber(ctx context.Context, in *struct {
	ByID
	Body profileChange
}) (subscriber, error) {
	p, err := in.Body.profile()
	if err != nil {
		return subscriber{}, err
	}
	st, err := a.person(ctx, in.ID)
	if err != nil {
		return subscriber{}, err
	}
	forms, err := a.cfg.Store.Forms(ctx)
	if err == nil {
		err = p.Check(akkoord.OfferedInterests(forms, st.Subscriber.Interests))
	}
	if err != nil {
		return subscriber{}, err
	}
	o := origin(ctx)
	o.Locale = st.Subscriber.Locale
	if err := a.cfg.Store.SetProfile(ctx, st.Subscriber.PublicID, p, o); err != nil {
		return subscriber{}, err
	}
	if st, err = a.person(ctx, in.ID); err != nil {
		return subscriber{}, err
	}
	return a.showOne(ctx, st)
}

// audit leaves a line about a read of personal data (M27). A read that can't
// be recorded is refused.
func (a *API) audit(ctx context.Context, action, object, note string) error {
	return a.cfg.Store.Audit(ctx, caller(ctx).Actor(), action, object, note)
}
