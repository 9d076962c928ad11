package server

import (
	"context"
	"errors"
	"testing"
)

// Issue 6: who no longer waits for a feed is not kept waiting, and the next one has the
// turn.
func TestWhoGoesAwayWaitsForNoFeed(t *testing.T) {
	s := newFeedShelf()
	if err := s.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := s.begin(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("who went away: %v", err)
	}
	s.end()
	if err := s.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Issue 6: feeds are kept within a number of bytes, each once, and the last whatever it
// has.
func TestFeedsAreKeptWithinBounds(t *testing.T) {
	s := newFeedShelf()
	for n := range int64(80) {
		k, from := feedKey{purpose: n % 20}, feedSource{words: int(n)}
		s.keep(k, writtenFeed{from: from, body: make([]byte, 4<<20)})
		if _, ok := s.find(k, from); !ok || s.bytes > maxFeeds || s.bytes != len(s.feeds)*4<<20 {
			t.Fatalf("feed %d: %v, %d bytes in %d feeds", n, ok, s.bytes, len(s.feeds))
		}
	}
	if _, ok := s.find(feedKey{purpose: 19}, feedSource{words: 80}); ok {
		t.Error("one is found that was written from something else")
	}
	s.keep(feedKey{}, writtenFeed{body: make([]byte, maxFeeds+1)})
	if len(s.feeds) != 1 || s.bytes != maxFeeds+1 {
		t.Errorf("%d bytes in %d feeds", s.bytes, len(s.feeds))
	}
}
