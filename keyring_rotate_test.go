package akkoord

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// P26: links outlive the rotation of keys for their stated life; a revoked key
// ends its links at once. The hashes of suppressed addresses and the key of
// the ledger never change.
func TestP26KeysRotate(t *testing.T) {
	keys := testKeyring(t)
	hash, ledger := keys.Hasher().Text("x", "y"), keys.LedgerKey()
	kinds := []LinkKind{LinkConfirm, LinkUnsubscribe, LinkPreferences, LinkView, LinkUndo}
	sign := func(k *Keyring) (out []string) {
		for _, kind := range kinds {
			out = append(out, k.Links().Sign(Link{Kind: kind, Subscriber: id(1)}, noon))
		}
		return out
	}
	works := func(k *Keyring, tokens []string) (n int) {
		for i, token := range tokens {
			if _, err := k.Links().Read(kinds[i], token, noon); err == nil {
				n++
			}
		}
		return n
	}
	old := sign(keys)
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
	newer := sign(keys)
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
