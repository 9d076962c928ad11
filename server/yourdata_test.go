package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// K.3: whoever asks for their data sees the same, known or not, and nothing is
// stored of an address that is not known.
func TestAskingForOnesDataTellsNothing(t *testing.T) {
	s := newSite(t)
	s.subscribe("a@voorbeeld.example", "travel-news")
	before := s.events()
	var seen []answer
	for _, address := range []string{"a@voorbeeld.example", "niemand@voorbeeld.example"} {
		for _, h := range [][]header{nil, {asJSON}} {
			a := s.post("/your-data", url.Values{"email": {address}, "locale": {"nl"}}, h...)
			a.Header.Del("X-Request-Id")
			seen = append(seen, a)
		}
	}
	for i := range 2 {
		if seen[i].Status != seen[i+2].Status || seen[i].Body != seen[i+2].Body || seen[i].Header.Get("Location") != seen[i+2].Header.Get("Location") {
			t.Errorf("known: %+v\nunknown: %+v", seen[i], seen[i+2])
		}
	}
	if seen[0].Status != http.StatusSeeOther || seen[1].Status != http.StatusAccepted || s.events() != before {
		t.Errorf("%d %d", seen[0].Status, seen[1].Status)
	}
	if st := s.standing("niemand@voorbeeld.example"); st.Subscriber.ID != 0 {
		t.Error("a stranger was stored")
	}
	due, err := s.store.ClaimSystem(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range due {
		if d.Mail == akkoord.MailOwnData && d.Recipient().Address() != "a@voorbeeld.example" {
			t.Errorf("%s is mailed", d.Recipient().Address())
		}
	}
	if page := s.get(seen[0].Header.Get("Location")); page.Status != http.StatusOK || strings.Contains(page.Body, "<form") {
		t.Error("the page that follows")
	}
	for _, bad := range []string{"", "geen", "a@b@c"} {
		if a := s.post("/your-data", url.Values{"email": {bad}}); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, `class="summary"`) {
			t.Errorf("%q: %d", bad, a.Status)
		}
		if p := s.post("/your-data", url.Values{"email": {bad}}, asJSON).problem(t); p.Field != "email" {
			t.Errorf("%q: %+v", bad, p)
		}
	}
}

// G.4: the link that is mailed shows the same page for a day, and works in no
// other link's place.
func TestTheLinkToOnesDataLivesADay(t *testing.T) {
	s := newSite(t)
	p := s.subscribe("a@voorbeeld.example", "travel-news")
	token := s.token(akkoord.Link{Kind: akkoord.LinkOwnData, Subscriber: p.PublicID})
	page := s.get("/your-data/" + token)
	if page.Status != http.StatusOK || !strings.Contains(page.Body, `action="/your-data/`+token) || strings.Contains(page.Body, "/preferences/") || page.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Fatalf("%d %s", page.Status, page.Body)
	}
	if a := s.post("/your-data/"+token, url.Values{"stop": {"travel-news"}}); a.Status != http.StatusOK || s.state("a@voorbeeld.example", "travel-news") != akkoord.Withdrawn {
		t.Errorf("%d", a.Status)
	}
	if a := s.get("/preferences/" + token); a.Status != http.StatusNotFound {
		t.Errorf("in place of a preferences link: %d", a.Status)
	}
	if a := s.get("/your-data/" + strings.TrimPrefix(s.preferences(p), "/preferences/")); a.Status != http.StatusNotFound {
		t.Errorf("a preferences link in its place: %d", a.Status)
	}
	s.clock.add(25 * time.Hour)
	if a := s.get("/your-data/" + token); a.Status != http.StatusGone {
		t.Errorf("after a day: %d", a.Status)
	}
}

// M14, M21: pausing, counting of clicks and a new address, each with its line.
func TestPreferencesPauseTrackAndMove(t *testing.T) {
	s := newSite(t)
	p := s.subscribe("a@voorbeeld.example", "travel-news")
	s.subscribe("b@voorbeeld.example", "travel-news")
	at := s.preferences(p)
	for _, step := range []struct {
		name   string
		send   url.Values
		status int
		events int64
		shows  string
	}{
		{"pause", url.Values{"pause": {"3"}}, 200, 1, `name="resume"`},
		{"pause again", url.Values{"pause": {"3"}}, 200, 0, `name="resume"`},
		{"resume", url.Values{"resume": {"1"}}, 200, 1, `name="pause" value="6"`},
		{"pause for ever", url.Values{"pause": {"x"}}, 422, 0, "1, 3 of 6"},
		{"track", url.Values{"track": {"travel-news"}}, 200, 1, `name="untrack"`},
		{"untrack", url.Values{"untrack": {"travel-news"}}, 200, 1, `name="track"`},
		{"track what is off", url.Values{"track": {"ski-offers"}}, 200, 0, ""},
		{"track what is not", url.Values{"track": {"other"}}, 422, 0, ""},
		{"the same address", url.Values{"save": {"address"}, "email": {"a@voorbeeld.example"}}, 422, 0, `id="email-e"`},
		{"no address", url.Values{"save": {"address"}, "email": {"x"}}, 422, 0, `id="email-e"`},
		{"a new address", url.Values{"save": {"address"}, "email": {"c@voorbeeld.example"}}, 200, 0, `class="notice ok"`},
		{"one that is taken", url.Values{"save": {"address"}, "email": {"b@voorbeeld.example"}}, 200, 0, `class="notice ok"`},
	} {
		before := s.events()
		a := s.post(at, step.send)
		if a.Status != step.status || s.events()-before != step.events || !strings.Contains(a.Body, step.shows) {
			t.Errorf("%s: %d, %d events, or %q is missing", step.name, a.Status, s.events()-before, step.shows)
		}
	}
	if page := s.get(at + "?show=history"); page.Status != http.StatusOK || !strings.Contains(page.Body, "Ja, mail mij Reisnieuws.") || !strings.Contains(page.Body, "Pauze") {
		t.Errorf("history: %d", page.Status)
	}
	if page := s.get(at + "?show=mails"); page.Status != http.StatusOK {
		t.Errorf("mails: %d", page.Status)
	}
}

// M21: looking changes nothing, the button does, a second press is harmless.
func TestANewAddressIsConfirmedByAButton(t *testing.T) {
	s := newSite(t)
	p := s.subscribe("a@voorbeeld.example", "travel-news")
	s.post(s.preferences(p), url.Values{"save": {"address"}, "email": {"nieuw@voorbeeld.example"}})
	due, err := s.store.ClaimSystem(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	link := akkoord.Link{Kind: akkoord.LinkAddress, Subscriber: p.PublicID}
	for _, d := range due {
		if d.Mail == akkoord.MailAddress {
			link.Request = d.Request
		}
	}
	at := "/address/" + s.token(link)
	before := s.events()
	if page := s.get(at); page.Status != http.StatusOK || !strings.Contains(page.Body, `method="post"`) || strings.Contains(page.Body, "nieuw@voorbeeld.example") || s.events() != before {
		t.Fatalf("%d %s", page.Status, page.Body)
	}
	for range 2 {
		if page := s.post(at, nil); page.Status != http.StatusOK || strings.Contains(page.Body, `class="ask"`) {
			t.Fatalf("%d %s", page.Status, page.Body)
		}
	}
	if s.events() != before+1 || s.standing("nieuw@voorbeeld.example").Subscriber.PublicID != p.PublicID || s.standing("a@voorbeeld.example").Subscriber.ID != 0 {
		t.Error("the address did not change once")
	}
	if a := s.get("/address/" + s.token(akkoord.Link{Kind: akkoord.LinkAddress, Subscriber: p.PublicID, Request: akkoord.ID{1}})); a.Status != http.StatusNotFound {
		t.Errorf("a link about nothing: %d", a.Status)
	}
}
