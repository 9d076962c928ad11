package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// M18: the link of a question shows one button; only pressing it says yes, once.
// The same page ends the purpose, with the undo of every leaving.
func TestAYesKeepsAConsentM18(t *testing.T) {
	s := newSite(t)
	p := s.subscribe("a@voorbeeld.example", "travel-news", "ski-offers")
	for _, slug := range []string{"travel-news", "ski-offers"} {
		if _, err := s.store.EditPurpose(t.Context(), akkoord.ActorSystem, slug, func(p *akkoord.Purpose) error { p.InactiveAfter = 365; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	s.clock.add(400 * 24 * time.Hour)
	if done, _, err := s.store.Retain(t.Context()); err != nil || done[akkoord.ActAsk] != 2 {
		t.Fatal(done, err)
	}
	link := akkoord.Link{Kind: akkoord.LinkKeep, Subscriber: p.PublicID, Purpose: s.purposes["travel-news"].ID}
	at := "/keep/" + s.token(link)
	before := s.events()
	page := s.get(at)
	if page.Status != http.StatusOK || !strings.Contains(page.Body, `method="post" action="`+at) || !strings.Contains(page.Body, `value="purpose"`) ||
		page.Header.Get("Referrer-Policy") != "no-referrer" || page.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v\n%s", page.Status, page.Header, page.Body)
	}
	s.do(http.MethodHead, at, "")
	if n := s.events(); n != before {
		t.Fatalf("looking made %d events", n-before)
	}
	for range 2 {
		if a := s.post(at, nil); a.Status != http.StatusOK || strings.Contains(a.Body, `class="ask"`) {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
	if n := s.events(); n != before+1 {
		t.Errorf("two presses made %d events", n-before)
	}
	if a := s.post(at, nil, asJSON); a.Status != http.StatusOK || !strings.Contains(a.Body, `"already"`) {
		t.Errorf("%d %s", a.Status, a.Body)
	}

	link.Purpose = s.purposes["ski-offers"].ID
	page = s.get("/keep/" + s.token(link))
	_, leave, _ := strings.Cut(page.Body, `action="/unsubscribe/`)
	leave, _, _ = strings.Cut(leave, `"`)
	if a := s.post("/unsubscribe/"+leave, url.Values{"scope": {"purpose"}}); a.Status != http.StatusOK || s.state("a@voorbeeld.example", "ski-offers") != akkoord.Withdrawn {
		t.Fatalf("%d", a.Status)
	}
	for name, token := range map[string]string{
		"a purpose that was left":   s.token(link),
		"another kind of link":      s.token(akkoord.Link{Kind: akkoord.LinkPreferences, Subscriber: p.PublicID, Purpose: link.Purpose}),
		"somebody who is not there": s.token(akkoord.Link{Kind: akkoord.LinkKeep, Subscriber: akkoord.ID{1}, Purpose: link.Purpose}),
		"no link":                   "x",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if a := s.do(method, "/keep/"+token, ""); a.Status != http.StatusNotFound {
				t.Errorf("%s: %s gives %d", name, method, a.Status)
			}
		}
	}
	s.clock.add(akkoord.Limits.KeepWindow + time.Hour)
	if a := s.get(at); a.Status != http.StatusGone {
		t.Errorf("after its time: %d", a.Status)
	}
}

// M18: a look at one's own page counts only for who lets clicks be counted.
func TestALookIsNotedOnlyWhereItMayBeM18(t *testing.T) {
	s := newSite(t)
	noted := func(address string) int {
		t.Helper()
		r, err := s.store.ExportPerson(t.Context(), akkoord.ActorSystem, s.standing(address).Subscriber.PublicID, "")
		if err != nil {
			t.Fatal(err)
		}
		return len(r.Activity)
	}
	at := s.preferences(s.subscribe("a@voorbeeld.example", "travel-news"))
	s.get(at)
	s.post(at, url.Values{"pause": {"1"}})
	if n := noted("a@voorbeeld.example"); n != 0 {
		t.Errorf("without a yes %d looks are stored", n)
	}
	s.post(at, url.Values{"track": {"travel-news"}})
	s.do(http.MethodHead, at, "")
	if n := noted("a@voorbeeld.example"); n != 0 {
		t.Errorf("a HEAD stored %d looks", n)
	}
	s.get(at)
	s.get(at)
	if n := noted("a@voorbeeld.example"); n != 1 {
		t.Errorf("%d looks are stored, want the last", n)
	}
	s.post(at, url.Values{"untrack": {"travel-news"}})
	if n := noted("a@voorbeeld.example"); n != 0 {
		t.Errorf("taken back, and %d looks are stored", n)
	}
}
