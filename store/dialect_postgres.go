package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

const (
	serverReaders = 8
	// oldestServer is the first version that is admitted, as the server says it.
	oldestServer = 130000
	connectWait  = 5 * time.Second
	vacuumPause  = 20 * time.Second // between two; P16 gives a minute
)

// postgres is a PostgreSQL database by the configuration of a connection.
// Numbers of nodes, claims and marks are told in docs/adr/0009, the chain over
// nodes in 0010.
type postgres struct {
	config   *pgx.ConnConfig
	lines    *lines
	programs string // where its own programs are, beside the PATH
}

func parsePostgres(database string) (dialect, error) {
	c, err := pgx.ParseConfig(database)
	if err != nil {
		return nil, errors.New("the URL of the PostgreSQL database can't be read; it is like postgres://USER:PASSWORD@HOST:5432/DATABASE?sslmode=verify-full")
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectWait
	}
	p := &postgres{config: c, lines: &lines{open: map[*line]bool{}}, programs: debianPrograms}
	c.DialFunc = p.lines.dial
	return p, nil
}

// with gives the configuration with settings of the session. The server ends
// the session of a node that is cut off within a minute, before its connections
// run out.
func (p *postgres) with(settings map[string]string) *pgx.ConnConfig {
	c := p.config.Copy()
	maps.Copy(c.RuntimeParams, map[string]string{
		"application_name": "akkoord", "jit": "off", "client_encoding": "UTF8",
		"tcp_keepalives_idle": "30", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3",
		// Whoever takes a window over has to see the mark that it waited for.
		"default_transaction_isolation": "read committed",
	})
	maps.Copy(c.RuntimeParams, settings)
	return c
}

func (p *postgres) place() string { return p.config.Database + " on " + p.config.Host }

func (p *postgres) shared() bool { return true }

func (p *postgres) goose() (goose.Dialect, string) { return goose.DialectPostgres, "postgres" }

func (p *postgres) lock(context.Context) (io.Closer, error) { return nil, nil }

func (p *postgres) reading(context.Context) (*sql.DB, error) {
	db := stdlib.OpenDB(*p.with(map[string]string{"default_transaction_read_only": "on"}))
	db.SetMaxOpenConns(serverReaders)
	db.SetMaxIdleConns(serverReaders)
	return db, nil
}

// writing opens sessions that commit to the disk, and that a node which
// freezes in the middle of a transaction does not keep for long: others wait
// for it.
func (p *postgres) writing(context.Context) (*sql.DB, error) {
	db := stdlib.OpenDB(*p.with(map[string]string{
		"synchronous_commit": "on", "idle_in_transaction_session_timeout": "5000", "lock_timeout": "8000",
	}))
	db.SetMaxOpenConns(1)
	return db, nil
}

// query numbers the parameters of statements with very many.
func (p *postgres) query(text string) string {
	if !strings.Contains(text, "?") {
		return text
	}
	var b strings.Builder
	n := 0
	for {
		before, after, found := strings.Cut(text, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		n++
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
		text = after
	}
}

// full is disk_full.
func (p *postgres) full(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == "53100"
}

// lost never is so: what was committed the server knows, and a group whose
// commit was not answered is repeated by whoever asked for it.
func (p *postgres) lost(error) bool { return false }

// gone is a connection that broke or can't be made, a server that stops,
// starts, has too many connections or may not write, and a lock that is not
// given up.
func (p *postgres) gone(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code[:2] {
		case "08", "53", "57": // connection, resources, intervention
			return e.Code != "57014" // a query that was cancelled
		}
		switch e.Code {
		case "25006", "25P03", "55P03", "40P01", "3D000", "28000", "28P01": // read only, idle for too long, lock, deadlock; database and access withdrawn
			return true
		}
		return false
	}
	if errors.Is(err, context.Canceled) {
		return false
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	for _, e := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, driver.ErrBadConn, sql.ErrConnDone, syscall.EPIPE, syscall.ECONNRESET} {
		if errors.Is(err, e) {
			return true
		}
	}
	return pgconn.SafeToRetry(err)
}

// unfit is the character 0, or bytes that are no UTF-8.
func (p *postgres) unfit(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "22021" || e.Code == "22P05")
}

// prepare looks whether the server and the database can be worked with, and
// says in one line what is wrong.
func (p *postgres) prepare(ctx context.Context, create bool) error {
	c, err := pgx.ConnectConfig(ctx, p.with(nil))
	if err != nil {
		return fmt.Errorf("the database %s can't be reached; check AKKOORD_DATABASE and the server: %s", p.place(), oneLine(err))
	}
	defer c.Close(ctx)
	version, err := strconv.Atoi(setting(ctx, c, "server_version_num"))
	if err != nil || version < oldestServer {
		return fmt.Errorf("the server of %s is PostgreSQL %s; version 13 or newer is needed", p.place(), setting(ctx, c, "server_version"))
	}
	var ours, others, made, may, standby bool
	if err := c.QueryRow(ctx, `SELECT to_regclass('consent_event') IS NOT NULL, to_regclass('goose_db_version') IS NOT NULL,
		EXISTS (SELECT 1 FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace),
		has_schema_privilege(current_schema(), 'CREATE'), pg_is_in_recovery()`).Scan(&ours, &made, &others, &may, &standby); err != nil {
		return fmt.Errorf("the database %s can't be read: %s", p.place(), oneLine(err))
	}
	switch {
	case others && !made:
		return fmt.Errorf("the database %s holds tables of something else; give Akkoord a database of its own", p.place())
	case standby && create:
		return fmt.Errorf("the server of %s is a standby, which can't be written; name the primary in AKKOORD_DATABASE", p.place())
	case !ours && !create:
		return fmt.Errorf("there is no Akkoord database at %s; start the server once, or set AKKOORD_DATABASE", p.place())
	case !ours && !may:
		return fmt.Errorf("%s may not make tables in %s; make it the owner: ALTER DATABASE … OWNER TO …", p.config.User, p.place())
	}
	return nil
}

func setting(ctx context.Context, c *pgx.Conn, name string) (value string) {
	if err := c.QueryRow(ctx, `SELECT current_setting($1)`, name).Scan(&value); err != nil {
		return "of an unknown version"
	}
	return value
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

func (p *postgres) accompany(ctx context.Context, s *Store) error {
	db, err := p.writing(ctx)
	if err != nil {
		return err
	}
	s.wiper = openWiper(db, vacuumPause, vacuum)
	return nil
}

// vacuumed are the tables that people are deleted from.
var vacuumed = []string{
	"subscriber", "consent_evidence", "evidence_ip", "mail_copy", "address_change", "former_address", "subscription", "subscriber_interest", "subscriber_attribute",
	"signup_value", "campaign_leave", "activity", "click", "import_row", "import_part", "contract_mail", "outbox", "request_detail", "webhook_message", "bulk_person",
}

// vacuum removes what was deleted of people from the tables that hold them
// (P16). What it leaves in the server's own log goes with that log.
func vacuum(ctx context.Context, db *sql.DB) bool {
	_, err := db.ExecContext(ctx, `VACUUM `+strings.Join(vacuumed, ", "))
	return err == nil
}

// join makes the store one of the nodes that share the database.
func (p *postgres) join(ctx context.Context, s *Store) error {
	s.nodes = newNodes(s, p)
	if err := s.nodes.join(ctx); err != nil {
		return err
	}
	s.journal = openJournal(s, openServerWire(s, p))
	return nil
}

func (p *postgres) session(conn *sql.Conn) (session, error) { return openServerSession(p, conn) }

// begin reads back the setting that durability rests on, and brings the chain
// up to what the tables hold, which may have been filled by something else.
func (p *postgres) begin(ctx context.Context, w *writer) error {
	var level, sync string
	if err := w.queryRow(`SELECT current_setting('synchronous_commit'), current_setting('fsync')`).Scan(&level, &sync); err != nil {
		return err
	}
	if level == "off" || level == "local" && sync != "on" {
		return fmt.Errorf("the server of %s does not commit to its disk (synchronous_commit = %s)", p.place(), level)
	}
	if sync != "on" {
		w.store.cfg.Log.Warn("the database server runs with fsync off: a loss of power may lose what was acknowledged")
	}
	if err := w.begin(); err != nil {
		return err
	}
	defer w.rollback()
	if err := w.session.exec(`INSERT INTO chain (id, at, ledger_seq, ledger_hash, audit_seq, person, departed, nodes) VALUES (1, 0, 0, $1, 0, 0, 0, 0) ON CONFLICT DO NOTHING`, []byte{}); err != nil {
		return err
	}
	if err := p.enter(w); err != nil {
		return err
	}
	person, webhooks := w.person, w.tail.webhooks
	if err := w.readTail(); err != nil {
		return err
	}
	w.person, w.tail.webhooks = max(w.person, person), webhooks
	if err := p.storeTail(w); err != nil {
		return err
	}
	return w.session.commit()
}

// enter waits for the other nodes, and takes the tail over from them.
func (p *postgres) enter(w *writer) error {
	var at int64
	var hash, audit []byte
	if err := w.queryRow(`SELECT at, ledger_seq, ledger_hash, audit_seq, audit_hash, person, departed, webhooks, nodes FROM chain WHERE id = 1 FOR UPDATE`).
		Scan(&at, &w.ledger.Seq, &hash, &w.auditSeq, &audit, &w.person, &w.departed, &w.tail.webhooks, &w.peers); err != nil {
		return fmt.Errorf("lock the chain: %w", err)
	}
	w.ledger.Hash = [32]byte{}
	copy(w.ledger.Hash[:], hash)
	w.auditHash = [32]byte{}
	copy(w.auditHash[:], audit)
	if last := fromMicros(at); last.After(w.lastTime) {
		w.lastTime = last
	}
	w.store.nodeCount.Store(w.peers)
	w.before = w.written()
	return nil
}

// leave hands the tail on, and tells the other nodes what changed.
func (p *postgres) leave(w *writer, group []*change) error {
	if w.written() == w.before {
		return nil
	}
	if err := p.storeTail(w); err != nil {
		return err
	}
	if w.peers < 2 {
		return nil
	}
	news := gather(w.store.nodeNumber.Load(), group)
	if news.empty() {
		return nil
	}
	return w.session.exec(`SELECT pg_notify($1, $2)`, channel, news.text())
}

func (p *postgres) storeTail(w *writer) error {
	return w.session.exec(`UPDATE chain SET at = $1, ledger_seq = $2, ledger_hash = $3, audit_seq = $4, person = $5, departed = $6, audit_hash = $7, webhooks = $8 WHERE id = 1`,
		micros(w.lastTime), w.ledger.Seq, w.ledger.Hash[:], w.auditSeq, w.person, w.departed, w.auditHash[:], w.tail.webhooks)
}

// adopt lets the numbers of new rows begin after those that are there.
func (p *postgres) adopt(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, `SELECT table_name FROM information_schema.columns
		WHERE table_schema = current_schema() AND is_identity = 'YES' AND column_name = 'id'`)
	var tables []string
	err = each(rows, err, func(r row) error {
		var name string
		err := r.Scan(&name)
		tables = append(tables, name)
		return err
	})
	for _, name := range tables {
		if err == nil {
			_, err = db.ExecContext(ctx, `SELECT setval(pg_get_serial_sequence('`+name+`', 'id'), coalesce((SELECT max(id) FROM `+name+`), 0) + 1, false)`)
		}
	}
	return err
}

func (p *postgres) size(q querier) (database, log int64, err error) {
	err = q.queryRow(`SELECT pg_database_size(current_database())`).Scan(&database)
	return database, 0, err
}

func (p *postgres) domain(of string) string { return `split_part(coalesce(` + of + `, ''), '@', 2)` }

func (p *postgres) subject() string {
	own, translated := `(m.variants::json -> (`+winnerOf+`)::int)`, ` -> 'languages' -> s.locale ->> 'subject'`
	return `coalesce(nullif(` + own + translated + `, ''), CASE WHEN m.trigger_on = '' THEN nullif(m.content::json` + translated + `, '') END,
		nullif(` + own + ` ->> 'subject', ''), m.content::json ->> 'subject', '')`
}
