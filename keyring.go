package akkoord

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"sync"
	"time"
)

// Keyring holds the secrets of an installation. It lives in a file outside the
// database (AKKOORD_SECRET_FILE), so that a stolen database proves nothing and
// forges nothing. The root secret is never rotated, since the hashes of
// suppressed addresses depend on it; signing secrets are.
type Keyring struct {
	root    []byte
	signing []SigningKey
}

// SigningKey is a secret that signs links, with the id that tokens carry.
type SigningKey struct {
	ID      string    `json:"kid"`
	Secret  []byte    `json:"secret"`
	Created time.Time `json:"created"`
}

type keyringFile struct {
	Version int          `json:"version"`
	Root    []byte       `json:"root"`
	Signing []SigningKey `json:"signing"`
}

const secretSize = 32

// NewKeyring makes a keyring with one signing key.
func NewKeyring(now time.Time, random io.Reader) (*Keyring, error) {
	k := &Keyring{root: make([]byte, secretSize)}
	if _, err := io.ReadFull(random, k.root); err != nil {
		return nil, err
	}
	return k, k.Rotate(now, random)
}

// Rotate adds a signing key, which begins to sign after SigningDelay. Older keys
// still verify.
func (k *Keyring) Rotate(now time.Time, random io.Reader) error {
	secret, id := make([]byte, secretSize), make([]byte, 5)
	if _, err := io.ReadFull(random, secret); err != nil {
		return err
	}
	if _, err := io.ReadFull(random, id); err != nil {
		return err
	}
	kid := strings.ToLower(base32.StdEncoding.EncodeToString(id))
	k.signing = append(k.signing, SigningKey{ID: kid, Secret: secret, Created: now.UTC()})
	return nil
}

// ParseKeyring reads what Encode wrote.
func ParseKeyring(b []byte) (*Keyring, error) {
	var f keyringFile
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, errors.New("the secret file is not a key file of Akkoord; restore it from a backup, or move it away to start anew")
	}
	if f.Version != 1 || len(f.Root) != secretSize || len(f.Signing) == 0 {
		return nil, errors.New("the secret file is incomplete or of a newer version; restore it from a backup")
	}
	for _, s := range f.Signing {
		if s.ID == "" || len(s.Secret) != secretSize {
			return nil, errors.New("the secret file holds a signing key that is cut short; restore it from a backup")
		}
	}
	return &Keyring{root: f.Root, signing: f.Signing}, nil
}

// Encode gives the keyring as the text of its file.
func (k *Keyring) Encode() ([]byte, error) {
	b, err := json.MarshalIndent(keyringFile{Version: 1, Root: k.root, Signing: k.signing}, "", "  ")
	return append(b, '\n'), err
}

// Derive gives a 32-byte key for one use, from the secret that never rotates.
func (k *Keyring) Derive(use string) []byte { return derive(k.root, use) }

func derive(secret []byte, use string) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, "akkoord/"+use, secretSize)
	if err != nil {
		panic(fmt.Sprintf("akkoord: hkdf: %v", err)) // only for absurd lengths
	}
	return key
}

// LedgerKey gives the Ed25519 key that signs the heads of the ledger.
func (k *Keyring) LedgerKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(k.Derive("ledger-head"))
}

// Hasher makes the keyed hashes of addresses.
func (k *Keyring) Hasher() Hasher {
	key := k.Derive("email-hash")
	return Hasher{&sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

// Hasher makes keyed hashes of addresses (HMAC-SHA-256, requirements-mail
// I.1). Without its key a hash can't be led back to an address by guessing.
type Hasher struct{ macs *sync.Pool } // of hash.Hash with the key: a reset one costs a third of a new one

// AddressHash is the keyed hash of an address or of a mailbox.
type AddressHash [sha256.Size]byte

// Person hashes the spelling that identifies a person.
func (h Hasher) Person(e Email) AddressHash { return h.sum("person:" + e.Key()) }

// Mailbox hashes the spelling that identifies a mailbox, for limits.
func (h Hasher) Mailbox(e Email) AddressHash { return h.sum("mailbox:" + e.AbuseKey()) }

// Text hashes any other text under a label, e.g. an IP address.
func (h Hasher) Text(label, text string) AddressHash { return h.sum(label + ":" + text) }

func (h Hasher) sum(s string) (out AddressHash) {
	mac := h.macs.Get().(hash.Hash)
	defer h.macs.Put(mac)
	mac.Reset()
	io.WriteString(mac, s)
	mac.Sum(out[:0])
	return out
}
