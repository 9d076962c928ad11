package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the floor's database
)

// importTarget is how much of its floor an import has to reach.
const importTarget = 0.35

// imports measures the command import on a database of its own, of a file with
// one row a person and their proof of consent. The floor writes the same people
// with an index over their hashes and the evidence beside them, ready in memory.
func (b *bench) imports(ctx context.Context) error {
	speed := b.report.row("import of CSV with evidence", "rows/s", target{ratio: importTarget})
	peak := b.report.row("memory during the import, peak", "MiB", target{value: 96})
	people := 5 * b.opt.people
	file := filepath.Join(b.dir, "people.csv")
	if err := writePeople(file, people); err != nil {
		return err
	}
	for round := range b.opt.rounds {
		floor, err := insertRate(ctx, filepath.Join(b.dir, fmt.Sprintf("floor-%d.db", round)), people)
		if err != nil {
			return fmt.Errorf("floor: %w", err)
		}
		took, memory, err := b.importOnce(ctx, filepath.Join(b.dir, fmt.Sprintf("import-%d", round)), file)
		if err != nil {
			return err
		}
		speed.add(float64(people)/took.Seconds(), floor)
		peak.add(memory, 0)
	}
	return os.Remove(file)
}

// importOnce imports a file into a new database and gives the time that the
// command took, from its start to its end, and the most memory it held, in MiB.
func (b *bench) importOnce(ctx context.Context, dir, file string) (time.Duration, float64, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return 0, 0, err
	}
	p, err := newProduct(ctx, dir, b.product.binary, "")
	if err != nil {
		return 0, 0, err
	}
	if _, err := p.serve(ctx, "/readyz"); err != nil {
		return 0, 0, err
	}
	if err := errors.Join(p.prepare(ctx), p.stop()); err != nil {
		return 0, 0, err
	}
	took, peak, err := p.importFile(ctx, file)
	return took, peak, errors.Join(err, os.RemoveAll(dir))
}

// importFile runs the command import and gives the time that it took, from its
// start to its end, and the most memory it held, in MiB.
func (p *product) importFile(ctx context.Context, file string) (time.Duration, float64, error) {
	cmd := exec.CommandContext(ctx, p.binary, "import", file, "--purpose", purposeSlug, "--basis", "consent", "--evidence", "measured")
	cmd.Dir, cmd.Env = p.dir, p.environ()
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var peak float64
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			took := time.Since(start)
			if err != nil {
				return 0, 0, fmt.Errorf("akkoord import: %w: %s", err, tail(complaint.Bytes()))
			}
			return took, peak, nil
		case <-tick.C:
			if now, err := memoryOf(cmd.Process.Pid); err == nil { // it may just have ended
				peak = now.peak
			}
		}
	}
}

// personRow is a row of the file.
type personRow struct{ email, name, confirmed, ip string }

// recentDays is within how many days everybody agreed: nobody is so silent that
// they are asked whether they still want their mail (M18) while it is measured.
const recentDays = 300

func personOf(n int, random *rand.Rand) personRow {
	return personRow{
		fmt.Sprintf("reiziger%d.%d@voorbeeld%d.example", n, random.IntN(1_000_000), n%97), fmt.Sprintf("Anouk de Vries %d", n),
		time.Now().UTC().AddDate(0, 0, -1-n%recentDays).Format(time.RFC3339), fmt.Sprintf("192.0.2.%d", n%250+1),
	}
}

// writePeople writes a file as people export it.
func writePeople(file string, people int) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprintln(w, "email,name,locale,confirmed_at,confirmed_ip,source")
	random := rand.New(rand.NewPCG(1, 2))
	for n := range people {
		p := personOf(n, random)
		fmt.Fprintf(w, "%s,%s,nl,%s,%s,beurs Utrecht 2025\n", p.email, p.name, p.confirmed, p.ip)
	}
	return w.Flush()
}

// insertRate is the floor: sorted rows, 50 a statement, 10,000 a commit, with
// a unique index over the hash and a row of evidence for each.
func insertRate(ctx context.Context, file string, people int) (rate float64, err error) {
	type row struct {
		hash     [32]byte
		email    string
		evidence string
	}
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=cache_size(-16384)&_txlock=immediate")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close(), os.Remove(file)) }()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, `CREATE TABLE person (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, email TEXT NOT NULL, state INTEGER NOT NULL, at INTEGER NOT NULL);
		CREATE TABLE evidence (id INTEGER PRIMARY KEY, data TEXT NOT NULL)`); err != nil {
		return 0, err
	}
	random := rand.New(rand.NewPCG(1, 2))
	persons, evidence := insertOf(`INSERT INTO person (hash, email, state, at) VALUES `, 4), insertOf(`INSERT INTO evidence (data) VALUES `, 1)
	var spent time.Duration // making the rows is no part of the floor
	window := make([]row, 0, 20_000)
	for n := 0; n < people; {
		window = window[:0]
		for ; n < people && len(window) < cap(window); n++ {
			p := personOf(n, random)
			window = append(window, row{sha256.Sum256([]byte(p.email)), p.email, `{"address":"` + p.email + `","imported":{"confirmed_at":"` + p.confirmed + `","confirmed_ip":"` + p.ip + `","source":"beurs Utrecht 2025"}}`})
		}
		start := time.Now()
		slices.SortFunc(window, func(a, b row) int { return cmp.Compare(string(a.hash[:]), string(b.hash[:])) })
		for part := range slices.Chunk(window, 10_000) {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return 0, err
			}
			for group := range slices.Chunk(part, 50) {
				if len(group) < 50 {
					break // a file of other than full groups ends the floor a little early
				}
				var people, proofs []any
				for i := range group {
					people, proofs = append(people, group[i].hash[:], group[i].email, 1, 1), append(proofs, group[i].evidence)
				}
				if _, err := tx.ExecContext(ctx, persons, people...); err != nil {
					return 0, errors.Join(err, tx.Rollback())
				}
				if _, err := tx.ExecContext(ctx, evidence, proofs...); err != nil {
					return 0, errors.Join(err, tx.Rollback())
				}
			}
			if err := tx.Commit(); err != nil {
				return 0, err
			}
		}
		spent += time.Since(start)
	}
	return float64(people) / spent.Seconds(), nil
}

// insertOf gives the statement that inserts 50 rows.
func insertOf(into string, width int) string {
	row := "(" + strings.TrimSuffix(strings.Repeat("?,", width), ",") + ")"
	return into + strings.TrimSuffix(strings.Repeat(row+",", 50), ",")
}
