package mailer

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
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

// Signer signs messages for one domain, with one or more keys.
type Signer struct {
	domain string
	keys   []DKIMKey
	now    func() time.Time
}

// NewSigner makes a Signer for the domain of the From address, in ASCII.
func NewSigner(domain string, keys []DKIMKey) (*Signer, error) {
	if len(keys) == 0 {
		return nil, fmt.Errorf("dkim: no key for %s", domain)
	}
	if domain == "" || !ascii(domain) || !wireSafe(domain) {
		return nil, fmt.Errorf("dkim: the domain must be a host name in ASCII")
	}
	for _, k := range keys {
		if k.signer == nil {
			return nil, fmt.Errorf("dkim: selector %q has no key", k.Selector)
		}
	}
	return &Signer{strings.ToLower(domain), keys, time.Now}, nil
}

// Warnings are sentences about the keys for doctor and the log (E.1, E.2).
func (s *Signer) Warnings() []string {
	var out []string
	rsaKey := false
	for _, k := range s.keys {
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
