package akkoord

import (
	"crypto/hmac"
	"slices"
)

// SameRoot reports whether both are keyrings of one installation: then they differ
// in signing keys alone.
func (k *Keyring) SameRoot(other *Keyring) bool { return hmac.Equal(k.root, other.root) }

// Keys gives the signing keys without their secrets, oldest first. The last
// one signs, from SigningDelay after it was made on; all verify.
func (k *Keyring) Keys() []SigningKey {
	keys := slices.Clone(k.signing)
	for i := range keys {
		keys[i].Secret = nil
	}
	return keys
}

// Revoke ends a signing key: no link that it signed works any more. The key
// that signs can't be revoked before another one signs (Rotate). A key that
// is not there is NotFound.
func (k *Keyring) Revoke(kid string) error {
	i := slices.IndexFunc(k.signing, func(s SigningKey) bool { return s.ID == kid })
	if i < 0 {
		return Errorf(NotFound, "not_found", "There is no signing key %q.", kid)
	}
	if i == len(k.signing)-1 {
		return Errorf(Conflict, "key_signs", "This key signs; make a new one first.")
	}
	k.signing = slices.Delete(slices.Clone(k.signing), i, i+1)
	return nil
}
