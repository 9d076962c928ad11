package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// fileLock keeps a second process off the database. It locks the file itself,
// so that another path to the same file, a symbolic or hard link or a bind
// mount, meets the same lock; the kernel drops it when the process dies.
type fileLock struct{ f *os.File }

// ErrInUse is wrapped by the error of Open when another process holds the
// database.
var ErrInUse = errors.New("the database is in use")

func lockFile(ctx context.Context, path string) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the database %s can't be opened: %w", path, err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return &fileLock{f}, nil
	}
	f.Close()
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("the database %s can't be locked (%w); put it on a local disk", path, err)
	}
	return nil, fmt.Errorf("%w by %s: %s", ErrInUse, holder(ctx, path), path)
}

// holder reads who registered in the file.
func holder(ctx context.Context, path string) string {
	const nobody = "another process"
	db, err := sql.Open("sqlite", readDSN(path, readerCacheKiB))
	if err != nil {
		return nobody
	}
	defer db.Close()
	var pid int
	var host string
	if err := db.QueryRowContext(ctx, `SELECT pid, host FROM instance WHERE id = 1`).Scan(&pid, &host); err != nil {
		return nobody
	}
	return fmt.Sprintf("process %d on %s", pid, host)
}

// Close gives the lock up. It must come after the database is closed:
// closing this descriptor drops SQLite's own locks on the file.
func (l *fileLock) Close() error { return l.f.Close() }
