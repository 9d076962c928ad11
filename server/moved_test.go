package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// M21: what was mailed to a former address shows nothing of the person any more,
// since that mailbox may be somebody else's; leaving by it works for ever (C.9),
// and hands out no new link.
func TestOldPreferencesLinksEndWithTheAddressTheyWereMailedTo(t *testing.T) {
	s := newSite(t)
	p := s.subscribe("a@voorbeeld.example", "travel-news")
	old, leave := s.preferences(p), "/unsubscribe/"+s.token(akkoord.Link{Kind: akkoord.LinkUnsubscribe, Subscriber: p.PublicID, Purpose: s.purposes["travel-news"].ID})
	own := "/your-data/" + s.token(akkoord.Link{Kind: akkoord.LinkOwnData, Subscriber: p.PublicID})
	if page := s.get(leave); !strings.Contains(page.Body, "/preferences/") {
		t.Error("the page to leave has no link to the preferences")
	}
	s.clock.add(time.Minute)
	s.post(old, url.Values{"save": {"address"}, "email": {"nieuw@voorbeeld.example"}})
	due, err := s.store.ClaimSystem(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range due {
		if d.Mail == akkoord.MailAddress {
			s.post("/address/"+s.token(akkoord.Link{Kind: akkoord.LinkAddress, Subscriber: p.PublicID, Request: d.Request}), nil)
		}
	}
	if s.standing("nieuw@voorbeeld.example").Subscriber.ID == 0 {
		t.Fatal("the address was not changed")
	}
	for _, at := range []string{old, old + "?show=history", own} {
		page := s.get(at)
		if page.Status != http.StatusGone || strings.Contains(page.Body, "nieuw@") || strings.Contains(page.Body, "•@") || strings.Contains(page.Body, "•••") || !strings.Contains(page.Body, `href="/your-data"`) {
			t.Errorf("an old link: %d\n%s", page.Status, page.Body)
		}
	}
	if a := s.post(old, url.Values{"erase": {"yes"}}, asJSON).problem(t); a.Code != "link_moved" {
		t.Errorf("an old link erases: %+v", a)
	}
	if page := s.get(s.preferences(p)); page.Status != http.StatusOK {
		t.Errorf("a new link: %d", page.Status)
	}
	for _, page := range []answer{s.get(leave), s.post(leave, url.Values{"scope": {"purpose"}})} {
		if page.Status != http.StatusOK || strings.Contains(page.Body, "/preferences/") {
			t.Errorf("leaving by an old mail: %d, or it hands out a new link", page.Status)
		}
	}
	if s.state("nieuw@voorbeeld.example", "travel-news") != akkoord.Withdrawn {
		t.Error("C.9: leaving by an old mail does nothing")
	}
}

// Contract, events: an act that a mail's link caused names its campaign, also on
// the preferences page, and counts for its mailing (M11).
func TestLeavingOnThePreferencesPageCountsForTheMail(t *testing.T) {
	s := newSite(t)
	p := s.subscribe("a@voorbeeld.example", "travel-news")
	link := akkoord.Link{Kind: akkoord.LinkPreferences, Subscriber: p.PublicID, Campaign: 3, Mailing: 7}
	s.post("/preferences/"+s.token(link), url.Values{"stop": {"travel-news"}})
	events, err := s.store.EventsOf(t.Context(), p.PublicID)
	if err != nil {
		t.Fatal(err)
	}
	last := events[len(events)-1]
	if last.Kind != akkoord.Withdrew || last.Source != "preferences" || last.CampaignID != 3 || last.MailingID != 7 {
		t.Errorf("%+v", last)
	}
	l, err := s.store.Leavings(t.Context(), 7)
	if err != nil || l.Places["preferences"] != 1 || l.Scopes["purpose"] != 1 {
		t.Errorf("%+v, %v", l, err)
	}
}
