package akkoord

import (
	"bytes"
	"crypto/rand"
	"testing"
	"time"
)

// P27: what is sealed is read back for its own label alone, and by its own key.
func TestASealedSecretOpensForItsLabelAlone(t *testing.T) {
	sealer := func() Sealer {
		ring, err := NewKeyring(time.Unix(0, 0), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		s, err := ring.Sealer(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s, other := sealer(), sealer()
	sealed, err := s.Seal([]byte("geheim"), "user:1")
	if err != nil || bytes.Contains(sealed, []byte("geheim")) {
		t.Fatalf("sealed %x: %v", sealed, err)
	}
	if got, err := s.Open(sealed, "user:1"); string(got) != "geheim" || err != nil {
		t.Errorf("opened %q, %v", got, err)
	}
	again, err := s.Seal([]byte("geheim"), "user:1")
	if err != nil || bytes.Equal(sealed, again) {
		t.Errorf("sealed twice alike: %v", err)
	}
	bad := bytes.Clone(sealed)
	bad[len(bad)-1] ^= 1
	for name, open := range map[string]func() ([]byte, error){
		"another label": func() ([]byte, error) { return s.Open(sealed, "user:2") },
		"another key":   func() ([]byte, error) { return other.Open(sealed, "user:1") },
		"altered":       func() ([]byte, error) { return s.Open(bad, "user:1") },
		"cut":           func() ([]byte, error) { return s.Open(sealed[:5], "user:1") },
		"nothing":       func() ([]byte, error) { return s.Open(nil, "user:1") },
	} {
		if got, err := open(); err == nil {
			t.Errorf("%s opened: %q", name, got)
		}
	}
}
