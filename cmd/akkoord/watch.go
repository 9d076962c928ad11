package main

import (
	"sync"
	"time"

	"akkoord"
	"akkoord/server/admin"
)

// watched is how many people's pages are noted at once, and for how long.
const (
	watched   = 64
	watchTime = time.Hour
)

// watch notes in memory when somebody whose sign-up is followed in the admin site
// opened the page behind the link: opening it changes nothing that is stored (M6).
type watch struct {
	mu     sync.Mutex
	people map[akkoord.ID]watchedPerson
}

type watchedPerson struct{ since, openedAt time.Time }

// Watch begins to note somebody's page, or goes on.
func (w *watch) Watch(person akkoord.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	for id, p := range w.people {
		if now.Sub(p.since) > watchTime || len(w.people) >= watched {
			delete(w.people, id)
		}
	}
	if w.people == nil {
		w.people = map[akkoord.ID]watchedPerson{}
	}
	if _, ok := w.people[person]; !ok {
		w.people[person] = watchedPerson{since: now}
	}
}

// OpenedAt gives when their page was first shown, as far as this process knows.
func (w *watch) OpenedAt(person akkoord.ID) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.people[person].openedAt
}

// opened notes that somebody's page is shown, if that is followed.
func (w *watch) opened(person akkoord.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p, ok := w.people[person]; ok && p.openedAt.IsZero() {
		p.openedAt = time.Now()
		w.people[person] = p
	}
}

// relayFacts gives what the admin site shows of the mail server.
func (s *site) relayFacts() admin.Relay {
	if s.relay == nil {
		return admin.Relay{}
	}
	return admin.Relay{Addr: s.relay.Addr(), Host: s.relay.Host, TLS: s.relay.Security()}
}
