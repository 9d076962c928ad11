// Package sqlitetest gives tests a SQLite database of their own: a new file
// that holds the schema, copied from one that was made once for the test
// binary. Making it anew for each test took more than a third of their time.
package sqlitetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// template is the file of this test binary that is copied.
var template struct {
	once sync.Once
	data []byte
	err  error
}

// New gives the URL of a new database in a folder of the test. fill makes its
// schema; it is called once, and what it made is copied.
func New(t testing.TB, fill func(ctx context.Context, url string) error) string {
	t.Helper()
	return At(t, filepath.Join(t.TempDir(), "akkoord.db"), fill)
}

// At is New for a file of the test's choice, which may not exist yet.
func At(t testing.TB, path string, fill func(ctx context.Context, url string) error) string {
	t.Helper()
	template.once.Do(func() { template.data, template.err = made(fill) })
	if template.err != nil {
		t.Fatal(template.err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(template.data)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

func made(fill func(ctx context.Context, url string) error) ([]byte, error) {
	dir, err := os.MkdirTemp("", "akkoord-sqlite-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "akkoord.db")
	if err := fill(context.Background(), "sqlite:"+path); err != nil {
		return nil, err
	}
	if log, err := os.Stat(path + "-wal"); err == nil && log.Size() > 0 {
		return nil, errors.New("the schema is not whole in its file: its log still holds some of it")
	}
	return os.ReadFile(path)
}
