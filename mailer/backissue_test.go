package mailer

import (
	"context"
	"errors"
	"strings"
	"testing"

	"akkoord"
)

// Issue 6: who no longer waits for a page is not kept waiting, and the next one has the
// turn.
func TestWhoGoesAwayWaitsForNoPage(t *testing.T) {
	var s issueShelf
	end, err := s.begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := s.begin(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("who went away: %v", err)
	}
	end()
	if end, err = s.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	end()
}

// Issue 6: pages are kept within a number of bytes, however many there are.
func TestPagesAreKeptWithinBounds(t *testing.T) {
	var s issueShelf
	page := akkoord.BackIssuePage{HTML: make([]byte, 1<<20), Body: strings.Repeat("x", 1<<20)}
	for n := range int64(40) {
		s.find(Sender{}, issueKey{mailing: n})
		s.keep(Sender{}, issueKey{mailing: n}, page)
		if _, ok := s.find(Sender{}, issueKey{mailing: n}); !ok || s.bytes > maxIssues || s.bytes != len(s.pages)*pageBytes(page) {
			t.Fatalf("page %d: %v, %d bytes in %d pages", n, ok, s.bytes, len(s.pages))
		}
	}
	if len(s.pages) != 16 {
		t.Errorf("%d pages are kept", len(s.pages))
	}
	if s.find(Sender{Brand: "#102030"}, issueKey{}); s.bytes != 0 || len(s.pages) != 0 {
		t.Errorf("of another sender %d bytes are kept", s.bytes)
	}
}
