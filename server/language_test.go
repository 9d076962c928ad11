package server_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"akkoord"
)

// M24: an error is told in the language that the page would have been in: the
// choice, else the person's, else the browser's, else the form's first.
func TestErrorsAreInTheReadersLanguage(t *testing.T) {
	s := newSite(t)
	dutch := s.subscribe("a@voorbeeld.example", "travel-news") // the form's first language
	leave := "/unsubscribe/" + s.token(s.leaveLink(dutch))
	gone := s.request("b@voorbeeld.example", "travel-news")
	gone.Request = akkoord.ID{7}
	confirm := "/confirm/" + s.token(gone)
	english := header{"Accept-Language", "en"}
	send := func(values url.Values) (string, header) { return values.Encode(), sendForm }
	for name, tt := range map[string]struct {
		path    string
		send    url.Values
		headers []header
		want    string
	}{
		"the form's first":              {path: "/f/home", send: url.Values{"email": {"x"}}, want: "nl"},
		"the browser's":                 {path: "/f/home", send: url.Values{"email": {"x"}}, headers: []header{english}, want: "en"},
		"the field":                     {path: "/f/home", send: url.Values{"email": {"x"}, "locale": {"nl"}}, headers: []header{english}, want: "nl"},
		"the address":                   {path: "/f/home?locale=nl", send: url.Values{"email": {"x"}}, headers: []header{english}, want: "nl"},
		"another site's, form's first":  {path: "/f/home", headers: []header{{"Origin", "https://elsewhere.example"}}, want: "nl"},
		"another site's, browser's":     {path: "/f/home", headers: []header{{"Origin", "https://elsewhere.example"}, english}, want: "en"},
		"the person's, leaving":         {path: leave, headers: []header{english}, want: "nl"},
		"the address over the person's": {path: leave + "?locale=en", want: "en"},
		"the person's, confirming":      {path: confirm, headers: []header{english}, want: "nl"},
		"nobody's":                      {path: "/confirm/x", headers: []header{{"Accept-Language", "nl"}}, want: "nl"},
		"nobody's, nothing said":        {path: "/confirm/x", want: "en"},
	} {
		body, kind := send(tt.send)
		a := s.do(http.MethodPost, tt.path, body, append(tt.headers, kind)...)
		if a.Status < 400 || a.Header.Get("Content-Language") != tt.want {
			t.Errorf("%s: %d in %s", name, a.Status, a.Header.Get("Content-Language"))
		}
	}
}

// M24, RFC 9457 §3.1.4: what a program shows of a form's errors is in the
// reader's language; the codes are the same in all.
func TestAFormsProblemsAreInTheReadersLanguage(t *testing.T) {
	s := newSite(t)
	for name, tt := range map[string]struct {
		body    string
		headers []header
		want    string
	}{
		"the field":        {`{"email":"x@","purpose":"travel-news","locale":"nl"}`, []header{{"Accept-Language", "en"}}, "ontbreekt het stuk na de @"},
		"the browser's":    {`{"email":"x@","purpose":"travel-news"}`, []header{{"Accept-Language", "en"}}, "The part after the @ is missing."},
		"the form's first": {`{"email":"x@","purpose":"travel-news"}`, nil, "ontbreekt het stuk na de @"},
	} {
		a := s.do(http.MethodPost, "/f/home", tt.body, append(tt.headers, sendJSON)...)
		if p := a.problem(t); p.Code != "email_domain_missing" || p.Field != "email" || !strings.Contains(p.Detail, tt.want) {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if p := s.do(http.MethodPost, "/f/home", "{", sendJSON).problem(t); p.Code != "body_invalid" || !strings.Contains(p.Detail, "Wij konden niet lezen") {
		t.Errorf("%+v", p)
	}
	if p := s.do(http.MethodPost, "/f/home", `{"email":5,"purpose":"travel-news"}`, sendJSON, header{"Accept-Language", "en"}).problem(t); p.Code != "value_invalid" || p.Field != "email" || !strings.Contains(p.Detail, "must be text") {
		t.Errorf("%+v", p)
	}
}

// Every page offers the languages in one order.
func TestLanguagesAreOfferedInOneOrder(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/", "/f/home", "/privacy"} {
		page := s.get(path).Body
		if nl, en := strings.Index(page, "locale=nl"), strings.Index(page, "locale=en"); nl < 0 || en < nl {
			t.Errorf("%s: nl at %d, en at %d", path, nl, en)
		}
	}
}

// M5: the statement promises no more than is done: nobody is asked after a
// year, and the name and address stay as long as the proof, unless erasure is asked for.
func TestThePrivacyStatementPromisesWhatIsDone(t *testing.T) {
	s := newSite(t)
	if _, err := s.store.PutPurpose(t.Context(), akkoord.ActorSystem, akkoord.Purpose{Slug: "yearly", Basis: akkoord.BasisConsent, InactiveAfter: 365,
		Texts: map[string]akkoord.PurposeText{"nl": {Name: "Jaaroverzicht", Explanation: "Uitleg.", Wording: "Ja!"}}}); err != nil {
		t.Fatal(err)
	}
	for locale, want := range map[string][]string{
		"nl": {"14 dagen", "zo lang als het bewijs; eerder als u ons vraagt het te wissen", "naam van uw browser", "mailto:privacy@zonvaart.example"},
		"en": {"14 days", "as long as the proof; sooner if you ask us to erase it", "name of your browser", "mailto:privacy@zonvaart.example"},
	} {
		page := s.get("/privacy?locale=" + locale).Body
		for _, text := range want {
			if !strings.Contains(page, text) {
				t.Errorf("%s: %q is missing", locale, text)
			}
		}
		for _, text := range []string{"365"} {
			if strings.Contains(page, text) {
				t.Errorf("%s: promises %q", locale, text)
			}
		}
	}
}

// The statement tells what each purpose does about people who gave no sign of
// life, and a stop or a change of it is a new version (M5, M18, Art. 13(2)(a)).
func TestThePrivacyStatementTellsHowSilenceEnds(t *testing.T) {
	s := newSite(t)
	ctx := t.Context()
	_, err := s.store.PutPurpose(ctx, akkoord.ActorSystem, akkoord.Purpose{Slug: "yearly", Basis: akkoord.BasisConsent, InactiveAfter: 365, Retention: akkoord.Retention{Signals: []akkoord.Signal{akkoord.SignalClick}},
		Texts: map[string]akkoord.PurposeText{"nl": {Name: "Jaaroverzicht", Explanation: "Uitleg.", Wording: "Ja!"}}})
	if err != nil {
		t.Fatal(err)
	}
	said := func(path string, want bool, texts ...string) {
		t.Helper()
		page := s.get(path + "?locale=nl").Body
		for _, text := range texts {
			if strings.Contains(page, text) != want {
				t.Errorf("%s: %q is there: %v", path, text, !want)
			}
		}
	}
	policy := []string{"Horen wij 12 maanden niets van u", "14 dagen later", "uw laatste klik", "Laat u geen kliks tellen"}
	said("/privacy", true, policy...)
	_, _, first, err := s.store.PrivacyVersion(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.StopRetention(ctx, akkoord.ActorSystem, "yearly"); err != nil {
		t.Fatal(err)
	}
	said("/privacy", false, policy...)
	said("/privacy/"+strconv.Itoa(first), true, policy...)
	if err := s.store.StartRetention(ctx, akkoord.ActorSystem, "yearly"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.EditPurpose(ctx, akkoord.ActorSystem, "yearly", func(p *akkoord.Purpose) error { p.InactiveAfter = 400; return nil }); err != nil {
		t.Fatal(err)
	}
	said("/privacy", true, "Horen wij 400 dagen niets van u")
}
