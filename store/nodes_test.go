package store

import (
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"akkoord"
	"akkoord/store/pgtest"
)

// testClock is a clock that goes on by itself and can be put forward.
type testClock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *testClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *testClock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// twoNodes gives two stores on one database, with a mailing that is being
// sent. clock is that of the second.
func twoNodes(t *testing.T, database string, people int) (a, b *sendingStore, clock *testClock) {
	t.Helper()
	a = newSendingOn(t, database, time.Now, people)
	clock = &testClock{}
	b = &sendingStore{t: t, cfg: a.cfg, mailing: a.mailing}
	b.cfg.Now = clock.now
	b.reopen()
	t.Cleanup(func() { b.Close() })
	if a.nodeNumber.Load() == b.nodeNumber.Load() {
		t.Fatal("both nodes have one number")
	}
	return a, b, clock
}

// bury has b look for signs of life until a lease has passed without one.
func bury(t *testing.T, b *sendingStore, clock *testClock) {
	t.Helper()
	for range 2 {
		if err := b.nodes.beat(t.Context()); err != nil {
			t.Fatal(err)
		}
		clock.forward(nodeLease + time.Second)
	}
}

func result(state akkoord.DeliveryState, code string) akkoord.Result {
	now := time.Now()
	return akkoord.Result{State: state, Code: code, Attempts: 1, At: now, FirstAt: now}
}

// mailAll lets stores take turns in mailing until none finds anybody, and gives
// how often each person was claimed.
func mailAll(t *testing.T, stores ...*sendingStore) map[int64]int {
	t.Helper()
	seen := map[int64]int{}
	for idle := 0; idle < len(stores); {
		for _, s := range stores {
			w, err := s.Claim(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if w == nil {
				idle++
				continue
			}
			for i, r := range w.Recipients {
				seen[r.SubscriberID]++
				if err := s.Mark(w, i, time.Now()); err != nil {
					t.Fatal(err)
				}
				s.Note(w, i, result(akkoord.Sent, "250"))
			}
			if err := s.Release(t.Context(), w); err != nil {
				t.Fatal(err)
			}
		}
	}
	return seen
}

func TestTwoNodesShareACampaignWithoutADoubleP19(t *testing.T) {
	const people = 60
	a, b, _ := twoNodes(t, pgtest.New(t, Migrate), people)
	seen := mailAll(t, a, b)
	for person, n := range seen {
		if n != 1 {
			t.Errorf("person %d was claimed %d times", person, n)
		}
	}
	c, err := a.Counts(t.Context(), a.mailing.ID)
	if err != nil || c.Sent != people || len(seen) != people {
		t.Errorf("%+v, %d claimed, %v", c, len(seen), err)
	}
	if m, err := b.MailingByID(t.Context(), a.mailing.ID); err != nil || m.State != akkoord.MailingSent {
		t.Errorf("the mailing is %s, %v", m.State, err)
	}
}

func TestWhatADeadNodeHeldIsTakenOverAndItWritesNothingWhenItWakesP19P06(t *testing.T) {
	a, b, clock := twoNodes(t, pgtest.New(t, Migrate), 6)
	a.claim()
	for i := range 2 {
		if err := a.Mark(a.w, i, time.Now()); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			a.wire().note(newEntry(a.w, 0, withPerson(a.w, 0, result(akkoord.Sent, "250")))) // known, and in no commit
		}
	}
	const left = "sent 250, uncertain interrupted, queued, queued, queued, queued"
	if w, err := b.Claim(t.Context()); w != nil || err != nil {
		t.Fatalf("claimed what another node holds: %v, %v", w, err)
	}
	bury(t, b, clock)
	if got := b.states(); got != left {
		t.Fatalf("after the takeover: %s", got)
	}
	if err := a.Mark(a.w, 2, time.Now()); akkoord.KindOf(err) != akkoord.Unavailable {
		t.Errorf("a mark of the node that was taken over gave %v", err)
	}
	a.Note(a.w, 2, result(akkoord.Sent, "250"))
	if err := a.Release(t.Context(), a.w); err != nil {
		t.Fatal(err)
	}
	if got := b.states(); got != left {
		t.Errorf("a node that was taken over wrote: %s", got)
	}
	b.claim()
	if len(b.w.Recipients) != 4 {
		t.Errorf("%d can be claimed again", len(b.w.Recipients))
	}
	if err := a.nodes.beat(t.Context()); err != nil { // it goes on anew
		t.Fatal(err)
	}
	if err := b.Release(t.Context(), b.w); err != nil {
		t.Fatal(err)
	}
	a.claim()
	if err := a.Mark(a.w, 0, time.Now()); err != nil {
		t.Errorf("the node that goes on anew can't mark: %v", err)
	}
}

func TestRetriesAndMailsOfSignUpsOfADeadNodeAreGivenBackP03P19(t *testing.T) {
	a, b, clock := twoNodes(t, pgtest.New(t, Migrate), 1)
	a.claim()
	later := result(akkoord.Deferred, "451")
	later.NextAt = time.Now().Add(-time.Minute)
	a.Note(a.w, 0, later)
	if err := a.Release(t.Context(), a.w); err != nil {
		t.Fatal(err)
	}
	e, err := akkoord.ParseEmail("nieuw@voorbeeld.example")
	if err != nil {
		t.Fatal(err)
	}
	purposes, err := a.Purposes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.SignUp(t.Context(), akkoord.SignUp{Email: e, Locale: "nl", Purposes: purposes, Origin: akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson}}); err != nil {
		t.Fatal(err)
	}
	a.claim()
	mails, err := a.ClaimSystem(t.Context(), 5)
	if err != nil || len(mails) != 1 {
		t.Fatal(mails, err)
	}
	if err := a.nodes.beat(t.Context()); err != nil { // what is held here is not given back
		t.Fatal(err)
	}
	for range 3 {
		if w, err := b.Claim(t.Context()); w != nil || err != nil {
			t.Fatalf("claimed what another node holds: %v, %v", w, err)
		}
		if m, err := b.ClaimSystem(t.Context(), 5); len(m) != 0 || err != nil {
			t.Fatalf("claimed what another node holds: %v, %v", m, err)
		}
	}
	bury(t, b, clock)
	b.claim()
	if b.w.Chunk != 0 || len(b.w.Recipients) != 1 {
		t.Errorf("%+v", b.w)
	}
	again, err := b.ClaimSystem(t.Context(), 5)
	if err != nil || len(again) != 1 || again[0].ID != mails[0].ID || again[0].Fence == mails[0].Fence {
		t.Fatal(again, err)
	}
	a.NoteSystem(akkoord.SystemResult{ID: mails[0].ID, Fence: mails[0].Fence, Done: true, Code: "250"})
	b.NoteSystem(akkoord.SystemResult{ID: again[0].ID, Fence: again[0].Fence, Done: true, Code: "251"})
	var code string
	if err := a.view(t.Context()).queryRow(`SELECT code FROM outbox WHERE id = $1 AND state = 1`, mails[0].ID).Scan(&code); err != nil || code != "251" {
		t.Errorf("the mail's code is %q, %v", code, err)
	}
}

func TestClaimsWhoseCommitWasNotAnsweredAreGivenBack(t *testing.T) { // P34
	a, _, _ := twoNodes(t, pgtest.New(t, Migrate), 4)
	a.claim()
	a.journal.forget(a.w) // as Claim does when the answer is lost
	if err := a.nodes.beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.claim()
	if len(a.w.Recipients) != 4 {
		t.Errorf("%d can be claimed again", len(a.w.Recipients))
	}
}

func TestChangesReachTheOtherNodeP09(t *testing.T) {
	a, b, _ := twoNodes(t, pgtest.New(t, Migrate), 2)
	a.claim()
	leave := func(i int) {
		t.Helper()
		if _, err := b.Leave(t.Context(), akkoord.Link{Subscriber: a.w.Recipients[i].PublicID, Purpose: 1, Campaign: 1}, akkoord.ScopePurpose, akkoord.Origin{}); err != nil {
			t.Fatal(err)
		}
	}
	leave(0)
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		v, err := a.Ask(t.Context(), a.w, 0)
		if err != nil {
			t.Fatal(err)
		}
		if !v.Allowed {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("who left on another node would still get the mail")
		}
	}
	// A node that can't listen asks the database.
	a.nodes.hears.close()
	if !a.deaf() {
		t.Fatal("a listener that ended is believed")
	}
	leave(1)
	if v, err := a.Ask(t.Context(), a.w, 1); v.Allowed || err != nil {
		t.Errorf("a node that can't listen lets a mail pass: %+v, %v", v, err)
	}
}

func TestTheCatalogueOfTheOtherNodeIsReadAnew(t *testing.T) {
	a, b, _ := twoNodes(t, pgtest.New(t, Migrate), 1)
	p, err := b.Purpose(t.Context(), "news")
	if err != nil {
		t.Fatal(err)
	}
	p.InactiveAfter = 77
	if _, err := a.PutPurpose(t.Context(), "user:1", p); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		if p, err = b.Purpose(t.Context(), "news"); err != nil || time.Now().After(deadline) {
			t.Fatal(p, err)
		}
		if p.InactiveAfter == 77 {
			return
		}
	}
}

// After the death of the server marks may be missing: whom a dead node claimed
// is uncertain. A node that lives knows better.
func TestTheDeathOfTheServerIsLikePowerLossForADeadNodeP06(t *testing.T) {
	server := pgtest.Start(t)
	a, b, clock := twoNodes(t, server.New(t, Migrate), 30)
	a.claim()
	b.claim()
	if err := b.Mark(b.w, 0, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	again(t, func() error { return b.nodes.beat(t.Context()) })
	bury(t, b, clock)
	b.Note(b.w, 0, result(akkoord.Sent, "250"))
	if err := b.Mark(b.w, 1, time.Now()); akkoord.KindOf(err) != akkoord.Unavailable {
		t.Errorf("a mark after the death of the server gave %v", err)
	}
	if err := b.Release(t.Context(), b.w); err != nil {
		t.Fatal(err)
	}
	got := b.states()
	if n := strings.Count(got, "uncertain power_loss"); n != len(a.w.Recipients) {
		t.Errorf("%d are uncertain, want %d: %s", n, len(a.w.Recipients), got)
	}
	if n := strings.Count(got, "sent 250"); n != 1 {
		t.Errorf("%d are sent: %s", n, got)
	}
}

// again calls f until it succeeds; only a server that can't be reached may be
// in its way.
func again(t *testing.T, f func() error) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		err := f()
		if err == nil {
			return
		}
		if akkoord.KindOf(err) != akkoord.Unavailable || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func (s *sendingStore) wire() wire { return s.journal.wire }

func withPerson(w *akkoord.Window, i int, r akkoord.Result) akkoord.Result {
	r.SubscriberID = w.Recipients[i].SubscriberID
	return r
}

func TestNewsSayWhatChanged(t *testing.T) {
	for _, n := range []news{
		{node: 3, subscribers: []int64{1, 22}, mailings: []int64{7}},
		{node: 1, catalogue: true}, {node: 2, outbox: true, mailing: true}, {node: 9, all: true},
	} {
		if got := parseNews(n.text()); got.text() != n.text() {
			t.Errorf("%q is read as %q", n.text(), got.text())
		}
	}
	for _, text := range []string{"", "x  1 2", "1 c 1", "1 c a b"} {
		if n := parseNews(text); !n.all || !n.catalogue || !n.outbox || !n.mailing {
			t.Errorf("%q is read as %+v", text, n)
		}
	}
}
