package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"akkoord"
	"akkoord/store/sqlitetest"
)

// sendingStore is a store with a mailing of which one window is claimed.
type sendingStore struct {
	*Store
	t       *testing.T
	cfg     Config
	mailing akkoord.Mailing
	w       *akkoord.Window
}

func newSending(t *testing.T, people int) *sendingStore {
	t.Helper()
	return newSendingOn(t, sqlitetest.New(t, Migrate), time.Now, people)
}

// newSendingOn is newSending for any database and clock.
func newSendingOn(t *testing.T, database string, now func() time.Time, people int) *sendingStore {
	t.Helper()
	keys, err := akkoord.NewKeyring(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := &sendingStore{t: t, cfg: Config{Database: database, Keyring: keys, Now: now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler)}}
	s.reopen()
	t.Cleanup(func() { s.Close() })
	purpose, err := s.PutPurpose(t.Context(), "user:1", akkoord.Purpose{Slug: "news", Basis: akkoord.BasisConsent, Texts: map[string]akkoord.PurposeText{"nl": {Name: "n", Explanation: "e", Wording: "w"}}})
	if err != nil {
		t.Fatal(err)
	}
	campaign, err := s.PutCampaign(t.Context(), "user:1", akkoord.Campaign{Slug: "winter", Name: "Winter", PurposeID: purpose.ID})
	if err != nil {
		t.Fatal(err)
	}
	var seeds []Seed
	for i := range people {
		e, err := akkoord.ParseEmail(fmt.Sprintf("p%d@voorbeeld.example", i))
		if err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, Seed{Email: e, Locale: "nl", Purposes: []akkoord.Purpose{purpose}, Origin: akkoord.Origin{Source: "form:home", FormID: 1}, RequestedAt: time.Now().Add(-time.Hour), ConfirmedAt: time.Now()})
	}
	if err := s.SeedPeople(t.Context(), seeds); err != nil {
		t.Fatal(err)
	}
	m, err := s.PutMailing(t.Context(), "user:1", akkoord.Mailing{CampaignID: campaign.ID, Content: akkoord.Content{Subject: "s", Markdown: "m"}})
	if err != nil {
		t.Fatal(err)
	}
	if s.mailing, err = s.StartMailing(t.Context(), "user:1", m.PublicID); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *sendingStore) reopen() {
	s.t.Helper()
	var err error
	if s.Store, err = Open(context.Background(), s.cfg); err != nil {
		s.t.Fatal(err)
	}
}

func (s *sendingStore) claim() {
	s.t.Helper()
	var err error
	if s.w, err = s.Claim(s.t.Context()); err != nil || s.w == nil {
		s.t.Fatal(s.w, err)
	}
}

// die ends the store as SIGKILL would: what only memory held is lost, and
// text is what the journal's file holds. Boot is the boot id then in force.
func (s *sendingStore) die(text, boot string) {
	s.t.Helper()
	s.journal.mu.Lock()
	s.journal.pending, s.journal.released = nil, nil
	s.journal.mu.Unlock()
	if err := s.update(s.t.Context(), "boot", func(t *tx) error { return t.exec(`UPDATE instance SET boot = $1`, boot) }); err != nil {
		s.t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.cfg.File()+journalSuffix, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.reopen()
}

func (s *sendingStore) line(i int, r akkoord.Result) string {
	r.SubscriberID = s.w.Recipients[i].SubscriberID
	e := newEntry(s.w, i, r)
	return string(e.append(nil))
}

func (s *sendingStore) states() string {
	s.t.Helper()
	list, _, err := s.Deliveries(s.t.Context(), s.mailing.ID, akkoord.DeliveryFilter{}, akkoord.Page{})
	if err != nil {
		s.t.Fatal(err)
	}
	var out []string
	for _, d := range list {
		out = append(out, strings.TrimSpace(d.State.String()+" "+d.Code))
	}
	return strings.Join(out, ", ")
}

func TestRecoveryAfterADeathP06M9(t *testing.T) {
	mark := akkoord.Result{State: akkoord.OnWire, At: time.Unix(1, 0)}
	sent := akkoord.Result{State: akkoord.Sent, Code: "250 2.0.0", Reply: "queued as \"é\"\n", Attempts: 1, At: time.Unix(1, 0), FirstAt: time.Unix(1, 0)}
	failed := akkoord.Result{State: akkoord.Failed, Code: "550 5.1.1", Attempts: 1, At: time.Unix(1, 0), FirstAt: time.Unix(1, 0)}
	for name, c := range map[string]struct {
		journal func(s *sendingStore) string
		boot    string
		want    string
	}{
		"nothing was begun": {
			func(*sendingStore) string { return "" }, bootID(),
			"queued, queued, queued, queued",
		},
		"results": {
			func(s *sendingStore) string { return s.line(0, mark) + s.line(0, sent) + s.line(2, failed) }, bootID(),
			"sent 250 2.0.0, queued, failed 550 5.1.1, queued",
		},
		"a mark without a result": {
			func(s *sendingStore) string { return s.line(0, mark) + s.line(0, sent) + s.line(1, mark) }, bootID(),
			"sent 250 2.0.0, uncertain interrupted, queued, queued",
		},
		"marks of several connections in any order": {
			func(s *sendingStore) string {
				return s.line(3, mark) + s.line(0, mark) + s.line(3, sent) + s.line(1, mark)
			}, bootID(),
			"uncertain interrupted, uncertain interrupted, queued, sent 250 2.0.0",
		},
		"a last line cut short": {
			func(s *sendingStore) string {
				return s.line(0, mark) + strings.TrimSuffix(s.line(0, sent), "\n")[:40]
			}, bootID(),
			"uncertain interrupted, queued, queued, queued",
		},
		"a mark cut short was not followed by a byte": {
			func(s *sendingStore) string { return s.line(0, sent) + s.line(1, mark)[:9] }, bootID(),
			"sent 250 2.0.0, queued, queued, queued",
		},
		"power loss: the end may be missing": {
			func(s *sendingStore) string { return s.line(0, mark) + s.line(0, sent) }, "another boot",
			"sent 250 2.0.0, uncertain power_loss, uncertain power_loss, uncertain power_loss",
		},
		"a damaged line": {
			func(s *sendingStore) string { return s.line(0, sent) + "rubbish\n" + s.line(1, mark) }, bootID(),
			"sent 250 2.0.0, uncertain interrupted, uncertain power_loss, uncertain power_loss",
		},
		"a stranger's fence": {
			func(s *sendingStore) string { s.w.Fence++; return s.line(0, sent) + s.line(1, mark) }, bootID(),
			"queued, queued, queued, queued",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSending(t, 4)
			s.claim()
			s.die(c.journal(s), c.boot)
			if diff := cmp.Diff(c.want, s.states()); diff != "" {
				t.Error(diff)
			}
			// Whoever is still queued can be claimed again, and nobody else.
			w, err := s.Claim(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var again int
			if w != nil {
				again = len(w.Recipients)
			}
			if want := strings.Count(c.want, "queued"); again != want {
				t.Errorf("%d can be claimed again, want %d", again, want)
			}
			job, _, err := s.ClaimJob(t.Context(), akkoord.JobMailing)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.AdvanceMailing(t.Context(), job); err != nil {
				t.Fatal(err)
			}
			if m, err := s.MailingByID(t.Context(), s.mailing.ID); err != nil || (m.State == akkoord.MailingSent) != (again == 0) {
				t.Errorf("state %s, %v", m.State, err)
			}
		})
	}
}

func TestAMissingJournalIsLikePowerLoss(t *testing.T) {
	s := newSending(t, 2)
	s.claim()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(s.cfg.File() + journalSuffix); err != nil {
		t.Fatal(err)
	}
	s.reopen()
	if got := s.states(); got != "uncertain power_loss, uncertain power_loss" {
		t.Error(got)
	}
}

func TestResultsSurviveACloseAndOpenAndRetriesAreGivenBack(t *testing.T) {
	s := newSending(t, 3)
	s.claim()
	now := time.Now()
	s.Note(s.w, 0, akkoord.Result{State: akkoord.Deferred, Code: "451", Attempts: 1, At: now, FirstAt: now, NextAt: now.Add(-time.Minute)})
	s.Note(s.w, 1, akkoord.Result{State: akkoord.Sent, Code: "250", Attempts: 1, At: now, FirstAt: now})
	s.die("", bootID()) // the results were only in the journal, which is lost with its file's text
	if got := s.states(); got != "queued, queued, queued" {
		t.Fatal(got)
	}
	s.claim()
	s.Note(s.w, 0, akkoord.Result{State: akkoord.Deferred, Code: "451", Attempts: 1, At: now, FirstAt: now, NextAt: now.Add(-time.Minute)})
	if err := s.Release(t.Context(), s.w); err != nil {
		t.Fatal(err)
	}
	var retries *akkoord.Window
	for range 3 {
		w, err := s.Claim(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if w != nil && w.Chunk == 0 {
			retries = w
		}
	}
	if retries == nil || len(retries.Recipients) != 1 || retries.Recipients[0].Attempts != 1 {
		t.Fatalf("%+v", retries)
	}
	if w, err := s.Claim(t.Context()); w != nil || err != nil {
		t.Fatalf("claimed twice: %+v, %v", w, err)
	}
	s.die("", bootID())
	s.claim()
	s.claim()
	if got := s.states(); got != "deferred 451, queued, queued" {
		t.Error(got)
	}
}

func TestTheJournalShrinksWhileMarksStandP06(t *testing.T) {
	s := newSending(t, 3)
	s.claim()
	if err := s.Mark(s.w, 1, time.Now()); err != nil {
		t.Fatal(err)
	}
	file := s.journal.wire.(*fileWire)
	file.mu.Lock()
	file.size = journalSize
	file.mu.Unlock()
	s.Note(s.w, 0, akkoord.Result{State: akkoord.Sent, Code: "250", Attempts: 1, At: time.Now(), FirstAt: time.Now()})
	if err := s.journal.settle(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(s.cfg.File() + journalSuffix)
	if err != nil {
		t.Fatal(err)
	}
	left, damaged := readJournal(text)
	if damaged || len(left) != 1 || left[0].State != akkoord.OnWire || left[0].SubscriberID != s.w.Recipients[1].SubscriberID {
		t.Fatalf("%q", text)
	}
	s.die(string(text), bootID())
	if got := s.states(); got != "sent 250, uncertain interrupted, queued" {
		t.Error(got)
	}
}

func TestAWindowThatWasTakenOverWritesNothingP19(t *testing.T) {
	s := newSending(t, 3)
	s.claim()
	stale := *s.w
	if err := s.Release(t.Context(), s.w); err != nil {
		t.Fatal(err)
	}
	s.claim()
	s.Note(&stale, 0, akkoord.Result{State: akkoord.Sent, Code: "250", Attempts: 1, At: time.Now(), FirstAt: time.Now()})
	if err := s.Release(t.Context(), &stale); err != nil {
		t.Fatal(err)
	}
	if got := s.states(); got != "queued, queued, queued" {
		t.Error(got)
	}
}

func TestJournalLinesKeepWhatTheySay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Min(0)
		at := func(label string) time.Time { return fromMicros(rapid.Int64Range(0, 1<<53).Draw(t, label)) }
		e := entry{chunk: n.Draw(t, "chunk"), fence: n.Draw(t, "fence"), mailing: n.Draw(t, "mailing"), index: -1, Result: akkoord.Result{
			SubscriberID: n.Draw(t, "subscriber"), State: akkoord.DeliveryState(rapid.Uint8Range(0, 7).Draw(t, "state")),
			Attempts: rapid.IntRange(0, 99).Draw(t, "attempts"), FirstAt: at("first"), At: at("at"), NextAt: at("next"),
			Code: rapid.String().Draw(t, "code"), Reply: rapid.String().Draw(t, "reply"),
		}}
		line := e.append(nil)
		got, ok := parseEntry(line[:len(line)-1])
		if diff := cmp.Diff(e, got, cmp.AllowUnexported(entry{})); !ok || diff != "" {
			t.Fatal(ok, diff)
		}
		cut := rapid.IntRange(0, len(line)-2).Draw(t, "cut")
		if _, ok := parseEntry(line[:cut]); ok {
			t.Fatal("a line cut short was believed")
		}
	})
}

func TestFreezingInStepsGivesEveryActivePersonOneRowM11(t *testing.T) {
	s := newSending(t, 40)
	m := s.mailing
	err := s.update(t.Context(), "unfreeze", func(t *tx) error {
		for _, q := range []string{`DELETE FROM delivery`, `DELETE FROM delivery_chunk`} {
			if err := t.exec(q); err != nil {
				return err
			}
		}
		return t.beginFreeze(m.ID)
	})
	if err != nil {
		t.Fatal(err)
	}
	if w, err := s.Claim(t.Context()); w != nil || err != nil {
		t.Fatalf("claimed what is not frozen: %v, %v", w, err)
	}
	if got, err := s.MailingByID(t.Context(), m.ID); err != nil || got.State != akkoord.MailingSending {
		t.Fatalf("finished before it was frozen: %s, %v", got.State, err)
	}
	steps := 0
	for more := true; more; steps++ {
		if steps == 3 { // a process that dies in between goes on where it was
			s.die("", bootID())
		}
		if err := s.update(t.Context(), "freeze", func(t *tx) (err error) { more, err = t.freeze(m, 7); return err }); err != nil {
			t.Fatal(err)
		}
	}
	if steps != 6 {
		t.Errorf("frozen in %d steps", steps)
	}
	if c, err := s.Counts(t.Context(), m.ID); err != nil || c.Total != 40 || c.Open != 40 {
		t.Fatalf("%+v, %v", c, err)
	}
	seen := map[int64]bool{}
	for {
		w, err := s.Claim(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if w == nil {
			break
		}
		for _, r := range w.Recipients {
			if seen[r.SubscriberID] {
				t.Error("claimed twice")
			}
			seen[r.SubscriberID] = true
		}
	}
	if len(seen) != 40 {
		t.Errorf("%d claimed", len(seen))
	}
}

// P06: after a kill at most one delivery for each connection has no result. So
// a result is in the file before the mark after it is, and one that follows no
// mark at once.
func TestAResultIsWrittenWithTheMarkAfterItP06(t *testing.T) {
	s := newSending(t, 4)
	s.claim()
	at := time.Unix(1, 0)
	mark := akkoord.Result{State: akkoord.OnWire, At: at}
	sent := akkoord.Result{State: akkoord.Sent, Code: "250", Attempts: 1, At: at, FirstAt: at}
	failed := akkoord.Result{State: akkoord.Failed, Code: "550 5.1.1", Attempts: 1, At: at, FirstAt: at}
	var want string
	for i, step := range []struct {
		act  func() error
		adds string
	}{
		{func() error { return s.Mark(s.w, 0, at) }, s.line(0, mark)},
		{func() error { s.Note(s.w, 0, sent); return nil }, ""},
		{func() error { return s.Mark(s.w, 1, at) }, s.line(0, sent) + s.line(1, mark)},
		{func() error { s.Note(s.w, 1, sent); return nil }, ""},
		{func() error { s.Note(s.w, 2, failed); return nil }, s.line(1, sent) + s.line(2, failed)},
	} {
		if err := step.act(); err != nil {
			t.Fatal(err)
		}
		want += step.adds
		if got, err := os.ReadFile(s.cfg.File() + journalSuffix); err != nil || string(got) != want {
			t.Fatalf("after step %d (%v) the journal holds\n%swant\n%s", i, err, got, want)
		}
	}
	if err := s.Release(t.Context(), s.w); err != nil {
		t.Fatal(err)
	}
	if got := s.states(); got != "sent 250, sent 250, failed 550 5.1.1, queued" {
		t.Error(got)
	}
}
