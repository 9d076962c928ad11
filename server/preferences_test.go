package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

func (s *site) preferences(p akkoord.Subscriber) string {
	return "/preferences/" + s.token(akkoord.Link{Kind: akkoord.LinkPreferences, Subscriber: p.PublicID})
}

// M14, M21: consent is given and taken back per purpose, interests are chosen,
// and one's own data is corrected; each with its line in the ledger.
func TestPreferences(t *testing.T) {
	s := newSite(t)
	person := s.subscribe("a@voorbeeld.example", "travel-news")
	at := s.preferences(person)
	if page := s.get(at); page.Status != http.StatusOK || !strings.Contains(page.Body, `value="travel-news"`) || !strings.Contains(page.Body, `name="start" value="ski-offers"`) || !strings.Contains(page.Body, "Ja, mail mij Reisnieuws.") {
		t.Fatalf("%d %s", page.Status, page.Body)
	}
	steps := []struct {
		name   string
		send   url.Values
		status int
		events int64
		check  func(akkoord.Standing) bool
	}{
		{"start asks to confirm", url.Values{"start": {"ski-offers"}}, 200, 1, func(st akkoord.Standing) bool {
			return st.Subscription(s.purposes["ski-offers"].ID).State == akkoord.Pending
		}},
		{"start what is on", url.Values{"start": {"travel-news"}}, 200, 0, nil},
		{"stop", url.Values{"stop": {"travel-news"}}, 200, 1, func(st akkoord.Standing) bool {
			return st.Subscription(s.purposes["travel-news"].ID).State == akkoord.Withdrawn
		}},
		{"stop again", url.Values{"stop": {"travel-news"}}, 200, 0, nil},
		{"interests", url.Values{"save": {"interests"}, "interest": {"stedentrip", "wintersport"}}, 200, 0, func(st akkoord.Standing) bool {
			return cmp.Equal(st.Subscriber.Interests, []string{"stedentrip", "wintersport"})
		}},
		{"no interests", url.Values{"save": {"interests"}}, 200, 0, func(st akkoord.Standing) bool { return len(st.Subscriber.Interests) == 0 }},
		{"person", url.Values{"save": {"person"}, "name": {"Zoë"}, "locale": {"en"}}, 200, 1, func(st akkoord.Standing) bool {
			return st.Subscriber.Name == "Zoë" && st.Subscriber.Locale == "en"
		}},
		{"unknown purpose", url.Values{"stop": {"other"}}, 422, 0, nil},
		{"unknown interest", url.Values{"save": {"interests"}, "interest": {"other"}}, 422, 0, nil},
		{"bad name", url.Values{"save": {"person"}, "name": {"a\r\nBcc: b"}}, 422, 0, nil},
		{"bad language", url.Values{"save": {"person"}, "locale": {"../../etc"}}, 422, 0, nil},
		{"nothing", url.Values{}, 422, 0, nil},
	}
	for _, step := range steps {
		before := s.events()
		a := s.post(at, step.send)
		if a.Status != step.status || s.events()-before != step.events {
			t.Errorf("%s: %d, %d events", step.name, a.Status, s.events()-before)
		}
		if step.check != nil && !step.check(s.standing("a@voorbeeld.example")) {
			t.Errorf("%s: %+v", step.name, s.standing("a@voorbeeld.example"))
		}
		if step.status == 422 {
			if p := s.post(at, step.send, asJSON).problem(t); p.Field == "" {
				t.Errorf("%s: names no field", step.name)
			}
		} else if a := s.post(at, step.send, asJSON); a.Status != 200 {
			t.Errorf("%s: %d %s", step.name, a.Status, a.Body)
		}
	}
	if page := s.get(at); page.Header.Get("Content-Language") != "en" { // M24: the person's language
		t.Error(page.Header)
	}
	if a := s.get(s.preferences(akkoord.Subscriber{PublicID: akkoord.ID{9}})); a.Status != http.StatusNotFound {
		t.Errorf("nobody: %d", a.Status)
	}
}

// M3: what one can still say yes to comes with what the data is used for. A
// post that failed is not called saved.
func TestPreferencesExplainAndOwnUpToErrors(t *testing.T) {
	s := newSite(t)
	at := s.preferences(s.subscribe("a@voorbeeld.example", "travel-news"))
	if page := s.get(at); strings.Count(page.Body, "Hiervoor gebruiken wij uw adres.") != 1 {
		t.Error("not just the purpose that is off is explained")
	}
	for name, send := range map[string]url.Values{
		"name": {"save": {"person"}, "name": {strings.Repeat("a", 300)}}, "interest": {"save": {"interests"}, "interest": {"other"}}, "purpose": {"stop": {"other"}},
	} {
		a := s.post(at, send)
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, `class="summary"`) || strings.Contains(a.Body, "notice ok") {
			t.Errorf("%s: %d, or it says both", name, a.Status)
		}
	}
}

// Art. 21 GDPR, M8: who stops mail that rests on no consent objects, and reads
// that the objection is on record, in every language.
func TestAnObjectionIsConfirmedByItsName(t *testing.T) {
	s := newSite(t)
	p := s.subscribe("a@voorbeeld.example", "travel-news")
	change := akkoord.BasisChange{
		Basis: akkoord.BasisExistingCustomer, Reason: "bought skis", Origin: akkoord.Origin{Source: "api", Actor: "key:1"},
		Ground: akkoord.Ground{SoldOn: "2026-11-01", Sale: "F-118", Similar: true, RefusalOffered: true},
	}
	if err := s.store.SetBasis(t.Context(), p.PublicID, "ski-offers", change); err != nil {
		t.Fatal(err)
	}
	if page := s.post(s.preferences(p)+"?locale=en", url.Values{"stop": {"travel-news"}}); strings.Contains(page.Body, "objection") {
		t.Error("withdrawing a consent is called an objection")
	}
	if page := s.post(s.preferences(p)+"?locale=nl", url.Values{"stop": {"ski-offers"}}); !strings.Contains(page.Body, "Uw bezwaar tegen Ski-aanbiedingen is vastgelegd.") {
		t.Error("the objection is not confirmed")
	}
}
