package server

import (
	"context"
	"slices"
	"sync"
	"time"

	"akkoord"
	"akkoord/templates"
)

// feedKey names a feed.
type feedKey struct {
	purpose int64
	locale  string
	asked   bool // its address names the locale
}

// feedSource is all that a feed shows which can change.
type feedSource struct {
	words   int   // version of the purpose's texts
	decided int64 // when it was last said what stands in the archive
	signUp  string
	brand   templates.Brand
	issues  []akkoord.IssueMark
}

func (f feedSource) equal(o feedSource) bool {
	return f.words == o.words && f.decided == o.decided && f.signUp == o.signUp && f.brand == o.brand && slices.Equal(f.issues, o.issues)
}

// writtenFeed is a feed as it is sent. Nothing of it changes.
type writtenFeed struct {
	from    feedSource
	body    []byte
	tag     string // its ETag
	changed time.Time
}

// maxFeeds bounds the bytes of the feeds that are kept. One has some 300 KB, and ten
// times that where every mail is as long as a mail can be; the last one that was written
// is kept whatever it has.
const maxFeeds = 32 << 20

// feedShelf keeps feeds as they are sent, so that who asks for one again costs a small
// query. The others make room for a new one, whichever come first.
type feedShelf struct {
	turn chan struct{} // of one that is written at a time, whoever asks for how many

	mu    sync.Mutex
	feeds map[feedKey]writtenFeed
	bytes int
}

func newFeedShelf() *feedShelf {
	return &feedShelf{turn: make(chan struct{}, 1), feeds: map[feedKey]writtenFeed{}}
}

// begin waits for the turn to write a feed, while ctx lasts; end gives it on.
func (s *feedShelf) begin(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *feedShelf) end() { <-s.turn }

func (s *feedShelf) find(k feedKey, from feedSource) (writtenFeed, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.feeds[k]
	return f, ok && f.from.equal(from)
}

func (s *feedShelf) keep(k feedKey, f writtenFeed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(k)
	for old := range s.feeds {
		if s.bytes+cap(f.body) <= maxFeeds {
			break
		}
		s.drop(old)
	}
	s.feeds[k] = f
	s.bytes += cap(f.body)
}

func (s *feedShelf) drop(k feedKey) {
	s.bytes -= cap(s.feeds[k].body)
	delete(s.feeds, k)
}
