package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"
)

const connections = 4

// SIGKILL at any moment of a campaign: nobody gets it twice, nobody is left
// out in silence, and what can't be known is told, at most one person for each
// connection and kill (P06, P07).
func TestP06P07KilledCampaignReachesEverybodyOnceOrIsUncertain(t *testing.T) {
	eachDatabase(t, testKilledCampaignReachesEverybodyOnceOrIsUncertain)
}

func testKilledCampaignReachesEverybodyOnceOrIsUncertain(t *testing.T, database string) {
	const people, kills = 5000, 5
	sink := startSink(t)
	in := installOn(t, database, sink.url(connections), numbered("reiziger%04d@voorbeeld.example", people)...)
	in.start()
	mailing := in.send()
	stop := in.watch(mailing)
	for k := range kills {
		at := k*900 + 200 + rand.IntN(700)
		in.until(fmt.Sprintf("mail %d", at), func() bool { return sink.read() >= at })
		in.kill()
		if taken := sink.read(); taken >= people {
			t.Fatalf("kill %d came after the end", k+1)
		}
		in.start()
		m, err := in.mailing(mailing)
		in.must(err)
		if m.Uncertain > int64(connections*(k+1)) {
			t.Errorf("%d are uncertain after %d kills with %d connections", m.Uncertain, k+1, connections)
		}
	}
	m := in.await(mailing, isSent)
	stop()
	if m.Total != people || m.Sent+m.Uncertain != people {
		t.Errorf("%+v of %d people", m, people)
	}
	in.onceOrUncertain(sink, mailing)
	in.verifyLedger()
}

// watch looks at a mailing over and over until stop is called. The mailing
// must add up whenever the server answers.
func (in *installation) watch(mailing string) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		looks := 0
		for {
			select {
			case <-quit:
				if looks == 0 {
					in.t.Error("the server never answered while the mailing was sent")
				}
				return
			case <-tick.C:
				if _, err := in.mailing(mailing); err == nil { // it is down between a kill and a start
					looks++
				}
			}
		}
	}()
	return func() { close(quit); <-done }
}

// onceOrUncertain compares what recipients have with what the server says of
// a mailing that is sent: nobody has it twice, who is sent has it, who lacks
// it is uncertain, and who has it is sent or uncertain.
func (in *installation) onceOrUncertain(sink *sinkProcess, mailing string) {
	in.t.Helper()
	got := sink.got(mailing)
	for to, receipts := range got {
		if len(receipts) > 1 {
			in.t.Errorf("%s got the mailing %d times (P06)", to, len(receipts))
		}
	}
	sent, uncertain := in.deliveries(mailing, "sent"), in.deliveries(mailing, "uncertain")
	for _, to := range sent {
		if len(got[to]) == 0 {
			in.t.Errorf("%s is sent and got nothing (P07)", to)
		}
	}
	told := map[string]bool{}
	for _, to := range slices.Concat(sent, uncertain) {
		told[to] = true
	}
	for to := range got {
		if !told[to] {
			in.t.Errorf("%s got the mailing and is neither sent nor uncertain", to)
		}
	}
}

// Who leaves while a campaign is being sent, in spite of kills, gets nothing
// of it that begins more than a second after the answer, and has left for good
// (P09, P01).
func TestP09P01WhoLeavesDuringAKilledCampaignGetsNoMoreOfIt(t *testing.T) {
	eachDatabase(t, testWhoLeavesDuringAKilledCampaignGetsNoMoreOfIt)
}

func testWhoLeavesDuringAKilledCampaignGetsNoMoreOfIt(t *testing.T, database string) {
	// A connection is busy for some 3 s with the people whom it claims at once.
	const people, kills, pace = 800, 2, 60 * time.Millisecond
	sink := startSink(t)
	in := installOn(t, database, sink.url(connections), numbered("reiziger%04d@voorbeeld.example", people)...)
	in.start()
	first := in.send()
	in.await(first, isSent)
	links := map[string]string{}
	for to, receipts := range sink.got(first) {
		links[to] = receipts[0].link
	}
	if len(links) != people {
		t.Fatalf("%d of %d got the first mailing", len(links), people)
	}

	sink.slow(pace)
	mailing := in.send()
	leavers := in.leave(links)
	for k := range kills {
		at := people + 200*(k+1) + rand.IntN(100)
		in.until(fmt.Sprintf("mail %d", at), func() bool { return sink.read() >= at })
		in.kill()
		in.start()
	}
	m := in.await(mailing, isSent)
	left := leavers()
	if m.Skipped == 0 || m.Sent == 0 || m.Uncertain > connections*kills {
		t.Errorf("%d people left: %+v", len(left), m)
	}
	in.onceOrUncertain(sink, mailing)
	got := sink.got(mailing)
	for to, at := range left {
		for _, r := range got[to] {
			if late := r.at.Sub(at); late > time.Second {
				t.Errorf("a mail to %s began %v after they had left (P09)", to, late)
			}
		}
		if in.allowed(to) {
			t.Errorf("%s left, was told so, and is still subscribed (P01)", to)
		}
	}
	in.verifyLedger()
}

// leave lets one person after another leave by one-click, until the function
// that it gives is called. That gives when each was told to have left.
func (in *installation) leave(links map[string]string) func() map[string]time.Time {
	quit, done := make(chan struct{}), make(chan struct{})
	left := map[string]time.Time{}
	go func() {
		defer close(done)
		tick := time.NewTicker(25 * time.Millisecond)
		defer tick.Stop()
		for to, link := range links { // in random order
			for left[to].IsZero() {
				select {
				case <-quit:
					return
				case <-tick.C:
				}
				// Nobody answers between a kill and a start: then once more.
				if status, err := in.post(link, form("List-Unsubscribe", "One-Click")); err == nil && status == http.StatusOK {
					left[to] = time.Now()
				} else if err == nil {
					in.t.Errorf("leaving answers %d", status)
					return
				}
			}
		}
	}()
	return func() map[string]time.Time { close(quit); <-done; return left }
}

// Sign-ups and confirmations that were answered survive SIGKILL: everybody
// gets the confirmation mail, twice only where one was on the wire at a kill,
// and who confirmed stays confirmed (P01, P03, P08).
func TestP01P03AnsweredSignUpsAndConfirmationsSurviveKills(t *testing.T) {
	eachDatabase(t, testAnsweredSignUpsAndConfirmationsSurviveKills)
}

func testAnsweredSignUpsAndConfirmationsSurviveKills(t *testing.T, database string) {
	const kills = 3
	sink := startSink(t)
	in := installOn(t, database, sink.url(connections))
	in.start()

	signedUp := in.load(func(worker, n int) string { return fmt.Sprintf("bezoeker-%d-%d@voorbeeld.example", worker, n) },
		func(to string) (int, error) {
			return in.post("/f/home", url.Values{"email": {to}, "purpose": {"travel-news"}, "locale": {"nl"}})
		}, http.StatusSeeOther)
	in.killDuring(signedUp, kills)
	in.until("enough people to confirm", func() bool { return signedUp.count() >= 500 })
	people := signedUp.stop()

	in.until("the confirmation mails", func() bool {
		got := sink.got("")
		return !slices.ContainsFunc(people, func(to string) bool { return len(got[to]) == 0 })
	})
	links, twice := map[string]string{}, 0
	for to, receipts := range sink.got("") {
		links[to] = receipts[0].link
		if len(receipts) > 1 {
			twice++
		}
		for _, r := range receipts {
			if r.id != receipts[0].id || r.link == "" {
				t.Errorf("a repeated confirmation mail is another message: %+v (P08)", receipts)
			}
		}
	}
	if twice > kills {
		t.Errorf("%d people got the confirmation mail twice after %d kills, with one connection for such mails", twice, kills)
	}

	// Round and round: pressing again is harmless, and nobody answers for a while after a kill.
	confirmed := in.load(func(worker, n int) string { return people[(n*loadWorkers+worker)%len(people)] }, func(to string) (int, error) { return in.post(links[to], nil) }, http.StatusOK)
	in.killDuring(confirmed, 2)
	acked := confirmed.stop()
	slices.Sort(acked)
	for _, to := range slices.Compact(acked) {
		if !in.allowed(to) {
			t.Errorf("%s confirmed, was told so, and is not subscribed (P01)", to)
		}
	}
	in.verifyLedger()
}

const loadWorkers = 4

// load is what several clients do at once, over and over.
type load struct {
	mu    sync.Mutex
	acked []string // who was answered
	quit  chan struct{}
	wait  sync.WaitGroup
}

// load begins: each worker does act for one address after another, until
// the load is stopped. Where nobody answers it goes on with the
// next: the first is not acknowledged.
func (in *installation) load(address func(worker, n int) string, act func(string) (int, error), want int) *load {
	return in.loadAt(5*time.Millisecond, address, act, want)
}

// loadAt is load with the time from one act of a worker to its next.
func (in *installation) loadAt(pace time.Duration, address func(worker, n int) string, act func(string) (int, error), want int) *load {
	l := &load{quit: make(chan struct{})}
	for worker := range loadWorkers {
		l.wait.Go(func() {
			tick := time.NewTicker(pace)
			defer tick.Stop()
			for n := 0; ; n++ {
				select {
				case <-l.quit:
					return
				case <-tick.C:
				}
				to := address(worker, n)
				status, err := act(to)
				if err != nil {
					continue
				}
				if status != want {
					in.t.Errorf("the answer is %d, not %d", status, want)
					return
				}
				l.mu.Lock()
				l.acked = append(l.acked, to)
				l.mu.Unlock()
			}
		})
	}
	return l
}

func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acked)
}

// stop ends the load and gives who was answered.
func (l *load) stop() []string {
	close(l.quit)
	l.wait.Wait()
	return l.acked
}

// killDuring kills the server under load, and starts it again, several times.
func (in *installation) killDuring(l *load, kills int) {
	in.t.Helper()
	for range kills {
		at := l.count() + 40 + rand.IntN(60)
		in.until(fmt.Sprintf("answer %d", at), func() bool { return l.count() >= at })
		in.kill()
		in.start()
	}
	at := l.count() + 20
	in.until("answers after the last kill", func() bool { return l.count() >= at })
}
