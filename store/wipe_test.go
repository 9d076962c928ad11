package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"akkoord"
	"akkoord/store"
	"akkoord/store/sqlitetest"
	"akkoord/store/storetest"
)

// holds names the files of a database that hold a text in any place, used or
// free.
func holds(t *testing.T, path, text string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if bytes.Contains(bytes.ToLower(b), []byte(text)) {
			names = append(names, filepath.Base(f))
		}
	}
	return names
}

// TestForgottenAddressIsInNoByte looks for a forgotten person's address in the
// files of the running server, the log of writes among them (P16).
func TestForgottenAddressIsInNoByte(t *testing.T) {
	cfg, clock := storetest.Config(t)
	cfg.Database = sqlitetest.New(t, store.Migrate)
	s := reopen(t, cfg)
	a := storetest.NewAgency(t, s, clock)
	e, err := akkoord.ParseEmail("Vergeetmij@eenmalig.example")
	if err != nil {
		t.Fatal(err)
	}
	o := akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson, FormID: a.Form.Version.ID, Privacy: 1, Locale: "nl"}
	if err := s.SignUp(t.Context(), akkoord.SignUp{Email: e, Name: "Vergeet Mij", Locale: "nl", Purposes: []akkoord.Purpose{a.News}, Origin: o}); err != nil {
		t.Fatal(err)
	}
	// A checkpoint may move it from one file to the other between two looks.
	for deadline := time.Now().Add(time.Minute); len(holds(t, cfg.File(), "vergeetmij")) == 0; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("the address is nowhere: the search can't find it")
		}
	}
	st, err := s.StandingByEmail(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	link := akkoord.Link{Kind: akkoord.LinkConfirm, Subscriber: st.Subscriber.PublicID, Request: st.Subscription(a.News.ID).Request}
	if err := s.NotMe(t.Context(), link, o); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		left := append(holds(t, cfg.File(), "vergeetmij"), holds(t, cfg.File(), "eenmalig")...)
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the address is still in %v", left)
		}
	}
}
