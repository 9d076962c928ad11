package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
	"akkoord/server"
)

func multipartBody(t testing.TB, pairs ...[2]string) (string, header) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range pairs {
		if err := w.WriteField(p[0], p[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), header{"Content-Type", w.FormDataContentType()}
}

// K.9: three encodings, one rule. M3, M4: what is kept says what was seen.
func TestSignUpInEveryEncodingKeepsTheSameEvidence(t *testing.T) {
	s := newSite(t)
	form, formType := multipartBody(t, [2]string{"email", "c@voorbeeld.example"}, [2]string{"purpose", "ski-offers"}, [2]string{"purpose", "travel-news"},
		[2]string{"name", " Zoë "}, [2]string{"interest", "wintersport"}, [2]string{"locale", "en"})
	for address, send := range map[string]struct {
		body    string
		headers []header
	}{
		"a@voorbeeld.example": {"email=a%40voorbeeld.example&purpose=ski-offers&purpose=travel-news&name=+Zo%C3%AB+&interest=wintersport&locale=en", []header{sendForm}},
		"b@voorbeeld.example": {`{"email":"b@voorbeeld.example","purpose":["ski-offers","travel-news"],"name":" Zoë ","interest":"wintersport","locale":"en","extra":{"x":[1]}}`, []header{sendJSON}},
		"c@voorbeeld.example": {form, []header{formType}},
	} {
		a := s.do(http.MethodPost, "/f/home", send.body, append(send.headers, asJSON, header{"User-Agent", "Test\x1b/1.0"}, header{"peer", "192.0.2.77:1"}, header{"X-Forwarded-For", "203.0.113.9"})...)
		if a.Status != http.StatusForbidden { // plain HTTP from outside (M25)
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		a = s.do(http.MethodPost, "/f/home", send.body, append(send.headers, asJSON, header{"User-Agent", "Test\x1b/1.0"}, header{"X-Forwarded-For", "203.0.113.9"})...)
		if a.Status != http.StatusAccepted || a.Body != "{\"status\":\"pending\"}\n" {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		st := s.standing(address)
		if got := st.Subscriber; got.Name != "Zoë" || got.Locale != "en" || !cmp.Equal(got.Interests, []string{"wintersport"}) {
			t.Errorf("%s: %q %q %q", address, got.Name, got.Locale, got.Interests)
		}
		events, err := s.store.EventsOf(t.Context(), st.Subscriber.PublicID)
		if err != nil || len(events) != 2 {
			t.Fatalf("%d events, %v", len(events), err)
		}
		for _, e := range events {
			if e.Kind != akkoord.Requested || e.Source != "form:home" || e.Locale != "en" || e.PrivacyVersion != 1 || e.FormVersionID == 0 || e.WordingVersion != 1 || e.Actor != akkoord.ActorPerson {
				t.Errorf("event %+v", e)
			}
			want := akkoord.Evidence{Address: address, IP: "127.0.0.0/24", UserAgent: "Test/1.0", IPPolicy: akkoord.IPShortened, ToldIn: "Europe/Amsterdam"}
			if diff := cmp.Diff(want, e.Evidence); diff != "" {
				t.Error(diff)
			}
		}
	}
}

func TestABrowserIsLedToCheckYourMailInItsLanguage(t *testing.T) {
	s := newSite(t)
	a := s.post("/f/home", url.Values{"email": {"a@voorbeeld.example"}, "purpose": {"travel-news"}}, header{"Accept", "text/html,*/*;q=0.8"}, header{"Accept-Language", "fr;q=0.9, en-GB;q=0.7, nl;q=0.5"})
	if at := a.Header.Get("Location"); a.Status != http.StatusSeeOther || at != "/f/home/check-your-mail?locale=en" {
		t.Fatalf("%d %s", a.Status, at)
	}
	a = s.get(a.Header.Get("Location"))
	if a.Status != http.StatusOK || a.Header.Get("Content-Language") != "en" || strings.Contains(a.Body, "a@voorbeeld.example") {
		t.Fatalf("%d %v", a.Status, a.Header)
	}
}

// K.3, F.14, I.6: nobody learns from the answer who is known here.
func TestTheAnswerIsTheSameWhoeverTheAddressIs(t *testing.T) {
	s := newSite(t)
	s.request("pending@voorbeeld.example", "travel-news")
	s.subscribe("active@voorbeeld.example", "travel-news")
	gone := s.subscribe("withdrawn@voorbeeld.example", "travel-news")
	s.post("/unsubscribe/"+s.token(s.leaveLink(gone)), url.Values{"scope": {"all"}})
	refused := s.request("refused@voorbeeld.example", "travel-news")
	s.do(http.MethodPost, "/confirm/"+s.token(refused)+"/not-me", "")
	for _, accept := range []string{"application/json", "text/html"} {
		want := s.post("/f/home", url.Values{"email": {"new-" + accept[:4] + "@voorbeeld.example"}, "purpose": {"travel-news"}}, header{"Accept", accept})
		for _, who := range []string{"pending", "active", "withdrawn", "refused", "abuse"} {
			got := s.post("/f/home", url.Values{"email": {who + "@voorbeeld.example"}, "purpose": {"travel-news"}}, header{"Accept", accept})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", who, diff)
			}
		}
	}
}

// P30: bad input is told by its field, and nothing is stored.
func TestBadInputIsToldByItsFieldAndStoresNothing(t *testing.T) {
	s := newSite(t)
	ok := func(more string) string { return "email=a%40voorbeeld.example&purpose=travel-news" + more }
	many, manyType := multipartBody(t, [2]string{"email", "a@voorbeeld.example"}, [2]string{"email", "b@voorbeeld.example"}, [2]string{"purpose", "travel-news"})
	tests := map[string]struct {
		method, path, body string
		headers            []header
		status             int
		code, field        string
	}{
		"empty":                 {body: "", status: 422, code: "email_missing", field: "email"},
		"no box":                {body: "email=a%40voorbeeld.example", status: 422, code: "purpose_required", field: "purpose"},
		"unknown box":           {body: ok("&purpose=other"), status: 422, code: "purpose_unknown", field: "purpose"},
		"unknown interest":      {body: ok("&interest=other"), status: 422, code: "interest_unknown", field: "interest"},
		"header injection":      {body: "email=a%40voorbeeld.example%0d%0aBcc%3a+b%40c.example&purpose=travel-news", status: 422, code: "email_control", field: "email"},
		"NUL":                   {body: "email=a%00%40voorbeeld.example&purpose=travel-news", status: 422, code: "email_control", field: "email"},
		"zero width":            {body: "email=a%E2%80%8B%40voorbeeld.example&purpose=travel-news", status: 422, code: "email_control", field: "email"},
		"invalid UTF-8":         {body: "email=a%FF%40voorbeeld.example&purpose=travel-news", status: 422, code: "email_control", field: "email"},
		"bidi in name":          {body: ok("&name=%E2%80%AEnaam"), status: 422, code: "text_invalid", field: "name"},
		"newline in name":       {body: ok("&name=a%0aBcc:b"), status: 422, code: "text_invalid", field: "name"},
		"UTF-8 in name":         {body: ok("&name=%C3%28"), status: 422, code: "text_invalid", field: "name"},
		"long name":             {body: ok("&name=" + strings.Repeat("a", 201)), status: 422, code: "name_too_long", field: "name"},
		"long address":          {body: "email=" + strings.Repeat("a", 400) + "%40b.example&purpose=travel-news", status: 422, code: "email_too_long", field: "email"},
		"two addresses":         {body: ok("&email=b%40voorbeeld.example"), status: 422, code: "email_many", field: "email"},
		"two in one":            {body: "email=a%40b.example,c%40d.example&purpose=travel-news", status: 422, code: "email_many", field: "email"},
		"two parts":             {body: many, headers: []header{manyType}, status: 422, code: "email_many", field: "email"},
		"two members":           {body: `{"email":"a@b.example","email":"c@d.example","purpose":"travel-news"}`, headers: []header{sendJSON}, status: 422, code: "email_many", field: "email"},
		"a list":                {body: `{"email":["a@b.example","c@d.example"],"purpose":"travel-news"}`, headers: []header{sendJSON}, status: 422, code: "email_many", field: "email"},
		"a number":              {body: `{"email":7,"purpose":"travel-news"}`, headers: []header{sendJSON}, status: 422, code: "value_invalid", field: "email"},
		"an object":             {body: `{"email":"a@b.example","name":{"x":1},"purpose":"travel-news"}`, headers: []header{sendJSON}, status: 422, code: "value_invalid", field: "name"},
		"JSON NUL":              {body: `{"email":"a\u0000@b.example","purpose":"travel-news"}`, headers: []header{sendJSON}, status: 422, code: "email_control", field: "email"},
		"JSON not UTF-8":        {body: "{\"email\":\"a@b.example\",\"name\":\"\xff\",\"purpose\":\"travel-news\"}", headers: []header{sendJSON}, status: 422, code: "text_invalid", field: "name"},
		"JSON cut":              {body: `{"email":"a@b.example"`, headers: []header{sendJSON}, status: 422, code: "body_invalid", field: "body"},
		"JSON twice":            {body: `{} {}`, headers: []header{sendJSON}, status: 422, code: "body_invalid", field: "body"},
		"JSON list":             {body: `["a@b.example"]`, headers: []header{sendJSON}, status: 422, code: "body_invalid", field: "body"},
		"JSON null":             {body: `null`, headers: []header{sendJSON}, status: 422, code: "body_invalid", field: "body"},
		"bad escape":            {body: "email=%zz", status: 422, code: "body_invalid", field: "body"},
		"bad multipart":         {body: "--x\r\nContent-Disposition: form-data; name=email\r\n\r\na@", headers: []header{{"Content-Type", "multipart/form-data; boundary=x"}}, status: 422, code: "body_invalid", field: "body"},
		"multipart unbound":     {body: "nothing", headers: []header{{"Content-Type", "multipart/form-data"}}, status: 422, code: "body_invalid", field: "body"},
		"many fields":           {body: ok(strings.Repeat("&x=1", 200)), status: 422, code: "too_many_items", field: "body"},
		"many interests":        {body: ok(strings.Repeat("&interest=wintersport", 60)), status: 422, code: "too_many_items", field: "interest"},
		"oversize":              {body: ok("&x=" + strings.Repeat("a", 16<<10)), status: 413, code: "too_large"},
		"a type of text":        {body: ok(""), headers: []header{{"Content-Type", "text/plain"}}, status: 415, code: "media_type"},
		"a type of nothing":     {body: ok(""), headers: []header{{"Content-Type", ";;"}}, status: 415, code: "media_type"},
		"a put":                 {method: http.MethodPut, body: ok(""), status: 405, code: "method"},
		"a delete":              {method: http.MethodDelete, status: 405, code: "method"},
		"a trace":               {method: http.MethodTrace, status: 405, code: "method"},
		"no form":               {path: "/f/other", body: ok(""), status: 404, code: "form_unknown"},
		"a form with a NUL":     {path: "/f/%00", body: ok(""), status: 404, code: "form_unknown"},
		"a form up the tree":    {path: "/f/..%2f..%2fetc", body: ok(""), status: 404, code: "form_unknown"},
		"another site's page":   {body: ok(""), headers: []header{{"Origin", "https://elsewhere.example"}}, status: 403, code: "origin_forbidden"},
		"a page with no origin": {body: ok(""), headers: []header{{"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"}}, status: 403, code: "origin_forbidden"},
	}
	before := s.events()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			method, path := tt.method, tt.path
			if method == "" {
				method = http.MethodPost
			}
			if path == "" {
				path = "/f/home"
			}
			headers := append([]header{asJSON}, tt.headers...)
			if !strings.Contains(fmt.Sprint(tt.headers), "Content-Type") {
				headers = append(headers, sendForm)
			}
			a := s.do(method, path, tt.body, headers...)
			got := a.problem(t)
			if a.Status != tt.status || got.Code != tt.code || got.Field != tt.field || got.Detail == "" {
				t.Errorf("got %d %+v", a.Status, got)
			}
			if tt.status == 405 && !strings.Contains(a.Header.Get("Allow"), "POST") {
				t.Errorf("Allow: %q", a.Header.Get("Allow"))
			}
			page := s.do(method, path, tt.body, append(headers[1:], header{"Accept", "text/html"})...)
			if page.Status != tt.status || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") || !strings.Contains(page.Body, "<html lang=") {
				t.Errorf("page: %d %v", page.Status, page.Header)
			}
		})
	}
	if after := s.events(); after != before {
		t.Errorf("%d lines in the ledger", after-before)
	}
	people, _, err := s.store.People(t.Context(), akkoord.PeopleFilter{}, akkoord.Page{})
	if err != nil || len(people) != 0 {
		t.Errorf("%d people, %v", len(people), err)
	}
}

func TestAChunkedBodyIsBoundedToo(t *testing.T) {
	s := newSite(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/f/home", struct{ *strings.Reader }{strings.NewReader("x=" + strings.Repeat("a", 32<<10))})
	if err != nil {
		t.Fatal(err)
	}
	r.RemoteAddr = "[::1]:1"
	r.ContentLength = -1
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	if a := s.answer(r); a.Status != http.StatusRequestEntityTooLarge {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
}

// L.1: the page says what is wrong and keeps what was typed; M2: no box is
// ticked that the visitor did not tick.
func TestARefusedFormKeepsWhatWasTyped(t *testing.T) {
	s := newSite(t)
	a := s.post("/f/home", url.Values{"email": {`"><script>@x`}, "name": {"Zoë"}, "interest": {"stedentrip"}, "locale": {"nl"}}, header{"Accept", "text/html"})
	for _, want := range []string{`value="Zoë"`, `value="&#34;&gt;&lt;script&gt;@x"`, `value="stedentrip" checked`, `id="purpose-e"`, `id="email-e"`, `href="#email"`} {
		if !strings.Contains(a.Body, want) {
			t.Errorf("%s is not in the page", want)
		}
	}
	if strings.Contains(a.Body, `value="travel-news" checked`) || a.Status != http.StatusUnprocessableEntity {
		t.Error("a box is ticked, or the status is ", a.Status)
	}
	var p struct{ Errors []struct{ Field string } }
	if err := json.Unmarshal([]byte(s.post("/f/home", nil, asJSON).Body), &p); err != nil || len(p.Errors) != 2 {
		t.Errorf("%+v %v", p, err)
	}
	if page := s.get("/f/home?locale=en"); strings.Contains(page.Body, "checked") || page.Header.Get("Content-Language") != "en" {
		t.Error("the fresh form has a ticked box or another language")
	}
}

// K.8: the form's own sites may post across, with preflight; the page of
// another site may not.
func TestOnlyTheFormsSitesMayPostAcross(t *testing.T) {
	s := newSite(t)
	own := header{"Origin", "https://www.zonvaart.example"}
	pre := s.do(http.MethodOptions, "/f/home", "", own, header{"Access-Control-Request-Method", "POST"})
	if pre.Status != http.StatusNoContent || pre.Header.Get("Access-Control-Allow-Origin") != own[1] || pre.Header.Get("Access-Control-Allow-Methods") != "POST" {
		t.Errorf("%d %v", pre.Status, pre.Header)
	}
	values := url.Values{"email": {"a@voorbeeld.example"}, "purpose": {"travel-news"}}
	if a := s.post("/f/home", values, own, asJSON); a.Status != http.StatusAccepted || a.Header.Get("Access-Control-Allow-Origin") != own[1] || a.Header.Get("Vary") != "Origin" {
		t.Errorf("%d %v", a.Status, a.Header)
	}
	if a := s.do(http.MethodOptions, "/f/home", "", header{"Origin", "https://elsewhere.example"}, header{"Access-Control-Request-Method", "POST"}); a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("a foreign site may post")
	}
	for _, same := range [][]header{{{"Origin", "http://127.0.0.1:8080"}}, {{"Origin", "null"}}, {{"Origin", "http://localhost:99"}, {"Host", "localhost:99"}}} {
		if a := s.post("/f/home", values, append(same, asJSON)...); a.Status != http.StatusAccepted {
			t.Errorf("%v: %d", same, a.Status)
		}
	}
}

// K.4: what only robots fill is dropped, with the usual answer.
func TestAFilledTrapStoresNothing(t *testing.T) {
	s := newSite(t)
	before := s.events()
	a := s.post("/f/home", url.Values{"email": {"a@voorbeeld.example"}, "purpose": {"travel-news"}, "website": {"http://x"}}, asJSON)
	if a.Status != http.StatusAccepted || s.events() != before {
		t.Errorf("%d, %d events", a.Status, s.events()-before)
	}
}

type takesMail map[string]bool

func (d takesMail) TakesMail(_ context.Context, domain string) bool { return d[domain] }

// AKKOORD_CHECK_MX: an address at which no mail can arrive is a field error, on the form
// and where somebody moves to another address, and stores nothing.
func TestADomainThatTakesNoMailIsAFieldError(t *testing.T) {
	s := newSite(t, func(c *server.Config) { c.Domains = takesMail{"voorbeeld.example": true} })
	before := s.events()
	a := s.post("/f/home", url.Values{"email": {"a@typo.example"}, "purpose": {"travel-news"}}, asJSON)
	if p := a.problem(t); a.Status != http.StatusUnprocessableEntity || p.Code != "email_no_mail" || s.events() != before {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if a := s.post("/f/home", url.Values{"email": {"a@voorbeeld.example"}, "purpose": {"travel-news"}}, asJSON); a.Status != http.StatusAccepted {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	person := s.subscribe("b@voorbeeld.example", "travel-news")
	before = s.events()
	a = s.post(s.preferences(person), url.Values{"save": {"address"}, "email": {"b@typo.example"}})
	if a.Status != http.StatusUnprocessableEntity || s.events() != before || !strings.Contains(a.Body, "Staat er een typefout in?") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// K.5: a stamp counts only when sent.
func TestAStampedFormIsNeitherTooQuickNorTooOld(t *testing.T) {
	s := newSite(t, func(c *server.Config) { c.StampKey = []byte("a key for the test") })
	_, rest, _ := strings.Cut(s.get("/f/home").Body, `name="stamp" value="`)
	stamp, _, _ := strings.Cut(rest, `"`)
	values := url.Values{"email": {"a@voorbeeld.example"}, "purpose": {"travel-news"}, "stamp": {stamp}}
	for _, step := range []struct {
		wait   time.Duration
		status int
		code   string
	}{{0, 422, "stamp_early"}, {time.Minute, 202, ""}, {25 * time.Hour, 422, "stamp_late"}} {
		s.clock.add(step.wait)
		a := s.post("/f/home", values, asJSON)
		if a.Status != step.status || step.code != "" && a.problem(t).Code != step.code {
			t.Errorf("after %v: %d %s", step.wait, a.Status, a.Body)
		}
	}
	values.Set("stamp", "forged")
	if a := s.post("/f/home", values, asJSON); a.Status != 202 {
		t.Errorf("a foreign stamp: %d", a.Status)
	}
}

// K.1, K.2, 0.10: a client is its address or its /64, whatever it claims.
func TestSignUpsAreLimitedPerClient(t *testing.T) {
	s := newSite(t, func(c *server.Config) {
		c.SignUps = server.Rate{N: 3, Per: time.Hour}
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	})
	n := 0
	post := func(headers ...header) answer {
		n++
		return s.post("/f/home", url.Values{"email": {fmt.Sprintf("a%d@v%d.example", n, n)}, "purpose": {"travel-news"}}, append(headers, asJSON)...)
	}
	for i := range 4 {
		want := http.StatusAccepted
		if i == 3 {
			want = http.StatusTooManyRequests
		}
		if a := post(header{"X-Forwarded-For", fmt.Sprintf("198.51.100.%d", i)}); a.Status != want || want == 429 && a.Header.Get("Retry-After") != "1200" {
			t.Fatalf("sign-up %d: %d, Retry-After %s", i, a.Status, a.Header.Get("Retry-After"))
		}
	}
	via := func(client string) []header {
		return []header{{"peer", "10.1.1.1:9"}, {"X-Forwarded-Proto", "https"}, {"X-Forwarded-For", "203.0.113.1, " + client + ", 10.2.2.2"}}
	}
	for i := range 4 { // other addresses of one /64
		if a := post(via(fmt.Sprintf("2001:db8::%d", i+1))...); (a.Status == http.StatusAccepted) != (i < 3) {
			t.Errorf("IPv6 %d: %d", i, a.Status)
		}
	}
	if a := post(via("2001:db8:0:1::1")...); a.Status != http.StatusAccepted {
		t.Errorf("another /64: %d", a.Status)
	}
	if a := post(); a.Status != http.StatusTooManyRequests {
		t.Errorf("the first client: %d", a.Status)
	}
	s.clock.add(20 * time.Minute)
	if a := post(); a.Status != http.StatusAccepted {
		t.Errorf("after a third of the hour: %d", a.Status)
	}
}

func TestParseRate(t *testing.T) {
	for in, want := range map[string]server.Rate{"30/h": {N: 30, Per: time.Hour}, "5/m": {N: 5, Per: time.Minute}, "0": {}} {
		if got, err := server.ParseRate(in); err != nil || got != want {
			t.Errorf("%s: %v %v", in, got, err)
		}
	}
	for _, in := range []string{"", "30", "-1/h", "0/h", "x/h", "30/year", "9999999999/h"} {
		if _, err := server.ParseRate(in); err == nil {
			t.Errorf("%q was read", in)
		}
	}
}

// P30: whatever is posted, the answer is no fault of ours.
func FuzzSignUp(f *testing.F) {
	f.Add("application/x-www-form-urlencoded", "email=a%40b.example&purpose=travel-news")
	f.Add("application/json", `{"email":"a@b.example","purpose":["travel-news"],"x":{"y":[1,null]}}`)
	f.Add("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=email\r\n\r\na@b.example\r\n--x--")
	f.Add("application/json", `{"email":[],"purpose":[[]],"name":""}`)
	shared := newSite(f)
	f.Fuzz(func(t *testing.T, contentType, body string) {
		s := *shared
		s.t = t
		for _, accept := range []string{"application/json", "text/html"} {
			a := s.do(http.MethodPost, "/f/home", body, header{"Content-Type", contentType}, header{"Accept", accept})
			if a.Status >= 500 {
				t.Fatalf("%d for %q %q", a.Status, contentType, body)
			}
		}
	})
}
