package api

import (
	"context"
	"time"

	"akkoord"
)

// Backing tells which backups proved themselves, and keeps the register of
// restore drills.
type Backing interface {
	Backups(ctx context.Context) ([]akkoord.Backup, error)
	Restorations(ctx context.Context, p akkoord.Page) (restored []akkoord.Restoration, next int64, err error)
	Drill(ctx context.Context, id akkoord.ID) (akkoord.Drill, error)
	Drills(ctx context.Context, p akkoord.Page) (drills []akkoord.Drill, next int64, err error)
	AddDrill(ctx context.Context, actor akkoord.Actor, d akkoord.Drill) (akkoord.Drill, error)
}

// backup is a copy of the database that proved itself.
type backup struct {
	At     *Time  `json:"at" doc:"What it holds is of this time."`
	People *int64 `json:"people" doc:"Null where it was made before this was put down."`
	Lines  *int64 `json:"ledger_lines" doc:"Of the ledger; null where it was made before this was put down."`
	Late   bool   `json:"late" doc:"It is the last one, and older than AKKOORD_BACKUP_AGE."`
}

func (a *API) listBackups(ctx context.Context, _ *struct{}) (list[backup], error) {
	made, err := a.cfg.Store.Backups(ctx)
	out := newList(made, 0, func(b akkoord.Backup) backup {
		row := backup{At: when(b.At)}
		if b.Lines > 0 {
			row.People, row.Lines = &b.People, &b.Lines
		}
		return row
	})
	if len(made) > 0 {
		out.Items[0].Late = akkoord.BackupLate(made[0].At, a.cfg.Setup.BackupAge, a.cfg.Now())
	}
	return out, err
}

// restoration is a database that was put back in earnest.
type restoration struct {
	At         *Time   `json:"at"`
	BackupAt   *Time   `json:"backup_at" doc:"Of what time the backup was; null where nobody knows."`
	Reason     string  `json:"reason" enum:"restored,journal_lost" doc:"journal_lost: the database was put back without the journal of departures that belongs to it."`
	ReleasedAt *Time   `json:"released_at" doc:"When an owner agreed that mail goes out again; null: it is held."`
	ReleasedBy *string `json:"released_by"`
}

func (a *API) listRestorations(ctx context.Context, in *struct{ Paging }) (list[restoration], error) {
	page, err := in.page()
	if err != nil {
		return list[restoration]{}, err
	}
	rows, next, err := a.cfg.Store.Restorations(ctx, page)
	if err != nil {
		return list[restoration]{}, err
	}
	var actors []string
	for _, x := range rows {
		actors = append(actors, string(x.ReleasedBy))
	}
	names, err := a.cfg.Store.PublicNames(ctx, actors)
	return newList(rows, next, func(x akkoord.Restoration) restoration {
		return restoration{At: when(x.At), BackupAt: when(x.BackupAt), Reason: string(x.Reason), ReleasedAt: when(x.ReleasedAt), ReleasedBy: orNil(publicName(names, string(x.ReleasedBy)))}
	}), err
}

// newDrill is the body of POST /restore-drills.
type newDrill struct {
	At      time.Time           `json:"at" doc:"When it was done."`
	CopyAt  time.Time           `json:"copy_at" doc:"Of what time the copy was."`
	Place   string              `json:"place" doc:"Where it was put back, without names."`
	Steps   []akkoord.DrillStep `json:"steps,omitempty" doc:"What was done: fetched (copy and key came from where they would come from in earnest), restored (it is whole, and the key fits), looked (a person and the last mailing are as on the server), left (an old link for leaving works), deleted (what was restored is gone again). A good drill has all five."`
	Minutes int64               `json:"minutes" doc:"How long all of it took."`
	Good    bool                `json:"good,omitempty" doc:"It went well; else say in fault what went wrong."`
	Fault   string              `json:"fault,omitempty" doc:"What went wrong, without names."`
	Remark  string              `json:"remark,omitempty" doc:"Without names."`
}

func (n newDrill) read() akkoord.Drill {
	return akkoord.Drill{At: n.At, CopyAt: n.CopyAt, Place: n.Place, Steps: n.Steps, Took: akkoord.DrillTook(n.Minutes), Good: n.Good, Fault: n.Fault, Remark: n.Remark}
}

// drill is a restore drill as the API shows it.
type drill struct {
	ID      akkoord.ID          `json:"id" format:"uuid"`
	At      *Time               `json:"at"`
	CopyAt  *Time               `json:"copy_at"`
	Place   string              `json:"place"`
	Steps   []akkoord.DrillStep `json:"steps" nullable:"false"`
	Minutes int64               `json:"minutes"`
	Good    bool                `json:"good"`
	Fault   *string             `json:"fault"`
	Remark  *string             `json:"remark"`
	MadeAt  *Time               `json:"recorded_at"`
	MadeBy  string              `json:"recorded_by"`
}

// showDrills shows drills, with who recorded them.
func (a *API) showDrills(ctx context.Context, rows ...akkoord.Drill) (func(akkoord.Drill) drill, error) {
	var actors []string
	for _, d := range rows {
		actors = append(actors, string(d.MadeBy))
	}
	names, err := a.cfg.Store.PublicNames(ctx, actors)
	return func(d akkoord.Drill) drill {
		return drill{
			ID: d.PublicID, At: when(d.At), CopyAt: when(d.CopyAt), Place: d.Place, Steps: some(d.Steps), Minutes: int64(d.Took / time.Minute), Good: d.Good,
			Fault: orNil(d.Fault), Remark: orNil(d.Remark), MadeAt: when(d.MadeAt), MadeBy: publicName(names, string(d.MadeBy)),
		}
	}, err
}

func (a *API) createDrill(ctx context.Context, in *struct{ Body newDrill }) (drill, error) {
	d, err := a.cfg.Store.AddDrill(ctx, caller(ctx).Actor(), in.Body.read())
	if err != nil {
		return drill{}, err
	}
	show, err := a.showDrills(ctx, d)
	return show(d), err
}

func (a *API) listDrills(ctx context.Context, in *struct{ Paging }) (list[drill], error) {
	page, err := in.page()
	if err != nil {
		return list[drill]{}, err
	}
	rows, next, err := a.cfg.Store.Drills(ctx, page)
	if err != nil {
		return list[drill]{}, err
	}
	show, err := a.showDrills(ctx, rows...)
	return newList(rows, next, show), err
}

func (a *API) readDrill(ctx context.Context, in *ByID) (drill, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return drill{}, err
	}
	d, err := a.cfg.Store.Drill(ctx, id)
	if err != nil {
		return drill{}, err
	}
	show, err := a.showDrills(ctx, d)
	return show(d), err
}
