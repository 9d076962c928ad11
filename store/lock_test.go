package store_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/store"
	"akkoord/store/pgtest"
	"akkoord/store/sqlitetest"
	"akkoord/store/storetest"
)

// holdVariable names the database that a child of the test holds.
const holdVariable = "AKKOORD_TEST_HOLD"

func TestMain(m *testing.M) {
	if path := os.Getenv(holdVariable); path != "" {
		os.Exit(hold(path))
	}
	os.Exit(pgtest.Main(m))
}

// hold opens a database, stores a purpose, says so, and waits to be killed.
func hold(path string) int {
	keyring, err := os.ReadFile(path + ".key")
	if err != nil {
		return 1
	}
	cfg := store.Config{Database: "sqlite:" + path}
	if cfg.Keyring, err = akkoord.ParseKeyring(keyring); err != nil {
		return 1
	}
	return holdUntilKilled(cfg)
}

func TestASecondProcessIsRefusedByEveryPath(t *testing.T) { // P18
	cfg, _ := storetest.Config(t)
	dir := t.TempDir()
	cfg.Database = "sqlite:" + filepath.Join(dir, "akkoord.db")
	s := reopen(t, cfg)
	hard, soft := filepath.Join(dir, "hard.db"), filepath.Join(dir, "soft.db")
	if err := errors.Join(os.Link(cfg.File(), hard), os.Symlink(cfg.File(), soft)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{cfg.File(), dir + "/./akkoord.db", hard, soft} {
		second := cfg
		second.Database = "sqlite:" + path
		got, err := store.Open(t.Context(), second)
		if err == nil {
			got.Close()
		}
		if !errors.Is(err, store.ErrInUse) || !strings.Contains(err.Error(), fmt.Sprintf("process %d on", os.Getpid())) {
			t.Errorf("opening %s gave %v", filepath.Base(path), err)
		}
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("after the refusals the first store is not ready: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := reopen(t, cfg).Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAKilledProcessLeavesNoLockAndAllThatItAcknowledged(t *testing.T) { // P01, P18
	cfg, _ := storetest.Config(t)
	cfg.Database = sqlitetest.New(t, store.Migrate)
	key, err := cfg.Keyring.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cfg.File()+".key", key, 0o600); err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), holdVariable+"="+cfg.File())
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait()
	defer child.Process.Kill()
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "stored\n" {
		t.Fatalf("the child said %q, %v", line, err)
	}
	if s, err := store.Open(t.Context(), cfg); !errors.Is(err, store.ErrInUse) || !strings.Contains(err.Error(), fmt.Sprintf("process %d on", child.Process.Pid)) {
		if s != nil {
			s.Close()
		}
		t.Errorf("beside the child opening gave %v", err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	child.Wait()
	s := reopen(t, cfg)
	if _, err := s.Purpose(t.Context(), "travel-news"); err != nil {
		t.Errorf("what the killed process acknowledged: %v", err)
	}
}

func holdUntilKilled(cfg store.Config) int {
	cfg.Now, cfg.Random, cfg.Log = time.Now, rand.Reader, slog.New(slog.DiscardHandler)
	ctx := context.Background()
	s, err := store.Open(ctx, cfg)
	if err != nil {
		return 1
	}
	if _, err := s.PutPurpose(ctx, storetest.Admin, storetest.Purpose("travel-news")); err != nil {
		return 1
	}
	fmt.Println("stored")
	io.Copy(io.Discard, os.Stdin) // until the end
	return 0
}
