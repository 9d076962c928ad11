package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"akkoord"
)

// asidePrefix begins the name of a schema in which a restore laid what stood
// there before. A backup leaves it out.
const asidePrefix = "akkoord_before_"

// backup dumps what the database holds at one moment, restores the dump into a
// database of its own beside it, and compares both: rows of every table and the
// last of them, and the whole ledger with its evidence. Where the user may make
// no database, the dump is only read through, and said to be unproven.
func (p *postgres) backup(ctx context.Context, cfg Config, to string, progress func(done, total int64)) (Copy, error) {
	if err := p.prepare(ctx, false); err != nil {
		return Copy{}, err
	}
	if _, err := p.program(ctx, "pg_restore"); err != nil {
		return Copy{}, err
	}
	partial := to + ".partial"
	if err := emptyFile(partial); err != nil {
		return Copy{}, fmt.Errorf("the backup can't be written: %w", err)
	}
	defer os.Remove(partial)
	c, was, err := p.dump(ctx, cfg, partial)
	if err != nil {
		return c, fmt.Errorf("the backup can't be written: %w", err)
	}
	proven, err := p.prove(ctx, cfg, partial, c, was, progress)
	if errors.Is(err, errMayNotMake) {
		c.Unproven = fmt.Sprintf("%s may make no database, so the backup was read through and not restored; to have it prove itself: ALTER ROLE … CREATEDB", p.config.User)
		err = p.run(ctx, cfg.Database, p.config.Database, "pg_restore", "--file", os.DevNull, partial)
	} else {
		c.Ledger = proven
	}
	if err != nil {
		return c, fmt.Errorf("the backup does not hold what the database holds, and was not kept: %w", err)
	}
	if err := replaceFile(partial, to); err != nil || c.Unproven != "" {
		return c, err
	}
	return c, p.mark(ctx, c, cfg.Now())
}

// dump writes what the database holds at one moment, and gives what that was.
// It is labelled first, so that a restore knows what it puts back.
func (p *postgres) dump(ctx context.Context, cfg Config, to string) (c Copy, was map[string]string, err error) {
	conn, err := pgx.ConnectConfig(ctx, p.with(nil))
	if err != nil {
		return c, nil, errors.New(oneLine(err))
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing hangs on it
	if _, err := conn.Exec(ctx, labelling, micros(cfg.Now())); err != nil {
		return c, nil, err
	}
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return c, nil, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // it only reads
	var snapshot string
	var at int64
	if err := tx.QueryRow(ctx, `SELECT pg_export_snapshot(), at, coalesce((SELECT max(number) FROM departure), 0), (SELECT count(*) FROM subscriber),
		coalesce((SELECT max(seq) FROM consent_event), 0) FROM backup WHERE id = 1`).Scan(&snapshot, &at, &c.Departures, &c.People, &c.Ledger.Seq); err != nil {
		return c, nil, err
	}
	c.At = fromMicros(at)
	if was, err = summary(ctx, tx); err != nil {
		return c, nil, err
	}
	return c, was, p.run(ctx, cfg.Database, p.config.Database, "pg_dump", "--format=custom", "--no-owner", "--no-privileges",
		"--exclude-schema="+asidePrefix+"*", "--snapshot="+snapshot, "--file="+to)
}

// querying is a session or a transaction of one.
type querying interface {
	QueryRow(ctx context.Context, text string, args ...any) pgx.Row
}

// sampled is of how many rows, the last by key, all columns are compared.
const sampled = 200

// summary gives of each table how many rows it has, and a hash of the last.
func summary(ctx context.Context, q querying) (map[string]string, error) {
	out := map[string]string{}
	for _, t := range movedTables {
		var n int64
		var sum string
		err := q.QueryRow(ctx, `SELECT (SELECT count(*) FROM `+t.name+`), coalesce((SELECT md5(string_agg(line, '|')) FROM
			(SELECT t::text AS line FROM `+t.name+` t ORDER BY `+strings.Join(t.key, ` DESC, `)+fmt.Sprintf(` DESC LIMIT %d) s), '')`, sampled)).Scan(&n, &sum)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
		out[t.name] = fmt.Sprintf("%d rows, %s", n, sum)
	}
	return out, nil
}

var errMayNotMake = errors.New("the user may make no database")

// prove restores a dump into a database that is made for it and dropped again.
func (p *postgres) prove(ctx context.Context, cfg Config, file string, c Copy, was map[string]string, progress func(done, total int64)) (head akkoord.Head, err error) {
	suffix := make([]byte, 8)
	if _, err := rand.Read(suffix); err != nil {
		return head, err
	}
	name := "akkoord_proof_" + hex.EncodeToString(suffix)
	conn, err := pgx.ConnectConfig(ctx, p.with(nil))
	if err != nil {
		return head, errors.New(oneLine(err))
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing hangs on it
	if _, err := conn.Exec(ctx, `CREATE DATABASE `+name+` TEMPLATE template0`); err != nil {
		if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "42501" {
			return head, errMayNotMake
		}
		return head, err
	}
	defer func() {
		_, dropped := conn.Exec(context.WithoutCancel(ctx), `DROP DATABASE IF EXISTS `+name)
		err = errors.Join(err, dropped)
	}()
	if err := p.run(ctx, cfg.Database, name, "pg_restore", restoring(name, file)...); err != nil {
		return head, err
	}
	if cfg.Database, err = elsewhere(cfg.Database, name); err != nil {
		return head, err
	}
	if err := compareSummary(ctx, cfg, was); err != nil {
		return head, err
	}
	if head, err = verifyAt(ctx, cfg, progress); err == nil && head.Seq != c.Ledger.Seq {
		err = fmt.Errorf("its ledger ends at line %d, and that of the database at %d", head.Seq, c.Ledger.Seq)
	}
	return head, err
}

// restoring are the arguments that put a dump into a database, whole or not at all.
func restoring(database, file string) []string {
	return []string{"--dbname=" + database, "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", file}
}

func compareSummary(ctx context.Context, cfg Config, was map[string]string) error {
	proof, err := pgx.Connect(ctx, cfg.Database)
	if err != nil {
		return errors.New(oneLine(err))
	}
	defer proof.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing hangs on it
	is, err := summary(ctx, proof)
	if err != nil {
		return err
	}
	for name := range was {
		if was[name] != is[name] {
			return fmt.Errorf("%s has %s where the database had %s", name, is[name], was[name])
		}
	}
	return nil
}

// verifyAt checks the ledger of a database.
func verifyAt(ctx context.Context, cfg Config, progress func(done, total int64)) (akkoord.Head, error) {
	s, err := OpenReadOnly(ctx, cfg)
	if err != nil {
		return akkoord.Head{}, err
	}
	head, err := s.VerifyLedger(ctx, progress)
	return head, errors.Join(err, s.Close())
}

// mark notes that there is a backup of this time which proved itself (P36).
func (p *postgres) mark(ctx context.Context, c Copy, now time.Time) error {
	db, err := p.writing(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	// Those of a clock ahead of time would keep others from being among the last (P20).
	if _, err := db.ExecContext(ctx, `DELETE FROM proven_backup WHERE at > $1`, micros(now.Add(akkoord.BackupAhead))); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, `INSERT INTO proven_backup (at, people, lines) VALUES ($1, $2, $3) ON CONFLICT (at) DO NOTHING`, micros(c.At), c.People, c.Ledger.Seq); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `DELETE FROM proven_backup WHERE at NOT IN (SELECT at FROM proven_backup ORDER BY at DESC LIMIT $1)`, akkoord.BackupsKept)
	return err
}

func (p *postgres) mayProve(q querier) (may bool, err error) {
	err = q.queryRow(`SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user`).Scan(&may)
	return may, err
}

func (p *postgres) marked(v querier) ([]akkoord.Backup, error) {
	rows, err := v.query(`SELECT at, people, lines FROM proven_backup ORDER BY at DESC`)
	return list(rows, err, func(r row) (akkoord.Backup, error) {
		var b akkoord.Backup
		var at int64
		err := r.Scan(&at, &b.People, &b.Lines)
		b.At = fromMicros(at)
		return b, err
	})
}
