package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/store/pgtest"
)

// programs are PostgreSQL's own programs as a test wants them: what each says of
// its version, and what it does otherwise.
type programs map[string]struct{ version, does string }

// put writes them into a new folder and gives it.
func (p programs) put(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, is := range p {
		script := "#!/bin/sh\nif [ \"$1\" = --version ]; then echo '" + is.version + "'; exit 0; fi\n" + is.does + "\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// P35: where pg_dump or pg_restore is missing, too old or fails, one line says
// so and what to install; no file is left, and an older backup stays.
func TestABackupWithoutFittingProgramsSaysWhatToInstallP35P21(t *testing.T) {
	keys, err := akkoord.NewKeyring(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Database: pgtest.New(t, Migrate), Keyring: keys, Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler)}
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	have, err := s.dialect.(*postgres).serverVersion(t.Context())
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	install := fmt.Sprintf("install the client programs of PostgreSQL %d (on Debian: postgresql-client-%d)", have, have)
	update := fmt.Sprintf("and the server of %s is %d; install the client programs of version %d (on Debian: postgresql-client-%d)", s.dialect.place(), have, have, have)
	says := func(name string, version int) string {
		return fmt.Sprintf("%s (PostgreSQL) %d.4 (Debian %d.4-1)", name, version, version)
	}
	old, fits := have-1, have+1
	for what, tt := range map[string]struct {
		path, debian programs
		want         string
	}{
		"none": {nil, nil, "pg_restore is not installed here; " + install},
		"no pg_dump": {programs{"pg_restore": {says("pg_restore", fits), ""}}, nil,
			"pg_dump is not installed here; " + install},
		"an old pg_restore": {programs{"pg_restore": {says("pg_restore", old), ""}}, nil,
			fmt.Sprintf("pg_restore is of PostgreSQL %d %s", old, update)},
		"an old pg_dump": {programs{"pg_restore": {says("pg_restore", fits), ""}, "pg_dump": {says("pg_dump", old), "exit 0"}}, nil,
			fmt.Sprintf("pg_dump is of PostgreSQL %d %s", old, update)},
		"two old ones": {programs{"pg_restore": {says("pg_restore", 9), ""}}, programs{"pg_restore": {says("pg_restore", old), ""}},
			fmt.Sprintf("pg_restore is of PostgreSQL %d %s", old, update)},
		"something of that name": {programs{"pg_restore": {"hello", ""}}, nil, "pg_restore is not installed here; " + install},
		"a pg_dump that fails": {programs{"pg_restore": {says("pg_restore", fits), ""}, "pg_dump": {says("pg_dump", fits), "echo 'no space\nleft' >&2; exit 1"}}, nil,
			"pg_dump: exit status 1: no space left"},
		"the old one in the PATH, one that fits beside it": {programs{"pg_restore": {says("pg_restore", old), ""}},
			programs{"pg_restore": {says("pg_restore", have), ""}, "pg_dump": {says("pg_dump", have), "echo chosen >&2; exit 1"}}, "pg_dump: exit status 1: chosen"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Setenv("PATH", tt.path.put(t)) // the scripts need nothing but the shell
			d, err := cfg.dialect()
			if err != nil {
				t.Fatal(err)
			}
			p := d.(*postgres)
			p.programs = tt.debian.put(t) + "/"
			to := filepath.Join(t.TempDir(), "akkoord.dump")
			if err := os.WriteFile(to, []byte("of yesterday"), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err = p.backup(t.Context(), cfg, to, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("the backup says %v, want %q", err, tt.want)
			}
			kept, err := os.ReadFile(to)
			left, _ := filepath.Glob(filepath.Dir(to) + "/*")
			if string(kept) != "of yesterday" || len(left) != 1 {
				t.Errorf("it left %v, %q (%v)", left, kept, err)
			}
		})
	}
}
