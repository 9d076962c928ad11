package api

import (
	"context"
	"io"
	"time"

	"akkoord"
	"akkoord/server/breachpack"
)

// Breaches keeps breaches of personal data (Art. 33 GDPR).
type Breaches interface {
	AddBreach(ctx context.Context, actor akkoord.Actor, b akkoord.Breach) (akkoord.Breach, error)
	Breach(ctx context.Context, id akkoord.ID) (akkoord.Breach, error)
	Breaches(ctx context.Context, p akkoord.Page) (breaches []akkoord.Breach, next int64, err error)
	BreachPeople(ctx context.Context, b akkoord.Breach, each func(akkoord.BreachPerson) error) error
	ReportBreach(ctx context.Context, actor akkoord.Actor, id akkoord.ID, at time.Time) (akkoord.Breach, error)
}

// newBreach is the body of POST /breach-packs.
type newBreach struct {
	What    string    `json:"what" doc:"What happened, in a sentence without names."`
	Since   time.Time `json:"since" doc:"Since when the data may have been seen, lost or changed."`
	Until   time.Time `json:"until,omitempty" doc:"Now where it is left out."`
	AwareAt time.Time `json:"aware_at,omitempty" doc:"When you learned of it; now where it is left out. The 72 hours begin with it."`
	People  string    `json:"people,omitempty" default:"all" doc:"Whose data: all, purpose:SLUG or mailing:UUID."`
}

// breach is a breach as the API shows it.
type breach struct {
	ID         akkoord.ID `json:"id" format:"uuid"`
	What       string     `json:"what"`
	People     string     `json:"people"`
	Count      int64      `json:"count" doc:"People whose data it is about."`
	Since      *Time      `json:"since"`
	Until      *Time      `json:"until"`
	AwareAt    *Time      `json:"aware_at"`
	ReportBy   *Time      `json:"report_by" doc:"72 hours after aware_at (Art. 33(1) GDPR)."`
	ReportedAt *Time      `json:"reported_at"`
	Overdue    bool       `json:"overdue"`
	Pack       string     `json:"pack" doc:"Path of the zip: facts, people, accesses, drafts of the letters."`
}

func (a *API) showBreach(b akkoord.Breach) breach {
	return breach{
		ID: b.PublicID, What: b.What, People: b.Scope, Count: b.People, Since: when(b.Since), Until: when(b.Until), AwareAt: when(b.AwareAt),
		ReportBy: when(b.ReportBy()), ReportedAt: when(b.ReportedAt), Overdue: b.ReportedAt.IsZero() && a.cfg.Now().After(b.ReportBy()),
		Pack: Prefix + "/breach-packs/" + b.PublicID.String() + "/pack",
	}
}

func (a *API) createBreach(ctx context.Context, in *struct{ Body newBreach }) (breach, error) {
	n := in.Body
	b, err := a.cfg.Store.AddBreach(ctx, caller(ctx).Actor(), akkoord.Breach{What: n.What, Scope: n.People, Since: n.Since, Until: n.Until, AwareAt: n.AwareAt})
	return a.showBreach(b), err
}

func (a *API) listBreaches(ctx context.Context, in *struct{ Paging }) (list[breach], error) {
	page, err := in.page()
	if err != nil {
		return list[breach]{}, err
	}
	rows, next, err := a.cfg.Store.Breaches(ctx, page)
	return newList(rows, next, a.showBreach), err
}

func (a *API) readBreach(ctx context.Context, in *ByID) (breach, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return breach{}, err
	}
	b, err := a.cfg.Store.Breach(ctx, id)
	return a.showBreach(b), err
}

func (a *API) reportBreach(ctx context.Context, in *struct {
	ByID
	Body struct {
		At time.Time `json:"at" doc:"When the authority was told."`
	}
}) (breach, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return breach{}, err
	}
	b, err := a.cfg.Store.ReportBreach(ctx, caller(ctx).Actor(), id, in.Body.At)
	return a.showBreach(b), err
}

// breachPack hands out whose data a breach is about, and leaves a line first.
func (a *API) breachPack(ctx context.Context, in *struct {
	ByID
	Addresses bool `query:"addresses" doc:"The list has addresses too; needs the right people.read."`
}) (stream, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return stream{}, err
	}
	if in.Addresses && !caller(ctx).Role.May(akkoord.ReadPeople) {
		return stream{}, akkoord.Errorf(akkoord.Forbidden, "right_missing", "The role of this key may not read addresses; leave addresses out.")
	}
	b, err := a.cfg.Store.Breach(ctx, id)
	if err != nil {
		return stream{}, err
	}
	pack := breachpack.Pack{Store: a.cfg.Store, Breach: b, Sender: a.cfg.Sender(), Addresses: in.Addresses}
	if err := a.sight.Export(ctx, pack.Fields()...); err != nil {
		return stream{}, err
	}
	if err := a.audit(ctx, "breach.pack", "breach:"+id.String(), pack.Note()); err != nil {
		return stream{}, err
	}
	return stream{map[string]string{"Content-Disposition": `attachment; filename="` + pack.Name() + `"`}, func(w io.Writer) error { return pack.Write(ctx, w) }}, nil
}
