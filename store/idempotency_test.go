package store

import (
	"testing"
	"time"

	"akkoord"
	"akkoord/store/pgtest"
)

// P34, L23: of two equal requests at the same moment on two nodes one is
// answered; the other node is told to wait, gets the same answer afterwards, and
// may answer it itself when the first failed or died.
func TestARequestIsAnsweredByOneNode(t *testing.T) {
	a, b, clock := twoNodes(t, pgtest.New(t, Migrate), 1)
	ctx := t.Context()
	ask := func(s *sendingStore, key byte, request byte) (string, string) {
		t.Helper()
		_, body, found, err := s.Idempotent(ctx, [32]byte{key}, [32]byte{request})
		switch {
		case err != nil:
			return "", akkoord.CodeOf(err)
		case found:
			return string(body), "answered"
		}
		return "", "ours"
	}
	want := func(s *sendingStore, key, request byte, code, body string) {
		t.Helper()
		if gotBody, got := ask(s, key, request); got != code || gotBody != body {
			t.Errorf("key %d: %s %q, want %s %q", key, got, gotBody, code, body)
		}
	}
	want(a, 1, 1, "ours", "")
	want(b, 1, 1, "idempotency_key_busy", "")
	if err := a.SaveIdempotent(ctx, [32]byte{1}, [32]byte{1}, 201, []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := b.SaveIdempotent(ctx, [32]byte{1}, [32]byte{1}, 201, []byte("second")); err != nil {
		t.Fatal(err)
	}
	want(b, 1, 1, "answered", "first")
	want(b, 1, 2, "idempotency_key_reused", "")

	want(a, 2, 1, "ours", "") // it fails
	if err := a.ReleaseIdempotent(ctx, [32]byte{2}); err != nil {
		t.Fatal(err)
	}
	want(b, 2, 1, "ours", "")

	want(a, 3, 1, "ours", "") // it dies
	want(b, 3, 1, "idempotency_key_busy", "")
	clock.forward(idempotencyLease + time.Second)
	want(b, 3, 1, "ours", "")
}
