package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"akkoord"
	"akkoord/store"
)

type keysRotateCommand struct {
	databaseSettings
	Revoke string `help:"End the key with this id too, which is in wrong hands: every link that it signed is dead at once." placeholder:"KID"`
	Yes    bool   `help:"Don't ask before a key is revoked; needed where nobody can be asked."`
}

// Run replaces the key file. Servers that run on PostgreSQL read it anew within
// seconds; on SQLite one that runs is asked over its API. The secret that
// hashes of suppressed addresses are made with never changes.
func (c *keysRotateCommand) Run(ctx context.Context, std streams) error {
	cfg, err := c.installedConfig(ctx)
	if err != nil {
		return err
	}
	keys := cfg.Keyring
	if err := c.check(keys); err != nil {
		return err
	}
	st, err := store.Open(ctx, cfg)
	if errors.Is(err, store.ErrInUse) {
		return fmt.Errorf("%w; use POST /api/v1/keys/rotate", err)
	}
	if err != nil {
		return err
	}
	defer st.Close()
	if c.Revoke != "" {
		if err := c.agree(keys, std); err != nil {
			return err
		}
	}
	if keys, _, err = c.rotate(keys, c.Revoke, time.Now()); err != nil {
		return err
	}
	if err := st.Audit(ctx, commandActor, "keys.rotate", "keys", c.note(keys)); err != nil {
		return fmt.Errorf("the keys are changed, but the audit trail has no line about it: %w", err)
	}
	c.tell(keys, std)
	return nil
}

func (c *keysRotateCommand) check(keys *akkoord.Keyring) error {
	if c.Revoke == "" {
		return nil
	}
	var ids []string
	for _, k := range keys.Keys() {
		if k.ID == c.Revoke {
			return nil
		}
		ids = append(ids, k.ID)
	}
	return usageError{fmt.Errorf("there is no signing key %q; there are %s", c.Revoke, strings.Join(ids, ", "))}
}

// agree says what revoking does, before it is done. On a terminal it asks.
func (c *keysRotateCommand) agree(keys *akkoord.Keyring, std streams) error {
	all := keys.Keys()
	until := "now"
	for i, k := range all {
		if k.ID != c.Revoke {
			continue
		}
		if i+1 < len(all) {
			until = all[i+1].Created.Format(time.DateTime)
		}
		fmt.Fprintf(std.err, "Key %s signed the links of all mails from %s to %s (UTC). Revoking it ends them at once and for good: links to confirm, to leave, to see and change one's choices. Who follows one sees that it no longer works. People can still leave by a newer mail, and you must act on those who write to you.\n",
			k.ID, k.Created.Format(time.DateTime), until)
	}
	if c.Yes {
		return nil
	}
	if !terminal(std.in) {
		return usageError{fmt.Errorf("nobody can be asked here whether to revoke %s, so nothing was changed; say --yes", c.Revoke)}
	}
	fmt.Fprintf(std.err, "Type %s to revoke it: ", c.Revoke)
	answer, err := bufio.NewReader(std.in).ReadString('\n')
	if strings.TrimSpace(answer) != c.Revoke {
		return errors.Join(errors.New("nothing was changed"), err)
	}
	return nil
}

// terminal reports whether somebody can be asked.
func terminal(in io.Reader) bool {
	f, ok := in.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// note says what was done, for the audit trail.
func (c *keysRotateCommand) note(keys *akkoord.Keyring) string {
	all := keys.Keys()
	note := "signs now: " + all[len(all)-1].ID
	if c.Revoke != "" {
		note += "; revoked: " + c.Revoke
	}
	return note
}

func (c *keysRotateCommand) tell(keys *akkoord.Keyring, std streams) {
	all := keys.Keys()
	for _, k := range all[:len(all)-1] {
		fmt.Fprintf(std.out, "%s  of %s UTC, kept: its links keep working\n", k.ID, k.Created.Format(time.DateTime))
	}
	if c.Revoke != "" {
		fmt.Fprintf(std.out, "%s  revoked: its links are dead. Backups of %s from before still hold it; don't put them back\n", c.Revoke, c.SecretFile)
	}
	newest := all[len(all)-1]
	fmt.Fprintf(std.out, "%s  of %s UTC, new: signs from 5 minutes after that\n", newest.ID, newest.Created.Format(time.DateTime))
	fmt.Fprintf(std.out, "Back up %s again. Servers that run read it anew by themselves; with several nodes that don't share it copy it to each within these minutes.\n", c.SecretFile)
}

// replacePrivate is replaceWith for bytes that are at hand.
func replacePrivate(path string, b []byte) error {
	return replaceWith(path, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// unused refuses to write over a file without being told to, before any work is
// done. No path is fine.
func unused(path string, force bool) error {
	if path == "" || force {
		return nil
	}
	if _, err := os.Lstat(path); err == nil {
		return usageError{fmt.Errorf("%s exists; choose another name, or give --force to replace it", path)}
	}
	return nil
}

// replaceWith writes a file durably for its owner alone, in place of the
// one that may be there: whoever reads it sees the old one or the new one,
// whole. A link is followed, and the owner of the old one kept.
func replaceWith(path string, write func(io.Writer) error) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	old, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s can't be replaced: %w", path, err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("%s can't be written: %w", path, err)
	}
	defer os.Remove(f.Name()) // fails when it has its name
	defer f.Close()
	if old != nil {
		if s, ok := old.Sys().(*syscall.Stat_t); ok && int(s.Uid) != os.Geteuid() {
			if err := f.Chown(int(s.Uid), int(s.Gid)); err != nil {
				return fmt.Errorf("%s belongs to another user: run this as that user", path)
			}
		}
	}
	if err := write(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
