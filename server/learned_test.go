package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// sent sends a mailing to everybody and gives the numbers of its links.
func (s *site) sent(links ...akkoord.MailLink) []int64 {
	s.t.Helper()
	ctx := s.t.Context()
	check := func(err error) {
		if err != nil {
			s.t.Helper()
			s.t.Fatal(err)
		}
	}
	m, err := s.store.PutMailing(ctx, akkoord.ActorSystem, akkoord.Mailing{CampaignID: s.campaign.ID, Content: akkoord.Content{Subject: "Sneeuw", Markdown: "Hallo"}})
	check(err)
	numbers, err := s.store.MailLinks(ctx, m.ID, links)
	check(err)
	_, err = s.store.StartMailing(ctx, akkoord.ActorSystem, m.PublicID)
	check(err)
	for {
		w, err := s.store.Claim(ctx)
		check(err)
		if w == nil {
			return numbers
		}
		for i := range w.Recipients {
			now := s.clock.Now()
			check(s.store.Mark(w, i, now))
			s.store.Note(w, i, akkoord.Result{State: akkoord.Sent, Code: "250", Attempts: 1, At: now, FirstAt: now})
		}
		check(s.store.Release(ctx, w))
	}
}

// M14, M16, M22, the travel agency: who lets clicks be counted is asked apart whether
// something may be learned from them. What was learned stands on the person's page in
// words, apart from what they chose, and is forgotten or ended there.
func TestThePreferencesPageShowsWhatWasLearnedAndForgetsIt(t *testing.T) {
	s := newSite(t)
	ctx := t.Context()
	p := s.subscribe("anouk@voorbeeld.example", "travel-news", "ski-offers")
	numbers := s.sent(akkoord.MailLink{URL: "https://www.zonvaart.example/ski", Topic: "wintersport"}, akkoord.MailLink{URL: "https://www.zonvaart.example/piste", Topic: "wintersport"})
	at := s.preferences(p)
	const asked, thinks = "Wij kunnen uit de onderwerpen van die links ook afleiden wat u leuk vindt", "Op grond van wat u aanklikte"
	click := func() {
		for _, n := range numbers {
			s.clock.add(time.Minute)
			s.do(http.MethodGet, "/click/"+s.token(akkoord.Link{Kind: akkoord.LinkClick, Subscriber: p.PublicID, Target: n}), "", header{"User-Agent", "Mozilla/5.0 Firefox/140.0"})
		}
	}
	post := func(status int, has string, hasNot string, values ...string) string {
		t.Helper()
		in := url.Values{}
		for i := 0; i < len(values); i += 2 {
			in.Set(values[i], values[i+1])
		}
		a := s.post(at, in)
		if a.Status != status || !strings.Contains(a.Body, has) || hasNot != "" && strings.Contains(a.Body, hasNot) {
			t.Errorf("%v: %d, want %q and not %q in\n%s", values, a.Status, has, hasNot, a.Body)
		}
		return a.Body
	}
	post(http.StatusOK, `name="untrack"`, asked, "track", "travel-news")
	post(http.StatusUnprocessableEntity, "wordt niets afgeleid", "", "learn", "travel-news")
	if _, err := s.store.EditPurpose(ctx, akkoord.ActorSystem, "travel-news", func(p *akkoord.Purpose) error { p.LearnAfter = 2; return nil }); err != nil {
		t.Fatal(err)
	}
	click()
	if page := s.get(at).Body; !strings.Contains(page, asked) || strings.Contains(page, thinks) {
		t.Errorf("who is counted and said nothing of learning:\n%s", page)
	}
	post(http.StatusOK, `name="unlearn"`, thinks, "learn", "travel-news")
	if history := s.get(at + "?show=history").Body; !strings.Contains(history, asked) {
		t.Errorf("M4: the words that were agreed to are not in the history:\n%s", history)
	}
	click()
	page := s.get(at).Body
	if !strings.Contains(page, thinks) || !strings.Contains(page, `name="topic" value="wintersport"`) || strings.Count(page, thinks) != 1 || strings.Contains(page, `value="wintersport" checked`) {
		t.Errorf("what was learned, under its purpose, and not as chosen:\n%s", page)
	}
	for name, in := range map[string]url.Values{"no topic": {"forget": {"travel-news"}}, "no purpose": {"forget": {"other"}, "topic": {"wintersport"}}, "a topic that is none": {"forget": {"travel-news"}, "topic": {"<b>"}}} {
		if a := s.post(at, in); a.Status != http.StatusUnprocessableEntity || strings.Contains(a.Body, "<b></b>") {
			t.Errorf("%s: %d", name, a.Status)
		}
	}
	post(http.StatusOK, "Vergeten: Wintersport", thinks, "forget", "travel-news", "topic", "wintersport")
	click()
	post(http.StatusOK, "leiden niets meer af", thinks, "unlearn", "travel-news")
	post(http.StatusOK, `name="unlearn"`, thinks, "learn", "travel-news")
	click()
	post(http.StatusOK, `name="track"`, thinks, "untrack", "travel-news")
	if page := post(http.StatusOK, `name="untrack"`, thinks, "track", "travel-news"); !strings.Contains(page, `name="learn"`) {
		t.Error("learning is not asked anew once counting was ended")
	}
	english := s.get(at + "?locale=en").Body
	if !strings.Contains(english, `action="`+at+`?locale=en"`) {
		t.Error("what is read in English is not answered in English")
	}
	set, err := pages()
	if err != nil {
		t.Fatal(err)
	}
	words := set.T("en", "own.learn_words", "Name", "travel-news")
	if !strings.Contains(english, words) {
		t.Fatalf("the page does not show %q", words)
	}
	s.post(at+"?locale=en", url.Values{"learn": {"travel-news"}})
	if history := s.get(at + "?show=history").Body; !strings.Contains(history, words) {
		t.Errorf("the words that were read, %q, are not those in the history", words)
	}
	if s.state("anouk@voorbeeld.example", "ski-offers") != akkoord.Active {
		t.Error("another purpose is touched")
	}
}

// Art. 13(1)(c) GDPR, M5: the privacy statement tells of learning under the purposes
// that do so, as a version of its own.
func TestThePrivacyStatementTellsOfLearning(t *testing.T) {
	s := newSite(t)
	const says = "leiden wij af wat u leuk vindt"
	if page := s.get("/privacy?locale=nl").Body; strings.Contains(page, says) {
		t.Errorf("of nothing:\n%s", page)
	}
	if _, err := s.store.EditPurpose(t.Context(), akkoord.ActorSystem, "travel-news", func(p *akkoord.Purpose) error { p.LearnAfter = 2; return nil }); err != nil {
		t.Fatal(err)
	}
	if page := s.get("/privacy?locale=nl").Body; strings.Count(page, says) != 1 || !strings.Contains(page, `href="/privacy/1"`) {
		t.Errorf("of one purpose:\n%s", page)
	}
	if page := s.get("/privacy/1?locale=nl").Body; strings.Contains(page, says) {
		t.Error("the version before says so too")
	}
}
