package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"akkoord"
	"akkoord/store"
	"akkoord/store/pgtest"
	"akkoord/store/storetest"
)

// visitors sign up one after the other, and remember who was acknowledged.
type visitors struct {
	t    *testing.T
	a    *storetest.Agency
	n    int
	told []akkoord.Email
}

// next signs the next visitor up and gives what they were told.
func (v *visitors) next() error {
	v.t.Helper()
	v.n++
	e, err := akkoord.ParseEmail(fmt.Sprintf("p%d@voorbeeld.example", v.n))
	if err != nil {
		v.t.Fatal(err)
	}
	err = v.a.SignUp(v.t.Context(), akkoord.SignUp{
		Email: e, Locale: "nl", Purposes: []akkoord.Purpose{v.a.News}, Origin: akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson, Locale: "nl", FormID: v.a.Form.Version.ID},
	})
	if err == nil {
		v.told = append(v.told, e)
	}
	return err
}

// refused checks that a visitor is told to come again later, and a reader too.
func (v *visitors) refused(what string) {
	v.t.Helper()
	if err := v.next(); akkoord.KindOf(err) != akkoord.Unavailable {
		v.t.Errorf("%s: a sign-up gave %v", what, err)
	}
}

// recovered checks that all goes on by itself, and that nobody is lost.
func (v *visitors) recovered(what string) {
	v.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		err := v.next()
		if err == nil {
			break
		}
		if akkoord.KindOf(err) != akkoord.Unavailable || time.Now().After(deadline) {
			v.t.Fatalf("%s: %v", what, err)
		}
	}
	for _, e := range v.told {
		var st akkoord.Standing
		err := v.reading(func() (err error) { st, err = v.a.StandingByEmail(v.t.Context(), e); return err })
		if err != nil || st.Subscription(v.a.News.ID).State != akkoord.Pending {
			v.t.Errorf("%s: who was acknowledged is %+v, %v", what, st.Subscriptions, err)
		}
	}
	if err := v.reading(func() error { _, err := v.a.VerifyLedger(v.t.Context(), nil); return err }); err != nil {
		v.t.Errorf("%s: %v", what, err)
	}
}

// reading repeats a read while the database can't be reached.
func (v *visitors) reading(f func() error) error {
	for deadline := time.Now().Add(time.Minute); ; {
		err := f()
		if akkoord.KindOf(err) != akkoord.Unavailable || time.Now().After(deadline) {
			return err
		}
	}
}

func database(t *testing.T, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(u.Path, "/")
}

func TestAServerThatFailsIsToldAndNothingAcknowledgedIsLostP34P01(t *testing.T) {
	server := pgtest.Start(t, "max_connections=30", "superuser_reserved_connections=1")
	cfg, clock := storetest.Config(t)
	cfg.Database = server.New(t, store.Migrate)
	name := database(t, cfg.Database)
	const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`
	a := storetest.NewAgency(t, reopen(t, cfg), clock)
	v := &visitors{t: t, a: a}
	v.recovered("before")
	for _, fault := range []struct {
		what string
		do   func()
		undo func()
	}{
		{"stopped", func() { must(t, server.Stop()) }, func() { must(t, server.Start()) }},
		{"killed", func() { must(t, server.Kill()) }, func() { must(t, server.Start()) }},
		{"read only", func() {
			server.Exec(t, "postgres", `ALTER DATABASE `+name+` SET default_transaction_read_only = on`, cut)
		}, func() { server.Exec(t, "postgres", `ALTER DATABASE `+name+` RESET default_transaction_read_only`) }},
	} {
		fault.do()
		v.refused(fault.what)
		v.refused(fault.what)
		fault.undo()
		v.recovered(fault.what)
	}
	for range 10 {
		server.Exec(t, "postgres", cut)
		v.recovered("all connections cut")
	}
}

func TestAServerOutOfConnectionsIsToldP34(t *testing.T) {
	server := pgtest.Start(t, "max_connections=16", "superuser_reserved_connections=0")
	cfg, clock := storetest.Config(t)
	cfg.Database = server.New(t, store.Migrate)
	a := storetest.NewAgency(t, reopen(t, cfg), clock)
	v := &visitors{t: t, a: a}
	v.recovered("before")
	hog, err := pgx.Connect(t.Context(), cfg.Database)
	must(t, err)
	defer hog.Close(context.Background())
	_, err = hog.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'`)
	must(t, err)
	var hogs []*pgx.Conn
	for {
		c, err := pgx.Connect(t.Context(), cfg.Database)
		if err != nil {
			break
		}
		hogs = append(hogs, c)
	}
	v.refused("no connection left")
	for _, c := range hogs {
		must(t, c.Close(t.Context()))
	}
	v.recovered("no connection left")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// proxy stands between a store and its server, and cuts connections at a
// commit: before the server hears of it, or before the store hears the answer.
type proxy struct {
	ln     net.Listener
	to     string
	before atomic.Bool
	after  atomic.Bool
	cuts   atomic.Int64
	commit atomic.Pointer[[]byte] // name of the statement that commits, the same on each connection
	wait   sync.WaitGroup
}

func newProxy(t *testing.T, socket string) *proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	p := &proxy{ln: ln, to: socket}
	p.wait.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			p.wait.Go(func() { p.serve(c) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		p.wait.Wait()
	})
	return p
}

// preparedCommit gives the name under which a message prepares a commit.
func preparedCommit(message []byte) []byte {
	before, _, found := bytes.Cut(message, []byte("\x00COMMIT\x00"))
	if !found {
		return nil
	}
	return bytes.Clone(before[bytes.LastIndex(before, []byte("stmtcache_")):])
}

func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("unix", p.to)
	if err != nil {
		return
	}
	defer server.Close()
	var deaf atomic.Bool
	p.wait.Go(func() {
		defer client.Close()
		buf := make([]byte, 32<<10)
		for {
			n, err := server.Read(buf)
			if n > 0 && deaf.Load() { // the commit is answered: nobody hears it
				return
			}
			if n > 0 {
				if _, err := client.Write(buf[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	})
	buf := make([]byte, 32<<10)
	for {
		n, err := client.Read(buf)
		if name := preparedCommit(buf[:n]); name != nil {
			p.commit.Store(&name)
		} else if name := p.commit.Load(); name != nil && bytes.Contains(buf[:n], *name) {
			switch {
			case p.before.CompareAndSwap(true, false):
				p.cuts.Add(1)
				return
			case p.after.CompareAndSwap(true, false):
				p.cuts.Add(1)
				deaf.Store(true)
			}
		}
		if n > 0 {
			if _, err := server.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				server.Close()
			}
			return
		}
	}
}

func TestACommitThatIsCutOffIsRefusedAndRepeatedWithoutHarmP34(t *testing.T) {
	cfg, clock := storetest.Config(t)
	direct := pgtest.New(t, store.Migrate)
	u, err := url.Parse(direct)
	must(t, err)
	p := newProxy(t, u.Query().Get("host")+"/.s.PGSQL.5432")
	cfg.Database = fmt.Sprintf("postgres://akkoord@%s%s?sslmode=disable", p.ln.Addr(), u.Path)
	a := storetest.NewAgency(t, reopen(t, cfg), clock)
	v := &visitors{t: t, a: a}
	v.recovered("before")
	for i := range 20 {
		what, fault := "cut before the commit", &p.before
		if i%2 == 1 {
			what, fault = "cut before its answer", &p.after
		}
		fault.Store(true)
		v.refused(what)
		v.n-- // the same visitor tries again, and is stored once
		v.recovered(what)
	}
	if p.cuts.Load() != 20 {
		t.Errorf("%d connections were cut, want 20", p.cuts.Load())
	}
	people, _, err := a.People(t.Context(), akkoord.PeopleFilter{}, akkoord.Page{Limit: 500})
	must(t, err)
	if len(people) != len(v.told) {
		t.Errorf("%d people are stored and %d were acknowledged", len(people), len(v.told))
	}
}

func TestADatabaseThatCantBeUsedIsRefusedInOneLineP35(t *testing.T) {
	server := pgtest.Start(t)
	fresh := func(t *testing.T, statements ...string) string {
		url := server.New(t, store.Migrate)
		server.Exec(t, database(t, url), statements...)
		return url
	}
	empty := func(t *testing.T, statements ...string) string {
		server.Exec(t, "postgres", append([]string{`CREATE DATABASE empty`}, statements...)...)
		t.Cleanup(func() { server.Exec(t, "postgres", `DROP DATABASE empty WITH (FORCE)`) })
		return server.URL("empty")
	}
	for name, tt := range map[string]struct {
		url  func(t *testing.T) string
		want string
	}{
		"no such kind of database": {func(*testing.T) string { return "mysql://x" }, "postgres://"},
		"not a URL":                {func(*testing.T) string { return "postgres://a:secret@h:nought/x" }, "can't be read"},
		"nobody listens":           {func(*testing.T) string { return "postgres://a:secret@127.0.0.1:1/x?sslmode=disable" }, "can't be reached"},
		"no such database":         {func(*testing.T) string { return server.URL("nowhere") }, "can't be reached"},
		"tables of something else": {func(t *testing.T) string {
			url := empty(t)
			server.Exec(t, "empty", `CREATE TABLE invoices (id INTEGER)`)
			return url
		}, "of its own"},
		"no right to make tables": {func(t *testing.T) string {
			url := empty(t, `CREATE ROLE guest LOGIN`)
			server.Exec(t, "empty", `REVOKE CREATE ON SCHEMA public FROM PUBLIC`)
			t.Cleanup(func() { server.Exec(t, "postgres", `DROP ROLE guest`) })
			return strings.Replace(url, "akkoord@", "guest@", 1)
		}, "may not make tables"},
		"a newer schema": {func(t *testing.T) string {
			return fresh(t, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)`, `UPDATE schema_admits SET oldest = 99999`)
		}, "newer program"},
		"another installation": {func(t *testing.T) string {
			url := fresh(t)
			cfg, _ := storetest.Config(t)
			cfg.Database = url
			must(t, reopen(t, cfg).Close())
			return url
		}, "another installation"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _ := storetest.Config(t)
			cfg.Database = tt.url(t)
			s, err := store.Open(t.Context(), cfg)
			if s != nil {
				s.Close()
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "secret") {
				t.Errorf("opening gave %v", err)
			}
		})
	}
}

func TestTheDatabaseOfAnotherInstallationIsRefused(t *testing.T) {
	cfg, _ := storetest.Config(t)
	mine, _ := storetest.Config(t)
	file := "sqlite:" + t.TempDir() + "/akkoord.db"
	mine.Database, cfg.Database = file, file
	must(t, reopen(t, mine).Close())
	if s, err := store.Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "another installation") {
		if s != nil {
			s.Close()
		}
		t.Errorf("opening with another key gave %v", err)
	}
	if s, err := store.OpenReadOnly(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "another installation") {
		if s != nil {
			s.Close()
		}
		t.Errorf("reading with another key gave %v", err)
	}
}

// Several nodes that start at once migrate once.
func TestNodesThatStartAtOnceOnANewDatabase(t *testing.T) {
	server := pgtest.Start(t)
	server.Exec(t, "postgres", `CREATE DATABASE fresh`)
	cfg, _ := storetest.Config(t)
	cfg.Database = server.URL("fresh")
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			s, err := store.Open(context.Background(), cfg)
			if err == nil {
				err = s.Close()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
}

// A table or column that one of the two databases lacks would be missed by one
// of its users alone.
func TestBothSchemasHoldTheSame(t *testing.T) {
	file := t.TempDir() + "/akkoord.db"
	must(t, store.Migrate(t.Context(), "sqlite:"+file))
	lite, err := sql.Open("sqlite", file)
	must(t, err)
	defer lite.Close()
	server, err := sql.Open("pgx", pgtest.New(t, store.Migrate))
	must(t, err)
	defer server.Close()
	list := func(db *sql.DB, query string) (out []string) {
		rows, err := db.QueryContext(t.Context(), query)
		must(t, err)
		defer rows.Close()
		for rows.Next() {
			var column string
			must(t, rows.Scan(&column))
			out = append(out, column)
		}
		must(t, rows.Err())
		slices.Sort(out)
		return out
	}
	onFile := list(lite, `SELECT m.name || '.' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'goose%' AND m.name NOT LIKE 'sqlite%'`)
	onServer := list(server, `SELECT table_name || '.' || column_name FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name NOT LIKE 'goose%' AND table_name NOT IN ('chain', 'claim', 'mark')`)
	if diff := cmp.Diff(onFile, onServer); diff != "" {
		t.Errorf("columns on SQLite (-) and PostgreSQL (+):\n%s", diff)
	}
}
