package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"akkoord"
)

// Copy says what a backup holds.
type Copy struct {
	At         time.Time
	Ledger     akkoord.Head
	Departures int64 // lines of the journal of departures that it knows
	People     int64
	Unproven   string // why it could not be restored to prove itself; empty when it was
}

// Backup writes a consistent copy of a database to a file while servers run,
// puts it back beside it as a restore would, and checks all of it: structure,
// references, the ledger with its evidence and everybody's standing, and that
// it reaches as far as the database did when it began. Only then does it take
// the place of an older file of that name (P21), and is it what LastBackup
// tells of. progress may be nil. On PostgreSQL it needs pg_dump and pg_restore.
func Backup(ctx context.Context, cfg Config, to string, progress func(done, total int64)) (Copy, error) {
	d, err := cfg.dialect()
	if err != nil {
		return Copy{}, err
	}
	return d.backup(ctx, cfg, to, progress)
}

func (f sqliteFile) backup(ctx context.Context, cfg Config, to string, progress func(done, total int64)) (Copy, error) {
	var c Copy
	if _, err := os.Stat(cfg.File()); err != nil {
		return c, fmt.Errorf("there is no database at %s", cfg.File())
	}
	begun, err := lastLine(ctx, cfg.File())
	if err != nil {
		return c, err
	}
	partial := to + ".partial"
	if err := emptyFile(partial); err != nil {
		return c, fmt.Errorf("the backup can't be written: %w", err)
	}
	defer os.Remove(partial)
	if err := copyInto(ctx, cfg.File(), partial); err != nil {
		return c, fmt.Errorf("the backup can't be written: %w", err)
	}
	if err := label(ctx, partial, cfg.Now()); err != nil {
		return c, err
	}
	if c, err = checkCopy(ctx, cfg, partial, progress); err != nil {
		return c, fmt.Errorf("the backup does not hold what the database holds, and was not kept: %w", err)
	}
	if c.Ledger.Seq < begun {
		return c, fmt.Errorf("the backup ends at line %d of the ledger, which had %d when it began; it was not kept", c.Ledger.Seq, begun)
	}
	if err := replaceFile(partial, to); err != nil {
		return c, err
	}
	return c, f.mark(c, cfg.Now())
}

// MarkSuffix follows the path of a SQLite database to that of the file that
// tells of its last proven backups: a line for each, the newest first, with the
// time, the people and the lines of the ledger that it holds.
const MarkSuffix = ".backed-up"

// mark notes a backup beside the database, which another process has open. What
// can't be read there any more, or is of a clock ahead of time, is left behind.
func (f sqliteFile) mark(c Copy, now time.Time) error {
	have, err := f.marked(nil)
	if err != nil && !errors.Is(err, akkoord.ErrBackupsUnread) {
		return err
	}
	have = slices.DeleteFunc(have, func(b akkoord.Backup) bool { return b.Ahead(now) })
	var text []byte
	for _, b := range slices.Insert(have, 0, akkoord.Backup{At: c.At, People: c.People, Lines: c.Ledger.Seq})[:min(len(have)+1, akkoord.BackupsKept)] {
		text = fmt.Appendf(text, "%s %d %d\n", b.At.UTC().Format(time.RFC3339Nano), b.People, b.Lines)
	}
	path := string(f) + MarkSuffix
	if err := os.WriteFile(path+".partial", text, 0o600); err != nil {
		return fmt.Errorf("the backup is made, and could not be noted: %w", err)
	}
	return replaceFile(path+".partial", path)
}

// marked passes by lines that can't be read, as long as another one can.
func (f sqliteFile) marked(querier) ([]akkoord.Backup, error) {
	text, err := os.ReadFile(string(f) + MarkSuffix)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w %w", akkoord.ErrBackupsUnread, err)
	}
	var out []akkoord.Backup
	var unread bool
	for line := range strings.Lines(string(text)) {
		var b akkoord.Backup
		at, counts, _ := strings.Cut(strings.TrimSpace(line), " ")
		if b.At, err = time.Parse(time.RFC3339Nano, at); err != nil {
			unread = true
			continue
		}
		_, _ = fmt.Sscan(counts, &b.People, &b.Lines) // an earlier version put down the time alone
		out = append(out, b)
	}
	if unread && len(out) == 0 {
		return nil, akkoord.ErrBackupsUnread
	}
	return out, nil
}

// Backups gives the last backups that proved themselves, the newest first. One
// that a clock ahead of time noted is not among them until its time has come.
func (s *Store) Backups(ctx context.Context) ([]akkoord.Backup, error) {
	have, err := s.dialect.marked(s.view(ctx))
	now := s.cfg.Now()
	return slices.DeleteFunc(have, func(b akkoord.Backup) bool { return b.Ahead(now) }), err
}

func (sqliteFile) mayProve(querier) (bool, error) { return true, nil }

// MayProveBackups reports whether a backup can be put back beside the database, by which
// it proves itself. On PostgreSQL that takes CREATEDB.
func (s *Store) MayProveBackups(ctx context.Context) (bool, error) {
	return s.dialect.mayProve(s.view(ctx))
}

// LastBackup gives of what time the last backup is that proved itself; the
// zero time when there is none (P36).
func (s *Store) LastBackup(ctx context.Context) (time.Time, error) {
	have, err := s.Backups(ctx)
	if err != nil || len(have) == 0 {
		return time.Time{}, err
	}
	return have[0].At, nil
}

func lastLine(ctx context.Context, path string) (seq int64, err error) {
	r, err := openReader(ctx, path)
	if err != nil {
		return 0, err
	}
	defer r.close()
	err = view{ctx, r}.queryRow(`SELECT coalesce(max(seq), 0) FROM consent_event`).Scan(&seq)
	return seq, err
}

// emptyFile makes a file that its owner alone can read.
func emptyFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// copyInto writes what a database holds at one moment into an empty file.
func copyInto(ctx context.Context, from, to string) error {
	db, err := sql.Open("sqlite", dsn(from))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, `VACUUM INTO $1`, to)
	return err
}

// copyDSN opens a copy to be written as it lies, without a log of writes.
func copyDSN(path string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=synchronous(FULL)"
}

// labelling notes in a copy, or before it is made, what it is a copy of.
const labelling = `INSERT INTO backup (id, at, ledger_seq, departed)
	SELECT 1, $1, coalesce((SELECT max(seq) FROM consent_event), 0), coalesce((SELECT max(number) FROM departure), 0)
	WHERE true ON CONFLICT (id) DO UPDATE SET at = excluded.at, ledger_seq = excluded.ledger_seq, departed = excluded.departed`

// label notes in a copy what it is a copy of.
func label(ctx context.Context, path string, at time.Time) error {
	db, err := sql.Open("sqlite", copyDSN(path))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, labelling, micros(at))
	return err
}

// checkCopy opens a copy and checks all of it.
func checkCopy(ctx context.Context, cfg Config, path string, progress func(done, total int64)) (Copy, error) {
	var c Copy
	cfg.Database = "sqlite:" + path
	s, err := OpenReadOnly(ctx, cfg)
	if err != nil {
		return c, err
	}
	defer s.Close()
	v := s.view(ctx)
	var state string
	if err := v.queryRow(`PRAGMA integrity_check(1)`).Scan(&state); err != nil || state != "ok" {
		return c, errors.Join(err, fmt.Errorf("its structure is damaged: %s", state))
	}
	var orphans int
	if err := v.queryRow(`SELECT count(*) FROM pragma_foreign_key_check`).Scan(&orphans); err != nil || orphans > 0 {
		return c, errors.Join(err, fmt.Errorf("%d rows refer to what is not there", orphans))
	}
	var at int64
	err = v.queryRow(`SELECT at, departed, (SELECT count(*) FROM subscriber) FROM backup WHERE id = 1`).Scan(&at, &c.Departures, &c.People)
	if errors.Is(err, sql.ErrNoRows) {
		return c, errors.New("it is a database, and no backup made by akkoord backup")
	}
	if err != nil {
		return c, err
	}
	c.At = fromMicros(at)
	c.Ledger, err = s.VerifyLedger(ctx, progress)
	return c, err
}

// replaceFile puts a finished file in the place of another, and has both on
// the disk when it returns.
func replaceFile(from, to string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Restored says what a restore did.
type Restored struct {
	Copy
	Hold     akkoord.Hold
	Repeated int64  // departures since the backup that were done again
	Aside    string // where the database that stood there before lies now: a file, or a schema of PostgreSQL; empty when there was none
}

// RestoreOptions are for PostgreSQL, where nothing lies beside the database.
type RestoreOptions struct {
	Replace    bool      // lay aside what stands there; else the database must be empty
	Departures io.Reader // an exported journal of departures, or nil
}

// Restore puts a database back from a backup made by Backup. The one that stands
// there is laid aside, not deleted. Leavings and erasures since the backup are
// done again from the journal, and nothing is sent until EndHold (P17, P22).
func Restore(ctx context.Context, cfg Config, from string, how RestoreOptions, progress func(done, total int64)) (Restored, error) {
	d, err := cfg.dialect()
	if err != nil {
		return Restored{}, err
	}
	return d.restore(ctx, cfg, from, how, progress)
}

func (f sqliteFile) restore(ctx context.Context, cfg Config, from string, _ RestoreOptions, progress func(done, total int64)) (Restored, error) {
	var out Restored
	lock, err := lockFile(ctx, cfg.File())
	if err != nil {
		return out, err
	}
	defer lock.Close()
	coming := cfg.File() + ".restoring"
	defer os.Remove(coming)
	if err := copyFile(from, coming); err != nil {
		return out, fmt.Errorf("the backup can't be read: %w", err)
	}
	if out.Copy, err = checkCopy(ctx, cfg, coming, progress); err != nil {
		return out, fmt.Errorf("%s is not put back, since it is not whole: %w", from, err)
	}
	if err := holdFile(ctx, coming, out.At, cfg.Now()); err != nil {
		return out, err
	}
	if out.Aside, err = layAside(ctx, cfg.File(), cfg.Now()); err != nil {
		return out, err
	}
	if err := replaceFile(coming, cfg.File()); err != nil {
		return out, err
	}
	s, err := Open(ctx, cfg) // does the departures since again
	if err != nil {
		return out, err
	}
	defer s.Close()
	out.Repeated = s.writer.departed - out.Departures
	if err := s.hold(ctx, akkoord.HoldRestored); err != nil {
		return out, err
	}
	out.Hold, err = s.Hold(ctx)
	return out, err
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// holdFile keeps whoever opens a database file from sending.
func holdFile(ctx context.Context, path string, backup, now time.Time) error {
	db, err := sql.Open("sqlite", copyDSN(path))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, `INSERT INTO sending_hold (id, reason, backup_at, at) VALUES (1, $1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET reason = excluded.reason, backup_at = excluded.backup_at, at = excluded.at`,
		string(akkoord.HoldRestored), micros(backup), micros(now))
	return err
}

// layAside moves a database out of the way, whole: what its log holds is moved
// into it first. An empty file is no database.
func layAside(ctx context.Context, path string, now time.Time) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Size() == 0 {
		return "", nil
	}
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return "", err
	}
	_, err = db.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	if err = errors.Join(err, db.Close()); err != nil {
		return "", fmt.Errorf("the database that stands at %s can't be laid aside: %w", path, err)
	}
	aside := path + ".before-" + now.UTC().Format("20060102T150405")
	if err := os.Rename(path, aside); err != nil {
		return "", err
	}
	for _, rest := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + rest); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	return aside, nil
}
