package store

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// stillness is how long a node gives no sign of life at least, before a program
// that starts believes that it is gone.
const stillness = nodeBeat + time.Second

var admission = regexp.MustCompile(`(?m)^UPDATE schema_admits SET schema = (\d+), oldest = (\d+) WHERE id = 1;`)

// keepsOut reports whether the newest schema that this program knows admits no
// program of schema have. A migration says so by the statement that changes
// schema_admits; one without it admits nobody (P23).
func keepsOut(d dialect, have, want int64) (bool, error) {
	_, folder := d.goose()
	names, err := fs.Glob(migrations, fmt.Sprintf("migrations/%s/%05d_*.sql", folder, want))
	if err != nil || len(names) != 1 {
		return true, err
	}
	text, err := migrations.ReadFile(names[0])
	if err != nil {
		return true, err
	}
	m := admission.FindSubmatch(text)
	if m == nil {
		return true, nil
	}
	schema, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		return true, err
	}
	oldest, err := strconv.ParseInt(string(m[2]), 10, 64)
	return schema != want || have < oldest, err
}

// signOfLife is a node with its last one.
type signOfLife struct{ id, started, beat int64 }

func signsOfLife(ctx context.Context, db *sql.DB) ([]signOfLife, error) {
	var out []signOfLife
	rows, err := db.QueryContext(ctx, `SELECT id, started_at, beat FROM instance ORDER BY id`)
	err = each(rows, err, func(r row) error {
		var s signOfLife
		err := r.Scan(&s.id, &s.started, &s.beat)
		out = append(out, s)
		return err
	})
	return out, err
}

// nodesAlive gives how many nodes have the database open. Those that were killed
// have a row too, but it stands still.
func nodesAlive(ctx context.Context, db *sql.DB, patience time.Duration) (int, error) {
	first, err := signsOfLife(ctx, db)
	if err != nil || len(first) == 0 {
		return 0, err
	}
	poll := time.NewTicker(patience / 20)
	defer poll.Stop()
	for end := time.Now().Add(patience); ; {
		now, err := signsOfLife(ctx, db)
		if err != nil {
			return 0, err
		}
		for _, s := range now {
			if !slices.Contains(first, s) {
				return len(now), nil
			}
		}
		if time.Now().After(end) {
			return 0, nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// stopFirst refuses to change a schema under the hands of running programs that
// can't work with the new one.
func stopFirst(ctx context.Context, d dialect, db *sql.DB, have, want int64) error {
	if !d.shared() || have == 0 {
		return nil
	}
	out, err := keepsOut(d, have, want)
	if err != nil || !out {
		return err
	}
	n, err := nodesAlive(ctx, db, stillness)
	if err != nil || n == 0 {
		return err
	}
	if now, err := schemaVersion(ctx, db); err != nil || now >= want { // it is one of this version, which was faster
		return err
	}
	return fmt.Errorf("%d processes of an older program have %s open, and they can't work with schema %d; stop all of them, then start this one: nothing was changed", n, d.place(), want)
}

func schemaVersion(ctx context.Context, db *sql.DB) (version int64, err error) {
	err = db.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version`).Scan(&version)
	return version, err
}
