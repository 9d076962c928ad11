package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// debianPrograms is where Debian keeps the programs of each version.
const debianPrograms = "/usr/lib/postgresql/*/bin/"

var programVersion = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// program finds pg_dump or pg_restore, of the server's version or a newer
// one: an older pg_dump refuses a newer server.
func (p *postgres) program(ctx context.Context, name string) (string, error) {
	have, err := p.serverVersion(ctx)
	if err != nil {
		return "", err
	}
	candidates, err := filepath.Glob(p.programs + name)
	if err != nil {
		return "", err
	}
	if path, err := exec.LookPath(name); err == nil {
		candidates = append([]string{path}, candidates...)
	}
	newest := 0
	for _, path := range slices.Backward(candidates) { // what the PATH names comes last: on Debian it is a wrapper that chooses by itself
		out, err := exec.CommandContext(ctx, path, "--version").Output()
		if err != nil {
			continue
		}
		found := programVersion.FindSubmatch(out)
		if found == nil {
			continue
		}
		version, err := strconv.Atoi(string(found[1]))
		if err == nil && version >= have {
			return path, nil
		}
		newest = max(newest, version)
	}
	if newest > 0 {
		return "", fmt.Errorf("%s is of PostgreSQL %d and the server of %s is %d; install the client programs of version %d (on Debian: postgresql-client-%d)", name, newest, p.place(), have, have, have)
	}
	return "", fmt.Errorf("%s is not installed here; install the client programs of PostgreSQL %d (on Debian: postgresql-client-%d), or run this where they are", name, have, have)
}

// serverVersion gives the major version of the server.
func (p *postgres) serverVersion(ctx context.Context) (int, error) {
	db, err := p.reading(ctx)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	var number string
	if err := db.QueryRowContext(ctx, `SELECT current_setting('server_version_num')`).Scan(&number); err != nil {
		return 0, fmt.Errorf("the database %s can't be reached: %s", p.place(), oneLine(err))
	}
	n, err := strconv.Atoi(number)
	return n / 10000, err
}

// libpq are the parameters of a URL by the variable that PostgreSQL's own
// programs read them from.
var libpq = map[string]string{
	"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "passfile": "PGPASSFILE", "sslmode": "PGSSLMODE",
	"sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY", "sslrootcert": "PGSSLROOTCERT", "connect_timeout": "PGCONNECT_TIMEOUT",
	"target_session_attrs": "PGTARGETSESSIONATTRS", "options": "PGOPTIONS",
}

// environment says to PostgreSQL's own programs where the database is. The
// password stands in no command line, where every user of the machine reads it.
func environment(raw, database string) ([]string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("the URL of the PostgreSQL database can't be read")
	}
	set := map[string]string{"host": u.Hostname(), "port": u.Port(), "user": u.User.Username()}
	if strings.Contains(u.Host, ",") { // several servers, as libpq wants them
		set["host"], set["port"] = "", ""
		for i, h := range strings.Split(u.Host, ",") {
			one := url.URL{Host: h}
			comma := strings.Repeat(",", min(i, 1))
			set["host"] += comma + one.Hostname()
			set["port"] += comma + one.Port()
		}
	}
	set["password"], _ = u.User.Password()
	for name, values := range u.Query() {
		if len(values) > 0 {
			set[name] = values[0]
		}
	}
	env := append(os.Environ(), "PGDATABASE="+database, "PGAPPNAME=akkoord backup")
	for name, value := range set {
		if variable, known := libpq[name]; known && value != "" {
			env = append(env, variable+"="+value)
		}
	}
	return env, nil
}

// run runs one of PostgreSQL's own programs on a database of this server.
func (p *postgres) run(ctx context.Context, raw, database, program string, args ...string) error {
	path, err := p.program(ctx, program)
	if err != nil {
		return err
	}
	c := exec.CommandContext(ctx, path, args...)
	if c.Env, err = environment(raw, database); err != nil {
		return err
	}
	var said bytes.Buffer
	c.Stderr = &said
	if err := c.Run(); err != nil {
		text := strings.Join(strings.Fields(said.String()), " ")
		if len(text) > 500 {
			text = text[:500] + "…"
		}
		return fmt.Errorf("%s: %w: %s", program, err, text)
	}
	return nil
}

// elsewhere gives the URL of another database of the same server.
func elsewhere(raw, database string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", errors.New("the URL of the PostgreSQL database can't be read")
	}
	u.Path = "/" + database
	q := u.Query()
	q.Del("dbname")
	q.Del("database")
	u.RawQuery = q.Encode()
	return u.String(), nil
}
