package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"akkoord"
)

// keyring reads the master key. Where there is none yet, mayMake makes it; an
// installation whose database exists never gets a new one, since the hashes
// of suppressed addresses would no longer match (requirements-mail I.8).
func (d databaseSettings) keyring(mayMake bool) (*akkoord.Keyring, error) {
	b, err := os.ReadFile(d.SecretFile)
	if errors.Is(err, fs.ErrNotExist) && mayMake {
		return d.makeKeyring()
	}
	if err != nil {
		return nil, fmt.Errorf("the master key %s can't be read; restore it from your backup, or set AKKOORD_SECRET_FILE", d.SecretFile)
	}
	info, err := os.Stat(d.SecretFile)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("others can read the master key %s; run: chmod 600 %s", d.SecretFile, d.SecretFile)
	}
	return akkoord.ParseKeyring(b)
}

func (d databaseSettings) makeKeyring() (*akkoord.Keyring, error) {
	path, err := d.databasePath()
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && info.Size() > 0 && path != d.SecretFile {
		return nil, fmt.Errorf("the database %s exists and its master key %s does not; restore the key from your backup, nothing is sent without it", path, d.SecretFile)
	}
	keys, err := akkoord.NewKeyring(time.Now(), rand.Reader)
	if err != nil {
		return nil, err
	}
	b, err := keys.Encode()
	if err != nil {
		return nil, err
	}
	return keys, writePrivate(d.SecretFile, b)
}

// writePrivate writes a new file durably, for its owner alone.
func writePrivate(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("%s can't be made: %w", path, err)
	}
	defer f.Close()
	if _, err := f.Write(b); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
