package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/server"
)

// C.3, C.4, C.8, C.10, C.11: a provider's click in any encoding, from one
// address for many people, with no cookie and no redirect.
func TestOneClickLeavesThePurpose(t *testing.T) {
	s := newSite(t, func(c *server.Config) { c.SignUps = server.Rate{N: 100, Per: time.Hour} })
	form, formType := multipartBody(t, [2]string{"List-Unsubscribe", "One-Click"})
	extra, extraType := multipartBody(t, [2]string{"x", "y"}, [2]string{"list-unsubscribe", "one-click"}, [2]string{"scope", "campaign"})
	sends := map[string]struct {
		body string
		kind header
	}{
		"urlencoded":       {"List-Unsubscribe=One-Click", sendForm},
		"charset":          {"List-Unsubscribe=One-Click", header{"content-type", "Application/X-WWW-Form-Urlencoded; charset=UTF-8"}},
		"extra fields":     {"a=b&List-Unsubscribe=One-Click&scope=all", sendForm},
		"no type":          {"List-Unsubscribe=One-Click", header{"X-Nothing", ""}},
		"multipart":        {form, formType},
		"multipart, extra": {extra, extraType},
	}
	for name, send := range sends {
		t.Run(name, func(t *testing.T) {
			address := strings.ReplaceAll(strings.ReplaceAll(name, " ", "-"), ",", "") + "@voorbeeld.example"
			person := s.subscribe(address, "travel-news", "ski-offers")
			at := "/unsubscribe/" + s.token(s.leaveLink(person))
			before := s.events()
			for range 3 {
				a := s.do(http.MethodPost, at, send.body, send.kind, header{"Origin", "https://mail.example"}, header{"Sec-Fetch-Site", "cross-site"})
				if a.Status != http.StatusOK || a.Header.Get("Set-Cookie") != "" || a.Header.Get("Location") != "" || a.Header.Get("Content-Type") != "text/plain; charset=utf-8" || len(a.Body) > 100 {
					t.Fatalf("%d %v", a.Status, a.Header)
				}
			}
			if got := s.events() - before; got != 1 {
				t.Errorf("%d events", got)
			}
			if s.state(address, "travel-news") != akkoord.Withdrawn || s.state(address, "ski-offers") != akkoord.Active {
				t.Error("it left something else")
			}
		})
	}
	person := s.subscribe("many@voorbeeld.example", "travel-news")
	for range 500 {
		if a := s.do(http.MethodPost, "/unsubscribe/"+s.token(s.leaveLink(person)), "List-Unsubscribe=One-Click", sendForm); a.Status != http.StatusOK {
			t.Fatal(a.Status)
		}
	}
}

// C.23: anything else is refused whole.
func TestOddUnsubscribePostsChangeNothing(t *testing.T) {
	s := newSite(t)
	person := s.subscribe("a@voorbeeld.example", "travel-news")
	at := "/unsubscribe/" + s.token(s.leaveLink(person))
	before := s.events()
	for name, tt := range map[string]struct {
		body   string
		kind   header
		status int
	}{
		"empty":        {"", sendForm, 422},
		"another pair": {"List-Unsubscribe=Two-Clicks", sendForm, 422},
		"scope":        {"scope=everything", sendForm, 422},
		"undo":         {"undo=1&scope=purpose", sendForm, 422},
		"forged undo":  {"undo=a.b.c", sendForm, 422},
		"escape":       {"%zz", sendForm, 422},
		"oversize":     {"List-Unsubscribe=One-Click&x=" + strings.Repeat("a", 17<<10), sendForm, 413},
		"text":         {"List-Unsubscribe=One-Click", header{"Content-Type", "text/plain"}, 415},
	} {
		if a := s.do(http.MethodPost, at, tt.body, tt.kind); a.Status != tt.status {
			t.Errorf("%s: %d", name, a.Status)
		}
	}
	if s.events() != before {
		t.Error("something changed")
	}
}

// M12, M13, C.8, C.10: leave one campaign, one purpose or everything, and take
// it back within the hour.
func TestLeavingByPageAndTakingItBack(t *testing.T) {
	for scope, want := range map[string]struct{ news, ski akkoord.State }{
		"campaign": {akkoord.Active, akkoord.Active}, "purpose": {akkoord.Withdrawn, akkoord.Active}, "all": {akkoord.Withdrawn, akkoord.Withdrawn},
	} {
		t.Run(scope, func(t *testing.T) {
			s := newSite(t)
			person := s.subscribe("a@voorbeeld.example", "travel-news", "ski-offers")
			at := "/unsubscribe/" + s.token(s.leaveLink(person))
			page := s.get(at)
			for _, name := range []string{"Winter 2027", "Reisnieuws", "Ski-aanbiedingen", "a•••••@voorbeeld.example"} {
				if !strings.Contains(page.Body, name) {
					t.Errorf("%q is not on the page", name)
				}
			}
			left := s.post(at, url.Values{"scope": {scope}})
			if left.Status != http.StatusOK || s.state("a@voorbeeld.example", "travel-news") != want.news || s.state("a@voorbeeld.example", "ski-offers") != want.ski {
				t.Fatalf("%d", left.Status)
			}
			if gone := s.standing("a@voorbeeld.example").HasLeft(s.campaign.ID); gone != (scope == "campaign") {
				t.Errorf("left the campaign: %t", gone)
			}
			for name, again := range map[string]answer{"posted again": s.post(at, url.Values{"scope": {scope}}), "looked at": s.get(at)} {
				if again.Status != http.StatusOK || !strings.Contains(again.Body, "24 november 2026 om 10.00 uur") {
					t.Errorf("%s: %d, or without the time", name, again.Status)
				}
				if back := strings.Contains(again.Body, `name="undo"`); back != (name == "posted again" || scope != "campaign") {
					t.Errorf("%s: a way back: %t", name, back)
				}
			}
			_, rest, _ := strings.Cut(left.Body, `action="`+at+"?undo=")
			undo, _, _ := strings.Cut(rest, `"`)
			if undo == "" {
				t.Fatal("no way back on the page")
			}
			for _, target := range []answer{
				s.post(at+"?undo="+undo, url.Values{"undo": {"1"}, "scope": {scope}}),
				s.post(at, url.Values{"undo": {undo}, "scope": {scope}}),
			} {
				if target.Status != http.StatusOK {
					t.Errorf("undo: %d", target.Status)
				}
			}
			st := s.standing("a@voorbeeld.example")
			if s.state("a@voorbeeld.example", "travel-news") != akkoord.Active || s.state("a@voorbeeld.example", "ski-offers") != akkoord.Active || st.HasLeft(s.campaign.ID) || len(st.Suppressions) > 0 {
				t.Errorf("not as before: %+v", st)
			}
			left = s.post(at, url.Values{"scope": {scope}})
			s.clock.add(59 * time.Minute)
			again := s.post(at, url.Values{"scope": {scope}})
			_, rest, _ = strings.Cut(again.Body, `action="`+at+"?undo=")
			late, _, _ := strings.Cut(rest, `"`)
			if a := s.post(at, url.Values{"undo": {late}}, asJSON); left.Status != http.StatusOK || a.Status != http.StatusOK {
				t.Errorf("undo of the page that came again: %d %s", a.Status, a.Body)
			}
			s.post(at, url.Values{"scope": {scope}})
			s.clock.add(2 * time.Hour)
			if again := s.post(at, url.Values{"scope": {scope}}); again.Status != http.StatusOK || strings.Contains(again.Body, `name="undo"`) || !strings.Contains(again.Body, "24 november 2026") {
				t.Errorf("again, hours later: %d", again.Status)
			}
			if a := s.post(at, url.Values{"undo": {undo}}, asJSON); a.Status != http.StatusGone || a.problem(t).Code != "undo_expired" {
				t.Errorf("hours later: %d", a.Status)
			}
		})
	}
}

// P15: the permission to take back is one person's, for one leaving.
func TestUndoIsBoundToThePersonAndTheLeaving(t *testing.T) {
	s := newSite(t)
	a, b := s.subscribe("a@voorbeeld.example", "travel-news"), s.subscribe("b@voorbeeld.example", "travel-news")
	page := s.post("/unsubscribe/"+s.token(s.leaveLink(a)), url.Values{"scope": {"purpose"}})
	_, rest, _ := strings.Cut(page.Body, "?undo=")
	undo, _, _ := strings.Cut(rest, `"`)
	s.post("/unsubscribe/"+s.token(s.leaveLink(b)), url.Values{"scope": {"purpose"}})
	if got := s.post("/unsubscribe/"+s.token(s.leaveLink(b)), url.Values{"undo": {undo}}); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("%d", got.Status)
	}
	if s.state("b@voorbeeld.example", "travel-news") != akkoord.Withdrawn {
		t.Error("somebody else's undo brought b back")
	}
}

// C.8, C.9, I.9: a leaving link works for ever, for an erased person too, and
// when campaign and purpose are unknown here.
func TestALeavingLinkOutlivesThePerson(t *testing.T) {
	s := newSite(t)
	link := akkoord.Link{Kind: akkoord.LinkUnsubscribe, Subscriber: akkoord.ID{1, 2, 3}, Purpose: 99, Campaign: 98, Mailing: 97}
	at := "/unsubscribe/" + s.token(link)
	s.clock.add(5 * 365 * 24 * time.Hour)
	for _, a := range []answer{
		s.get(at), s.post(at, url.Values{"List-Unsubscribe": {"One-Click"}}), s.post(at, url.Values{"scope": {"all"}}), s.post(at, url.Values{"scope": {"purpose"}}),
	} {
		if a.Status != http.StatusOK {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
}

// M13: the choice that the mail's footer names is made already; all three are
// there, and what was left already is no choice any more.
func TestThePageChoosesTheCampaignOfItsMail(t *testing.T) {
	s := newSite(t)
	person := s.subscribe("a@voorbeeld.example", "travel-news", "ski-offers")
	link := s.leaveLink(person)
	picked := func(at string) string {
		page := s.get(at).Body
		if n := strings.Count(page, " checked"); n != 1 {
			t.Errorf("%d choices are made", n)
		}
		before, _, _ := strings.Cut(page, " checked")
		return before[strings.LastIndex(before, "value="):]
	}
	at := "/unsubscribe/" + s.token(link)
	if got := picked(at); got != `value="campaign"` {
		t.Error(got)
	}
	if page := s.get(at).Body; !strings.Contains(page, `value="purpose"`) || !strings.Contains(page, `value="all"`) {
		t.Error("a choice is missing")
	}
	s.post(at, url.Values{"scope": {"campaign"}})
	if got := picked(at); got != `value="purpose"` {
		t.Errorf("after leaving the campaign: %s", got)
	}
	link.Campaign = 0
	if got := picked("/unsubscribe/" + s.token(link)); got != `value="purpose"` {
		t.Errorf("without a campaign: %s", got)
	}
	s.post(at, url.Values{"scope": {"purpose"}})
	page := s.get(at).Body
	for _, want := range []string{"U krijgt geen mails meer over Reisnieuws", "24 november 2026", "Ja, mail mij Ski-aanbiedingen."} {
		if !strings.Contains(page, want) {
			t.Errorf("after leaving the purpose, %q is not on the page", want)
		}
	}
}

// M12: each act by page or header says in which zone the site tells its times,
// and the person reads it in their history.
func TestEachActSaysInWhichZoneItsTimeIsToldM12(t *testing.T) {
	s := newSite(t)
	p := s.subscribe("a@voorbeeld.example", "travel-news", "ski-offers")
	leave := "/unsubscribe/" + s.token(s.leaveLink(p))
	own := s.preferences(p)
	for _, act := range []struct {
		at   string
		body url.Values
	}{{leave, url.Values{"scope": {"campaign"}}}, {leave, url.Values{"List-Unsubscribe": {"One-Click"}}}, {own, url.Values{"stop": {"ski-offers"}}}} {
		before := s.events()
		if a := s.post(act.at, act.body); a.Status != http.StatusOK || s.events() != before+1 {
			t.Errorf("%v: %d, %d events", act.body, a.Status, s.events()-before)
		}
	}
	if page := s.post("/confirm/"+s.token(s.request("a@voorbeeld.example", "travel-news")), nil); page.Status != http.StatusOK {
		t.Fatalf("%d", page.Status)
	}
	events, err := s.store.EventsOf(t.Context(), p.PublicID)
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]bool{}
	for _, e := range events {
		sources[e.Source] = true
		if e.Evidence.ToldIn != "Europe/Amsterdam" || e.Evidence.Zone != "" {
			t.Errorf("%s by %s: %+v", e.Kind, e.Source, e.Evidence)
		}
	}
	if len(sources) != 5 {
		t.Errorf("the acts came by %v", sources)
	}
	if page := s.get(own + "?show=history&locale=en"); strings.Count(page.Body, "time shown in Europe/Amsterdam") != len(events) {
		t.Errorf("the history\n%s", page.Body)
	}
}
