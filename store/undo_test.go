package store_test

import (
	"testing"
	"time"

	"akkoord"
	"akkoord/store"
	"akkoord/store/sqlitetest"
	"akkoord/store/storetest"
)

// TestLeavingEverythingEndsOlderUndos holds that what a person left first is
// not brought back by its undo once they left everything (P15), and that the
// undo of leaving everything still works.
func TestLeavingEverythingEndsOlderUndos(t *testing.T) {
	cfg, clock := storetest.Config(t)
	cfg.Database = sqlitetest.New(t, store.Migrate)
	s := reopen(t, cfg)
	a := storetest.NewAgency(t, s, clock)
	e, err := akkoord.ParseEmail("pim@voorbeeld.example")
	if err != nil {
		t.Fatal(err)
	}
	o := akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson, FormID: a.Form.Version.ID, Privacy: 1, Locale: "nl"}
	if err := s.SignUp(t.Context(), akkoord.SignUp{Email: e, Locale: "nl", Purposes: []akkoord.Purpose{a.News, a.Ski}, Origin: o}); err != nil {
		t.Fatal(err)
	}
	standing := func() akkoord.Standing {
		st, err := s.StandingByEmail(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	person := standing().Subscriber.PublicID
	confirm := akkoord.Link{Kind: akkoord.LinkConfirm, Subscriber: person, Request: standing().Subscription(a.News.ID).Request}
	if _, err := s.Confirm(t.Context(), confirm, o); err != nil {
		t.Fatal(err)
	}
	link := akkoord.Link{Kind: akkoord.LinkUnsubscribe, Subscriber: person, Purpose: a.News.ID}
	undo := func(scope akkoord.Scope) akkoord.Link {
		clock.Move(time.Minute)
		left, err := s.Leave(t.Context(), link, scope, o)
		if err != nil {
			t.Fatal(err)
		}
		u := link
		u.Kind, u.At = akkoord.LinkUndo, left.At
		return u
	}
	ofPurpose, ofAll := undo(akkoord.ScopePurpose), undo(akkoord.ScopeAll)
	for _, tt := range []struct {
		link akkoord.Link
		done bool
		ski  akkoord.State
	}{{ofPurpose, false, akkoord.Withdrawn}, {ofAll, true, akkoord.Active}} {
		done, err := s.Undo(t.Context(), tt.link, o)
		st := standing()
		if err != nil || done != tt.done || st.Subscription(a.News.ID).State != akkoord.Withdrawn || st.Subscription(a.Ski.ID).State != tt.ski {
			t.Errorf("undo: %v %v, %v", done, err, st.Subscriptions)
		}
	}
}
