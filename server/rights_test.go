package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

// M20: a person takes all that is stored of them away, as a file.
func TestAPersonTakesEverythingAway(t *testing.T) {
	s := newSite(t)
	at := s.preferences(s.subscribe("a@voorbeeld.example", "travel-news"))
	for format, kind := range map[string]string{"json": "application/json", "csv": "text/csv; charset=utf-8"} {
		a := s.post(at, url.Values{"export": {format}})
		if a.Status != http.StatusOK || a.Header.Get("Content-Type") != kind || a.Header.Get("Cache-Control") != "no-store" ||
			!strings.Contains(a.Header.Get("Content-Disposition"), "akkoord."+format) || !strings.Contains(a.Body, "a@voorbeeld.example") || !strings.Contains(a.Body, "confirmed") {
			t.Errorf("%s: %d %v\n%s", format, a.Status, a.Header, a.Body)
		}
	}
	if a := s.post(at, url.Values{"export": {"zip"}}); a.Status != http.StatusOK || a.Header.Get("Content-Type") != "application/zip" || !strings.HasPrefix(a.Body, "PK") {
		t.Errorf("zip: %d %v", a.Status, a.Header)
	}
	if a := s.post(at, url.Values{"export": {"exe"}}); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("another format: %d", a.Status)
	}
	var record akkoord.PersonRecord
	if err := json.Unmarshal([]byte(s.post(at, url.Values{"export": {"json"}}).Body), &record); err != nil || record.Person.Email != "a@voorbeeld.example" {
		t.Errorf("the file is %+v (%v)", record.Person, err)
	}
}

// M19: a person has everything erased by their own link, after one question,
// and gets a receipt that holds nothing about them.
func TestAPersonErasesEverything(t *testing.T) {
	s := newSite(t)
	person := s.subscribe("weg@voorbeeld.example", "travel-news")
	at := s.preferences(person)
	if page := s.get(at); !strings.Contains(page.Body, `name="erase" value="ask"`) || !strings.Contains(page.Body, `name="export" value="json"`) {
		t.Errorf("the page offers neither:\n%s", page.Body)
	}
	before := s.events()
	ask := s.post(at, url.Values{"erase": {"ask"}})
	if ask.Status != http.StatusOK || s.events() != before || !strings.Contains(ask.Body, `name="erase" value="yes"`) || strings.Contains(ask.Body, "weg@") {
		t.Errorf("asking: %d, %d events\n%s", ask.Status, s.events()-before, ask.Body)
	}
	if a := s.post(at, url.Values{"erase": {"perhaps"}}); a.Status != http.StatusUnprocessableEntity || s.events() != before {
		t.Errorf("anything else: %d", a.Status)
	}
	done := s.post(at, url.Values{"erase": {"yes"}})
	if done.Status != http.StatusOK || !strings.Contains(done.Body, "akkoord erasure receipt 1") || strings.Contains(strings.ToLower(done.Body), "weg@") || s.events() != before+1 {
		t.Errorf("erasing: %d, %d events\n%s", done.Status, s.events()-before, done.Body)
	}
	if st := s.standing("weg@voorbeeld.example"); st.Subscriber.ID != 0 || !st.Suppressed(akkoord.SuppressedErased) {
		t.Errorf("still known: %+v", st)
	}
	if again := s.post(at, url.Values{"erase": {"yes"}}); again.Status/100 == 5 || s.events() != before+1 {
		t.Errorf("once more: %d", again.Status)
	}
	if leave := s.post("/unsubscribe/"+s.token(s.leaveLink(person)), url.Values{"List-Unsubscribe": {"One-Click"}}); leave.Status != http.StatusOK {
		t.Errorf("leaving by an old mail: %d", leave.Status)
	}
}
