package mailer

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"akkoord"
)

// DKIMKey is a private key that mails are signed with, and the selector that
// its public half is published under.
type DKIMKey struct {
	Selector string
	signer   crypto.Signer
}

// Public is the half to publish: *rsa.PublicKey or ed25519.PublicKey.
func (k DKIMKey) Public() crypto.PublicKey { return k.signer.Public() }

// String gives the selector alone; the key never prints.
func (k DKIMKey) String() string { return k.Selector }

// GoString is String, for %#v.
func (k DKIMKey) GoString() string { return k.Selector }

// Warning is a sentence about a key that works but should be replaced (RFC
// 8301 section 3.2), else "".
func (k DKIMKey) Warning() string {
	if pub, ok := k.Public().(*rsa.PublicKey); ok && pub.N.BitLen() < 2048 {
		return fmt.Sprintf("The DKIM key of selector %s has %d bits; make one of 2048.", k.Selector, pub.N.BitLen())
	}
	return ""
}

// ParseDKIM reads the setting AKKOORD_DKIM: selector:key.pem, several with
// commas between. Each file holds an RSA or Ed25519 private key in PKCS #8, or
// an RSA one in PKCS #1. Its errors name the setting and never show a key.
func ParseDKIM(setting string, readFile func(name string) ([]byte, error)) ([]DKIMKey, error) {
	var keys []DKIMKey
	seen := map[string]bool{}
	for part := range strings.SplitSeq(setting, ",") {
		selector, file, ok := strings.Cut(strings.TrimSpace(part), ":")
		if !ok || !selectorValid(selector) || file == "" {
			return nil, badDKIM("write it as selector:key.pem, with commas between several")
		}
		if seen[selector] {
			return nil, badDKIM("selector %s is there twice; each key needs its own", selector)
		}
		seen[selector] = true
		text, err := readFile(file)
		if err != nil {
			return nil, badDKIM("the key file of selector %s can't be read: %v", selector, err)
		}
		signer, err := parseKey(text)
		if err != nil {
			return nil, badDKIM("the key of selector %s %v", selector, err)
		}
		keys = append(keys, DKIMKey{selector, signer})
	}
	return keys, nil
}

func badDKIM(format string, args ...any) error {
	return akkoord.Fieldf("AKKOORD_DKIM", "dkim_setting", format+".", args...)
}

func selectorValid(s string) bool {
	return s != "" && len(s) <= 63 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == "" &&
		!strings.ContainsAny(s[:1]+s[len(s)-1:], "-.")
}

// parseKey refuses RSA keys that verifiers must not accept (E.1, RFC 8301).
func parseKey(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("is no PEM file")
	}
	var key any
	var err error
	if block.Type == "RSA PRIVATE KEY" {
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	} else {
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, fmt.Errorf("can't be read; it must be an RSA key of 1024 bits or more, better 2048, or an Ed25519 key, unencrypted, in PKCS #8 or PKCS #1")
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() < 1024 {
			return nil, fmt.Errorf("has %d bits; receivers ignore RSA keys under 1024, so make one of 2048", k.N.BitLen())
		}
		return k, nil
	case ed25519.PrivateKey:
		return k, nil
	}
	return nil, fmt.Errorf("is neither RSA nor Ed25519")
}

// NewDKIM makes a private key of a kind, in PKCS #8, and its public half as a
// record has it. RSA keys have 2048 bits (mail rule E.1).
func NewDKIM(kind akkoord.DomainKeyKind, random io.Reader) (private, public []byte, err error) {
	if err := akkoord.CheckDomainKeyKind(kind); err != nil {
		return nil, nil, err
	}
	var key any
	if kind == akkoord.DomainKeyRSA {
		made, err := rsa.GenerateKey(random, 2048)
		if err != nil {
			return nil, nil, fmt.Errorf("make an RSA key: %w", err)
		}
		if public, err = x509.MarshalPKIXPublicKey(&made.PublicKey); err != nil {
			return nil, nil, fmt.Errorf("make an RSA key: %w", err)
		}
		key = made
	} else {
		half, made, err := ed25519.GenerateKey(random)
		if err != nil {
			return nil, nil, fmt.Errorf("make an Ed25519 key: %w", err)
		}
		key, public = made, half
	}
	private, err = x509.MarshalPKCS8PrivateKey(key)
	return private, public, err
}

// StoredDKIM reads a key that NewDKIM made.
func StoredDKIM(selector string, private []byte) (DKIMKey, error) {
	key, err := x509.ParsePKCS8PrivateKey(private)
	if err != nil {
		return DKIMKey{}, fmt.Errorf("dkim: the key of selector %s can't be read", selector)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return DKIMKey{}, fmt.Errorf("dkim: the key of selector %s can't sign", selector)
	}
	return DKIMKey{selector, signer}, nil
}

// Signer signs messages for one domain, with the keys of the moment. Its methods
// are safe to call from several goroutines.
type Signer struct {
	domain string
	keys   atomic.Pointer[[]DKIMKey]
	now    func() time.Time
}

// NewSigner makes a Signer for the domain of the From address, in ASCII. Without
// keys it signs nothing until Use gives it some.
func NewSigner(domain string, keys []DKIMKey) (*Signer, error) {
	if domain == "" || !ascii(domain) || !wireSafe(domain) {
		return nil, fmt.Errorf("dkim: the domain must be a host name in ASCII")
	}
	for _, k := range keys {
		if k.signer == nil {
			return nil, fmt.Errorf("dkim: selector %q has no key", k.Selector)
		}
	}
	s := &Signer{domain: strings.ToLower(domain), now: time.Now}
	s.Use(keys)
	return s, nil
}

// Use makes keys those that messages are signed with from now on.
func (s *Signer) Use(keys []DKIMKey) { s.keys.Store(&keys) }

// Keys are those that messages are signed with; a nil Signer has none.
func (s *Signer) Keys() []DKIMKey {
	if s == nil {
		return nil
	}
	return *s.keys.Load()
}

// signs reports whether messages are signed at all.
func (s *Signer) signs() bool { return len(s.Keys()) > 0 }

// Warnings are sentences about the keys for doctor and the log (E.1, E.2).
func (s *Signer) Warnings() []string {
	var out []string
	rsaKey := false
	for _, k := range s.Keys() {
		if w := k.Warning(); w != "" {
			out = append(out, w)
		}
		_, isRSA := k.Public().(*rsa.PublicKey)
		rsaKey = rsaKey || isRSA
	}
	if !rsaKey {
		out = append(out, "There is only an Ed25519 DKIM key, which many receivers don't know yet; add an RSA key of 2048 bits beside it.")
	}
	return out
}
