package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"akkoord"
)

// movedTable is a table that Move copies, in the order of its key.
type movedTable struct {
	name string
	key  []string
}

// movedTables are all tables, those first that others refer to. What tells of
// running processes is left behind.
var movedTables = []movedTable{
	{"installation", []string{"id"}},
	{"purpose", []string{"id"}}, {"wording_change", []string{"purpose_id", "version"}}, {"purpose_text", []string{"purpose_id", "version", "locale"}},
	{"form", []string{"id"}}, {"form_version", []string{"id"}}, {"form_day", []string{"form_id", "locale", "day"}}, {"purpose_day", []string{"purpose_id", "day"}}, {"growth_counted", []string{"id"}}, {"ledger_day", []string{"day"}}, {"interest", []string{"id"}}, {"privacy_statement", []string{"version"}},
	{"subscriber", []string{"id"}}, {"subscriber_interest", []string{"subscriber_id", "interest_id"}},
	{"subscription", []string{"subscriber_id", "purpose_id"}}, {"segment", []string{"id"}}, {"segment_version", []string{"segment_id", "number"}}, {"campaign", []string{"id"}}, {"campaign_leave", []string{"subscriber_id", "campaign_id"}},
	{"suppression", []string{"hash", "kind"}}, {"consent_event", []string{"seq"}}, {"consent_evidence", []string{"seq"}}, {"evidence_ip", []string{"seq"}}, {"ledger_head", []string{"seq"}},
	{"audit", []string{"seq"}}, {"departure", []string{"number"}}, {"erasure", []string{"person"}}, {"address_change", []string{"request"}}, {"former_address", []string{"subscriber_id", "hash"}}, {"leaving", []string{"mailing_id", "subscriber_id", "scope"}}, {"outbox", []string{"id"}}, {"mail_copy", []string{"id"}}, {"head_sent", []string{"place"}}, {"mail_budget", []string{"mailbox", "at"}},
	{"activity", []string{"subscriber_id", "purpose_id", "signal"}}, {"link", []string{"id"}}, {"link_tally", []string{"link_id"}}, {"click", []string{"subscriber_id", "link_id"}},
	{"report", []string{"mailing_id", "subscriber_id", "kind"}}, {"report_tally", []string{"mailing_id", "kind"}},
	{"mailing", []string{"id"}}, {"delivery", []string{"mailing_id", "subscriber_id"}}, {"delivery_chunk", []string{"id"}}, {"pace", []string{"scope", "slot"}}, {"warmup", []string{"domain"}}, {"image", []string{"id"}},
	{"app_user", []string{"id"}}, {"login_token", []string{"hash"}}, {"recovery_code", []string{"user_id", "hash"}}, {"passkey", []string{"public_id"}}, {"login_challenge", []string{"hash"}}, {"solved_challenge", []string{"signature"}}, {"identity_link", []string{"issuer", "subject"}}, {"login_guess", []string{"hash"}}, {"session", []string{"hash"}}, {"user_session", []string{"public_id"}}, {"api_key", []string{"id"}}, {"access_grant", []string{"id"}}, {"approval", []string{"id"}}, {"idempotency", []string{"key"}},
	{"import", []string{"id"}}, {"import_row", []string{"import_id", "outcome", "line"}}, {"import_part", []string{"upload", "number"}}, {"job", []string{"id"}},
	{"contract_template", []string{"id"}}, {"contract_version", []string{"template_id", "number"}}, {"contract_mail", []string{"id"}},
	{"permission_round", []string{"id"}}, {"permission_question", []string{"round_id", "subscriber_id"}}, {"bulk_act", []string{"id"}}, {"bulk_person", []string{"bulk_act_id", "subscriber_id"}}, {"attribute", []string{"id"}},
	{"subscriber_attribute", []string{"subscriber_id", "attribute_id"}}, {"signup_value", []string{"subscriber_id", "attribute_id"}}, {"rule", []string{"id"}},
	{"organisation", []string{"id"}}, {"brand", []string{"id"}}, {"setup_code", []string{"name"}}, {"processor", []string{"id"}}, {"sender", []string{"id"}}, {"relay", []string{"id"}}, {"webhook", []string{"id"}}, {"webhook_message", []string{"id"}}, {"domain_key", []string{"id"}}, {"person_request", []string{"id"}}, {"request_detail", []string{"request_id"}}, {"processor_notice", []string{"id"}}, {"breach", []string{"id"}}, {"restore_drill", []string{"id"}}, {"restoration", []string{"id"}}, {"ledger_check", []string{"id"}}, {"audit_head", []string{"seq"}},
}

// movedPage is how many rows one commit of Move copies.
const movedPage = 2000

// Moved says what Move copied and compared.
type Moved struct {
	Rows    map[string]int64 // by table, equal on both sides
	Ledger  akkoord.Head     // verified on the new side, equal on both
	Sampled int              // people whose whole record was compared
}

// Move copies an installation into another database, which must be empty or hold
// an earlier, interrupted run of the same move: that goes on where it stopped. No
// server may run on either. All numbers and ids stay, and the master key too, so that links in mails that
// went out work on. At the end both are compared: rows of every table, the
// ledger's last line, and the whole record of a sample of people. The old
// database is then held from sending. progress may be nil.
func Move(ctx context.Context, from, to Config, progress func(table string, done, total int64)) (Moved, error) {
	if progress == nil {
		progress = func(string, int64, int64) {}
	}
	m := &move{from: from, to: to, progress: progress}
	defer m.close()
	for _, step := range []func(context.Context) error{m.settle, m.open, m.admit, m.copyAll, m.finish, m.compare, m.retire} {
		if err := step(ctx); err != nil {
			return m.did, err
		}
	}
	return m.did, nil
}

type move struct {
	from, to Config
	progress func(table string, done, total int64)
	did      Moved

	source, target   *sql.DB
	old, new         dialect
	closers          []func() error
	lastSeq, lastOut int64 // of ledger and journal of departures when the move began
}

func (m *move) close() error {
	var err error
	for _, c := range slices.Backward(m.closers) {
		err = errors.Join(err, c())
	}
	m.closers = nil
	return err
}

// settle opens the old database as a server does, so that what a killed one
// left is settled, and closes it again.
func (m *move) settle(ctx context.Context) error {
	if m.from.Database == m.to.Database {
		return errors.New("both databases are the same")
	}
	s, err := Open(ctx, m.from)
	if err != nil {
		return fmt.Errorf("the old database: %w", err)
	}
	if others, err := s.others(ctx); err != nil || others > 0 {
		return errors.Join(err, s.Close(), fmt.Errorf("the old database: %d servers run on it; stop them first", others))
	}
	return s.Close()
}

// others counts other processes that work on a database.
func (s *Store) others(ctx context.Context) (n int, err error) {
	if !s.dialect.shared() {
		return 0, nil
	}
	err = s.view(ctx).queryRow(`SELECT count(*) FROM instance WHERE id <> $1`, s.nodeNumber.Load()).Scan(&n)
	return n, err
}

func (m *move) open(ctx context.Context) (err error) {
	if m.old, err = m.from.dialect(); err != nil {
		return err
	}
	if m.new, err = m.to.dialect(); err != nil {
		return err
	}
	for _, side := range []struct {
		d     dialect
		db    **sql.DB
		fresh bool
	}{{m.old, &m.source, false}, {m.new, &m.target, true}} {
		lock, err := side.d.lock(ctx)
		if err != nil {
			return err
		}
		if lock != nil {
			m.closers = append(m.closers, lock.Close)
		}
		if side.fresh {
			if err := migrate(ctx, side.d); err != nil {
				return fmt.Errorf("the new database: %w", err)
			}
		}
		if *side.db, err = side.d.writing(ctx); err != nil {
			return err
		}
		m.closers = append(m.closers, (*side.db).Close)
	}
	return nil
}

// admit takes the new database when it is empty, or holds an earlier run of
// this move from what the old one still is.
func (m *move) admit(ctx context.Context) error {
	err := m.source.QueryRowContext(ctx, `SELECT coalesce((SELECT max(seq) FROM consent_event), 0), coalesce((SELECT max(number) FROM departure), 0)`).Scan(&m.lastSeq, &m.lastOut)
	if err != nil {
		return err
	}
	var reason string
	var seq, out int64
	err = m.target.QueryRowContext(ctx, `SELECT h.reason, b.ledger_seq, b.departed FROM sending_hold h JOIN backup b ON b.id = 1 WHERE h.id = 1`).Scan(&reason, &seq, &out)
	if err == nil && akkoord.HoldReason(reason) == akkoord.HoldMoving {
		if seq != m.lastSeq || out != m.lastOut {
			return errors.New("the old database changed since the move was begun; empty the new one and begin again")
		}
		return nil
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	for _, t := range movedTables {
		var there bool
		if err := m.target.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM `+t.name+`)`).Scan(&there); err != nil {
			return err
		}
		if there {
			return fmt.Errorf("the new database is not empty: it has rows in %s; name an empty one", t.name)
		}
	}
	return m.note(ctx)
}

// note marks the new database as the target of this move.
func (m *move) note(ctx context.Context) error {
	now := micros(m.to.Now())
	tx, err := m.target.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, `INSERT INTO sending_hold (id, reason, backup_at, at) VALUES (1, $1, 0, $2)
		ON CONFLICT (id) DO UPDATE SET reason = excluded.reason`, string(akkoord.HoldMoving), now); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO backup (id, at, ledger_seq, departed) VALUES (1, $1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET at = excluded.at, ledger_seq = excluded.ledger_seq, departed = excluded.departed`, now, m.lastSeq, m.lastOut); err != nil {
		return err
	}
	return tx.Commit()
}

func (m *move) copyAll(ctx context.Context) error {
	for _, t := range movedTables {
		if err := m.copyTable(ctx, t); err != nil {
			return fmt.Errorf("copy %s: %w", t.name, err)
		}
	}
	return nil
}

// copyTable copies a table in pages, from after the last row that is there.
func (m *move) copyTable(ctx context.Context, t movedTable) error {
	var total, done int64
	if err := m.source.QueryRowContext(ctx, `SELECT count(*) FROM `+t.name).Scan(&total); err != nil {
		return err
	}
	if err := m.target.QueryRowContext(ctx, `SELECT count(*) FROM `+t.name).Scan(&done); err != nil {
		return err
	}
	after, err := lastKey(ctx, m.target, t)
	if err != nil {
		return err
	}
	for {
		columns, page, err := readPage(ctx, m.source, t, after)
		if err != nil || len(page) == 0 {
			m.progress(t.name, done, total)
			return err
		}
		if err := m.writePage(ctx, t, columns, page); err != nil {
			return err
		}
		after = after[:0]
		for _, k := range t.key {
			after = append(after, page[len(page)-1][slices.Index(columns, k)])
		}
		done += int64(len(page))
		m.progress(t.name, done, total)
	}
}

// lastKey gives the key of the last row of a table, or nothing.
func lastKey(ctx context.Context, db *sql.DB, t movedTable) ([]any, error) {
	key := make([]any, len(t.key))
	into := make([]any, len(t.key))
	for i := range key {
		into[i] = &key[i]
	}
	err := db.QueryRowContext(ctx, `SELECT `+strings.Join(t.key, `, `)+` FROM `+t.name+` ORDER BY `+strings.Join(t.key, ` DESC, `)+` DESC LIMIT 1`).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return key, err
}

// readPage reads the rows that follow a key.
func readPage(ctx context.Context, db *sql.DB, t movedTable, after []any) (columns []string, page [][]any, err error) {
	where := ``
	if len(after) > 0 {
		where = ` WHERE (` + strings.Join(t.key, `, `) + `) > (` + parameters(1, len(after)) + `)`
	}
	rows, err := db.QueryContext(ctx, `SELECT * FROM `+t.name+where+` ORDER BY `+strings.Join(t.key, `, `)+fmt.Sprintf(` LIMIT %d`, movedPage), after...)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	if columns, err = rows.Columns(); err != nil {
		return nil, nil, err
	}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, nil, err
		}
		page = append(page, values)
	}
	return columns, page, rows.Err()
}

// writePage writes rows in one commit, many to a statement.
func (m *move) writePage(ctx context.Context, t movedTable, columns []string, page [][]any) error {
	tx, err := m.target.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for rows := range slices.Chunk(page, 100) {
		var q strings.Builder
		fmt.Fprintf(&q, `INSERT INTO %s (%s) VALUES `, t.name, strings.Join(columns, `, `))
		args := make([]any, 0, len(rows)*len(columns))
		for i, row := range rows {
			if i > 0 {
				q.WriteString(`, `)
			}
			q.WriteString(`(` + strings.TrimSuffix(strings.Repeat(`?, `, len(columns)), `, `) + `)`)
			args = append(args, row...)
		}
		if _, err := tx.ExecContext(ctx, m.new.query(q.String()), args...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// finish makes the new database one that a server can go on with.
func (m *move) finish(ctx context.Context) error {
	if err := m.new.adopt(ctx, m.target); err != nil {
		return err
	}
	path, ok := File(m.to.Database)
	if !ok {
		return nil
	}
	// The journal beside a file is written here: a server that missed it would
	// think that it was lost.
	if m.to.Journal != "" {
		path = m.to.Journal
	} else {
		path += DepartureSuffix
	}
	return writeDepartures(ctx, m.target, path)
}

// sampleSize is of how many people the whole record is compared.
const sampleSize = 50

// compare holds the new database against the old one.
func (m *move) compare(ctx context.Context) error {
	m.did.Rows = map[string]int64{}
	for _, t := range movedTables {
		var was, is int64
		if err := m.source.QueryRowContext(ctx, `SELECT count(*) FROM `+t.name).Scan(&was); err != nil {
			return err
		}
		if err := m.target.QueryRowContext(ctx, `SELECT count(*) FROM `+t.name).Scan(&is); err != nil {
			return err
		}
		if was != is {
			return fmt.Errorf("%s has %d rows in the old database and %d in the new one", t.name, was, is)
		}
		m.did.Rows[t.name] = is
	}
	old, err := OpenReadOnly(ctx, m.from)
	if err != nil {
		return err
	}
	defer old.Close()
	moved, err := OpenReadOnly(ctx, m.to)
	if err != nil {
		return err
	}
	defer moved.Close()
	if m.did.Ledger, err = moved.VerifyLedger(ctx, func(done, total int64) { m.progress("ledger", done, total) }); err != nil {
		return fmt.Errorf("the new database: %w", err)
	}
	var last []byte
	err = m.source.QueryRowContext(ctx, `SELECT hash FROM consent_event WHERE seq = $1`, m.did.Ledger.Seq).Scan(&last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) || m.did.Ledger.Seq != m.lastSeq || m.lastSeq > 0 && string(last) != string(m.did.Ledger.Hash[:]) {
		return errors.Join(err, errors.New("the ledger of the new database does not end as that of the old one"))
	}
	return m.compareSample(ctx, old, moved)
}

func (m *move) compareSample(ctx context.Context, old, moved *Store) error {
	var first, last int64
	if err := m.source.QueryRowContext(ctx, `SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM subscriber`).Scan(&first, &last); err != nil || last == 0 {
		return err
	}
	for range sampleSize {
		n, err := rand.Int(rand.Reader, big.NewInt(last-first+1))
		if err != nil {
			return err
		}
		var person akkoord.ID
		var id []byte
		if err := m.source.QueryRowContext(ctx, `SELECT public_id FROM subscriber WHERE id >= $1 ORDER BY id LIMIT 1`, first+n.Int64()).Scan(&id); err != nil {
			return err
		}
		person = id16(id)
		was, err := recordText(ctx, old, person)
		if err != nil {
			return err
		}
		is, err := recordText(ctx, moved, person)
		if err != nil {
			return err
		}
		if was != is {
			return fmt.Errorf("the record of person %s is another in the new database", person)
		}
		m.did.Sampled++
	}
	return nil
}

// recordText gives all that is stored of a person as text to compare.
func recordText(ctx context.Context, s *Store, person akkoord.ID) (string, error) {
	st, err := s.Standing(ctx, person)
	if err != nil {
		return "", err
	}
	r, err := s.personRecord(s.view(ctx), st, time.Time{})
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(r)
	return string(b), err
}

// retire holds the old database from sending, and lets the new one send.
func (m *move) retire(ctx context.Context) error {
	_, err := m.source.ExecContext(ctx, `INSERT INTO sending_hold (id, reason, backup_at, at) VALUES (1, $1, 0, $2)
		ON CONFLICT (id) DO UPDATE SET reason = excluded.reason`, string(akkoord.HoldMoved), micros(m.from.Now()))
	if err != nil {
		return err
	}
	_, err = m.target.ExecContext(ctx, `DELETE FROM sending_hold WHERE reason = $1`, string(akkoord.HoldMoving))
	return err
}
