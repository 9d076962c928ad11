package main

import (
	"bytes"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"akkoord/store"
	"akkoord/store/pgtest"
)

// A database that can't be used is told by the program in one line that says
// what to do, without the password, and it starts nothing (P35).
func TestP35AServerThatCantUseItsDatabaseSaysSoInOneLine(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	name := func(raw string) string {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimPrefix(u.Path, "/")
	}
	prepared := func(statements ...string) string {
		raw := server.New(t, store.Migrate)
		server.Exec(t, name(raw), statements...)
		return raw
	}
	// shadowed has the server say something else of itself.
	shadowed := func(function, body string) string {
		raw := prepared(`CREATE SCHEMA other`, `CREATE FUNCTION other.`+function+` LANGUAGE sql AS $$ `+body+` $$`)
		server.Exec(t, "postgres", `ALTER DATABASE `+name(raw)+` SET search_path = other, pg_catalog, public`)
		return raw
	}
	empty := func(database string, statements ...string) string {
		server.Exec(t, "postgres", `CREATE DATABASE `+database)
		server.Exec(t, database, statements...)
		return server.URL(database)
	}
	used := installOn(t, prepared(), "")
	for what, tt := range map[string]struct {
		database string
		want     string
		exit     int
	}{
		"no such kind of database": {"mysql://a:secret@h/x", "AKKOORD_DATABASE", 2},
		"not a URL":                {"postgres://a:secret@h:nought/x", "AKKOORD_DATABASE", 2},
		"nobody listens":           {"postgres://a:secret@127.0.0.1:1/x?sslmode=disable", "can't be reached; check AKKOORD_DATABASE and the server", 1},
		"no such host":             {"postgres://a:secret@nowhere.invalid/x?sslmode=disable", "can't be reached; check AKKOORD_DATABASE and the server", 1},
		"no such database":         {server.URL("nowhere"), "can't be reached; check AKKOORD_DATABASE and the server", 1},
		"no such user":             {strings.Replace(server.URL("postgres"), "akkoord@", "stranger:secret@", 1), "can't be reached; check AKKOORD_DATABASE and the server", 1},
		"an old server":            {shadowed(`current_setting(text) RETURNS text`, `SELECT CASE $1 WHEN 'server_version' THEN '12.22' ELSE '120022' END`), "is PostgreSQL 12.22; version 13 or newer is needed", 1},
		"a standby":                {shadowed(`pg_is_in_recovery() RETURNS boolean`, `SELECT true`), "is a standby, which can't be written; name the primary in AKKOORD_DATABASE", 1},
		"tables of something else": {empty("invoices", `CREATE TABLE invoice (id INTEGER)`), "holds tables of something else; give Akkoord a database of its own", 1},
		"no right to make tables":  {strings.Replace(empty("closed", `CREATE ROLE guest LOGIN`, `REVOKE CREATE ON SCHEMA public FROM PUBLIC`), "akkoord@", "guest:secret@", 1), "guest may not make tables in closed", 1},
		"a newer schema":           {prepared(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)`, `UPDATE schema_admits SET oldest = 99999`), "use the newer program, nothing was changed", 1},
		"another installation":     {used.where, "another installation", 1},
	} {
		t.Run(what, func(t *testing.T) {
			in := &installation{t: t, dir: t.TempDir(), where: tt.database}
			cmd := in.command(t.Context(), "serve")
			if what == "another installation" { // a key that is there is of another one
				other := install(t, "")
				cmd.Env = append(cmd.Env, "AKKOORD_SECRET_FILE="+other.path("akkoord.key"))
			}
			var said bytes.Buffer
			cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &said, &said, time.Second
			err := cmd.Run()
			exit, ok := err.(*exec.ExitError)
			if !ok || exit.ExitCode() != tt.exit {
				t.Fatalf("serve ends with %v, want exit status %d: %s", err, tt.exit, &said)
			}
			line := strings.TrimSuffix(said.String(), "\n")
			if strings.Contains(line, "\n") || !strings.HasPrefix(line, "akkoord: ") || !strings.Contains(line, tt.want) || strings.Contains(line, "secret") {
				t.Errorf("serve says:\n%s\nwant one line with %q", said.String(), tt.want)
			}
			if left, err := filepath.Glob(in.path("*")); err != nil || len(left) > 1 {
				t.Errorf("it left %v (%v)", left, err)
			}
		})
	}
}
