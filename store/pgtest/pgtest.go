// Package pgtest gives tests a PostgreSQL of their own: one server for a test
// binary, in a folder of its own, on a Unix socket alone, with a fresh database
// for each test. It ends with the binary, however that ends.
package pgtest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a PostgreSQL that a test may stop, kill and start.
type Server struct {
	bin, dir string
	as       *syscall.SysProcAttr // who runs it: PostgreSQL refuses root
	settings []string
	postgres *exec.Cmd
	watch    io.Closer // while it is open the server may live

	mu     sync.Mutex
	filled bool // the template holds the schema
}

// startWait is how long a server may take to start or to stop.
const startWait = time.Minute

// shared is the server of this test binary; a second would only cost time.
var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Main runs the tests of a binary and stops the server that they used. It
// gives the exit code.
func Main(m *testing.M) int {
	code := m.Run()
	if shared.server != nil {
		if err := shared.server.end(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			return cmp.Or(code, 1)
		}
	}
	return code
}

// New gives the URL of a new database on the server of this test binary. fill
// makes its schema; it is called once, and what it made is copied.
func New(t testing.TB, fill func(ctx context.Context, url string) error) string {
	t.Helper()
	shared.once.Do(func() { shared.server, shared.err = start() })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server.New(t, fill)
}

// Start starts a server of the test's own, which ends with the test. Settings
// are like "max_connections=5".
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s, err := start(settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.end(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// programs finds the folder of the newest PostgreSQL on this machine.
func programs() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		if path, err := exec.LookPath("initdb"); err == nil {
			found = []string{path}
		}
	}
	if len(found) == 0 {
		return "", errors.New("the tests need PostgreSQL; install it, on Debian by: apt-get install postgresql (make test does so)")
	}
	slices.SortFunc(found, func(a, b string) int { return cmp.Compare(version(a), version(b)) })
	return filepath.Dir(found[len(found)-1]), nil
}

func version(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}

// start makes a data folder and starts a server on it.
func start(settings ...string) (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, as: &syscall.SysProcAttr{Setpgid: true}, settings: settings}
	if s.dir, err = os.MkdirTemp("", "akkoord-pg-"); err != nil {
		return nil, err
	}
	if os.Getuid() == 0 {
		err = s.asPostgres()
	}
	if err == nil {
		err = s.guard()
	}
	if err == nil {
		err = s.run("initdb", "-D", s.data(), "-U", "akkoord", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	}
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// asPostgres has the server run as the user that its package made.
func (s *Server) asPostgres() error {
	u, err := user.Lookup("postgres")
	if err != nil {
		return fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres: %w", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	s.as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(s.dir, uid, gid)
}

// guard starts a process that ends the server and removes its folder as soon
// as this one is gone.
func (s *Server) guard() error {
	c := exec.Command("sh", "-c", `cat >/dev/null; pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid"; rm -rf "$1"`, "sh", s.dir)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := c.StdinPipe()
	if err != nil {
		return err
	}
	s.watch = in
	return c.Start()
}

func (s *Server) run(program string, args ...string) error {
	c := exec.Command(filepath.Join(s.bin, program), args...)
	c.Dir, c.SysProcAttr = s.dir, s.as
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, bytes.TrimSpace(out))
	}
	return nil
}

// Start starts the server and waits until it answers.
func (s *Server) Start() error {
	settings := append([]string{"listen_addresses=", "unix_socket_directories=" + s.dir, "fsync=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=80"}, s.settings...)
	args := []string{"-D", s.data()}
	for _, x := range settings {
		args = append(args, "-c", x)
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	c := exec.Command(filepath.Join(s.bin, "postgres"), args...)
	c.Dir, c.SysProcAttr, c.Stdout, c.Stderr = s.dir, s.as, log, log
	if err := c.Start(); err != nil {
		return err
	}
	s.postgres = c
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(startWait); ; <-poll.C {
		err := s.on("postgres", func(context.Context, *pgx.Conn) error { return nil })
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("PostgreSQL does not start: %w: %s", err, text)
		}
	}
}

// Stop ends the server as an administrator does who is in a hurry: open
// transactions are undone.
func (s *Server) Stop() error { return s.stop(syscall.SIGINT) }

// Kill ends the server as a loss of power would, but for what the kernel had:
// the next start recovers.
func (s *Server) Kill() error { return s.stop(syscall.SIGQUIT) }

func (s *Server) stop(how syscall.Signal) error {
	if s.postgres == nil {
		return nil
	}
	c := s.postgres
	s.postgres = nil
	if err := c.Process.Signal(how); err != nil {
		return err
	}
	if err := c.Wait(); err != nil {
		if _, ok := errors.AsType[*exec.ExitError](err); !ok {
			return err
		}
	}
	return nil
}

// end stops the server and removes all of it.
func (s *Server) end() error {
	err := s.stop(syscall.SIGQUIT)
	if s.watch != nil {
		err = errors.Join(err, s.watch.Close())
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// URL gives the URL of a database.
func (s *Server) URL(database string) string {
	return "postgres://akkoord@/" + database + "?host=" + url.QueryEscape(s.dir)
}

// Exec runs statements on a database, past everything else.
func (s *Server) Exec(t testing.TB, database string, statements ...string) {
	t.Helper()
	err := s.on(database, func(ctx context.Context, c *pgx.Conn) error {
		for _, q := range statements {
			if _, err := c.Exec(ctx, q); err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *Server) on(database string, f func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), startWait)
	defer cancel()
	c, err := pgx.Connect(ctx, s.URL(database))
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	return f(ctx, c)
}

const template = "akkoord_template"

// New gives the URL of a new database, a copy of the one that fill made first.
func (s *Server) New(t testing.TB, fill func(ctx context.Context, url string) error) string {
	t.Helper()
	if err := s.fill(fill); err != nil {
		t.Fatal(err)
	}
	name := "t_" + strings.ToLower(rand.Text())
	s.Exec(t, "postgres", "CREATE DATABASE "+name+" TEMPLATE "+template)
	t.Cleanup(func() {
		if s.postgres != nil {
			s.Exec(t, "postgres", "DROP DATABASE "+name+" WITH (FORCE)")
		}
	})
	return s.URL(name)
}

func (s *Server) fill(fill func(ctx context.Context, url string) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.filled {
		return nil
	}
	err := s.on("postgres", func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, "CREATE DATABASE "+template)
		return err
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startWait)
	defer cancel()
	if err := fill(ctx, s.URL(template)); err != nil {
		return err
	}
	s.filled = true
	return nil
}
