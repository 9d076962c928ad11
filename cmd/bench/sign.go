package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// signatures is the floor of a signed campaign: RSA-2048 signatures per second
// of all cores together, and nothing else (RFC 8301: 1024 bits are too few).
func signatures(key *rsa.PrivateKey, d time.Duration) (float64, error) {
	var made atomic.Int64
	var all sync.WaitGroup
	failures := make([]error, runtime.GOMAXPROCS(0))
	start := time.Now()
	for i := range failures {
		all.Go(func() {
			digest := sha256.Sum256([]byte{byte(i)})
			for time.Since(start) < d {
				if _, failures[i] = rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]); failures[i] != nil {
					return
				}
				made.Add(1)
			}
		})
	}
	all.Wait()
	return float64(made.Load()) / time.Since(start).Seconds(), errors.Join(failures...)
}

// newKey makes an RSA-2048 key for this run and writes it to a PEM file.
func newKey(file string) (*rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("DKIM key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("DKIM key: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, fmt.Errorf("DKIM key: %w", err)
	}
	return key, nil
}
