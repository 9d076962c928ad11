package akkoord

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"io"
)

// Sealer encrypts small secrets under a key that is not in the database, so that
// whoever has the database alone can't read them. AES-256-GCM (NIST SP 800-38D)
// with a random nonce.
type Sealer struct {
	aead   cipher.AEAD
	random io.Reader
}

// Sealer makes the keyring's Sealer; nonces are read from random.
func (k *Keyring) Sealer(random io.Reader) (Sealer, error) {
	block, err := aes.NewCipher(k.Derive("seal"))
	if err != nil {
		return Sealer{}, fmt.Errorf("key of sealed secrets: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	return Sealer{aead, random}, err
}

// Seal encrypts a secret for a label: whose it is and what for. Open has to be
// given the same, so that a secret can't be put in another's place.
func (s Sealer) Seal(secret []byte, label string) ([]byte, error) {
	nonce := make([]byte, s.aead.NonceSize())
	if _, err := io.ReadFull(s.random, nonce); err != nil {
		return nil, fmt.Errorf("seal a secret: %w", err)
	}
	return s.aead.Seal(nonce, nonce, secret, []byte(label)), nil
}

// Open gives a secret that Seal encrypted for the same label.
func (s Sealer) Open(sealed []byte, label string) ([]byte, error) {
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return nil, fmt.Errorf("open a secret: it is too short")
	}
	return s.aead.Open(nil, sealed[:n], sealed[n:], []byte(label))
}
