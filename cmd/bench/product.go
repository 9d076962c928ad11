package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// product is an akkoord binary with its database.
type product struct {
	binary  string
	dir     string
	db      string // its URL; empty for a file in the folder
	addr    string // public and admin site
	ops     string // /readyz
	key     string // of the API, with the right of an owner
	running *exec.Cmd
	ended   chan struct{} // closed when the running server has ended
}

// newProduct brings up the database of an akkoord binary and makes an API key.
func newProduct(ctx context.Context, dir, binary, db string) (*product, error) {
	p := &product{binary: binary, dir: dir, db: cmp.Or(db, "sqlite:"+filepath.Join(dir, "bench.db"))}
	var err error
	if p.addr, err = freeAddr(); err != nil {
		return nil, err
	}
	if p.ops, err = freeAddr(); err != nil {
		return nil, err
	}
	if _, err := p.command(ctx, "migrate"); err != nil {
		return nil, err
	}
	p.key, err = p.command(ctx, "key", "add", "--name", "bench", "--role", "owner", "--reason", "measure this installation")
	return p, err
}

// another is one more node on the same database, with ports of its own.
func (p *product) another() (*product, error) {
	node := &product{binary: p.binary, dir: p.dir, db: p.db, key: p.key}
	var err error
	if node.addr, err = freeAddr(); err != nil {
		return nil, err
	}
	node.ops, err = freeAddr()
	return node, err
}

// build compiles ./cmd/akkoord of the module that the bench is started in.
func build(ctx context.Context, to string) error {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "akkoord").Output()
	if err != nil {
		return errors.New("build akkoord: start the bench inside its repository, or name a binary with -akkoord")
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", to, "./cmd/akkoord")
	cmd.Dir = strings.TrimSpace(string(root))
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build akkoord: %w\n%s", err, bytes.TrimSpace(out))
	}
	return nil
}

// freeAddr finds a port of loopback that is free now. The links in mails hold
// it, so it must be known before the server listens.
func freeAddr() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

// environ is the environment of akkoord: the caller's without its AKKOORD
// settings, and the settings of the measurement.
func (p *product) environ(extra ...string) []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "AKKOORD_") {
			env = append(env, kv)
		}
	}
	return append(append(env,
		"AKKOORD_LISTEN="+p.addr,
		"AKKOORD_URL=http://"+p.addr,
		"AKKOORD_OPS_LISTEN="+p.ops,
		"AKKOORD_DATABASE="+p.db,
		"AKKOORD_SECRET_FILE="+filepath.Join(p.dir, "bench.key"),
		"AKKOORD_FROM=\"Zonvaart Reizen\" <nieuws@zonvaart.example>",
		"AKKOORD_CONTROLLER=Zonvaart Reizen B.V.",
		"AKKOORD_POSTAL_ADDRESS=Perronlaan 1, 3511 AB Utrecht",
		"AKKOORD_PRIVACY_CONTACT=privacy@zonvaart.example",
		"AKKOORD_SIGNUPS_PER_IP=0",
	), extra...)
}

// command runs a subcommand to its end and gives what it printed.
func (p *product) command(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, p.binary, args...)
	cmd.Dir, cmd.Env = p.dir, p.environ()
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("akkoord %s: %w: %s", args[0], err, tail(complaint.Bytes()))
	}
	return strings.TrimSpace(string(out)), nil
}

// serve starts the server with settings beside those of environ, and gives the
// time from the start of the process to its first good answer to path.
func (p *product) serve(ctx context.Context, path string, extra ...string) (time.Duration, error) {
	log, err := os.OpenFile(p.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, fmt.Errorf("akkoord serve: %w", err)
	}
	defer log.Close()
	cmd := exec.CommandContext(ctx, p.binary, "serve")
	cmd.Dir, cmd.Env = p.dir, p.environ(extra...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("akkoord serve: %w", err)
	}
	p.running, p.ended = cmd, make(chan struct{})
	go func() {
		cmd.Wait() // an early end is told by awaitAnswer, with the log
		close(p.ended)
	}()
	if err := p.awaitAnswer(ctx, path); err != nil {
		return 0, errors.Join(err, p.stop())
	}
	return time.Since(start), nil
}

func (p *product) logFile() string { return filepath.Join(p.dir, "serve.log") }

func (p *product) awaitAnswer(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	base := "http://" + p.addr
	if path == "/readyz" {
		base = "http://" + p.ops
	}
	last := errors.New("no connection")
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
			last = errors.New(response.Status)
		}
		select {
		case <-p.ended:
			return fmt.Errorf("akkoord serve ended: %s", p.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("akkoord serve does not answer GET %s: %w: %s", path, last, p.lastWords())
		case <-time.After(time.Millisecond):
		}
	}
}

// lastWords are the end of the server's log.
func (p *product) lastWords() string {
	b, err := os.ReadFile(p.logFile())
	if err != nil {
		return err.Error()
	}
	return tail(b)
}

func tail(b []byte) string {
	b = bytes.TrimSpace(b)
	return string(b[max(0, len(b)-600):])
}

func (p *product) pid() int { return p.running.Process.Pid }

// stop ends the server as an operator does, by SIGTERM, and kills it if it
// has not ended after 20 seconds.
func (p *product) stop() error {
	if p.running == nil {
		return nil
	}
	running := p.running
	p.running = nil
	if err := running.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop akkoord: %w", err)
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(20 * time.Second):
	}
	running.Process.Kill()
	<-p.ended
	return errors.New("stop akkoord: SIGTERM did not end it within 20 s")
}
