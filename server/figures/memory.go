// Package figures answers what became of mailings, for the JSON API and the
// admin site, and remembers what took long to count.
package figures

import (
	"context"
	"sync"
	"time"
)

// Memory remembers what was counted, for a while that grows with what counting
// costs: where a count takes no time each page counts anew, and where it takes
// seconds, with millions of people, pages are drawn from the last one while a
// new one is made beside them. So neither a page that reloads itself nor many
// readers keep a large database busy. K is what is counted, T the figures.
type Memory[K comparable, T any] struct {
	now   func() time.Time
	share time.Duration // counting may take one part in share of the time

	mu   sync.Mutex
	last map[K]*counted[T]
}

// counted are the last figures of one thing.
type counted[T any] struct {
	mu       sync.Mutex
	figures  T
	at       time.Time // that they are of; zero before the first count
	cost     time.Duration
	counting bool
}

const (
	quickCount  = 20 * time.Millisecond // the longest count that every page waits for
	countLimit  = 5 * time.Minute       // ends a count that nobody waits for
	countedKept = 64                    // of how many things figures are remembered
)

// NewMemory makes one whose counting may take one part in share of the time.
func NewMemory[K comparable, T any](now func() time.Time, share time.Duration) *Memory[K, T] {
	return &Memory[K, T]{now: now, share: share, last: map[K]*counted[T]{}}
}

// Ask gives figures and the time that they are of. Whoever asks first waits,
// and so does everybody while counting is quick.
func (m *Memory[K, T]) Ask(ctx context.Context, of K, count func(context.Context) (T, error)) (T, time.Time, error) {
	last := m.remembered(of)
	last.mu.Lock()
	defer last.mu.Unlock()
	if last.at.IsZero() || last.cost <= quickCount {
		start := m.now()
		figures, err := count(ctx)
		if err != nil {
			return figures, start, err
		}
		last.take(figures, start, m.now())
	} else if !last.counting && m.now().Sub(last.at) > m.share*last.cost {
		last.counting = true
		go m.again(context.WithoutCancel(ctx), last, count)
	}
	return last.figures, last.at, nil
}

// again counts beside the pages. Where that fails the last figures stay, and
// the next page tries again.
func (m *Memory[K, T]) again(ctx context.Context, last *counted[T], count func(context.Context) (T, error)) {
	ctx, stop := context.WithTimeout(ctx, countLimit)
	defer stop()
	start := m.now()
	figures, err := count(ctx)
	last.mu.Lock()
	defer last.mu.Unlock()
	last.counting = false
	if err == nil {
		last.take(figures, start, m.now())
	}
}

func (l *counted[T]) take(figures T, start, end time.Time) {
	l.figures, l.at, l.cost = figures, start, end.Sub(start)
}

func (m *Memory[K, T]) remembered(of K) *counted[T] {
	m.mu.Lock()
	defer m.mu.Unlock()
	last, ok := m.last[of]
	if !ok {
		if len(m.last) >= countedKept {
			clear(m.last)
		}
		last = &counted[T]{}
		m.last[of] = last
	}
	return last
}
