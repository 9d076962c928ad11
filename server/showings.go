package server

import (
	"context"
	"sync"
	"time"

	"akkoord"
)

// Showings counts how often forms, and the pages behind their confirmation
// links, are shown: numbers by form, language and day, of nobody. What is not
// handed on yet is lost when the process is killed.
type Showings struct {
	mu       sync.Mutex
	seen     map[showing]*akkoord.FormShowing
	now, old map[akkoord.ID]struct{} // requests whose page was opened, so that it counts once
}

type showing struct {
	version int64
	locale  string
	day     akkoord.Day
}

// openedKept is how many requests are remembered at least.
const openedKept = 4096

// NewShowings begins to count.
func NewShowings() *Showings {
	return &Showings{seen: map[showing]*akkoord.FormShowing{}, now: map[akkoord.ID]struct{}{}}
}

// of gives the count of one form, language and day.
func (s *Showings) of(version int64, locale string, day akkoord.Day) *akkoord.FormShowing {
	k := showing{version, locale, day}
	f, ok := s.seen[k]
	if !ok {
		f = &akkoord.FormShowing{FormVersionID: version, Locale: locale, Day: day}
		s.seen[k] = f
	}
	return f
}

// shown counts a showing of a form.
func (s *Showings) shown(version int64, locale string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of(version, locale, akkoord.DayOf(at)).Shown++
}

// opened counts the first showing of the page behind the link of a request.
func (s *Showings) opened(sub akkoord.Subscription) {
	if sub.Origin == 0 { // asked for on the preferences page
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, seen := s.now[sub.Request]
	_, before := s.old[sub.Request]
	if seen || before {
		return
	}
	if len(s.now) >= openedKept {
		s.now, s.old = map[akkoord.ID]struct{}{}, s.now
	}
	s.now[sub.Request] = struct{}{}
	s.of(sub.Origin, sub.Locale, akkoord.DayOf(sub.Since)).Opened++
}

// HandOn gives what was counted to add, and begins anew; what add refuses is
// kept for the next time.
func (s *Showings) HandOn(ctx context.Context, add func(context.Context, []akkoord.FormShowing) error) error {
	s.mu.Lock()
	taken := s.seen
	s.seen = map[showing]*akkoord.FormShowing{}
	s.mu.Unlock()
	var all []akkoord.FormShowing
	for _, f := range taken {
		all = append(all, *f)
	}
	err := add(ctx, all)
	if err == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range all {
		kept := s.of(f.FormVersionID, f.Locale, f.Day)
		kept.Shown, kept.Opened = kept.Shown+f.Shown, kept.Opened+f.Opened
	}
	return err
}
