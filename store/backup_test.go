package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"akkoord"
	"akkoord/store"
	"akkoord/store/sqlitetest"
	"akkoord/store/storetest"
)

// travellers is a store with people who confirmed, and the links of their mails.
type travellers struct {
	*storetest.Agency
	cfg   store.Config
	links []akkoord.Link
}

func newTravellers(t *testing.T, n int) *travellers {
	t.Helper()
	cfg, clock := storetest.Config(t)
	cfg.Database = sqlitetest.New(t, store.Migrate)
	tr := &travellers{Agency: storetest.NewAgency(t, reopen(t, cfg), clock), cfg: cfg}
	for i := range n {
		tr.join(t, i)
	}
	return tr
}

func travellerEmail(t *testing.T, i int) akkoord.Email {
	t.Helper()
	e, err := akkoord.ParseEmail(fmt.Sprintf("reiziger%d@voorbeeld.example", i))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (tr *travellers) join(t *testing.T, i int) {
	t.Helper()
	o := akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson, FormID: tr.Form.Version.ID, Privacy: 1, Locale: "nl"}
	err := tr.SignUp(t.Context(), akkoord.SignUp{Email: travellerEmail(t, i), Locale: "nl", Purposes: []akkoord.Purpose{tr.News, tr.Ski}, Origin: o})
	if err != nil {
		t.Fatal(err)
	}
	p := tr.standing(t, i)
	link := akkoord.Link{Kind: akkoord.LinkConfirm, Subscriber: p.Subscriber.PublicID, Request: p.Subscription(tr.News.ID).Request, Purpose: tr.News.ID, Campaign: tr.Campaign.ID}
	if _, err := tr.Confirm(t.Context(), link, o); err != nil {
		t.Fatal(err)
	}
	tr.links = append(tr.links, link)
}

func (tr *travellers) standing(t *testing.T, i int) akkoord.Standing {
	t.Helper()
	st, err := tr.StandingByEmail(t.Context(), travellerEmail(t, i))
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func (tr *travellers) leave(t *testing.T, i int, scope akkoord.Scope) {
	t.Helper()
	if _, err := tr.Leave(t.Context(), tr.links[i], scope, akkoord.Origin{Source: "link", Actor: akkoord.ActorPerson}); err != nil {
		t.Fatal(err)
	}
}

// reopened closes the store and opens what lies there now.
func (tr *travellers) reopened(t *testing.T) {
	t.Helper()
	tr.Store = reopen(t, tr.cfg)
}

// P17, P22: who left or was forgotten after a backup stays so when it is put
// back, and nothing is sent before an owner agrees.
func TestARestoreBringsNobodyBackAndSendsNothing(t *testing.T) {
	tr := newTravellers(t, 5)
	if _, err := tr.StartMailing(t.Context(), storetest.Admin, tr.Mailing.PublicID); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "backup.db")
	made, err := store.Backup(t.Context(), tr.cfg, file, nil)
	if err != nil {
		t.Fatal(err)
	}
	tr.leave(t, 0, akkoord.ScopeCampaign)
	tr.leave(t, 1, akkoord.ScopePurpose)
	tr.leave(t, 2, akkoord.ScopeAll)
	if err := tr.NotMe(t.Context(), tr.links[3], akkoord.Origin{Source: "confirm", Actor: akkoord.ActorPerson}); err != nil {
		t.Fatal(err)
	}
	if tr.standing(t, 3).Subscriber.ID != 0 {
		t.Fatal("who said it was not them is still known")
	}
	if _, err := store.Restore(t.Context(), tr.cfg, file, store.RestoreOptions{}, nil); !errors.Is(err, store.ErrInUse) {
		t.Errorf("restoring under a running server: %v", err)
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	did, err := store.Restore(t.Context(), tr.cfg, file, store.RestoreOptions{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if did.People != 5 || did.Ledger.Seq != made.Ledger.Seq || did.Repeated < 5 || did.Hold.Reason != akkoord.HoldRestored ||
		did.Hold.Mailings != 1 || did.Hold.Twice != 5 || !did.Hold.BackupAt.Equal(made.At) || did.Aside == "" {
		t.Errorf("restored: %+v of %+v", did, made)
	}
	tr.reopened(t)
	if !tr.standing(t, 0).HasLeft(tr.Campaign.ID) || tr.standing(t, 1).Subscription(tr.News.ID).State != akkoord.Withdrawn ||
		tr.standing(t, 1).Subscription(tr.Ski.ID).State != akkoord.Active || !tr.standing(t, 2).Suppressed(akkoord.SuppressedUnsubscribed) {
		t.Error("somebody who left after the backup is back")
	}
	if st := tr.standing(t, 3); st.Subscriber.ID != 0 || !st.Suppressed(akkoord.SuppressedBlocked) {
		t.Errorf("who was forgotten after the backup is back: %+v", st)
	}
	if tr.standing(t, 4).Subscription(tr.News.ID).State != akkoord.Active {
		t.Error("who stayed is gone")
	}
	if w, err := tr.Claim(t.Context()); w != nil || err != nil {
		t.Errorf("a mailing goes on by itself: %v, %v", w, err)
	}
	if due, err := tr.ClaimSystem(t.Context(), 10); len(due) > 0 || err != nil {
		t.Errorf("confirmation mails go out: %v, %v", due, err)
	}
	if err := tr.EndHold(t.Context(), storetest.Admin); err != nil {
		t.Fatal(err)
	}
	restored, _, err := tr.Restorations(t.Context(), akkoord.Page{})
	if err != nil || len(restored) != 1 || !restored[0].BackupAt.Equal(made.At) || restored[0].Reason != akkoord.HoldRestored || restored[0].ReleasedAt.IsZero() || restored[0].ReleasedBy != storetest.Admin {
		t.Errorf("on record: %+v, %v", restored, err)
	}
	if w, err := tr.Claim(t.Context()); w != nil || err != nil {
		t.Errorf("agreeing resumed the mailing: %v, %v", w, err)
	}
	if _, err := tr.ResumeMailing(t.Context(), storetest.Admin, tr.Mailing.PublicID); err != nil {
		t.Fatal(err)
	}
	w, err := tr.Claim(t.Context())
	if err != nil || w == nil || len(w.Recipients) != 1 {
		t.Errorf("resumed, it goes to %+v, want the one who stayed (%v)", w, err)
	}
	if _, err := tr.VerifyLedger(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// P36: the last backups that proved themselves are remembered, with what they hold, also
// beside a mark that tells a time alone, as earlier versions wrote it.
func TestTheLastProvenBackupsAreRememberedP36(t *testing.T) {
	tr := newTravellers(t, 2)
	mark := tr.cfg.File() + store.MarkSuffix
	if err := os.WriteFile(mark, []byte("2026-01-02T03:04:05Z\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "backup.db")
	var made store.Copy
	for range akkoord.BackupsKept {
		tr.Clock.Move(time.Hour)
		have, err := tr.Backups(t.Context())
		if err != nil || !have[len(have)-1].At.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) || have[len(have)-1].Lines != 0 {
			t.Fatalf("remembered: %+v, %v", have, err)
		}
		if made, err = store.Backup(t.Context(), tr.cfg, file, nil); err != nil {
			t.Fatal(err)
		}
	}
	have, err := tr.Backups(t.Context())
	if err != nil || len(have) != akkoord.BackupsKept || have[0] != (akkoord.Backup{At: made.At.UTC(), People: 2, Lines: made.Ledger.Seq}) || have[len(have)-1].Lines == 0 {
		t.Errorf("remembered: %+v, %v; the last is %+v", have, err, made)
	}
	if err := os.WriteFile(mark, []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Backups(t.Context()); !errors.Is(err, akkoord.ErrBackupsUnread) {
		t.Errorf("a mark that holds no time gives %v", err)
	}
	if err := os.WriteFile(mark, []byte("2199-01-02T03:04:05Z 2 10\nrubbish\n2026-01-02T03:04:05Z\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if have, err := tr.Backups(t.Context()); err != nil || len(have) != 1 || have[0].At.Year() != 2026 {
		t.Errorf("beside rubbish and a clock ahead of time: %+v, %v", have, err)
	}
	if err := os.WriteFile(mark, []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Backup(t.Context(), tr.cfg, file, nil); err != nil {
		t.Error(err)
	}
	if have, err := tr.Backups(t.Context()); err != nil || len(have) != 1 {
		t.Errorf("after another backup: %+v, %v", have, err)
	}
}

// P17, Art. 18: a restore neither brings back a restriction that was lifted
// after the backup nor loses one that was made.
func TestARestoreKeepsRestrictionsAsTheyWereLast(t *testing.T) {
	tr := newTravellers(t, 3)
	staff := akkoord.Origin{Source: "admin", Actor: storetest.Admin}
	restrict := func(i int) {
		if err := tr.Restrict(t.Context(), tr.standing(t, i).Subscriber.PublicID, "asked for", staff); err != nil {
			t.Fatal(err)
		}
	}
	lift := func(i int) {
		if err := tr.Unrestrict(t.Context(), tr.standing(t, i).Subscriber.PublicID, storetest.Start, "it was settled", staff); err != nil {
			t.Fatal(err)
		}
	}
	restrict(0)
	file := filepath.Join(t.TempDir(), "backup.db")
	if _, err := store.Backup(t.Context(), tr.cfg, file, nil); err != nil {
		t.Fatal(err)
	}
	lift(0)
	restrict(1)
	restrict(2)
	lift(2)
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restore(t.Context(), tr.cfg, file, store.RestoreOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	tr.reopened(t)
	for i, want := range []bool{false, true, false} {
		st := tr.standing(t, i)
		events, err := tr.Events(t.Context(), st.Subscriber.ID)
		if st.Suppressed(akkoord.SuppressedRestricted) != want || akkoord.RestrictedAt(events, tr.Clock.Now().Add(time.Hour)) != want || err != nil {
			t.Errorf("person %d: restricted is %v, want %v; %v", i, !want, want, err)
		}
	}
	if _, err := tr.VerifyLedger(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// P17: a copy put back by hand finds the journal too.
func TestADatabaseCopiedBackByHandRepeatsWhatTheJournalHas(t *testing.T) {
	tr := newTravellers(t, 2)
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(tr.cfg.File())
	if err != nil {
		t.Fatal(err)
	}
	tr.reopened(t)
	tr.leave(t, 0, akkoord.ScopePurpose)
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(tr.cfg.File(), old, 0o600); err != nil {
		t.Fatal(err)
	}
	tr.reopened(t)
	if tr.standing(t, 0).Subscription(tr.News.ID).State != akkoord.Withdrawn {
		t.Error("who left is back")
	}
	if h, err := tr.Hold(t.Context()); h.Reason != "" || err != nil { // a power cut may leave as much
		t.Errorf("a single line is no restore: %+v, %v", h, err)
	}
	tr.leave(t, 1, akkoord.ScopePurpose)
	ds, err := tr.Departures(t.Context(), 0, 10)
	if err != nil || len(ds) != 2 || ds[1].Number != 2 {
		t.Errorf("the journal goes on with %+v, %v", ds, err)
	}
}

// P17: without the journal nobody knows who left since the backup.
func TestALostJournalKeepsFromSendingUntilSomebodyAgrees(t *testing.T) {
	tr := newTravellers(t, 2)
	tr.leave(t, 0, akkoord.ScopePurpose)
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(tr.cfg.File() + ".departures"); err != nil {
		t.Fatal(err)
	}
	tr.reopened(t)
	h, err := tr.Hold(t.Context())
	if err != nil || h.Reason != akkoord.HoldJournalLost {
		t.Fatalf("without the journal: %+v, %v", h, err)
	}
	if err := tr.EndHold(t.Context(), storetest.Admin); err != nil {
		t.Fatal(err)
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	tr.reopened(t)
	if h, err := tr.Hold(t.Context()); h.Reason != "" || err != nil {
		t.Errorf("after agreeing, with the journal written anew: %+v, %v", h, err)
	}
}

// P17: a restore whose journal is lost is one restore, held for the graver of both reasons.
func TestARestoreWithoutItsJournalIsHeldForTheLostJournal(t *testing.T) {
	tr := newTravellers(t, 2)
	tr.leave(t, 0, akkoord.ScopePurpose)
	file := filepath.Join(t.TempDir(), "backup.db")
	made, err := store.Backup(t.Context(), tr.cfg, file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(tr.cfg.File() + ".departures"); err != nil {
		t.Fatal(err)
	}
	did, err := store.Restore(t.Context(), tr.cfg, file, store.RestoreOptions{}, nil)
	if err != nil || did.Hold.Reason != akkoord.HoldJournalLost {
		t.Errorf("restored: %+v, %v", did, err)
	}
	tr.reopened(t)
	if h, err := tr.Hold(t.Context()); err != nil || h.Reason != akkoord.HoldJournalLost || !h.BackupAt.Equal(made.At) {
		t.Errorf("held: %+v, %v", h, err)
	}
	restored, _, err := tr.Restorations(t.Context(), akkoord.Page{})
	if err != nil || len(restored) != 1 || restored[0].Reason != akkoord.HoldJournalLost {
		t.Errorf("on record: %+v, %v", restored, err)
	}
}

// A power cut may catch the journal before its sync: what the table has is
// written again.
func TestAJournalCutShortIsMadeWhole(t *testing.T) {
	tr := newTravellers(t, 3)
	for i := range 3 {
		tr.leave(t, i, akkoord.ScopePurpose)
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	journal := tr.cfg.File() + ".departures"
	whole, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	gap := slices.Concat(whole[:akkoord.DepartureLine], make([]byte, akkoord.DepartureLine), whole[2*akkoord.DepartureLine:])
	for what, left := range map[string][]byte{"a part of a line": whole[:akkoord.DepartureLine+17], "a gap": gap} {
		if err := os.WriteFile(journal, left, 0o600); err != nil {
			t.Fatal(err)
		}
		tr.reopened(t)
		if err := tr.Close(); err != nil {
			t.Fatal(err)
		}
		if again, err := os.ReadFile(journal); err != nil || string(again) != string(whole) {
			t.Errorf("after %s the journal is %q, want %q (%v)", what, again, whole, err)
		}
	}
}

// P21: a backup under load is whole, and never takes the place of a good one
// when it is not.
func TestABackupUnderLoadIsWhole(t *testing.T) {
	tr := newTravellers(t, 20)
	ctx, stop := context.WithCancel(t.Context())
	var crowd sync.WaitGroup
	for w := range 4 {
		crowd.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				e, err := akkoord.ParseEmail(fmt.Sprintf("w%d.%d@voorbeeld.example", w, i))
				if err == nil {
					err = tr.SignUp(t.Context(), akkoord.SignUp{Email: e, Locale: "nl", Purposes: []akkoord.Purpose{tr.News}, Origin: akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson}})
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	defer crowd.Wait()
	defer stop()
	file := filepath.Join(t.TempDir(), "backup.db")
	var last akkoord.Head
	for range 5 {
		c, err := store.Backup(t.Context(), tr.cfg, file, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.Ledger.Seq <= last.Seq {
			t.Errorf("a later backup ends at line %d, an earlier one at %d", c.Ledger.Seq, last.Seq)
		}
		last = c.Ledger
	}
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithTimeout(t.Context(), time.Nanosecond)
	defer end()
	if _, err := store.Backup(ended, tr.cfg, file, nil); err == nil {
		t.Error("a backup that was stopped succeeded")
	}
	if after, err := os.ReadFile(file); err != nil || string(after) != string(good) {
		t.Errorf("a backup that was stopped changed the good one (%v)", err)
	}
	if left, _ := filepath.Glob(file + ".*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWhatIsNoWholeBackupIsNotPutBack(t *testing.T) {
	tr := newTravellers(t, 50)
	file := filepath.Join(t.TempDir(), "backup.db")
	if _, err := store.Backup(t.Context(), tr.cfg, file, nil); err != nil {
		t.Fatal(err)
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(tr.cfg.File())
	if err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		cfg  store.Config
		file []byte
		want string
	}{
		"cut short":           {tr.cfg, good[:len(good)/2], ""},
		"no database":         {tr.cfg, []byte(strings.Repeat("x", 5000)), ""},
		"empty":               {tr.cfg, nil, ""},
		"a ledger altered":    {tr.cfg, []byte(strings.Replace(string(good), "requested", "requestex", 1)), "ledger"},
		"of another database": {tr.cfg, before, "no backup"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(file, c.file, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := store.Restore(t.Context(), c.cfg, file, store.RestoreOptions{}, nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Restore() = %v, want an error that names %q", err, c.want)
			}
			if after, err := os.ReadFile(tr.cfg.File()); err != nil || string(after) != string(before) {
				t.Errorf("the database that stood there is changed (%v)", err)
			}
		})
	}
}
