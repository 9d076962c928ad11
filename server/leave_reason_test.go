package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

// M12: who left may say why, once or not at all; it is counted for the mailing,
// kept as evidence, and gone from the figures when the leaving is taken back.
func TestSayingWhyOneLeft(t *testing.T) {
	s := newSite(t)
	p := s.subscribe("a@voorbeeld.example", "travel-news")
	at := "/unsubscribe/" + s.token(s.leaveLink(p))
	before := s.events()
	if a := s.post(at, url.Values{"reason": {"too_often"}}); a.Status != http.StatusOK || s.events() != before { // nobody left yet
		t.Errorf("before leaving: %d, %d events", a.Status, s.events()-before)
	}
	left := s.post(at, url.Values{"scope": {"purpose"}})
	if !strings.Contains(left.Body, `name="reason"`) {
		t.Error("the page does not ask why")
	}
	for _, bad := range []url.Values{{"reason": {"rude"}}, {"note": {strings.Repeat("a", 501)}}} {
		if a := s.post(at, bad, asJSON); a.Status != http.StatusUnprocessableEntity || a.problem(t).Field == "" {
			t.Errorf("%v: %d", bad, a.Status)
		}
	}
	for range 2 {
		if a := s.post(at, url.Values{"reason": {"too_often"}, "note": {"Elke dag!"}}); a.Status != http.StatusOK || strings.Contains(a.Body, `name="reason"`) {
			t.Errorf("%d", a.Status)
		}
	}
	got, err := s.store.Leavings(t.Context(), 1)
	if err != nil || got.Scopes["purpose"] != 1 || got.Places["unsubscribe"] != 1 || got.Reasons["too_often"] != 1 {
		t.Errorf("%+v %v", got, err)
	}
	events, err := s.store.EventsOf(t.Context(), p.PublicID)
	if err != nil {
		t.Fatal(err)
	}
	if last := events[len(events)-1]; last.Kind != akkoord.Explained || last.Evidence.Note != "Elke dag!" || s.events() != before+2 {
		t.Errorf("%+v", last)
	}
	_, undo, _ := strings.Cut(left.Body, `action="`+at+"?undo=")
	undo, _, _ = strings.Cut(undo, `"`)
	if a := s.post(at, url.Values{"undo": {undo}}); a.Status != http.StatusOK {
		t.Fatalf("undo: %d", a.Status)
	}
	if got, err = s.store.Leavings(t.Context(), 1); err != nil || len(got.Scopes) != 0 {
		t.Errorf("after taking it back: %+v %v", got, err)
	}
}
