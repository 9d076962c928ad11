package server_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"akkoord"
)

func segment(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// G.2–G.5, G.8, F.10: a token that is not exactly ours, for this route and in
// its time, does nothing, and every refusal looks alike.
func TestForgedAndForeignTokensDoNothing(t *testing.T) {
	s := newSite(t)
	link := s.request("a@voorbeeld.example", "travel-news")
	good := s.token(link)
	parts := strings.Split(good, ".")
	head := func(h string) string { return segment(h) + "." + parts[1] + "." + parts[2] }
	kid := strings.Split(string(mustDecode(t, parts[0])), `"kid":`)[1]
	foreign := link
	foreign.Kind = akkoord.LinkUnsubscribe
	other, err := akkoord.NewKeyring(s.clock.Now(), strings.NewReader(strings.Repeat("x", 200)))
	if err != nil {
		t.Fatal(err)
	}
	flipped := "A"
	if good[len(good)-2] == 'A' {
		flipped = "B"
	}
	tokens := map[string]string{
		"flipped":         good[:len(good)-2] + flipped + good[len(good)-1:],
		"cut":             good[:len(good)-8],
		"longer":          good + "AA",
		"another claim":   parts[0] + "." + segment(strings.Replace(string(mustDecode(t, parts[1])), `"exp":1`, `"exp":9`, 1)) + "." + parts[2],
		"alg none":        head(`{"alg":"none","kid":`+kid) + "",
		"alg none, empty": segment(`{"alg":"none","kid":`+kid) + "." + parts[1] + ".",
		"alg case":        head(`{"alg":"hs256","typ":"JWT","kid":` + kid),
		"alg HS512":       head(`{"alg":"HS512","typ":"JWT","kid":` + kid),
		"alg RS256":       head(`{"alg":"RS256","typ":"JWT","kid":` + kid),
		"crit":            head(`{"alg":"HS256","crit":["exp"],"typ":"JWT","kid":` + kid),
		"jwk":             head(`{"alg":"HS256","jwk":{},"typ":"JWT","kid":` + kid),
		"kid path":        head(`{"alg":"HS256","typ":"JWT","kid":"../../dev/null"}`),
		"kid SQL":         head(`{"alg":"HS256","typ":"JWT","kid":"x' OR 1=1"}`),
		"no kid":          head(`{"alg":"HS256","typ":"JWT"}`),
		"another route's": s.token(foreign),
		"another key":     other.Links().Sign(link, s.clock.Now()),
		"dots":            strings.Repeat(".", 2000),
		"too long":        strings.Repeat("A", 4000),
		"NUL":             "%00",
		"up the tree":     "..%2f..%2fetc%2fpasswd",
		"slug":            "travel-news",
	}
	before := s.events()
	want := s.do(http.MethodPost, "/confirm/nothing", "", asJSON)
	if want.Status != http.StatusNotFound || want.problem(t).Code != "link_invalid" {
		t.Fatalf("%d %s", want.Status, want.Body)
	}
	for name, token := range tokens {
		for _, route := range []string{"POST /confirm/{}", "GET /confirm/{}", "POST /confirm/{}/not-me", "POST /confirm/{}/resend"} {
			method, path, _ := strings.Cut(route, " ")
			if got := s.do(method, strings.Replace(path, "{}", token, 1), "", asJSON); got.Status != want.Status || got.Body != want.Body {
				t.Errorf("%s: %s: %d %s", name, route, got.Status, got.Body)
			}
		}
	}
	for _, route := range []string{"GET /unsubscribe/{}", "POST /unsubscribe/{}", "GET /preferences/{}", "POST /preferences/{}", "GET /view/{}"} {
		method, path, _ := strings.Cut(route, " ")
		if got := s.do(method, strings.Replace(path, "{}", good, 1), "List-Unsubscribe=One-Click", sendForm, asJSON); got.Status != want.Status || got.Body != want.Body {
			t.Errorf("a confirmation link at %s: %d %s", route, got.Status, got.Body)
		}
	}
	if after := s.events(); after != before || s.state("a@voorbeeld.example", "travel-news") != akkoord.Pending {
		t.Error("something changed")
	}
}

func mustDecode(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// M6, F.8, C.5: looking changes nothing, however often and with whatever method.
func TestScannersThatOnlyLookChangeNothing(t *testing.T) {
	s := newSite(t)
	link := s.request("a@voorbeeld.example", "travel-news")
	person := s.subscribe("b@voorbeeld.example", "travel-news")
	pages := []string{"/confirm/" + s.token(link), "/unsubscribe/" + s.token(s.leaveLink(person)),
		"/preferences/" + s.token(akkoord.Link{Kind: akkoord.LinkPreferences, Subscriber: person.PublicID}), "/f/home", "/privacy", "/"}
	before := s.events()
	for _, page := range pages {
		for range 20 {
			get := s.get(page)
			if get.Status != http.StatusOK || get.Header.Get("Set-Cookie") != "" {
				t.Fatalf("%.30s: %d", page, get.Status)
			}
			head := s.do(http.MethodHead, page, "")
			if head.Status != http.StatusOK || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") {
				t.Fatalf("HEAD %.30s: %d", page, head.Status)
			}
			if a := s.do(http.MethodOptions, page, ""); a.Status != http.StatusNoContent || !strings.Contains(a.Header.Get("Allow"), "GET") {
				t.Fatalf("OPTIONS %.30s: %d %s", page, a.Status, a.Header.Get("Allow"))
			}
		}
	}
	if after := s.events(); after != before || s.state("a@voorbeeld.example", "travel-news") != akkoord.Pending || s.state("b@voorbeeld.example", "travel-news") != akkoord.Active {
		t.Error("something changed")
	}
}

// F.8: one button, no script, the words agreed to, the address masked.
func TestTheConfirmPageAsksOneThing(t *testing.T) {
	s := newSite(t)
	page := s.get("/confirm/" + s.token(s.request("anouk@voorbeeld.example", "travel-news", "ski-offers")))
	for _, want := range []string{"Ja, mail mij Reisnieuws.", "Ja, mail mij Ski-aanbiedingen.", "a•••••@voorbeeld.example", `method="post"`} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("%q is missing", want)
		}
	}
	for _, no := range []string{"<script", "anouk@", "http://", "https://"} {
		if strings.Contains(page.Body, no) {
			t.Errorf("%q is in the page", no)
		}
	}
}

// F.9, G.6: consent begins once, however often and however fast the button is
// pressed; every answer is 200 and later pages say since when.
func TestConfirmingAgainAddsNoSecondEvent(t *testing.T) {
	s := newSite(t)
	at := "/confirm/" + s.token(s.request("a@voorbeeld.example", "travel-news", "ski-offers"))
	before := s.events()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if a := s.do(http.MethodPost, at, ""); a.Status != http.StatusOK {
				t.Errorf("%d", a.Status)
			}
		})
	}
	all.Wait()
	if got := s.events() - before; got != 2 {
		t.Errorf("%d events for two purposes", got)
	}
	if a := s.do(http.MethodPost, at, "", asJSON); a.Status != http.StatusOK || !strings.Contains(a.Body, `"active"`) {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if a := s.get(at); a.Status != http.StatusOK || !strings.Contains(a.Body, "24 november 2026") || strings.Contains(a.Body, at+"/not-me") {
		t.Errorf("a later visit: %d", a.Status)
	}
	st := s.standing("a@voorbeeld.example")
	events, err := s.store.EventsOf(t.Context(), st.Subscriber.PublicID)
	if err != nil {
		t.Fatal(err)
	}
	if last := events[len(events)-1]; last.Kind != akkoord.Confirmed || last.Source != "confirm" || last.PrivacyVersion != 1 || last.Evidence.IP == "" {
		t.Errorf("%+v", last)
	}
}

// F.11, F.13: past its time a link shows no data and gives a way to a new mail.
func TestAnExpiredLinkOffersANewMail(t *testing.T) {
	s := newSite(t)
	at := "/confirm/" + s.token(s.request("anouk@voorbeeld.example", "travel-news"))
	s.clock.add(akkoord.Limits.ConfirmWindow + time.Hour)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		a := s.do(method, at, "")
		if a.Status != http.StatusGone || !strings.Contains(a.Body, at+"/resend") || strings.Contains(a.Body, "anouk") || strings.Contains(a.Body, "•") {
			t.Errorf("%s: %d", method, a.Status)
		}
		if a := s.do(method, at, "", asJSON); a.Status != http.StatusGone || a.problem(t).Code != "link_expired" {
			t.Errorf("%s: %d %s", method, a.Status, a.Body)
		}
	}
	first := s.do(http.MethodPost, at+"/resend", "")
	again := s.do(http.MethodPost, at+"/resend", "")
	if first.Status != http.StatusOK || again.Status != http.StatusOK || strings.Contains(first.Body, "anouk") {
		t.Errorf("resend: %d %d", first.Status, again.Status)
	}
	s.clock.add(8 * 24 * time.Hour) // nothing is pending any more
	if a := s.get(at); a.Status != http.StatusGone || strings.Contains(a.Body, "/resend") {
		t.Errorf("after the request lapsed: %d", a.Status)
	}
}

// F.10: an old link revives nothing, and says what to do.
func TestAnOldLinkRevivesNothing(t *testing.T) {
	s := newSite(t)
	old := s.request("a@voorbeeld.example", "travel-news")
	newer := s.request("a@voorbeeld.example", "travel-news", "ski-offers")
	if old.Request == newer.Request {
		t.Fatal("one request for different choices")
	}
	if a := s.do(http.MethodPost, "/confirm/"+s.token(old), ""); a.Status != http.StatusNotFound || !strings.Contains(a.Body, "<h1>") {
		t.Errorf("superseded: %d", a.Status)
	}
	s.do(http.MethodPost, "/confirm/"+s.token(newer), "")
	person := s.standing("a@voorbeeld.example").Subscriber
	s.post("/unsubscribe/"+s.token(s.leaveLink(person)), url.Values{"scope": {"all"}})
	for name, link := range map[string]akkoord.Link{"superseded": old, "withdrawn": newer} {
		if a := s.do(http.MethodPost, "/confirm/"+s.token(link), "", asJSON); a.Status != http.StatusNotFound {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	if got := s.state("a@voorbeeld.example", "travel-news"); got != akkoord.Withdrawn {
		t.Error(got)
	}
}

// F.15: "not me" erases what was pending and is harmless to repeat.
func TestNotMeErasesThePendingRequest(t *testing.T) {
	s := newSite(t)
	at := "/confirm/" + s.token(s.request("a@voorbeeld.example", "travel-news"))
	for range 2 {
		if a := s.do(http.MethodPost, at+"/not-me", ""); a.Status != http.StatusOK {
			t.Fatalf("%d", a.Status)
		}
	}
	st := s.standing("a@voorbeeld.example")
	if st.Subscriber.ID != 0 || !st.Suppressed(akkoord.SuppressedBlocked) {
		t.Errorf("%+v", st)
	}
	if a := s.do(http.MethodPost, at, ""); a.Status != http.StatusNotFound {
		t.Errorf("the link afterwards: %d", a.Status)
	}
}

// A page drawn for many who confirm in one second holds each one's own links
// and nobody else's, and is the page that drawing for one alone would give.
func TestAConfirmedPageHoldsOnlyOnesOwnLinks(t *testing.T) {
	s := newSite(t)
	frame := ""
	for i, address := range []string{"a@voorbeeld.example", "b@voorbeeld.example", "c@voorbeeld.example"} {
		token := s.token(s.request(address, "travel-news"))
		a := s.do(http.MethodPost, "/confirm/"+token, "")
		if a.Status != http.StatusOK || strings.Contains(a.Body, "the-token-of") {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		_, rest, _ := strings.Cut(a.Body, "/preferences/")
		preferences, _, _ := strings.Cut(rest, `"`)
		link, err := s.links.Read(akkoord.LinkPreferences, preferences, s.clock.Now())
		if err != nil || link.Subscriber != s.standing(address).Subscriber.PublicID {
			t.Errorf("%s: %v %v", address, link, err)
		}
		if !strings.Contains(a.Body, "/confirm/"+token+"?locale=") {
			t.Errorf("%s: the language links lead elsewhere", address)
		}
		bare := strings.NewReplacer(token, "", preferences, "").Replace(a.Body)
		if i > 0 && bare != frame {
			t.Errorf("%s: another page", address)
		}
		frame = bare
	}
	en := s.do(http.MethodPost, "/confirm/"+s.token(s.request("d@voorbeeld.example", "ski-offers"))+"?locale=en", "")
	if !strings.Contains(en.Body, "ski-offers") || !strings.Contains(en.Body, "Ja, mail mij Ski-aanbiedingen.") || strings.Contains(en.Body, "Reisnieuws") {
		t.Errorf("%s", en.Body)
	}
}

// F.15: the page of "not me" says what is true: who has more with us than the
// link asked for is not erased, and an empty link blocks nobody.
func TestNotMeSaysWhatBecameOfThePerson(t *testing.T) {
	const erased, blocked, ended = "Uw adres is gewist", "sturen wij er geen bevestigingsmail meer heen", "U krijgt hierover geen mail meer"
	s := newSite(t)
	says := func(when, at string, want, not []string) {
		t.Helper()
		a := s.do(http.MethodPost, at+"/not-me", "", header{"Accept-Language", "nl"})
		if a.Status != http.StatusOK {
			t.Errorf("%s: %d", when, a.Status)
		}
		for _, text := range want {
			if !strings.Contains(a.Body, text) {
				t.Errorf("%s: %q is missing", when, text)
			}
		}
		for _, text := range not {
			if strings.Contains(a.Body, text) {
				t.Errorf("%s: says %q", when, text)
			}
		}
	}
	pending := "/confirm/" + s.token(s.request("a@voorbeeld.example", "travel-news"))
	says("pending", pending, []string{erased, blocked}, []string{ended})
	says("again", pending, []string{erased}, []string{blocked, ended})

	confirmed := "/confirm/" + s.token(s.request("b@voorbeeld.example", "travel-news"))
	s.do(http.MethodPost, confirmed, "")
	says("confirmed", confirmed, []string{erased, blocked}, []string{ended})

	s.subscribe("c@voorbeeld.example", "ski-offers")
	second := "/confirm/" + s.token(s.request("c@voorbeeld.example", "travel-news"))
	says("more with us", second, []string{ended, blocked, "Ski-aanbiedingen", "/preferences/"}, []string{erased})
	if s.state("c@voorbeeld.example", "ski-offers") != akkoord.Active || s.state("c@voorbeeld.example", "travel-news") == akkoord.Pending {
		t.Errorf("%+v", s.standing("c@voorbeeld.example"))
	}

	// What the link says afterwards names nothing to press in a mail.
	if a := s.get(pending, header{"Accept-Language", "nl"}); a.Status != http.StatusNotFound || !strings.Contains(a.Body, "Met deze link valt niets meer te bevestigen.") || strings.Contains(a.Body, "druk daar op de knop") {
		t.Errorf("a used link: %d %s", a.Status, a.Body)
	}
}
