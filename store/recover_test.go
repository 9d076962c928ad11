package store

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"akkoord"
)

func TestRecoveryWarnsOnlyOfResultsThatAreLostM9(t *testing.T) {
	sent := akkoord.Result{State: akkoord.Sent, Code: "250 2.0.0", Attempts: 1, At: time.Unix(1, 0), FirstAt: time.Unix(1, 0)}
	mark := akkoord.Result{State: akkoord.OnWire, At: time.Unix(1, 0)}
	for name, c := range map[string]struct {
		journal func(s *sendingStore) string
		settled bool // before the end
		want    string
		warned  bool
	}{
		"settled, and still in the journal":       {func(s *sendingStore) string { return s.line(0, sent) + s.line(1, sent) }, true, "sent 250 2.0.0, sent 250 2.0.0", false},
		"settled, and its result not in the file": {func(s *sendingStore) string { return s.line(0, sent) + s.line(1, mark) }, true, "sent 250 2.0.0, sent 250 2.0.0", false},
		"of a claim that was given back":          {func(s *sendingStore) string { return s.line(0, sent) + s.line(1, sent) }, false, "queued, queued", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSending(t, 2)
			s.claim()
			if c.settled {
				for i := range s.w.Recipients {
					s.Note(s.w, i, sent)
				}
			}
			if err := s.Release(t.Context(), s.w); err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			s.cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
			s.die(c.journal(s), bootID())
			if got := s.states(); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			if warned := strings.Contains(log.String(), "are dropped"); warned != c.warned {
				t.Errorf("log:\n%s", log.String())
			}
		})
	}
}

func TestStoppingAndStartingWarnsOfNothingP24(t *testing.T) {
	s := newSending(t, 3)
	s.claim()
	for i := range s.w.Recipients {
		if err := s.Mark(s.w, i, time.Now()); err != nil {
			t.Fatal(err)
		}
		s.Note(s.w, i, akkoord.Result{State: akkoord.Sent, Code: "250 2.0.0", Attempts: 1, At: time.Now(), FirstAt: time.Now()})
	}
	if err := s.Release(t.Context(), s.w); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(s.cfg.File() + journalSuffix); err != nil || info.Size() == 0 {
		t.Fatal("the journal is empty, so this shows nothing", err)
	}
	var log bytes.Buffer
	s.cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	s.reopen()
	if log.Len() > 0 {
		t.Errorf("log:\n%s", log.String())
	}
	if got := s.states(); got != "sent 250 2.0.0, sent 250 2.0.0, sent 250 2.0.0" {
		t.Error(got)
	}
}
