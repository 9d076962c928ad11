package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"akkoord"
)

// keyPoll is how often a server looks whether its key file is another one. It is
// a small part of akkoord.SigningDelay.
const keyPoll = 5 * time.Second

// keyFile is the key file of a running server. Whoever replaces it, here or on
// another node that shares it, the server goes over to its signing keys.
type keyFile struct {
	settings databaseSettings
	links    *akkoord.Links
	now      func() time.Time
	log      *slog.Logger

	mu   sync.Mutex
	keys *akkoord.Keyring // in use
	text []byte           // of the file that they came from; nil: not looked at yet
	told string           // what was wrong with the file, and told of
}

// run looks at the file until ctx ends.
func (f *keyFile) run(ctx context.Context) error {
	tick := time.NewTicker(keyPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			f.look()
		}
	}
}

// look takes over the keys of a file that was replaced. One that can't be used
// is told of once, and the keys in use stay.
func (f *keyFile) look() {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.take()
	if err == nil {
		f.told = ""
	} else if f.told != err.Error() {
		f.told = err.Error()
		f.log.Error("the key file can't be used; links are signed and read with the keys of before", "error", err)
	}
}

func (f *keyFile) take() error {
	text, err := os.ReadFile(f.settings.SecretFile)
	if err == nil && bytes.Equal(text, f.text) {
		return nil
	}
	keys, err := f.settings.keyring(false) // which says what is wrong
	if err != nil {
		return err
	}
	if !f.keys.SameRoot(keys) {
		return errors.New("it is that of another installation")
	}
	f.use(keys, text)
	all := keys.Keys()
	f.log.Info("signing keys were read anew", "keys", len(all), "newest", all[len(all)-1].ID)
	return nil
}

func (f *keyFile) use(keys *akkoord.Keyring, text []byte) {
	f.keys, f.text = keys, text
	f.links.Renew(keys)
}

// Rotate adds a signing key to the file and ends the one with the id revoke,
// where that is not empty. What is used here follows at once, other nodes when
// they next look.
func (f *keyFile) Rotate(revoke string) ([]akkoord.SigningKey, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	keys, text, err := f.settings.rotate(f.keys, revoke, f.now())
	if errors.Is(err, errKeyFile) {
		f.log.Error("the key file can't be replaced", "error", err)
		return nil, akkoord.Errorf(akkoord.Conflict, "key_file", "The server can't write its key file, so nothing was changed. Run akkoord keys rotate where it can be written, and put the file back; running servers read it anew.")
	}
	if err != nil {
		return nil, err
	}
	f.use(keys, text)
	return keys.Keys(), nil
}

// rotate replaces the key file, which has the root of the keys in use, by one with
// a new signing key, and without the one to revoke, if there is one. It gives what
// the file holds now; errKeyFile where it can't be written.
func (d databaseSettings) rotate(used *akkoord.Keyring, revoke string, now time.Time) (keys *akkoord.Keyring, text []byte, err error) {
	err = alone(d.SecretFile, func() error {
		if keys, err = d.keyring(false); err != nil { // of the file: another node may have changed it just now
			return err
		}
		if !used.SameRoot(keys) {
			return akkoord.Errorf(akkoord.Conflict, "key_file", "The key file is that of another installation; nothing was changed.")
		}
		if err := keys.Rotate(now, rand.Reader); err != nil {
			return err
		}
		if revoke != "" {
			if err := keys.Revoke(revoke); err != nil {
				return err
			}
		}
		if text, err = keys.Encode(); err != nil {
			return err
		}
		if err := replacePrivate(d.SecretFile, text); err != nil {
			return fmt.Errorf("%w: %w", errKeyFile, err)
		}
		return nil
	})
	return keys, text, err
}

var errKeyFile = errors.New("the key file can't be replaced")

// lockWait is how long a change of the key file waits for another at most.
const lockWait = 5 * time.Second

// alone runs a change of a key file while no other process changes it: of two
// rotations at once the second would lose the key, or bring back the revoked
// one, of the first. The lock is on a file beside it, which a shared disk passes on
// to the other machines.
func alone(path string, change func() error) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("%w: %w", errKeyFile, err)
	}
	defer lock.Close()
	for end := time.Now().Add(lockWait); ; {
		err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return change()
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(end) {
			return fmt.Errorf("%w: another process changes it (%w)", errKeyFile, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
