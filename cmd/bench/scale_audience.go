package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// scaledSegments times counts while somebody edits a segment: the first, which reads
// sets of people, and those that follow.
func (b *bench) scaledSegments(ctx context.Context) error {
	type node = map[string]any
	interest := func(n int) node { return node{"interest": fmt.Sprintf("interesse-%d", n)} }
	first := b.report.row("count while editing, the first of all", "ms", target{})
	next := b.report.row("count while editing, conditions that were asked before", "ms", target{value: pageLimit})
	for _, filter := range []node{
		{"all": []node{interest(7)}},
		{"all": []node{interest(7), {"locale": "nl"}}},
		{"all": []node{{"any": []node{interest(7), interest(8), interest(9)}}, {"not": node{"source": "form:home"}}, {"consented_before": "2026-01-01"}}},
	} {
		body := node{"purpose": purposeSlug, "filter": filter}
		for n := range 1 + max(3, b.opt.rounds) {
			var count struct {
				People *int64 `json:"people"`
			}
			start := time.Now()
			for took := time.Duration(0); count.People == nil; took = time.Since(start) {
				if took > time.Minute {
					return fmt.Errorf("%v is not counted after a minute", filter)
				}
				if err := b.product.call(ctx, "POST", "/segments/count", body, &count); err != nil {
					return err
				}
			}
			r := next
			if n == 0 {
				r = first
			}
			r.add(float64(time.Since(start).Microseconds())/1000, 0)
		}
	}
	return nil
}

// scaledFreeze freezes the audience of a mailing that sends nothing, since its hours are
// on other days, against one statement that inserts the same rows.
func (b *bench) scaledFreeze(ctx context.Context, db *sql.DB) error {
	day := strings.ToLower(time.Now().AddDate(0, 0, 3).Weekday().String()[:3])
	m, err := b.product.newMailing(ctx, campaignSlug, map[string]any{"plan": map[string]any{"zone": "UTC", "hours": map[string]any{"days": []string{day}}}})
	if err != nil {
		return err
	}
	start := time.Now()
	if err := b.product.call(ctx, "POST", "/mailings/"+m.ID+"/send", nil, nil); err != nil {
		return err
	}
	took, err := awaitFrozen(ctx, db, start)
	if err != nil {
		return err
	}
	if m, err = b.product.mailing(ctx, m.ID); err != nil {
		return err
	}
	if m.Total != b.opt.people || m.Open != m.Total {
		return fmt.Errorf("%d people are in, %d are in the audience, %d of them open", b.opt.people, m.Total, m.Open)
	}
	floor, err := b.freezeFloor(ctx)
	if err != nil {
		return fmt.Errorf("floor: %w", err)
	}
	b.report.row("audience frozen, nothing else at work", "people/s", target{ratio: 0.5}).add(float64(m.Total)/took.Seconds(), floor)
	return b.endMailing(ctx, m.ID)
}

// awaitFrozen waits until no mailing has people to freeze, and says how long after start
// that was.
func awaitFrozen(ctx context.Context, db *sql.DB, start time.Time) (time.Duration, error) {
	for left := 1; left > 0; {
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return 0, err
		}
		if err := db.QueryRowContext(ctx, `SELECT count(*) FROM delivery_chunk WHERE state = -1`).Scan(&left); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

// frozenRows inserts a delivery for everybody into a table like the product's.
const frozenRows = `INSERT INTO %s (mailing_id, subscriber_id, state, variant, attempts, fence, first_at, updated_at, next_at, code, reply)
	SELECT 1, subscriber_id, 0, 0, 0, 0, 0, 0, 0, '', '' FROM %s WHERE purpose_id = 1 AND state = 'active' ORDER BY subscriber_id`

// freezeFloor is the floor of freezing, in rows a second: one statement into an empty
// table with the same columns and indexes, committed with full synchronisation.
func (b *bench) freezeFloor(ctx context.Context) (float64, error) {
	file, ok := strings.CutPrefix(b.product.db, "sqlite:")
	into, from, schema := "floor.delivery", "subscription", []string{`CREATE SCHEMA floor`, `CREATE TABLE floor.delivery (LIKE delivery INCLUDING ALL)`}
	db, err := b.database()
	if ok {
		into, from = "delivery", "product.subscription"
		db, err = sql.Open("sqlite", "file:"+filepath.Join(b.dir, "freeze.db")+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=cache_size(-65536)")
	}
	if err != nil {
		return 0, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if ok {
		if schema, err = copySchema(ctx, db, file); err != nil {
			return 0, err
		}
	} else {
		defer db.ExecContext(context.WithoutCancel(ctx), `DROP SCHEMA floor CASCADE`)
	}
	for _, statement := range schema {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return 0, err
		}
	}
	start := time.Now()
	result, err := db.ExecContext(ctx, fmt.Sprintf(frozenRows, into, from))
	if err != nil {
		return 0, err
	}
	took := time.Since(start)
	rows, err := result.RowsAffected()
	return float64(rows) / took.Seconds(), err
}

// copySchema attaches the product's file, and gives the statements that make its table of
// deliveries.
func copySchema(ctx context.Context, db *sql.DB, file string) (statements []string, err error) {
	if _, err := db.ExecContext(ctx, `ATTACH $1 AS product`, "file:"+file+"?mode=ro"); err != nil {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, `SELECT sql FROM product.sqlite_schema WHERE tbl_name = 'delivery' AND type IN ('table', 'index') AND sql IS NOT NULL ORDER BY type = 'index'`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var statement string
		if err := rows.Scan(&statement); err != nil {
			return nil, err
		}
		statements = append(statements, statement)
	}
	return statements, rows.Err()
}
