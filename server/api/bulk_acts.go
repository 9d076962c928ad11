package api

import (
	"context"
	"math"

	"akkoord"
)

// BulkActs does one act to many people.
type BulkActs interface {
	// PrepareBulkAct puts down whom an act is about, and ConfirmBulkAct begins it for who saw their number.
	PrepareBulkAct(ctx context.Context, by akkoord.Actor, spec akkoord.BulkSpec) (akkoord.BulkAct, error)
	ConfirmBulkAct(ctx context.Context, by akkoord.Actor, id akkoord.ID, seen int64) (akkoord.BulkAct, error)
	StopBulkAct(ctx context.Context, by akkoord.Actor, id akkoord.ID) (akkoord.BulkAct, error)
	BulkAct(ctx context.Context, id akkoord.ID) (akkoord.BulkAct, error)
	BulkActs(ctx context.Context, of akkoord.Actor, p akkoord.Page) (acts []akkoord.BulkAct, next int64, err error)
}

// bulkAct is one act on many people: which, why, how far it is, and what became of them.
type bulkAct struct {
	ID        akkoord.ID        `json:"id" format:"uuid"`
	Kind      akkoord.BulkKind  `json:"kind" enum:"withdraw,withdraw_all,add_interest,remove_interest,restrict,erase"`
	Purpose   *string           `json:"purpose" doc:"Slug; of withdraw."`
	Interest  *string           `json:"interest" doc:"Slug; of add_interest and remove_interest."`
	Filter    map[string]string `json:"filter" doc:"By which the people were chosen, as GET /subscribers takes it."`
	Reason    string            `json:"reason"`
	State     akkoord.BulkState `json:"state" enum:"collecting,prepared,running,done,stopped,dropped" doc:"collecting: the people are put down; prepared: it waits to be confirmed; dropped: before anything was done."`
	Error     *string           `json:"error" doc:"A code: why it was stopped by itself. right_missing: the role of who began it does not allow it any more; restored, journal_lost: the database was put back, and old choices end; fault: it failed again and again."`
	People    int64             `json:"people" doc:"Whom it is about: the number by which it is confirmed."`
	Done      int64             `json:"done" doc:"Who were dealt with; the outcomes add up to it."`
	Outcomes  map[string]int64  `json:"outcomes" doc:"acted; unchanged: they stood so already; changed: they signed up, confirmed or renewed since they were chosen, or don't stand as the filter asked; gone: erased or forgotten meanwhile; no_grant: no grant of the key opens all that it is about; refused: as where the reason holds their name."`
	ETA       *int64            `json:"eta_seconds" doc:"From the speed of the present run; null while unknown, and when nothing runs."`
	CreatedAt *Time             `json:"created_at"`
	KeptUntil *Time             `json:"kept_until" doc:"When the choice of people is dropped, if it is not confirmed: a day after all were put down; null before, and once it is confirmed or dropped."`
	BegunAt   *Time             `json:"begun_at"`
	EndedAt   *Time             `json:"ended_at"`
}

func showBulkAct(b akkoord.BulkAct) bulkAct {
	out := bulkAct{
		ID: b.PublicID, Kind: b.Kind, Purpose: orNil(b.Purpose), Interest: orNil(b.Interest), Filter: map[string]string{}, Reason: b.Reason, State: b.State, Error: orNil(b.Why),
		People: b.Total, Done: b.Done(), Outcomes: map[string]int64{}, CreatedAt: when(b.CreatedAt), BegunAt: when(b.BegunAt), EndedAt: when(b.EndedAt),
	}
	for name, values := range b.Filter.Query() {
		out.Filter[name] = values[0]
	}
	for o, n := range b.Tally {
		out.Outcomes[string(o)] = n
	}
	if b.State == akkoord.BulkPrepared {
		out.KeptUntil = when(b.KeptUntil())
	}
	if left, known := b.Remaining(); known {
		seconds := int64(math.Ceil(left.Seconds()))
		out.ETA = &seconds
	}
	return out
}

// bulkFilter chooses people as GET /subscribers does.
type bulkFilter struct {
	Purpose  string            `json:"purpose,omitempty"`
	State    akkoord.State     `json:"state,omitempty"`
	Interest string            `json:"interest,omitempty"`
	Locale   string            `json:"locale,omitempty"`
	Source   string            `json:"source,omitempty"`
	Act      akkoord.PeopleAct `json:"act,omitempty"`
	From     string            `json:"from,omitempty"`
	To       string            `json:"to,omitempty"`
}

func (f bulkFilter) read() (akkoord.PeopleFilter, error) {
	q := akkoord.PeopleFilter{Purpose: f.Purpose, State: f.State, Interest: f.Interest, Locale: f.Locale, Source: f.Source, Act: f.Act}.Query()
	for name, day := range map[string]string{"from": f.From, "to": f.To} {
		if day != "" {
			q.Set(name, day)
		}
	}
	return akkoord.ParsePeopleFilter(q)
}

func (a *API) prepareBulkAct(ctx context.Context, in *struct {
	Body struct {
		Kind     string     `json:"kind" doc:"withdraw, withdraw_all, add_interest, remove_interest, restrict or erase."`
		Purpose  string     `json:"purpose,omitempty" doc:"Slug; with withdraw."`
		Interest string     `json:"interest,omitempty" doc:"Slug; with add_interest and remove_interest."`
		Filter   bulkFilter `json:"filter" doc:"Whom: as GET /subscribers takes it. It can't let everybody through."`
		Reason   string     `json:"reason" doc:"Why; kept in the audit trail, so it must not name anybody."`
	}
}) (bulkAct, error) {
	f, err := in.Body.Filter.read()
	if err != nil {
		return bulkAct{}, err
	}
	o := origin(ctx)
	b, err := a.cfg.Store.PrepareBulkAct(ctx, o.Actor, akkoord.BulkSpec{
		Kind: akkoord.BulkKind(in.Body.Kind), Purpose: in.Body.Purpose, Interest: in.Body.Interest, Filter: f, Reason: in.Body.Reason, Source: o.Source, Zone: o.Evidence.ToldIn,
	})
	return showBulkAct(b), err
}

func (a *API) listBulkActs(ctx context.Context, in *struct{ Paging }) (list[bulkAct], error) {
	page, err := in.page()
	if err != nil {
		return list[bulkAct]{}, err
	}
	rows, next, err := a.cfg.Store.BulkActs(ctx, "", page)
	return newList(rows, next, showBulkAct), err
}

func (a *API) readBulkAct(ctx context.Context, in *ByID) (bulkAct, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return bulkAct{}, err
	}
	b, err := a.cfg.Store.BulkAct(ctx, id)
	return showBulkAct(b), err
}

func (a *API) confirmBulkAct(ctx context.Context, in *struct {
	ByID
	Body struct {
		People int64 `json:"people" doc:"As it told it. Where it is another number, nothing is done (409)."`
	}
}) (bulkAct, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return bulkAct{}, err
	}
	b, err := a.cfg.Store.ConfirmBulkAct(ctx, caller(ctx).Actor(), id, in.Body.People)
	return showBulkAct(b), err
}

func (a *API) stopBulkAct(ctx context.Context, in *ByID) (bulkAct, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return bulkAct{}, err
	}
	b, err := a.cfg.Store.StopBulkAct(ctx, caller(ctx).Actor(), id)
	return showBulkAct(b), err
}
