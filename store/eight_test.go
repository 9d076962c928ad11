package store

import (
	"sync"
	"testing"
	"time"

	"akkoord"
	"akkoord/store/pgtest"
)

// begun counts how often the body of each person's mail was begun, over nodes.
type begun struct {
	mu     sync.Mutex
	people map[int64]int
}

func (b *begun) add(person int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.people[person]++
}

// die ends a node as SIGKILL would for the others: it gives no sign of life,
// and what it holds in memory nobody ever hears.
func (n *nodes) die() {
	n.close1.Do(func() {
		close(n.stop)
		<-n.done
		n.hears.close()
	})
}

// mail sends until nothing can be claimed. A node that was given a window dies
// in the middle of it.
func (s *sendingStore) mail(b *begun, doomed *akkoord.Window) error {
	for {
		w := doomed
		if w == nil {
			var err error
			if w, err = s.Claim(s.t.Context()); w == nil || err != nil {
				return err
			}
		}
		for i, r := range w.Recipients {
			if err := s.Mark(w, i, time.Now()); err != nil {
				return err
			}
			b.add(r.SubscriberID)
			if doomed == nil {
				s.Note(w, i, result(akkoord.Sent, "250"))
				continue
			}
			if i == len(w.Recipients)/2 { // on the wire
				s.nodes.die()
				return nil
			}
			s.wire().note(newEntry(w, i, withPerson(w, i, result(akkoord.Sent, "250")))) // known, and in no commit
		}
		if err := s.Release(s.t.Context(), w); err != nil {
			return err
		}
	}
}

// Eight nodes share a campaign, and two of them die in the middle of a window:
// the others take over, nobody's mail is begun twice, everybody's is begun, and
// uncertain are the two who were on the wire (P19, P06, P07).
func TestEightNodesOfWhichTwoDieMailEverybodyOnceP19P06P07(t *testing.T) {
	const count, people = 8, 2000
	clock := &testClock{}
	first := newSendingOn(t, pgtest.New(t, Migrate), clock.now, people)
	all := []*sendingStore{first}
	for range count - 1 {
		s := &sendingStore{t: t, cfg: first.cfg, mailing: first.mailing}
		s.cfg.Now = time.Now
		s.reopen()
		t.Cleanup(func() { s.Close() })
		all = append(all, s)
	}
	b := &begun{people: map[int64]int{}}
	alive, dead := all[:count-2], all[count-2:]
	for _, s := range dead {
		s.claim()
	}
	together := func(nodes []*sendingStore) {
		t.Helper()
		var wait sync.WaitGroup
		for i, s := range nodes {
			wait.Go(func() {
				if err := s.mail(b, s.w); err != nil {
					t.Errorf("node %d: %v", i, err)
				}
			})
		}
		wait.Wait()
	}
	together(all)
	c, err := first.Counts(t.Context(), first.mailing.ID)
	if err != nil || c.Open == 0 || c.Total != people {
		t.Fatalf("before the takeover: %+v, %v", c, err)
	}

	beat := func(nodes []*sendingStore) {
		t.Helper()
		for _, s := range nodes {
			if err := s.nodes.beat(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	beat(alive)
	clock.forward(nodeLease + time.Second) // the first one's; the others have given a sign of life
	beat(alive[1:])
	beat(alive[:1])
	// As of the beginning of that commit, or after it where a node has by itself
	// looked once more.
	if n := first.Nodes(); n != count && n != count-len(dead) {
		t.Errorf("%d nodes before the takeover, want %d", n, count)
	}
	together(alive)
	if n := first.Nodes(); n != count-len(dead) {
		t.Errorf("%d nodes after it, want %d", n, count-len(dead))
	}

	c, err = alive[len(alive)-1].Counts(t.Context(), first.mailing.ID)
	if err != nil || c.Total != people || c.Uncertain != int64(len(dead)) || c.Sent != people-c.Uncertain {
		t.Errorf("%+v of %d people, %v", c, people, err)
	}
	if len(b.people) != people {
		t.Errorf("the mail of %d people was begun, want %d", len(b.people), people)
	}
	for person, n := range b.people {
		if n != 1 {
			t.Errorf("the mail of person %d was begun %d times", person, n)
		}
	}
	if m, err := first.MailingByID(t.Context(), first.mailing.ID); err != nil || m.State != akkoord.MailingSent {
		t.Errorf("the mailing is %s, %v", m.State, err)
	}
	if _, err := first.VerifyLedger(t.Context(), nil); err != nil {
		t.Error(err)
	}
}
