package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// Contract, GET /click/{token}: it leads to the signed target only, and counts
// as consent allows at that moment, also for mails that were sent (M22).
func TestAClickLeadsToItsTargetAndCountsAsConsentAllows(t *testing.T) {
	s := newSite(t)
	ctx := t.Context()
	person := s.subscribe("anouk@voorbeeld.example", "travel-news")
	origin := akkoord.Origin{Source: "preferences", Actor: akkoord.ActorPerson}
	track := func(yes bool) {
		if err := s.store.Track(ctx, person.PublicID, s.purposes["travel-news"].ID, yes, origin); err != nil {
			t.Fatal(err)
		}
	}
	m, err := s.store.PutMailing(ctx, akkoord.ActorSystem, akkoord.Mailing{CampaignID: s.campaign.ID, Content: akkoord.Content{Subject: "Sneeuw", Markdown: "Hallo"}})
	if err != nil {
		t.Fatal(err)
	}
	const url = "https://www.zonvaart.example/ski?a=1&b=2"
	numbers, err := s.store.MailLinks(ctx, m.ID, []akkoord.MailLink{{URL: url, Topic: "wintersport"}, {}})
	if err != nil {
		t.Fatal(err)
	}
	at := func(n int64) string {
		return "/click/" + s.token(akkoord.Link{Kind: akkoord.LinkClick, Subscriber: person.PublicID, Target: n})
	}
	follow := func(method, target, want string) {
		t.Helper()
		a := s.do(method, target, "", header{"User-Agent", "Mozilla/5.0 Firefox/140.0"})
		if a.Status != http.StatusFound || a.Header.Get("Location") != want || a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Referrer-Policy") != "no-referrer" || a.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %v", method, a.Status, a.Header)
		}
	}
	counts := func(want akkoord.LinkCount) {
		t.Helper()
		got, err := s.store.LinkCounts(ctx, m.ID)
		want.MailLink = akkoord.MailLink{URL: url, Topic: "wintersport"}
		if err != nil || len(got) != 2 || got[0] != want {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	}
	follow(http.MethodGet, at(numbers[0]), url)
	counts(akkoord.LinkCount{})
	track(true)
	follow(http.MethodHead, at(numbers[0]), url)
	counts(akkoord.LinkCount{Machine: 1})
	track(false)
	follow(http.MethodGet, at(numbers[0]), url)
	counts(akkoord.LinkCount{Machine: 1})
	follow(http.MethodGet, at(numbers[1]), "/")
	good := at(numbers[0])
	for name, target := range map[string]string{
		"another kind": "/click/" + s.token(s.leaveLink(person)), "no link": at(9999), "altered": good[:len(good)-3] + "AAA", "a target beside it": "/click/https:%2F%2Fevil.example",
	} {
		if a := s.get(target); a.Status != http.StatusNotFound || a.Header.Get("Location") != "" {
			t.Errorf("%s: %d %v", name, a.Status, a.Header)
		}
	}
	s.clock.add(10 * 365 * 24 * time.Hour)
	if a := s.get(good + "?url=https://evil.example"); a.Header.Get("Location") != url || strings.Contains(s.log.String(), "anouk") {
		t.Errorf("years later: %d %v", a.Status, a.Header)
	}
}
