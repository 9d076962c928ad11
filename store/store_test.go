package store

import (
	"crypto/rand"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"akkoord"
)

func open(t *testing.T) *Store {
	t.Helper()
	keys, err := akkoord.NewKeyring(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "akkoord.db"), Keyring: keys, Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSmoke(t *testing.T) {
	s := open(t)
	e, err := akkoord.ParseEmail("Anouk@Voorbeeld.example")
	if err != nil {
		t.Fatal(err)
	}
	in := akkoord.SignUp{Email: e, Locale: "nl", Purposes: []akkoord.Purpose{{ID: 1, Version: 1, Basis: akkoord.BasisConsent}}, Origin: akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson, Locale: "nl"}}
	if err := s.SignUp(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	st, err := s.StandingByEmail(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	if got := st.Subscription(1).State; got != akkoord.Pending {
		t.Fatalf("state %s", got)
	}
	link := akkoord.Link{Subscriber: st.Subscriber.PublicID, Request: st.Subscription(1).Request, Purpose: 1}
	a, err := s.Confirm(t.Context(), link, akkoord.Origin{Source: "link"})
	if err != nil || a.Answer != akkoord.AnswerConfirmed {
		t.Fatal(a, err)
	}
	l, err := s.Leave(t.Context(), link, akkoord.ScopePurpose, akkoord.Origin{})
	if err != nil || !l.New {
		t.Fatal(l, err)
	}
	link.At = l.At
	if ok, err := s.Undo(t.Context(), link, akkoord.Origin{}); err != nil || !ok {
		t.Fatal(ok, err)
	}
}
