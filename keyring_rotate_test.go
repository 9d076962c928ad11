package akkoord

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// P26: links outlive the rotation of keys for their stated life; a revoked key
// ends its links at once. The hashes of suppressed addresses and the key of
// the ledger never change.
func TestP26KeysRotate(t *testing.T) {
	keys := testKeyring(t)
	hash, ledger := keys.Hasher().Text("x", "y"), keys.LedgerKey()
	kinds := []LinkKind{LinkConfirm, LinkUnsubscribe, LinkPreferences, LinkView, LinkUndo}
	sign := func(k *Keyring, at time.Time) (out []string) {
		for _, kind := range kinds {
			out = append(out, k.Links().Sign(Link{Kind: kind, Subscriber: id(1)}, at))
		}
		return out
	}
	works := func(k *Keyring, tokens []string) (n int) {
		for i, token := range tokens {
			if _, err := k.Links().Read(kinds[i], token, noon.Add(SigningDelay)); err == nil {
				n++
			}
		}
		return n
	}
	old := sign(keys, noon)
	oldest := keys.Keys()[0].ID
	if err := keys.Revoke(oldest); KindOf(err) != Conflict {
		t.Errorf("revoking the key that signs: %v", err)
	}
	if err := keys.Rotate(noon, rand.Reader); err != nil {
		t.Fatal(err)
	}
	text, err := keys.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if keys, err = ParseKeyring(text); err != nil {
		t.Fatal(err)
	}
	newer := sign(keys, noon.Add(SigningDelay))
	if works(keys, old) != len(kinds) || works(keys, newer) != len(kinds) {
		t.Errorf("after a rotation %d old and %d new links work", works(keys, old), works(keys, newer))
	}
	if _, err := keys.Links().Read(LinkConfirm, old[0], noon.Add(Limits.ConfirmWindow+2*linkLeeway)); KindOf(err) != Expired {
		t.Errorf("an old link to confirm past its time: %v", err)
	}
	if _, err := keys.Links().Read(LinkUnsubscribe, old[1], noon.AddDate(20, 0, 0)); err != nil {
		t.Errorf("an old link to leave after 20 years: %v", err)
	}
	if err := keys.Revoke("nothing"); KindOf(err) != NotFound {
		t.Errorf("revoking a key that is not there: %v", err)
	}
	if err := keys.Revoke(oldest); err != nil {
		t.Fatal(err)
	}
	if works(keys, old) != 0 || works(keys, newer) != len(kinds) {
		t.Errorf("after revoking %d old and %d new links work", works(keys, old), works(keys, newer))
	}
	if diff := cmp.Diff(hash, keys.Hasher().Text("x", "y")); diff != "" || !ledger.Equal(keys.LedgerKey()) {
		t.Error("the hashes or the key of the ledger changed")
	}
	for _, k := range keys.Keys() {
		if k.Secret != nil || strings.Contains(k.ID, oldest) {
			t.Errorf("the list of keys has %+v", k)
		}
	}
}

// P26: a new key begins to sign when all nodes know it, and reads from the first
// moment on; what signs with the keys of before goes over without a restart.
func TestANewKeySignsWhenAllNodesKnowItP26(t *testing.T) {
	keys := testKeyring(t)
	links, other := keys.Links(), keys.Links()
	signs := func(now time.Time) string {
		token := links.Sign(Link{Kind: LinkUnsubscribe, Subscriber: id(1)}, now)
		if _, err := links.Read(LinkUnsubscribe, token, now); err != nil {
			t.Error(err)
		}
		for _, k := range keys.Keys() {
			if strings.HasPrefix(token, linkHead(k.ID)) {
				return k.ID
			}
		}
		return ""
	}
	old := keys.Keys()[0].ID
	if got := signs(noon); got != old {
		t.Errorf("the only key does not sign at once, but %q", got)
	}
	if err := keys.Rotate(noon, rand.Reader); err != nil {
		t.Fatal(err)
	}
	links.Renew(keys)
	newest := keys.Keys()[1].ID
	for after, want := range map[time.Duration]string{0: old, SigningDelay - time.Second: old, SigningDelay: newest, 1000 * time.Hour: newest} {
		if got := signs(noon.Add(after)); got != want {
			t.Errorf("after %s %q signs, want %q", after, got, want)
		}
	}
	late := links.Sign(Link{Kind: LinkUnsubscribe, Subscriber: id(1)}, noon.Add(SigningDelay))
	if _, err := other.Read(LinkUnsubscribe, late, noon.Add(SigningDelay)); KindOf(err) != NotFound {
		t.Errorf("a node without the key: %v", err)
	}
	other.Renew(keys)
	if _, err := other.Read(LinkUnsubscribe, late, noon.Add(SigningDelay)); err != nil {
		t.Error(err)
	}
	if err := keys.Revoke(old); err != nil {
		t.Fatal(err)
	}
	links.Renew(keys)
	if got := signs(noon); got != newest {
		t.Errorf("with the old key revoked %q signs, want the new one at once", got)
	}
	if keys.SameRoot(testKeyring(t)) || !keys.SameRoot(keys) {
		t.Error("another installation is taken for this one")
	}
}
