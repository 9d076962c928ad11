package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"akkoord"
)

func (s *site) archive(slug string) {
	s.t.Helper()
	if _, err := s.store.ArchivePurpose(s.t.Context(), akkoord.ActorSystem, slug); err != nil {
		s.t.Fatal(err)
	}
}

// Issue 6: what is archived is not offered, and says so to whoever had the form open; a
// form that offers nothing else is closed, with a way out. What was mailed before works.
func TestAnArchivedPurposeIsNotOffered(t *testing.T) {
	s := newSite(t)
	reader := s.subscribe("lezer@voorbeeld.example", "travel-news")
	waits := "/confirm/" + s.token(s.request("wacht@voorbeeld.example", "travel-news"))
	s.archive("travel-news")
	if a := s.get("/f/home"); a.Status != http.StatusOK || strings.Contains(a.Body, `value="travel-news"`) || !strings.Contains(a.Body, `value="ski-offers"`) {
		t.Errorf("the form: %d %s", a.Status, a.Body)
	}
	if a := s.get("/embed/home.js"); a.Status != http.StatusOK || strings.Contains(a.Body, "travel-news") {
		t.Errorf("the widget: %d", a.Status)
	}
	in := url.Values{"email": {"nieuw@voorbeeld.example"}, "purpose": {"travel-news"}}
	if a := s.post("/f/home", in, asJSON); a.Status != http.StatusUnprocessableEntity || a.problem(t).Code != "purpose_closed" {
		t.Errorf("a box that was shown before: %d %s", a.Status, a.Body)
	}
	if s.standing("nieuw@voorbeeld.example").Subscriber.ID != 0 {
		t.Error("somebody is stored")
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		a := s.do(method, waits, "", sendForm)
		if a.Status != http.StatusGone || !strings.Contains(a.Body, "Reisnieuws") || strings.Contains(a.Body, "<button") || strings.Contains(a.Body, "&lt;") {
			t.Errorf("%s of a confirm link: %d %s", method, a.Status, a.Body)
		}
	}
	if a := s.do(http.MethodPost, waits, "", sendForm, asJSON); a.Status != http.StatusGone || a.problem(t).Code != "purpose_closed" {
		t.Errorf("by a program: %d %s", a.Status, a.Body)
	}
	if s.state("wacht@voorbeeld.example", "travel-news") != akkoord.Pending {
		t.Error("the sign-up does not wait")
	}
	preferences := "/preferences/" + s.token(akkoord.Link{Kind: akkoord.LinkPreferences, Subscriber: reader.PublicID})
	if a := s.get(preferences); a.Status != http.StatusOK || !strings.Contains(a.Body, `name="stop" value="travel-news"`) {
		t.Errorf("the preferences: %d %s", a.Status, a.Body)
	}
	if a := s.post("/unsubscribe/"+s.token(s.leaveLink(reader)), url.Values{"List-Unsubscribe": {"One-Click"}}); a.Status != http.StatusOK || s.state("lezer@voorbeeld.example", "travel-news") != akkoord.Withdrawn {
		t.Errorf("leaving: %d %s", a.Status, a.Body)
	}
	if a := s.get(preferences); strings.Contains(a.Body, `value="travel-news"`) {
		t.Error("what is archived can be started")
	}
	if a := s.post(preferences, url.Values{"start": {"travel-news"}}, asJSON); a.Status != http.StatusUnprocessableEntity || a.problem(t).Code != "purpose_closed" {
		t.Errorf("starting it: %d %s", a.Status, a.Body)
	}

	s.archive("ski-offers")
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		a := s.do(method, "/f/home", url.Values{"email": {"nieuw@voorbeeld.example"}, "purpose": {"ski-offers"}}.Encode(), sendForm, header{"Accept-Language", "nl"})
		if a.Status != http.StatusGone || !strings.Contains(a.Body, "Dit formulier is gesloten") || !strings.Contains(a.Body, `href="/your-data"`) {
			t.Errorf("%s of a closed form: %d %s", method, a.Status, a.Body)
		}
	}
	if a := s.get("/"); a.Status != http.StatusOK || strings.Contains(a.Body, "/f/home") {
		t.Errorf("a closed form is on the home page: %d", a.Status)
	}
	if a := s.get("/f/home/check-your-mail"); a.Status != http.StatusOK {
		t.Errorf("who just signed up gets %d", a.Status)
	}
	if _, err := s.store.RestorePurpose(t.Context(), akkoord.ActorSystem, "travel-news"); err != nil {
		t.Fatal(err)
	}
	if a := s.do(http.MethodPost, waits, "", sendForm); a.Status != http.StatusOK || s.state("wacht@voorbeeld.example", "travel-news") != akkoord.Active {
		t.Errorf("confirming once it is back: %d", a.Status)
	}
}
