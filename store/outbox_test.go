package store

import (
	"fmt"
	"os"
	"testing"
	"time"

	"akkoord"
)

func TestAKilledProcessRepeatsOnlyConfirmationsWithoutAResultP03P08(t *testing.T) {
	s := newSending(t, 0)
	purpose, err := s.PurposeByID(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		e, err := akkoord.ParseEmail(fmt.Sprintf("q%d@voorbeeld.example", i))
		if err != nil {
			t.Fatal(err)
		}
		in := akkoord.SignUp{Email: e, Locale: "nl", Purposes: []akkoord.Purpose{purpose}, Origin: akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson, FormID: 1, Locale: "nl"}}
		if err := s.SignUp(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	due, err := s.ClaimSystem(t.Context(), 10)
	if err != nil || len(due) != 5 {
		t.Fatal(len(due), err)
	}
	soon := time.Now().Add(time.Hour)
	results := []akkoord.SystemResult{
		{ID: due[0].ID, Fence: due[0].Fence, Done: true, Code: "250 2.0.0", Attempts: 1},
		{ID: due[1].ID, Fence: due[1].Fence, Code: "451 4.3.0", Attempts: 1, DueAt: soon},
		{ID: due[2].ID, Fence: due[2].Fence + 1, Done: true, Attempts: 1}, // a stranger's
	}
	s.journal.settling.Lock() // nothing gets into the database before the death
	for _, r := range results {
		s.NoteSystem(r)
	}
	text, err := os.ReadFile(s.cfg.File() + journalSuffix)
	if err != nil {
		t.Fatal(err)
	}
	s.journal.mu.Lock()
	s.journal.pending = nil
	s.journal.mu.Unlock()
	s.journal.settling.Unlock()
	s.die(string(text), bootID())

	again, err := s.ClaimSystem(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	got := map[int64]bool{}
	for _, d := range again {
		got[d.ID] = true
	}
	for i, want := range []bool{false, false, true, true, true} {
		if got[due[i].ID] != want {
			t.Errorf("row %d is due again: %t, want %t", i, got[due[i].ID], want)
		}
	}
	var attempts int
	var code string
	var at int64
	if err := s.view(t.Context()).queryRow(`SELECT attempts, code, due_at FROM outbox WHERE id = $1`, due[1].ID).Scan(&attempts, &code, &at); err != nil {
		t.Fatal(err)
	}
	if attempts != 1 || code != "451 4.3.0" || at != micros(soon) {
		t.Errorf("%d attempts, %q, due at %v", attempts, code, fromMicros(at))
	}
}
