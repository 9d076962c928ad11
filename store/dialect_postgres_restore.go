package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3/lock"

	"akkoord"
)

// restore puts a database back from a dump. What stands there is laid aside in
// a schema of its own, where that was agreed to, and comes back when the dump is
// not whole. Meanwhile no node can start: each would make the schema first.
func (p *postgres) restore(ctx context.Context, cfg Config, from string, how RestoreOptions, progress func(done, total int64)) (out Restored, err error) {
	conn, err := pgx.ConnectConfig(ctx, p.with(map[string]string{"application_name": "akkoord restore"}))
	if err != nil {
		return out, fmt.Errorf("the database %s can't be reached; check AKKOORD_DATABASE and the server: %s", p.place(), oneLine(err))
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing hangs on it
	if err := p.run(ctx, cfg.Database, p.config.Database, "pg_restore", "--file", os.DevNull, from); err != nil {
		return out, fmt.Errorf("%s is not put back, since it can't be read: %w", from, err)
	}
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, int64(lock.DefaultLockID)); err != nil {
		return out, err
	}
	r := &serverRestore{postgres: p, conn: conn, cfg: cfg}
	if err := r.makeRoom(ctx, how.Replace); err != nil {
		return out, err
	}
	if err := r.fill(ctx, from, &out, progress); err != nil {
		return out, errors.Join(fmt.Errorf("%s is not put back, since it is not whole: %w", from, err), r.undo(context.WithoutCancel(ctx)))
	}
	out.Aside = r.aside
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_unlock($1)`, int64(lock.DefaultLockID)); err != nil {
		return out, err
	}
	return out, r.goOn(ctx, how.Departures, &out)
}

type serverRestore struct {
	*postgres
	conn   *pgx.Conn
	cfg    Config
	schema string // that the tables are in
	aside  string // where those lie that stood there; empty when there were none
}

// makeRoom looks whether the database is free, and lays aside what it holds.
func (r *serverRestore) makeRoom(ctx context.Context, replace bool) error {
	var others int
	var tables, ours bool
	if err := r.conn.QueryRow(ctx, `SELECT current_schema(), (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'akkoord'),
		EXISTS (SELECT 1 FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace), to_regclass('consent_event') IS NOT NULL`).
		Scan(&r.schema, &others, &tables, &ours); err != nil {
		return fmt.Errorf("the database %s can't be read: %s", r.place(), oneLine(err))
	}
	switch {
	case others > 0:
		return fmt.Errorf("%w: %s has %d connections of Akkoord", ErrInUse, r.place(), others)
	case tables && !ours:
		return fmt.Errorf("the database %s holds tables of something else; give Akkoord a database of its own", r.place())
	case tables && !replace:
		return fmt.Errorf("the database %s is not empty; name an empty one in AKKOORD_DATABASE, or lay aside what stands there with --replace", r.place())
	}
	if tables {
		r.aside = asidePrefix + strings.ToLower(r.cfg.Now().UTC().Format("20060102t150405"))
		if _, err := r.conn.Exec(ctx, `ALTER SCHEMA `+r.quoted()+` RENAME TO `+r.aside); err != nil {
			return fmt.Errorf("what stands in %s can't be laid aside; make %s the owner of the schema, or name an empty database: %s", r.place(), r.config.User, oneLine(err))
		}
		if r.schema == "public" { // a dump makes every other
			if _, err := r.conn.Exec(ctx, `CREATE SCHEMA public`); err != nil {
				return errors.Join(err, r.undo(ctx))
			}
		}
	}
	return nil
}

func (r *serverRestore) quoted() string { return pgx.Identifier{r.schema}.Sanitize() }

// undo brings back what was laid aside.
func (r *serverRestore) undo(ctx context.Context) error {
	_, err := r.conn.Exec(ctx, `DROP SCHEMA IF EXISTS `+r.quoted()+` CASCADE`)
	if err != nil {
		return err
	}
	if r.aside == "" {
		_, err = r.conn.Exec(ctx, `CREATE SCHEMA `+r.quoted())
		return err
	}
	_, err = r.conn.Exec(ctx, `ALTER SCHEMA `+r.aside+` RENAME TO `+r.quoted())
	return err
}

// fill restores, holds the mail back, and checks all of it.
func (r *serverRestore) fill(ctx context.Context, from string, out *Restored, progress func(done, total int64)) error {
	if err := r.run(ctx, r.cfg.Database, r.config.Database, "pg_restore", restoring(r.config.Database, from)...); err != nil {
		return err
	}
	var at int64
	err := r.conn.QueryRow(ctx, `INSERT INTO sending_hold (id, reason, backup_at, at) SELECT 1, $1, at, $2 FROM backup WHERE id = 1
		ON CONFLICT (id) DO UPDATE SET reason = excluded.reason, backup_at = excluded.backup_at, at = excluded.at RETURNING backup_at`,
		string(akkoord.HoldRestored), micros(r.cfg.Now())).Scan(&at)
	if errors.Is(err, pgx.ErrNoRows) {
		return errors.New("it is a dump of a database, and no backup made by akkoord backup")
	}
	if err != nil {
		return err
	}
	out.At = fromMicros(at)
	if err := r.conn.QueryRow(ctx, `SELECT departed, (SELECT count(*) FROM subscriber) FROM backup WHERE id = 1`).Scan(&out.Departures, &out.People); err != nil {
		return err
	}
	out.Ledger, err = verifyAt(ctx, r.cfg, progress)
	return err
}

// goOn does departures since the backup again: those of the database that was
// laid aside, and those of an exported journal.
func (r *serverRestore) goOn(ctx context.Context, journal io.Reader, out *Restored) error {
	var since []byte
	if r.aside != "" {
		rows, err := r.conn.Query(ctx, `SELECT number, at, kind, purpose_id, campaign_id, hash FROM `+r.aside+`.departure WHERE number > $1 ORDER BY number`, out.Departures)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			d, err := scanDeparture(rows)
			if err != nil {
				return err
			}
			since = d.AppendText(since)
		}
		if err := rows.Err(); err != nil {
			return err
		}
	}
	s, err := Open(ctx, r.cfg)
	if err != nil {
		return err
	}
	defer s.Close()
	// This also pauses what was being sent.
	if out.Repeated, err = s.RepeatDepartures(ctx, bytes.NewReader(since)); err != nil {
		return err
	}
	if r.aside == "" && journal == nil { // nobody knows who left since
		if err := s.hold(ctx, akkoord.HoldJournalLost); err != nil {
			return err
		}
	}
	if journal != nil {
		n, err := s.RepeatDepartures(ctx, journal)
		if err != nil {
			return err
		}
		out.Repeated += n
	}
	out.Hold, err = s.Hold(ctx)
	return err
}
