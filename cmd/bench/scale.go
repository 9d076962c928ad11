package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // counts are asked of the server itself
)

// sendFor bounds the campaign of a run over many people: the rate is known by
// then, and what is left is cancelled.
const sendFor = time.Minute

// pageLimit is how long a page or list may take with many people (ms).
const pageLimit = 50

// scale is a run over many generated people: import, counts, lists, freeze and
// a campaign to the sink. docs/scale.md has its figures.
func (b *bench) scale(ctx context.Context, progress io.Writer) error {
	people := b.opt.people
	b.rows.coldStart = b.report.row("cold start to first answer", "ms", target{})
	if _, err := b.product.serve(ctx, "/readyz"); err != nil {
		return err
	}
	if err := errors.Join(b.product.prepare(ctx), b.product.stop()); err != nil {
		return err
	}
	file := filepath.Join(b.dir, "people.csv")
	if err := writeScaled(file, people); err != nil {
		return err
	}
	db, err := b.database()
	if err != nil {
		return err
	}
	defer db.Close()
	for _, stage := range []struct {
		name string
		do   func(context.Context, *sql.DB) error
	}{
		{"import", func(ctx context.Context, _ *sql.DB) error { return b.scaledImport(ctx, file) }},
		{"counts", b.scaledCounts},
		{"lists", func(ctx context.Context, _ *sql.DB) error { return b.scaledLists(ctx) }},
		{"segments", func(ctx context.Context, _ *sql.DB) error { return b.scaledSegments(ctx) }},
		{"freeze", b.scaledFreeze},
		{"campaign", b.scaledCampaign},
	} {
		fmt.Fprintln(progress, "bench:", stage.name)
		if err := stage.do(ctx, db); err != nil {
			return fmt.Errorf("%s: %w", stage.name, err)
		}
	}
	return nil
}

// database opens what the product works on, to read.
func (b *bench) database() (*sql.DB, error) {
	if path, ok := strings.CutPrefix(b.product.db, "sqlite:"); ok {
		return sql.Open("sqlite", "file:"+path+"?_pragma=query_only(1)&_pragma=busy_timeout(5000)")
	}
	return sql.Open("pgx", b.product.db)
}

// writeScaled writes people of whom each has one of twenty interests.
func writeScaled(file string, people int) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprintln(w, "email,name,locale,confirmed_at,confirmed_ip,source,interests")
	random := rand.New(rand.NewPCG(1, 2))
	for n := range people {
		p := personOf(n, random)
		fmt.Fprintf(w, "%s,%s,nl,%s,%s,beurs Utrecht 2025,interesse-%d\n", p.email, p.name, p.confirmed, p.ip, n%20)
	}
	return w.Flush()
}

func (b *bench) scaledImport(ctx context.Context, file string) error {
	took, peak, err := b.product.importFile(ctx, file)
	if err != nil {
		return err
	}
	var floor float64
	if b.opt.db == "" {
		floor, err = insertRate(ctx, filepath.Join(b.dir, "floor.db"), b.opt.people)
	} else {
		floor, err = copyRate(ctx, b.opt.db, b.dir, b.opt.people)
	}
	if err != nil {
		return fmt.Errorf("floor: %w", err)
	}
	b.report.row("import of CSV with evidence and an interest", "rows/s", target{ratio: importTarget}).add(float64(b.opt.people)/took.Seconds(), floor)
	b.report.row("memory during the import, peak", "MiB", target{value: 96}).add(peak, 0)
	return nil
}

// copiedTables are those that an import fills.
var copiedTables = []string{"subscriber", "subscriber_interest", "subscription", "consent_event", "consent_evidence"}

// copyRate is the floor of an import on PostgreSQL: the very bytes of the rows
// that the import left, by COPY into empty tables with the same indexes, in one
// transaction.
func copyRate(ctx context.Context, url, dir string, people int) (rate float64, err error) {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, err
	}
	defer c.Close(context.WithoutCancel(ctx))
	if _, err := c.Exec(ctx, `CREATE SCHEMA floor`); err != nil {
		return 0, err
	}
	defer func() {
		_, dropped := c.Exec(context.WithoutCancel(ctx), `DROP SCHEMA floor CASCADE`)
		err = errors.Join(err, dropped)
	}()
	file := filepath.Join(dir, "floor.copy")
	defer os.Remove(file)
	var spent time.Duration
	for _, table := range copiedTables {
		if _, err := c.Exec(ctx, `CREATE TABLE floor.`+table+` (LIKE `+table+` INCLUDING ALL)`); err != nil {
			return 0, err
		}
		took, err := copyTable(ctx, c, file, table)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", table, err)
		}
		spent += took
	}
	return float64(people) / spent.Seconds(), nil
}

// copyTable gives the time that a table takes by COPY from a file.
func copyTable(ctx context.Context, c *pgx.Conn, file, table string) (_ time.Duration, err error) {
	f, err := os.Create(file)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := c.PgConn().CopyTo(ctx, f, `COPY `+table+` TO STDOUT (FORMAT binary)`); err != nil {
		return 0, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	start := time.Now()
	_, err = c.PgConn().CopyFrom(ctx, bufio.NewReaderSize(f, 1<<20), `COPY floor.`+table+` FROM STDIN (FORMAT binary)`)
	return time.Since(start), err
}

// scaledCounts times what the dashboard and a segment count ask.
func (b *bench) scaledCounts(ctx context.Context, db *sql.DB) error {
	for _, count := range []struct{ name, query string }{
		{"count of a purpose", `SELECT count(*) FROM subscription WHERE purpose_id = 1 AND state = 'active'`},
		{"count of a purpose and an interest", `SELECT count(*) FROM subscriber_interest si JOIN interest i ON i.id = si.interest_id
			JOIN subscription x ON x.subscriber_id = si.subscriber_id AND x.purpose_id = 1 AND x.state = 'active' WHERE i.slug = 'interesse-7'`},
		// As Store.PurposeCounts asks.
		{"counts of the dashboard", `SELECT purpose_id, 'active' AS state, count(*) FROM subscription WHERE state = 'active' GROUP BY purpose_id
			UNION ALL SELECT purpose_id, 'pending', count(*) FROM subscription WHERE state = 'pending' GROUP BY purpose_id
			UNION ALL SELECT purpose_id, state, count(*) FROM subscription WHERE state NOT IN ('active', 'pending') GROUP BY purpose_id, state`},
	} {
		r := b.report.row(count.name, "ms", target{})
		for range b.opt.rounds {
			start := time.Now()
			rows, err := db.QueryContext(ctx, count.query)
			if err != nil {
				return fmt.Errorf("%s: %w", count.name, err)
			}
			for rows.Next() {
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil {
				return fmt.Errorf("%s: %w", count.name, err)
			}
			r.add(float64(time.Since(start).Microseconds())/1000, 0)
		}
	}
	return nil
}

// scaledLists times lists of the API, the first page and what follows it.
func (b *bench) scaledLists(ctx context.Context) error {
	if err := b.restart(ctx); err != nil {
		return err
	}
	address := personOf(0, rand.New(rand.NewPCG(1, 2))).email
	for _, list := range []struct{ name, path string }{
		{"list of people, a page", "/subscribers?limit=200"},
		{"person by address", "/subscribers?email=" + address},
		{"list of imports", "/imports"},
		{"audit trail, a page", "/audit"},
		{"gate of a person", "/gate?purpose=" + purposeSlug + "&email=" + address},
	} {
		r := b.report.row(list.name, "ms", target{value: pageLimit})
		for range max(3, b.opt.rounds) {
			start := time.Now()
			if err := b.product.call(ctx, "GET", list.path, nil, nil); err != nil {
				return err
			}
			r.add(float64(time.Since(start).Microseconds())/1000, 0)
		}
	}
	return nil
}

// scaledCampaign sends to everybody for a while, and cancels the rest.
func (b *bench) scaledCampaign(ctx context.Context, db *sql.DB) error {
	m, err := b.product.newMailing(ctx, campaignSlug, nil)
	if err != nil {
		return err
	}
	if err := b.resetSink(leaveTokens); err != nil {
		return err
	}
	start := time.Now()
	if err := b.product.call(ctx, "POST", "/mailings/"+m.ID+"/send", nil, nil); err != nil {
		return err
	}
	frozen, err := awaitFrozen(ctx, db, start)
	if err != nil {
		return err
	}
	if m, err = b.product.mailing(ctx, m.ID); err != nil {
		return err
	}
	if m.Total != b.opt.people {
		return fmt.Errorf("%d people are in, %d are in the audience", b.opt.people, m.Total)
	}
	b.report.row("audience frozen while mails go out", "people/s", target{}).add(float64(m.Total)/frozen.Seconds(), 0)
	if err := b.scaledMailing(ctx, m.ID); err != nil {
		return err
	}
	if err := pause(ctx, max(0, sendFor-time.Since(start))); err != nil {
		return err
	}
	var t tally
	if err := b.sink.ask(sinkOrder{}, &t); err != nil {
		return err
	}
	if t.Twice > 0 {
		return fmt.Errorf("%d people had the mail twice", t.Twice)
	}
	now, err := memoryOf(b.product.pid())
	if err != nil {
		return err
	}
	b.report.row("campaign, first to last mail", "/s", target{}).add(t.rate(), 0)
	b.report.row("memory during the campaign, peak", "MiB", target{value: 96}).add(now.peak, 0)
	m, err = b.product.mailing(ctx, m.ID)
	if err != nil || m.State == "sent" {
		return err
	}
	if err := b.product.call(ctx, "POST", "/mailings/"+m.ID+"/cancel", nil, nil); err != nil {
		return err
	}
	_, err = b.product.awaitState(ctx, m.ID, "cancelled", 5*time.Minute)
	return err
}

// scaledMailing times what is asked of a mailing that is being sent.
func (b *bench) scaledMailing(ctx context.Context, id string) error {
	for _, list := range []struct{ name, path string }{
		{"mailing with its totals", "/mailings/" + id},
		{"deliveries, a page", "/mailings/" + id + "/deliveries"},
	} {
		r := b.report.row(list.name+", while it is sent", "ms", target{})
		for range 3 {
			start := time.Now()
			if err := b.product.call(ctx, "GET", list.path, nil, nil); err != nil {
				return err
			}
			r.add(float64(time.Since(start).Microseconds())/1000, 0)
		}
	}
	return nil
}
