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
	if a := s.post(at, url.Values{"reason": {"too_often"}}); a.Status != http.StatusOK || s.events() != before || !strings.Contains(a.Body, `name="scope" value="purpose"`) { // nobody left yet
		t.Errorf("before leaving: %d, %d events\n%s", a.Status, s.events()-before, a.Body)
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

// M12: a scope and a reason in one go leave, also where the reason can't be read:
// nobody is told that they left and gets mail all the same.
func TestLeavingWithAReasonAtOnceLeaves(t *testing.T) {
	s := newSite(t)
	for i, reason := range []string{"too_often", "rude"} {
		p := s.subscribe([]string{"a@voorbeeld.example", "b@voorbeeld.example"}[i], "travel-news")
		if a := s.post("/unsubscribe/"+s.token(s.leaveLink(p)), url.Values{"scope": {"all"}, "reason": {reason}}); a.Status != http.StatusOK {
			t.Errorf("%s: %d", reason, a.Status)
		}
		if got := s.state(p.Email.Address(), "travel-news"); got != akkoord.Withdrawn {
			t.Errorf("%s: %s", reason, got)
		}
	}
	if got, err := s.store.Leavings(t.Context(), 1); err != nil || got.Scopes["all"] != 2 || got.Reasons["too_often"] != 1 {
		t.Errorf("%+v %v", got, err)
	}
}

// M20, M21: whoever was imported saw no words of ours, and has their own page all
// the same.
func TestTheImportedHaveTheirOwnPage(t *testing.T) {
	s := newSite(t)
	file := "email,name,confirmed_at\nimport@voorbeeld.example,Ida,2026-01-02T10:00:00Z\n"
	i, err := s.store.BeginImport(t.Context(), akkoord.ImportSpec{Actor: akkoord.ActorSystem, Purpose: "travel-news", Basis: akkoord.BasisConsent, Evidence: "fair"}, akkoord.ImportFile{Size: int64(len(file)), Digest: [32]byte{1}})
	if err == nil {
		i, err = s.store.RunImport(t.Context(), i.PublicID, strings.NewReader(file), nil)
	}
	if err != nil || i.Tally.Outcomes[akkoord.ImportAdded] != 1 {
		t.Fatalf("%+v %v", i.Tally, err)
	}
	p := s.standing("import@voorbeeld.example").Subscriber
	for path, kind := range map[string]akkoord.LinkKind{"/preferences/": akkoord.LinkPreferences, "/your-data/": akkoord.LinkOwnData} {
		a := s.get(path + s.token(akkoord.Link{Kind: kind, Subscriber: p.PublicID}))
		if a.Status != http.StatusOK || !strings.Contains(a.Body, `value="Ida"`) || strings.Contains(a.Body, `"></p>`) {
			t.Errorf("%s: %d\n%s", path, a.Status, a.Body)
		}
	}
}
