package main

import (
	"bytes"
	"crypto/rand"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"akkoord"
)

// P26: a server takes the keys of a file that was replaced; one that can't be
// used is told of once, and nothing changes.
func TestAServerReadsItsKeyFileAnewP26(t *testing.T) {
	d := databaseSettings{Database: "sqlite:" + filepath.Join(t.TempDir(), "a.db"), SecretFile: filepath.Join(t.TempDir(), "akkoord.key")}
	keys, err := d.keyring(true)
	if err != nil {
		t.Fatal(err)
	}
	var told bytes.Buffer
	node := func() *keyFile {
		return &keyFile{settings: d, links: keys.Links(), now: time.Now, log: slog.New(slog.NewTextHandler(&told, nil)), keys: keys}
	}
	a, b := node(), node()
	reads := func(f *keyFile, token string) bool {
		_, err := f.links.Read(akkoord.LinkUnsubscribe, token, time.Now())
		return err == nil
	}
	sign := func(k *akkoord.Keyring) string {
		return k.Links().Sign(akkoord.Link{Kind: akkoord.LinkUnsubscribe, Subscriber: akkoord.ID{1}}, time.Now())
	}
	old := sign(keys)
	if _, err := a.Rotate(""); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Rotate(keys.Keys()[0].ID); err != nil {
		t.Fatal(err)
	}
	if reads(a, old) || !reads(b, old) {
		t.Error("the revoked key counts here, or does not yet elsewhere")
	}
	b.look()
	fresh := sign(a.keys)
	if reads(b, old) || !reads(b, fresh) {
		t.Error("another node did not follow")
	}
	good, err := os.ReadFile(d.SecretFile)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := akkoord.NewKeyring(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := stranger.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string][]byte{"another installation": other, "cut short": good[:len(good)/2], "empty": nil} {
		told.Reset()
		if err := os.WriteFile(d.SecretFile, text, 0o600); err != nil {
			t.Fatal(err)
		}
		b.look()
		b.look()
		if !reads(b, fresh) || strings.Count(told.String(), "can't be used") != 1 {
			t.Errorf("%s: %s", what, told.String())
		}
		if _, err := b.Rotate(""); err == nil {
			t.Errorf("%s: it was rotated", what)
		}
		if err := os.WriteFile(d.SecretFile, good, 0o600); err != nil {
			t.Fatal(err)
		}
		if b.look(); b.told != "" {
			t.Errorf("%s: the right file that was put back is told of as %s", what, b.told)
		}
	}
	if err := os.Remove(d.SecretFile); err != nil {
		t.Fatal(err)
	}
	if b.look(); !reads(b, fresh) {
		t.Error("without a file the keys in use are gone")
	}
	if err := os.WriteFile(d.SecretFile, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if b.look(); !reads(b, fresh) || b.told != "" {
		t.Error("put back it is not taken")
	}
}

// leavingBy asks a process for the page of a leaving link, which answers 200 to
// whatever it signed, and 404 to all else.
func (in *installation) leavingBy(token string) int {
	in.t.Helper()
	res, err := client.Get(in.base() + "/unsubscribe/" + token)
	in.must(err)
	in.must(res.Body.Close())
	return res.StatusCode
}

// P26: of rotations at once by nodes that share the file none is lost.
func TestRotationsAtOnceUndoNoneOfThemP26(t *testing.T) {
	d := databaseSettings{Database: "sqlite:" + filepath.Join(t.TempDir(), "a.db"), SecretFile: filepath.Join(t.TempDir(), "akkoord.key")}
	keys, err := d.keyring(true)
	if err != nil {
		t.Fatal(err)
	}
	var nodes sync.WaitGroup
	const each = 10
	for range 4 {
		node := &keyFile{settings: d, links: keys.Links(), now: time.Now, log: slog.New(slog.DiscardHandler), keys: keys}
		nodes.Go(func() {
			for range each {
				if _, err := node.Rotate(""); err != nil {
					t.Error(err)
				}
			}
		})
	}
	nodes.Wait()
	now, err := d.keyring(false)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(now.Keys()); n != 1+4*each {
		t.Errorf("the file has %d keys, want the first and %d more", n, 4*each)
	}
}

// P26: keys are rotated and revoked beside running servers: by the API on
// SQLite, where a command names it, and by either with several nodes.
func TestKeysRotateBesideARunningServerP26(t *testing.T) {
	eachDatabase(t, func(t *testing.T, database string) {
		in := installOn(t, database, "")
		token := func() (string, string) {
			keys, err := databaseSettings{SecretFile: in.path("akkoord.key")}.keyring(false)
			in.must(err)
			all := keys.Keys()
			return keys.Links().Sign(akkoord.Link{Kind: akkoord.LinkUnsubscribe, Subscriber: akkoord.ID{1}}, time.Now().Add(-time.Hour)), all[0].ID
		}
		old, kid := token()
		in.start()
		nodes := []*installation{in}
		if database != ownFile {
			nodes = append(nodes, in.another())
			nodes[1].start()
		}
		all := func(what string, want int) {
			t.Helper()
			for _, n := range nodes {
				n.until(what, func() bool { return n.leavingBy(old) == want })
			}
		}
		out, err := in.command(t.Context(), "keys", "rotate").CombinedOutput()
		if database == ownFile {
			if err == nil || !strings.Contains(string(out), "use POST /api/v1/keys/rotate") {
				t.Errorf("the command beside a server: %v %s", err, out)
			}
		} else if err != nil {
			t.Errorf("the command beside servers: %v %s", err, out)
		}
		in.must(in.api("POST", "/keys/rotate", map[string]string{"reason": "once a year"}, nil))
		all("links of older keys to work", http.StatusOK)
		in.must(in.api("POST", "/keys/rotate", map[string]string{"reason": "leaked", "revoke": kid, "confirm": kid}, nil))
		if got := in.leavingBy(old); got != http.StatusNotFound {
			t.Errorf("a revoked key is answered %d", got)
		}
		all("the revoked key to end on each node", http.StatusNotFound)
	})
}
