package store

import (
	"cmp"
	"context"
	"math"
	"strings"
	"time"

	"akkoord"
)

// AddDrill puts a restore drill on record, which is never changed. Errors:
// Invalid.
func (s *Store) AddDrill(ctx context.Context, actor akkoord.Actor, d akkoord.Drill) (akkoord.Drill, error) {
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return d, err
	}
	d.PublicID, d.MadeBy = id, actor
	steps := make([]string, len(d.Steps))
	for i, step := range d.Steps {
		steps[i] = string(step)
	}
	err = s.update(ctx, "add drill", func(t *tx) error {
		if err := d.Check(t.now); err != nil {
			return err
		}
		d.MadeAt = t.now
		if err := t.queryRow(`INSERT INTO restore_drill (public_id, at, copy_at, place, steps, took, fault, remark, made_at, made_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id`,
			id[:], micros(d.At), micros(d.CopyAt), d.Place, strings.Join(steps, ","), d.Took.Microseconds(), d.Fault, d.Remark, micros(d.MadeAt), string(actor)).Scan(&d.ID); err != nil {
			return err
		}
		outcome := "good"
		if !d.Good {
			outcome = "not good"
		}
		return t.audit(actor, "drill.create", named("drill", id.String()), outcome)
	})
	return d, err
}

const drillQuery = `SELECT id, public_id, at, copy_at, place, steps, took, fault, remark, made_at, made_by FROM restore_drill`

func scanDrill(r row) (akkoord.Drill, error) {
	var d akkoord.Drill
	var id []byte
	var steps string
	var at, copied, took, made int64
	err := r.Scan(&d.ID, &id, &at, &copied, &d.Place, &steps, &took, &d.Fault, &d.Remark, &made, &d.MadeBy)
	d.PublicID, d.At, d.CopyAt, d.MadeAt, d.Took = id16(id), fromMicros(at), fromMicros(copied), fromMicros(made), time.Duration(took)*time.Microsecond
	for step := range strings.SplitSeq(steps, ",") {
		if step != "" {
			d.Steps = append(d.Steps, akkoord.DrillStep(step))
		}
	}
	d.Good = d.Fault == ""
	return d, err
}

// Drill gives a restore drill on record, or NotFound.
func (s *Store) Drill(ctx context.Context, id akkoord.ID) (akkoord.Drill, error) {
	d, err := scanDrill(s.view(ctx).queryRow(drillQuery+` WHERE public_id = $1`, id[:]))
	return d, missing(err, "restore drill")
}

// Drills gives a page of the restore drills on record, the last one recorded
// first, and the number after which the next page begins; 0 when there is none.
func (s *Store) Drills(ctx context.Context, p akkoord.Page) ([]akkoord.Drill, int64, error) {
	rows, err := s.view(ctx).query(drillQuery+` WHERE id < $1 ORDER BY id DESC LIMIT $2`, cmp.Or(p.After, math.MaxInt64), p.Size()+1)
	out, err := list(rows, err, scanDrill)
	out, next := cut(out, p, func(d akkoord.Drill) int64 { return d.ID })
	return out, next, err
}

// Restorations gives a page of when this database was put back in earnest, the
// last one first, and the number after which the next page begins; 0 when there
// is none.
func (s *Store) Restorations(ctx context.Context, p akkoord.Page) ([]akkoord.Restoration, int64, error) {
	rows, err := s.view(ctx).query(`SELECT id, at, backup_at, reason, released_at, released_by FROM restoration WHERE id < $1 ORDER BY id DESC LIMIT $2`, cmp.Or(p.After, math.MaxInt64), p.Size()+1)
	out, err := list(rows, err, func(r row) (akkoord.Restoration, error) {
		var x akkoord.Restoration
		var at, backup, released int64
		err := r.Scan(&x.ID, &at, &backup, &x.Reason, &released, &x.ReleasedBy)
		x.At, x.BackupAt, x.ReleasedAt = fromMicros(at), fromMicros(backup), fromMicros(released)
		return x, err
	})
	out, next := cut(out, p, func(x akkoord.Restoration) int64 { return x.ID })
	return out, next, err
}
