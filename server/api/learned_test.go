package api_test

import (
	"strings"
	"testing"
	"time"

	"akkoord"
)

// Issue 6, M16, M20: a purpose is told over the API whether it learns; who reads a person
// sees what was learned apart from what they chose, and another purpose can't ask for it.
func TestLearnedInterestsOverTheAPI(t *testing.T) {
	f := newFixture(t)
	mailing := f.catalogue()
	f.must("POST", "/purposes", `{"slug":"ski-offers","name":{"en":"Ski equipment offers"},"explanation":{"en":"Offers."},"wording":{"en":"Mail me."}}`)
	if a := f.must("GET", "/purposes/travel-news", ""); a.object()["learn_after_links"] != 0.0 {
		t.Errorf("it learns unasked: %s", a.raw)
	}
	for _, bad := range []string{"6", "-1"} {
		if a := f.call(akkoord.RoleOwner, "PATCH", "/purposes/travel-news", `{"learn_after_links":`+bad+`}`); a.status != 422 || a.str("code") != "learn_after_range" || a.str("field") != "learn_after_links" {
			t.Errorf("%s: %d %s", bad, a.status, a.raw)
		}
	}
	if a := f.call(akkoord.RoleAnalyst, "PATCH", "/purposes/travel-news", `{"learn_after_links":1}`); a.status != 403 {
		t.Errorf("an analyst: %d", a.status)
	}
	if a := f.must("PATCH", "/purposes/travel-news", `{"learn_after_links":1}`); a.object()["learn_after_links"] != 1.0 {
		t.Errorf("%s", a.raw)
	}
	p := f.person("pim@voorbeeld.example", true)
	by := akkoord.Origin{Source: "preferences", Actor: akkoord.ActorPerson}
	news, err := f.store.Purpose(t.Context(), "travel-news")
	f.check(err)
	f.check(f.store.Track(t.Context(), p.PublicID, news.ID, true, by))
	f.check(f.store.Learn(t.Context(), p.PublicID, news.ID, true, "Yes, learn.", by))
	numbers, err := f.store.MailLinks(t.Context(), f.sent(mailing), []akkoord.MailLink{{URL: "https://www.zonvaart.example/zon", Topic: "zon"}})
	f.check(err)
	f.advance(time.Minute)
	f.check(f.store.NoteClick(t.Context(), akkoord.Link{Subscriber: p.PublicID, Target: numbers[0]}, akkoord.ClickBy{Agent: "Mozilla/5.0 Firefox/140.0"}))
	one := f.must("GET", "/subscribers/"+p.PublicID.String(), "")
	if !strings.Contains(one.raw, `"interests":["wintersport"]`) || !strings.Contains(one.raw, `"learned_interests":[{"purpose":"travel-news","topic":"zon","links":1,"last_at":"`) || strings.Contains(one.raw, `"learned_from_since":null`) {
		t.Errorf("%s", one.raw)
	}
	if all := f.must("GET", "/subscribers", ""); strings.Contains(all.raw, "learned_interests") {
		t.Errorf("a list says it of everybody: %s", all.raw)
	}
	if a := f.must("POST", "/segments/preview", `{"purpose":"travel-news","filter":{"learned":"zon"}}`); a.object()["count"] != 1.0 {
		t.Errorf("%s", a.raw)
	}
	const want = "What was learned from clicks in Travel news can't select people for Ski equipment offers: that is another purpose."
	for _, path := range []string{"/segments", "/segments/preview", "/segments/count"} {
		if a := f.call(akkoord.RoleOwner, "POST", path, `{"slug":"ski","purpose":"ski-offers","filter":{"learned":"zon"}}`); a.status != 422 || a.str("code") != "purpose_limitation" || a.str("detail") != want || a.str("field") != "filter.learned" {
			t.Errorf("M16 %s: %d %s", path, a.status, a.raw)
		}
	}
	f.must("PATCH", "/purposes/travel-news", `{"learn_after_links":0}`)
	if one := f.must("GET", "/subscribers/"+p.PublicID.String(), ""); strings.Contains(one.raw, "learned_interests") {
		t.Errorf("once it is switched off: %s", one.raw)
	}
}
